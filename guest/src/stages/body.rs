//! The body: whether there is one, its size and media type, its JSON, its schema.

use super::{
    call::Call,
    content::{Content, schema_status},
    expressions,
};
use crate::{
    catalogue::rule,
    compiled::CompiledBody,
    findings::Report,
    ir::{Body, Severity, Stage},
    json::{self, Bounds, Document, JsonFault, Node, Strict},
    media_type::MediaType,
    schema::{BodySchema, NameInAnotherCase, PlacedNumber, SchemaFault},
    text,
    verdict::Location,
};

/// Presence, size and media type.
pub(super) fn check_content(call: &Call<'_>, report: &mut Report<'_>) -> Content<'static> {
    let body = call.request.body;
    let limit = call.bundle.ir.limits.body_bytes;
    report.looks_at(&[rule::BODY_SIZE]);
    if !call.request.body_complete || u64::try_from(body.len()).unwrap_or(u64::MAX) > limit {
        report.fail(
            rule::BODY_SIZE,
            Location::Body(String::new()),
            format!("The request body is larger than {limit} bytes; send a smaller one."),
        );
        return Content::Unreadable;
    }
    let Some((defined, compiled)) = call.operation.body.as_ref().zip(call.compiled.body.as_ref()) else {
        report.looks_at(&[rule::BODY_NONE]);
        if !body.is_empty() && !is_empty_object(body) && !is_null(body) {
            let detail =
                format!("The operation {} has no request body; send none, or an empty JSON object.", call.operation.id);
            report.fail(rule::BODY_NONE, Location::Body(String::new()), detail);
        }
        return Content::None;
    };
    if defined.required {
        report.looks_at(&[rule::BODY_REQUIRED]);
    }
    if body.is_empty() {
        if defined.required {
            let detail = format!(
                "The request body is missing; expected a JSON object of the type {}.{}",
                defined.schema,
                wanted(call, &compiled.schema)
            );
            report.fail(rule::BODY_REQUIRED, Location::Body(String::new()), detail);
            return Content::Unreadable;
        }
        return Content::None;
    }
    // As much as none: some clients write it so.
    if !defined.required && is_null(body) {
        return Content::None;
    }
    check_media_type(call, defined, compiled, report);
    Content::Unread
}

/// The members that a body cannot do without, for the detail of a missing one.
fn wanted(call: &Call<'_>, schema: &BodySchema) -> String {
    let missing: Vec<String> = schema
        .faults(Document::empty_object().root(), call.release(), 4, |_| true)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|fault| fault.pointer.strip_prefix('/').map(str::to_owned))
        .collect();
    if missing.is_empty() { String::new() } else { format!(" It needs {}.", text::all(&missing)) }
}

fn is_empty_object(body: &[u8]) -> bool {
    let mut bytes = body.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    (bytes.next(), bytes.next(), bytes.next()) == (Some(b'{'), Some(b'}'), None)
}

fn is_null(body: &[u8]) -> bool {
    body.trim_ascii() == b"null"
}

fn check_media_type(call: &Call<'_>, defined: &Body, compiled: &CompiledBody, report: &mut Report<'_>) {
    let location = || Location::Header("Content-Type".to_owned());
    let proper = defined.media_types.first().map_or("", |media| media.name.as_str());
    let mut fields = call.fields("content-type");
    report.looks_at(&[rule::CONTENT_TYPE_REQUIRED]);
    let Some(value) = fields.next() else {
        let detail =
            format!("The header field Content-Type is missing; a request with a body needs it. Send {proper}.");
        report.fail(rule::CONTENT_TYPE_REQUIRED, location(), detail);
        return;
    };
    report.looks_at(&[compiled.media_type_rule]);
    compiled.tolerated.iter().flatten().for_each(|rule| report.looks_at(&[*rule]));
    if fields.next().is_some() {
        let detail = format!("The header field Content-Type occurs more than once; send it once, with {proper}.");
        report.fail(compiled.media_type_rule, location(), detail);
        return;
    }
    // The common case.
    if value == proper && matches!(compiled.tolerated.first(), Some(None)) {
        return;
    }
    let media = MediaType::parse(value);
    let accepted = media
        .and_then(|media| defined.media_types.iter().zip(&compiled.tolerated).find(|(known, _)| media.is(&known.name)));
    match (accepted, media.and_then(|media| media.charset())) {
        (Some(_), Some(charset)) if !is_read_as_utf8(charset, call.request.body) => {
            let detail = format!(
                "The header field Content-Type has the charset {}, but JSON is UTF-8; leave the charset out, and send the body in UTF-8.",
                text::quote(charset)
            );
            report.fail(compiled.media_type_rule, location(), detail);
        }
        (Some((_, None)), _) => {}
        (Some((_, Some(rule))), _) => {
            let detail = format!("The header field Content-Type is {}; expected {proper}.", text::quote(value));
            report.fail(*rule, location(), detail);
        }
        (None, _) => {
            let detail = format!("The header field Content-Type is {}; expected {proper}.", text::quote(value));
            // Where the rule only warns about a media type that is read all the
            // same, this one is refused: nothing says how to read it.
            if compiled.tolerated.contains(&Some(compiled.media_type_rule)) {
                report.refuse(compiled.media_type_rule, location(), detail);
            } else {
                report.fail(compiled.media_type_rule, location(), detail);
            }
        }
    }
}

