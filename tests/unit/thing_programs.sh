#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# thing_programs: options, settings, exit statuses and files of kith-thing,
# without a broker.
top_builddir=${top_builddir:-.}
thing=$top_builddir/kith-thing
umask 022
dir=$(mktemp -d "${TMPDIR:-/tmp}/kith-programs-XXXXXX") || exit 1
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
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
	printf '%s\n' '[thing]' "state = $dir/state" 'domain = home.example' \
	    'server = 127.0.0.1:1' "$@" >"$dir/conf"
}

settings '[field load]' 'file = /proc/loadavg' 'pattern = ^([0-9.]+)'
run 0 "$thing" -n -f "$dir/conf" && [ ! -s "$dir/out" ] && [ ! -e "$dir/state" ]; ok "good settings are checked and nothing is made"
run 0 "$thing" -nv -f "$dir/conf" && cp "$dir/out" "$dir/again" && run 0 "$thing" -nv -f "$dir/again" && cmp -s "$dir/out" "$dir/again"
ok "what -nv prints parses to the same"
settings '[field load]' 'sim = cosine'
run 78 "$thing" -f "$dir/conf" && grep -q "^$dir/conf:6: " "$dir/err" && [ ! -e "$dir/state" ]; ok "wrong settings are 78 with file and line"
settings '[tags]' 'KEY = abc'
run 78 "$thing" -n -f "$dir/conf" && grep -q "^$dir/conf:6: " "$dir/err"; ok "a KEY of one's own is 78"
settings
run 78 "$thing" -n -f "$dir/none" && grep -q "$dir/none" "$dir/err"; ok "missing settings are 78"
run 64 "$thing" -x; ok "a wrong option is 64"
run 64 "$thing" nonsense; ok "a wrong word is 64"
run 0 "$thing" -V && grep -q kith "$dir/out"; ok "-V prints the version"
run 0 "$thing" -h && [ "$(wc -l <"$dir/out")" -le 24 ]; ok "-h fits one screen"
settings '[field load]' 'file = /proc/loadavg' 'pattern = ^([0-9.]+)'

settings
run 1 "$thing" claim -f "$dir/conf" && [ ! -s "$dir/out" ]; ok "without a claim line, claim says so"
: >"$dir/err"	# what the one before said is no sign of this one
env --ignore-signal=CHLD "$thing" -f "$dir/conf" >"$dir/out" 2>"$dir/err" </dev/null &
pid=$!
while kill -0 "$pid" 2>/dev/null && ! grep -q "Connection refused\|connection lost" "$dir/err"; do sleep 0.02; done
! "$thing" -f "$dir/conf" >/dev/null 2>"$dir/second" </dev/null && grep -q "in use" "$dir/second"
ok "att-D-06: a second one on the same folder is refused"
! "$thing" reset --yes -f "$dir/conf" >/dev/null 2>&1 </dev/null && [ -s "$dir/state/identity" ]
ok "a running thing is not reset"
kill -0 "$pid"; ok "an absent broker does not end it"
ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' "/proc/$pid/status")
[ $((0x$ignored & 0x10000)) -eq 0 ]; ok "it learns how its programs end, though who started it wanted to know of none"
grep -q "sandbox: " "$dir/err"; ok "it says what it has given up"
kill -TERM "$pid"; wait "$pid"; ok "SIGTERM ends it with status 0"
pid=
[ "$(find "$dir/state" -type f ! -perm 600)" = "" ] && [ "$(find "$dir/state" -maxdepth 0 -perm 700)" != "" ] &&
    [ -s "$dir/state/identity" ]; ok "the state folder is 0700 and every file in it 0600"
! grep -q "$(sed -n 's/^password //p' "$dir/state/identity")" "$dir/out" "$dir/err" &&
    ! grep -q "$(sed -n 's/^key //p' "$dir/state/identity")" "$dir/out" "$dir/err"; ok "neither password nor KEY is printed or logged"
