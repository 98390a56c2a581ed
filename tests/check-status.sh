#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-status: every test that docs/STATUS.md cites exists.  "…" ends a name
# that is cut; stories and pairs are looked up by what they say or are called.

tree=${top_srcdir:-.}
n=0
failed=0
for cited in $(grep -o '`[a-z_]*_test: [A-Za-z0-9_]*' "$tree/docs/STATUS.md" | tr -d '`' |
    tr -s ' ' '/' | LC_ALL=C sort -u); do
	n=$((n + 1))
	program=${cited%%:*}
	case=${cited#*:/}
	if grep -q "$case" "$tree/tests/unit/$program.c" 2>/dev/null; then
		echo "ok $n - $program has $case"
	else
		echo "not ok $n - $program has $case"
		failed=1
	fi
done
for cited in $(grep -oE 'pairs? `[A-Za-z0-9_]+' "$tree/docs/STATUS.md" | sed 's/.*`//' | LC_ALL=C sort -u); do
	n=$((n + 1))
	if ls "$tree/tests/stanza/$cited"*.in.xml >/dev/null 2>&1; then
		echo "ok $n - there is a pair $cited"
	else
		echo "not ok $n - there is a pair $cited"
		failed=1
	fi
done
for cited in $(grep -oE 'stor(y|ies) `[a-z_]+' "$tree/docs/STATUS.md" | sed 's/.*`//' | LC_ALL=C sort -u); do
	n=$((n + 1))
	if [ -f "$tree/tests/scenario/$cited.py" ]; then
		echo "ok $n - there is a story $cited"
	else
		echo "not ok $n - there is a story $cited"
		failed=1
	fi
done
echo "1..$n"
exit $failed
