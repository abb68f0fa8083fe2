//! One operation: its parameters and its body.

use serde_json::{Map, Value, json};
use solgate_engine::ir::{HeaderKind, HeaderParameter, Operation, QueryParameter};

use super::release::Release;
use super::responses::Responses;
use super::variables;

pub(super) fn described(operation: &Operation, release: &Release, responses: &Responses<'_>) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "parameters": parameters(operation, release),
        "responses": responses.of(operation),
    });
    if let (Some(body), Some(members)) = (&operation.body, described.as_object_mut()) {
        let schema = json!({ "schema": { "$ref": format!("#/components/schemas/{}", body.schema) } });
        let content: Map<String, Value> =
            body.media_types.iter().map(|media_type| (media_type.name.clone(), schema.clone())).collect();
        let mut request_body = json!({ "required": body.required, "content": content });
        if let (true, Some(members)) = (body.null_is_absent, request_body.as_object_mut()) {
            members.insert("description".to_owned(), "A member that is null is taken for absent.".into());
        }
        members.insert("requestBody".to_owned(), request_body);
    }
    described
}

fn parameters(operation: &Operation, release: &Release) -> Vec<Value> {
    let path = variables(&operation.path).into_iter().map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }),
    );
    let version = operation.version.then(|| {
        let schema = version(release, operation.short_version);
        json!({ "name": "Version", "in": "header", "required": true, "schema": schema })
    });
    let headers = operation.headers.iter().map(header);
    let query = operation.query.iter().filter(|parameter| release.has(parameter.releases)).map(query);
    path.chain(version).chain(headers).chain(query).collect()
}

/// `short`: the last numbers may be missing.
fn version(release: &Release, short: bool) -> Value {
    let text = release.version.to_string();
    let pattern = match text.split('.').collect::<Vec<_>>().as_slice() {
        [major, minor, patch] if short => format!(r"{major}(?:\.{minor}(?:\.{patch})?)?"),
        numbers => numbers.join(r"\."),
    };
    json!({ "type": "string", "pattern": format!("^(?:{pattern})$") })
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
