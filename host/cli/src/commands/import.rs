//! `solgate import`: a bundle made of OpenAPI files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use solgate_bundle::{BuildOptions, Diagnostic, Failure, compile_dir, render, templates};
use solgate_import::{Counts, ImportError, Imported, Options, import, update};

use crate::commands::diff::change_lines;
use crate::commands::format::Lines;
use crate::commands::output::{note, print};

/// Make a bundle of OpenAPI files as a standard publishes them.
///
/// The files are OpenAPI 3.0 or 3.1, or Swagger 2.0, in YAML or JSON; those that they refer to are found
/// from there. The bundle has the operations and the request types, a rule for each request type, facts
/// with the rules that they exist, and cases that pass. What is wrong with the files is shown with file
/// and line, and with what became of it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate import NSLifecycleManagement.yaml -o policies/nslcm
  solgate import NSLifecycleManagement.yaml -o policies/nslcm-fine --fine --without-descriptions
  solgate import newer/NSLifecycleManagement.yaml -o policies/nslcm --update

Exit status: 0 made (with --update: the files would change nothing), 1 made, but the bundle has mistakes (with --update: the files would change something), 2 a file cannot be read or imported, or the folder exists already.")]
pub struct ImportArgs {
    /// The documents that describe the paths
    #[arg(required = true, value_name = "OPENAPI")]
    documents: Vec<PathBuf>,

    /// The folder to make; its last part is the name of the policy
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,

    /// The API root, such as /nslcm/v2 [default: that of the documents]
    #[arg(long, value_name = "PATH")]
    api_root: Option<String>,

    /// A rule for each member, not for each request type
    #[arg(long)]
    fine: bool,

    /// Leave out what the files say in words
    #[arg(long)]
    without_descriptions: bool,

    /// Write nothing: show what the files would change in the operations and schemas of the bundle in DIR
    #[arg(long)]
    update: bool,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Lines,
}

pub fn run(arguments: &ImportArgs) -> anyhow::Result<ExitCode> {
    let options = Options {
        name: templates::policy_name(&arguments.output)?,
        api_root: arguments.api_root.clone(),
        fine: arguments.fine,
        without_descriptions: arguments.without_descriptions,
    };
    if arguments.update {
        return show_update(arguments, &imported(arguments, &options)?);
    }
    // Before the work.
    if arguments.output.symlink_metadata().is_ok() {
        anyhow::bail!(
            "{} exists already; choose another folder, or add --update to see what would change",
            arguments.output.display()
        );
    }
    let imported = imported(arguments, &options)?;
    templates::make(&arguments.output, imported.files.iter().cloned())?;
    let (found, sources) = match compile_dir(&arguments.output, &BuildOptions::default()) {
        Ok(compiled) => (compiled.warnings, compiled.sources),
        Err(Failure::Mistakes(diagnostics)) => diagnostics.into_parts(),
        Err(failure) => return Err(failure.into()),
    };
    let has_mistakes = found.iter().any(|found| found.severity == solgate_bundle::Severity::Mistake);
    match arguments.format {
        Lines::Text => {
            let mut text = defects(&imported);
            let _ = write!(text, "{}", render(&found, &sources, true));
            made(&arguments.output, &imported, &found, &mut text);
            print(&text)?;
        }
        Lines::Json => print(&format!("{}\n", told(&arguments.output, &imported, &found)))?,
    }
    Ok(ExitCode::from(u8::from(has_mistakes)))
}

fn imported(arguments: &ImportArgs, options: &Options) -> anyhow::Result<Imported> {
    import(&arguments.documents, options).map_err(|error| match error {
        ImportError::Mistakes(diagnostics) => {
            note(diagnostics.render(true).trim_end());
            anyhow::anyhow!("nothing can be imported")
        }
        error => error.into(),
    })
}

/// Lines that are named one by one; more are counted.
const NAMED: usize = 6;