cp "$dir/state/identity" "$dir/before"
: >"$dir/err"	# what the one before said is no sign of this one
"$thing" -f "$dir/conf" >"$dir/out" 2>"$dir/err" </dev/null &
pid=$!
while kill -0 "$pid" 2>/dev/null && ! grep -q "connection lost" "$dir/err"; do sleep 0.02; done
kill -TERM "$pid"; wait "$pid" && cmp -s "$dir/before" "$dir/state/identity"; ok "the next start is the same thing"
pid=
mkdir -p "$dir/machine/sys/class/leds/x" "$dir/shelf"
echo 7 >"$dir/machine/sys/class/leds/x/brightness"
echo '21.5 C' >"$dir/shelf/one"
settings "root = $dir/machine" 'lamp = led:x' '[source shelf]' "folder = $dir/shelf"
: >"$dir/err"	# what the one before said is no sign of this one
"$thing" -f "$dir/conf" >"$dir/out" 2>"$dir/err" </dev/null &
pid=$!
while kill -0 "$pid" 2>/dev/null && ! grep -q "node 'one'" "$dir/err"; do sleep 0.02; done
echo 1 >"$dir/shelf/two"
while kill -0 "$pid" 2>/dev/null && ! grep -q "node 'two'" "$dir/err"; do sleep 0.02; done
kill -TERM "$pid"; wait "$pid"; ok "from within the sandbox, nodes of a folder come as they are written"
pid=
[ "$(cat "$dir/machine/sys/class/leds/x/brightness")" = 0 ]; ok "and the lamp is put out at the end"
settings
chmod 644 "$dir/state/identity"
run 1 "$thing" -f "$dir/conf" && grep -q "chmod 600" "$dir/err"; ok "an identity that others can read is refused"
chmod 600 "$dir/state/identity"
printf '%s\n' 'iotdisco:SN=1;KEY=abc;R=kith.home.example' >"$dir/state/claim"; chmod 600 "$dir/state/claim"
run 0 "$thing" claim -f "$dir/conf" --png "$dir/c.png" --svg "$dir/c.svg" && grep -q '^iotdisco:' "$dir/out" &&
    [ -s "$dir/c.svg" ] && [ "$(find "$dir/c.png" -perm 600)" != "" ]; ok "claim shows the line and draws it, for its owner only"
run 64 "$thing" reset -f "$dir/conf" && [ -e "$dir/state/identity" ]; ok "reset wants to be meant"
run 0 "$thing" repin -f "$dir/conf"; ok "repin on a fresh thing is fine"
run 0 "$thing" reset --yes -f "$dir/conf" && [ "$(find "$dir/state" -type f)" = "" ]; ok "att-D-08: reset leaves no file"
run 1 "$thing" accept found.example -f "$dir/conf" && grep -q "domain = " "$dir/err"
ok "ruling 42: a thing that was given a domain accepts no other"
sed -i 's/^domain = .*/locate = mdns/; s/^server = .*//' "$dir/conf"
run 64 "$thing" accept -f "$dir/conf"; ok "accept wants a domain"
run 1 "$thing" accept -f "$dir/conf" 'no domain' && run 0 "$thing" accept -f "$dir/conf" found.example &&
    grep -qx 'domain found.example' "$dir/state/accepted"; ok "what is accepted is a domain, and is written down"
if [ "$(id -u)" = 0 ]; then
	chown -R nobody "$dir/state"; chmod 711 "$dir"
	run 0 "$thing" accept -f "$dir/conf" more.example && [ "$(stat -c '%U %a' "$dir/state/accepted")" = "nobody 600" ]
	ok "what root accepts can be read by the thing's own user"
	printf '%s\n' 'kith-thing standing 1' 'public false' end >"$dir/state/standing"
	chmod 600 "$dir/state/standing"; chown nobody "$dir/state/standing"
	run 0 "$thing" repin -f "$dir/conf" && [ "$(stat -c '%U %a' "$dir/state/standing")" = "nobody 600" ]
	ok "what root releases stays the thing's own user's"
fi

# Every word and option of -h is completed, and no other.
completed() { # completed WORD...: what follows
	bash -c '. "$0"; COMP_WORDS=(kith-thing "$@" ""); COMP_CWORD=$(($# + 1)); _kith_thing
	    printf "%s\n" "${COMPREPLY[@]}"' "${top_srcdir:-.}/thing/kith-thing.bash-completion" "$@" | sort -u
}
if command -v bash >/dev/null; then
	run 0 "$thing" -h
	sed -n 's/^\(usage:\)\{0,1\} *kith-thing \([a-z][a-z]*\).*/\2/p' "$dir/out" | sort -u >"$dir/words"
	completed | grep '^[a-z]' >"$dir/have"
	diff "$dir/words" "$dir/have" >"$dir/err" && [ -s "$dir/words" ]; ok "bash completes every word of kith-thing"
	: >"$dir/err"
	while read -r word; do
		grep -A1 "kith-thing $word " "$dir/out" | sed '2{/kith-thing/d}' | grep -o -- '[[ ]--\{0,1\}[a-z][a-z]*' | tr -d '[ ' | sort -u |
		while read -r option; do
			completed "$word" | grep -qx -- "$option" || echo "$word $option" >>"$dir/err"
		done
	done <"$dir/words"
	[ ! -s "$dir/err" ]; ok "bash completes every option of each word"
	: >"$dir/err"
	grep -o '^  --\{0,1\}[a-zA-Z]*' "$dir/out" | tr -d ' ' | while read -r option; do
		completed | grep -qx -- "$option" || echo "$option" >>"$dir/err"
	done
	[ ! -s "$dir/err" ]; ok "bash completes every option"
fi
echo "1..$n"
