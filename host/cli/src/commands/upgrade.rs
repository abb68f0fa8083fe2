//! `solgate upgrade`: mends expressions, and has their types checked from now on.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use solgate_bundle::{Changed, upgrade};

use crate::commands::output::{Output, print};

/// Mend the expressions of a bundle, and have their types checked from now on
///
/// A member that may be absent, and is read without a test for it, is read with `.?` then:
/// `caller.tenant == 'a'` becomes `caller.?tenant.orValue('') == 'a'`. Comments and layout stay as
/// they are. If all types fit then, policy.yaml says `language: 2`, and from now on an expression
/// whose types do not fit is a mistake. What is left to mend by hand is shown.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate upgrade --check policies/my-policy
  solgate upgrade policies/my-policy

Exit status: 0 policy.yaml says `language: 2`, 1 there are mistakes left, which are shown, or, with
--check, something would be changed, 2 a file cannot be read or written.")]
pub struct UpgradeArgs {
    /// Folder of the bundle
    #[arg(value_name = "DIR", default_value = ".")]
    bundle: PathBuf,
    /// Change nothing: show what would be changed
    #[arg(long, visible_alias = "dry-run")]
    check: bool,
}

pub fn run(arguments: &UpgradeArgs) -> anyhow::Result<ExitCode> {
    let dir = &arguments.bundle;
    let upgraded = upgrade(dir)?;
    let mut said = String::new();
    for file in &upgraded.changed {
        let path = dir.join(&file.name);
        if arguments.check {
            difference(file, &mut said);
        } else {
            Output::create(&path)?.write(file.after.as_bytes())?;
            let _ = writeln!(said, "{}: {}", path.display(), told(file));
        }
    }
    if upgraded.has_mistakes {
        print(&format!("{said}{}{}: mend these by hand\n", upgraded.left.render(true), dir.display()))?;
        return Ok(ExitCode::from(1));
    }
    let policy = dir.join("policy.yaml");
    if upgraded.by_hand {
        print(&said)?;
        anyhow::bail!("cannot add a line to {}: add `language: 2` to it yourself", policy.display());
    }
    let is_changed = upgraded.changed.iter().any(|file| file.name == "policy.yaml");
    let _ = match (arguments.check, is_changed) {
        (true, true) => writeln!(said, "{} would say `language: 2`", policy.display()),
        (false, true) => writeln!(said, "{} says `language: 2` now", policy.display()),
        (_, false) => writeln!(said, "{} says `language: 2` already", policy.display()),
    };
    print(&said)?;
    Ok(if arguments.check && !upgraded.changed.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// How many lines are other than before.
fn told(file: &Changed) -> String {
    let lines = file.before.lines().zip(file.after.lines()).filter(|(before, after)| before != after).count();
    match lines {
        _ if file.before.lines().count() != file.after.lines().count() => "a line added".to_owned(),
        1 => "1 line mended".to_owned(),
        lines => format!("{lines} lines mended"),
    }
}

/// The lines that are other than before, as `diff -u` shows them, without the lines around them.
fn difference(file: &Changed, out: &mut String) {
    let (before, after): (Vec<&str>, Vec<&str>) = (file.before.lines().collect(), file.after.lines().collect());
    let _ = write!(out, "--- {0}\n+++ {0}\n", file.name);
    if before.len() == after.len() {
        for (number, (old, new)) in (1_usize..).zip(before.iter().zip(&after)).filter(|(_, (old, new))| old != new) {
            let _ = write!(out, "@@ -{number} +{number} @@\n-{old}\n+{new}\n");
        }
        return;
    }
    // A line was added, and no other changed.
    let same = before.iter().zip(&after).take_while(|(old, new)| old == new).count();
    if let Some(new) = after.get(same) {
        let _ = write!(out, "@@ -{same},0 +{} @@\n+{new}\n", same.saturating_add(1));
    }
}
