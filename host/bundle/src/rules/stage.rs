//! When a rule is evaluated.

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::yaml::Node;
use solgate_engine::ir::Stage;

use crate::expression::Reads;

const STAGES: [(&str, Stage); 6] = [
    ("access", Stage::Access),
    ("head", Stage::Head),
    ("query", Stage::Query),
    ("body", Stage::Body),
    ("existence", Stage::Existence),
    ("state", Stage::State),
];

/// The first stage in which everything that the rule reads is there, or a later
/// one that the author asks for.
pub(super) fn read(node: Option<&Node>, reads: &Reads, status: Option<u16>, report: &mut Report) -> Option<Stage> {
    let (natural, because) = natural(reads, status);
    let Some(node) = node else {
        return Some(natural);
    };
    let asked = reader::choice(node, "`stage`", &STAGES, report)?;
    // Nothing but the order of answers tells `access` from `head`, and `existence`
    // from `state`.
    let first = match natural {
        Stage::Head => Stage::Access,
        Stage::State => Stage::Existence,
        other => other,
    };
    if asked < first {
        let name = STAGES.iter().find(|(_, stage)| *stage == first).map_or("", |(name, _)| name);
        report
            .mistake(node.at, format!("the rule reads {because}, which is not there before the stage `{name}`"))
            .hint("leave `stage` out: it follows from what the rule reads");
        return None;
    }
    Some(asked)
}

fn natural(reads: &Reads, status: Option<u16>) -> (Stage, &'static str) {
    if !reads.facts.is_empty() {
        (if status == Some(404) { Stage::Existence } else { Stage::State }, "a fact")
    } else if reads.body {
        (Stage::Body, "the body")
    } else if reads.query {
        (Stage::Query, "the query")
    } else if matches!(status, Some(401 | 403)) {
        (Stage::Access, "the head")
    } else {
        (Stage::Head, "the head")
    }
}
