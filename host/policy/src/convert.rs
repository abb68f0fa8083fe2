//! Converts between the contract's types and the host's. What a component says of itself
//! is checked here; an outcome is checked in [`checks`].

use solgate_contract::api_root::is_root;
use solgate_contract::manifest::{
    FactTemplate, Limits, Manifest, Operation, OptionDefinition, OptionKind, RuleSummary, Secret,
};
use solgate_contract::verdict::{
    self, Caller, Context, Denial, FactQuery, Finding, Location, Outcome, Setting, Severity, Violation,
};

use super::checks::{NAME, TEXT, bounded, name, shown, text};
use super::contract::exports::solgate::policy::judge as wit;

/// Most entries of one list of a manifest.
const DEFINITIONS: usize = 10_000;

// ---- into the sandbox -----------------------------------------------------------

/// Lays the arguments out as the contract wants them.
pub(super) fn with_input<T>(
    request: &verdict::Request<'_>,
    context: &Context<'_>,
    call: impl FnOnce(wit::Request<'_>, wit::Context<'_>) -> T,
) -> T {
    let fields = lines(request.fields);
    let facts: Vec<wit::Fact<'_>> = context.facts.iter().map(fact_to_wit).collect();
    // The options' values become JSON text; there are usually none.
    let values: Vec<String> = context
        .settings
        .iter()
        .map(|setting| match setting {
            Setting::Option { value, .. } => value.to_string(),
            Setting::Severity { .. } => String::new(),
        })
        .collect();
    let settings: Vec<wit::Setting<'_>> = context
        .settings
        .iter()
        .zip(&values)
        .map(|(setting, value)| match setting {
            Setting::Option { name, .. } => wit::Setting::Option(wit::PairParam { name, value }),
            Setting::Severity { rule, severity } => wit::Setting::Severity((rule.as_str(), severity_to_wit(*severity))),
        })
        .collect();
    let lists = context.caller.map(|caller| {
        [&caller.roles, &caller.scopes, &caller.certificate_names]
            .map(|list| list.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let caller = context.caller.zip(lists.as_ref()).map(|(caller, lists)| caller_to_wit(caller, lists));
    call(
        wit::Request {
            method: request.method,
            target: request.target,
            fields: &fields,
            body: request.body,
            body_complete: request.body_complete,
        },
        wit::Context {
            received_at: context.received_at,
            mode: match context.mode {
                verdict::Mode::Enforce => wit::Mode::Enforce,
                verdict::Mode::Monitor => wit::Mode::Monitor,
            },
            caller,
            facts: &facts,
            settings: &settings,
        },
    )
}

/// Header fields, a line each.
fn lines(fields: &[(&str, &str)]) -> String {
    let length = fields.iter().map(|(name, value)| name.len().saturating_add(value.len()).saturating_add(3));
    let mut lines = String::with_capacity(length.fold(0, usize::saturating_add));
    for (name, value) in fields {
        lines.push_str(name);
        lines.push_str(": ");
        let start = lines.len();
        lines.push_str(value);
        // No door lets one in. A line feed is read as a space (RFC 9110, 5.5), so
        // that no value can pass for another field.
        if lines.get(start..).is_some_and(|value| value.contains('\n')) {
            lines.truncate(start);
            lines.extend(value.chars().map(|char| if char == '\n' { ' ' } else { char }));
        }
        lines.push('\n');
    }
    lines
}

fn caller_to_wit<'a>(caller: &'a Caller, [roles, scopes, names]: &'a [Vec<&'a str>; 3]) -> wit::Caller<'a> {
    wit::Caller {
        subject: caller.subject.as_deref(),
        tenant: caller.tenant.as_deref(),
        roles,
        scopes,
        certificate_names: names,
        source_address: caller.source_address.as_deref(),
    }
}

fn fact_to_wit<'a>((name, answer): &'a (&'a str, verdict::FactAnswer<&'a [u8]>)) -> wit::Fact<'a> {
    let answer = match answer {
        verdict::FactAnswer::Found { etag, body } => {
            wit::FactAnswer::Found(wit::FoundFact { etag: etag.as_deref(), body })
        }
        verdict::FactAnswer::Absent => wit::FactAnswer::Absent,
        verdict::FactAnswer::Withheld => wit::FactAnswer::Withheld,
        verdict::FactAnswer::Unavailable => wit::FactAnswer::Unavailable,
    };
    wit::Fact { name, answer }
}

fn severity_to_wit(severity: Severity) -> wit::Severity {
    match severity {
        Severity::Off => wit::Severity::Off,
        Severity::Audit => wit::Severity::Audit,
        Severity::Warn => wit::Severity::Warn,
        Severity::Deny => wit::Severity::Deny,
    }
}

// ---- out of the sandbox ---------------------------------------------------------

/// The same outcome, of which nothing has been checked.
pub(super) fn outcome(outcome: wit::Outcome) -> Outcome {
    match outcome {
        wit::Outcome::Allow(findings) => Outcome::Allow(list(findings, finding)),
        wit::Outcome::Deny(denial) => Outcome::Deny(Denial {
            status: denial.status,
            rule: denial.rule,
            title: denial.title,
            detail: denial.detail,
            violations: list(denial.violations, violation),
            fields: list(denial.fields, pair),
            findings: list(denial.findings, finding),
        }),
        wit::Outcome::Need(queries) => {
            Outcome::Need(list(queries, |query| FactQuery { name: query.name, variables: list(query.variables, pair) }))
        }
    }
}

