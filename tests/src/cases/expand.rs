//! From what an author writes to cases that stand for themselves: bases, `set`
//! and `unset`, API roots.

use std::collections::{BTreeMap, BTreeSet};
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use solgate_engine::ir::Severity;
use solgate_engine::verdict::{Caller, Mode, Setting};

use super::model::{Case, Expect, FactGiven, Verdict};
use super::text::{base64, text};

/// The name of the case, and what is wrong with it.
type Fault = (String, String);

/// Members that a case adds to those of its base instead of replacing them.
const MERGED: [&str; 4] = ["headers", "facts", "options", "severity"];
/// Members of which the nearest to the case counts.
const ALTERNATIVES: [&[&str]; 2] = [&["path", "target"], &["body", "text", "base64"]];
const BASE_DEPTH: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    bases: BTreeMap<String, Map<String, Value>>,
    cases: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default = "get")]
    method: String,
    path: Option<Value>,
    target: Option<Value>,
    api_root: Option<Value>,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
    text: Option<Value>,
    base64: Option<String>,
    #[serde(default = "yes")]
    body_complete: bool,
    #[serde(default)]
    facts: BTreeMap<String, Value>,
    #[serde(default)]
    options: BTreeMap<String, Value>,
    #[serde(default)]
    severity: BTreeMap<String, Severity>,
    #[serde(default)]
    mode: WrittenMode,
    caller: Option<WrittenCaller>,
    #[serde(default = "new_year")]
    at: String,
    expect: Value,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum WrittenMode {
    #[default]
    Enforce,
    Monitor,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct WrittenCaller {
    subject: Option<String>,
    tenant: Option<String>,
    roles: Vec<String>,
    scopes: Vec<String>,
    certificate_names: Vec<String>,
    source_address: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct WrittenExpect {
    allow: bool,
    status: Option<u16>,
    rules: Option<BTreeSet<String>>,
    pointers: Vec<String>,
    header: Option<String>,
    parameter: Option<String>,
    mentions: Vec<String>,
    omits: Vec<String>,
    warns: Option<BTreeSet<String>>,
    audits: Option<BTreeSet<String>>,
    fields: BTreeMap<String, String>,
    asks: Option<BTreeSet<String>>,
}

fn get() -> String {
    "GET".to_owned()
}
fn yes() -> bool {
    true
}
fn new_year() -> String {
    "2026-01-01T12:00:00Z".to_owned()
}

/// All cases of a document.
pub fn expand(document: &Value, roots: &[&str]) -> Result<Vec<Case>, Fault> {
    let document: Document = parse(document.clone()).map_err(|reason| ("the file".to_owned(), reason))?;
    let mut cases = Vec::new();
    let mut names = BTreeSet::new();
    for (index, written) in document.cases.into_iter().enumerate() {
        let name = match written.get("name") {
            Some(Value::String(name)) => name.clone(),
            _ => {
                return Err((format!("case {}", index.saturating_add(1)), "it needs a name".to_owned()));
            }
        };
        if !names.insert(name.clone()) {
            return Err((name, "two cases have this name".to_owned()));
        }
        let expanded = resolve(written, &document.bases, 0).and_then(|merged| build(&name, merged, roots));
        cases.extend(expanded.map_err(|reason| (name, reason))?);
    }
    Ok(cases)
}

/// A case, or base, with everything that it inherits.
fn resolve(
    mut written: Map<String, Value>,
    bases: &BTreeMap<String, Map<String, Value>>,
    depth: usize,
) -> Result<Map<String, Value>, String> {
    let base = written.remove("base");
    let set = written.remove("set");
    let unset = written.remove("unset");
    written.remove("name");
    let mut merged = match base {
        None => Map::new(),
        Some(Value::String(name)) => {
            if depth >= BASE_DEPTH {
                return Err(format!("the base {name} leads to itself"));
            }
            let base = bases.get(&name).ok_or_else(|| format!("there is no base {name}"))?;
            resolve(base.clone(), bases, depth.saturating_add(1))?
        }
        Some(other) => return Err(format!("base is a name, not {other}")),
    };
    for group in ALTERNATIVES {
        if group.iter().any(|member| written.contains_key(*member)) {
            group.iter().for_each(|member| drop(merged.remove(*member)));
        }
    }
    for (member, value) in written {
        match (MERGED.contains(&member.as_str()), merged.get_mut(&member), value) {
            (true, Some(Value::Object(inherited)), Value::Object(own)) => {
                for (name, value) in own {
                    if member == "headers" {
                        inherited.retain(|other, _| !other.eq_ignore_ascii_case(&name));
                    }
                    inherited.insert(name, value);
                }
            }
            (_, _, value) => drop(merged.insert(member, value)),
        }
    }
    let mut whole = Value::Object(merged);
    if let Some(set) = set {
        let set: Map<String, Value> = parse(set)?;
        for (pointer, value) in set {
            *place(&mut whole, &pointer)? = value;
        }
    }
    if let Some(unset) = unset {
        let unset: Vec<String> = parse(unset)?;
        for pointer in unset {
            remove(&mut whole, &pointer)?;
        }
    }
    match whole {
        Value::Object(merged) => Ok(merged),
        _ => Err("set replaces the whole case".to_owned()),
    }
}

/// The steps of a JSON Pointer (RFC 6901).
fn steps(pointer: &str) -> Result<Vec<String>, String> {
    let rest = pointer.strip_prefix('/').ok_or_else(|| format!("{pointer:?} does not start with a slash"))?;
    Ok(rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

/// The place that a pointer leads to, with the objects on the way.
fn place<'v>(whole: &'v mut Value, pointer: &str) -> Result<&'v mut Value, String> {
    steps(pointer)?.into_iter().try_fold(whole, |node, step| match node {
        Value::Null => {
            *node = Value::Object(Map::new());
            node.as_object_mut().map(|members| members.entry(step).or_insert(Value::Null)).ok_or_else(String::new)
        }
        Value::Object(members) => Ok(members.entry(step).or_insert(Value::Null)),
        Value::Array(items) => {
            let index = if step == "-" { Some(items.len()) } else { step.parse().ok() };
            if index == Some(items.len()) {
                items.push(Value::Null);
            }
            index.and_then(|index| items.get_mut(index)).ok_or_else(|| format!("{pointer}: there is no item {step}"))
        }
        other => Err(format!("{pointer}: {other} has no members")),
    })
}

fn remove(whole: &mut Value, pointer: &str) -> Result<(), String> {
    let (parent, last) = pointer.rsplit_once('/').ok_or_else(|| format!("{pointer:?} does not start with a slash"))?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let removed = match whole.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(&last).is_some(),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    };
    if removed { Ok(()) } else { Err(format!("unset: there is nothing at {pointer}")) }
}

fn build(name: &str, merged: Map<String, Value>, roots: &[&str]) -> Result<Vec<Case>, String> {
    let written: Written = parse(Value::Object(merged))?;
    let targets = match (&written.target, &written.path) {
        (Some(_), Some(_)) => return Err("target and path are alternatives".to_owned()),
        (Some(target), None) => vec![text(target)?],
        (None, Some(path)) => {
            let path = text(path)?;
            chosen(written.api_root.as_ref(), roots)?.iter().map(|root| format!("{root}{path}")).collect()
        }
        (None, None) => return Err("it needs a path or a target".to_owned()),
    };
    let body = match (&written.body, &written.text, &written.base64) {
        (None, None, None) => Vec::new(),
        (Some(body), None, None) => serde_json::to_vec(body).map_err(|error| error.to_string())?,
        (None, Some(parts), None) => text(parts)?.into_bytes(),
        (None, None, Some(encoded)) => base64(encoded)?,
        _ => return Err("body, text and base64 are alternatives".to_owned()),
    };
    let mut fields = Vec::new();
    for (name, value) in &written.headers {
        header(&name.to_ascii_lowercase(), value, &mut fields)?;
    }
    let at = humantime::parse_rfc3339_weak(&written.at).map_err(|error| format!("at: {error}"))?;
    let since = at.duration_since(UNIX_EPOCH).map_err(|error| format!("at: {error}"))?;
    let options = written.options.into_iter().map(|(name, value)| Setting::Option { name, value });
    let severities = written.severity.into_iter().map(|(rule, severity)| Setting::Severity { rule, severity });
    let case = Case {
        name: name.to_owned(),
        method: written.method,
        target: String::new(),
        fields,
        body,
        body_complete: written.body_complete,
        facts: written
            .facts
            .into_iter()
            .map(|(name, value)| Ok((name, fact(value)?)))
            .collect::<Result<_, String>>()?,
        settings: options.chain(severities).collect(),
        caller: written.caller.map(|caller| Caller {
            subject: caller.subject,
            tenant: caller.tenant,
            roles: caller.roles,
            scopes: caller.scopes,
            certificate_names: caller.certificate_names,
            source_address: caller.source_address,
        }),
        at: u64::try_from(since.as_millis()).map_err(|error| format!("at: {error}"))?,
        mode: match written.mode {
            WrittenMode::Enforce => Mode::Enforce,
            WrittenMode::Monitor => Mode::Monitor,
        },
        expect: expectation(written.expect)?,
    };
    let several = targets.len() > 1;
    Ok(targets
        .into_iter()
        .map(|target| Case {
            name: if several { format!("{name} [{target}]") } else { name.to_owned() },
            target,
            ..case.clone()
        })
        .collect())
}

/// The API roots that a case runs below.
fn chosen(api_root: Option<&Value>, roots: &[&str]) -> Result<Vec<String>, String> {
    match api_root {
        None => Ok(roots.first().map(|root| (*root).to_owned()).into_iter().collect()),
        Some(Value::String(all)) if all == "all" => Ok(roots.iter().map(|root| (*root).to_owned()).collect()),
        Some(Value::String(root)) => Ok(vec![root.clone()]),
        Some(list) => parse(list.clone()),
    }
}

fn header(name: &str, value: &Value, fields: &mut Vec<(String, String)>) -> Result<(), String> {
    match value {
        Value::Null => {}
        Value::Array(values) => {
            for value in values {
                header(name, value, fields)?;
            }
        }
        Value::String(text) => fields.push((name.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => fields.push((name.to_owned(), value.to_string())),
        Value::Object(_) => return Err(format!("the header {name} is a text or a list of them")),
    }
    Ok(())
}

fn fact(value: Value) -> Result<FactGiven, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Answer {
        status: u16,
        etag: Option<String>,
        #[serde(default)]
        body: Value,
    }
    let Ok(answer) = serde_json::from_value::<Answer>(value.clone()) else {
        return Ok(FactGiven::Found { etag: None, body: value });
    };
    match answer.status {
        200 => Ok(FactGiven::Found { etag: answer.etag, body: answer.body }),
        404 => Ok(FactGiven::Absent),
        401 | 403 => Ok(FactGiven::Withheld),
        503 => Ok(FactGiven::Unavailable),
        other => Err(format!("a fact has the status 200, 401, 403, 404 or 503, not {other}")),
    }
}

fn expectation(value: Value) -> Result<Expect, String> {
    let written = match value {
        Value::String(word) if word == "allow" => WrittenExpect { allow: true, ..WrittenExpect::default() },
        other => parse(other).map_err(|reason| format!("expect: {reason}"))?,
    };
    let verdict = match (written.allow, written.status) {
        (true, None) => Verdict::Allow,
        (false, Some(status)) => Verdict::Deny(status),
        _ => return Err("expect needs either allow: true or a status".to_owned()),
    };
    Ok(Expect {
        verdict,
        rules: written.rules,
        pointers: written.pointers,
        header: written.header,
        parameter: written.parameter,
        mentions: written.mentions,
        omits: written.omits,
        warns: written.warns,
        audits: written.audits,
        fields: written.fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
        asks: written.asks,
    })
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}
