//! Certificates of clients: the [names] in one, and how Envoy [hands one on](from_envoy).

#![forbid(unsafe_code)]

mod distinguished_name;
mod handed_on;
mod names;

pub use handed_on::from_envoy;
pub use names::names;
