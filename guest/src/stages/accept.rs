//! The Accept field, and header parameters with a schema.

use super::call::Call;
use crate::{
    catalogue::rule,
    findings::Report,
    ir::{HeaderKind, HeaderParameter, Severity},
    media_type::{accepts, trim},
    text,
    verdict::Location,
};

pub(super) fn check(call: &Call<'_>, report: &mut Report<'_>) {
    check_accept(call, report);
    let rules = call.compiled.header_names.iter().zip(&call.compiled.header_rules);
    for (header, (name, rule)) in call.operation.headers.iter().zip(rules) {
        check_parameter(call, header, name, *rule, report);
    }
}

fn check_accept(call: &Call<'_>, report: &mut Report<'_>) {
    let produces = &call.operation.produces;
    let location = || Location::Header("Accept".to_owned());
    let fields = call.fields("accept");
    if call.operation.accept_required {
        report.looks_at(&[rule::ACCEPT_REQUIRED]);
    }
    if fields.clone().next().is_none() {
        if call.operation.accept_required {
            let detail = format!(
                "The header field Accept is missing; send the media types that you can read, such as {}.",
                text::either(produces)
            );
            report.fail(rule::ACCEPT_REQUIRED, location(), detail);
        }
    } else if !produces.is_empty() {
        report.looks_at(&[rule::ACCEPT_JSON]);
        if is_plain(fields.clone(), produces) || accepts(fields.clone(), produces) {
            return;
        }
        let value = fields.collect::<Vec<_>>().join(", ");
        let detail = format!(
            "The header field Accept is {}, which does not allow {}; add it.",
            text::quote(&value),
            text::either(produces)
        );
        report.fail(rule::ACCEPT_JSON, location(), detail);
    }
}

/// The common case: one field, with just the media type that is produced.
fn is_plain<'a>(mut fields: impl Iterator<Item = &'a str>, produces: &[String]) -> bool {
    let only = fields.next().filter(|_| fields.next().is_none());
    only.is_some_and(|only| produces.iter().any(|name| name == only))
}

fn check_parameter(call: &Call<'_>, header: &HeaderParameter, name: &str, rule: usize, report: &mut Report<'_>) {
    let mut fields = call.fields(name);
    let Some(value) = fields.next() else { return };
    report.looks_at(&[rule]);
    let location = Location::Header(header.name.clone());
    if fields.next().is_some() {
        report.fail(rule, location, format!("The header field {} occurs more than once; send it once.", header.name));
        return;
    }
    let value = trim(value);
    let (fits, expected) = match header.kind {
        HeaderKind::Integer => (is_integer(value), "an integer, such as 5"),
        HeaderKind::Boolean => (matches!(value, "true" | "false"), "true or false"),
    };
    // Where the field is not the API's own, it may be that of RFC 9218.
    let foreign = name == "priority" && report.severity(rule) < Severity::Deny && is_http_priority(value);
    if !fits && !foreign {
        report.fail(
            rule,
            location,
            format!("The header field {} is {}; expected {expected}.", header.name, text::quote(value)),
        );
    }
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && value.parse::<i64>().is_ok()
}

/// `u=0` to `u=7` and `i`, in any order (RFC 9218, 4).
fn is_http_priority(value: &str) -> bool {
    value.split(',').map(trim).all(|member| match member.split_once('=') {
        None => member == "i",
        Some(("u", urgency)) => matches!(urgency.as_bytes(), [b'0'..=b'7']),
        Some(("i", set)) => matches!(set, "?0" | "?1"),
        Some(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_header_parameters() {
        for (value, integer, priority) in [
            ("5", true, false),
            ("-1", true, false),
            ("high", false, false),
            ("5.0", false, false),
            ("", false, false),
            ("+5", false, false),
            ("u=3, i", false, true),
            ("i", false, true),
            ("u=9", false, false),
            ("99999999999999999999", false, false),
        ] {
            assert_eq!((is_integer(value), is_http_priority(value)), (integer, priority), "{value}");
        }
    }
}
