#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cross.sh [-k FOLDER] [ARCH...]: builds for machines that are not this one and runs
# the unit tests there, under qemu-user: s390x (big-endian) and armhf (32 bits).  The
# libraries come from Debian, unpacked below FOLDER (default: a temporary one); the
# machine itself is not touched.  TESTS="jid_test ..." chooses; default: all.  What it
# needs is in build-aux/packages.txt under `cross`.  Part of ./check --long.
src=$(cd "$(dirname "$0")/.." && pwd)
suite=${DEBIAN_SUITE:-bookworm}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
jobs=${JOBS:-$(nproc)}
unset KITH_LONG		# a hundred times as much under qemu would take days

# Debian's name of a machine: $t is GNU's, $qemu who plays it, $root its libraries.
machine()
{
	case $1 in
	s390x) t=s390x-linux-gnu qemu=qemu-s390x-static ;;
	armhf) t=arm-linux-gnueabihf qemu=qemu-arm-static ;;
	*) echo "cross.sh: '$1' is not known" >&2; exit 64 ;;
	esac
	root=$work/$1/root
}

# Cases that qemu-user or the C library of that machine cannot show.
excused()
{
	cat <<-'CASES'
	a_secret_stays_out_of_core_dumps	qemu-user shows no flags of mappings in /proc
	a_command_that_fails_or_is_missing_is_a_failure	its vfork(2) shares no memory, so posix_spawn(3) hears of no failure
	a_program_that_is_not_there_or_spoils_its_lines_harms_nothing	the same
	we_read_what_the_c_library_reads	that of armhf ends in 2038, so it is no measure
	CASES
}

# The libraries and headers of that machine, below $root.
fetch()
{
	d=$work/$1
	[ -f "$d/fetched" ] && return 0
	mkdir -p "$d/state/lists/partial" "$d/cache/archives/partial" "$root"
	: > "$d/status"
	echo "deb $mirror $suite main" > "$d/sources"
	set -- -q -o "APT::Architecture=$1" -o "APT::Architectures=$1" -o "Dir::State=$d/state" \
	    -o "Dir::State::status=$d/status" -o "Dir::Cache=$d/cache" \
	    -o "Dir::Etc::sourcelist=$d/sources" -o Dir::Etc::sourceparts=/dev/null \
	    -o APT::Sandbox::User=
	apt-get "$@" update &&
	apt-get "$@" -y --download-only --no-install-recommends install libcmocka-dev \
	    $(awk '$1 == "build" && $2 ~ /^(lib|uuid).*-dev$/ { print $2 }' \
	    "$src/build-aux/packages.txt") || return 1
	for f in "$d"/cache/archives/*.deb; do
		dpkg-deb -x "$f" "$root" || return 1
	done
	# Links that name the root of that machine.
	find "$root" -type l -lname '/*' | while read -r l; do
		ln -snf "$root$(readlink "$l")" "$l"
	done
	rm -rf "$d/cache" "$d/state"
	: > "$d/fetched"
}

# In the build folder of that machine.  As it is released: at -O1 gcc 12 loses half of
# a constant of common/base/qr.c on armhf.
build()
{
	export PKG_CONFIG_LIBDIR="$root/usr/lib/$t/pkgconfig:$root/usr/share/pkgconfig"
	export PKG_CONFIG_SYSROOT_DIR="$root"
	[ -f config.status ] || "$src/configure" -q --host="$t" --with-sysroot="$root" \
	    CC="$t-gcc --sysroot=$root" CFLAGS='-O2 -g' CPPFLAGS="-isystem $root/usr/include" \
	    LDFLAGS="-L$root/usr/lib/$t -Wl,-rpath-link,$root/usr/lib/$t:$root/lib/$t" \
	    > configure.out 2>&1 || { tail -n 5 configure.out | sed 's/^/# /'; return 1; }
	programs=$(for p in ${TESTS:-$(printf 'include Makefile\nunits:\n\t@echo $(check_PROGRAMS)\n' |
	    make -s -f - units | tr ' ' '\n' | sed -n 's,^tests/unit/,,p')}; do
		echo "tests/unit/$p"
	done)
	: > make.out
	[ -n "$TESTS" ] || make -j"$jobs" -k all > make.out 2>&1
	# shellcheck disable=SC2086 # a list of words
	make -j"$jobs" -k $programs >> make.out 2>&1
	! grep -E '(error:|undefined reference|\*\*\*)' make.out | head | sed 's/^/# /' | grep .
}

# What failed and should not have; cmocka's way of skipping is no failure.
unexpected()
{
	grep '^not ok' "$1" | grep -vE "# SKIP|^not ok - |$(excused | cut -f 1 | tr '\n' '|')^\$"
	grep -q '^1\.\.' "$1" || echo "it did not run to its end"
}

# cross.sh --one ARCH PROGRAM, in its build folder.
one()
{
	machine "$1"
	p=${2##*/}
	program=tests/unit/.libs/$p
	[ -f "$program" ] || program=tests/unit/$p
	CMOCKA_MESSAGE_OUTPUT=TAP top_srcdir=$src top_builddir=. LD_LIBRARY_PATH=$PWD/.libs \
	    timeout "${KITH_TEST_TIMEOUT:-1800}" "$qemu" -L "$root" "$program" > "$p.tap" 2>&1
	if [ $? -gt 1 ] || unexpected "$p.tap" | grep -q .; then
		echo "not ok - $1: $p"
		unexpected "$p.tap" | head -n 6 | sed 's/^/# /'
	else
		echo "ok - $1: $p ($(grep -c '^ok' "$p.tap") cases)"
	fi
}

cross()
{
	machine "$1"
	if ! command -v "$t-gcc" >/dev/null || ! command -v "$qemu" >/dev/null; then
		echo "ok - $1 # SKIP no $t-gcc or no $qemu"
	elif ! fetch "$1" > "$work/$1.fetch" 2>&1; then
		echo "ok - $1 # SKIP its libraries cannot be fetched"
	else
		mkdir -p "$work/$1/build"
		cd "$work/$1/build" || exit 99
		if build; then echo "ok - $1: all of it compiles"; else echo "not ok - $1: it compiles"; fi
		for p in $programs; do
			echo "$p"
		done | xargs -r -P "$jobs" -n 1 sh "$src/tests/cross.sh" --one "$1"
	fi
}

if [ "$1" = --one ]; then
	work=${PWD%/*/build}
	one "$2" "$3"
	exit
fi
keep=
[ "$1" = -k ] && { keep=$2; shift 2; }
if [ -n "$keep" ]; then
	mkdir -p "$keep" || exit 99
	work=$(cd "$keep" && pwd)
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
n=0
failed=0
for arch in ${*:-s390x armhf}; do
	(cross "$arch")
done | {
	while IFS= read -r line; do
		case $line in
		"not ok - "*) failed=1 n=$((n + 1)); echo "not ok $n${line#not ok}" ;;
		"ok - "*) n=$((n + 1)); echo "ok $n${line#ok}" ;;
		*) echo "$line" ;;
		esac
	done
	echo "1..$n"
	exit $failed
}
