#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kith_thing_program: options, settings and exit statuses of kith-thing.
top_builddir=${top_builddir:-.}
thing=$top_builddir/kith-thing
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/kith-thing-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0
ok() { # ok NAME: the last status decides
	s=$?
	n=$((n + 1))
	if [ $s -eq 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' "$dir/out" "$dir/err"; fi
}
# run STATUS COMMAND...
run() {
	want=$1
	shift
	"$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	[ $got -eq "$want" ] || { echo "# status $got, not $want" >>"$dir/err"; return 1; }
}
settings() {
	printf '%s\n' '[thing]' "state = $dir/state" 'domain = home.example' 'server = 127.0.0.1:9' \
	    '[field temperature]' 'sim = walk:20:0.5' 'unit = Cel' "$@" >"$dir/conf"
}

settings
run 0 "$thing" -n -f "$dir/conf" && [ ! -s "$dir/out" ] && [ ! -e "$dir/state" ]
ok "good settings are checked and nothing is made"
run 0 "$thing" -nv -f "$dir/conf" && cp "$dir/out" "$dir/again" &&
    run 0 "$thing" -nv -f "$dir/again" && cmp -s "$dir/out" "$dir/again"
ok "what -nv prints parses to the same"
settings '[thing]' 'colour = red'
run 78 "$thing" -f "$dir/conf" && grep -q "$dir/conf:9: " "$dir/err" && [ ! -e "$dir/state" ]
ok "an unknown key is 78 with file and line, and nothing is made"
settings '[tags]' 'KEY = abc'
run 78 "$thing" -n -f "$dir/conf" && grep -q "$dir/conf:9: " "$dir/err"
ok "a KEY of one's own is 78"
run 78 "$thing" -n -f "$dir/none" && grep -q "$dir/none" "$dir/err"
ok "missing settings are 78"
run 64 "$thing" --nonsense
ok "wrong options are 64"
settings
run 64 "$thing" -f "$dir/conf" dance && grep -q dance "$dir/err"
ok "a word it does not know is 64"
run 0 "$thing" -V && grep -q '[0-9]' "$dir/out"
ok "-V prints the version"
run 0 "$thing" -h && [ "$(wc -l <"$dir/out")" -le 24 ]
ok "-h fits one screen"
"$thing" claim -f "$dir/conf" >"$dir/out" 2>"$dir/err" </dev/null
[ $? -ne 0 ] && [ -s "$dir/err" ] && ! grep -q iotdisco: "$dir/out"
ok "a thing that never ran has no claim to show"
echo "1..$n"
