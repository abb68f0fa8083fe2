//! A certificate as Envoy hands it on: PEM, encoded for a URL with its line ends.

use data_encoding::BASE64;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The first certificate in such a text, as DER.
#[must_use]
pub fn from_envoy(text: &str) -> Option<Vec<u8>> {
    let pem = percent_decode(text);
    let begin = find(&pem, BEGIN)?.checked_add(BEGIN.len())?;
    let rest = pem.get(begin..)?;
    let base64: Vec<u8> =
        rest.get(..find(rest, END)?)?.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(&base64).ok()
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, after @ ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| ((high << 4) | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
