#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-lists: what stands in a folder stands in its list as well, and a setting
# in its manual page: what is in one only is not built, not run or not known.

tree=${top_srcdir:-.}
n=0
failed=0

# listed FILE WORDS...: each word stands in the file, between blanks or at an end.
listed() {
	list=$1
	missing=
	shift
	for word; do
		tr '\t ' '\n\n' <"$tree/$list" | grep -Fqx -- "$word" || missing="$missing $word"
	done
	n=$((n + 1))
	if [ -z "$missing" ]; then
		echo "ok $n - $list: all of $#"
	else
		echo "not ok $n - $list: all of $#"
		echo "# not there:$missing"
		failed=1
	fi
}

# of FOLDER PATTERN: the names as a list writes them.
of() {
	(cd "$tree/$1" && find . -maxdepth 1 -name "$2" | sed "s,^\./,$3," | LC_ALL=C sort)
}

# keys TABLE PAGE: every setting of the table has an item in the page.
keys() {
	missing=
	n=$((n + 1))
	for key in $2; do
		grep -Eq "^\.It (Cm|Ic) $key( |$)" "$tree/$3" || missing="$missing $key"
	done
	if [ -n "$2" ] && [ -z "$missing" ]; then
		echo "ok $n - $3 has the keys of $1"
	else
		echo "not ok $n - $3 has the keys of $1"
		echo "# not there:$missing"
		failed=1
	fi
}

listed tests/scenario/Makefile.inc $(of tests/scenario '*.py' '%D%/') $(of tests/scenario/cases '*.case' '%D%/cases/')
listed docs/Makefile.inc $(of docs '*.[1-8]' '%D%/')

# words NAME: what the lists of unit tests put there, variables put in.
words() {
	cat "$tree"/tests/unit/*.inc | sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' |
	    awk -v want="$1" '
	    $2 == "=" || $2 == "+=" {
		for (i = 3; i <= NF; i++)
			if ($1 != want)
				held["$(" $1 ")"] = held["$(" $1 ")"] " " $i
			else if ($i in held)
				print held[$i]
			else
				print $i
	    }'
}

built=" $(words check_PROGRAMS | tr '\n' ' ') "
run=" $(words TESTS | tr '\n' ' ') "
lost=
for program in $(of tests/unit '*_test.c' ''); do
	program=tests/unit/${program%.c}
	case $built in *" $program "*) ;; *) lost="$lost $program" ;; esac
	case $run in *" $program "*) ;; *) lost="$lost $program" ;; esac
done
n=$((n + 1))
if [ -z "$lost" ]; then
	echo "ok $n - every unit test is built and run"
else
	echo "not ok $n - every unit test is built and run"
	echo "# not so:$lost"
	failed=1
fi

for folder in registry provisioning desk policy; do
	listed $folder/Makefile.inc $(of $folder '*.c' '%D%/')
done
keys kithd/kithd_conf.c "$(sed -n 's/^\t{ "[a-z]*", "\([a-z_]*\)",.*/\1/p' "$tree/kithd/kithd_conf.c")" docs/kithd.conf.5
keys thing/thingd_conf.c "$(sed -n 's/^\tROW("\([a-z_]*\)",.*/\1/p' "$tree/thing/thingd_conf.c")" docs/kith-thing.conf.5
echo "1..$n"
exit $failed
