//! What a verdict depends on besides the request: facts, settings, caller, time.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use solgate_contract::verdict::{Caller, Mode, Setting, Severity};
use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::yaml::{Node, Value};

use crate::model::FactGiven;
use crate::options;
use crate::vocabulary::{FactName, Vocabulary};

const MODES: [(&str, Mode); 2] = [("enforce", Mode::Enforce), ("monitor", Mode::Monitor)];
/// The time of a case that names none: 2026-01-01T12:00:00Z.
pub(crate) const NEW_YEAR: u64 = 1_767_268_800_000;

pub(crate) fn facts(node: Option<&Node>, names: &Vocabulary, report: &mut Report) -> BTreeMap<String, FactGiven> {
    let mut facts = BTreeMap::new();
    for (key, node) in node.and_then(|node| reader::map(node, "`facts`", report)).unwrap_or_default() {
        if let Some(known) = names.fact(&key.name, key.at, report)
            && let Some(given) = fact(node, known, report)
        {
            facts.insert(key.name.clone(), given);
        }
    }
    facts
}

/// Whether a mapping says how the VNFM answers, rather than being the answer.
fn is_answer(node: &Node) -> bool {
    let members = node.as_map().unwrap_or_default();
    matches!(node.get("status").map(|node| &node.value), Some(Value::Number(_)))
        && members.iter().all(|(key, _)| matches!(key.name.as_str(), "status" | "etag" | "body"))
}

fn fact(node: &Node, known: &FactName, report: &mut Report) -> Option<FactGiven> {
    if !is_answer(node) {
        return Some(FactGiven::Found { etag: None, body: body(node, known, report)? });
    }
    let status = node.get("status")?;
    let etag = node.get("etag");
    let given = match status.text.as_str() {
        "200" => {
            let etag = match etag {
                Some(node) => Some(reader::line(node, "`etag`", report)?.to_owned()),
                None => None,
            };
            let Some(found) = node.get("body") else {
                report.mistake(node.at, "a fact that is found needs `body`");
                return None;
            };
            return Some(FactGiven::Found { etag, body: body(found, known, report)? });
        }
        "404" => FactGiven::Absent,
        "401" | "403" => FactGiven::Withheld,
        "503" => FactGiven::Unavailable,
        other => {
            report
                .mistake(status.at, format!("the VNFM's answer has a status that means nothing here: {other}"))
                .hint("200 found, 404 absent, 401 or 403 withheld, 503 unavailable");
            return None;
        }
    };
    if let Some(extra) = etag.or(node.get("body")) {
        report.mistake(extra.at, format!("an answer with status {} has no ETag and no body here", status.text));
    }
    Some(given)
}

fn body(node: &Node, known: &FactName, report: &mut Report) -> Option<serde_json::Value> {
    let fits = if known.list { node.as_list().is_some() } else { node.as_map().is_some() };
    if !fits {
        let expected = if known.list { "a list" } else { "a mapping" };
        report
            .mistake(node.at, format!("the fact `{}` is {expected}, but here is {}", known.name, reader::shown(node)))
            .hint("the VNFM's answer, or { status: 404 } and the like");
        return None;
    }
    Some(node.to_json())
}

/// `options` and `severity`.
pub(crate) fn settings(
    options: Option<&Node>,
    severity: Option<&Node>,
    names: &Vocabulary,
    report: &mut Report,
) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (key, node) in options.and_then(|node| reader::map(node, "`options`", report)).unwrap_or_default() {
        if let Some(option) = names.option(&key.name, key.at, report)
            && let Some(value) = options::value(node, option.kind, &option.values, &key.name, report)
        {
            settings.push(Setting::Option { name: key.name.clone(), value });
        }
    }
    for (key, node) in severity.and_then(|node| reader::map(node, "`severity`", report)).unwrap_or_default() {
        let severity: Option<Severity> = reader::choice(node, "a severity", &Severity::NAMES, report);
        if names.rule(&key.name, key.at, report)
            && let Some(severity) = severity
        {
            settings.push(Setting::Severity { rule: key.name.clone(), severity });
        }
    }
    settings
}

pub(crate) fn mode(node: Option<&Node>, report: &mut Report) -> Mode {
    node.and_then(|node| reader::choice(node, "`mode`", &MODES, report)).unwrap_or_default()
}

pub(crate) fn caller(node: Option<&Node>, report: &mut Report) -> Option<Caller> {
    let mut members = Members::open(node?, "`caller`", report)?;
    let mut text = |name| members.get(name).and_then(|node| reader::line(node, &format!("`{name}`"), report));
    let (subject, tenant, source_address) = (text("subject"), text("tenant"), text("sourceAddress"));
    let mut texts = |name| {
        let items = members.get(name).and_then(|node| reader::list(node, &format!("`{name}`"), report));
        let items = items.unwrap_or_default().iter();
        items
            .filter_map(|item| reader::line(item, &format!("an item of `{name}`"), report))
            .map(str::to_owned)
            .collect()
    };
    let (roles, scopes, certificate_names) = (texts("roles"), texts("scopes"), texts("certificateNames"));
    members.finish(report);
    Some(Caller {
        subject: subject.map(str::to_owned),
        tenant: tenant.map(str::to_owned),
        roles,
        scopes,
        certificate_names,
        source_address: source_address.map(str::to_owned),
    })
}

/// When the request was received, in milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn at(node: Option<&Node>, report: &mut Report) -> Option<u64> {
    let Some(node) = node else { return Some(NEW_YEAR) };
    let text = reader::line(node, "`at`", report)?;
    let time = humantime::parse_rfc3339_weak(text).ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let at = time.and_then(|since| u64::try_from(since.as_millis()).ok());
    if at.is_none() {
        report
            .mistake(node.at, format!("`at` is a time in UTC since 1970, but here is {}", reader::shown(node)))
            .hint("write it like 2026-01-01T12:00:00Z");
    }
    at
}
