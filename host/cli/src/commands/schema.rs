//! `solgate schema`: JSON Schemas of the files that people write, for editors.

use std::process::ExitCode;

use solgate_bundle::schemas::FileKind;

use crate::commands::output::print;

/// Print the JSON Schema of the configuration, or of a file of a bundle, for editors.
///
/// `solgate new` puts the schemas into the folder .solgate of the bundle. The first line of each file
/// names its schema, so that an editor with the language server for YAML completes, explains and checks it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate schema policy > .solgate/policy.schema.json
  solgate schema rules > .solgate/rules.schema.json
  solgate schema config > solgate.schema.json

The first line of policy.yaml, of a file in rules/, and of solgate.yaml:
  # yaml-language-server: $schema=.solgate/policy.schema.json
  # yaml-language-server: $schema=../.solgate/rules.schema.json
  # yaml-language-server: $schema=solgate.schema.json

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
    /// solgate.yaml, which `solgate serve` and the other doors read with --config
    Config,
}

pub fn run(arguments: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let schema = match arguments.file {
        File::Policy => FileKind::Policy.schema(),
        File::Rules => FileKind::Rules.schema(),
        File::Tests => FileKind::Tests.schema(),
        File::Config => solgate_config::SCHEMA,
    };
    print(schema)?;
    Ok(ExitCode::SUCCESS)
}
