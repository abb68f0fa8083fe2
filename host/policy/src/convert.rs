//! Between the contract's types and the host's, with the checks that foreign
//! input deserves: what leaves the sandbox is believed only within bounds.

use solgate_contract::api_root::is_root;
use solgate_contract::manifest::{FactTemplate, Limits, Manifest, Operation, OptionDefinition, RuleSummary, Secret};
use solgate_contract::verdict::{
    self, Caller, Context, Denial, FactQuery, Finding, Location, Outcome, Setting, Severity, Violation,
};

use super::contract::exports::solgate::policy::judge as wit;

/// Longest text of one member of an outcome, in bytes.
const TEXT: usize = 4096;
/// Longest value of a fact's variable, in bytes: longer than any target that is
/// judged, so that the length of an identifier is the VNFM's to refuse.
const VALUE: usize = 64 << 10;
/// Longest identifier, in bytes.
const NAME: usize = 256;
/// Most entries of one list of an outcome, other than violations and findings.
const ENTRIES: usize = 256;
/// Most entries of one list of a manifest.
const DEFINITIONS: usize = 10_000;
/// The response fields that a policy may set.
const FIELDS: [&str; 3] = ["allow", "version", "www-authenticate"];

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

/// Checks an outcome against the contract's bounds and the policy's manifest. It may
/// have so many violations, and as many findings.
pub(super) fn outcome(outcome: wit::Outcome, manifest: &Manifest, violations: usize) -> Result<Outcome, String> {
    match outcome {
        wit::Outcome::Allow(findings) => bounded("findings", findings, violations, finding).map(Outcome::Allow),
        wit::Outcome::Deny(denial) => self::denial(denial, violations).map(Outcome::Deny),
        wit::Outcome::Need(queries) => {
            if queries.is_empty() {
                return Err("it needs facts but names none".to_owned());
            }
            list("fact queries", queries, |query| fact_query(query, manifest)).map(Outcome::Need)
        }
    }
}

fn denial(denial: wit::Denial, most: usize) -> Result<Denial, String> {
    if !(400..=599).contains(&denial.status) {
        return Err(format!("status {} is not between 400 and 599", denial.status));
    }
    if denial.violations.is_empty() {
        return Err("it denies without a violation".to_owned());
    }
    let fields = list("fields", denial.fields, |field| {
        if !FIELDS.contains(&field.name.as_str()) {
            return Err(format!("it sets the response field {:?}", shown(&field.name)));
        }
        Ok((field.name, text("a response field", field.value, TEXT)?))
    })?;
    Ok(Denial {
        status: denial.status,
        rule: name("the rule", denial.rule)?,
        title: filled("the title", denial.title)?,
        detail: filled("the detail", denial.detail)?,
        violations: bounded("violations", denial.violations, most, violation)?,
        fields,
        findings: bounded("findings", denial.findings, most, finding)?,
    })
}

fn fact_query(query: wit::FactQuery, manifest: &Manifest) -> Result<FactQuery, String> {
    if !manifest.facts.contains_key(&query.name) {
        return Err(format!("it asks for the fact {:?}, which its manifest does not declare", shown(&query.name)));
    }
    let variables = list("variables", query.variables, |variable| {
        Ok((name("a variable", variable.name)?, text("a variable", variable.value, VALUE)?))
    })?;
    Ok(FactQuery { name: query.name, variables })
}

fn finding(finding: wit::Finding) -> Result<Finding, String> {
    if !(400..=599).contains(&finding.status) {
        return Err(format!("a finding's status {} is not between 400 and 599", finding.status));
    }
    Ok(Finding {
        severity: severity_from_wit(finding.severity),
        status: finding.status,
        violation: violation(finding.violation)?,
    })
}

fn violation(violation: wit::Violation) -> Result<Violation, String> {
    Ok(Violation {
        rule: name("a rule", violation.rule)?,
        location: match violation.location {
            wit::Location::Request => Location::Request,
            wit::Location::Body(pointer) => Location::Body(text("a pointer", pointer, TEXT)?),
            wit::Location::Header(header) => Location::Header(name("a header field", header)?),
            wit::Location::Query(parameter) => Location::Query(text("a parameter", parameter, TEXT)?),
            wit::Location::Path(variable) => Location::Path(name("a path variable", variable)?),
        },
        detail: filled("a detail", violation.detail)?,
        clause: violation.clause.map(|clause| text("a clause", clause, TEXT)).transpose()?,
    })
}

fn severity_from_wit(severity: wit::Severity) -> Severity {
    match severity {
        wit::Severity::Off => Severity::Off,
        wit::Severity::Audit => Severity::Audit,
        wit::Severity::Warn => Severity::Warn,
        wit::Severity::Deny => Severity::Deny,
    }
}

fn list<T, U>(what: &str, entries: Vec<T>, entry: impl FnMut(T) -> Result<U, String>) -> Result<Vec<U>, String> {
    bounded(what, entries, ENTRIES, entry)
}

fn bounded<T, U>(
    what: &str,
    entries: Vec<T>,
    most: usize,
    entry: impl FnMut(T) -> Result<U, String>,
) -> Result<Vec<U>, String> {
    if entries.len() > most {
        return Err(format!("it has {} {what}; {most} is the most", entries.len()));
    }
    entries.into_iter().map(entry).collect()
}

fn text(what: &str, text: String, most: usize) -> Result<String, String> {
    if text.len() > most {
        return Err(format!("{what} has {} bytes; {most} is the most", text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{what} holds a control character: {:?}", shown(&text)));
    }
    Ok(text)
}

fn filled(what: &str, filled: String) -> Result<String, String> {
    if filled.is_empty() {
        return Err(format!("{what} is empty"));
    }
    text(what, filled, TEXT)
}

fn name(what: &str, name: String) -> Result<String, String> {
    if name.is_empty() {
        return Err(format!("{what} has no name"));
    }
    text(what, name, NAME)
}

/// The beginning of a text that is quoted in a message.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
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
        Ok((name("an option", option.name)?, OptionDefinition { default, values, doc: option.doc }))
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
        digest: text("the digest", manifest.digest, NAME)?,
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
