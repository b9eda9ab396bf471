#!/usr/bin/env bash
# Measures everything that the README says about speed, each figure against its named peer in the same run, and writes
# BENCHMARKS.json and the table in README.md. Nothing else should run on the machine meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly OUT=target/bench
mkdir -p "$OUT"

echo 'bench: building the optimised server (a few minutes)' >&2
cargo build --quiet --locked --release -p postfun-server
cargo build --quiet --locked --profile demo -p postfun-tests --bin postfun-bench
cargo bench --quiet --locked -p postfun-core --bench verify --no-run

echo 'bench: native verification against libsecp256k1' >&2
cargo bench --quiet --locked -p postfun-core --bench verify | tee "$OUT/native.txt"
echo 'bench: the npm package against its peers' >&2
(cd wasm && node bench/run.mjs --json "../$OUT/wasm.json")
echo 'bench: the server against a bare axum handler' >&2
target/demo/postfun-bench target/release/postfun "$OUT/server.json"
node scripts/bench-table.mjs "$OUT"
