//! What the program that opens a workbench does for it: it has the cache of compiled policies,
//! and its own way of writing files.

use std::path::Path;
use std::sync::Arc;

use solgate::policy::Policy;
use solgate_bundle::Compiled;
use solgate_engine::ir::Bundle;

/// Each error says in words what was wrong and what to do.
pub trait Program: Send + Sync + 'static {
    /// The bundle of a folder in the sandbox, as `solgate test` runs it.
    ///
    /// # Errors
    /// If the engine cannot be loaded, or refuses the bundle.
    fn sandboxed(&self, folder: &Path, bundle: &Bundle) -> Result<Arc<Policy>, String>;

    /// The policy file, as `solgate build` writes it.
    ///
    /// # Errors
    /// If the bundle cannot be baked.
    fn bake(&self, compiled: &Compiled) -> Result<Vec<u8>, String>;

    /// Writes a file as a whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), String>;
}
