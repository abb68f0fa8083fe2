//! Who is calling: TLS on the listener and the certificates of clients, and the access
//! tokens of requests. What of either has been verified is noted in the
//! [`Caller`](solgate::request::Caller) that a policy gets to see.

#![forbid(unsafe_code)]

mod error;
pub mod metrics;
pub mod tls;
pub mod tokens;

pub use error::AccessError;
