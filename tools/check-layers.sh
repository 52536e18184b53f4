#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who may include whom. Each row: folder; what it may include with "…"; <…> and calls that it must not use.
set -u
cd "$(dirname "$0")/.." || exit 1
CLOCK='time|clock_gettime|gettimeofday|getenv'
FILES='f?open|openat2?|opendir|readlink'
RULES="
include/ztrace  (types|event)\.h                            bpf/|stdio|stdlib|string|unistd  -
bpf             ztrace/|[a-z_]+\.h                          std|unistd|linux/                -
user/shim       ztrace/|shim/                               bpf/|stdio|string|pthread  printf|getenv|f?open|read|write|close
user/base       base/|[a-z_]+\.inc                       bpf/|linux/                      -
user/trace      trace/|base/|ztrace/                        bpf/                             getenv
user/log        log/|base/|ztrace/                          bpf/|unistd|fcntl|sys/stat|time  $CLOCK|$FILES
user/source     source/|log/log\.h|trace/|base/|ztrace/|ztrace\.skel\.h|[a-z]+\.skel\.h  -              -
user/builder    builder/|base/|ztrace/                      bpf/|unistd|fcntl|sys/stat       $CLOCK|$FILES
user/ci         ci/|model/model\.h|base/|ztrace/            bpf/|unistd|fcntl|sys/stat       $CLOCK|$FILES
user/label      label/|builder/argvwords\.h|base/|ztrace/  bpf/|unistd|fcntl|sys/stat|time  $CLOCK|$FILES
user/model      model/|label/label\.h|builder/|trace/event\.h|base/|ztrace/  bpf/|unistd|fcntl|sys/stat|time  $CLOCK|$FILES
user/diagnose   diagnose/|label/label\.h|model/model\.h|builder/|ci/|base/|ztrace/  bpf/|unistd|fcntl|sys/stat  $CLOCK|$FILES
user/render     render/|[a-z_]+\.inc|diagnose/report\.h|model/model\.h|builder/|ci/|base/|ztrace/  bpf/|fcntl|sys/stat  $CLOCK|openat2?|opendir
user/view       view/|render/|diagnose/report\.h|model/model\.h|builder/|base/|ztrace/  bpf/|sys/stat  $CLOCK|opendir|readlink
"
passed=0 failed=0
wrong() {	# FOLDER WHAT LINES
	[[ $3 ]] || return 0
	echo "FAIL $1: $2"
	sed 's/^/  /' <<<"$3"
	bad=1
}
verdict() { if [[ $bad ]]; then ((failed++)); else ((passed++)); fi; }

while read -r dir may system calls; do
	[[ -d $dir ]] || continue
	bad=''
	mapfile -t files < <(find "$dir" -maxdepth 1 -name '*.[ch]')
	wrong "$dir" "may include only $may" \
		"$(grep -nE '^[ \t]*#[ \t]*include[ \t]*"' "${files[@]}" /dev/null | grep -vE "include[ \t]*\"($may)")"
	[[ $system == - ]] || wrong "$dir" "must not include $system" \
		"$(grep -nE "^[ \t]*#[ \t]*include[ \t]*<($system)[a-z_/]*\.h>" "${files[@]}" /dev/null |
			grep -vE '<(stdint|stddef|stdbool|bpf/bpf_[a-z_]*)\.h>')"
	[[ $calls == - ]] || wrong "$dir" "must not call $calls" \
		"$(grep -nE "(^|[^a-z0-9_>.\"])($calls)\(" "${files[@]}" /dev/null | grep -vE ':[ \t]*(\*|/\*|//)')"
	verdict
done <<<"$RULES"

bad=''
wrong user 'exit() belongs to main' "$(grep -rnE '(^|[^a-z0-9_])(exit|abort)\(' user --include='*.[ch]' | grep -v '^user/main\.c:' |
	grep -vE ':[ \t]*(\*|/\*|//)')"
wrong user 'session, cmd and main are included by nobody else' \
	"$(grep -rnE 'include "(session\.h|cmd/)' user --include='*.[ch]' | grep -vE '^user/(cmd/|session\.c|main\.c)')"
verdict

