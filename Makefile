# Every task of the project, the same by hand and in CI. `make run` and `make test` set up what they need themselves.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

SETUP := scripts/setup.sh
WITH_WASM := scripts/wasm-env.sh
# The browser tests drive the unoptimised server, which `cargo test` builds anyway.
export POSTFUN_BIN ?= $(CURDIR)/target/debug/postfun

# Sources by folder; a change in any of them rebuilds what depends on it, and nothing else.
files = $(shell find $(1) -type d \( -name node_modules -o -name pkg -o -name dist -o -name target -o -name out \) -prune \
	-o -type f -print 2>/dev/null)
WASM_SOURCES := $(call files,core/src wasm/src wasm/js) $(wildcard wasm/*.*) core/Cargo.toml LICENSE \
	Cargo.toml Cargo.lock .cargo/config.toml rust-toolchain.toml
WEB_SOURCES := $(call files,web-demo/src web-demo/public web-demo/no-viem) $(wildcard web-demo/*.*)
PACKAGE := wasm/pkg/package.json
PAGE := web-demo/dist/index.html

.PHONY: help
help: ## list the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

# --- the two commands ------------------------------------------------------------------------------------------------

.PHONY: run
run: web demo-server ## build what is missing and serve the page on http://127.0.0.1:8000
	@exec target/demo/postfun serve

.PHONY: test
test: ## everything: lints, Rust on SQLite and PostgreSQL, wasm in Node and Chromium, page, browser end to end
	@$(SETUP) postgres lnbits chromium
	@$(MAKE) lint
	@$(MAKE) test-rust
	@$(MAKE) test-wasm
	@$(MAKE) test-web
	@$(MAKE) test-e2e
	@echo 'make test: everything passed'

# --- building --------------------------------------------------------------------------------------------------------

# The server has the page built in, so the page comes first; otherwise the server would be built twice.
.PHONY: demo-server
demo-server: $(PAGE)
	@test -x target/demo/postfun || echo 'building the server (a few minutes the first time)'
	@cargo build --quiet --locked --profile demo -p postfun-server

# With the tests, because they share their dependencies' features: alone, the server would be built a second time.
.PHONY: debug-server
debug-server: $(PAGE)
	@cargo build --quiet --locked --workspace --tests --bins

.PHONY: wasm
wasm: $(PACKAGE) ## build the npm package into wasm/pkg

$(PACKAGE): $(WASM_SOURCES)
	@$(SETUP) wasm-target wasm-tools node-deps wasm
	@echo 'building the npm package'
	@$(WITH_WASM) wasm/build.sh
	@touch $@

.PHONY: web
web: $(PAGE) ## build the page into web-demo/dist

$(PAGE): $(PACKAGE) $(WEB_SOURCES)
	@$(SETUP) node-deps web-demo
	@echo 'building the page'
	@cd web-demo && npm run --silent build
	@touch $@

.PHONY: release
release: $(PAGE) ## build the optimised server with the page inside: target/release/postfun
	@cargo build --locked --release -p postfun-server

# --- checking --------------------------------------------------------------------------------------------------------

.PHONY: lint
lint: lint-rust lint-js ## formats, lints and docs with warnings as errors, and the proof that core needs no std

.PHONY: lint-rust
lint-rust:
	@cargo fmt --all --check
	@cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
	@RUSTDOCFLAGS='-D warnings' cargo doc --quiet --locked --workspace --no-deps --document-private-items
	@core/no-std-proof/prove.sh
	@$(MAKE) openapi-check

.PHONY: lint-js
lint-js: $(PACKAGE)
	@$(SETUP) node-deps wasm node-deps web-demo node-deps tests/e2e
	@cd wasm && npm run --silent lint
	@cd web-demo && npm run --silent lint

.PHONY: test-rust
test-rust: debug-server ## Rust tests on SQLite and on PostgreSQL, with a real LNbits
	@$(SETUP) postgres lnbits
	@cargo test --quiet --locked --workspace

.PHONY: test-sqlite
test-sqlite: debug-server ## only the integration tests on SQLite
	@$(SETUP) lnbits
	@cargo test --quiet --locked --workspace --test it -- sqlite

.PHONY: test-postgres
test-postgres: debug-server ## only the integration tests on PostgreSQL
	@$(SETUP) postgres lnbits
	@cargo test --quiet --locked --workspace --test it -- postgres

.PHONY: test-wasm
test-wasm: $(PACKAGE) ## the npm package in Node and in Chromium, and that the flag for fast signatures is on
	@$(SETUP) chromium node-deps wasm node-deps wasm/bench
	@cd wasm && npm test --silent
	@cd wasm && npm run --silent bench -- --only signatures

.PHONY: test-web
test-web: $(PACKAGE) ## unit tests of the page
	@$(SETUP) node-deps web-demo
	@cd web-demo && npm test --silent

.PHONY: test-e2e
test-e2e: $(PAGE) debug-server ## the page and the server in a real browser, with a real LNbits
	@$(SETUP) chromium lnbits node-deps tests/e2e
	@cd tests/e2e && npm test --silent

.PHONY: deny
deny: ## licences, sources and duplicates of the dependencies; advisories where the database can be reached
	@$(SETUP) deny
	@export PATH="$${POSTFUN_TOOLS:-$${XDG_CACHE_HOME:-$$HOME/.cache}/postfun/tools}/bin:$$PATH"; \
	cargo deny --log-level error check licenses bans sources; \
	if git ls-remote --quiet --exit-code https://github.com/RustSec/advisory-db HEAD >/dev/null 2>&1; \
	then cargo deny --log-level error check advisories; \
	else echo 'advisories: NOT CHECKED, https://github.com/RustSec/advisory-db cannot be reached'; fi

# --- generated files -------------------------------------------------------------------------------------------------

.PHONY: openapi
openapi: debug-server ## write server/openapi.json, and the page's types from it
	@$(POSTFUN_BIN) openapi >server/openapi.json
	@$(SETUP) node-deps web-demo
	@cd web-demo && npm run --silent types

.PHONY: openapi-check
openapi-check: debug-server ## fail when server/openapi.json is not what the server says
	@$(POSTFUN_BIN) openapi --check server/openapi.json

# --- measuring and hunting -------------------------------------------------------------------------------------------

.PHONY: bench
bench: $(PAGE) ## measure against the named peers; writes BENCHMARKS.json and the README's table (ten minutes)
	@$(SETUP) postgres node-deps wasm node-deps wasm/bench
	@scripts/bench.sh

.PHONY: drill
drill: debug-server ## the long counts of faults and races on both engines; writes the README's table (half an hour)
	@$(SETUP) postgres lnbits
	@scripts/drill.sh

.PHONY: fuzz
fuzz: ## run each fuzz target of core for FUZZ_SECONDS (60)
	@core/fuzz/run.sh $${FUZZ_SECONDS:-60}

.PHONY: clean
clean: ## remove everything that was built; data/ stays
	@rm -rf target core/no-std-proof/target core/fuzz/target wasm/pkg web-demo/dist tests/e2e/out
	@rm -rf wasm/node_modules wasm/bench/node_modules web-demo/node_modules tests/e2e/node_modules
