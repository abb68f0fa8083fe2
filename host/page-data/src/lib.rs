//! What pages are told of a bundle, as JSON: what the compiler says of its texts, what can stand
//! at a place of a file, its cases, and its rule book. The page of `solgate ui` gets it from a
//! server, that of `solgate playground` from its site and from the compiler that it runs itself.

#![forbid(unsafe_code)]

pub mod assistance;
mod book;
mod case;
pub mod compiled;
pub mod diagnostics;

pub use book::Book;
pub use case::Given;
