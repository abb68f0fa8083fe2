//! `solgate push`: a policy into a registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{anyhow, bail};
use serde_json::json;
use solgate::policy::Manifest;
use solgate::policy::signing::Signature;
use solgate_bundle::bake::bundle_of;
use solgate_bundle::rule_book;
use solgate_registry::manifest::SIGNATURE;
use solgate_registry::{Attachment, Reference, Version, wait_for};

use crate::args::registry::{RegistryArgs, reference};
use crate::commands::format::Page;
use crate::commands::output::print;
use crate::commands::policies::Loader;

/// Bytes of an SBOM.
const SBOM: usize = 64 << 20;

/// Store a policy in a registry, with its signature, cases, rule book and SBOM.
///
/// The policy becomes an artefact as the CNCF lays WebAssembly out in registries: other tools copy
/// and read it. The same file, pushed again, is the same artefact with the same digest. What belongs
/// to it is attached to it: FILE.wasm.sig, if there is one, and the cases and the rule book that the
/// file carries.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate push my-policy.wasm oci://registry.example/team/my-policy:1.2.0
  solgate push my-policy.wasm oci://registry.example/team/my-policy:1.2.0 --tag candidate --sbom sbom.cdx.json
  solgate push my-policy.wasm oci://127.0.0.1:5000/my-policy:dev --plain-http 127.0.0.1:5000

Exit status: 0 stored, 2 the file is not a policy, or the registry does not take it.")]
pub struct PushArgs {
    /// A policy component
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Where to: a registry, a name and a tag
    #[arg(value_name = "oci://HOST/NAME:TAG", value_parser = reference)]
    reference: Reference,

    /// Give it this tag as well; can be repeated
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,

    /// An SBOM of CycloneDX or SPDX, in JSON, that is attached
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,

    /// Say something else of the artefact; can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = annotation)]
    annotation: Vec<(String, String)>,

    /// When the policy was made; by default SOURCE_DATE_EPOCH, or 1970, so that the artefact is the same each time
    #[arg(long, value_name = "TIME", value_parser = time)]
    created: Option<SystemTime>,

    #[command(flatten)]
    registry: RegistryArgs,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Page,
}

pub fn run(arguments: &PushArgs) -> anyhow::Result<ExitCode> {
    let reference = &arguments.reference;
    if matches!(reference.version, Version::Digest(_)) {
        bail!("the registry gives the digest; name a tag: oci://{}/{}:TAG", reference.registry, reference.name);
    }
    let (policy, bytes) = Loader::for_author()?.component_with_bytes(&arguments.file)?;
    let mut annotations = described(policy.manifest());
    annotations.extend(arguments.annotation.iter().cloned());
    let attachments = attachments(arguments, &bytes)?;
    let created = arguments.created.or_else(source_date).unwrap_or(SystemTime::UNIX_EPOCH);
    let client = arguments.registry.client()?;
    let pushed = wait_for(async {
        let pushed = client.push(reference, bytes.into(), created, annotations, &attachments).await?;
        for tag in &arguments.tag {
            client.tag(&reference.with(Version::Digest(pushed.digest.to_string())), tag).await?;
        }
        Ok::<_, solgate_registry::RegistryError>(pushed)
    })??;
    let tags: Vec<String> = std::iter::once(reference.version.to_string()).chain(arguments.tag.clone()).collect();
    match arguments.format {
        Page::Pretty => {
            let mut page =
                format!("{reference}\n  digest    sha256:{}\n  tags      {}\n", pushed.digest, tags.join(", "));
            for (media_type, digest) in &pushed.attached {
                page.push_str(&format!("  attached  {media_type}, sha256:{digest}\n"));
            }
            print(&page)?;
        }
        Page::Json => {
            let attached: Vec<_> = pushed
                .attached
                .iter()
                .map(|(media_type, digest)| json!({"artifactType": media_type, "digest": format!("sha256:{digest}")}))
                .collect();
            let digest = format!("sha256:{}", pushed.digest);
            let name = format!("oci://{}/{}", reference.registry, reference.name);
            print(&format!("{}\n", json!({"name": name, "digest": digest, "tags": tags, "attached": attached})))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is said of it where artefacts are listed.
fn described(manifest: &Manifest) -> BTreeMap<String, String> {
    let pairs = [
        ("org.opencontainers.image.title", manifest.name.clone()),
        ("org.opencontainers.image.version", manifest.version.clone()),
        ("dev.solgate.policy.digest", manifest.digest.clone()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn attachments(arguments: &PushArgs, component: &[u8]) -> anyhow::Result<Vec<Attachment>> {
    let attachment =
        |media_type: &str, bytes: Vec<u8>| Attachment { media_type: media_type.to_owned(), bytes: bytes.into() };
    let mut all = Vec::new();
    if Signature::path(&arguments.file).exists() {
        // One that is damaged would be refused by every gate.
        let signature = Signature::beside(&arguments.file)?;
        all.push(attachment(SIGNATURE, signature.to_string().into_bytes()));
    }
    let cases =
        solgate_cases::embedded_files(component).map_err(|error| anyhow!("{}: {error}", arguments.file.display()))?;
    if !cases.is_empty() {
        let documents: Vec<String> = cases.iter().map(|case| format!("# {}\n---\n{}", case.name, case.text)).collect();
        all.push(attachment("application/vnd.solgate.policy.cases.v1+yaml", documents.join("\n").into_bytes()));
    }
    if let Ok(bundle) = bundle_of(component) {
        all.push(attachment("application/vnd.solgate.policy.rule-book.v1+markdown", rule_book(&bundle).into_bytes()));
    }
    if let Some(path) = &arguments.sbom {
        let (media_type, bytes) = sbom(path)?;
        all.push(attachment(media_type, bytes));
    }
    Ok(all)
}

/// An SBOM, with what it is one of.
fn sbom(path: &Path) -> anyhow::Result<(&'static str, Vec<u8>)> {
    let bytes = solgate_files::read(path, SBOM).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if value.get("bomFormat").is_some() {
        Ok(("application/vnd.cyclonedx+json", bytes))
    } else if value.get("spdxVersion").is_some() {
        Ok(("application/spdx+json", bytes))
    } else {
        bail!("{}: expected an SBOM of CycloneDX or SPDX, in JSON", path.display())
    }
}

/// As <https://reproducible-builds.org/specs/source-date-epoch/> has it.
fn source_date() -> Option<SystemTime> {
    let seconds = std::env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn annotation(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) =
        pair.ok_or("expected NAME=VALUE, such as org.opencontainers.image.source=https://git.example/policies")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn time(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339(text).map_err(|_| "expected a time in UTC, such as 2026-01-31T12:00:00Z".to_owned())
}
