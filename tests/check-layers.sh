#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-layers: reads every #include and says which folder leaned the wrong
# way; the floors are those of docs/ARCHITECTURE.md.  One TAP case a folder,
# one for each outside library, and a few that plant a wrong include in a copy
# and want it found.   usage: check-layers.sh [TREE]

tree=${1:-${top_srcdir:-.}}

# folder: folders it may use besides itself
floors='
common/base:
common/wire: common/base
common/store: common/base
policy: common/base
thing: common/base common/wire
registry: common/base common/wire common/store policy
provisioning: common/base common/wire common/store policy
desk: common/base common/wire common/store policy registry provisioning
kithd: common/base common/wire common/store policy registry provisioning desk
'
# header (a pattern of the shell): the files that may include it
owners='
strophe.h: tests/scenario/strophe_peer.c
sqlite3.h: common/store/store_sqlite.c
expat.h: common/wire/*
ares.h: common/wire/*
openssl/*: common/base/* common/wire/*
ini.h: common/base/conf.c
uuid/*: common/base/ident.c
stringprep.h: common/base/jid_prep.c common/wire/*
unistr.h: common/base/jid_prep.c common/wire/* policy/value.c registry/digest.c registry/regex.c
uninorm.h: common/base/jid_prep.c common/wire/* policy/value.c registry/digest.c
unic*.h: common/base/jid_prep.c common/wire/* policy/value.c registry/digest.c registry/regex.c
idna.h: common/wire/*
qrencode.h: common/base/qr.c
ev.h: kithd/* thing/*
jansson.h: kithd/kithctl_sheet.c kithd/kithctl_doctor.c
yaml.h: kithd/kithctl_doctor_ejabberd.c
seccomp.h: common/base/sandbox.c
gpiod.h: thing/device_gpio.c
mosquitto.h: thing/source_mqtt.c
linux/landlock.h: common/base/sandbox.c
'
# policy/ is pure: no clock, no I/O, no log
impure='common/base/clock.h common/base/daemon.h common/base/conf.h common/base/log.h
common/base/ident.h unistd.h fcntl.h poll.h netdb.h ev.h sys/socket.h sys/stat.h sys/random.h'

# includes ROOT FOLDER: lines "file:header:kind" for each include of that folder
includes()
{
	(cd "$1" 2>/dev/null || exit 0
	[ -d "$2" ] || exit 0
	find "$2" -name '*.[ch]' -exec grep -H '^[[:space:]]*#[[:space:]]*include' {} + |
	    sed -n -e 's/^\([^:]*\):[^<"]*<\([^>]*\)>.*/\1:\2:outside/p' \
	        -e 's/^\([^:]*\):[^<"]*"\([^"]*\)".*/\1:\2:ours/p')
}

# wrong_floor ROOT FOLDER ALLOWED...: includes that lean the wrong way
wrong_floor()
{
	root=$1 folder=$2
	shift 2
	includes "$root" "$folder" | while IFS=: read -r file header kind; do
		dir=${header%/*}
		case " common/base common/wire common/store policy thing registry provisioning desk kithd tests " in
		*" $dir "*) ;;
		*)
			# a header of ours without its folder hides where it leads
			[ "$dir" != "$header" ] || [ "$kind" = outside ] || [ "$header" = config.h ] ||
			    echo "$file: \"$header\" without its folder"
			continue ;;
		esac
		case " $folder $* " in
		*" $dir "*) ;;
		*) echo "$file: $header" ;;
		esac
	done
}

# wrong_owner ROOT HEADER OWNER...: files that may not include that header
wrong_owner()
{
	root=$1 pattern=$2
	shift 2
	for folder in common policy thing registry provisioning desk kithd; do
		includes "$root" "$folder"
	done | while IFS=: read -r file header kind; do
		# shellcheck disable=SC2254 # the pattern is meant as one
		case $header in
		$pattern) ;;
		*) continue ;;
		esac
		for owner in "$@"; do
			# shellcheck disable=SC2254
			case $file in
			$owner) continue 2 ;;
			esac
		done
		echo "$file: $header"
	done
}

impure_policy()
{
	includes "$1" policy | while IFS=: read -r file header kind; do
		case " $(echo $impure) " in
		*" $header "*) echo "$file: $header" ;;
		esac
	done
}

# every_fault ROOT: all of the above at once
every_fault()
{
	echo "$floors" | while IFS=: read -r folder allowed; do
		# shellcheck disable=SC2086 # a list of words
		[ -z "$folder" ] || wrong_floor "$1" "$folder" $allowed
	done
	set -f
	echo "$owners" | while IFS=: read -r header files; do
		# shellcheck disable=SC2086
		[ -z "$header" ] || wrong_owner "$1" "$header" $files
	done
	set +f
	impure_policy "$1"
}

n=0
failed=0
# case_is DESCRIPTION FAULTS: ok when FAULTS is empty
case_is()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$2" | sed 's/^/# /'
		failed=1
	fi
}

# planted FILE HEADER: this include in a tree of its own must be found
planted()
{
	copy=$(mktemp -d) || exit 99
	mkdir -p "$copy/${1%/*}"
	echo "#include \"$2\"" > "$copy/$1"
	faults=$(every_fault "$copy")
	rm -rf "$copy"
	case $faults in
	*"$1"*) case_is "a planted $2 in $1 is found" "" ;;
	*) case_is "a planted $2 in $1 is found" "it was not" ;;
	esac
}

set -f
while IFS=: read -r folder allowed; do
	# shellcheck disable=SC2086
	[ -z "$folder" ] || case_is "$folder uses only what is below it" \
	    "$(wrong_floor "$tree" "$folder" $allowed)"
done <<END
$floors
END
while IFS=: read -r header files; do
	# shellcheck disable=SC2086
	[ -z "$header" ] || case_is "$header is included only by$files" \
	    "$(wrong_owner "$tree" "$header" $files)"
done <<END
$owners
END
set +f
case_is "policy has no clock, no I/O and no log" "$(impure_policy "$tree")"

planted common/base/x.c common/wire/ns.h
planted common/wire/x.h common/store/store.h
planted common/store/x.c common/wire/stanza.h
planted policy/x.c common/store/store.h
planted policy/x.c common/base/clock.h
planted thing/x.c policy/policy.h
planted registry/x.c provisioning/serve.h
planted registry/x.c desk/desk.h
planted provisioning/x.c registry/serve.h
planted desk/x.c thing/thing.h
planted kithd/x.c thing/thing.h
planted common/wire/route.c strophe.h
planted registry/thing_store.c sqlite3.h
planted desk/x.c openssl/evp.h

echo "1..$n"
exit $failed