/// What a body that can be read has kept.
const JSON_RULES: &[usize] =
    &[rule::JSON_UTF8, rule::JSON_MALFORMED, rule::JSON_DUPLICATE_KEY, rule::JSON_DEPTH, rule::JSON_MEMBERS];

/// Whether a reader that goes by the charset sees what one of UTF-8 sees. JSON has
/// no such parameter, but libraries add one, often ISO-8859-1, whatever the text.
fn is_read_as_utf8(charset: &str, body: &[u8]) -> bool {
    const OF_ASCII: [&str; 4] = ["us-ascii", "iso-8859-", "windows-125", "latin"];
    let charset = charset.to_ascii_lowercase();
    matches!(charset.as_str(), "utf-8" | "utf8")
        || body.is_ascii() && OF_ASCII.iter().any(|family| charset.starts_with(family))
}

/// Reads the JSON text.
pub(super) fn read<'a>(call: &Call<'a>, content: Content<'a>, report: &mut Report<'_>) -> Content<'a> {
    if !matches!(content, Content::Unread) {
        return content;
    }
    let limits = &call.bundle.ir.limits;
    let bounds = Bounds { depth: limits.depth, members: limits.members };
    let read = match json::parse(call.request.body, bounds) {
        Ok(read) => read,
        Err(fault) => {
            let (rule, pointer, detail) = explain(fault, limits.depth);
            report.fail(rule, Location::Body(pointer), detail);
            return Content::Unreadable;
        }
    };
    report.looks_at(JSON_RULES);
    let wants_object = call.compiled.body.as_ref().is_some_and(|body| body.schema.wants_object());
    if wants_object {
        report.looks_at(&[rule::JSON_OBJECT]);
    }
    if wants_object && !read.document.root().is_object() {
        let detail = "The request body is valid JSON, but not a JSON object; send a JSON object.".to_owned();
        if report.fail(rule::JSON_OBJECT, Location::Body(String::new()), detail) {
            return Content::Unreadable;
        }
    }
    let judges_null = call.operation.body.as_ref().is_none_or(|body| !body.null_is_absent);
    let Strict { document, numbers } = if judges_null { read } else { read.without_null_members() };
    Content::Read { document, numbers, invalid: false, faults: Vec::new() }
}

fn explain(fault: JsonFault, depth: u32) -> (usize, String, String) {
    match fault {
        JsonFault::Utf8 { offset } => (
            rule::JSON_UTF8,
            String::new(),
            format!(
                "The request body is not UTF-8: byte {offset} does not belong to a character. JSON is sent as UTF-8."
            ),
        ),
        JsonFault::Malformed { line, column, expected } => (
            rule::JSON_MALFORMED,
            String::new(),
            format!("The request body is not valid JSON: expected {expected} at line {line}, column {column}."),
        ),
        JsonFault::DuplicateKey { pointer, key } => {
            let detail = format!(
                "The member name {} occurs more than once in one object (at {}); readers disagree about which counts. Send it once.",
                text::quote(&key),
                text::clean(&pointer)
            );
            (rule::JSON_DUPLICATE_KEY, pointer, detail)
        }
        JsonFault::Members { pointer, most } => (
            rule::JSON_MEMBERS,
            pointer,
            format!(
                "An object of the request body has more than the {most} members that are accepted; send it with fewer."
            ),
        ),
        JsonFault::Depth { pointer } => {
            // The pointer would be as long as the body is deep.
            let pointer = if pointer.len() > 256 { String::new() } else { pointer };
            (
                rule::JSON_DEPTH,
                pointer,
                format!(
                    "The request body is nested deeper than the depth of {depth} that is accepted; send it with fewer levels."
                ),
            )
        }
    }
}

