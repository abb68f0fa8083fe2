# How Solgate is built. The binary embeds a policy that is baked from an engine
# which is compiled for WebAssembly, so the build goes in steps; everything is
# compiled once, in one profile.
#
#   make run     build, and start a demo VNFM with the gate in front of it
#   make test    build, and run every test
#   make build   target/release/solgate, and the C library beside it
#   make test-doors   install real gateways, a VNFM and parsers, and test the gate with them
#   make test-languages   install the toolchains of other languages, and build and run policies with them
#   make test-workbench  install Chromium, and use the pages in it
#   make test-fleet  install a registry, Redis and rsyslog, and test several gates with them
#   make test-kubernetes  validate the manifests, run their containers as processes, and the image
#   make bench-fleet  measure what following tags, turns and replays cost (docs/performance.md)
#   make test-long   the tests that take minutes
#   make fuzz    look for inputs for which a property does not hold (FUZZ_SECONDS for each target)
#   make test-soak   everything at once, for ten minutes (SOAK_SECONDS)
#   make check   formatting and clippy
#   make deny    licences, sources and known flaws of dependencies (deny.toml)
#   make release static binaries, packed (deploy/release.sh)
#   make count   build, and count what may not grow: instructions, sizes (docs/performance.md)
#   make bench   build, and measure speed, memory and start-up (docs/performance.md)
#   make bench-short   some samples of it, and none of the peers

CARGO ?= cargo
CARGO_FLAGS := --release --locked --workspace
# What is built to be used. The packages are named in every step, so that the features
# of what is compiled in one are those of the next; tests/tests/dependencies.rs looks
# that the tests have the same.
SHIPPED := --release --locked --package solgate-packed --package solgate-bundle --package solgate-cli --package libsolgate --package solgate-envoy
ARTIFACTS := target/solgate
WASM_TARGET := wasm32-unknown-unknown
WASM := target/$(WASM_TARGET)/sandbox
# The policies that a release carries, by name; native code is made with the first.
BUILT_IN := $(shell sed -n 's/^\([a-z][^ ]*\) .*/\1/p' policies/built-in)
# One built-in bundle may extend another, whose sources are part of the baker.
BAKER := $(shell find $(addprefix host/,bundle/src bundle/build.rs bundle/Cargo.toml cases document contract files native packed) -type f) \
	Cargo.toml Cargo.lock policies/built-in \
	$(shell find $(addprefix policies/,$(BUILT_IN)) -type f)
PACKER := $(shell find host/packed -type f)
# The machine that this is; deploy/release.sh builds for others as well.
ARCHITECTURE := $(shell uname -m)

# The version that deny.toml is written for.
DENY_VERSION := 0.20.2
DENY := target/tools/bin/cargo-deny
DENY_CHECKS := advisories bans licenses sources

# For each of the targets; all of them, if none is named.
FUZZ_SECONDS := 600
FUZZ_TARGETS :=

.PHONY: build run test test-doors test-fleet bench-fleet test-kubernetes test-languages test-workbench test-long test-soak fuzz fuzz-short check check-format deny release format count bench bench-short peers check-bench artifacts wasm page-compiler wasm-target clean

build: artifacts
	$(CARGO) build $(SHIPPED) --bin solgate --lib

run: build
	target/release/solgate serve --demo

test: build $(ARTIFACTS)/hostile.wasm
	tests/run.sh $(CARGO_FLAGS)

test-doors: build $(ARTIFACTS)/hostile.wasm
	tests/doors/install.sh
	$(CARGO) test $(CARGO_FLAGS) --test real_servers --test parsers --test described_api -- --ignored --test-threads 1

test-fleet: build $(ARTIFACTS)/hostile.wasm
	tests/fleet/install.sh
	$(CARGO) test $(CARGO_FLAGS) --test fleet_registry --test fleet_turns --test fleet_records -- --ignored --test-threads 1

test-kubernetes: build $(ARTIFACTS)/hostile.wasm
	tests/doors/install.sh
	tests/fleet/install.sh
	tests/kubernetes/install.sh
	$(CARGO) test $(CARGO_FLAGS) --test kubernetes -- --ignored --test-threads 1

# Some minutes; the rows are those of docs/performance.md.
bench-fleet: build
	tests/fleet/install.sh
	$(CARGO) test $(CARGO_FLAGS) --test fleet_figures --test fleet_turns -- --ignored --test-threads 1 --nocapture figure

test-languages: build
	tests/languages/install.sh
	$(CARGO) test $(CARGO_FLAGS) --test languages -- --ignored

test-workbench: build $(ARTIFACTS)/hostile.wasm
	tests/pages/install.sh
	$(CARGO) test $(CARGO_FLAGS) --test workbench --test playground -- --ignored --nocapture --test-threads 1

test-long: build $(ARTIFACTS)/hostile.wasm
	$(CARGO) test $(CARGO_FLAGS) --test reload -- --ignored
	tests/doors/install.sh
	SOLGATE_ROLLING_REQUESTS=100000 $(CARGO) test $(CARGO_FLAGS) --test real_servers -- --ignored --nocapture rolling
	tests/arm64/build.sh
	$(CARGO) test $(CARGO_FLAGS) --test arm64 -- --ignored --nocapture

# The targets are a workspace of their own, see tests/fuzz/Cargo.toml.
fuzz: build
	tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

