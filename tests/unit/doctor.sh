#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# doctor: good settings of the guide are clean; each setting made bad is named.
# The good ones are the very fragments of docs/OPERATING.md.

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
"$kithctl" doctor --json --prosody "$dir/good" | python3 -c 'import json,sys; sys.exit(len(json.load(sys.stdin)) != 1)'; ok $? "JSON for machines"
chmod 600 "$dir/good"
echo "nonsense(" >"$dir/bad"; doctor "$dir/bad"; [ $? = 2 ]; ok $? "settings that Prosody cannot read are an error"
doctor "$dir/none"; [ $? = 2 ]; ok $? "a missing file is an error"

# ejabberd: the same with its fragment
awk '/^```yaml/{on=1;next} /^```/{on=0} on' "$guide" |
    sed 's/the text of component.secret/0123456789abcdef0123456789abcdef/' >"$dir/good"
doctor() { "$kithctl" doctor --ejabberd "$1" >"$dir/out" 2>&1; }
doctor "$dir/good"; ok $? "ejabberd: the settings of the guide are clean"
bad "ejabberd: clients without TLS" "without TLS" 's/starttls_required: true/starttls_required: false/'
bad "ejabberd: PLAIN offered" "password as it is" 's/"PLAIN", //'
bad "ejabberd: passwords in clear" "kept as they are" 's/auth_password_format: scram/auth_password_format: plain/'
bad "ejabberd: no limits" "as much as it likes" 's/shaper: c2s_shaper/shaper: none/'
bad "ejabberd: registration without throttle" "any number of accounts" 's/registration_timeout: 5/registration_timeout: infinity/'
bad "ejabberd: a short secret" "can be guessed" 's/0123456789abcdef0123456789abcdef/secret/'
bad "ejabberd: an open component port" "open to others" 's/ip: "127.0.0.1"/ip: "0.0.0.0"/'
bad "ejabberd: a component port of no address" "open to others" '/ip: "127.0.0.1"/d'
bad "ejabberd: routes of all hosts" "every other host" '/global_routes/d'
bad "ejabberd: a component that speaks for anybody" "speak for anybody" 's/check_from: true/check_from: false/'
bad "ejabberd: dialback alone" "without a certificate" 's/^listen:/listen:\n  - port: 5269\n    module: ejabberd_s2s_in/'
bad "ejabberd: no component" "no component" 's/ejabberd_service/ejabberd_http/'
bad "ejabberd: other files are included" "dump_config" '1s/^/include_config_file: "other.yml"\n/'
chmod 644 "$dir/good"
doctor "$dir/good"; [ $? = 1 ] && grep -q "everybody on this machine" "$dir/out"; ok $? "ejabberd: a settings file that all can read"
printf 'a: [b\n' >"$dir/bad"; doctor "$dir/bad"; [ $? = 2 ]; ok $? "ejabberd: what is no YAML is an error"

# Here: files, clock, room.
mkdir -m 700 "$dir/store"
echo 0123456789abcdef >"$dir/secret"
: >"$dir/store/db" && : >"$dir/store/db.key" && : >"$dir/store/db-wal" && : >"$dir/sock"
printf '%s\n' '[component]' 'jid = kith.home.example' "secret_file = $dir/secret" '[store]' \
    "url = sqlite:$dir/store/db" '[control]' "socket = $dir/sock" >"$dir/conf"
doctor() { "$kithctl" doctor --free 1 --conf "$dir/conf" >"$dir/out" 2>&1; }
doctor; ok $? "here: private files are clean"
# open NAME WORDS MODE PATH
open()
{
	was=$(stat -c %a "$4")
	chmod "$3" "$4"
	doctor
	[ $? = 1 ] && [ "$(grep -c '^[^ ]' "$dir/out")" = 1 ] && grep -q "$2" "$dir/out"; ok $? "$1"
	chmod "$was" "$4"
}
open "here: a store that others can read" "read or change the store" 644 "$dir/store/db"
open "here: its journal as well" "read or change the store" 644 "$dir/store/db-wal"
open "here: the folder of the store" "folder of the store" 770 "$dir/store"
open "here: the key of the digests" "key of the claim digests" 640 "$dir/store/db.key"
open "here: the secret" "secret of the component" 644 "$dir/secret"
open "here: settings that others can change" "change the settings" 666 "$dir/conf"
open "here: a control socket for everybody" "what kithctl can" 666 "$dir/sock"
touch -d '3 days' "$dir/store/db"
doctor; [ $? = 1 ] && grep -q "clock went back" "$dir/out"; ok $? "here: a store from the future"
touch "$dir/store/db"
"$kithctl" doctor --free 2000000000 --conf "$dir/conf" >"$dir/out" 2>&1
[ $? = 1 ] && grep -q "left for the store" "$dir/out"; ok $? "here: a disk that is nearly full"
# setting NAME WORDS LINE...
setting()
{
	name=$1 words=$2
	shift 2
	cp "$dir/conf" "$dir/keep"
	printf '%s\n' "$@" >>"$dir/conf"
	doctor
	[ $? = 1 ] && [ "$(grep -c '^[^ ]' "$dir/out")" = 1 ] && grep -q "$words" "$dir/out"; ok $? "$name"
	mv "$dir/keep" "$dir/conf"
}
setting "here: no sandbox" "keeps all files" '[daemon]' 'sandbox = off'
setting "here: no limits" "fill this machine" '[limits]' 'all = off'
setting "here: a broker elsewhere" "in the clear" '[component]' 'allow_remote = yes'
"$kithctl" doctor >"$dir/out" 2>&1; [ $? = 2 ]; ok $? "nothing to look at is an error"
echo "1..$n"
exit $failed
