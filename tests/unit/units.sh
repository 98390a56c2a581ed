#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# units: what systemd says of the shipped units, as it would run them.
top_srcdir=${top_srcdir:-.}
command -v systemd-analyze >/dev/null || { echo "1..0 # SKIP no systemd-analyze"; exit 0; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/kith-units-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0
failed=0
for unit in kithd/kithd thing/kith-thing; do
	name=${unit#*/}.service
	n=$((n + 1))
	sed -e 's|@s*bindir@|/usr/bin|g' -e 's|@sysconfdir@|/etc|g' "$top_srcdir/$unit.service.in" >"$dir/$name"
	# The threshold is in tenths.
	if systemd-analyze security --offline=yes --threshold=15 "$dir/$name" >"$dir/out" 2>&1; then
		echo "ok $n - $name: exposure at most 1.5"
	else
		echo "not ok $n - $name: exposure at most 1.5"
		failed=1
		sed 's/^/# /' "$dir/out"
	fi
done
echo "1..$n"
exit $failed
