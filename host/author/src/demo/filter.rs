//! Attribute filters (ETSI GS NFV-SOL 013, 5.2), as far as facts need them:
//! `(op,attribute,value...)` joined by semicolons, with eq, neq, in and nin on
//! top-level attributes.

use super::store::Resource;

/// Whether a resource passes the filter; `None` if the filter is not understood.
pub fn matches(resource: &Resource, filter: &str) -> Option<bool> {
    for expression in filter.split(';') {
        let inner = expression.strip_prefix('(')?.strip_suffix(')')?;
        let mut parts = inner.split(',');
        let (operator, attribute) = (parts.next()?, parts.next()?);
        let actual = resource.text(attribute);
        let found = parts.any(|value| value.trim_matches('\'') == actual);
        let holds = match operator {
            "eq" | "in" => found,
            "neq" | "nin" => !found,
            _ => return None,
        };
        if !holds {
            return Some(false);
        }
    }
    Some(true)
}

/// The decoded value of a query parameter.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| decode(value))
}

/// Percent-decoding; what is not valid stays as it is.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, after) = match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high.wrapping_shl(4) | low, after),
                _ => (first, tail),
            },
            _ => (first, tail),
        };
        out.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_that_facts_use() {
        let body = json!({ "vnfInstanceId": "i", "operationState": "PROCESSING" });
        let resource = Resource { body: body.as_object().unwrap().clone(), changes: 1 };
        let table = [
            ("(eq,vnfInstanceId,i)", Some(true)),
            ("(eq,vnfInstanceId,'i');(in,operationState,STARTING,PROCESSING)", Some(true)),
            ("(eq,vnfInstanceId,i);(in,operationState,STARTING,FAILED)", Some(false)),
            ("(neq,vnfInstanceId,i)", Some(false)),
            ("(nin,operationState,FAILED)", Some(true)),
            ("(gt,vnfInstanceId,i)", None),
            ("eq,vnfInstanceId,i", None),
        ];
        for (filter, expected) in table {
            assert_eq!(matches(&resource, filter), expected, "{filter}");
        }
        assert_eq!(parameter("a=1&filter=%28eq%2ca%2Cb%29%zz", "filter").unwrap(), "(eq,a,b)%zz");
    }
}
