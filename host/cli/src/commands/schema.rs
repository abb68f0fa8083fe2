//! `solgate schema`: JSON Schemas of a bundle's files, for editors.

use std::process::ExitCode;

use solgate_bundle::schemas::FileKind;

use crate::commands::output::print;

/// Print the JSON Schema of a file of a bundle, for editors.
///
/// `solgate new` puts the schemas into the folder .solgate of the bundle. The first line of each file
/// names its schema, so that an editor with the language server for YAML completes, explains and checks it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate schema policy > .solgate/policy.schema.json
  solgate schema rules > .solgate/rules.schema.json

The first line of policy.yaml, and of a file in rules/:
  # yaml-language-server: $schema=.solgate/policy.schema.json
  # yaml-language-server: $schema=../.solgate/rules.schema.json

Exit status: 0 printed, 2 it could not be written.")]
pub struct SchemaArgs {
    /// The kind of file
    file: File,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum File {
    /// policy.yaml
    Policy,
    /// rules/*.yaml
    Rules,
    /// tests/*.yaml
    Tests,
}

pub fn run(arguments: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let kind = match arguments.file {
        File::Policy => FileKind::Policy,
        File::Rules => FileKind::Rules,
        File::Tests => FileKind::Tests,
    };
    print(kind.schema())?;
    Ok(ExitCode::SUCCESS)
}
