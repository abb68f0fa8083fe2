//! The gate in real servers: each answers the same corpus as the library does, and
//! lives on when a policy, a file or a service fails.
//!
//! `make test-doors` installs the servers and runs this; without them the tests
//! stand aside.

mod envoy;
mod envoy_module;
mod faults;
mod forward_auth;
mod haproxy;
mod nginx;
mod python;
mod rolling;
mod tacker;
mod tacker_versions;
mod traefik;
mod wsgi;
