//! A distinguished name as text (RFC 4514), in the very form of OpenSSL's and
//! BoringSSL's `XN_FLAG_RFC2253`, which is what Envoy, nginx and others report: the
//! last attribute first, and bytes beyond ASCII escaped.

use std::fmt::Write as _;

use x509_parser::asn1_rs::{Tag, ToDer};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Attributes by their object identifiers. Others are written with the identifier and
/// their DER encoding.
const SHORT: [(&str, &str); 20] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.46", "dnQualifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// The name as text, empty if it has no attribute. `None` if a value is not what its
/// type says.
pub fn text(name: &X509Name<'_>) -> Option<String> {
    let mut text = String::new();
    let sets: Vec<_> = name.iter().map(|set| set.iter().collect::<Vec<_>>()).collect();
    for set in sets.iter().rev() {
        let mut separator = ",";
        for attribute in set.iter().rev() {
            if !text.is_empty() {
                text.push_str(separator);
            }
            write_attribute(&mut text, attribute)?;
            separator = "+";
        }
    }
    Some(text)
}

fn write_attribute(text: &mut String, attribute: &AttributeTypeAndValue<'_>) -> Option<()> {
    let id = attribute.attr_type().to_id_string();
    let short = SHORT.iter().find(|(known, _)| *known == id).map(|(_, short)| *short);
    text.push_str(short.unwrap_or(&id));
    text.push('=');
    match short.and_then(|_| decode(attribute).transpose()) {
        Some(value) => escape(text, &value.ok()?),
        None => {
            text.push('#');
            let der = attribute.attr_value().to_der_vec().ok()?;
            der.iter().for_each(|byte| hex(text, *byte));
        }
    }
    Some(())
}

/// The text of a value: `Ok(None)` if its type is not a type of text, `Err` if it is damaged.
fn decode(attribute: &AttributeTypeAndValue<'_>) -> Result<Option<String>, Damaged> {
    let bytes = attribute.as_slice();
    match attribute.attr_value().tag() {
        Tag::Utf8String => String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| Damaged),
        // One byte for each character; all of them but T61String should be ASCII.
        Tag::PrintableString | Tag::NumericString | Tag::Ia5String | Tag::VisibleString | Tag::T61String => {
            Ok(Some(bytes.iter().copied().map(char::from).collect()))
        }
        Tag::BmpString => {
            let (units, rest) = bytes.as_chunks::<2>();
            let text = char::decode_utf16(units.iter().copied().map(u16::from_be_bytes)).collect::<Result<_, _>>();
            text.ok().filter(|_| rest.is_empty()).map(Some).ok_or(Damaged)
        }
        _ => Ok(None),
    }
}

/// A value that is not what its type says.
#[derive(Debug)]
struct Damaged;

fn escape(text: &mut String, value: &str) {
    let last = value.len().saturating_sub(1);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            0..0x20 | 0x7F.. => {
                text.push('\\');
                hex(text, byte);
                continue;
            }
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => text.push('\\'),
            b'#' if at == 0 => text.push('\\'),
            b' ' if at == 0 || at == last => text.push('\\'),
            _ => {}
        }
        text.push(char::from(byte));
    }
}

fn hex(text: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{byte:02X}");
}
