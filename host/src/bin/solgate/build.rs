//! `solgate build`: from a bundle's folder to a policy component.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use solgate_bundle::{BuildOptions, compile_dir};

use crate::policies::{bundle_error, with_spinner};

/// Check a bundle, compile it and bake it into a policy component.
///
/// The result needs nothing but a host to run: schemas and expressions are
/// compiled, and it imports nothing. The same bundle gives the same bytes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate build policies/my-policy -o my-policy.wasm
  solgate build policies/my-policy -o strict.wasm --set strict=true

Exit status: 0 built, 2 the bundle has mistakes or the file cannot be written.")]
pub struct BuildArgs {
    /// Folder with policy.yaml, openapi.yaml and rules/
    #[arg(value_name = "DIR")]
    bundle: PathBuf,

    /// Where to write the component
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Build another default of an option in; it then also wins over an API root's
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// One line for people, on standard error
    #[default]
    Text,
    /// One JSON object on standard output
    Json,
}

/// `OPTION=VALUE`, as `--set` takes it.
pub fn setting(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected OPTION=VALUE, such as strict=true".to_owned())
}

pub fn run(arguments: &BuildArgs) -> anyhow::Result<ExitCode> {
    // Before the work that takes seconds.
    let output = Output::create(&arguments.output)?;
    let options = BuildOptions { set: arguments.set.clone() };
    let compiled =
        compile_dir(&arguments.bundle, &options).map_err(|failure| bundle_error(&arguments.bundle, failure))?;
    if !compiled.warnings.is_empty() {
        anstream::eprint!("{}", solgate_bundle::render(&compiled.warnings, &compiled.sources, true));
    }
    let bundle = &compiled.bundle;
    let component = with_spinner("baking", || compiled.bake())?;
    output.write(&component)?;
    match arguments.format {
        Format::Text => anstream::eprintln!(
            "solgate: {} holds {} {}: {} rules for {} operations, {} bytes, source {}",
            arguments.output.display(),
            bundle.name,
            bundle.version,
            bundle.rules.len(),
            bundle.operations.len(),
            component.len(),
            bundle.digest.get(..12).unwrap_or(&bundle.digest),
        ),
        Format::Json => print(&serde_json::json!({
            "file": arguments.output,
            "name": bundle.name,
            "version": bundle.version,
            "digest": bundle.digest,
            "rules": bundle.rules.len(),
            "operations": bundle.operations.len(),
            "bytes": component.len(),
        }))
        .map_err(|error| anyhow!("the result cannot be written to standard output: {error}"))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A file that is written whole or not at all.
struct Output<'a> {
    path: &'a Path,
    file: tempfile::NamedTempFile,
}

impl<'a> Output<'a> {
    /// Makes a file beside `path` that nobody sees yet.
    fn create(path: &'a Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .permissions(std::fs::Permissions::from_mode(0o644))
            .tempfile_in(folder)
            // Its own message names the temporary file, which nobody knows.
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => {
                    anyhow!("cannot write {}: there is no folder {}; make it first", path.display(), folder.display())
                }
                kind => anyhow!("cannot write {} in the folder {}: {kind}", path.display(), folder.display()),
            })?;
        Ok(Self { path, file })
    }

    fn write(mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let failed = |error: std::io::Error| anyhow!("cannot write {}: {error}", self.path.display());
        self.file.write_all(bytes).map_err(failed)?;
        self.file.persist(self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Prints a line. A reader that has gone away wanted no more of it.
fn print(line: &serde_json::Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
