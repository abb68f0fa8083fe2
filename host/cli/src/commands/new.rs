//! `solgate new`: a bundle, or a policy in another language, to begin with.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use solgate_bundle::templates::Template;

use crate::commands::output::print;

/// Make the folder of a new bundle, or of a policy in another language, which is complete and
/// passes its own tests.
///
/// The last part of PATH is the name of the policy. The folder also gets the JSON Schemas with which an
/// editor completes, explains and checks the files.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate new my-policy
  solgate new policies/my-policy --template minimal
  solgate new my-policy --template javascript

Exit status: 0 made, 2 the folder exists already, the name is not valid, or the folder cannot be written.")]
pub struct NewArgs {
    /// The folder to make
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// What to begin with
    #[arg(long, value_enum, default_value_t)]
    template: Kind,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Kind {
    /// Rules of your own on top of the built-in policy's
    #[default]
    Operator,
    /// A bundle that stands by itself: one operation, its schema and its rules
    Minimal,
    /// A policy in Rust on wit/policy.wit, without a bundle
    Rust,
    /// The same in JavaScript; componentize-qjs or componentize-js makes a component of it
    Javascript,
    /// The same in Python; componentize-py makes a component of it
    Python,
}

pub fn run(arguments: &NewArgs) -> anyhow::Result<ExitCode> {
    let path = arguments.path.display();
    let (template, steps) = match arguments.template {
        Kind::Operator => (Template::Operator, bundle_steps(&arguments.path)),
        Kind::Minimal => (Template::Minimal, bundle_steps(&arguments.path)),
        Kind::Rust => (
            Template::Rust,
            language_steps(
                &arguments.path,
                "cargo build --release --target wasm32-unknown-unknown",
                "target/wasm32-unknown-unknown/release/policy.wasm",
            ),
        ),
        Kind::Javascript => {
            (Template::JavaScript, language_steps(&arguments.path, "npm install && npm run build", "built.wasm"))
        }
        Kind::Python => (
            Template::Python,
            language_steps(
                &arguments.path,
                "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt\n  \
                 .venv/bin/componentize-py -q -d wit -w policy componentize app --stub-wasi -o built.wasm",
                "built.wasm",
            ),
        ),
    };
    template.make(&arguments.path)?;
    print(&format!("made {path}; what to do next:\n{steps}"))?;
    Ok(ExitCode::SUCCESS)
}

fn bundle_steps(path: &Path) -> String {
    let path = path.display();
    format!("  solgate lint {path}\n  solgate test {path}\n  solgate build {path} -o {path}.wasm\n")
}

/// Its README.md says the same, and more.
fn language_steps(path: &Path, build: &str, built: &str) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "  cd {}\n  {build}\n  solgate build {built} --cases tests -o {name}.wasm\n  solgate test {name}.wasm\n",
        path.display()
    )
}
