//! YAML as JSON.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Number, Value};

/// The first document of a YAML file.
///
/// # Errors
///
/// If the text is not YAML, or holds what JSON cannot say: a key that is not a
/// string, a tag, an infinite number.
pub fn to_json(source: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(source).map_err(|error| error.to_string())?;
    documents.first().map_or(Ok(Value::Null), convert)
}

fn convert(node: &Yaml<'_>) -> Result<Value, String> {
    match node {
        Yaml::Value(scalar) => scalar_value(scalar),
        Yaml::Sequence(items) => items.iter().map(convert).collect::<Result<_, _>>().map(Value::Array),
        Yaml::Mapping(entries) => {
            let mut members = Map::new();
            for (key, value) in entries {
                let name = key.as_str().ok_or_else(|| format!("the key {key:?} is not a string"))?;
                members.insert(name.to_owned(), convert(value)?);
            }
            Ok(Value::Object(members))
        }
        other => Err(format!("{other:?} has no equivalent in JSON")),
    }
}

fn scalar_value(scalar: &Scalar<'_>) -> Result<Value, String> {
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::from(*value),
        Scalar::FloatingPoint(value) => {
            Value::Number(Number::from_f64(value.into_inner()).ok_or("a number must be finite")?)
        }
        Scalar::String(text) => Value::String(text.to_string()),
    })
}
