#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-bans: calls that the sources must not make, places they must not name,
# and the line every file begins with.  One TAP case a rule, and each rule is
# tried on a planted line.   usage: check-bans.sh [TREE]
# A line that has to break a rule says so: /* allowed: RULE: why */.

tree=${1:-${top_srcdir:-.}}
folders='common policy registry provisioning desk kithd thing tests docs m4'

# code ROOT: "file:line:text" of every C line outside comments; `allowed:`
# comments stay
code()
{
	(cd "$1" || exit 0
	# shellcheck disable=SC2086
	find $folders -name '*.[ch]' 2>/dev/null | LC_ALL=C sort | while read -r f; do
		awk -v f="$f" '
		{
			line = $0; out = ""
			if (line ~ /\/\* allowed: /) out = line
			while (line != "") {
				if (inside) {
					i = index(line, "*/")
					if (i == 0) break
					inside = 0; line = substr(line, i + 2)
				} else {
					i = index(line, "/*")
					if (i == 0) { out = out line; break }
					out = out substr(line, 1, i - 1)
					inside = 1; line = substr(line, i + 2)
				}
			}
			print f ":" FNR ":" out
		}' "$f"
	done)
}

# calls NAMES: lines of standard input that call one of them
calls()
{
	grep -E "(^|[^A-Za-z0-9_>.\"])($1)[[:space:]]*\\("
}

secretive='[A-Za-z0-9_>.-]*(secret|token|passw|hmac|digest|proof|hash_key|salted)[A-Za-z0-9_]*'

rule_strings() { calls 'strcpy|stpcpy|strcat|strncat|strncpy|sprintf|vsprintf|gets|strtok'; }
rule_numbers() { calls 'atoi|atol|atoll|atof'; }
rule_random() { calls 'rand|srand|random|srandom|drand48|rand_r|RAND_bytes|arc4random'; }
rule_processes() { calls 'system|popen|vfork'; }
rule_memory() { calls 'alloca|__builtin_alloca'; }
rule_malloc()
{
	calls 'malloc|calloc|realloc|reallocarray|strdup|strndup|free|v?asprintf|getline|getdelim|open_memstream' |
	    grep -E '^(common/base|common/wire|thing)/' |
	    grep -vE '^(common/base/mem\.[ch]|thing/examples/)'
}
rule_signals() { calls 'signal'; }
rule_time() { calls 'time|gettimeofday|clock_gettime' | grep -vE '^(common/base/clock\.c|tests/)'; }
rule_sql()
{
	grep -E '(^|[^A-Za-z0-9_])(sqlite3_mprintf|sqlite3_vmprintf|sqlite3_snprintf|sqlite3_get_table)[[:space:]]*\('
}
# sqlite3_exec may run a text that stands in the source, never a built one
rule_sql_exec()
{
	grep -E '(^|[^A-Za-z0-9_])sqlite3_exec[[:space:]]*\(' | grep -vE 'sqlite3_exec\([^,]+, *("|[A-Z_]+,)'
}
# names only: the word may stand in a text
rule_secrets() { sed 's/"[^"]*"/""/g' | grep -E "(memcmp|strcmp|strncmp|str_case_eq)[[:space:]]*\\([^;]*$secretive" | grep -v 'CRYPTO_memcmp'; }
rule_prints_secret() { grep -E "(log_[a-z]+|err_set|err_prefix|buf_addf|printf)[[:space:]]*\\(.*$secretive[A-Za-z_.>-]*->data|secret\\.data.*%s"; }

# apply RULE: what it finds, without lines that are allowed to break it
apply()
{
	"rule_$1" | grep -v "/\* allowed: $1: "
}

n=0
failed=0
case_is()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$2" | head -20 | sed 's/^/# /'
		failed=1
	fi
}

# found RULE LINE: the rule must turn red on this line
found()
{
	if echo "common/base/x.c:1:$2" | apply "$1" | grep -q .; then
		case_is "rule $1 finds: $2" ""
	else
		case_is "rule $1 finds: $2" "it was not found"
	fi
}

# passes RULE LINE
passes()
{
	case_is "rule $1 lets pass: $2" "$(echo "common/base/x.c:1:$2" | apply "$1")"
}

lines=$(mktemp) || exit 99
trap 'rm -f "$lines"' EXIT
code "$tree" > "$lines"
case_is "there are sources to look at" "$([ -s "$lines" ] || echo "none in $tree")"
case_is "strings are copied by checked functions" "$(apply strings < "$lines")"
case_is "numbers are read by checked functions" \
    "$(apply numbers < "$lines" | grep -v '^tests/')"
case_is "randomness comes from ident.h alone" "$(apply random < "$lines" | grep -v '^tests/')"
case_is "no shell is started" "$(apply processes < "$lines")"
case_is "no memory is taken from the stack at run time" "$(apply memory < "$lines")"
case_is "base, wire and thing take memory from mem.h" "$(apply malloc < "$lines")"
case_is "signals arrive through the loop" "$(apply signals < "$lines" | grep -v '^tests/')"
case_is "time comes from clock.h" "$(apply time < "$lines")"
case_is "SQL text is never built" "$(apply sql < "$lines")"
case_is "sqlite3_exec runs texts of the source only" "$(apply sql_exec < "$lines" | grep -v '^tests/')"
case_is "secrets are compared in constant time" "$(apply secrets < "$lines" | grep -v '^tests/')"
case_is "secrets are not printed" "$(apply prints_secret < "$lines")"

# Names of machines and folders that only some of us have.
places='/wo''rk/|/tmp/w''t|/tmp/bui''ld|\.\./sha''red|/ro''ot/'
case_is "no file names a place on somebody's machine" \
    "$(cd "$tree" && grep -rnIE "$places" $folders README.md SECURITY.md configure.ac Makefile.am try check \
    .ci 2>/dev/null | grep -vE '\.(o|lo|la|log|trs)[: ]')"

case_is "every source says its licence" \
    "$(cd "$tree" && find $folders try check .ci/run -type f \( -name '*.[ch]' -o -name '*.sh' \
    -o -name '*.py' -o -perm -100 \) 2>/dev/null | grep -v '/corpus/' | while read -r f; do
	head -5 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f"
    done)"
case_is "no source is longer than 1000 lines" \
    "$(cd "$tree" && find $folders -name '*.[ch]' | grep -v '^tests/' | while read -r f; do
	[ "$(wc -l < "$f")" -le 1000 ] || echo "$f"
    done)"

found strings '	strcpy(a, b);'
found strings '	(void)sprintf(a, "x");'
passes strings '	my_strcpy(a, b); snprintf(a, 3, "x");'
found numbers '	n = atoi(s);'
found random '	return rand ();'
passes random '	strand(x); r->random(x);'
found processes '	system("ls");'
found memory 'p = alloca(n);'
found malloc '	p->name = strdup(name);'
found malloc '	free(p);'
passes malloc '	mem_free(p); x.free(p); pool_strdup(p, s);'
found signals '	signal(SIGTERM, f);'
found time '	now = time(NULL);'
found sql '	q = sqlite3_mprintf("%s", x);'
found sql_exec '	sqlite3_exec(db, text, NULL, NULL, NULL);'
passes sql_exec '	sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);'
found secrets '	if (memcmp(digest, other, 32) == 0)'
found secrets '	if (strcmp(given, conf->password) == 0)'
passes secrets '	if (strcmp(var, "password") == 0)'
passes secrets '	if (strcmp(given, name) == 0) /* allowed: secrets: no */'
found prints_secret '	log_info("it is %s", conf->secret->data);'

echo "1..$n"
exit $failed