# A builder is recognised by a file of its own behind one table, and is told of and tried: client_NAME.c
bad=''
for f in user/builder/client_*.c; do
	name=$(basename "$f" .c) name=${name#client_}
	{ grep -q "client_$name," user/builder/client.c || echo "not in the table of user/builder/client.c"
	grep -qiw "$name" README.md || echo "not in README.md"
	grep -lqE "^# .*\b$name\b" tests/golden/*/trace.zts || echo "no golden case tells of it in its first line"
	# the real one, or a recorded or made up tree that says so
	grep -qwE "scenario ${name}_[a-z_0-9]+|scenario [a-z_0-9]+ ${name}[0-9]*" tests/e2e/*.sh ||
		grep -qE "^# $name, made from" tests/golden/*/trace.zts || echo "no end-to-end case"; } >"${TMPDIR:-/tmp}/.layers.$$"
	wrong "$f" 'is not complete' "$(cat "${TMPDIR:-/tmp}/.layers.$$")"
done
rm -f "${TMPDIR:-/tmp}/.layers.$$"
verdict

# A family of labels likewise: the unit test has a command line of each of its rows, and asks so itself
bad=''
while read -r name; do
	f=user/label/$name.c
	{ [[ -f $f ]] || echo "no file of that name"
	# by the programs of its rows
	programs=$(sed -n '/FAMILY(/,$p' "$f" | grep -o '"[^"]*"' | tr -d '"' | grep -v / | tr ' ' '\n' | grep -E '^[a-z+0-9]{2,}$' | paste -sd'|' | sed 's/+/\\+/g')
	grep -q "^| $name |" README.md || echo "not in the table of README.md"
	grep -q "^| $name |" README.zh-CN.md || echo "not in the table of README.zh-CN.md"
	grep -lqE "\"([^\"]*/)?($programs)(\\.[a-z]+)?\"" tests/golden/*/trace.zts || echo "no golden case has a program of it"
	grep -qE "^[^#]*\b($programs)\b" tests/e2e/{label,real,jvm}.sh || echo "no end-to-end case"; } >"${TMPDIR:-/tmp}/.layers.$$" 2>&1
	wrong "user/label/$name.c" 'is not complete' "$(cat "${TMPDIR:-/tmp}/.layers.$$")"
done < <(sed -n '/label_families\[\] = {/,/}/s/&label_\([a-z]*\),/\n\1\n/gp' user/label/label.c | grep -x '[a-z]\{1,\}')
rm -f "${TMPDIR:-/tmp}/.layers.$$"
verdict

# A renderer of the table is told of and has golden files: text, json and jsonl in every case, the others in three or more
bad=''
formats=$(sed -n '/renderers\[\] = {/,/}/s/.*&render_\([a-z]*\),.*/\1/p' user/render/table.c)
wrong user/render/table.c 'has no renderers' "$([[ $formats ]] || echo 'or is no longer what tools/check-layers.sh reads')"
for name in $formats; do
	grep -q "^| .*\`$name\`" README.md || wrong "renderer $name" 'is not in the table of README.md' "$name"
	grep -q "^| .*\`$name\`" README.zh-CN.md || wrong "renderer $name" 'is not in the table of README.zh-CN.md' "$name"
	golden=(tests/golden/*/expected."${name/#text/txt}")
	[[ ${#golden[@]} -ge 3 ]] || wrong "renderer $name" 'has too few golden files' "${golden[*]}"
done
verdict

# A CI is complete likewise: ci_NAME.c
bad=''
for f in user/ci/ci_*.c; do
	name=$(basename "$f" .c) name=${name#ci_}
	{ grep -q "&ci_$name," user/ci/ci.c || echo "not in the table of user/ci/ci.c"
	grep -qiw "$name" README.md || echo "not in README.md"
	grep -qE "^# $name, made from" "tests/golden/ci-$name/trace.zts" || echo "no golden case ci-$name that says what it was made from"
	grep -q "\"$name\"" tests/unit/test_ci.c || echo "no literal environment of it in tests/unit/test_ci.c"
	grep -qE "ci_tree $name " tests/e2e/ci.sh || echo "no tree of it in tests/e2e/ci.sh"; } >"${TMPDIR:-/tmp}/.layers.$$" 2>/dev/null
	wrong "$f" 'is not complete' "$(cat "${TMPDIR:-/tmp}/.layers.$$")"
done
rm -f "${TMPDIR:-/tmp}/.layers.$$"
verdict

# Every cell of the matrix of builders names an end-to-end case that there is, or says why there is none
bad=''
BUILDKITD=/nonexistent tests/e2e/run -l >"${TMPDIR:-/tmp}/.layers.$$" || wrong tests/e2e/run 'does not list its cases' "status $?"
rows=$(grep -c '^| ' tests/e2e/MATRIX.md)
wrong tests/e2e/MATRIX.md 'has lost its rows' "$( ((rows > 10)) || echo "$rows")"
wrong tests/e2e/MATRIX.md 'has a cell that is neither a case of tests/e2e/run -l nor "none: why"' \
	"$(awk -F' *[|] *' 'FNR == NR { is[$1] = 1; next } /^[|] / && $2 != "builder" && $2 !~ /^-/ {
		if (NF != 9) print "not seven columns: " $2
		for (i = 3; i < NF; i++)
			if ($i !~ /^none: ./ && !($i ~ /^`.*`$/ && substr($i, 2, length($i) - 2) in is)) print $2 ": " $i }' \
		"${TMPDIR:-/tmp}/.layers.$$" tests/e2e/MATRIX.md)"
wrong tests/e2e/matrix.sh 'has a case that is in no cell' \
	"$(awk '/^\t?matrix [a-z'\'']/ { for (i = 4; i <= NF; i++) print $3 "-" $i }' tests/e2e/matrix.sh | tr _ - |
		while read -r name; do grep -qE "\`${name}[\`@]" tests/e2e/MATRIX.md || echo "$name"; done)"
rm -f "${TMPDIR:-/tmp}/.layers.$$"
verdict

# The scenarios share one namespace: a function of another file would silently be replaced
bad=''
wrong tests 'two end-to-end files define the same function' \
	"$(find tests/e2e tests/vm -name '*.sh' ! -perm -u+x -exec grep -ohE '^[a-z_0-9]+\(\)' {} + | sort | uniq -d)"
verdict

echo "$passed passed, $failed failed, 0 skipped"
[[ $failed == 0 ]]
