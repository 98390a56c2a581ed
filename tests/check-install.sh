#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-install: what `make install` puts where others look for it, and that it
# runs and is hardened there.  usage: check-install.sh PREFIX

prefix=$1
n=0
failed=0
case_is()
{
	what=$1
	shift
	n=$((n + 1))
	if said=$("$@" 2>&1 </dev/null); then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		echo "$said" | sed 's/^/# /'
		failed=1
	fi
}

for f in sbin/kithd bin/kithctl bin/kith-thing include/kith/thing.h lib/pkgconfig/kith-thing.pc \
    lib/libkith-thing-core.a lib/pkgconfig/kith-thing-core.pc \
    share/man/man8/kithd.8 share/man/man1/kithctl.1 share/man/man8/kith-thing.8 share/man/man3/kith_thing.3 \
    lib/systemd/system/kithd.service share/locale/de/LC_MESSAGES/kith.mo; do
	case_is "$f is installed" test -s "$prefix/$f"
done
for p in sbin/kithd bin/kithctl bin/kith-thing; do
	case_is "$p -V prints its version" sh -c '"$1" -V | grep -q "^kith[a-z-]* [0-9]"' - "$prefix/$p"
	case_is "$p -h prints its options" sh -c '"$1" -h | grep -qi usage' - "$prefix/$p"
	# kithctl keeps 0 and 1 for answers and says 2 for what it cannot do
	case_is "$p refuses a wrong option" sh -c '"$1" --no-such; s=$?; [ $s -eq 64 ] || [ $s -eq 2 ]' - "$prefix/$p"
done
smallest='#include <kith/thing.h>
int main(void) { return 0; }'
case_is "a program compiles with pkg-config kith-thing" sh -c '
	PKG_CONFIG_PATH="$1/lib/pkgconfig" && export PKG_CONFIG_PATH &&
	flags=$(pkg-config --cflags --libs kith-thing) &&
	echo "$2" | cc -Wall -Wextra -Werror -x c - -o /dev/null $flags' - "$prefix" "$smallest"
# A device of the core profile needs nothing of ours where it runs.
case_is "the smallest device links with pkg-config kith-thing-core, statically" sh -c '
	PKG_CONFIG_PATH="$1/lib/pkgconfig" && export PKG_CONFIG_PATH &&
	flags=$(pkg-config --cflags --libs kith-thing-core) && out=$(mktemp) &&
	cc -Os "$(find "$1" -name tinything.c -print -quit)" -o "$out" $flags &&
	! ldd "$out" | grep libkith; s=$?; rm -f "$out"; exit $s' - "$prefix"

# What docs/MAKERS.md shows, as its reader would do it: the settings, the device, its test.
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
page=$(dirname "$0")/../docs/MAKERS.md
awk -v dir="$work/" '/^```c / { file = dir $2; next } /^```/ { file = "" } file { print > file }' "$page"
awk '/^## / { on = $0 == "## The daemon" } on && sub(/^    /, "") { print } on && /^$/ { print }' \
    "$page" >"$work/shed.conf"
maker()
{
	case_is "$1" sh -c 'cd "$1" || exit; PKG_CONFIG_PATH=$2/lib/pkgconfig LD_LIBRARY_PATH=$2/lib
		PATH=$2/bin:$PATH; export PKG_CONFIG_PATH LD_LIBRARY_PATH PATH; eval "$3"' \
	    - "$work" "$prefix" "$2"
}
flags='-Wall -Wextra -Werror $(pkg-config --cflags --libs'
maker "the settings of a maker's first daemon are right" 'kith-thing -n -f shed.conf'
maker "a maker's first device compiles" "cc meter.c $flags kith-thing) -o meter"
maker "... and its test" \
    "cc -DMETER_TEST meter.c meter_test.c $flags kith-loopback) -o meter_test"
maker "... which it passes without a server" './meter_test "$PWD/state"'
maker "... and it says why it cannot start" \
    '! said=$(: >meter.state; ./meter 2>&1) && echo "$said" | grep -q meter.state'
maker "the examples compile where they were installed" \
    'cp "$(find '"$prefix"' -name tinything.c -printf %h -quit)"/* . && make -f Makefile.example CFLAGS=-Werror'

# The programs and properties of check-hardening follow, renumbered.
hardening=$(KITH_PREFIX=$prefix sh "$(dirname "$0")/check-hardening.sh")
cases=$(echo "$hardening" | grep -cE '^(not )?ok ')
echo "$hardening" | awk -v n="$n" '
	/^ok /     { n++; sub(/^ok [0-9]+/, "ok " n); print }
	/^not ok / { n++; sub(/^not ok [0-9]+/, "not ok " n); print }
	/^1\.\.0/  { print "# hardening: " $0 }'
echo "$hardening" | grep -q '^not ok' && failed=1
echo "1..$((n + cases))"
exit $failed
