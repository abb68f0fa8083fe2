//! The workbench: a page in a browser for people who would rather look than use a terminal,
//! and the server behind it. It shows what the commands show, by the same code; [`api`] holds
//! no logic of its own.
//!
//! It is for one person on one machine. The server listens on 127.0.0.1 only, knows its page
//! by a token that its address carries and that works once, and reads and writes nothing
//! outside of the bundle's folder. Nothing is fetched from anywhere, and nothing sent.

#![forbid(unsafe_code)]

mod answer;
mod api;
mod assets;
mod fault;
mod folder;
mod guard;
mod opened;
mod program;
mod server;
mod session;
mod work;

pub use folder::OpenError;
pub use opened::Opened;
pub use program::Program;
pub use server::{Server, StartError};
