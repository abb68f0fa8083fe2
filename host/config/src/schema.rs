//! The JSON Schema of the configuration file, for editors.
//!
//! It is derived from [`members`](crate::members), as the table in docs/configuration.md
//! is: tests compare both with what is published, and rewrite them with BLESS=1.

/// JSON Schema 2020-12 of the configuration file.
pub const SCHEMA: &str = include_str!("../schemas/config.schema.json");

#[cfg(test)]
mod tests;
