//! What people write: YAML documents with positions, and error messages about them.
//!
//! [`yaml::parse`] turns a text into a tree; the [`reader`] takes typed values out of
//! it. Mistakes go to a [`Report`], which becomes [`Diagnostics`]: each with file,
//! line, an excerpt and what to do.

#![forbid(unsafe_code)]

pub mod diagnostic;
mod lines;
pub mod pointer;
pub mod reader;
pub mod source;
pub mod suggest;
pub mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Related, Report, Severity, render};
pub use lines::{Lines, Position};
pub use source::{At, FileId, Source, Sources, Span};
