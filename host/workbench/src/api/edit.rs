//! What can stand at a place of a file, and what stands there, as `solgate lsp` says it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use solgate_bundle::authoring::Knowledge;
use solgate_page_data::assistance::{self, At};

use super::Desk;
use crate::answer::{self, Answer};
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

pub(super) fn complete(desk: &Desk, place: Place) -> Result<Answer, Fault> {
    look(desk, place, assistance::complete)
}

pub(super) fn hover(desk: &Desk, place: Place) -> Result<Answer, Fault> {
    look(desk, place, assistance::explain)
}

/// Looks a place up in the text as it is now. Of a policy's file nothing is known.
fn look(desk: &Desk, place: Place, found: fn(Option<Knowledge>, &str, &str, At) -> Value) -> Result<Answer, Fault> {
    let Place { files, path, position } = place;
    let Kind::Folder(folder) = &desk.opened.0 else {
        return Ok(answer::json(&found(None, &path, "", position)));
    };
    let text = match files.get(&path) {
        Some(text) => text.clone(),
        None => folder.read(&path)?,
    };
    let unsaved = Arc::new(folder.unsaved(files)?);
    let knowledge = Knowledge::read(folder.root(), unsaved).map_err(|error| Fault::Failed(error.to_string()))?;
    Ok(answer::json(&found(knowledge, &path, &text, position)))
}
