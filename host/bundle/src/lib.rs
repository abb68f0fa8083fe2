//! Compiles policy bundles and bakes them into components.
//!
//! [`compile_dir`] turns a folder of YAML files (docs/bundle-format.md) into a
//! [`Bundle`](solgate_engine::ir::Bundle), or says everything that is wrong with
//! it, each [`Diagnostic`] with file, line and what to do.

pub mod bake;
pub mod cases;
mod compile;
mod diagnostic;
mod digest;
mod expression;
mod files;
mod openapi;
mod options;
mod policy;
mod reader;
mod rules;
mod source;
mod suggest;
mod template;
mod yaml;

pub use compile::{BuildOptions, Compiled, Failure, compile_dir};
pub use diagnostic::{Diagnostic, Diagnostics, Related, Severity, render};
pub use files::IoError;
pub use source::{Source, Sources, Span};
