//! One operation: its parameters and its body.

use serde_json::{Map, Value, json};
use solgate_engine::ir::{Body, Bundle, HeaderKind, HeaderParameter, Operation, QueryParameter};

use super::responses::Responses;
use super::variables;

/// The option with the versions that a VNFM understands.
const VERSIONS: &str = "supportedVersions";

/// An operation with what it is in dialects, of which the caller need not know which is
/// spoken: what a request of any may look like.
pub(super) fn described(operation: &Operation, bundle: &Bundle, responses: &Responses<'_>) -> Value {
    let forms: Vec<&Operation> = bundle.operations.iter().filter(|form| form.id == operation.id).collect();
    let mut described = json!({
        "operationId": operation.id,
        "parameters": parameters(&forms, bundle),
        "responses": responses.of(operation),
    });
    let notes: Vec<String> = forms.iter().filter_map(|form| note(form)).collect();
    if let Some(members) = described.as_object_mut() {
        if !notes.is_empty() {
            members.insert("description".to_owned(), notes.join(" ").into());
        }
        if let Some(body) = body(&forms) {
            members.insert("requestBody".to_owned(), body);
        }
    }
    described
}

/// What a dialect makes of an operation.
fn note(form: &Operation) -> Option<String> {
    let option = form.dialect.as_ref()?;
    let body = form.body.as_ref();
    let schema = body.map_or_else(String::new, |body| format!(", with a body of the type {}", body.schema));
    let null =
        if body.is_some_and(|body| body.null_is_absent) { "; a member that is null is taken for absent" } else { "" };
    Some(format!("While the option {option} is on, it is that of a dialect{schema}{null}."))
}

fn body(forms: &[&Operation]) -> Option<Value> {
    let bodies: Vec<&Body> = forms.iter().filter_map(|form| form.body.as_ref()).collect();
    let mut content: Map<String, Value> = Map::new();
    for media_type in bodies.iter().flat_map(|body| &body.media_types) {
        let takes = |body: &&&Body| body.media_types.iter().any(|known| known.name == media_type.name);
        let mut schemas: Vec<Value> = Vec::new();
        for body in bodies.iter().filter(takes) {
            let schema = json!({ "$ref": format!("#/components/schemas/{}", body.schema) });
            if !schemas.contains(&schema) {
                schemas.push(schema);
            }
        }
        let schema = match schemas.as_slice() {
            [only] => only.clone(),
            _ => json!({ "anyOf": schemas }),
        };
        content.insert(media_type.name.clone(), json!({ "schema": schema }));
    }
    let required = bodies.len() == forms.len() && bodies.iter().all(|body| body.required);
    (!bodies.is_empty()).then(|| json!({ "required": required, "content": content }))
}

fn parameters(forms: &[&Operation], bundle: &Bundle) -> Vec<Value> {
    let path = forms.iter().flat_map(|form| variables(&form.path)).map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }),
    );
    let version = forms.iter().filter(|form| form.version).map(|form| {
        let short = form.short_version;
        json!({ "name": "Version", "in": "header", "required": true, "schema": versions(bundle, short) })
    });
    let headers = forms.iter().flat_map(|form| &form.headers).map(header);
    let query = forms.iter().flat_map(|form| &form.query).map(query);
    let mut parameters: Vec<Value> = Vec::new();
    for parameter in path.chain(version).chain(headers).chain(query) {
        match parameters.iter_mut().find(|known| known["name"] == parameter["name"] && known["in"] == parameter["in"]) {
            // The later form of Version takes more.
            Some(known) => *known = parameter,
            None => parameters.push(parameter),
        }
    }
    parameters
}

/// `short`: the last numbers may be missing.
fn versions(bundle: &Bundle, short: bool) -> Value {
    let option = bundle.options.iter().find(|option| option.name == VERSIONS);
    let supported = option.and_then(|option| option.default.as_array());
    let patterns: Vec<String> = supported
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|version| {
            let numbers: Vec<String> = version.split('.').map(|part| part.replace('*', "[0-9]+")).collect();
            match numbers.as_slice() {
                [major, minor, patch] if short => format!(r"{major}(?:\.{minor}(?:\.{patch})?)?"),
                numbers => numbers.join(r"\."),
            }
        })
        .collect();
    json!({ "type": "string", "pattern": format!("^(?:{})$", patterns.join("|")) })
}

fn header(header: &HeaderParameter) -> Value {
    let kind = match header.kind {
        HeaderKind::Integer => "integer",
        HeaderKind::Boolean => "boolean",
    };
    json!({ "name": header.name, "in": "header", "schema": { "type": kind } })
}

/// Whatever its kind, a value is text: what the grammar of a filter is, a schema cannot
/// say, and a value of a flag is not always refused.
fn query(parameter: &QueryParameter) -> Value {
    json!({ "name": parameter.name, "in": "query", "allowEmptyValue": true, "schema": { "type": "string" } })
}
