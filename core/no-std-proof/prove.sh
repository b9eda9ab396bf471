#!/bin/sh
# Proves that postfun-core needs no std: a program with its own panic handler takes it in, and the same program with
# one crate more, which has std, is refused for exactly that reason. Exits non-zero when either half fails.
set -eu
cd "$(dirname "$0")"

# The same versions as the workspace: cargo drops from the copy what is not needed here.
cp ../../Cargo.lock Cargo.lock

cargo check --quiet

if output=$(cargo check --quiet --features with-std 2>&1); then
    echo "no_std proof: a crate with std was let through, so the proof proves nothing" >&2
    exit 1
fi
case $output in
*'error[E0152]'*panic_impl*) ;;
*)
    echo "no_std proof: the counter-example failed for another reason than a second panic handler:" >&2
    echo "$output" >&2
    exit 1
    ;;
esac
echo "no_std proof: postfun-core needs no std, and a crate that does is refused"
