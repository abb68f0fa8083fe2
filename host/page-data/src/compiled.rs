//! What the compiler has made of the texts of a page, as `solgate lint` says it.

use serde_json::{Value, json};
use solgate_bundle::{Compiled, Diagnostics};

use crate::diagnostics;

/// A bundle without mistakes.
#[must_use]
pub fn good(compiled: &Compiled) -> Value {
    json!({
        "ok": true,
        "digest": compiled.bundle.digest,
        "name": compiled.bundle.name,
        "version": compiled.bundle.version,
        "rules": compiled.bundle.rules.len(),
        "cases": compiled.cases.len(),
        "diagnostics": diagnostics::all(&compiled.warnings, &compiled.sources),
        "places": places(compiled),
    })
}

/// A bundle with mistakes.
#[must_use]
pub fn bad(found: Diagnostics) -> Value {
    let (found, sources) = found.into_parts();
    json!({
        "ok": false,
        "digest": null,
        "name": null,
        "version": null,
        "rules": 0,
        "cases": 0,
        "diagnostics": diagnostics::all(&found, &sources),
        "places": {},
    })
}

/// Where each rule stands, by its id.
#[must_use]
pub fn places(compiled: &Compiled) -> Value {
    let places = compiled.places.iter();
    places.map(|(rule, place)| (rule.clone(), json!({ "path": place.file, "line": place.line }))).collect()
}
