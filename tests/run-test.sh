#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run-test: runs one test for `make check`.  Ends it after KITH_TEST_TIMEOUT
# seconds, and writes cmocka's "not ok # SKIP" as the "ok # SKIP" of TAP.
# The exit status stays the test's own.
exec 4>&1
status=$({
	{
		timeout -k 10 "${KITH_TEST_TIMEOUT:-600}" "$@" 3>&- 4>&-
		echo $? >&3
	} | sed -u 's/^not ok \([0-9]*\) # SKIP \(.*\)/ok \1 \2 # SKIP/' >&4
} 3>&1)
if [ "$status" = 124 ]; then
	echo "Bail out! not finished after ${KITH_TEST_TIMEOUT:-600} s"
fi
exit "$status"
