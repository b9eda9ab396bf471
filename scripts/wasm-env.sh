#!/usr/bin/env bash
# Runs a command with the wasm tools that scripts/setup.sh has installed in front of PATH, and with the toolchain that it
# has built from Debian's sources when the compiler in PATH has no std for wasm32.
#
# usage: scripts/wasm-env.sh COMMAND [ARGUMENT…]
set -euo pipefail

readonly TOOLS=${POSTFUN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/postfun/tools}
export PATH="$TOOLS/bin:$PATH"

own_std() {
  compgen -G "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib/libstd-*.rlib" >/dev/null
}

if [ -x "$TOOLS/web-toolchain/bin/rustc" ] && { [ -n "${POSTFUN_WASM_FALLBACK:-}" ] || ! own_std; }; then
  unset RUSTUP_TOOLCHAIN
  export PATH="$TOOLS/web-toolchain/bin:$PATH"
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=rust-lld
fi
exec "$@"
