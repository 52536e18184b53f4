#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `make check`: builds, runs every test suite and adds up what they themselves counted.
#   tools/check.sh [SUITE…]    deps build unit san fuzz golden formats tui po install layers shell shim e2e net loop vm; none: all
# FUZZ_SECONDS=10 for each fuzzer; O=.output; a failing suite does not stop the others, a failing build does.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-.output}
FUZZ_SECONDS=${FUZZ_SECONDS:-10}
JOBS=-j$(nproc)
PASSED=0 FAILED=0 SKIPPED=0
log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
trap 'exit 130' INT TERM HUP

count() { ((PASSED += $1, FAILED += $2, SKIPPED += $3)); }
fails() { echo "FAIL $1" | tee -a "$log/failed"; count 0 1 0; }
bad() { fails "$1"; tail -n "${3:-40}" "$2"; }

# A suite that ends with "N passed, N failed, N skipped": shown as it runs, then counted
counted() {	# NAME CMD…
	local name=$1 rc last; shift
	"$@" 2>&1 | tee "$log/$name" | grep -vE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'
	rc=${PIPESTATUS[0]}
	last=$(tail -n 1 "$log/$name")
	grep '^FAIL' "$log/$name" >>"$log/failed"
	if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
		((rc == 0 || BASH_REMATCH[2] > 0)) || fails "$name (status $rc)"
	else
		fails "$name (status $rc, no result)"
	fi
}

must_make() { make -s "$JOBS" O="$1" "${@:2}" >"$log/make" 2>&1 || { bad "make ${*:2}" "$log/make"; return 1; }; }

# cmocka's own numbers: "[==========] N test(s) run.", "[  PASSED  ] N …", "[  FAILED  ] N …", "[  SKIPPED ] N …"
unit_one() {	# NAME PROGRAM
	local rc n=(0 0 0) i=0 word
	timeout 300 "$2" >"$log/unit" 2>&1; rc=$?
	for word in PASSED FAILED SKIPPED; do
		n[i++]=$(sed -n "s/^\[  *$word  *\] \([a-zA-Z_0-9]*: \)\{0,1\}\([0-9][0-9]*\) test(s).*/\2/p" "$log/unit" |
			awk '{ s += $1 } END { print s + 0 }')
	done
	if ((rc != 0 && n[1] == 0)) || ((n[0] + n[1] + n[2] == 0)); then
		bad "$1 (status $rc)" "$log/unit"
		return
	fi
	count "${n[@]}"
	if ((n[1] > 0)); then echo "FAIL $1" | tee -a "$log/failed"; tail -n 60 "$log/unit"
	else printf 'ok   %s (%d)\n' "$1" "${n[0]}"; fi
}

suite_deps() {
	tools/install-deps.sh || exit 1
	# guests ask for root as well
	[[ $(id -u) != 0 ]] || tools/install-deps.sh vm || exit 1
}
suite_build() { must_make "$O" all || { result; exit 1; }; }
suite_unit() {	# [OUTPUT SUFFIX MAKE-ARG…]
	local out=${1:-$O} p
	must_make "$out" "${@:3}" unit tools || return
	for p in tests/unit/test_*.c; do
		p=$(basename "$p" .c)
		[[ ! -x $out/tests/unit/$p ]] || unit_one "$p${2:-}" "$out/tests/unit/$p"
	done
}
suite_san() { suite_unit "$O-san" ' (ASan, UBSan)' SAN=1; }

suite_fuzz() {
	local f d name corpus
	must_make "$O" fuzz || return
	for f in "$O"/tests/fuzz/fuzz_*; do
		[[ -x $f && ! -d $f && $f != *.d ]] || continue
		name=$(basename "$f")
		mkdir -p "$log/$name" "$log/new-$name"
		# the corpus in the tree is read, what is found goes elsewhere
		corpus=()
		for d in "tests/fuzz/corpus/$name" "tests/fuzz/corpus/${name#fuzz_}"; do
			[[ ! -d $d ]] || corpus+=("$d")
		done
		[[ $name != fuzz_log ]] || corpus+=(tests/golden-logs/*/)
		if "$f" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$log/" \
			"$log/new-$name" "${corpus[@]}" >"$log/$name.log" 2>&1; then
			echo "ok   $name ($(sed -n 's/^Done \([0-9]* runs\).*/\1/p' "$log/$name.log"))"
			count 1 0 0
		else
			bad "$name" "$log/$name.log" 60
			mkdir -p "$O/fuzz"; cp "$log"/{crash,timeout,oom,leak}-* "$O/fuzz/" 2>/dev/null
		fi
	done
}

suite_golden() { [[ ! -x tests/golden/run ]] || BUILD=$O counted golden tests/golden/run; }
# What other people's programs say of each format
suite_formats() { must_make "$O" all tools && BUILD=$O counted formats tests/formats/run; }
suite_tui() { BUILD=$O counted tui tests/tui/run; }
suite_po() { must_make "$O" all && BUILD=$O counted po tests/po/run; }
suite_install() { must_make "$O" all && BUILD=$O counted install tests/install/run; }
# Programs with the preloaded library and without
suite_shim() { must_make "$O" all && BUILD=$O counted shim tests/shim/run; }
suite_layers() { counted layers tools/check-layers.sh; }
suite_shell() {
	local f
	while read -r f; do
		[[ $f == *.sh ]] || { [[ -x $f ]] && head -n 1 "$f" | grep -qE '^#!.*\b(ba|da)?sh\b'; } || continue
		if shellcheck -x "$f" >"$log/shell" 2>&1; then count 1 0 0; else bad "shellcheck $f" "$log/shell"; fi
	done < <(git ls-files -co --exclude-standard 2>/dev/null || find .ci tools tests -type f)
}
suite_e2e() {
	must_make "$O" all && ZTRACE=$O/ztrace counted e2e tests/e2e/run
}
# Failures of the network, in namespaces of their own
suite_net() {
	must_make "$O" all && O=$O counted net tests/net/run
}
# The first help of many failing builds, followed by a machine
suite_loop() {
	must_make "$O" all tools && counted loop python3 tests/e2e/loop.py "$O/ztrace" "$O/tools/oombox"
}
# Real kernels in guests: some scenarios; `make check-vm` has them all
suite_vm() {
	must_make "$O" all && counted vm tests/vm/run subset
}

# What failed once more: of a long log often the end is all that is seen
result() {
	[[ ! -s $log/failed ]] || { echo '== failed'; cat "$log/failed"; }
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
}

[[ $# -gt 0 ]] || set -- deps build unit san fuzz golden formats tui po install layers shell shim e2e net loop vm
for suite; do
	declare -F "suite_$suite" >/dev/null || { sed -n '4s/^# *//p' "$0" >&2; exit 2; }
	echo "== $suite"
	"suite_$suite"
done
result
[[ $FAILED == 0 ]]
