#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# size.sh ARCHIVE: what a device that uses only the smallest example takes of our
# code: "text constants data", in bytes, in a static link with --gc-sections.
# Counted are the functions, and the constants, of the objects of the archive;
# not what expat, OpenSSL, c-ares and libc take.  KITH_SIZE_CC names
# another compiler, with what it needs; -v lists it by object.
verbose=
[ "$1" = -v ] && { verbose=1; shift; }
archive=$1
srcdir=${top_srcdir:-.}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/kith"
cp "$srcdir/thing/thing.h" "$work/kith/thing.h"
# shellcheck disable=SC2086
${KITH_SIZE_CC:-${CC:-cc}} -Os -ffunction-sections -I"$work" -o "$work/tiny" \
    "$srcdir/thing/examples/tinything.c" "$archive" -Wl,--gc-sections,-Map="$work/map" \
    ${KITH_SIZE_LIBS:--lexpat -lssl -lcrypto -luuid -lidn -lunistring -linih -lcares -lm} \
    || exit 1
awk -v archive="${archive##*/}(" -v verbose="$verbose" '
	/^Linker script and memory map/ { on = 1 }
	!on { next }
	/^ \.[^ ]+$/ { section = $1; next }
	/^ \.[^ ]+ +0x/ { section = $1; sub(/^ \.[^ ]+/, "") }
	/^ +0x/ && NF >= 3 {
		if ($1 ~ /^0x0+$/ || !(at = index($0, archive))) next
		object = substr($0, at + length(archive)); sub(/\).*/, "", object)
		kind = section ~ /^\.text/ ? 1 : section ~ /^\.(rodata|data\.rel\.ro)/ ? 2 : \
		    section ~ /^\.(data|bss)/ ? 3 : 0
		if (!kind) next
		hex = tolower(substr($2, 3)); n = 0
		for (i = 1; i <= length(hex); i++)
			n = 16 * n + index("0123456789abcdef", substr(hex, i, 1)) - 1
		sum[kind] += n
		by[object] += n
	}
	END {
		if (verbose) for (o in by) printf "%7d %s\n", by[o], o | "sort -rn"
		close("sort -rn")
		print sum[1] + 0, sum[2] + 0, sum[3] + 0
	}' "$work/map"
