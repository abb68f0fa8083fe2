//! The report for programs: everything, in one object.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::tally::{Group, Tally, most};

pub fn render(tally: &Tally, unread: &[(String, usize, String)]) -> String {
    let (from, to) = tally.span.as_ref().map(|(first, last)| (first, last)).unzip();
    let shadow = &tally.shadow;
    let policies = shadow.policies.iter().map(|(name, digest)| json!({"name": name, "digest": digest}));
    let unread = unread.iter().map(|(file, line, reason)| json!({"file": file, "line": line, "reason": reason}));
    let report = json!({
        "requests": tally.requests,
        "from": from,
        "to": to,
        "denied": tally.denied,
        "monitor": group(&tally.monitor),
        "shadow": {
            "policies": policies.collect::<Vec<_>>(),
            "denies": group(&shadow.denies),
            "allows": group(&shadow.allows),
            "otherwise": shadow.otherwise,
            "failed": shadow.failed,
            "undecided": shadow.undecided,
        },
        "notRead": unread.collect::<Vec<_>>(),
    });
    format!("{report}\n")
}

fn group(group: &Group) -> Value {
    let rows = group.most().into_iter().map(|(key, row)| {
        json!({
            "rule": key.rule,
            "operation": key.operation,
            "caller": key.caller,
            "requests": row.requests,
            "example": row.example,
            "first": row.first,
            "last": row.last,
        })
    });
    json!({
        "requests": group.requests,
        "rows": rows.collect::<Vec<_>>(),
        "byRule": counts("rule", &group.by_rule),
        "byCaller": counts("caller", &group.by_caller),
        "byOperation": counts("operation", &group.by_operation),
    })
}

fn counts(what: &str, counts: &BTreeMap<String, u64>) -> Value {
    most(counts).into_iter().map(|(name, count)| json!({what: name, "requests": count})).collect()
}
