//! What can stand at a place of a file, and what stands there, as `solgate lsp` says it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use solgate_bundle::authoring::{Knowledge, Proposal, ProposalKind};
use solgate_bundle::{Lines, Position};

use super::Desk;
use crate::answer::{self, Answer};
use crate::diagnostics::range;
use crate::fault::Fault;
use crate::opened::{Files, Kind};

/// A place in a file, as the page has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    #[serde(default)]
    files: Files,
    path: String,
    position: At,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    line: u32,
    character: u32,
}

pub(super) fn complete(desk: &Desk, place: Place) -> Result<Answer, Fault> {
    let found = look(desk, place, |knowledge, file, text, at| {
        let proposals = knowledge.complete(file, text, at);
        let lines = Lines::of(text);
        proposals.iter().map(|proposal| item(proposal, &lines)).collect::<Vec<Value>>()
    })?;
    Ok(answer::json(&json!({ "items": found.unwrap_or_default() })))
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

pub(super) fn hover(desk: &Desk, place: Place) -> Result<Answer, Fault> {
    let found = look(desk, place, |knowledge, file, text, at| {
        let found = knowledge.explain(file, text, at)?;
        Some(json!({ "markdown": found.markdown, "range": range(&Lines::of(text).range(&found.about)) }))
    })?;
    Ok(answer::json(&found.flatten().unwrap_or_else(|| json!({ "markdown": null, "range": null }))))
}

/// Looks a place up in the text as it is now; `None` if nothing can be known of the bundle.
fn look<T>(
    desk: &Desk,
    place: Place,
    found: impl FnOnce(&mut Knowledge, &str, &str, usize) -> T,
) -> Result<Option<T>, Fault> {
    let Kind::Folder(folder) = &desk.opened.0 else { return Ok(None) };
    let text = match place.files.get(&place.path) {
        Some(text) => text.clone(),
        None => folder.read(&place.path)?,
    };
    let unsaved = Arc::new(folder.unsaved(place.files)?);
    let knowledge = Knowledge::read(folder.root(), unsaved).map_err(|error| Fault::Failed(error.to_string()))?;
    let At { line, character } = place.position;
    let at = Lines::of(&text).byte(Position { line, character });
    Ok(knowledge.map(|mut knowledge| found(&mut knowledge, &place.path, &text, at)))
}
