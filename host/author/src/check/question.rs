//! What a check is asked.

use std::path::PathBuf;
use std::time::SystemTime;

use solgate::gate::{Mode, Setting};

/// A request in a file, and what else the verdict depends on.
#[derive(Debug, Clone)]
pub struct Question {
    /// The request; `-` is standard input.
    pub file: PathBuf,
    /// How to read it; by default the file's name tells.
    pub input: Option<Input>,
    /// Which request of an .http file; the first by default.
    pub name: Option<String>,
    /// Variables of an .http file, by name; they win over the file's own.
    pub variables: Vec<(String, String)>,
    /// What the VNFM would answer, in JSON or YAML.
    pub facts: Option<PathBuf>,
    /// Whom the request comes from, in JSON or YAML.
    pub caller: Option<PathBuf>,
    /// When the request arrives; now by default.
    pub at: Option<SystemTime>,
    /// In the order in which the gate gets them.
    pub settings: Vec<Setting>,
    pub mode: Mode,
    /// Baked policies or bundles' folders; none for the built-in policy.
    pub policies: Vec<PathBuf>,
}

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The format of editors: ### separators, @variables.
    HttpFile,
    /// HTTP/1.1 with CRLF or LF.
    Raw,
}
