//! `solgate forward-auth`: judges over HTTP the requests that another server is about
//! to forward.
//!
//! The server sends a copy of the request, and X-Forwarded-* fields say which request
//! it is (Traefik calls this forwardAuth). The [`service`] restores the [`original`]
//! from the copy, and the pipeline judges it. The answer 200 lets the request pass; any
//! other answer is for the client.

#![forbid(unsafe_code)]

mod original;
mod server;
mod service;

pub use server::ForwardAuth;
