//! `solgate build`: compiles a bundle's folder into a policy component, or finishes what a
//! toolchain of another language has made.

mod foreign;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use solgate_bundle::{BuildOptions, compile_dir};

use crate::commands::output::{Output, note, print};
use crate::commands::policies::{bake, bundle_error};

/// Check a bundle, compile it and bake it into a policy component.
///
/// The result needs nothing but a host to run: schemas and expressions are
/// compiled, and the component imports nothing. The same bundle gives the same bytes.
///
/// A file instead of a folder is what a toolchain of another language has made: a core
/// module that is made for wit/policy.wit, or a component. The result is a component, is
/// known to be a policy, and carries the cases of --cases (docs/other-languages.md).
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate build policies/my-policy -o my-policy.wasm
  solgate build policies/my-policy -o strict.wasm --set strict=true
  solgate build built.wasm --cases tests -o my-policy.wasm

Exit status: 0 built, 2 the bundle has mistakes, the file is not a policy, or the output cannot be written.")]
pub struct BuildArgs {
    /// Folder with policy.yaml, openapi.yaml and rules/, or a WebAssembly file
    #[arg(value_name = "DIR|FILE.wasm")]
    source: PathBuf,

    /// Where to write the component
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Give an option another default, which also wins over that of an API root
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,

    /// Put the cases of this folder into the policy; for a WebAssembly file, as a bundle
    /// brings its own
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,

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

/// What was built, as it is reported.
struct Built {
    component: Vec<u8>,
    name: String,
    version: String,
    digest: String,
    rules: usize,
    operations: usize,
}

pub fn run(arguments: &BuildArgs) -> anyhow::Result<ExitCode> {
    // Before the work that takes seconds.
    let output = Output::create(&arguments.output)?;
    let built = if arguments.source.is_file() {
        if !arguments.set.is_empty() {
            bail!("--set goes with a bundle's folder; the options of {} are its own", arguments.source.display());
        }
        foreign::finish(&arguments.source, arguments.cases.as_deref())?
    } else if let Some(cases) = &arguments.cases {
        bail!("--cases {} goes with a WebAssembly file; a bundle brings those of its folder tests/", cases.display());
    } else {
        bundle(arguments)?
    };
    output.write(&built.component)?;
    match arguments.format {
        Format::Text => note(&format!(
            "solgate: {} holds {} {}: {} rules for {} operations, {} bytes, source {}",
            arguments.output.display(),
            built.name,
            built.version,
            built.rules,
            built.operations,
            built.component.len(),
            built.digest.get(..12).unwrap_or(&built.digest),
        )),
        Format::Json => print(&format!(
            "{}\n",
            serde_json::json!({
                "file": arguments.output,
                "name": built.name,
                "version": built.version,
                "digest": built.digest,
                "rules": built.rules,
                "operations": built.operations,
                "bytes": built.component.len(),
            })
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn bundle(arguments: &BuildArgs) -> anyhow::Result<Built> {
    let options = BuildOptions { set: arguments.set.clone(), ..BuildOptions::default() };
    let compiled =
        compile_dir(&arguments.source, &options).map_err(|failure| bundle_error(&arguments.source, failure))?;
    if !compiled.warnings.is_empty() {
        note(&solgate_bundle::render(&compiled.warnings, &compiled.sources, true));
    }
    let component = bake(&compiled)?;
    let bundle = compiled.bundle;
    Ok(Built {
        component,
        rules: bundle.rules.len(),
        operations: bundle.resources().count(),
        name: bundle.name,
        version: bundle.version,
        digest: bundle.digest,
    })
}
