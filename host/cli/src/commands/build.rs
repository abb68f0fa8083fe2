//! `solgate build`: compiles a bundle's folder into a policy component.

use std::path::PathBuf;
use std::process::ExitCode;

use solgate_bundle::{BuildOptions, compile_dir};

use crate::commands::output::{Output, note, print};
use crate::commands::policies::{bake, bundle_error};

/// Check a bundle, compile it and bake it into a policy component.
///
/// The result needs nothing but a host to run: schemas and expressions are
/// compiled, and the component imports nothing. The same bundle gives the same bytes.
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

    /// Give an option another default, which also wins over that of an API root
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
    let options = BuildOptions { set: arguments.set.clone(), ..BuildOptions::default() };
    let compiled =
        compile_dir(&arguments.bundle, &options).map_err(|failure| bundle_error(&arguments.bundle, failure))?;
    if !compiled.warnings.is_empty() {
        note(&solgate_bundle::render(&compiled.warnings, &compiled.sources, true));
    }
    let bundle = &compiled.bundle;
    let component = bake(&compiled)?;
    output.write(&component)?;
    match arguments.format {
        Format::Text => note(&format!(
            "solgate: {} holds {} {}: {} rules for {} operations, {} bytes, source {}",
            arguments.output.display(),
            bundle.name,
            bundle.version,
            bundle.rules.len(),
            bundle.resources().count(),
            component.len(),
            bundle.digest.get(..12).unwrap_or(&bundle.digest),
        )),
        Format::Json => print(&format!(
            "{}\n",
            serde_json::json!({
                "file": arguments.output,
                "name": bundle.name,
                "version": bundle.version,
                "digest": bundle.digest,
                "rules": bundle.rules.len(),
                "operations": bundle.resources().count(),
                "bytes": component.len(),
            })
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}
