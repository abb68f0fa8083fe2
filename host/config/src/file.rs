//! `solgate.yaml`: the configuration as a file.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use solgate_files::ReadError;

use crate::envoy::EnvoyConfig;
use crate::gate::GateConfig;
use crate::gateway::Config;
use crate::members::{EnvoyModule, File, Gate, Problem};
use crate::resolve::{envoy, gate, resolve};
use crate::yaml::{self, ConfigError};

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: ReadError },
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Bytes of a file with more VNFMs than a gate can have.
const LARGEST: usize = 16 << 20;

/// Reads the file. Paths in it are relative to its folder.
///
/// # Errors
/// The file cannot be read or says something that is not understood.
pub fn load(path: &Path) -> Result<Config, FileError> {
    let text =
        solgate_files::read_text(path, LARGEST).map_err(|error| FileError::Read { path: path.to_owned(), error })?;
    Ok(parse(path, &text)?)
}

/// An error about a member of the file, whose place is a JSON Pointer. If the file is
/// another one meanwhile, it is about as much of it as there is.
#[must_use]
pub fn error_at(path: &Path, place: &str, message: String) -> ConfigError {
    let text = solgate_files::read_text(path, LARGEST).unwrap_or_default();
    let mut found = None;
    let read = yaml::read(path, &text, |root| {
        found = Some(root.find(place).error(message.clone()));
        Ok(())
    });
    match (read, found) {
        (Ok(()), Some(error)) => error,
        _ => ConfigError { file: path.to_owned(), line: 1, column: 1, message },
    }
}

/// Reads the text of the file `path`.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    yaml::read(path, text, |root| {
        let file = File::deserialize(root).map_err(|error| error.at(root))?;
        resolve(file, folder(path)).map_err(|misfit| root.find(&misfit.place).error(misfit.message))
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
        gate(members, folder(path)).map_err(|misfit| root.find(&misfit.place).error(misfit.message))
    })
}

/// Reads a text that configures the gate in Envoy, JSON or YAML. An empty one stands for
/// the defaults.
///
/// # Errors
/// As [`parse_gate`].
pub fn parse_envoy(path: &Path, text: &str) -> Result<EnvoyConfig, ConfigError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    yaml::read(path, text, |root| {
        let members = EnvoyModule::deserialize(root).map_err(|error| error.at(root))?;
        envoy(members, folder(path)).map_err(|misfit| root.find(&misfit.place).error(misfit.message))
    })
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests;