fuzz-short: build
	tests/fuzz/run.sh 5

test-soak: build
	$(CARGO) test $(CARGO_FLAGS) --test soak -- --ignored --nocapture

check: check-format artifacts
	$(CARGO) clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	$(CARGO) clippy --release --locked --package vnfm-plain -- -D warnings
	$(CARGO) clippy --release --locked --package vnfm-tower -- -D warnings

check-format:
	$(CARGO) fmt --all --check
	cd tests/bench/peers && $(CARGO) fmt --check

deny: $(DENY)
	@$(DENY) --version | grep -qxF 'cargo-deny $(DENY_VERSION)' || $(DENY_INSTALL) --force
	$(DENY) --locked check $(DENY_CHECKS)

# Unoptimised: it is compiled in a minute, and is fast enough.
DENY_INSTALL := $(CARGO) install cargo-deny --version $(DENY_VERSION) --locked --debug --root target/tools

$(DENY):
	$(DENY_INSTALL)

release:
	deploy/release.sh

format:
	$(CARGO) fmt --all

# It needs valgrind. BLESS=1 keeps the figures as they are now, see docs/performance.md.
count: build
	$(CARGO) build $(CARGO_FLAGS) --bin solgate-count
	target/release/solgate-count $(FIGURES)

# report.json lies in target/bench.
bench: build $(ARTIFACTS)/hostile.wasm peers
	$(CARGO) build $(CARGO_FLAGS) --bin solgate-bench
	target/release/solgate-bench $(BENCH_FLAGS)

# The engines that Solgate is compared with are a workspace of their own, see
# tests/bench/peers/Cargo.toml. They are built in target/bench.
# Some samples of Solgate alone, to see that all can still be measured.
bench-short: build $(ARTIFACTS)/hostile.wasm
	$(CARGO) build $(CARGO_FLAGS) --bin solgate-bench
	target/release/solgate-bench --quick --only sandbox --only memory --only startup --only serve

peers:
	cd tests/bench/peers && $(CARGO) build --release --locked

check-bench:
	cd tests/bench/peers && $(CARGO) clippy --release --locked --all-targets -- -D warnings

artifacts: $(BUILT_IN:%=$(ARTIFACTS)/%.wasm.zst) $(ARTIFACTS)/engine-$(ARCHITECTURE).native $(ARTIFACTS)/page-compiler.wasm.zst

# The engine, and the misbehaving policy of the tests, as core modules. Cargo
# knows whether they are up to date; the copy changes only if they did.
$(ARTIFACTS)/engine.wasm $(ARTIFACTS)/hostile.wasm: $(ARTIFACTS)/%.wasm: wasm
	@mkdir -p $(ARTIFACTS)
	@cmp -s $(WASM)/solgate_$*.wasm $@ || cp $(WASM)/solgate_$*.wasm $@

wasm: wasm-target
	$(CARGO) build --profile sandbox --locked --target $(WASM_TARGET) -p solgate-engine -p solgate-hostile --features solgate-engine/component --lib

# The compiler of bundles for browsers. It has the engine as a library, so that it is not built
# together with the engine itself.
$(ARTIFACTS)/page-compiler.wasm: page-compiler
	@mkdir -p $(ARTIFACTS)
	@cmp -s $(WASM)/solgate_page_compiler.wasm $@ || cp $(WASM)/solgate_page_compiler.wasm $@

page-compiler: wasm-target
	$(CARGO) build --profile sandbox --locked --target $(WASM_TARGET) -p solgate-page-compiler --lib

wasm-target:
	@rustup target list --installed | grep -qx $(WASM_TARGET) || rustup target add $(WASM_TARGET)

# What makes the rest. Cargo leaves a program alone that is up to date; make goes by
# when it was written.
target/release/solgate-pack: $(PACKER)
	$(CARGO) build $(SHIPPED) --bin solgate-pack
	@touch $@

$(ARTIFACTS)/%.wasm.zst: $(ARTIFACTS)/%.wasm $(PACKER) | target/release/solgate-pack
	target/release/solgate-pack $< $@

target/release/solgate-bake: $(ARTIFACTS)/engine.wasm.zst $(BAKER)
	$(CARGO) build $(SHIPPED) --bin solgate-bake
	@touch $@

# The built-in policies.
define built_in
$(ARTIFACTS)/$(1).wasm: target/release/solgate-bake $(shell find policies/$(1) -type f)
	target/release/solgate-bake policy policies/$(1) $$@
endef
$(foreach policy,$(BUILT_IN),$(eval $(call built_in,$(policy))))

# The engine of the built-in policies, and of all that are baked like them, as native code:
# made anew with another engine, another wasmtime or other settings. For another
# machine than this one it takes a compiler that nothing else needs.
$(ARTIFACTS)/engine-%.native: target/release/solgate-bake $(ARTIFACTS)/$(firstword $(BUILT_IN)).wasm
	$(if $(filter $(ARCHITECTURE),$*),target/release/solgate-bake,$(CROSS_BAKER)) native $* $(ARTIFACTS)/$(firstword $(BUILT_IN)).wasm $@

CROSS_BAKER := $(CARGO) run --release --locked --target-dir target/cross --package solgate-bundle --features cross --bin solgate-bake --

clean:
	$(CARGO) clean
