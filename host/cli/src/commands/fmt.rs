//! `solgate fmt`: writes the YAML of a bundle in the usual form.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use solgate_bundle::PARTS;
use solgate_bundle::format::format;

use crate::commands::output::{Output, print};

/// Write the YAML of a bundle in the usual form
///
/// Two blanks for each level, one blank within braces, double quotes where quotes are needed. Comments,
/// the order of members, blank lines, expressions and all other texts stay. Each file is read again
/// before it is written: one that would say something else is left as it is, and named.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate fmt policies/my-policy
  solgate fmt --check policies/my-policy
  solgate fmt policies/my-policy/rules/terminate.yaml

Exit status: 0 all files are in the usual form now (with --check: already), 1 with --check, some are not, 2 a file cannot be read, formatted or written.")]
pub struct FmtArgs {
    /// Folders of bundles, and files
    #[arg(value_name = "DIR|FILE", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Name the files that are not in the usual form, and write none
    #[arg(long)]
    check: bool,
}

pub fn run(arguments: &FmtArgs) -> anyhow::Result<ExitCode> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        let failed = |error: io::Error| anyhow!("cannot read {}: {error}", path.display());
        if !fs::metadata(path).map_err(failed)?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        for part in PARTS {
            collect(&path.join(part), &mut files).map_err(failed)?;
        }
        if files.len() == before {
            bail!("{} is not the folder of a bundle: it has no policy.yaml, rules or tests", path.display());
        }
    }
    let (mut said, mut left, mut changed) = (String::new(), String::new(), 0_usize);
    for path in &files {
        let text = fs::read_to_string(path).map_err(|error| anyhow!("cannot read {}: {error}", path.display()))?;
        match format(&text) {
            Ok(formatted) if formatted == text => {}
            Ok(formatted) => {
                changed = changed.saturating_add(1);
                if !arguments.check {
                    Output::create(path)?.write(formatted.as_bytes())?;
                }
                said.push_str(&format!("{}\n", path.display()));
            }
            Err(reason) => left.push_str(&format!("\n{}: {reason}", path.display())),
        }
    }
    let verb = if arguments.check { "are not in the usual form" } else { "formatted" };
    print(&format!("{said}{changed} of {} files {verb}\n", files.len()))?;
    if !left.is_empty() {
        bail!("left as they are:{left}");
    }
    Ok(ExitCode::from(u8::from(arguments.check && changed > 0)))
}

/// The YAML files at or below a path, in the order of their names. Hidden ones and links are
/// for others.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    if name.starts_with(b".") {
        return Ok(());
    }
    if found.is_dir() {
        let mut below: Vec<PathBuf> = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        below.sort();
        return below.iter().try_for_each(|path| collect(path, files));
    }
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if found.is_file() && is_yaml {
        files.push(path.to_owned());
    }
    Ok(())
}
