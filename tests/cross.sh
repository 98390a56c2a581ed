#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cross.sh [-k FOLDER] [ARCH...]: builds for machines that are not this one and runs
# the unit tests there, under qemu-user: s390x (big-endian) and armhf (32 bits).  The
# libraries come from Debian, unpacked below FOLDER (default: a temporary one); the
# machine itself is not touched.  TESTS="jid_test ..." chooses; default: those of
# base, wire and the thing.  Needs network, gcc-s390x-linux-gnu,
# gcc-arm-linux-gnueabihf, qemu-user-static.  Part of ./check --long.
src=$(cd "$(dirname "$0")/.." && pwd)
keep=
[ "$1" = -k ] && { keep=$2; shift 2; }
work=${keep:-$(mktemp -d)}
[ -n "$keep" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work" || exit 99
tests=${TESTS:-buf_test clock_test conf_test due_test err_test ident_test jid_test mem_test pool_test
    secret_test stats_test str_test zone_test dataform_test iotdisco_test parser_test route_test
    request_property_test trace_test sasl_test decisions_test identity_test usage_test
    thing_test loopback_test library_memory_test}
suite=${DEBIAN_SUITE:-bookworm}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

triplet()
{
	case $1 in
	s390x) echo s390x-linux-gnu ;;
	armhf) echo arm-linux-gnueabihf ;;
	*) echo "cross.sh: '$1' is not known" >&2; exit 64 ;;
	esac
}

# The libraries and headers of that machine, below $work/ARCH/root.
fetch()
{
	d=$work/$1
	[ -f "$d/fetched" ] && return 0
	mkdir -p "$d/state/lists/partial" "$d/cache/archives/partial" "$d/root"
	: > "$d/status"
	echo "deb $mirror $suite main" > "$d/sources"
	set -- "$1" -q -o "APT::Architecture=$1" -o "APT::Architectures=$1" -o "Dir::State=$d/state" \
	    -o "Dir::State::status=$d/status" -o "Dir::Cache=$d/cache" \
	    -o "Dir::Etc::sourcelist=$d/sources" -o Dir::Etc::sourceparts=/dev/null \
	    -o APT::Sandbox::User=
	shift
	apt-get "$@" update &&
	apt-get "$@" -y --download-only --no-install-recommends install libc6-dev libstrophe-dev \
	    libexpat1-dev libssl-dev uuid-dev libsqlite3-dev libqrencode-dev libidn-dev \
	    libseccomp-dev libjansson-dev libyaml-dev libc-ares-dev libinih-dev libev-dev \
	    libunistring-dev libcmocka-dev || return 1
	for f in "$d"/cache/archives/*.deb; do
		dpkg-deb -x "$f" "$d/root" || return 1
	done
	# Links that name the root of that machine.
	find "$d/root" -type l -lname '/*' | while read -r l; do
		ln -snf "$d/root$(readlink "$l")" "$l"
	done
	rm -rf "$d/cache" "$d/state"
	: > "$d/fetched"
}

# What failed and should not have: cmocka's way of skipping is none, qemu-user shows
# no flags of mappings in /proc, and the C library of armhf ends in 2038, so it is no
# measure of our time zones there.
unexpected()
{
	grep '^not ok' "$1" | grep -vE '# SKIP|a_secret_stays_out_of_core_dumps|we_read_what_the_c_library_reads|^not ok - '
	grep -q '^1\.\.' "$1" || echo "it did not run"
}

# The machine's make knows nothing of qemu: each program is started through it.
cross()
{
	t=$(triplet "$1")
	root=$work/$1/root
	case $1 in armhf) qemu=qemu-arm-static ;; *) qemu=qemu-$1-static ;; esac
	mkdir -p "$work/$1/build"
	cd "$work/$1/build" || return 1
	[ -f config.status ] || PKG_CONFIG_LIBDIR=$root/usr/lib/$t/pkgconfig:$root/usr/share/pkgconfig \
	    PKG_CONFIG_SYSROOT_DIR=$root "$src/configure" -q --host="$t" --with-sysroot="$root" \
	    --without-libgpiod --without-mosquitto \
	    CC="$t-gcc --sysroot=$root" CFLAGS='-O1 -g' CPPFLAGS="-isystem $root/usr/include" \
	    LDFLAGS="-L$root/usr/lib/$t -Wl,-rpath-link,$root/usr/lib/$t:$root/lib/$t" \
	    > configure.out 2>&1 || { tail -5 configure.out; return 1; }
	targets=
	for p in $tests; do targets="$targets tests/unit/$p"; done
	# shellcheck disable=SC2086
	make -j"${JOBS:-2}" -k $targets > make.out 2>&1 || grep -E 'error|undefined' make.out | head
	for p in $tests; do
		n=$((n + 1))
		program=tests/unit/.libs/$p
		[ -f "$program" ] || program=tests/unit/$p
		if CMOCKA_MESSAGE_OUTPUT=TAP top_srcdir=$src top_builddir=. \
		    LD_LIBRARY_PATH=$work/$1/build/.libs timeout "${KITH_TEST_TIMEOUT:-300}" \
		    "$qemu" -L "$root" "$program" > "$p.tap" 2>&1; ran=$?; [ $ran -le 1 ] &&
		    ! unexpected "$p.tap" | grep -q .; then
			echo "ok $n - $1: $p ($(grep -c '^ok' "$p.tap") cases)"
		else
			echo "not ok $n - $1: $p"
			unexpected "$p.tap" | head -6 | sed 's/^/# /'
			failed=1
		fi
	done
}

n=0
failed=0
for arch in ${*:-s390x armhf}; do
	t=$(triplet "$arch") || exit 64
	if ! command -v "$t-gcc" >/dev/null; then
		n=$((n + 1)); echo "ok $n - $arch # SKIP no $t-gcc"
	elif ! fetch "$arch" > "$work/fetch.out" 2>&1; then
		n=$((n + 1)); echo "ok $n - $arch # SKIP its libraries cannot be fetched"
	else
		cross "$arch" || { n=$((n + 1)); echo "not ok $n - $arch: configure"; failed=1; }
	fi
done
echo "1..$n"
exit $failed
