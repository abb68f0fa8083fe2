//! One module for each command, and what they share: [`policies`] loads the policies
//! that a command names, [`output`] writes a command's result.

pub mod bench;
pub mod build;
mod cases;
pub mod check;
pub mod completions;
pub mod diff;
pub mod docs;
pub mod doctor;
pub mod eval;
pub mod explain;
pub mod fleet;
pub mod fmt;
pub mod format;
pub mod import;
pub mod import_cases;
pub mod inspect;
pub mod keygen;
pub mod lint;
pub mod lsp;
pub mod new;
pub mod output;
pub mod playground;
pub mod policies;
pub mod pull;
pub mod push;
pub mod replay;
pub mod report;
pub mod schema;
pub mod sign;
pub mod tag;
pub mod test;
pub mod ui;
pub mod upgrade;
pub mod verify;
