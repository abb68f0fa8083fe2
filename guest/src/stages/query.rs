//! Query parameters: which there are, filters, attribute selectors.

use super::call::Call;
use crate::{
    catalogue::rule,
    filter::{self, FilterFault},
    findings::Report,
    ir::{QueryKind, QueryParameter, Releases},
    text,
    verdict::Location,
};

pub(super) fn check(call: &Call<'_>, report: &mut Report<'_>) {
    if call.query.is_empty() {
        return;
    }
    report.looks_at(&[rule::QUERY_ENCODING]);
    for (part, reason) in &call.query.broken {
        let detail = format!("The part {} of the query {reason}.", text::quote(part));
        report.fail(rule::QUERY_ENCODING, Location::Request, detail);
    }
    let there = |releases: &Releases| releases.are_all() || releases.have(call.release());
    let defined = call.operation.query.iter().filter(|parameter| there(&parameter.releases));
    let mut present: Vec<(&QueryParameter, &str)> = Vec::new();
    for (name, value) in &call.query.pairs {
        report.looks_at(&[rule::QUERY_UNKNOWN]);
        let Some(parameter) = defined.clone().find(|parameter| parameter.name == *name) else {
            let names: Vec<&str> = defined.clone().map(|parameter| parameter.name.as_str()).collect();
            let known = if names.is_empty() {
                "the resource has none".to_owned()
            } else {
                format!("defined are {}", text::all(&names))
            };
            let detail =
                format!("The query parameter {} is not defined for {}; {known}.", text::quote(name), call.operation.id);
            report.fail(rule::QUERY_UNKNOWN, Location::Query(text::clean(name)), detail);
            continue;
        };
        report.looks_at(&[rule::QUERY_REPEATED]);
        if let Some((_, first)) = present.iter().find(|(known, _)| known.name == parameter.name) {
            // Whichever counts, what is judged is the same.
            if is_judged_alike(call, parameter, first, value) {
                continue;
            }
            let detail = format!("The query parameter {} occurs more than once; send it once.", parameter.name);
            report.fail(rule::QUERY_REPEATED, Location::Query(parameter.name.clone()), detail);
            continue;
        }
        present.push((parameter, value));
        check_value(call, parameter, value, report);
    }
    check_combination(&present, report);
}

/// Whether no rule can tell two values of one parameter.
fn is_judged_alike(call: &Call<'_>, parameter: &QueryParameter, first: &str, second: &str) -> bool {
    first == second || parameter.kind == QueryKind::Opaque && !call.compiled.rules.reads_query
}

fn check_value(call: &Call<'_>, parameter: &QueryParameter, value: &str, report: &mut Report<'_>) {
    let location = || Location::Query(parameter.name.clone());
    match parameter.kind {
        QueryKind::Opaque => {}
        QueryKind::Filter => {
            let Err(fault) = filter::check(value) else {
                report.looks_at(&[rule::FILTER_SYNTAX, rule::FILTER_OPERATOR, rule::FILTER_ARITY]);
                return;
            };
            let rule = match fault {
                FilterFault::Syntax { .. } => rule::FILTER_SYNTAX,
                FilterFault::Operator(_) => rule::FILTER_OPERATOR,
                FilterFault::Arity { .. } => rule::FILTER_ARITY,
            };
            report.fail(rule, location(), fault.detail(&parameter.name));
        }
        QueryKind::AllFields | QueryKind::ExcludeDefault => {
            report.looks_at(&[rule::SELECTOR_FLAG]);
            if !value.is_empty() {
                let detail = format!(
                    "The query parameter {} has the value {}; it is a flag and takes no value.",
                    parameter.name,
                    text::quote(value)
                );
                report.fail(rule::SELECTOR_FLAG, location(), detail);
            }
        }
        QueryKind::Fields | QueryKind::ExcludeFields => {
            if parameter.attributes.is_empty() || !report.is_active(rule::SELECTOR_FIELD) {
                return;
            }
            report.looks_at(&[rule::SELECTOR_FIELD]);
            for path in value.split(',') {
                let attribute = path.split('/').next().unwrap_or_default();
                let is_there = |known: &&String| {
                    parameter.attribute_releases.get(*known).is_none_or(|releases| releases.have(call.release()))
                };
                if !parameter.attributes.iter().filter(is_there).any(|known| known == attribute) {
                    let attributes: Vec<&String> = parameter.attributes.iter().filter(is_there).collect();
                    let detail = format!(
                        "The query parameter {} names the attribute {}, which the resource does not have; it has {}.",
                        parameter.name,
                        text::quote(attribute),
                        text::all(&attributes)
                    );
                    report.fail(rule::SELECTOR_FIELD, location(), detail);
                }
            }
        }
    }
}

/// Of the selectors, only `fields` and `exclude_default` go together (ETSI GS
/// NFV-SOL 013, 5.3.2.1).
fn check_combination(present: &[(&QueryParameter, &str)], report: &mut Report<'_>) {
    let selectors: Vec<&QueryParameter> = present
        .iter()
        .map(|(parameter, _)| *parameter)
        .filter(|parameter| !matches!(parameter.kind, QueryKind::Opaque | QueryKind::Filter))
        .collect();
    if !selectors.is_empty() {
        report.looks_at(&[rule::SELECTOR_COMBINATION]);
    }
    let legal = match selectors.as_slice() {
        [] | [_] => true,
        [a, b] => matches!(
            (a.kind, b.kind),
            (QueryKind::Fields, QueryKind::ExcludeDefault) | (QueryKind::ExcludeDefault, QueryKind::Fields)
        ),
        _ => false,
    };
    if !legal {
        let names: Vec<&str> = selectors.iter().map(|parameter| parameter.name.as_str()).collect();
        let detail = format!(
            "The query parameters {} cannot be combined; send one of them, or fields with exclude_default.",
            text::all(&names)
        );
        let last = names.last().copied().unwrap_or_default().to_owned();
        report.fail(rule::SELECTOR_COMBINATION, Location::Query(last), detail);
    }
}
