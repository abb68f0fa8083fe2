//! The readers of JSON.

use serde_json::Value;
use solgate_engine::readers;

/// Deepest nesting that both readers take.
const DEPTH: u32 = 100;

/// A body that is accepted is JSON to `serde_json`, too, and the same value; a fact is
/// read exactly as `serde_json` reads it.
///
/// # Panics
/// If it is not so.
pub fn json(input: &[u8]) {
    let expected = serde_json::from_slice::<Value>(input);
    if let Some(body) = readers::body(input, DEPTH) {
        match &expected {
            Ok(value) => assert!(!body.is_exact || same(&body.value, value), "{:?} instead of {value:?}", body.value),
            // A number beyond a double; `serde_json` refuses it.
            Err(error) => assert!(!body.is_exact, "accepted, but {error}"),
        }
    }
    let fact = readers::fact(input);
    // The order of members is part of it.
    let texts = [&fact, &expected.ok()].map(|value| value.as_ref().map(ToString::to_string));
    assert_eq!(texts[0], texts[1]);
}

/// Whether the values are the same, members in the same order. A fraction may be
/// rounded to a neighbour.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b))
        }
        (Value::Number(one), Value::Number(other)) => {
            one == other
                || one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| {
                    one.is_sign_positive() == other.is_sign_positive() && one.to_bits().abs_diff(other.to_bits()) <= 1
                })
        }
        _ => one == other,
    }
}
