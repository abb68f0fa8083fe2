//! What people write: YAML documents with positions, and what is wrong with them,
//! in words.
//!
//! [`yaml::parse`] makes a tree of a text; the [`reader`] takes typed values out of
//! it. What is wrong goes to a [`Report`], which becomes [`Diagnostics`]: each with
//! file, line, an excerpt and what to do.

#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod pointer;
pub mod reader;
pub mod source;
pub mod suggest;
pub mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Related, Report, Severity, render};
pub use source::{At, FileId, Source, Sources, Span};
