//! Compiles policy bundles and bakes them into components.

mod diagnostic;
mod digest;
mod files;
mod source;
mod suggest;
mod yaml;
