//! What is open, and its files.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Desk;
use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::folder::section;
use crate::opened::{Files, Kind};

/// What is open.
pub(super) fn workbench(desk: &Desk) -> Result<Answer, Fault> {
    let (kind, read_only, names) = match &desk.opened.0 {
        Kind::Folder(folder) => ("bundle", false, folder.files()?),
        Kind::Policy(carried) => ("file", true, carried.files.iter().map(|file| file.name.clone()).collect()),
    };
    let files: Vec<Value> =
        names.iter().map(|name| json!({ "path": name, "section": section(name), "readOnly": read_only })).collect();
    // A bundle with mistakes has no name that anybody could rely on.
    let subject = match desk.opened.subject(Files::new()) {
        Ok(subject) => Some(subject),
        Err(Fault::Mistakes(_)) => None,
        Err(fault) => return Err(fault),
    };
    let manifest = subject.as_ref().map(|subject| &subject.manifest);
    Ok(answer::json(&json!({
        "release": env!("CARGO_PKG_VERSION"),
        "name": manifest.map(|manifest| &manifest.name),
        "version": manifest.map(|manifest| &manifest.version),
        "digest": manifest.map(|manifest| &manifest.digest),
        "kind": kind,
        "path": desk.opened.named(),
        "readOnly": read_only,
        "bundle": subject.is_none_or(|subject| subject.bundle.is_some()),
        "logs": desk.logs,
        "files": files,
    })))
}

/// The text of a file.
pub(super) fn read(desk: &Desk, name: &str) -> Result<Answer, Fault> {
    let (text, read_only) = match &desk.opened.0 {
        Kind::Folder(folder) => (folder.read(name)?, false),
        Kind::Policy(carried) => {
            let file = carried.files.iter().find(|file| file.name == name);
            (file.ok_or_else(|| Fault::NoSuchFile(name.to_owned()))?.text.clone(), true)
        }
    };
    Ok(answer::json(&json!({ "path": name, "text": text, "readOnly": read_only })))
}

/// A text to be saved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Save {
    text: String,
    /// As it was read; absent or null for a file that is not there yet.
    #[serde(default)]
    was: Option<String>,
}

pub(super) fn write(desk: &Desk, name: &str, save: Save) -> Result<Answer, Fault> {
    let Kind::Folder(folder) = &desk.opened.0 else {
        return Err(Fault::ReadOnly(desk.opened.named().display().to_string()));
    };
    folder.write(name, save.was.as_deref(), &save.text, &*desk.program)?;
    Ok(answer::json(&json!({ "path": name, "saved": true })))
}

/// A name in an address, where characters may be percent-encoded.
pub(super) fn decoded(name: &str) -> Result<String, Fault> {
    solgate_contract::uri::decode(name)
        .map(|name| name.into_owned())
        .ok_or_else(|| Fault::BadPath { path: name.to_owned(), why: "its percent-encoding cannot be read" })
}
