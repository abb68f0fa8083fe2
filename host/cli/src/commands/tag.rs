//! `solgate tag`: another tag for a policy in a registry.

use std::process::ExitCode;

use serde_json::json;
use solgate_registry::{Reference, Version, wait_for};

use crate::args::registry::{RegistryArgs, reference};
use crate::commands::format::Page;
use crate::commands::output::print;

/// Give a policy in a registry a tag: gates that follow the tag take it over.
///
/// Nothing is uploaded. To promote a candidate, and to go back to what was before, is to give it the tag
/// that gates follow.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate tag oci://registry.example/team/my-policy:1.2.0 candidate
  solgate tag oci://registry.example/team/my-policy:candidate stable
  solgate tag oci://registry.example/team/my-policy:1.1.0 stable

Exit status: 0 it has the tag, 2 the policy is not there, or the registry does not take the tag.")]
pub struct TagArgs {
    /// A policy, by a tag that it has, or by its digest
    #[arg(value_name = "oci://HOST/NAME:TAG", value_parser = reference)]
    reference: Reference,

    /// The tag that it gets
    #[arg(value_name = "TAG")]
    tag: String,

    #[command(flatten)]
    registry: RegistryArgs,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Page,
}

pub fn run(arguments: &TagArgs) -> anyhow::Result<ExitCode> {
    let TagArgs { reference: named, tag, registry, format } = arguments;
    let wanted = named.with(Version::Tag(tag.clone())).to_string();
    let wanted = reference(&wanted)
        .map_err(|_| anyhow::anyhow!("{tag:?} is not a tag: expected letters, digits, -, _ and ."))?;
    let client = registry.client()?;
    let digest = wait_for(client.tag(named, tag))??;
    match format {
        Page::Pretty => print(&format!("{wanted} is sha256:{digest}\n"))?,
        Page::Json => {
            print(&format!("{}\n", json!({"reference": wanted.to_string(), "digest": format!("sha256:{digest}")})))?
        }
    }
    Ok(ExitCode::SUCCESS)
}
