#!/usr/bin/env bash
# Fetches what the Makefile needs and the machine lacks. Every step looks first and does nothing when nothing is missing,
# says what it does and how long that may take, and stops with one sentence when it cannot go on.
#
# usage: scripts/setup.sh STEP…
#   wasm-target   std for wasm32-unknown-unknown: by rustup, or built with Debian's compiler where that is unreachable
#   wasm-tools    wasm-bindgen of the version in Cargo.lock, and wasm-pack
#   node-deps DIR npm packages of DIR, exactly as its package-lock.json says
#   postgres      the PostgreSQL server binaries that the tests start
#   lnbits        LNbits in a virtual environment of Python, which the tests start
#   chromium      Chromium and its driver for the browser tests
#   deny          cargo-deny
#
# Tools are installed below $POSTFUN_TOOLS (default: ~/.cache/postfun/tools), never into the system, except Debian packages.
set -euo pipefail

readonly ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly TOOLS=${POSTFUN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/postfun/tools}
readonly TARGET=wasm32-unknown-unknown
readonly WASM_PACK_VERSION=0.15.1
readonly CARGO_DENY_VERSION=0.20.2
export PATH="$TOOLS/bin:$PATH"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

need() { # COMMAND HINT
  has "$1" || fail "$1 is missing: $2"
}

# Installs Debian packages as root; anybody else reads which ones are missing.
debian_packages() { # WHY PACKAGE…
  local why=$1
  shift
  if ! has apt-get; then fail "$why: please install $* (Debian's names) with this system's package manager"; fi
  if [ "$(id -u)" -ne 0 ]; then fail "$why: please run 'sudo apt-get install $*'"; fi
  say "$why: installing $* with apt-get (about a minute)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet=2 || say "apt-get update failed, trying with the package lists at hand"
  apt-get install --quiet=2 --yes --no-install-recommends "$@" >/dev/null || fail "apt-get could not install $*"
}

# --- wasm32 target ---------------------------------------------------------------------------------------------------

target_is_there() { # RUSTC
  compgen -G "$("$1" --print sysroot)/lib/rustlib/$TARGET/lib/libstd-*.rlib" >/dev/null
}

wasm_target() {
  need rustc "install Rust's stable toolchain from https://rustup.rs"
  if [ -z "${POSTFUN_WASM_FALLBACK:-}" ]; then
    if target_is_there rustc; then return; fi
    say "adding the target $TARGET with rustup (about 20 MB, a few seconds)"
    if has rustup && rustup target add "$TARGET"; then return; fi
    say "rustup could not fetch it"
  fi
  if [ -x "$TOOLS/web-toolchain/bin/rustc" ] && target_is_there "$TOOLS/web-toolchain/bin/rustc"; then return; fi
  build_web_toolchain
}

