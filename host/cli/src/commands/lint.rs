//! `solgate lint`: everything that is wrong with a bundle, at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use solgate_bundle::{BuildOptions, Diagnostic, Failure, Severity, Sources, compile_dir, render};

use crate::commands::output::print;

/// Show all mistakes and warnings of a bundle, each with its place and what to do.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate lint policies/my-policy
  solgate lint --deny-warnings --format json

Exit status: 0 nothing is wrong, 1 there are mistakes (with --deny-warnings: or warnings), 2 the folder cannot be read.")]
pub struct LintArgs {
    /// Folder of the bundle
    #[arg(value_name = "DIR", default_value = ".")]
    bundle: PathBuf,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Take warnings as seriously as mistakes
    #[arg(long)]
    deny_warnings: bool,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// Excerpts for people
    #[default]
    Pretty,
    /// One JSON object
    Json,
}

pub fn run(arguments: &LintArgs) -> anyhow::Result<ExitCode> {
    let (found, sources) = match compile_dir(&arguments.bundle, &BuildOptions::default()) {
        Ok(compiled) => (compiled.warnings, compiled.sources),
        Err(Failure::Mistakes(diagnostics)) => diagnostics.into_parts(),
        Err(failure) => return Err(failure.into()),
    };
    let count = |severity| found.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let (mistakes, warnings) = (count(Severity::Mistake), count(Severity::Warning));
    match arguments.format {
        Format::Pretty => print(&pretty(&arguments.bundle, &found, &sources, mistakes, warnings))?,
        Format::Json => print(&format!(
            "{}\n",
            json!({ "bundle": arguments.bundle, "mistakes": mistakes, "warnings": warnings, "diagnostics": found })
        ))?,
    }
    let failed = mistakes > 0 || (arguments.deny_warnings && warnings > 0);
    Ok(ExitCode::from(u8::from(failed)))
}

fn pretty(bundle: &Path, found: &[Diagnostic], sources: &Sources, mistakes: usize, warnings: usize) -> String {
    let counted = |count: usize, what: &str| match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!(
        "{}{}: {}, {}\n",
        render(found, sources, true),
        bundle.display(),
        counted(mistakes, "mistake"),
        counted(warnings, "warning")
    )
}
