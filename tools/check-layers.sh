#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who may include whom. Each row: folder; what it may include with "…"; <…> and calls that it must not use.
set -u
cd "$(dirname "$0")/.." || exit 1
CLOCK='time|clock_gettime|gettimeofday|getenv'
FILES='f?open|openat2?|opendir|readlink'
RULES="
include/ztrace  types.h                                     bpf/|stdio|stdlib|string|unistd  -
bpf             ztrace/|[a-z_]+\.h                          std|unistd|linux/                -
user/base       base/                                       bpf/|linux/                      -
user/trace      trace/|base/|ztrace/                        bpf/                             getenv
user/source     source/|trace/|base/|ztrace/|ztrace\.skel\.h|[a-z]+\.skel\.h  -              -
user/builder    builder/|base/|ztrace/                      bpf/|unistd|fcntl|sys/stat       $CLOCK|$FILES
user/ci         ci/|model/model\.h|base/|ztrace/            bpf/|unistd|fcntl|sys/stat       $CLOCK|$FILES
user/label      label/|builder/argvwords\.h|base/|ztrace/  bpf/|unistd|fcntl|sys/stat|time  $CLOCK|$FILES
user/model      model/|label/label\.h|builder/|trace/event\.h|base/|ztrace/  bpf/|unistd|fcntl|sys/stat|time  $CLOCK|$FILES
user/diagnose   diagnose/|label/label\.h|model/model\.h|builder/|ci/|base/|ztrace/  bpf/|unistd|fcntl|sys/stat  $CLOCK|$FILES
user/render     render/|[a-z_]+\.inc|diagnose/report\.h|model/model\.h|builder/|ci/|base/|ztrace/  bpf/|fcntl|sys/stat  $CLOCK|openat2?|opendir
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

echo "$passed passed, $failed failed, 0 skipped"
[[ $failed == 0 ]]
