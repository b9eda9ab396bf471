#!/usr/bin/env bash
# Measures everything that the README says about speed, each figure against its named peer in the same run, and writes
# BENCHMARKS.json and the table in README.md. Nothing else should run on the machine meanwhile. With the names of some
# parts it measures those alone and only prints their figures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly OUT=target/bench SERVER=target/release/postfun LOAD=target/demo/postfun-bench
readonly ALL=(native wasm quote swaps sqlite size streams)
mkdir -p "$OUT"

native() { cargo bench --quiet --locked -p postfun-core --bench verify | tee "$OUT/native.txt"; }
wasm() { (cd wasm && node bench/run.mjs --json "../$OUT/wasm.json"); }
quote() { "$LOAD" quote "$SERVER" "$OUT/quote.json"; }
swaps() { "$LOAD" swaps "$SERVER" "$OUT/swaps.json"; }
sqlite() { "$LOAD" sqlite "$OUT/sqlite.json"; }
size() { "$LOAD" size "$OUT/size.json"; }
streams() { (ulimit -n "$(ulimit -Hn)" && "$LOAD" streams "$SERVER" "$OUT/streams.json"); }

declare -A SAYS=(
  [native]='native verification against libsecp256k1'
  [wasm]='the npm package against its peers'
  [quote]='a fresh install, and quotes against a bare axum handler'
  [swaps]='swaps of one pool on PostgreSQL against pgbench'
  [sqlite]='swaps of one pool on SQLite against a commit for each'
  [size]='swaps with a million trades against an empty database'
  [streams]='two thousand idle readers of a stream'
)

parts=("${@:-${ALL[@]}}")
for part in "${parts[@]}"; do
  [[ -v SAYS[$part] ]] || { echo "bench: there is no part '$part'; the parts are: ${ALL[*]}" >&2; exit 2; }
done

echo 'bench: building (a few minutes)' >&2
cargo build --quiet --locked --release -p postfun-server
cargo build --quiet --locked --profile demo -p postfun-tests --bin postfun-bench
for part in "${parts[@]}"; do
  echo "bench: ${SAYS[$part]}" >&2
  "$part"
done
[[ $# -gt 0 ]] || node scripts/bench-table.mjs "$OUT"
