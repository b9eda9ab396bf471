#!/bin/sh
# Runs each fuzz target for the given number of seconds (60), or only the targets named behind it:
#   core/fuzz/run.sh 300 event_json npub
# Needs a nightly compiler; cargo-fuzz is installed beside Postfun's other tools when it is missing. New inputs are
# kept in core/fuzz/corpus, an input that breaks a target in core/fuzz/artifacts. Exits non-zero when one was found.
set -eu
cd "$(dirname "$0")"

seconds=${1:-60}
[ $# -eq 0 ] || shift
tools=${POSTFUN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/postfun/tools}
PATH="$tools/bin:$PATH"
export PATH

if ! rustc +nightly --version >/dev/null 2>&1; then
    echo "fuzz: needs a nightly compiler: rustup toolchain install nightly --profile minimal" >&2
    exit 1
fi
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --root "$tools"

# The same versions as the workspace, where a target needs what the workspace has.
[ -e Cargo.lock ] || cp ../../Cargo.lock Cargo.lock
cd ..
cargo +nightly fuzz build

[ $# -gt 0 ] || set -- $(cd fuzz/fuzz_targets && ls -- *.rs | sed 's/\.rs$//')
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=
for target; do
    mkdir -p "fuzz/corpus/$target"
    dictionary=
    [ ! -e "fuzz/dict/$target.dict" ] || dictionary="-dict=fuzz/dict/$target.dict"
    # shellcheck disable=SC2086 # no dictionary is no argument
    if cargo +nightly fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
        $dictionary >"$log" 2>&1; then
        inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "fuzz: $target: $inputs inputs in $seconds s, nothing found"
    else
        failed="$failed $target"
        cat "$log" >&2
    fi
done
if [ -n "$failed" ]; then
    echo "fuzz: broken:$failed; the inputs are in core/fuzz/artifacts" >&2
    exit 1
fi
