//! `solgate forward-auth`: judges over HTTP what another server is about to
//! forward.
//!
//! The server sends a copy of the request and says in X-Forwarded-* which one it
//! is (Traefik calls this forwardAuth). The [`service`] takes the [`original`] out of it
//! and has the pipeline judge that. An answer of 200 lets it pass; any other is what the
//! client is to get.

#![forbid(unsafe_code)]

mod original;
mod server;
mod service;

pub use server::ForwardAuth;
