#!/bin/sh
# Builds the npm package into wasm/pkg, unless it is newer than everything it is made of.
#
# Needs cargo with the target wasm32-unknown-unknown, wasm-pack, the wasm-bindgen of the locked version, Node and npm.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
pkg=$here/pkg
built=$root/target/wasm-pkg
PATH=${POSTFUN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/postfun/tools}/bin:$PATH
export PATH

is_fresh() {
  [ -f "$pkg/package.json" ] || return 1
  newer=$(find "$root/core/src" "$root/core/Cargo.toml" "$here/src" "$here/js" "$here/Cargo.toml" \
    "$here/package.json" "$here/assemble.mjs" "$here/build.sh" "$here/README.md" "$root/LICENSE" \
    "$root/Cargo.toml" "$root/Cargo.lock" "$root/.cargo" "$root/rust-toolchain.toml" \
    -newer "$pkg/package.json" -print 2>/dev/null | head -n 1)
  [ -z "$newer" ]
}

if is_fresh; then
  exit 0
fi

cd "$here"
if [ ! -x node_modules/.bin/wasm-opt ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund
fi

# A RUSTFLAGS variable would replace the flag in .cargo/config.toml that makes signatures 2.6 times as fast. The paths
# of this machine would stand in the package, in messages that nobody sees.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS
remapped="'--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo', '--remap-path-prefix=$root=postfun'"
build() { # build <feature> <name>: one WebAssembly module and the JavaScript that wasm-bindgen writes for it
  wasm-pack build --target web --release --no-pack --out-dir "$built/$1" --out-name "$2" -- \
    --no-default-features --features "$1" --config "target.wasm32-unknown-unknown.rustflags = [$remapped]"
  node_modules/.bin/wasm-opt -Os --enable-bulk-memory --enable-bulk-memory-opt --enable-multivalue \
    --enable-mutable-globals --enable-nontrapping-float-to-int --enable-reference-types --enable-sign-ext \
    --output "$built/$1/$2_opt.wasm" "$built/$1/$2_bg.wasm"
}
build main postfun
build bolt11 postfun_bolt11
node assemble.mjs "$built" "$pkg"
