#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-catalogue: every text of the desk and of the thing is in every catalogue, once, with the
# same placeholders, and no catalogue holds a text that nobody says any more.

src=${top_srcdir:-.}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
if ! command -v xgettext >/dev/null || ! command -v msgcmp >/dev/null; then
	echo "1..0 # SKIP gettext is not installed"
	exit 0
fi
texts()
{
	xgettext --language=C --from-code=UTF-8 --keyword --keyword=T --keyword=N_ --no-location \
	    --force-po -o "$1" "$src"/desk/*.c "$src"/provisioning/*.c \
	    "$src"/registry/*.c "$src"/policy/*.c "$src"/kithd/restore.c "$src"/thing/*.c
}
# "%1 %3" of a text, sorted.
places()
{
	awk '
		/^msgid/ { what = "id"; id = ""; str = "" }
		/^msgstr/ { what = "str" }
		/^(msgid|msgstr|")/ {
			if (what == "id") id = id $0; else if (what == "str") str = str $0
		}
		/^$/ { show() }
		END { show() }
		function set(s, d, out) {
			for (d = 1; d <= 9; d++) if (index(s, "%" d)) out = out d
			return out
		}
		function show() {
			if (id != "" && set(id) != set(str)) print id
			id = ""
		}' "$1"
}

n=0
failed=0
result()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$2" | sed 's/^/# /'
		failed=1
	fi
}
texts "$work/all.pot" 2>"$work/said"
result "the texts can be collected" "$(grep -v '^$' "$work/said")"
result "there are many of them" "$([ "$(grep -c '^msgid' "$work/all.pot")" -gt 150 ] || echo few)"
for po in "$src"/po/*.po; do
	lang=$(basename "$po" .po)
	result "$lang: every text is translated" \
	    "$(msgcmp "$po" "$work/all.pot" 2>&1 | grep -E 'untranslated|fuzzy|missing|not defined|used but')"
	result "$lang: the placeholders agree" "$(places "$po")"
	result "$lang: nothing is left over" "$(msgattrib --no-obsolete --no-wrap "$po" |
	    sed -n 's/^msgid //p' | sort >"$work/$lang.ids"
	    msgattrib --no-wrap "$work/all.pot" | sed -n 's/^msgid //p' | sort >"$work/all.ids"
	    comm -23 "$work/$lang.ids" "$work/all.ids")"
done

# Planted: one that is missing, and one whose placeholder went.
sed '/^msgid "Taken back:"/,/^$/d' "$src/po/de.po" >"$work/less.po"
result "a missing translation is found" "$(msgcmp "$work/less.po" "$work/all.pot" >/dev/null 2>&1 &&
    echo "it is not")"
sed 's/^msgstr "%1 Tage"/msgstr "Tage"/' "$src/po/de.po" >"$work/places.po"
result "a lost placeholder is found" "$([ -n "$(places "$work/places.po")" ] || echo "it is not")"
echo "1..$n"
exit $failed
