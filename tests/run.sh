#!/bin/bash
# Everything a change must pass, on a bare Debian 12 (root or sudo for packages):
#
#   tests/run.sh            packages, lint, builds, all tests, sanitizers, a summary
#   tests/run.sh dev        only the named parts: lint dev asan tsan release
#
#   dev      gcc, every test                     asan   clang, address and undefined: unit,
#   release  gcc -O2, programs: its warnings            contract, integration
#                                                tsan   clang, thread: tests labelled threads
#
# While the tests of one part run, the next part is being built. Everything goes
# to build/; what the tests write lies in memory where there is plenty, else in
# $TMPDIR. VESTNIK_NO_PACKAGES=1 installs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
started=$SECONDS
parts=("$@")
[ $# -gt 0 ] || parts=(lint dev asan tsan release)
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }
say() { printf '\n[%3d s] %s\n' $((SECONDS - started)) "$*"; }

mkdir -p build
failed=()
summary=()

# Stores and logs of a thousand beds are synced to a disk that is also being built
# on: a commit may then take ten seconds, which is where a store gives up waiting.
scratch=
at_end() {
	[ -z "$scratch" ] || rm -rf "$scratch"
}
trap at_end EXIT
trap "exit 143" INT TERM
memory_for_scratch() {
	local need=$((8 * 1024 * 1024)) # KiB
	[ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] &&
		[ "$(df --output=avail /dev/shm | tail -1)" -gt $need ] &&
		[ "$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)" -gt $need ]
}
if memory_for_scratch; then
	scratch=$(mktemp -d /dev/shm/vestnik-tests-XXXXXX)
	chmod 755 "$scratch" # PostgreSQL runs as its own user
	export TMPDIR=$scratch
fi

# ---- the environment -----------------------------------------------------------------
environment() {
	[ -n "${VESTNIK_NO_PACKAGES:-}" ] || deploy/install-packages.sh --tests
	local python=build/test-env made=build/test-env/.made
	if [ ! -e $made ] || ! cmp -s tests/support/requirements.txt $made; then
		python3 -m venv $python
		$python/bin/pip --quiet --disable-pip-version-check install -r tests/support/requirements.txt
		cp tests/support/requirements.txt $made
	fi
	local node=build/test-env/node
	if ! cmp -s tests/support/node/package-lock.json $node/package-lock.json ||
		[ ! -d $node/node_modules/playwright-core ]; then
		mkdir -p $node
		cp tests/support/node/package.json $node/
		cp tests/support/node/package-lock.json $node/package-lock.new
		mv $node/package-lock.new $node/package-lock.json
		npm ci --prefix $node --ignore-scripts --no-audit --no-fund --loglevel=error >build/npm.log 2>&1 || {
			rm -f $node/package-lock.json
			cat build/npm.log >&2
			return 1
		}
	fi
	kafka_environment
}

# The broker's jars, some 50 MB, from Maven's repository: once.
kafka_environment() {
	local place=build/test-env/kafka attempt
	if cmp -s tests/support/kafka/pom.xml $place/.made; then
		return
	fi
	rm -rf $place
	mkdir -p $place
	cp tests/support/kafka/pom.xml $place/pom.xml
	for attempt in 1 2 3 4; do
		if timeout 600 mvn -B -q -f $place/pom.xml dependency:copy-dependencies >build/maven.log 2>&1; then
			build/test-env/bin/python3 tests/support/kafka.py --prepare
			cp $place/pom.xml $place/.made
			return
		fi
		echo "Maven, attempt $attempt: $(grep -m1 ERROR build/maven.log | cut -c1-300)"
		sleep $((attempt * 5))
	done
	cat build/maven.log >&2
	return 1
}

# ---- building and running ---------------------------------------------------------------
build() { # preset, jobs
	local target=all
	[ "$1" != tsan ] || target=threads
	[ "$1" != release ] || target=programs
	{
		cmake --preset "$1" && nice cmake --build --preset "$1" --target $target -j"$2"
	} >"build/$1.build.log" 2>&1
}
must_be_built() { # preset; status of its build
	if [ "$2" != 0 ]; then
		grep -E 'error|warning|FAILED' -A5 "build/$1.build.log" | head -60 || tail -20 "build/$1.build.log"
		failed+=("$1: the build")
		summary+=("$1: does not build, see build/$1.build.log")
		return 1
	fi
}

