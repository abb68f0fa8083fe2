//! What must hold whatever bytes come: one function for each reader of foreign
//! bytes. The fuzz targets (tests/fuzz) call them with inputs that a fuzzer looks
//! for, the tests of this crate with the kept corpus and with damage done to it.
//!
//! A function takes any bytes, and panics if its property does not hold for them.
//! Where an input has several parts it is text that people can read and write, see
//! [`message`].

mod bundle;
mod c_abi;
mod connection;
mod engine;
mod facts;
mod filter;
mod json;
mod loader;
pub mod message;
pub mod mutation;
mod redaction;

pub use bundle::bundle;
pub use c_abi::c_abi;
pub use connection::{connection, http2, http2_requests, requests};
pub use engine::engine;
pub use facts::facts;
pub use filter::filter;
pub use json::json;
pub use loader::loader;
pub use redaction::redaction;

/// A property and its name, which is that of its folder in tests/fuzz/corpus, and of its
/// fuzz target if it has one.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    pub name: &'static str,
    /// Panics if the property does not hold for these bytes.
    pub holds: fn(&[u8]),
}

/// All of them.
pub const PROPERTIES: &[Property] = &[
    Property { name: "bundle", holds: bundle },
    Property { name: "c_abi", holds: c_abi },
    Property { name: "connection", holds: connection },
    Property { name: "engine", holds: engine },
    Property { name: "facts", holds: facts },
    Property { name: "filter", holds: filter },
    Property { name: "http2", holds: http2 },
    Property { name: "json", holds: json },
    Property { name: "loader", holds: loader },
    Property { name: "redaction", holds: redaction },
];
