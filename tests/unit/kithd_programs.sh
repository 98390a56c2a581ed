#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kithd_programs: options, settings and exit statuses of kithd and kithctl.
top_builddir=${top_builddir:-.}
kithd=$top_builddir/kithd/kithd
kithctl=$top_builddir/kithd/kithctl
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/kith-programs-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0
ok() { # ok NAME: the last status decides
	s=$?
	n=$((n + 1))
	if [ $s -eq 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' "$dir/out" "$dir/err"; fi
}
# run STATUS COMMAND...
run() {
	want=$1
	shift
	"$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	[ $got -eq "$want" ] || { echo "# status $got, not $want" >>"$dir/err"; return 1; }
}
settings() {
	printf '%s\n' '[component]' 'jid = registry.a.example' "secret_file = $dir/secret" \
	    '[store]' "url = sqlite:$dir/db" "$@" >"$dir/conf"
}

printf '0123456789abcdef\n' >"$dir/secret"
settings
run 0 "$kithd" -n -f "$dir/conf" && [ ! -s "$dir/out" ] && [ ! -e "$dir/db" ]; ok "good settings are checked and nothing is made"
run 0 "$kithd" -nv -f "$dir/conf" && cp "$dir/out" "$dir/again" && run 0 "$kithd" -nv -f "$dir/again" && cmp -s "$dir/out" "$dir/again"
ok "what -nv prints parses to the same"
settings '[limits]' 'turn_requests = lots'
run 78 "$kithd" -f "$dir/conf" && grep -q "$dir/conf:7: " "$dir/err"; ok "wrong settings are 78 with file and line"
settings '[nonsense]' 'a = b'
run 78 "$kithd" -n -f "$dir/conf" && grep -q "$dir/conf:7: " "$dir/err"; ok "an unknown section is 78 with file and line"
run 78 "$kithd" -n -f "$dir/none" && grep -q "$dir/none" "$dir/err"; ok "missing settings are 78"
settings
chmod 644 "$dir/secret"
run 78 "$kithd" -n -f "$dir/conf" && grep -q chmod "$dir/err"; ok "att-O-06: a secret that others can read is refused"
chmod 600 "$dir/secret"
printf 'short\n' >"$dir/secret"
run 78 "$kithd" -n -f "$dir/conf"; ok "att-O-06: a short secret is refused"
printf '0123456789abcdef\n' >"$dir/secret"
settings
sed 's/^jid.*/&\nserver = 192.0.2.1:5347/' "$dir/conf" >"$dir/remote"
run 78 "$kithd" -n -f "$dir/remote" && grep -q allow_remote "$dir/err"; ok "a broker on another host needs allow_remote"
run 64 "$kithd" --nonsense; ok "wrong options are 64"
run 0 "$kithd" -V && grep -q '[0-9]' "$dir/out"; ok "-V prints the version"
run 0 "$kithd" -h && [ "$(wc -l <"$dir/out")" -le 24 ]; ok "-h fits one screen"

run 0 "$kithctl" -h && [ "$(wc -l <"$dir/out")" -le 24 ]; ok "kithctl -h fits one screen"
run 0 "$kithctl" help things && grep -q -- --state "$dir/out"; ok "help of one command"
run 2 "$kithctl" thinsg && grep -q 'did you mean: things' "$dir/err"; ok "a typo gets a suggestion"
run 2 "$kithctl" -s "$dir/none" things && grep -q "$dir/none" "$dir/err"; ok "without kithd kithctl says so and exits 2"
grep -q systemctl "$dir/err" && grep -q -- "-s SOCKET" "$dir/err"; ok "and what to do next"
printf '%s\n' '# a policy' 'allow bob@b.example to read "temperature" of lamp' 'deny *@evil.example everything' >"$dir/policy"
run 1 "$kithctl" policy check -f "$dir/policy" && grep -q 'its last line is not "end"' "$dir/err"; ok "att_P_18: a policy without its last line is 1"
echo end >>"$dir/policy"
run 0 "$kithctl" policy check -f "$dir/policy"; ok "a good policy file is 0"
run 0 "$kithctl" policy print -f "$dir/policy" && cp "$dir/out" "$dir/canonical" &&
    run 0 "$kithctl" policy print -f "$dir/canonical" && cmp -s "$dir/out" "$dir/canonical"
ok "a printed policy parses to the same"
grep -v '^#' "${top_srcdir:-.}/tests/policy/whole.lines" >"$dir/whole"
run 0 "$kithctl" policy print -f "$dir/whole" && cmp -s "$dir/out" "$dir/whole"; ok "every kind of rule there is is printed as it is"
run 0 "$kithctl" policy ask -f "$dir/policy" bob@b.example read lamp temperature && head -1 "$dir/out" | grep -qx allow; ok "policy ask: allow is 0"
run 1 "$kithctl" policy ask -f "$dir/policy" x@evil.example read lamp && head -1 "$dir/out" | grep -qx deny; ok "policy ask: deny is 1"
run 1 "$kithctl" policy ask -f "$dir/policy" carol@c.example read lamp && head -1 "$dir/out" | grep -qx 'ask (deny until answered)'; ok "policy ask: what nobody decided is 1"
run 2 "$kithctl" policy ask -f "$dir/policy" bob@b.example fly lamp; ok "policy ask: a wrong action is 2"
printf '%s\n' 'allow bob@b.example to read of lamp' 'allow bob' >"$dir/policy"
run 2 "$kithctl" policy check -f "$dir/policy" && grep -q "$dir/policy:2" "$dir/err"; ok "a wrong policy file is 2 with file and line"

uri='iotdisco:SN=1;MAN=x;KEY=0123456789abcdef0123456789abcdef'
echo "$uri" | "$kithctl" qr >"$dir/out" 2>"$dir/err" && [ "$(wc -l <"$dir/out")" -gt 15 ]; ok "a claim URI becomes a code for the terminal"
echo "$uri" | "$kithctl" qr svg desk@registry.a.example >"$dir/out" 2>"$dir/err" && grep -q '<svg' "$dir/out"; ok "and SVG"
echo 'nonsense' | "$kithctl" qr >"$dir/out" 2>"$dir/err"; [ $? -eq 2 ]; ok "what is no claim URI is 2"

# A real reader of QR codes must see exactly what was meant.
if command -v zbarimg >/dev/null; then
	uri='iotdisco:SN=1;MAN=x y&z+\303\244;KEY=0123456789abcdef0123456789abcdef;R=registry.a.example'
	uri=$(printf "$uri")
	# Readers guess the encoding of bytes beyond ASCII; a link escapes them.
	ascii='iotdisco:SN=1;MAN=x y&z+;KEY=0123456789abcdef0123456789abcdef;R=registry.a.example'
	echo "$ascii" | "$kithctl" qr png >"$dir/code.png" 2>"$dir/err" &&
	    [ "$(zbarimg -q --raw "$dir/code.png" 2>/dev/null)" = "$ascii" ]; ok "a PNG is read back as the claim URI"
	echo "$uri" | "$kithctl" qr png desk@registry.a.example >"$dir/code.png" 2>"$dir/err" &&
	    zbarimg -q --raw "$dir/code.png" >"$dir/out" 2>/dev/null &&
	    grep -q '^xmpp:desk@registry.a.example?message;body=claim%20iotdisco%3ASN%3D1%3B' "$dir/out" &&
	    python3 -c 'import sys, urllib.parse
body = open(sys.argv[1]).read().strip().split(";body=", 1)[1]
sys.exit(urllib.parse.unquote(body, errors="strict") != "claim " + sys.argv[2])' "$dir/out" "$uri"
	ok "row-O1: the chat link of a PNG unescapes to the claim line, byte for byte"
else
	n=$((n + 2))
	echo "ok $((n - 1)) - PNG # SKIP no zbarimg"
	echo "ok $n - chat link # SKIP no zbarimg"
fi
echo "1..$n"
