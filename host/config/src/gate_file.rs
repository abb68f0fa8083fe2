//! The gate's part of a configuration file, whichever door reads it.

use std::path::Path;

use http::HeaderValue;
use solgate::policy::{FileDigest, Isolation, PolicyFile};
use solgate::problem::ProblemStyle;

use super::gate::{self, FactsConfig, GateConfig, SeverityOverride};
use super::yaml::{self, ConfigError, Node};
use super::{evaluation, gateway};
use solgate::gate::Severity;

type Result<T> = std::result::Result<T, ConfigError>;

/// The members that [`member`] reads.
pub const MEMBERS: [&str; 10] = [
    "policies",
    "requireSignature",
    "set",
    "severity",
    "mode",
    "isolation",
    "evaluation",
    "facts",
    "factFailure",
    "problem",
];

/// Reads a text that configures one gate and nothing else; an empty one stands for
/// the defaults. `path` is where it comes from, for messages; paths in it are
/// relative to the folder of that file.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(path: &Path, text: &str) -> Result<GateConfig> {
    let mut gate = GateConfig::default();
    if text.trim().is_empty() {
        return Ok(gate);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    yaml::read(path, text, |root| {
        for (name, node) in root.members(&MEMBERS)? {
            member(name, node, folder, &mut gate)?;
        }
        Ok(())
    })?;
    Ok(gate)
}

/// Reads one of [`MEMBERS`]. Paths are relative to `folder`.
pub fn member(name: &str, node: Node<'_>, folder: &Path, gate: &mut GateConfig) -> Result<()> {
    match name {
        "policies" => gate.policies.files = policies(node, folder)?,
        "requireSignature" => {
            gate.policies.signers =
                node.items()?.iter().map(|item| Ok(folder.join(item.text()?))).collect::<Result<_>>()?;
            if gate.policies.signers.is_empty() {
                return Err(node.error("requireSignature is empty: name the public keys that count, or remove it"));
            }
        }
        "set" => {
            gate.options = node
                .entries()?
                .iter()
                .map(|(name, value, _)| Ok(((*name).to_owned(), value.json()?)))
                .collect::<Result<_>>()?;
        }
        "severity" => {
            gate.severities =
                node.entries()?.iter().map(|(rule, value, _)| severity(rule, *value)).collect::<Result<_>>()?;
        }
        "isolation" => gate.isolation = node.parse(Isolation::EXPECTED, |text| text.parse().ok())?,
        "evaluation" => gate.evaluation = Some(evaluation::section(node)?),
        "mode" => gate.mode = node.parse(gate::MODE, gate::parse_mode)?,
        "factFailure" => gate.fact_failure = node.parse("deny or pass", gate::parse_fact_failure)?,
        "problem" => problem(node, &mut gate.style)?,
        _ => gate.facts = facts(node)?,
    }
    Ok(())
}

/// A list of component files.
pub fn policies(node: Node<'_>, folder: &Path) -> Result<Vec<PolicyFile>> {
    node.items()?.iter().map(|item| policy(*item, folder)).collect()
}

fn policy(node: Node<'_>, folder: &Path) -> Result<PolicyFile> {
    let mut file = if node.is_mapping() {
        let members = node.members(&["file", "sha256"])?;
        let find = |wanted| members.iter().find(|(name, _)| *name == wanted).map(|(_, node)| node);
        let path = find("file").ok_or_else(|| node.error("file is missing: the path of the policy"))?.text()?;
        let digest = find("sha256").map(|node| node.parse(FileDigest::EXPECTED, |text| text.parse().ok()));
        PolicyFile { path: path.into(), sha256: digest.transpose()? }
    } else {
        node.parse(PolicyFile::EXPECTED, PolicyFile::parse)?
    };
    file.path = folder.join(file.path);
    Ok(file)
}

pub fn problem(node: Node<'_>, style: &mut ProblemStyle) -> Result<()> {
    for (name, node) in node.members(&["typeBase", "mediaType", "version"])? {
        match name {
            "typeBase" => {
                style.type_base =
                    Some(node.parse("the start of a URI, such as https://example.com/rules/", |text| {
                        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())).then(|| text.to_owned())
                    })?);
            }
            "mediaType" => {
                style.plain_json = node.parse("application/problem+json or application/json", |text| match text {
                    "application/problem+json" => Some(false),
                    "application/json" => Some(true),
                    _ => None,
                })?;
            }
            _ => style.version = Some(node.parse("a version such as 2.0.0, in quotes", version)?),
        }
    }
    Ok(())
}

fn version(text: &str) -> Option<HeaderValue> {
    let numbers = text.split('.').filter(|part| part.parse::<u32>().is_ok()).count();
    (numbers == 3 && text.split('.').count() == 3).then(|| HeaderValue::from_str(text).ok())?
}

fn severity(rule: &str, node: Node<'_>) -> Result<SeverityOverride> {
    let (mut severity, mut reason, mut until) = (None, None, None);
    for (name, node) in node.members(&["severity", "reason", "until"])? {
        match name {
            "severity" => severity = Some(node.parse("deny, warn, audit or off", Severity::named)?),
            "reason" => {
                reason = Some(
                    node.parse("a sentence that says why", |text| (!text.trim().is_empty()).then(|| text.to_owned()))?,
                )
            }
            _ => {
                until = Some(
                    node.parse("a date such as 2026-12-31 or a time such as 2026-12-31T06:00:00Z", gate::parse_until)?,
                )
            }
        }
    }
    match (severity, reason) {
        (Some(severity), Some(reason)) => Ok(SeverityOverride { rule: rule.to_owned(), severity, reason, until }),
        (None, _) => {
            Err(node.error(format!("severity is missing in the override of {rule}: deny, warn, audit or off")))
        }
        (_, None) => Err(node.error(format!(
            "reason is missing in the override of {rule}; say why, so that others understand it later"
        ))),
    }
}

fn facts(node: Node<'_>) -> Result<FactsConfig> {
    let mut facts = FactsConfig::default();
    for (name, node) in node.members(&["ttl", "timeout", "url", "credentials", "maxBytes"])? {
        match name {
            "ttl" => facts.ttl = node.parse(gateway::DURATION, gateway::parse_duration)?,
            "timeout" => facts.timeout = node.parse(gateway::TIME_LIMIT, gateway::parse_time_limit)?,
            "url" => facts.url = Some(node.parse(gateway::URL, gateway::parse_url)?),
            "credentials" => {
                facts.credentials = node
                    .items()?
                    .iter()
                    .map(|item| item.parse("the name of a header field", |text| text.parse().ok()))
                    .collect::<Result<_>>()?;
            }
            _ => facts.max_bytes = node.positive()?,
        }
    }
    Ok(facts)
}
