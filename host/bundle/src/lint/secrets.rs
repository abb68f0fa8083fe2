//! Details that could print a secret.

use super::Written;
use super::follow::Followed;
use crate::diagnostic::Report;
use crate::expression::{Origin, Step};
use crate::openapi::{Api, secret};
use crate::source::At;
use crate::yaml::Node;

/// Header fields that hold credentials.
const FIELDS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "x-auth-token", "x-subject-token"];

pub(super) fn check(rule: &Written<'_>, followed: &Followed, api: &Api<'_>, report: &mut Report) {
    let Some(detail) = rule.node.get("otherwise").and_then(|otherwise| otherwise.get("detail")) else {
        return;
    };
    let mut reported: Vec<&Origin> = Vec::new();
    for origin in &followed.detail {
        if reported.contains(&origin) {
            continue;
        }
        reported.push(origin);
        let at = followed.reads.iter().rev().find(|read| read.origin == *origin).map_or(detail.at, |read| read.at);
        match origin.root.as_str() {
            "headers" => header(origin, at, report),
            "body" => body(rule, origin, at, api, report),
            _ => {}
        }
    }
}

fn header(origin: &Origin, at: At, report: &mut Report) {
    if let Some(Step::Member(name)) = origin.steps.first()
        && FIELDS.contains(&name.as_str())
    {
        report
            .warning(at, format!("the detail could print the header field {name}, which holds credentials"))
            .hint("details go into answers and logs: say what is wrong without the value");
    }
}

fn body(rule: &Written<'_>, origin: &Origin, at: At, api: &Api<'_>, report: &mut Report) {
    for op in &rule.operations {
        let Some(found) = op.schema.and_then(|schema| secret(api, schema, &origin.steps)) else {
            continue;
        };
        let what = match origin.member() {
            Some(name) => format!("`{name}`"),
            None if origin.steps.is_empty() => "the whole body".to_owned(),
            None => "a part of the body".to_owned(),
        };
        report
            .warning(
                at,
                format!("the detail could print {what}, which is or holds a secret in the operation `{}`", op.def.id),
            )
            .hint("details go into answers and logs: say what is wrong without the value")
            .related(mark(found), "secret by this schema");
        return;
    }
}

/// The keyword that makes a schema a secret's.
fn mark(schema: &Node) -> At {
    ["writeOnly", "format"].iter().find_map(|name| schema.entry(name)).map_or(schema.at, |(key, _)| key.at)
}
