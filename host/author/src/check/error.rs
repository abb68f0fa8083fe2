//! Why a request could not be judged.

use std::path::PathBuf;

use solgate::facts::map::MapFactsError;

use super::given::{MissingFact, sentence};
use super::message::ParseError;

/// Each message is one line: what, where, what was expected, what to do.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("{}: cannot be read: {error}", .path.display())]
    Read { path: PathBuf, error: std::io::Error },
    #[error("{}: {error}", .path.display())]
    Request { path: PathBuf, error: ParseError },
    #[error("{}: {message}", .path.display())]
    Document { path: PathBuf, message: String },
    #[error("{}: {error}", .path.display())]
    Facts { path: PathBuf, error: MapFactsError },
    #[error("--{option} is about .http files, and {} is read as plain HTTP/1.1: leave it out, or add --input http-file", .path.display())]
    NotAnHttpFile { option: &'static str, path: PathBuf },
    #[error(transparent)]
    Policy(Box<dyn std::error::Error + Send + Sync>),
    #[error("{}", sentence(.0))]
    MissingFacts(Vec<MissingFact>),
    #[error("the verdict cannot be written: {0}")]
    Write(std::io::Error),
}

impl CheckError {
    /// The exit status that stands for "not judged".
    pub const EXIT_CODE: u8 = 2;
}
