//! What a parser makes of a request, and what the policy makes of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cases::Case;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Reading {
    method: String,
    /// Decoded segments.
    path: Option<Vec<String>>,
    query: Option<Vec<(String, String)>>,
    /// Names in lower case, and values of one name with commas between them.
    fields: BTreeMap<String, String>,
    /// As text, so that readings can be sorted.
    #[serde(deserialize_with = "as_text")]
    body: String,
}

fn as_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Value::deserialize(deserializer).map(|body| body.to_string())
}

impl Reading {
    /// What a parser says in its answer.
    pub fn reported(answer: &[u8]) -> Option<Self> {
        serde_json::from_slice(answer).ok()
    }

    /// Without the fields that the gate has added.
    pub fn about(mut self, sent: &Self) -> Self {
        self.fields.retain(|name, _| sent.fields.contains_key(name));
        self
    }

    /// What the policy judges. A body is what `serde_json` reads: the tests of the
    /// engine show that its own parser reads the same wherever it does not refuse.
    pub fn of(case: &Case) -> Self {
        let at = case.bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(case.bytes.len());
        let head = String::from_utf8_lossy(&case.bytes[..at]).into_owned();
        let content = case.bytes.get(at + 4..).unwrap_or_default();
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((decode(name)?, decode(value)?))
        });
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let name = name.to_ascii_lowercase();
            if ["connection", "content-length"].contains(&name.as_str()) {
                continue;
            }
            let value = value.trim_matches([' ', '\t']).replace(", ", ",");
            fields.entry(name).and_modify(|known| *known = format!("{known},{value}")).or_insert(value);
        }
        let body = match serde_json::from_slice::<Value>(content) {
            _ if content.is_empty() => Value::Null,
            Ok(value) => json!({ "json": canonical(&value) }),
            Err(_) => json!({ "error": true }),
        };
        Self {
            method,
            path: path.split('/').skip(1).map(decode).collect(),
            query: pairs.collect(),
            fields,
            body: body.to_string(),
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// A tree that says of each value what it is; the parsers report the same.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, Value> =
                members.iter().map(|(name, value)| (name, canonical(value))).collect();
            json!({ "object": sorted.into_iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>() })
        }
        Value::Array(items) => json!({ "array": items.iter().map(canonical).collect::<Vec<_>>() }),
        Value::Number(number) => {
            let double = number.as_f64().unwrap_or(f64::NAN);
            let text = if number.is_f64() && double.fract() != 0.0 {
                format!("{:016x}", double.to_bits())
            } else if number.is_f64() {
                let text = format!("{double:.0}");
                if text == "-0" { "0".to_owned() } else { text }
            } else {
                number.to_string()
            };
            json!({ "number": text })
        }
        other => other.clone(),
    }
}
