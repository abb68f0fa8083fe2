//! Converts between the component's types and the engine's, without checks, because the
//! host checks both ways.

use solgate_contract::manifest::Manifest;
use solgate_contract::uri;

use super::bindings::wit;
use crate::verdict::{Caller, FactAnswer, Finding, Location, Mode, Outcome, Setting, Severity, Violation};

/// The header fields of the contract's lines.
pub(super) fn fields_from_wit(lines: &str) -> Vec<(&str, &str)> {
    let mut fields = Vec::with_capacity(8);
    let mut rest = lines;
    while let Some((name, after)) = uri::split_once(rest, b':')
        && let Some((value, next)) = uri::split_once(after, b'\n')
    {
        fields.push((name, value.strip_prefix(' ').unwrap_or(value)));
        rest = next;
    }
    fields
}

pub(super) fn caller_from_wit(caller: wit::Caller) -> Caller {
    Caller {
        subject: caller.subject,
        tenant: caller.tenant,
        roles: caller.roles,
        scopes: caller.scopes,
        certificate_names: caller.certificate_names,
        source_address: caller.source_address,
    }
}

pub(super) fn fact_from_wit(fact: &wit::Fact) -> (&str, FactAnswer<&[u8]>) {
    let answer = match &fact.answer {
        wit::FactAnswer::Found(found) => FactAnswer::Found { etag: found.etag.clone(), body: found.body.as_slice() },
        wit::FactAnswer::Absent => FactAnswer::Absent,
        wit::FactAnswer::Withheld => FactAnswer::Withheld,
        wit::FactAnswer::Unavailable => FactAnswer::Unavailable,
    };
    (fact.name.as_str(), answer)
}

/// `None` if the value of an option is not JSON.
pub(super) fn setting_from_wit(setting: wit::Setting) -> Option<Setting> {
    match setting {
        wit::Setting::Option(pair) => {
            serde_json::from_str(&pair.value).ok().map(|value| Setting::Option { name: pair.name, value })
        }
        wit::Setting::Severity((rule, severity)) => {
            Some(Setting::Severity { rule, severity: severity_from_wit(severity) })
        }
    }
}

pub(super) fn mode_from_wit(mode: wit::Mode) -> Mode {
    match mode {
        wit::Mode::Enforce => Mode::Enforce,
        wit::Mode::Monitor => Mode::Monitor,
    }
}

fn severity_from_wit(severity: wit::Severity) -> Severity {
    match severity {
        wit::Severity::Off => Severity::Off,
        wit::Severity::Audit => Severity::Audit,
        wit::Severity::Warn => Severity::Warn,
        wit::Severity::Deny => Severity::Deny,
    }
}

fn severity_to_wit(severity: Severity) -> wit::Severity {
    match severity {
        Severity::Off => wit::Severity::Off,
        Severity::Audit => wit::Severity::Audit,
        Severity::Warn => wit::Severity::Warn,
        Severity::Deny => wit::Severity::Deny,
    }
}

pub(super) fn outcome_to_wit(outcome: Outcome) -> wit::Outcome {
    match outcome {
        Outcome::Allow(findings) => wit::Outcome::Allow(findings.into_iter().map(finding_to_wit).collect()),
        Outcome::Deny(denial) => wit::Outcome::Deny(wit::Denial {
            status: denial.status,
            rule: denial.rule,
            title: denial.title,
            detail: denial.detail,
            violations: denial.violations.into_iter().map(violation_to_wit).collect(),
            fields: pairs_to_wit(denial.fields),
            findings: denial.findings.into_iter().map(finding_to_wit).collect(),
        }),
        Outcome::Need(queries) => wit::Outcome::Need(
            queries
                .into_iter()
                .map(|query| wit::FactQuery { name: query.name, variables: pairs_to_wit(query.variables) })
                .collect(),
        ),
    }
}

fn finding_to_wit(finding: Finding) -> wit::Finding {
    wit::Finding {
        severity: severity_to_wit(finding.severity),
        status: finding.status,
        violation: violation_to_wit(finding.violation),
    }
}

fn violation_to_wit(violation: Violation) -> wit::Violation {
    wit::Violation {
        rule: violation.rule,
        location: match violation.location {
            Location::Request => wit::Location::Request,
            Location::Body(pointer) => wit::Location::Body(pointer),
            Location::Header(name) => wit::Location::Header(name),
            Location::Query(name) => wit::Location::Query(name),
            Location::Path(name) => wit::Location::Path(name),
        },
        detail: violation.detail,
        clause: violation.clause,
    }
}

fn pairs_to_wit(pairs: Vec<(String, String)>) -> Vec<wit::Pair> {
    pairs.into_iter().map(|(name, value)| wit::Pair { name, value }).collect()
}

pub(super) fn manifest_to_wit(manifest: Manifest) -> wit::Manifest {
    let operations = manifest.operations.into_iter().map(|operation| wit::Operation {
        id: operation.id,
        method: operation.method,
        path: operation.path,
    });
    let facts = manifest.facts.into_values().map(|fact| wit::FactTemplate {
        name: fact.name,
        path: fact.path,
        query: fact.query,
        plain_on_400: fact.plain_on_400,
        members: fact.members,
        is_list: fact.list,
    });
    let options = manifest.options.into_iter().map(|(name, option)| wit::OptionDefinition {
        name,
        default: option.default.to_string(),
        values: option.kind.told().iter().chain(&option.values).map(ToString::to_string).collect(),
        doc: option.doc,
    });
    let rules = manifest.rules.into_iter().map(|rule| wit::RuleSummary {
        id: rule.id,
        severity: severity_to_wit(rule.severity),
        status: rule.status,
        title: rule.title,
        clause: rule.clause,
        operations: rule.operations,
    });
    let secrets =
        manifest.secrets.into_iter().map(|place| wit::Secret { pointer: place.pointer, secret: place.secret });
    wit::Manifest {
        name: manifest.name,
        version: manifest.version,
        digest: manifest.digest,
        fields: manifest.fields,
        api_roots: manifest.api_roots,
        operations: operations.collect(),
        facts: facts.collect(),
        options: options.collect(),
        rules: rules.collect(),
        limits: wit::Limits {
            body_bytes: manifest.limits.body_bytes,
            target_bytes: manifest.limits.target_bytes,
            depth: manifest.limits.depth,
        },
        secrets: secrets.collect(),
    }
}
