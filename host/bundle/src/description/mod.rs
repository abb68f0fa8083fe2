//! The API as a client meets it behind the gate, as an OpenAPI 3.1 document: what a
//! request must look like, and how a refused request is answered.

mod operation;
mod release;
mod responses;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value, json};
use solgate_engine::ir::{ApiRoot, Bundle, Operation};
use solgate_engine::version::ApiVersion;

use self::release::Release;
use self::responses::Responses;

/// The bundle does not support a version of the API that was to be described.
#[derive(Debug, PartialEq, Eq)]
pub struct UnsupportedVersion(ApiVersion);

impl fmt::Display for UnsupportedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of the API is not one of `supportedVersions`", self.0)
    }
}

impl std::error::Error for UnsupportedVersion {}

/// Describes the operations of a bundle in OpenAPI 3.1, as they are in one version of the
/// API, below its first API root and those on which the same dialects are spoken. Without
/// a version, it is the highest that the bundle supports and knows. The description
/// depends on the bundle only, and not on its digest.
///
/// # Errors
///
/// If the bundle does not support the version.
pub fn openapi_description(bundle: &Bundle, version: Option<ApiVersion>) -> Result<Value, UnsupportedVersion> {
    let release = match version {
        Some(version) => Release::of(bundle, version).ok_or(UnsupportedVersion(version))?,
        None => Release::highest(bundle),
    };
    let responses = Responses::new(bundle);
    let mut paths: Map<String, Value> = Map::new();
    let spoken = bundle.api_roots.first().map_or_else(Vec::new, |root| spoken(bundle, root));
    for operation in bundle.resources().filter_map(|operation| form(bundle, operation, &spoken)) {
        if !release.has(operation.releases) {
            continue;
        }
        let item = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method.to_ascii_lowercase(), operation::described(operation, &release, &responses));
        }
    }
    let alike = bundle.api_roots.iter().filter(|root| self::spoken(bundle, root) == spoken);
    let servers: Vec<Value> = alike.map(|root| server(&root.path)).collect();
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("{} behind Solgate", bundle.name),
            "version": bundle.version,
            "description": format!(
                "Version {} of the API. What the VNFM or NFVO answers is its own matter; what the gate refuses is \
                 answered with ProblemDetails. Written by `solgate docs --format openapi`.",
                release.version
            ),
        },
        "servers": servers,
        "paths": paths,
        "components": {
            "schemas": schemas(bundle, &release),
            "responses": responses.components(),
        },
    }))
}

/// The dialects that are on below an API root unless somebody sets their options, in the
/// order in which they go before others.
fn spoken<'b>(bundle: &'b Bundle, root: &ApiRoot) -> Vec<&'b str> {
    let mut found = Vec::new();
    for option in &bundle.options {
        let of_root = root.options.get(&option.name).filter(|_| !option.set);
        let value = of_root.unwrap_or(&option.default);
        let is_on = |name: &&str| match name.split_once('.') {
            Some((of, on)) => of == option.name && value == on,
            None => *name == option.name && *value == Value::Bool(true),
        };
        let named: BTreeSet<&str> = bundle.operations.iter().filter_map(|op| op.dialect.as_deref()).collect();
        found.extend(named.into_iter().filter(is_on));
    }
    found
}

/// What an operation is where these dialects are spoken; `None` if it is not there.
fn form<'b>(bundle: &'b Bundle, operation: &Operation, spoken: &[&str]) -> Option<&'b Operation> {
    let forms = || bundle.operations.iter().filter(|form| form.id == operation.id);
    let in_dialect = |name: &&str| forms().find(|form| form.dialect.as_deref() == Some(*name));
    let found = spoken.iter().find_map(in_dialect).or_else(|| forms().find(|form| form.dialect.is_none()));
    found.filter(|form| !form.absent)
}

/// An API root; its variables have their own names as values.
fn server(root: &str) -> Value {
    let variables: Map<String, Value> =
        variables(root).into_iter().map(|name| (name.to_owned(), json!({ "default": name }))).collect();
    if variables.is_empty() { json!({ "url": root }) } else { json!({ "url": root, "variables": variables }) }
}

/// Those of the bundle, and ProblemDetails.
fn schemas(bundle: &Bundle, release: &Release) -> Value {
    let mut schemas: Map<String, Value> =
        bundle.schemas.iter().map(|(name, schema)| (name.clone(), release.schema(schema))).collect();
    schemas.insert(responses::PROBLEM.to_owned(), responses::problem_details());
    Value::Object(schemas)
}

/// The names in braces.
fn variables(path: &str) -> BTreeSet<&str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}
