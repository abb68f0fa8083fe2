//! `base64.encode` and `base64.decode`, as CEL's extension has them, and `isBase64`.

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{self, CelBool, CelBytes, CelString},
        value::{CowVal, Val},
    },
};

const ENCODE: &str = "base64.encode";
const DECODE: &str = "base64.decode";
const IS_BASE64: &str = "isBase64";

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(ENCODE, "solgate_of_bytes", vec![types::BYTES_TYPE], encode_value)?;
    env.add_overload(ENCODE, "solgate_of_text", vec![types::STRING_TYPE], encode_value)?;
    env.add_overload(DECODE, "solgate_decode", vec![types::STRING_TYPE], decode_value)?;
    env.add_overload(IS_BASE64, "solgate_is_base64", vec![types::DYN_TYPE], is_base64)
}

/// With padding.
fn encode(octets: &[u8]) -> String {
    let mut text = String::new();
    for chunk in octets.chunks(3) {
        let mut bits = 0_u32;
        for place in 0..3 {
            bits = (bits << 8) | chunk.get(place).copied().map_or(0, u32::from);
        }
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            // A chunk of one octet has two characters, one of two has three.
            let index = bits.checked_shr(shift).unwrap_or(0) & 63;
            let char = usize::try_from(index).ok().and_then(|index| ALPHABET.get(index));
            let is_padding = place > chunk.len();
            text.push(char.filter(|_| !is_padding).map_or('=', |char| char::from(*char)));
        }
    }
    text
}

/// Padding may be left out, lines may be broken, and bits that belong to no octet are not
/// looked at, as in CEL's first implementation. Takes as long as the text is.
fn decode(text: &str) -> Option<Vec<u8>> {
    let is_padded = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).count() % 4 == 0;
    let mut octets = Vec::new();
    let (mut bits, mut count, mut padding) = (0_u32, 0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        if byte == b'=' && is_padded {
            padding = padding.checked_add(1)?;
            continue;
        }
        let value = value_of(byte).filter(|_| padding == 0)?;
        bits = (bits << 6) | value;
        count = count.checked_add(6)?;
        if count >= 8 {
            count = count.checked_sub(8)?;
            octets.push(u8::try_from(bits.checked_shr(count)? & 0xff).ok()?);
        }
    }
    // Six bits are left of a single character, and are none of an octet.
    (padding <= 2 && count < 6).then_some(octets)
}

fn value_of(byte: u8) -> Option<u32> {
    let (first, place) = match byte {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' => return Some(62),
        b'/' => return Some(63),
        _ => return None,
    };
    u32::from(byte.checked_sub(first)?).checked_add(place)
}

fn only<'a, 'b, 'v>(arguments: &'a [CowVal<'b, 'v>]) -> Result<&'a (dyn Val + 'v), ExecutionError> {
    match arguments {
        [only] => Ok(only.as_ref()),
        _ => Err(ExecutionError::invalid_argument_count(1, arguments.len())),
    }
}

fn encode_value<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = only(&arguments)?;
    let text = value.downcast_ref::<CelString>().map(|text| encode(text.inner().as_bytes()));
    let text = text.or_else(|| value.downcast_ref::<CelBytes>().map(|bytes| encode(bytes.inner())));
    text.map(|text| CowVal::owned(CelString::from(text)))
        .ok_or_else(|| ExecutionError::function_error(ENCODE, "octets or a string are needed"))
}

fn read(value: &dyn Val) -> Option<Vec<u8>> {
    value.downcast_ref::<CelString>().and_then(|text| decode(text.inner()))
}

fn decode_value<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    read(only(&arguments)?)
        .map(|octets| CowVal::owned(CelBytes::from(octets)))
        .ok_or_else(|| ExecutionError::function_error(DECODE, "this is not base64"))
}

fn is_base64<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(read(only(&arguments)?).is_some())))
}
