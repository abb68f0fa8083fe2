//! The files beside the request: facts and caller, in JSON or YAML.

use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::CheckError;
use crate::request::Caller;

/// Deepest nesting of a document.
const DEPTH: usize = 128;

/// Reads a file as one document; `.json` is JSON, everything else YAML, of
/// which JSON is a part.
pub(super) fn read(path: &Path) -> Result<Value, CheckError> {
    let bad = |message: String| CheckError::Document { path: path.to_owned(), message };
    let content = std::fs::read_to_string(path).map_err(|error| CheckError::Read { path: path.to_owned(), error })?;
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        return serde_json::from_str(&content).map_err(|error| bad(format!("not JSON: {error}; correct it there")));
    }
    let documents = Yaml::load_from_str(&content).map_err(|error| {
        let (line, column) = (error.marker().line(), error.marker().col().saturating_add(1));
        bad(format!("not YAML: {} at line {line} column {column}; correct it there", error.info()))
    })?;
    match documents.as_slice() {
        [document] => value(document, DEPTH).map_err(bad),
        [] => Err(bad("the file is empty: expected one document".to_owned())),
        _ => Err(bad("the file holds several documents: expected one, without `---` after its start".to_owned())),
    }
}

fn value(node: &Yaml<'_>, depth: usize) -> Result<Value, String> {
    let depth = depth.checked_sub(1).ok_or_else(|| format!("nested deeper than {DEPTH} levels"))?;
    Ok(match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(boolean)) => Value::Bool(*boolean),
        Yaml::Value(Scalar::Integer(integer)) => Value::from(*integer),
        Yaml::Value(Scalar::FloatingPoint(float)) => Number::from_f64(float.into_inner())
            .map(Value::Number)
            .ok_or_else(|| "a number is infinite or not a number: JSON has no such value".to_owned())?,
        Yaml::Value(Scalar::String(text)) => Value::String(text.clone().into_owned()),
        Yaml::Sequence(items) => Value::Array(items.iter().map(|item| value(item, depth)).collect::<Result<_, _>>()?),
        Yaml::Mapping(members) => {
            let mut map = Map::new();
            for (key, member) in members {
                let Yaml::Value(Scalar::String(key)) = key else {
                    return Err("a key is not a text: put it into quotes".to_owned());
                };
                map.insert(key.clone().into_owned(), value(member, depth)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(..) => return Err("a tag (!name) has no meaning here: remove it".to_owned()),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            return Err("a value cannot be read: put it into quotes".to_owned());
        }
    })
}

/// The caller as it stands in a file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct CallerFile {
    subject: Option<String>,
    tenant: Option<String>,
    roles: Vec<String>,
    scopes: Vec<String>,
    certificate_names: Vec<String>,
    source_address: Option<String>,
}

/// Reads whom a request is said to come from.
pub(super) fn caller(path: &Path) -> Result<Caller, CheckError> {
    let file: CallerFile = serde_json::from_value(read(path)?).map_err(|error| CheckError::Document {
        path: path.to_owned(),
        message: format!(
            "not a caller: {error}; a caller has subject, tenant, roles, scopes, certificateNames, sourceAddress"
        ),
    })?;
    Ok(Caller {
        subject: file.subject,
        tenant: file.tenant,
        roles: file.roles,
        scopes: file.scopes,
        certificate_names: file.certificate_names,
        source_address: file.source_address,
    })
}
