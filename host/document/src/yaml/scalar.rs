//! What a plain scalar means: the core schema of YAML 1.2.2 (10.3.2).

use serde_json::Number;

use super::Value;

/// The value of a plain scalar, or `None` for a number that JSON cannot hold
/// (an infinity, not-a-number).
pub(super) fn resolve(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_special_float(text) => return None,
        _ => match number(text) {
            Some(number) => Value::Number(number?),
            None => Value::String,
        },
    })
}

fn is_special_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

/// Outer `None`: not a number. Inner `None`: a number that JSON cannot hold.
fn number(text: &str) -> Option<Option<Number>> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16).map(|n| n.map(Number::from));
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8).map(|n| n.map(Number::from));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        let plain = text.strip_prefix('+').unwrap_or(text);
        if let Ok(n) = plain.parse::<i64>() {
            return Some(Some(n.into()));
        }
        if let Ok(n) = plain.parse::<u64>() {
            return Some(Some(n.into()));
        }
    }
    is_float(unsigned).then(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

fn radix(digits: &str, radix: u32) -> Option<Option<u64>> {
    let all_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    all_digits.then(|| u64::from_str_radix(digits, radix).ok())
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_is_right = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    mantissa_is_right
        && exponent.is_none_or(|e| {
            let e = e.strip_prefix(['+', '-']).unwrap_or(e);
            !e.is_empty() && digits(e)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(text: &str) -> String {
        match resolve(text) {
            None => "refused".into(),
            Some(Value::Null) => "null".into(),
            Some(Value::Bool(b)) => format!("bool {b}"),
            Some(Value::Number(n)) => format!("number {n}"),
            Some(Value::String) => "text".into(),
            Some(_) => "collection".into(),
        }
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, expected) in [
            ("", "null"),
            ("~", "null"),
            ("nUll", "text"),
            ("TRUE", "bool true"),
            ("yes", "text"),
            ("off", "text"),
            ("012", "number 12"),
            ("0o17", "number 15"),
            ("0xfF", "number 255"),
            ("0xzz", "text"),
            ("+7", "number 7"),
            ("-", "text"),
            ("18446744073709551615", "number 18446744073709551615"),
            ("1.5e3", "number 1500.0"),
            (".5", "number 0.5"),
            (".", "text"),
            ("1_000", "text"),
            ("2.0.0", "text"),
            ("1e", "text"),
            ("1e999", "refused"),
            ("-.inf", "refused"),
            (".NaN", "refused"),
            ("infinity", "text"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
