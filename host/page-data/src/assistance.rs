//! What can stand at a place of a file, and what stands there, as `solgate lsp` says it.

use serde::Deserialize;
use serde_json::{Value, json};
use solgate_bundle::authoring::{Knowledge, Proposal, ProposalKind};
use solgate_bundle::{Lines, Position};

use crate::diagnostics::range;

/// A place in a text, as editors count.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    line: u32,
    character: u32,
}

impl At {
    fn byte(self, text: &str) -> usize {
        Lines::of(text).byte(Position { line: self.line, character: self.character })
    }
}

/// What can stand there: nothing, if nothing can be known of the bundle.
#[must_use]
pub fn complete(knowledge: Option<Knowledge>, file: &str, text: &str, at: At) -> Value {
    let proposals = knowledge.map(|mut knowledge| knowledge.complete(file, text, at.byte(text)));
    let lines = Lines::of(text);
    let items = proposals.iter().flatten().map(|proposal| item(proposal, &lines));
    json!({ "items": items.collect::<Vec<Value>>() })
}

fn item(proposal: &Proposal, lines: &Lines<'_>) -> Value {
    let kind = match proposal.kind {
        ProposalKind::Member => "member",
        ProposalKind::Value => "value",
        ProposalKind::Root => "root",
        ProposalKind::Field => "field",
        ProposalKind::Function => "function",
        ProposalKind::Name => "name",
    };
    let known = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    json!({
        "label": proposal.label,
        "kind": kind,
        "detail": known(&proposal.detail),
        "documentation": known(&proposal.doc),
        "insert": proposal.insert,
        "range": range(&lines.range(&proposal.replaces)),
    })
}

/// What stands there; null if nothing can be said of it.
#[must_use]
pub fn explain(knowledge: Option<Knowledge>, file: &str, text: &str, at: At) -> Value {
    match knowledge.and_then(|mut knowledge| knowledge.explain(file, text, at.byte(text))) {
        Some(found) => json!({ "markdown": found.markdown, "range": range(&Lines::of(text).range(&found.about)) }),
        None => json!({ "markdown": null, "range": null }),
    }
}
