//! Details that could print a secret.

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::yaml::Node;

use super::Written;
use super::follow::Followed;
use crate::expression::{Origin, Step};
use crate::openapi::{Api, secret};
use crate::policy::Policy;

/// Header fields that hold credentials.
const FIELDS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "x-auth-token", "x-hm-authorization", "x-subject-token"];

pub(super) fn check(rule: &Written<'_>, followed: &Followed, policy: &Policy, api: &Api<'_>, report: &mut Report) {
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
        if origin.root == "headers" {
            header(origin, at, report);
            continue;
        }
        for (schema, of) in rule.schemas(origin, policy, api) {
            if let Some(found) = secret(api, schema, &origin.steps) {
                value(origin, &of, found, at, report);
                break;
            }
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

fn value(origin: &Origin, of: &str, secret: &Node, at: At, report: &mut Report) {
    let what = match origin.member() {
        Some(name) => format!("`{name}` of {of}"),
        None if origin.steps.is_empty() => format!("all of {of}"),
        None => format!("a part of {of}"),
    };
    report
        .warning(at, format!("the detail could print {what}, which is or holds a secret"))
        .hint("details go into answers and logs: say what is wrong without the value")
        .related(mark(secret), "secret by this schema");
}

/// The keyword that makes a schema a secret's.
fn mark(schema: &Node) -> At {
    ["writeOnly", "format"].iter().find_map(|name| schema.entry(name)).map_or(schema.at, |(key, _)| key.at)
}
