//! Texts of cases: long ones made of parts, and base64.

use serde_json::Value;

/// A string, or a list of strings and `{repeat, times}` joined.
pub fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Array(parts) => parts.iter().map(part).collect(),
        other => Err(format!("expected a text or a list of parts, found {other}")),
    }
}

fn part(value: &Value) -> Result<String, String> {
    if let Value::String(text) = value {
        return Ok(text.clone());
    }
    let repeat = value.get("repeat").and_then(Value::as_str);
    let times = value.get("times").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    match (repeat, times) {
        (Some(text), Some(times)) if times <= 1 << 24 => Ok(text.repeat(times)),
        _ => Err(format!("a part is a text or {{repeat, times}}, not {value}")),
    }
}

/// Decodes base64 (RFC 4648, 4); line breaks are skipped.
pub fn base64(encoded: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in encoded.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let digit = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            _ => return Err(format!("{:?} is not base64", char::from(byte))),
        };
        bits = (bits << 6) | u32::from(digit);
        held = held.wrapping_add(6);
        if held >= 8 {
            held = held.wrapping_sub(8);
            out.push(bits.wrapping_shr(held).to_le_bytes()[0]);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn decodes_base64() {
        assert_eq!(super::base64("").as_deref(), Ok(b"".as_slice()));
        assert_eq!(super::base64("/+5h").as_deref(), Ok(b"\xff\xeea".as_slice()));
        assert_eq!(super::base64("YWI=").as_deref(), Ok(b"ab".as_slice()));
        assert!(super::base64("a*").is_err());
    }
}
