//! `solgate inspect`: shows what is in a policy file.

mod anatomy;
mod manifest;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use solgate::policy::{VNFLCM_V2, read_file};
use solgate_bundle::Source;
use solgate_bundle::bake::bundle_of;
use solgate_engine::ir::Data;

use crate::commands::format::Page;
use crate::commands::inspect::anatomy::{Anatomy, Kind};
use crate::commands::output::{note, print};
use crate::commands::policies::{Loader, built_in, local};

/// Show what is in a policy file: its manifest, digests, sizes, imports and exports.
///
/// Without FILE, the built-in policy vnflcm-v2 is shown.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate inspect my-policy.wasm
  solgate inspect oci://registry.example/team/my-policy:stable
  solgate inspect --format json

Exit status: 0 it is a policy, 1 it is not a policy, 2 the file cannot be read.")]
pub struct InspectArgs {
    /// A WebAssembly file, oci://... or https://... of one, or the name of a built-in policy
    #[arg(value_name = "FILE|NAME")]
    file: Option<PathBuf>,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Page,
}

pub fn run(arguments: &InspectArgs) -> anyhow::Result<ExitCode> {
    let bytes = match &arguments.file {
        Some(path) => match built_in(path) {
            Some(policy) => policy.unpack()?,
            None => read_file(&local(path)?)?,
        },
        None => VNFLCM_V2.unpack()?,
    };
    let bytes = bytes.as_slice();
    let anatomy = Anatomy::of(bytes);
    let tests = solgate_cases::embedded_files(bytes).map_err(|error| error.to_string());
    // The manifest of the contract does not tell of it.
    let data = bundle_of(bytes).map(|bundle| bundle.data).unwrap_or_default();
    let policy = Loader::for_author()?.bytes(arguments.file.as_deref(), bytes);
    let name = arguments.file.as_deref().unwrap_or(Path::new("(built in)"));
    match arguments.format {
        Page::Pretty => {
            let mut page = String::new();
            if let Ok(policy) = &policy {
                page.push_str(&manifest::title(policy.manifest()));
            }
            page.push_str(&pretty(name, &anatomy));
            if let Ok(policy) = &policy {
                let _ = writeln!(page, "  {:<14}{}", "tests", shown(&counted(&tests)));
                page.push_str(&manifest::pretty(policy.manifest()));
                page.push_str(&listed_data(&data));
            }
            print(&page)?;
            if let Err(error) = &policy {
                note(&format!("solgate: {} is not a policy: {}", name.display(), shown(&error.to_string())));
            }
        }
        Page::Json => {
            let mut object = json!({ "file": arguments.file });
            if let (Some(object), serde_json::Value::Object(parts)) = (object.as_object_mut(), json!(anatomy)) {
                object.extend(parts);
                object.insert("policy".to_owned(), json!(policy.as_ref().ok().map(|p| manifest::json(p.manifest()))));
                if policy.is_ok() {
                    let files = |files: &Vec<Source>| files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
                    object.insert("tests".to_owned(), json!(tests.as_ref().ok().map(files)));
                    if !data.is_empty() {
                        let described = |data: &Data| json!({ "name": data.name, "file": data.file, "entries": data.entries(), "sha256": data.digest });
                        object.insert("data".to_owned(), data.iter().map(described).collect());
                    }
                    object.insert("testsProblem".to_owned(), json!(tests.as_ref().err()));
                }
                object.insert("problem".to_owned(), json!(policy.as_ref().err().map(ToString::to_string)));
            }
            print(&format!("{object}\n"))?;
        }
    }
    Ok(ExitCode::from(u8::from(policy.is_err())))
}

fn pretty(name: &Path, anatomy: &Anatomy) -> String {
    let mut page = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(page, "  {label:<14}{}", shown(value));
    };
    line("file", &name.display().to_string());
    let kind = match anatomy.kind {
        Kind::Other => "not WebAssembly",
        Kind::Module => "core module",
        Kind::Component => "component",
    };
    line("kind", kind);
    line("SHA-256", &anatomy.sha256);
    if anatomy.kind == Kind::Other {
        line("size", &format!("{} bytes", anatomy.bytes));
        return page;
    }
    line("size", &format!("{} bytes: {} of code, {} of data", anatomy.bytes, anatomy.code, anatomy.data));
    line("imports", &listed(&anatomy.imports));
    line("exports", &listed(&anatomy.exports));
    let sections: Vec<String> =
        anatomy.custom_sections.iter().map(|section| format!("{} ({} bytes)", section.name, section.bytes)).collect();
    line("sections", &listed(&sections));
    if let Some(fault) = &anatomy.fault {
        line("fault", fault);
    }
    page
}

/// The files of cases that the policy carries.
fn counted(tests: &Result<Vec<Source>, String>) -> String {
    match tests {
        Ok(files) if files.is_empty() => "none".to_owned(),
        Ok(files) => {
            let bytes = files.iter().map(|file| file.text.len()).fold(0, usize::saturating_add);
            format!("{bytes} bytes in {}", files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", "))
        }
        Err(problem) => format!("not usable: {problem}"),
    }
}

/// The data that the policy's bundle holds.
fn listed_data(all: &[Data]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let files = if all.len() == 1 { "file" } else { "files" };
    let mut page = format!("\n{} data {files}\n", all.len());
    let width = all.iter().map(|data| data.name.len()).max().unwrap_or_default();
    for data in all {
        let entries = data.entries().map_or_else(String::new, |entries| format!("{entries} entries, "));
        let line = format!("  {:<width$}  {}: {entries}SHA-256 {}", data.name, data.file, data.digest);
        let _ = writeln!(page, "{}", shown(&line));
    }
    page
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Names in a foreign file cannot steer the terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
