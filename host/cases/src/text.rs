//! Texts of cases: long ones made of parts, and base64.

use data_encoding::{BASE64_NOPAD, DecodeKind};
use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::yaml::{Node, Value};

/// Longest text that parts may make, in bytes: more than any policy lets pass.
const LONGEST: usize = 65 << 20;
const MOST_TIMES: u64 = 65 << 20;

/// A text, possibly empty, or a list of texts and `{repeat, times}` joined.
pub(crate) fn parts(node: &Node, what: &str, report: &mut Report) -> Option<String> {
    let Value::List(items) = &node.value else {
        if matches!(node.value, Value::Map(_)) {
            report
                .mistake(node.at, format!("{what} is text or a list of parts, but here is a mapping"))
                .hint("write [{ repeat: a, times: 9000 }]");
            return None;
        }
        return plain(node, what, report).map(str::to_owned);
    };
    let mistakes = report.mistakes();
    let mut text = String::new();
    for item in items {
        let (repeat, times) = match &item.value {
            Value::Map(_) => match repeated(item, report) {
                Some(part) => part,
                None => continue,
            },
            _ => (plain(item, "a part of a text", report).unwrap_or_default(), 1),
        };
        let length = repeat.len().saturating_mul(times).saturating_add(text.len());
        if length > LONGEST {
            report.mistake(item.at, format!("{what} is longer than {LONGEST} bytes"));
            return None;
        }
        text.push_str(&repeat.repeat(times));
    }
    (report.mistakes() == mistakes).then_some(text)
}

/// `{repeat, times}`.
fn repeated<'n>(node: &'n Node, report: &mut Report) -> Option<(&'n str, usize)> {
    let mut members = Members::open(node, "a part of a text", report)?;
    let repeat = members.require("repeat", report).and_then(|node| plain(node, "`repeat`", report));
    let times = members.require("times", report);
    let times = times.and_then(|node| reader::integer(node, "`times`", 0..=MOST_TIMES, report));
    members.finish(report);
    Some((repeat?, usize::try_from(times?).ok()?))
}

/// A text that may be empty.
pub(crate) fn plain<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n str> {
    match node.as_str() {
        Some(text) => Some(text),
        // Words the mistake.
        None => reader::text(node, what, report),
    }
}

/// Bytes written in base64 (RFC 4648, 4); white space is skipped, padding may be
/// left out.
pub(crate) fn base64(node: &Node, report: &mut Report) -> Option<Vec<u8>> {
    let text = plain(node, "`base64`", report)?;
    let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    match BASE64_NOPAD.decode(digits.trim_end_matches('=').as_bytes()) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let reason = match error.kind {
                DecodeKind::Length => "it has a digit too many or too few".to_owned(),
                DecodeKind::Trailing => "its last digit has bits that belong to no byte".to_owned(),
                DecodeKind::Symbol | DecodeKind::Padding => {
                    let wrong = digits.get(error.position..).and_then(|rest| rest.chars().next());
                    wrong.map_or_else(
                        || "it holds a character that is not a base64 digit".to_owned(),
                        |c| format!("`{c}` is not a base64 digit"),
                    )
                }
            };
            report.mistake(node.at, format!("this is not base64: {reason}"));
            None
        }
    }
}
