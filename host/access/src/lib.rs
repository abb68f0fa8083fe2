//! Who is calling: TLS on the listener, client certificates, and access tokens. What
//! has been verified is written to the [`Caller`](solgate::request::Caller) that a
//! policy sees.

#![forbid(unsafe_code)]

mod error;
pub mod metrics;
pub mod tls;
pub mod tokens;

pub use error::AccessError;
