#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-abi: what programs that were compiled before rely on has not moved: exported
# symbols with their version, sizes and offsets of public structs, values of enums.
# A struct that begins with `size` may grow at its end; nothing else changes.
# KITH_REWRITE=1 writes tests/abi/*.abi anew, for review in the diff.  And: each
# public header compiles alone as C11 and C++, and its manual has every function
# with the same prototype.
src=${top_srcdir:-.}
build=${top_builddir:-.}
n=0
failed=0
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
case_is()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$2" | head -30 | sed 's/^/# /'
		failed=1
	fi
}

mkdir -p "$work/kith"
cp "$src/thing/thing.h" "$work/kith/thing.h"
sed 's|"thing/thing.h"|<kith/thing.h>|' "$src/thing/loopback.h" > "$work/kith/loopback.h"
cc=${CC:-cc}
for h in thing loopback; do
	echo "#include <kith/$h.h>" > "$work/$h.c"
	cp "$work/$h.c" "$work/$h.cc"
	case_is "kith/$h.h is C11" "$($cc -std=c11 -pedantic -Wall -Wextra -I"$work" \
	    -fsyntax-only "$work/$h.c" 2>&1)"
	if command -v c++ >/dev/null; then
		case_is "kith/$h.h is C++" "$(c++ -std=c++11 -pedantic -Wall -Wextra -I"$work" \
		    -fsyntax-only "$work/$h.cc" 2>&1)"
	fi

	# symbols
	lib=$build/.libs/libkith-$h.so
	/usr/bin/python3 -B "$src/tests/abi/describe.py" --calls "$work/kith/$h.h" > "$work/$h.calls"
	if [ -f "$lib" ]; then
		nm -D --defined-only "$lib" | awk '$2 == "T" { print $3 }' | LC_ALL=C sort > "$work/$h.has"
		sed "s/:.*/@@KITH_$(echo $h | tr a-z A-Z)_0/" "$work/$h.calls" | LC_ALL=C sort > "$work/$h.wants"
		[ $h = loopback ] && grep -v '^kith_thing_' "$work/$h.has" > "$work/x" && mv "$work/x" "$work/$h.has"
		# In the header, and not built yet: docs/STATUS.md.
		grep -v '^kith_thing_decommission@' "$work/$h.wants" > "$work/x"
		grep -q '^kith_thing_decommission@' "$work/$h.has" || mv "$work/x" "$work/$h.wants"
		case_is "libkith-$h exports what its header says, versioned, and nothing else" \
		    "$(diff "$work/$h.wants" "$work/$h.has")"
	fi

	# the manual
	page=$src/docs/kith_$h.3
	awk '/^\.Ft / { result = substr($0, 5) }
	    /^\.Fn / && result { sub(/^\.Fn /, ""); name = $1; sub(/^[^ ]+ ?/, "")
		gsub(/" "/, ", "); gsub(/"/, ""); if ($0 == "void") $0 = "void"
		print name ": " result " (" $0 ")"; result = "" }' "$page" | LC_ALL=C sort > "$work/$h.manual"
	sed 's/ *\* */ */g' "$work/$h.calls" | LC_ALL=C sort > "$work/$h.header"
	sed -i 's/ *\* */ */g; s/`//g' "$work/$h.manual"
	case_is "kith_$h(3) has each function with its prototype" \
	    "$(diff "$work/$h.header" "$work/$h.manual")"
done

# layout, of machines with 64 bits; the pointers of others are smaller
if [ "$(getconf LONG_BIT)" = 64 ]; then
	/usr/bin/python3 -B "$src/tests/abi/describe.py" "$work/kith/thing.h" > "$work/describe.c"
	$cc -std=c11 -I"$work" -o "$work/describe" "$work/describe.c" && "$work/describe" > "$work/thing.abi"
	[ -z "$KITH_REWRITE" ] || cp "$work/thing.abi" "$src/tests/abi/thing.abi"
	# What was there is there still, at its place; structs with a size may grow.
	case_is "public structs and enums are as they were" "$(/usr/bin/python3 -B - \
	    "$src/tests/abi/thing.abi" "$work/thing.abi" <<'PY'
import sys
def load(path):
    out, head = {}, ''
    for line in open(path):
        if line[0] != ' ':
            head = ' '.join(line.split()[:2])
            out[head] = line.split()[2] if head.startswith('struct') else ''
        else:
            out[head + ' ' + line.split()[0]] = line.split()[1]
    return out
old, new = load(sys.argv[1]), load(sys.argv[2])
for k, v in old.items():
    grows = k + ' size' in old and int(new.get(k, 0) or 0) >= int(v or 0) if k.count(' ') == 1 else False
    if new.get(k) != v and not grows:
        print(k, v, '->', new.get(k, 'gone'))
for k in new:
    if k not in old and k.count(' ') > 1 and ' '.join(k.split()[:2]) in old and \
       k.startswith('struct') and ' '.join(k.split()[:2]) + ' size' not in old:
        print('new member in a struct without size:', k)
PY
)"
fi
echo "1..$n"
exit $failed
