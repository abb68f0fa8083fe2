//! `solgate docs`: the rule book of a bundle, or its API in OpenAPI.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use solgate::policy::{BUILT_IN, BuiltIn, VNFLCM_V2};
use solgate_bundle::{BuildOptions, compile_built_in, compile_dir, openapi_description, rule_book};
use solgate_engine::version::ApiVersion;

use crate::commands::build::setting;
use crate::commands::output::{Output, note, print};
use crate::commands::policies::{built_in, bundle_error};

/// Write the rule book of a bundle, in Markdown, or its API, in OpenAPI.
///
/// For every rule, the rule book says what the rule asks, why, and what to do. The API is described
/// as a client sees it in one version: what requests must look like, and with which statuses they may
/// be refused. Without DIR or NAME, the built-in policy vnflcm-v2 is described, and the names of the
/// others are said.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate docs policies/my-policy -o rules.md
  solgate docs | less
  solgate docs nslcm-v2 -o nslcm.md
  solgate docs --format openapi -o api.json
  solgate docs --format openapi --set vendor=true
  solgate docs --format openapi --api-version 2.2.0 nslcm-v2

Exit status: 0 written, 2 the bundle has mistakes or the file cannot be written.")]
pub struct DocsArgs {
    /// Folder of the bundle, or the name of a built-in policy
    #[arg(value_name = "DIR|NAME")]
    bundle: Option<PathBuf>,

    /// Give an option another default, as in `solgate build`
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,

    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,

    /// The version of the API to describe in OpenAPI, such as 2.3.0; without it, the highest that the
    /// bundle supports and knows
    #[arg(long, value_name = "VERSION", value_parser = api_version)]
    api_version: Option<ApiVersion>,

    /// Where to write the page; by default on standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// The rule book
    Markdown,
    /// The API, as JSON
    Openapi,
}

fn api_version(text: &str) -> Result<ApiVersion, &'static str> {
    ApiVersion::plain(text).ok_or("not a version of an API, such as 2.3.0")
}

pub fn run(arguments: &DocsArgs) -> anyhow::Result<ExitCode> {
    let output = arguments.output.as_deref().map(Output::create).transpose()?;
    let options = BuildOptions { set: arguments.set.clone(), ..BuildOptions::default() };
    let named = arguments.bundle.as_deref().map_or(Some(VNFLCM_V2), built_in);
    let compiled = match (named, &arguments.bundle) {
        (None, Some(bundle)) => compile_dir(bundle, &options).map_err(|failure| bundle_error(bundle, failure))?,
        (policy, _) => {
            let name = policy.unwrap_or(VNFLCM_V2).name();
            compile_built_in(name, &options)
                .ok_or_else(|| anyhow!("this program has no bundle {name} in it; name the folder of one"))??
        }
    };
    let page = match arguments.format {
        Format::Markdown => rule_book(&compiled.bundle),
        Format::Openapi => {
            let described = openapi_description(&compiled.bundle, arguments.api_version);
            let described = described.map_err(|fault| anyhow!("{fault}; `--set supportedVersions=VERSION` adds it"))?;
            format!("{described:#}\n")
        }
    };
    match output {
        Some(output) => output.write(page.as_bytes())?,
        None => print(&page)?,
    }
    if arguments.bundle.is_none() {
        let others: Vec<&str> = BUILT_IN.iter().map(BuiltIn::name).filter(|name| *name != VNFLCM_V2.name()).collect();
        let (this, others) = (VNFLCM_V2.name(), others.join(", "));
        note(&format!("solgate: this is {this}; name another built-in policy for its own page: {others}"));
    }
    Ok(ExitCode::SUCCESS)
}
