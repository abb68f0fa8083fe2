//! When a rule is evaluated.

use solgate_engine::ir::Stage;

use crate::diagnostic::Report;
use crate::expression::Reads;
use crate::reader;
use crate::yaml::Node;

const STAGES: [(&str, Stage); 5] = [
    ("access", Stage::Access),
    ("head", Stage::Head),
    ("query", Stage::Query),
    ("body", Stage::Body),
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
    // Nothing but the order of answers tells `access` from `head`.
    if asked < natural && natural != Stage::Head {
        let name = STAGES.iter().find(|(_, stage)| *stage == natural).map_or("", |(name, _)| name);
        report
            .mistake(node.at, format!("the rule reads {because}, which is not there before the stage `{name}`"))
            .hint("leave `stage` out: it follows from what the rule reads");
        return None;
    }
    Some(asked)
}

fn natural(reads: &Reads, status: Option<u16>) -> (Stage, &'static str) {
    if !reads.facts.is_empty() {
        (Stage::State, "a fact")
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