# Sanitizers write one file per process, also those of services whose output a
# test does not look at; a file there is a failure even when every test passed.
sanitizer_options() { # preset
	local reports=$PWD/build/$1/reports
	local common="log_path=$reports/report:print_stacktrace=1:symbolize=1"
	export ASAN_OPTIONS="$common:detect_leaks=1:abort_on_error=0"
	export UBSAN_OPTIONS="$common"
	export TSAN_OPTIONS="$common:second_deadlock_stack=1:halt_on_error=0"
	export ASAN_SYMBOLIZER_PATH=/usr/lib/llvm-14/bin/llvm-symbolizer
	export TSAN_SYMBOLIZER_PATH=$ASAN_SYMBOLIZER_PATH
}
# The end of what each failed test printed: who sees only this output can still tell why.
failures_said() { # log of ctest
	awk '
		function tell(i) {
			for (i = n > 25 ? n - 24 : 1; i <= n; i++)
				print "  | " substr(line[i], 1, 300)
			n = 0
		}
		/^ *[0-9]+\/[0-9]+ Test +#/ || /^ +Start +[0-9]+:/ || /^[0-9]+% tests passed/ {
			tell()
			told = /\*\*\*(Failed|Timeout|Exception)/
			if (told)
				print
			next
		}
		told { line[++n] = $0 }' "$1"
}
check() { # preset, then arguments of ctest
	local preset=$1 log=build/$1.test.log began=$SECONDS rc=0
	shift
	rm -rf "build/$preset/reports"
	mkdir -p "build/$preset/reports"
	(
		[ "$preset" = dev ] || sanitizer_options "$preset"
		# what does not use a processor (waits, timeouts) overlaps; chaos wants the machine
		ctest --test-dir "build/$preset" -j"$jobs" --output-on-failure --no-tests=error \
			--output-junit "$PWD/build/$preset.xml" "$@"
	) >"$log" 2>&1 || rc=$?
	local total lost skipped
	total=$(grep -oE '[0-9]+ tests failed out of [0-9]+' "$log" | grep -oE '[0-9]+$' || echo 0)
	lost=$(grep -oE '[0-9]+ tests failed out of' "$log" | grep -oE '^[0-9]+' || echo "?")
	skipped=$(grep -cE '\*\*\*Skipped' "$log" || true)
	[ "$rc" = 0 ] || failed+=("$preset: $lost of $total tests")
	summary+=("$preset: $total tests, $lost failed, $skipped skipped, $((SECONDS - began)) s")
	grep -E '\*\*\*(Skipped|Failed|Timeout|Not Run|Exception)' "$log" || true
	[ "$rc" = 0 ] || {
		failures_said "$log"
		sed -n '/The following tests FAILED/,$p' "$log"
		echo "all that they said: $log"
	}
	local reports
	reports=$(find "build/$preset/reports" -type f -size +0 2>/dev/null || true)
	if [ -n "$reports" ]; then
		failed+=("$preset: sanitizer reports")
		summary+=("$preset: sanitizer reports: $(wc -l <<<"$reports")")
		echo "what the sanitizer said (whole reports: build/$preset/reports):"
		xargs grep -hE '^(SUMMARY|==[0-9]+==ERROR|WARNING: ThreadSanitizer|.*runtime error)' <<<"$reports" |
			sed 's/^==[0-9]*==//' | sort | uniq -c | sort -rn | head -20
	fi
}

# ---- in order ------------------------------------------------------------------------------
# In a function, so that bash has read all of it before it begins: the file may
# change under a run that takes a quarter of an hour.
main() {
	say "environment"
	environment

	if wants lint; then
		say "lint"
		tests/lint.sh || failed+=("lint")
	fi

	builds=()
	for part in dev asan tsan release; do
		! wants $part || builds+=("$part")
	done
	builder=
	if [ ${#builds[@]} -gt 0 ]; then
		say "building ${builds[0]}"
		built=0
		build "${builds[0]}" "$jobs" || built=$?
	fi
	for i in "${!builds[@]}"; do
		part=${builds[$i]}
		if [ -n "$builder" ]; then
			say "waiting for the build of $part"
			built=0
			wait "$builder" || built=$?
			builder=
		fi
		next=${builds[$((i + 1))]:-}
		if [ -n "$next" ]; then
			build "$next" "$jobs" &
			builder=$!
		fi
		must_be_built "$part" "$built" || continue
		case $part in
		dev)
			say "tests: dev (meanwhile ${next:-nothing} is built)"
			check dev
			;;
		asan)
			say "tests: asan (meanwhile ${next:-nothing} is built)"
			check asan -L 'unit|contract|integration' -LE 'chaos|bench|once'
			;;
		tsan)
			say "tests: tsan (meanwhile ${next:-nothing} is built)"
			check tsan -L threads
			;;
		release) summary+=("release: builds without a warning") ;;
		esac
	done

	say "summary"
	printf '  %s\n' "${summary[@]}"
	if [ ${#failed[@]} -gt 0 ]; then
		printf 'FAILED: %s\n' "${failed[@]}"
		echo "$((SECONDS - started)) s; not everything passed"
		exit 1
	fi
	total=$(printf '%s\n' "${summary[@]}" | { grep -oE '[0-9]+ tests' || true; } | awk '{n += $1} END {print n + 0}')
	echo "100% tests passed, 0 tests failed out of $total ($((SECONDS - started)) s)"
}

main
exit
