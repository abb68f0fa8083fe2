//! Compiles policy bundles and bakes them into components.
//!
//! [`compile_dir`] turns a folder of YAML files (docs/bundle-format.md) into a
//! [`Bundle`](solgate_engine::ir::Bundle), or reports everything that is wrong with it.
//! Each [`Diagnostic`] has file, line and what to do. The bundle's cases
//! (`solgate_cases`) are read with it.

#![forbid(unsafe_code)]

pub mod authoring;
pub mod bake;
mod base_cases;
pub mod book;
mod built_in;
mod compile;
mod complete;
pub mod coverage;
mod description;
pub mod difference;
mod digest;
mod expression;
mod files;
pub mod format;
mod layers;
mod lint;
mod mend;
pub mod mutation;
mod openapi;
mod options;
mod policy;
mod reduce;
mod rules;
pub mod schemas;
pub mod sound;
pub mod states;
mod template;
pub mod templates;
mod tokens;
mod types;
mod unsaved;
mod upgrade;
mod variables;
pub mod watch;
mod zones;

pub use book::rule_book;
pub use compile::{BuildOptions, Compiled, Failure, Place, case_files, compile_built_in, compile_dir, compile_unsaved};
pub use complete::Incomplete;
pub use description::{UnsupportedVersion, openapi_description};
pub use expression::{brief as brief_message, hint as expression_hint};
pub use files::{IoError, PARTS};
pub use policy::expanded;
pub use solgate_document::{
    Diagnostic, Diagnostics, Lines, Position, Related, Severity, Source, Sources, Span, render,
};
pub use tokens::is_unfinished;
pub use unsaved::Unsaved;
pub use upgrade::{Changed, Upgrade, upgrade};
pub use variables::VARIABLES;
