//! Compiles policy bundles and bakes them into components.
//!
//! [`compile_dir`] turns a folder of YAML files (docs/bundle-format.md) into a
//! [`Bundle`](solgate_engine::ir::Bundle), or reports everything that is wrong with it.
//! Each [`Diagnostic`] has file, line and what to do. The bundle's cases
//! (`solgate_cases`) are read with it.
//!
//! Without the feature `system`, the compiler touches no folder and runs no engine: it compiles
//! [`Texts`] in a page ([`compile_texts`]), and bakes with what the page has run
//! ([`bake::Prepared`]).

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
#[cfg(feature = "system")]
mod folders;
pub mod format;
mod layer;
mod layers;
mod lint;
#[cfg(feature = "system")]
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
#[cfg(feature = "system")]
pub mod templates;
mod tokens;
mod tree;
mod types;
#[cfg(feature = "system")]
mod upgrade;
mod variables;
pub mod watch;
mod zones;

pub use book::rule_book;
pub use compile::{BuildOptions, Compiled, Failure, Place, built_in_texts, compile_built_in, compile_texts};
pub use complete::Incomplete;
pub use description::{UnsupportedVersion, openapi_description};
pub use expression::{brief as brief_message, hint as expression_hint};
pub use files::{IoError, PARTS};
#[cfg(feature = "system")]
pub use folders::{Unsaved, case_files, compile_dir, compile_unsaved, texts};
pub use policy::expanded;
pub use solgate_document::{
    Diagnostic, Diagnostics, Lines, Position, Related, Severity, Source, Sources, Span, render,
};
pub use tokens::is_unfinished;
pub use tree::Texts;
#[cfg(feature = "system")]
pub use upgrade::{Changed, Upgrade, upgrade};
pub use variables::VARIABLES;
