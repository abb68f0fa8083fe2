//! Compiles policy bundles and bakes them into components.

pub mod bake;
