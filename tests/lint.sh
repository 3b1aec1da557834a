#!/bin/bash
# House rules no compiler knows. Prints each breach as file:line: rule; exit 1 if any.
set -euo pipefail
cd "$(dirname "$0")/.."

breaches=0
breach() { # from "file:line:text" lines on standard input
	while IFS= read -r line; do
		printf '%s: %s\n' "$(cut -d: -f1,2 <<<"$line")" "$1"
		breaches=$((breaches + 1))
	done
}

mapfile -t sources < <(git ls-files --cached --others --exclude-standard 'common/*.[ch]' 'services/*.[ch]')
mapfile -t tests < <(git ls-files --cached --others --exclude-standard 'tests/*.[ch]')

# C without its comments, as file:line:text
without_comments() {
	awk 'FNR == 1 { inside = 0 }
	{
		text = $0; out = ""
		while (text != "") {
			if (inside) {
				end = index(text, "*/")
				if (end == 0) { text = ""; break }
				text = substr(text, end + 2); inside = 0
			} else if (match(text, /^("(\\.|[^"\\])*"|\x27(\\.|[^\x27\\])*\x27)/)) {
				out = out "\"\""; text = substr(text, RLENGTH + 1)
			} else if (substr(text, 1, 2) == "/*") {
				inside = 1; text = substr(text, 3)
			} else if (substr(text, 1, 2) == "//") {
				break
			} else {
				out = out substr(text, 1, 1); text = substr(text, 2)
			}
		}
		if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
	}' "$@"
}
code=$(mktemp)
test_code=$(mktemp)
trap 'rm -f "$code" "$test_code"' EXIT
without_comments "${sources[@]}" >"$code"
without_comments "${tests[@]}" >"$test_code"

# ---- functions ---------------------------------------------------------------------
breach "banned function: it does not know how large its target is, or needs a shell" < <(
	grep -E '(^|[^_[:alnum:]])(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|system|popen|tmpnam|mktemp)[[:space:]]*\(' "$code" || true)
breach "bare allocation: use base/xalloc.h" < <(
	grep -E '(^|[^_[:alnum:].>])(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf)[[:space:]]*\(' "$code" |
		grep -v '^common/base/xalloc\.c:' || true)
breach "write strcmp(a, b) == 0" < <(
	cat "$code" "$test_code" | grep -E '![[:space:]]*(str(n|case|ncase)?cmp|memcmp)[[:space:]]*\(' || true)
breach "no typedef of a struct" < <(cat "$code" "$test_code" | grep -E 'typedef[[:space:]]+struct' || true)

# ---- each outside library has one home (the design, section 3) -------------------------
home() { # header pattern, path pattern
	breach "this library's home is $2" < <(
		grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$1" "${sources[@]}" | grep -vE "^($2)" || true)
}
home '(csv|iconv|expat)\.h>' 'common/table/'
home 'zip\.h>' 'common/table/|common/report/(case|verify)\.c|common/compose/archive\.c'
home 'sqlite3\.h>' 'common/store/db_sqlite'
home '(postgresql/)?libpq' 'common/store/db_postgres'
home 'librdkafka/' 'common/bus/bus_kafka'
home 'yaml\.h>' 'common/settings/'
home 'cmark' 'common/letter/'
home '(libical/|ical)' 'common/calendar/'
home 'idn2\.h>' 'common/base/'
home 'systemd/' 'common/daemon/'
home 'microhttpd\.h>' 'common/web/'
home 'gmime/' 'services/intake/'
home '(libesmtp|auth-client)\.h>' 'services/mailer/'
home 'openssl/' 'services/mailer/'
home 'curl/' 'services/(mailer|notifier|intake)/'

# ---- files -----------------------------------------------------------------------------
for file in "${sources[@]}"; do
	lines=$(wc -l <"$file")
	[ "$lines" -le 800 ] || breach "$lines lines: split it (at most 800)" <<<"$file:1:"
done
for file in "${tests[@]}"; do # tables of cases run longer
	lines=$(wc -l <"$file")
	[ "$lines" -le 1000 ] || breach "$lines lines: split it (at most 1000)" <<<"$file:1:"
done
for file in "${sources[@]}"; do
	case $file in
	services/*) ;;
	*)
		breach "common/ never includes services/" < <(
			grep -nHE '#include "(planner|mailer|ledger|notifier|intake|portal|console|cli)/' "$file" || true)
		;;
	esac
done
breach "a folder of somebody's machine" < <(
	git grep -nIE '(^|[^[:alnum:]_.])/(wor[k]|home/[a-z]|root)/' -- . ':!*package-lock.json' || true)

[ "$breaches" = 0 ] || { echo "lint: $breaches breaches" >&2; exit 1; }
echo "lint: ${#sources[@]} files of the house and ${#tests[@]} of the tests keep the rules"
