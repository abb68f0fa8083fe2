//! `solgate.yaml`: the configuration as a file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::gate::GateConfig;
use crate::gateway::Config;
use crate::members::{File, Gate, Problem};
use crate::resolve::{gate, resolve};
use crate::yaml::{self, ConfigError};

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: std::io::Error },
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Reads the file. Paths in it are relative to its folder.
///
/// # Errors
/// The file cannot be read or says something that is not understood.
pub fn load(path: &Path) -> Result<Config, FileError> {
    let text = std::fs::read_to_string(path).map_err(|error| FileError::Read { path: path.to_owned(), error })?;
    Ok(parse(path, &text)?)
}

/// Reads the text of the file `path`.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    yaml::read(path, text, |root| {
        let file = File::deserialize(root).map_err(|error| error.at(root))?;
        resolve(file, folder(path)).map_err(|misfit| root.find(&misfit.path).error(misfit.message))
    })
}

/// Reads a text that configures one gate and nothing else; an empty one stands for
/// the defaults. `path` is where it comes from, for messages; paths in it are
/// relative to the folder of that file.
///
/// # Errors
/// What is wrong, and where.
pub fn parse_gate(path: &Path, text: &str) -> Result<GateConfig, ConfigError> {
    if text.trim().is_empty() {
        return Ok(Gate::default().gate(&Problem::default()));
    }
    yaml::read(path, text, |root| {
        let members = Gate::deserialize(root).map_err(|error| error.at(root))?;
        let members = members.gate(&Problem::default());
        gate(members, folder(path)).map_err(|misfit| root.find(&misfit.path).error(misfit.message))
    })
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests;
