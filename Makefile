# How Solgate is built. The binary embeds a policy that is baked from an engine
# which is compiled for WebAssembly, so the build goes in steps; everything is
# compiled once, in one profile.
#
#   make run     build, and start a demo VNFM with the gate in front of it
#   make test    build, and run every test
#   make build   target/release/solgate
#   make check   formatting and clippy

CARGO ?= cargo
PROFILE := --release 
ARTIFACTS := target/solgate
WASM := target/wasm32-unknown-unknown/release
BUNDLE := $(shell find policies/vnflcm-v2 -type f)

.PHONY: build run test check check-format format artifacts clean

build: artifacts
	$(CARGO) build $(PROFILE) --workspace

run: build
	target/release/solgate serve --demo

test: build
	$(CARGO) test $(PROFILE) --workspace

check-format:
	$(CARGO) fmt --all --check

check: check-format artifacts
	$(CARGO) clippy $(PROFILE) --workspace --all-targets -- -D warnings

format:
	$(CARGO) fmt --all

artifacts: $(ARTIFACTS)/engine.wasm $(ARTIFACTS)/hostile.wasm $(ARTIFACTS)/vnflcm-v2.wasm

# The engine and the misbehaving policy of the tests, as core modules. Cargo
# decides whether they are up to date; the copy changes only if they did.
.PHONY: wasm
wasm:
	@rustup target list --installed 2>/dev/null | grep -q wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown
	$(CARGO) build $(PROFILE) --target wasm32-unknown-unknown -p solgate-engine -p solgate-hostile --lib
	@mkdir -p $(ARTIFACTS)

$(ARTIFACTS)/%.wasm: wasm
	@cmp -s $(WASM)/solgate_$*.wasm $@ || cp $(WASM)/solgate_$*.wasm $@

# The default policy. The whole workspace is named so that the features of what
# is compiled here are those of the last step.
$(ARTIFACTS)/vnflcm-v2.wasm: $(ARTIFACTS)/engine.wasm $(BUNDLE)
	$(CARGO) build $(PROFILE) --workspace --bin solgate-bake
	target/release/solgate-bake policies/vnflcm-v2 $@

clean:
	$(CARGO) clean
