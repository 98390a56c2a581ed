#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-headers: each header compiles alone and twice, with the warnings of the
# build.  One TAP case a header.  KITH_COMPILE is the compiler with its flags.

tree=${top_srcdir:-.}
compile=${KITH_COMPILE:-cc -std=gnu11 -Wall -Wextra -Werror -I$tree}

headers=$(cd "$tree" && find common policy registry provisioning desk kithd thing tests \
    -name '*.h' | LC_ALL=C sort)
n=0
failed=0
for h in $headers; do
	n=$((n + 1))
	if said=$(printf '#include "%s"\n#include "%s"\n' "$h" "$h" |
	    $compile -O1 -fsyntax-only -x c - 2>&1); then
		echo "ok $n - $h stands alone"
	else
		echo "not ok $n - $h stands alone"
		echo "$said" | sed 's/^/# /'
		failed=1
	fi
done
echo "1..$n"
exit $failed
