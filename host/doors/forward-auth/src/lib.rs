//! `solgate forward-auth`: judges over HTTP what another server is about to
//! forward.
//!
//! The server sends a copy of the request and says in X-Forwarded-* which one it
//! is (Traefik calls this forwardAuth). [`original`] makes the judged request of
//! it. An answer of 200 lets it pass; any other is what the client is to get.

#![forbid(unsafe_code)]

mod original;
mod server;

pub use server::ForwardAuth;
