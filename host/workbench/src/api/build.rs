//! The compiler: what it says of the texts of the page, and the policy that it makes.

use std::time::Instant;

use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::json;
use solgate_page_data::compiled;

use super::{About, Desk, milliseconds, with};
use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::opened::{self, Files, Kind};

/// By what production names a policy.
const DIGEST: HeaderName = HeaderName::from_static("x-solgate-digest");

/// A bundle to be compiled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Compile {
    #[serde(default)]
    files: Files,
    /// Tells pages apart: of one page, only the newest text counts.
    #[serde(default)]
    pub page: String,
}

/// As `solgate lint` says it.
pub(super) fn compile(desk: &Desk, asked: Compile) -> Result<Answer, Fault> {
    let start = Instant::now();
    let Kind::Folder(folder) = &desk.opened.0 else {
        let subject = desk.opened.subject(asked.files)?;
        return Ok(answer::json(&json!({
            "ok": true,
            "digest": subject.manifest.digest,
            "name": subject.manifest.name,
            "version": subject.manifest.version,
            "rules": subject.manifest.rules.len(),
            "cases": subject.cases.len(),
            "diagnostics": [],
            "places": {},
            "milliseconds": milliseconds(start),
        })));
    };
    let answer = match opened::compile(folder, asked.files)? {
        Ok(compiled) => compiled::good(&compiled),
        Err(mistakes) => compiled::bad(mistakes),
    };
    Ok(answer::json(&with(answer, [("milliseconds", milliseconds(start).into())])))
}

/// The policy file, as `solgate build` writes it.
pub(super) fn export(desk: &Desk, asked: About) -> Result<Answer, Fault> {
    let subject = desk.opened.subject(asked.files)?;
    let component = match (&desk.opened.0, &subject.compiled) {
        (Kind::Policy(carried), _) => carried.component.clone(),
        (Kind::Folder(_), Some(compiled)) => desk.program.bake(compiled).map_err(Fault::Failed)?,
        (Kind::Folder(_), None) => return Err(Fault::NoBundle),
    };
    let manifest = &subject.manifest;
    let name: String = format!("{}-{}", manifest.name, manifest.version)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect();
    let mut answer = answer::bytes(StatusCode::OK, "application/wasm", component);
    let disposition = format!("attachment; filename=\"{name}.wasm\"");
    for (field, value) in [(CONTENT_DISPOSITION, disposition), (DIGEST, manifest.digest.clone())] {
        let value = HeaderValue::try_from(value)
            .map_err(|_| Fault::Failed("the policy has a name that no header field can hold".to_owned()))?;
        answer.headers_mut().insert(field, value);
    }
    Ok(answer)
}