/// The schema, numbers that readers disagree about, and the rules of this stage.
pub(super) fn check_schema(call: &Call<'_>, content: &mut Content<'_>, report: &mut Report<'_>) {
    if content.is_unreadable() {
        // In monitor mode, or where the rule that refused the body only warns.
        expressions::run_without_body(call, Stage::Body, report);
        return;
    }
    if let (Content::Read { document, numbers, invalid, faults }, Some(body)) = (&mut *content, &call.compiled.body) {
        let schema = &body.schema;
        let value = document.root();
        if report.traced().is_some() {
            report.looks_at(&schema.rules());
            report.looks_at(&[rule::BODY_SCHEMA, rule::JSON_NUMBER, rule::JSON_NUMBER_FREE, rule::JSON_NAME_CASE]);
        }
        if !schema.is_valid(value) {
            *invalid = report_schema(call, schema, value, faults, report);
        }
        if !numbers.is_empty() {
            for number in schema.placed_numbers(value, numbers, call.violations()) {
                faults.push(number.pointer.clone());
                *invalid |= report_number(call, schema, number, report);
            }
        }
        for found in schema.names_in_another_case(value, call.violations()) {
            *invalid |= report_name(&found, report);
        }
    }
    expressions::run(call, Stage::Body, Some(content), report);
}

/// True if a fault denies, or would in another version.
fn report_schema(
    call: &Call<'_>,
    schema: &BodySchema,
    value: Node<'_>,
    places: &mut Vec<String>,
    report: &mut Report<'_>,
) -> bool {
    let mut invalid = false;
    // What no version has that the policy knows counts as a list of the later ones.
    let ages = |fault: &SchemaFault| {
        let since = fault.since.max(call.operation.releases.since);
        fault.ages || since.is_some_and(|since| !call.profile.knows_since(since, call.release()))
    };
    let denies = |fault: &SchemaFault| report.severity_of_schema(fault.rule, ages(fault)) == Severity::Deny;
    let Some(faults) = schema.faults(value, call.release(), call.violations(), denies) else { return false };
    if faults.is_empty() {
        // Nothing is let through because nobody can say what is wrong with it.
        let detail = "The request body does not have the form that its schema describes.".to_owned();
        let status = schema_status(call, rule::BODY_SCHEMA);
        places.push(String::new());
        return report.fail_as(rule::BODY_SCHEMA, status, Location::Body(String::new()), detail);
    }
    for fault in faults {
        let status = schema_status(call, fault.rule);
        places.push(fault.pointer.clone());
        let ages = ages(&fault);
        // Also where the fault only warns because the list is not this version's.
        invalid |= report.severity(fault.rule) == Severity::Deny;
        report.fail_schema(fault.rule, status, Location::Body(fault.pointer), fault.detail, ages);
    }
    invalid
}

fn report_number(call: &Call<'_>, schema: &BodySchema, number: PlacedNumber<'_>, report: &mut Report<'_>) -> bool {
    let matters = number.matters();
    let PlacedNumber { pointer, literal, beyond_doubles, .. } = number;
    let literal = text::quote(literal);
    if !matters {
        let detail = format!(
            "Some readers change the value of the number {literal} (at {}), so it may arrive as a different number. A string arrives unchanged.",
            text::clean(&pointer)
        );
        return report.fail(rule::JSON_NUMBER_FREE, Location::Body(pointer), detail);
    }
    let mut denied = false;
    if let Some(rule) = schema.integer_rule(&pointer)
        && !report.has(rule, &pointer)
    {
        let detail = format!(
            "{} is {literal}; expected an integer between -9007199254740991 and 9007199254740991.",
            last_segment(&pointer)
        );
        denied = report.fail_as(rule, schema_status(call, rule), Location::Body(pointer.clone()), detail);
    }
    let reason =
        if beyond_doubles { "is larger than a number can be" } else { "does not keep its value in every reader" };
    let detail = format!("The number {literal} {reason}; send one between -9007199254740991 and 9007199254740991.");
    report.fail(rule::JSON_NUMBER, Location::Body(pointer), detail) | denied
}

fn report_name(found: &NameInAnotherCase, report: &mut Report<'_>) -> bool {
    let detail = format!(
        "The member name {} differs from {} only in case; some readers treat the two as the same name, others do not. Send {1}, or a different name.",
        text::quote(&found.name),
        text::quote(&found.declared)
    );
    report.fail(rule::JSON_NAME_CASE, Location::Body(found.pointer.clone()), detail)
}

fn last_segment(pointer: &str) -> String {
    text::clean(&pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~"))
}