# Debian ships a compiler with the sources of its std, from which std for wasm32 can be built. The result is a small
# toolchain of links in $TOOLS/web-toolchain; scripts/wasm-env.sh puts it first in PATH for the wasm build only.
build_web_toolchain() {
  if ! { [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && compgen -G '/usr/src/rustc-*/library/std' >/dev/null; }; then
    debian_packages "no std for $TARGET" rustc-web cargo-web rust-web-src
  fi
  local new=$TOOLS/web-toolchain.new host lld
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  lld=$(find_lld "$host") || fail "no rust-lld found: please install Debian's package lld"
  say "building std for $TARGET with Debian's $(/usr/bin/rustc --version) (one to two minutes)"
  rm -rf "$new"
  mkdir -p "$new/bin" "$new/lib/rustlib/$TARGET/lib" "$new/lib/rustlib/$TARGET/bin" "$new/build/src"
  for part in /usr/lib/rustlib/*; do ln -s "$part" "$new/lib/rustlib/"; done
  ln -s /usr/bin/cargo "$new/bin/cargo"
  ln -s "$lld" "$new/bin/rust-lld"
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$TOOLS/web-toolchain" >"$new/bin/rustc"
  chmod +x "$new/bin/rustc"
  build_std "$new"
  rm -rf "$TOOLS/web-toolchain" "$new/build"
  mv "$new" "$TOOLS/web-toolchain"
}

find_lld() { # HOST
  local rustup_lld
  rustup_lld=$(rustc --print sysroot)/lib/rustlib/$1/bin/rust-lld
  if [ -x "$rustup_lld" ]; then echo "$rustup_lld"; else command -v lld; fi
}

# RUSTC_BOOTSTRAP lets a stable compiler take -Zbuild-std; embedded bitcode is what link-time optimisation needs.
build_std() { # TOOLCHAIN
  printf '[package]\nname = "std-for-web"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$1/build/Cargo.toml"
  : >"$1/build/src/lib.rs"
  (cd "$1/build" && env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$1/build/target" \
    RUSTFLAGS='-Cembed-bitcode=yes' /usr/bin/cargo build --quiet --release --target "$TARGET" \
    -Zbuild-std=std,panic_abort --config 'profile.release.debug=false') || fail "std for $TARGET did not build"
  # The empty crate of our own stands among the libraries and must not become a part of the toolchain.
  find "$1/build/target/$TARGET/release/deps" -name '*.rlib' ! -name 'libstd_for_web*' \
    -exec cp {} "$1/lib/rustlib/$TARGET/lib/" \;
}

# --- tools of the wasm package ---------------------------------------------------------------------------------------

locked_version() { # CRATE
  sed -n "/^name = \"$1\"\$/{n;s/^version = \"\(.*\)\"\$/\1/p;}" "$ROOT/Cargo.lock" | head -n 1
}

wasm_tools() {
  need cargo "install Rust's stable toolchain from https://rustup.rs"
  local bindgen
  bindgen=$(locked_version wasm-bindgen)
  [ -n "$bindgen" ] || fail "Cargo.lock names no version of wasm-bindgen"
  # An unoptimised build of both takes about a minute instead of five, and the package is small enough not to notice.
  if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $bindgen" ]; then
    install_tool wasm-bindgen-cli "$bindgen" --debug
  fi
  if ! has wasm-pack; then install_tool wasm-pack "$WASM_PACK_VERSION" --debug; fi
}

install_tool() { # CRATE VERSION FLAG…
  local crate=$1 version=$2
  shift 2
  say "building $crate $version with cargo (half a minute to a few minutes)"
  (cd / && CARGO_TARGET_DIR="$TOOLS/build" CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 \
    cargo install --quiet --force --root "$TOOLS" "$@" --version "$version" "$crate") || fail "$crate did not build"
}

# --- npm packages ----------------------------------------------------------------------------------------------------

# npm rewrites node_modules/.package-lock.json at each install; older than the lock file means out of date.
node_deps() { # DIR
  local dir=$ROOT/$1
  need node "install Node.js 20 or newer"
  need npm "install npm, which comes with Node.js"
  node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old: 20 or newer is needed"
  if [ "$dir/node_modules/.package-lock.json" -nt "$dir/package-lock.json" ]; then return; fi
  say "installing the npm packages of $1 (half a minute)"
  (cd "$dir" && npm ci --no-audit --no-fund --loglevel=error) || fail "npm could not install the packages of $1"
  touch "$dir/node_modules/.package-lock.json"
}

# --- what only the tests need ----------------------------------------------------------------------------------------

postgres() {
  if [ -n "${POSTFUN_TEST_DATABASE_URL:-}" ] || has initdb; then return; fi
  if compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then return; fi
  # In two steps, since otherwise Debian would also create and start a cluster of its own.
  debian_packages "the tests start a PostgreSQL of their own" postgresql-common
  sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  debian_packages "the tests start a PostgreSQL of their own" postgresql
}

# The environment counts as whole once it holds a copy of the list it was made from.
lnbits() {
  local home=$TOOLS/lnbits list=$ROOT/scripts/lnbits-requirements.txt python
  if cmp --silent "$list" "$home/installed.txt"; then return; fi
  if ! python=$(find_python); then
    debian_packages "the tests start LNbits, which needs Python 3.10 to 3.12 with venv" python3 python3-venv
    python=$(find_python) || fail "no Python 3.10 to 3.12 with venv found, which LNbits needs: please install one"
  fi
  say "installing LNbits and its Python packages (one to two minutes, 270 MB)"
  rm -rf "$home"
  mkdir -p "$TOOLS"
  "$python" -m venv "$home" || fail "$python could not make a virtual environment in $home"
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --requirement "$list" ||
    fail "pip could not install LNbits"
  (cd "$home" && bin/python -c "import lnbits.server") || fail "LNbits does not import"
  cp "$list" "$home/installed.txt"
}

find_python() {
  local python
  for python in python3 python3.12 python3.11 python3.10 /usr/bin/python3; do
    if "$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))' 2>/dev/null
    then echo "$python"; return; fi
  done
  return 1
}

chromium() {
  local missing=()
  has chromium || missing+=(chromium)
  has chromedriver || missing+=(chromium-driver)
  if [ ${#missing[@]} -gt 0 ]; then debian_packages "the browser tests drive Chromium" "${missing[@]}"; fi
}

deny() {
  if [ "$(cargo-deny --version 2>/dev/null)" = "cargo-deny $CARGO_DENY_VERSION" ]; then return; fi
  install_tool cargo-deny "$CARGO_DENY_VERSION" --debug
}

[ $# -gt 0 ] || { sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    wasm-target) wasm_target ;;
    wasm-tools) wasm_tools ;;
    node-deps)
      [ $# -gt 1 ] || fail "node-deps needs the folder of a package.json"
      node_deps "$2"
      shift
      ;;
    postgres) postgres ;;
    lnbits) lnbits ;;
    chromium) chromium ;;
    deny) deny ;;
    *) fail "unknown step '$1'" ;;
  esac
  shift
done
