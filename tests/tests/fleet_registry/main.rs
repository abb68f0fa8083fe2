//! Policies from registries: stored, fetched, signed, followed. Against a registry in this
//! process; those that need Debian's (tests/fleet/install.sh) are ignored, and
//! `make test-fleet` runs them.

mod bounds;
mod cosign;
mod desk;
mod helpers;
mod https;
mod real;
mod reload;
mod rollout;
mod round_trip;
