#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# doctor: good settings of the guide are clean; each setting made bad is named.
# The good ones are the very fragment of docs/OPERATING.md.

kithctl=${top_builddir:-.}/kithd/kithctl
guide=${top_srcdir:-.}/docs/OPERATING.md
command -v prosodyctl >/dev/null || { echo "1..0 # SKIP prosody is missing"; exit 0; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
umask 077
n=0 failed=0
ok()
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; failed=1; sed 's/^/# /' "$dir/out"; fi
}
awk '/^```lua/{on=1;next} /^```/{on=0} on' "$guide" |
    sed 's/the text of component.secret/0123456789abcdef0123456789abcdef/' >"$dir/good"
doctor() { "$kithctl" doctor --prosody "$1" >"$dir/out" 2>&1; }

doctor "$dir/good"; ok $? "the settings of the guide are clean"
# bad NAME WORDS SED: one change to the good settings, and what must be said
bad()
{
	sed "$3" "$dir/good" >"$dir/bad"
	cmp -s "$dir/good" "$dir/bad" && { : >"$dir/out"; ok 1 "$1: the guide says it"; return; }
	doctor "$dir/bad"
	[ $? = 1 ] && [ "$(grep -c '^[^ ]' "$dir/out")" = 1 ] && grep -q "$2" "$dir/out"; ok $? "$1"
}
bad "clients without TLS" "without TLS" 's/^c2s_require_encryption.*//'
bad "PLAIN offered" "password as it is" 's/"PLAIN"; //'
bad "passwords in clear" "kept as they are" 's/internal_hashed/internal_plain/'
bad "names given again" "deleted account" 's/"tombstones"; //'
bad "no limits" "as much as it likes" 's/; "limits"//'
bad "registration without throttle" "any number of accounts" 's/^registration_throttle_max.*//'
bad "dialback alone" "without a certificate" 's/^s2s_secure_auth.*//'
bad "a short secret" "can be guessed" 's/0123456789abcdef0123456789abcdef/secret/'
bad "kick_new" "dead connection" 's/.*component_conflict_resolve.*//'
bad "an open component port" "open to others" '1s/^/component_interfaces = { "0.0.0.0" }\n/'
bad "no component" "no component" '/^Component/,$d'
chmod 644 "$dir/good"
doctor "$dir/good"; [ $? = 1 ] && grep -q "everybody on this machine" "$dir/out"; ok $? "a settings file that all can read"
echo "nonsense(" >"$dir/bad"; doctor "$dir/bad"; [ $? = 2 ]; ok $? "settings that Prosody cannot read are an error"
doctor "$dir/none"; [ $? = 2 ]; ok $? "a missing file is an error"
"$kithctl" doctor --json --prosody "$dir/good" | python3 -c 'import json,sys; sys.exit(len(json.load(sys.stdin)) != 1)'; ok $? "JSON for machines"
echo "1..$n"
exit $failed
