#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-hardening: what the linker and the compiler were asked for is really in
# the programs.  One TAP case a program and property.  KITH_PROGRAMS names what
# was built; with KITH_PREFIX the installed programs are looked at.

programs=${KITH_PROGRAMS-}
if [ -n "${KITH_PREFIX-}" ]; then
	programs=$(find "$KITH_PREFIX/sbin" "$KITH_PREFIX/bin" "$KITH_PREFIX/lib" -maxdepth 1 \
	    -type f ! -name '*.la' \( -perm -100 -o -name '*.so.*' \) 2>/dev/null)
fi
if [ "${KITH_SANITIZED-no}" != no ]; then
	echo "1..0 # SKIP n/a: a sanitized build is not hardened"
	exit 0
fi
command -v readelf >/dev/null || { echo "1..0 # SKIP readelf is missing: apt-get install binutils"; exit 0; }

# Libtool keeps the real program beside its wrapper.
real()
{
	dir=$(dirname "$1")
	for f in "$dir/.libs/${1##*/}" "$1" "$dir/.libs/$(basename "$1" .la).so"; do
		if [ -f "$f" ] && [ "$(head -c 4 "$f" | tail -c 3)" = ELF ]; then
			echo "$f"
			return
		fi
	done
}

n=0
failed=0
case_is()
{
	n=$((n + 1))
	if [ "$2" = yes ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		failed=1
	fi
}

# has FILE READELF-OPTION PATTERN
has()
{
	readelf -W "$2" "$1" 2>/dev/null | grep -qE "$3" && echo yes || echo no
}

has_not()
{
	[ "$(has "$@")" = no ] && echo yes || echo no
}

for p in $programs; do
	f=$(real "$p")
	name=${p##*/}
	if [ -z "$f" ]; then
		case_is "$name was built" no
		continue
	fi
	case_is "$name: position independent" "$(has "$f" -h 'Type: +DYN')"
	case_is "$name: relocations read-only" "$(has "$f" -l 'GNU_RELRO')"
	case_is "$name: bound at start" "$(has "$f" -d '\((FLAGS|FLAGS_1|BIND_NOW)\).*(NOW)|BIND_NOW')"
	case_is "$name: stack not executable" "$(has_not "$f" -l 'GNU_STACK.*E ')"
	case_is "$name: no writable code" "$(has_not "$f" -l 'LOAD.* RWE ')"
	case_is "$name: no search path of its own" \
	    "$([ -z "${KITH_PREFIX-}" ] && echo yes || has_not "$f" -d '\(R(UN)?PATH\)')"
	case_is "$name: stack protector" "$(has "$f" --dyn-syms '__stack_chk_fail')"
	case_is "$name: checked library calls" "$(has "$f" --dyn-syms '_chk(@|$| )')"
done
if [ $n -eq 0 ]; then
	echo "1..0 # SKIP no program is built yet"
	exit 0
fi
echo "1..$n"
exit $failed