fn finding(finding: wit::Finding) -> Finding {
    Finding {
        severity: severity_from_wit(finding.severity),
        status: finding.status,
        violation: violation(finding.violation),
    }
}

fn violation(violation: wit::Violation) -> Violation {
    Violation {
        rule: violation.rule,
        location: match violation.location {
            wit::Location::Request => Location::Request,
            wit::Location::Body(pointer) => Location::Body(pointer),
            wit::Location::Header(header) => Location::Header(header),
            wit::Location::Query(parameter) => Location::Query(parameter),
            wit::Location::Path(variable) => Location::Path(variable),
        },
        detail: violation.detail,
        clause: violation.clause,
    }
}

fn pair(pair: wit::PairResult) -> (String, String) {
    (pair.name, pair.value)
}

fn list<T, U>(entries: Vec<T>, entry: impl FnMut(T) -> U) -> Vec<U> {
    entries.into_iter().map(entry).collect()
}

fn severity_from_wit(severity: wit::Severity) -> Severity {
    match severity {
        wit::Severity::Off => Severity::Off,
        wit::Severity::Audit => Severity::Audit,
        wit::Severity::Warn => Severity::Warn,
        wit::Severity::Deny => Severity::Deny,
    }
}

// ---- manifests ------------------------------------------------------------------

/// Checks what a component says of itself.
pub(super) fn manifest(manifest: wit::Manifest) -> Result<Manifest, String> {
    let facts = bounded("facts", manifest.facts, DEFINITIONS, |fact| {
        let template = FactTemplate {
            name: name("a fact", fact.name)?,
            path: text("the path of a fact", fact.path, TEXT)?,
            query: fact.query,
            plain_on_400: fact.plain_on_400,
            members: fact.members,
            list: fact.is_list,
        };
        if !template.path.starts_with('/') {
            return Err(format!("the path of the fact {} does not start with /", template.name));
        }
        Ok((template.name.clone(), template))
    })?;
    let options = bounded("options", manifest.options, DEFINITIONS, |option| {
        let json = |text: &String| {
            serde_json::from_str(text)
                .map_err(|error| format!("a value of option {:?} is not JSON: {error}", shown(&option.name)))
        };
        let default = json(&option.default)?;
        let values = option.values.iter().map(json).collect::<Result<_, _>>()?;
        let (kind, values) = OptionKind::of(&default, values);
        if matches!(kind, OptionKind::Map(_)) && !kind.fits(&default) {
            return Err(format!("the default of option {:?} is not {}", shown(&option.name), kind.described()));
        }
        Ok((name("an option", option.name)?, OptionDefinition { kind, default, values, doc: option.doc }))
    })?;
    let rules = bounded("rules", manifest.rules, DEFINITIONS, |rule| {
        Ok(RuleSummary {
            id: name("a rule", rule.id)?,
            severity: severity_from_wit(rule.severity),
            status: rule.status,
            title: text("the title of a rule", rule.title, TEXT)?,
            clause: rule.clause,
            operations: rule.operations,
        })
    })?;
    let fields = bounded("fields", manifest.fields, DEFINITIONS, |field| {
        http::HeaderName::from_bytes(field.as_bytes())
            .ok()
            .filter(|parsed| parsed.as_str() == field)
            .map(|_| field.clone())
            .ok_or_else(|| format!("{:?} is not the name of a header field in lower case", shown(&field)))
    })?;
    let api_roots = bounded("API roots", manifest.api_roots, DEFINITIONS, |root| {
        if root.starts_with('/') && is_root(&root) {
            Ok(root)
        } else {
            Err(format!("the API root {:?} is not a path with whole segments as variables", shown(&root)))
        }
    })?;
    let operations = bounded("operations", manifest.operations, DEFINITIONS, |operation| {
        Ok(Operation { id: name("an operation", operation.id)?, method: operation.method, path: operation.path })
    })?;
    let secrets = bounded("secrets", manifest.secrets, DEFINITIONS, |place| {
        Ok(Secret { pointer: text("a secret's pointer", place.pointer, TEXT)?, secret: place.secret })
    })?;
    Ok(Manifest {
        name: name("the policy", manifest.name)?,
        version: text("the version", manifest.version, NAME)?,
        digest: digest(manifest.digest)?,
        fields,
        api_roots,
        operations,
        facts: facts.into_iter().collect(),
        options: options.into_iter().collect(),
        rules,
        limits: Limits {
            body_bytes: manifest.limits.body_bytes,
            target_bytes: manifest.limits.target_bytes,
            depth: manifest.limits.depth,
        },
        secrets,
    })
}

/// A digest in hexadecimal, or none.
fn digest(text: String) -> Result<String, String> {
    if text.is_empty() || (text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))) {
        return Ok(text);
    }
    Err(format!(
        "the digest {:?} is not a SHA-256 of 64 lower-case hexadecimal digits; leave it empty, and the digest of the file takes its place",
        shown(&text)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_passes_for_another_field() {
        let fields = [("accept", "*/*"), ("version", "1\nversion: 2.0.0\r\n"), ("x-empty", "")];
        assert_eq!(lines(&fields), "accept: */*\nversion: 1 version: 2.0.0\r \nx-empty: \n");
        assert_eq!(lines(&[]), "");
    }
}
