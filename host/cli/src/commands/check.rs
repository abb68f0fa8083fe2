//! `solgate check`: judges one request from a file.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use solgate::gate::{Gate, Mode, Setting, Severity};
use solgate_author::check::{self, CheckError, GateOrder, Question};

const EXAMPLE: &str = "\
Examples:
  solgate check terminate.http --facts facts.yaml
  solgate check requests.http --name heal --severity header.accept.required=warn
  printf 'GET /vnflcm/v2/vnf_instances HTTP/1.1\\r\\nVersion: 2.0.0\\r\\n\\r\\n' | solgate check -

A file of facts says what the VNFM would answer:
  vnfInstance: { etag: '\"1\"', body: { id: i1, instantiationState: INSTANTIATED } }
  openOps: []                 # the body alone will do
  opOcc: { status: 404 }

Exit status: 0 allowed, 1 denied, 2 not judged (bad file, missing fact).";

/// Judge one request from a file, without a VNFM.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLE)]
pub struct CheckArgs {
    /// The request: an .http or .rest file as editors know it, any other file as
    /// plain HTTP/1.1, or - for standard input
    pub file: PathBuf,

    #[command(flatten)]
    pub request: RequestArgs,
}

/// How a request is read, and what else its verdict depends on.
#[derive(Debug, Clone, Args)]
pub struct RequestArgs {
    /// How to read the request, if the file's name does not tell
    #[arg(long, value_enum)]
    pub input: Option<Input>,

    /// Which request of an .http file; the first by default
    #[arg(long)]
    pub name: Option<String>,

    /// A variable of an .http file; wins over the file's own
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub variables: Vec<(String, String)>,

    /// What the VNFM would answer, in JSON or YAML
    #[arg(long)]
    pub facts: Option<PathBuf>,

    /// The caller of the request, in JSON or YAML: subject, tenant, roles,
    /// scopes, certificateNames, sourceAddress
    #[arg(long)]
    pub caller: Option<PathBuf>,

    /// When the request arrives, such as 2026-01-31T12:00:00Z; now by default
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<SystemTime>,

    /// An option of the policy; the value is JSON or a plain text
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = option)]
    pub options: Vec<Setting>,

    /// Give a rule another severity: off, audit, warn or deny
    #[arg(long = "severity", value_name = "RULE=LEVEL", value_parser = severity)]
    pub severities: Vec<Setting>,

    /// Whether to deny, or only to report what would be denied
    #[arg(long, value_enum, default_value = "enforce")]
    pub mode: CheckMode,

    /// A baked policy (FILE.wasm, oci://... or https://...) or a bundle's folder; several are asked in turn,
    /// each about what lies below its API roots; the built-in policy by default
    #[arg(long = "policy", value_name = "FILE.wasm|DIR")]
    pub policies: Vec<PathBuf>,

    /// How to print the verdict
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Input {
    /// The format of editors: ### separators, @variables
    HttpFile,
    /// HTTP/1.1 with CRLF or LF
    Raw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckMode {
    Enforce,
    Monitor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

impl From<CheckMode> for Mode {
    fn from(mode: CheckMode) -> Self {
        match mode {
            CheckMode::Enforce => Self::Enforce,
            CheckMode::Monitor => Self::Monitor,
        }
    }
}

impl From<Input> for check::Input {
    fn from(input: Input) -> Self {
        match input {
            Input::HttpFile => Self::HttpFile,
            Input::Raw => Self::Raw,
        }
    }
}

impl CheckArgs {
    /// What the check is asked, and how to print the verdict.
    #[must_use]
    pub fn question(self) -> (Question, Format) {
        let format = self.request.format;
        (self.request.question(self.file), format)
    }
}

impl RequestArgs {
    /// What is asked about the request in a file.
    #[must_use]
    pub fn question(self, file: PathBuf) -> Question {
        Question {
            file,
            input: self.input.map(Into::into),
            name: self.name,
            variables: self.variables,
            facts: self.facts,
            caller: self.caller,
            at: self.at,
            settings: self.options.into_iter().chain(self.severities).collect(),
            mode: self.mode.into(),
            policies: self.policies,
        }
    }
}

/// Judges a request and prints the verdict: 0 if it is allowed, 1 if it is
/// denied. An error means that there is no verdict, and should give
/// [`CheckError::EXIT_CODE`].
///
/// # Errors
/// If a file is bad, the gate cannot be built, or a fact is missing.
pub async fn run<F, E>(args: CheckArgs, gate_for: F) -> Result<ExitCode, CheckError>
where
    F: FnOnce(GateOrder) -> Result<Gate, E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (question, format) = args.question();
    let report = check::check(question, gate_for).await?;
    match format {
        Format::Text => {
            let mut out = anstream::stdout().lock();
            check::render(&report, &mut out).and_then(|()| out.flush())
        }
        Format::Json => {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{:#}", report.json()).and_then(|()| out.flush())
        }
    }
    // A reader that has gone away wanted no more: the exit status tells the rest.
    .or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(CheckError::Write(error)) })?;
    Ok(if report.problem().is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn pair(text: &str, expected: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("expected {expected}")),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    pair(text, "NAME=VALUE, such as host=http://vnfm:9890")
}

fn option(text: &str) -> Result<Setting, String> {
    let (name, text) = pair(text, "OPTION=VALUE, such as strict=true")?;
    let value = serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
    Ok(Setting::Option { name, value })
}

fn severity(text: &str) -> Result<Setting, String> {
    let expected = "RULE=LEVEL with off, audit, warn or deny, such as header.accept.required=warn";
    let (rule, level) = pair(text, expected)?;
    let severity = Severity::named(&level).ok_or_else(|| format!("expected {expected}"))?;
    Ok(Setting::Severity { rule, severity })
}

fn time(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339(text).map_err(|_| "expected a time in UTC, such as 2026-01-31T12:00:00Z".to_owned())
}