/// The defects of the files: each kind once, with the places that it is at.
fn defects(imported: &Imported) -> String {
    let mut text = String::new();
    let mut groups: Vec<(&Diagnostic, Vec<String>)> = Vec::new();
    let mut known: BTreeMap<(&str, Option<&str>, &str), usize> = BTreeMap::new();
    for defect in imported.defects.iter() {
        let place = defect.span.as_ref().map_or_else(|| "as a whole".to_owned(), |span| span.line.to_string());
        let key = (defect.message.as_str(), defect.hint.as_deref(), defect.file.as_str());
        let index = *known.entry(key).or_insert_with(|| {
            groups.push((defect, Vec::new()));
            groups.len().saturating_sub(1)
        });
        if let Some((_, places)) = groups.get_mut(index).filter(|(_, places)| places.last() != Some(&place)) {
            places.push(place);
        }
    }
    for (defect, places) in groups {
        let hint = defect.hint.as_deref().map(|hint| format!(" - {hint}")).unwrap_or_default();
        let first = places.first().map_or("", String::as_str);
        let more = match places.get(1..).unwrap_or_default() {
            [] => String::new(),
            [line] => format!(" (also on line {line})"),
            lines if lines.len() < NAMED => format!(" (also on lines {})", lines.join(", ")),
            lines => format!(" (and on {} more lines)", lines.len()),
        };
        let _ = writeln!(text, "{}:{first}: {}{hint}{more}", defect.file, defect.message);
    }
    text
}

fn made(dir: &Path, imported: &Imported, found: &[Diagnostic], text: &mut String) {
    let Counts { operations, schemas, unreached, rules, facts, cases } = imported.counts;
    let shown = dir.display();
    if !imported.without_case.is_empty() {
        let _ = writeln!(text, "no case for {}: write one with a body of your own", imported.without_case.join(", "));
    }
    let _ = writeln!(
        text,
        "made {shown}, below {}: operations {operations}, schemas {schemas} ({unreached} not reached), rules {rules}, facts {facts}, \
         cases {cases}; defects of the files {}; lint: {}",
        imported.root,
        imported.defects.len(),
        if found.is_empty() { "nothing wrong".to_owned() } else { format!("{} found", found.len()) },
    );
    let _ = write!(
        text,
        "what to do next:\n  solgate test {shown}\n  solgate docs {shown}\n  solgate build {shown} -o {shown}.wasm\n"
    );
}

fn told(dir: &Path, imported: &Imported, found: &[Diagnostic]) -> serde_json::Value {
    let Counts { operations, schemas, unreached, rules, facts, cases } = imported.counts;
    json!({
        "bundle": dir,
        "apiRoot": imported.root,
        "operations": operations,
        "schemas": schemas,
        "unreached": unreached,
        "rules": rules,
        "facts": facts,
        "cases": cases,
        "withoutCase": imported.without_case,
        "defects": imported.defects.iter().collect::<Vec<_>>(),
        "diagnostics": found,
    })
}

fn show_update(arguments: &ImportArgs, imported: &Imported) -> anyhow::Result<ExitCode> {
    let found = update(&arguments.output, imported)?;
    let shown = arguments.output.display();
    match arguments.format {
        Lines::Text if found.is_empty() => print(&format!("{shown}: the files would change nothing\n"))?,
        Lines::Text => {
            let note = |edited: bool| if edited { "  (edited in the bundle)" } else { "" };
            let lines = change_lines(found.iter().map(|update| (&update.change, note(update.edited))));
            let edited = found.iter().filter(|update| update.edited).count();
            print(&format!(
                "{}\n{shown}: changes {}, of them {edited} where the bundle was edited; rules are not compared\n",
                lines.trim_start_matches('\n'),
                found.len()
            ))?;
        }
        Lines::Json => print(&format!("{}\n", json!({ "bundle": arguments.output, "changes": found })))?,
    }
    Ok(ExitCode::from(u8::from(!found.is_empty())))
}
