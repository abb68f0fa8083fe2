//! What of a policy can be set: options, and severities of rules.

use serde_json::{Value, json};
use solgate_contract::manifest::OptionKind;

use super::{About, Desk};
use crate::answer::{self, Answer};
use crate::fault::Fault;

pub(super) fn options(desk: &Desk, asked: About) -> Result<Answer, Fault> {
    let subject = desk.opened.subject(asked.files)?;
    let options: Vec<Value> = match &subject.bundle {
        // In the order in which they are defined.
        Some(bundle) => {
            let options = bundle.options.iter();
            options.map(|option| one(&option.name, option.kind, &option.values, &option.default, &option.doc)).collect()
        }
        None => {
            let options = subject.manifest.options.iter();
            options.map(|(name, option)| one(name, option.kind, &option.values, &option.default, &option.doc)).collect()
        }
    };
    let by_option = |id: &str| {
        let rules = subject.bundle.iter().flat_map(|bundle| &bundle.rules);
        rules
            .filter(|rule| rule.id == id)
            .map(|rule| json!(rule.severity.by_option))
            .next()
            .unwrap_or_else(|| json!([]))
    };
    let severities = subject.manifest.rules.iter().map(|rule| {
        json!({ "rule": rule.id, "title": rule.title, "default": rule.severity, "byOption": by_option(&rule.id) })
    });
    Ok(answer::json(&json!({ "options": options, "severities": severities.collect::<Vec<_>>() })))
}

fn one(name: &str, kind: OptionKind, values: &[Value], default: &Value, doc: &str) -> Value {
    let (kind, of) = match kind {
        OptionKind::Boolean => ("boolean", None),
        OptionKind::Integer => ("integer", None),
        OptionKind::String => ("string", None),
        OptionKind::Strings => ("strings", None),
        OptionKind::Map(of) => ("map", Some(of)),
    };
    json!({
        "name": name,
        "kind": kind,
        "of": of,
        "values": (!values.is_empty()).then_some(values),
        "default": default,
        "doc": doc,
    })
}
