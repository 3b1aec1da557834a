#!/usr/bin/env bash
# tests/bench/run.sh [name [--option value …] …]: runs benchmarks (all by default) against the
# release build and prints a JSON line each, medians of at least three runs:
#   {"bench":"pipeline","value":5120,"unit":"letters/s","reference":"smtp-source -d","reference_value":24100,"ratio":0.21}
# Figures depend on the machine: compare a value with its reference, measured in
# the same run, not with figures of another day.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/release
if [ ! -x "$build/bin/vestnik" ] || [ -z "${VESTNIK_BENCH_NO_BUILD:-}" ]; then
	cmake --preset release >/dev/null
	cmake --build --preset release -j"$(nproc)" >/dev/null
fi
export VESTNIK_BIN=$PWD/$build/bin VESTNIK_SOURCE=$PWD
python=build/test-env/bin/python3 # made by tests/run.sh
[ -x $python ] || python=python3
all=()
for file in tests/bench/bench_*.py tests/bench/bench_*.c; do
	[ -e "$file" ] || continue
	name=$(basename "$file"); name=${name#bench_}; all+=("${name%.*}")
done
if [ "${1:-}" = --list ]; then printf '%s\n' "${all[@]}"; exit; fi
[ $# -gt 0 ] || set -- "${all[@]}"
while [ $# -gt 0 ]; do
	name=$1
	shift
	options=()
	while [ $# -gt 1 ] && [[ $1 == --* ]]; do
		options+=("$1" "$2")
		shift 2
	done
	if [ -e "tests/bench/bench_$name.py" ]; then
		"$python" "tests/bench/bench_$name.py" "${options[@]}"
	elif [ -x "$build/bin/bench_$name" ]; then
		"$build/bin/bench_$name" "${options[@]}"
	else
		echo "no benchmark «$name»; there are: ${all[*]}" >&2
		exit 2
	fi
done
