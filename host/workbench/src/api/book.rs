//! The rule book: what `solgate docs` writes, and the same as data.

use serde_json::{Value, json};
use solgate_bundle::book::entries;
use solgate_bundle::rule_book;

use super::{About, Desk};
use crate::answer::{self, Answer};
use crate::fault::Fault;

pub(super) fn book(desk: &Desk, asked: About) -> Result<Answer, Fault> {
    let subject = desk.opened.subject(asked.files)?;
    let bundle = subject.rules()?;
    let entries = entries(bundle);
    let places = subject.places();
    let rules = entries.iter().map(|entry| {
        let mut rule = serde_json::to_value(entry).unwrap_or_default();
        if let Value::Object(members) = &mut rule {
            let place = places.get(&entry.id).cloned().unwrap_or_default();
            members.insert("place".to_owned(), place);
        }
        rule
    });
    let operations = bundle.resources().map(|operation| {
        let is_for = |rules: &&solgate_bundle::book::Entry| rules.operations.contains(&operation.id);
        json!({
            "id": operation.id,
            "method": operation.method,
            "path": operation.path,
            "rules": entries.iter().filter(is_for).map(|entry| &entry.id).collect::<Vec<_>>(),
        })
    });
    Ok(answer::json(&json!({
        "markdown": rule_book(bundle),
        "rules": rules.collect::<Vec<_>>(),
        "operations": operations.collect::<Vec<_>>(),
    })))
}
