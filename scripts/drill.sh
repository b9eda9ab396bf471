#!/usr/bin/env bash
# Runs the long counts of every drill, and writes what they print into the tables in README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly OUT=target/drill.txt
export POSTFUN_DRILL=1
cargo test --locked --workspace --test it -- --nocapture drill --skip drill::crowd | tee "$OUT"
# One engine after the other and nothing beside: these figures are about time.
cargo test --locked --workspace --test it -- --nocapture --test-threads=1 drill::crowd | tee -a "$OUT"
node scripts/drill-table.mjs "$OUT"
