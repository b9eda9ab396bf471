#!/usr/bin/env bash
# Runs the long counts of every drill, and writes what they print into the table in README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly OUT=target/drill.txt
POSTFUN_DRILL=1 cargo test --locked --workspace --test it -- --nocapture drill | tee "$OUT"
node scripts/drill-table.mjs "$OUT"
