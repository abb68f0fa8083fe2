//! docs/expressions.md: the names and functions that expressions know, as tables.

#[cfg(test)]
use std::collections::BTreeMap;
#[cfg(test)]
use std::fmt::Write as _;

#[cfg(test)]
use super::functions::{Function, all};

/// A name that every expression knows.
pub(crate) struct Name {
    pub name: &'static str,
    pub is: &'static str,
    pub absent: &'static str,
}

const fn name(name: &'static str, is: &'static str, absent: &'static str) -> Name {
    Name { name, is, absent }
}

pub(crate) const NAMES: &[Name] = &[
    name(
        "body",
        "an object: the body, by the schema of the operation",
        "an operation without body has an empty object; members that the schema does not require",
    ),
    name("bodyBytes", "a number: length of the body as it was received, in bytes", "never; 0 without a body"),
    name(
        "headers",
        "an object of texts: header fields by their names in lower case, those that a rule names; a field that occurs \
         twice is one text, joined by `, `",
        "any field; ask `'x-tenant' in headers`",
    ),
    name(
        "query",
        "an object of texts: query parameters, decoded; of one that is given twice, the last",
        "any parameter; ask `has(query.filter)`",
    ),
    name(
        "path",
        "an object of texts: variables of the operation's path and of the API root, decoded",
        "a variable that not all API roots have",
    ),
    name("method", "text: `POST`", "never"),
    name("operation", "text: the operationId", "never"),
    name("apiRoot", "text: the API root of the request, such as `/vnflcm/v2`", "never"),
    name(
        "caller",
        "an object: `subject`, `tenant` and `sourceAddress` (texts), `roles`, `scopes` and `certificateNames` (lists of \
         texts)",
        "the texts, of a caller of whom nothing is known; the lists are then empty",
    ),
    name("receivedAt", "a number: when the request arrived, in milliseconds since 1970, UTC", "never"),
    name("now", "a timestamp: when the request arrived", "never"),
    name("options", "an object: the options of policy.yaml, each of its type", "never"),
    name(
        "data",
        "an object: the [data](bundle-format.md#data) of policy.yaml, each by its name and of the type that its schema says",
        "in a bundle without data; what a file does not hold, ask `key in data.NAME`",
    ),
    name("variables", "an object: the variables of the rule that stand before", "never"),
    name("item", "an item of the list of `forEach`", "outside of `forEach`"),
    name("index", "a number: the place of the item, from 0", "outside of `forEach`"),
];

#[cfg(test)]
const BEGIN: &str = "\
# Expressions

What `require`, `when`, `forEach`, `variables` and `detail` of a [rule](bundle-format.md#rulesyaml) are written in: CEL,
the Common Expression Language, with the names and functions of this page. This page is made from the code that checks
expressions, and every example on it is true.

## Names

An expression also knows each fact by its name. A fact is an object, or a list of objects if its template says
`list: true`.

| name | what it is | when it is absent |
|---|---|---|
";

#[cfg(test)]
const TYPES: &str = "
## Types

When a policy is built, each expression is checked against what is known of the values: the schemas of `openapi.yaml`
for bodies, and for facts that have a `200` answer there; the types of options; the members of `caller`; what functions
take and give. What can be told for certain is reported: a condition that is no truth value, operators and functions
that do not take what they are given, comparisons that are the same for every request, members of what has none. A value
that a schema leaves open, such as a member of `additionalParams`, may be of any type, and one whose schema allows several
is of any of them: where something narrower is needed, that is reported, too, unless a condition rules the others out. Of
what has no schema, nothing is said; of a fact without one `solgate lint` warns if the bundle says `language: 2`.

In a bundle that says `language: 2` in `policy.yaml`, such a finding is a mistake and the bundle is not built. Without
it, the finding is a warning.

JSON has one type of numbers, and so have expressions: `body.n * 1.5`, `body.n < 2.5` and `1 in [1.0]` mean what they
say, whether a client writes `2` or `2.0`. Comparisons are exact. Integers are calculated with as integers, and `/` of two
integers cuts the fraction off. A result that no integer of 64 bits holds becomes a double.

## What cannot be evaluated

An expression that reads what is absent cannot be evaluated, and the request is refused with 500 unless the rule says
otherwise with `onError`. The same holds for an item that a list does not have, a division of integers by zero, and what
the table of functions below says. When a policy is built, each of them is reported, unless a condition rules it out: before
it in the rule (`when`), on the left of `?`, or on the other side of `&&` or `||`.

| written | what can be absent or fail | ruled out by | never fails |
|---|---|---|---|
| `body.cause` | a member | `has(body.cause) && ...` | `body.?cause.orValue('')` |
| `headers['x-tenant']` | a header field | `'x-tenant' in headers && ...` | `headers[?'x-tenant'].orValue('')` |
| `body.list[0]` | an item | `size(body.list) > 0 && ...`, `minItems` in the schema | `body.list[?0].orValue(...)` |
| `body.map[variables.name]` | a member by a computed name | `variables.name in body.map && ...` | `body.map[?variables.name].orValue(...)` |
| `body.m / body.n` | a division by zero | `body.n != 0 && ...`, `minimum` in the schema | `body.m / 2.0` |
| `int(body.text)` | a text that is no number | `body.text.matches('^[0-9]+$') && ...`, `pattern` or `enum` in the schema | `toInt(body.text).orValue(0)` |
| `list.max()` | an empty list | `size(list) > 0 && ...` | `([0] + list).max()` |
| `text.substring(4)` | a text that is too short | `size(text) >= 4 && ...`, `text.startsWith('vnf-') && ...` | |
| `toInt(text).value()` | an optional value that holds none | `toInt(text).hasValue() && ...` | `toInt(text).orValue(0)` |
| `body.n + 1` | null, where the schema allows it | `body.n != null && ...` | |
| `body.free.startsWith('a')` | a value that the schema leaves open, that is no text | `type(body.free) == string && ...` | `toText(body.free).orValue('')` |
| `body.free + 1` | the same, that is no number | `isNumber(body.free) && ...` | `toDouble(body.free).orValue(0)`, `toInt(body.free).orValue(0)` |
| `body.free.a`, `has(body.free.a)` | the same, that is no object | `type(body.free) == map && ...` | `body.free.?a.orValue('')` |
| `body.free.exists(x, ...)`, `1 in body.free` | the same, that is no list | `type(body.free) == list && ...` | |
| `body.free && ...` | the same, that is no truth value | | `body.free == true && ...` |

An expression is written for values that have the types of the schemas. If a rule cannot be evaluated, and a value that it
reads does not have its type, the rule is left out, with a finding that names the rule: of a body that breaks a schema
whose rule only warns or is off, and of a fact that is not what `openapi.yaml` says of the answer. Such a fact counts as
one that is not available. Values that are right are not looked at for this, so it costs nothing.

## Timestamps and durations

`now` is when the request arrived. `timestamp(...)` reads a date and time, `duration(...)` a length of time, and both are
compared and calculated with:

| meant | written |
|---|---|
| until the end of 2026, in Berlin | `now < timestamp('2027-01-01T00:00:00+01:00')` |
| started more than an hour ago | `now - timestamp(opOcc.startTime) > duration('1h')` |
| before noon in Tokyo | `now.getHours('Asia/Tokyo') < 12` |
| within a window of policy.yaml | `inWindow('maintenance', now)` |

A timestamp lies in the years 1 to 9999 and a duration is of up to 292 years: what is calculated beyond cannot be
evaluated. A text that a schema calls `format: date-time` is one that `timestamp(...)` takes, unless its year is 0; of
other texts ask `isTimestamp(...)` before. The rules of a zone that an expression names become part of the policy when it
is built, as those of [windows](bundle-format.md#windows) do. `receivedAt` is the same instant as `now`, as a number.

## Operators and macros

| written | value |
|---|---|
| `a && b`, `a \\|\\| b`, `!a` | and, or, not; what fails on one side does not matter if the other side decides |
| `a ? b : c` | b if a is true, else c |
| `==`, `!=` | whether two values are equal, whatever their kinds |
| `<`, `<=`, `>`, `>=` | of two numbers, texts, truth values, octets, timestamps, durations or versions |
| `+` | the sum of numbers; texts, lists or octets joined; a timestamp or a duration, later or longer by a duration |
| `-` | of numbers; the duration between two timestamps; a timestamp or a duration, earlier or shorter by a duration |
| `*`, `/`, `%` | of numbers |
| `x in list`, `'name' in object` | whether there is such an item or member |
| `list[0]`, `object['name']`, `object.name` | an item or member, which must be there |
| `has(object.name)` | whether there is such a member |
| `list.exists(x, ...)`, `.all(x, ...)`, `.exists_one(x, ...)` | whether a condition holds for an item, all, exactly one |
| `list.filter(x, ...)`, `list.map(x, ...)` | the items for which a condition holds; a value made of each item |

## Functions

TEXT is a text, NUMBER a number, LIST a list, BYTES are octets, OPTIONAL an optional value, VALUE any value.

Each function takes a time that grows with the texts and lists that it is given and with what it makes of them, and not
with a square. A condition that goes through a list again for each item of a list is slow with long ones: `solgate lint`
warns of it, and names the function that compares both in one go.

A bundle can define [functions of its own](bundle-format.md#functions-of-a-bundle) beside these.

| called | value | cannot be evaluated for | example |
|---|---|---|---|
";

/// The functions in the order of their names.
#[cfg(test)]
fn by_name() -> BTreeMap<&'static str, &'static Function> {
    all().filter_map(|function| Some((function.calls.first()?.name, function))).collect()
}

/// The page.
#[cfg(test)]
pub(crate) fn page() -> String {
    let mut page = BEGIN.to_owned();
    for Name { name, is, absent } in NAMES {
        let _ = writeln!(page, "| `{name}` | {is} | {absent} |");
    }
    page.push_str(TYPES);
    for (_, function) in by_name() {
        let calls: Vec<String> = function.calls.iter().map(|call| format!("`{}`", call.shown())).collect();
        let fails = function.fails.unwrap_or("–");
        let _ = writeln!(page, "| {} | {} | {fails} | `{}` |", calls.join(", "), function.gives, function.example);
    }
    page
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::collections::BTreeSet;
    use std::path::Path;

    use solgate_engine::cel_env::parse_expression;

    use super::super::partial::PARTIAL;
    use super::*;
    use crate::variables::{DATA, VARIABLES};

    #[test]
    fn the_page_is_as_the_code_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/expressions.md");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, page()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == page(), "docs/expressions.md is not as the code says: BLESS=1 writes it");
    }

    #[test]
    fn what_can_fail_is_looked_for_in_expressions() {
        // The kinds of items are looked at for every function of lists.
        const BY_KINDS: [&str; 4] = ["join", "sort", "sum", "sets.contains"];
        let failing = all().filter(|function| function.fails.is_some());
        let failing = failing.filter_map(|function| function.calls.first()).map(|call| call.name);
        for name in failing {
            assert!(PARTIAL.contains(&name) || BY_KINDS.contains(&name), "{name} fails, and nothing warns of it");
        }
    }

    #[test]
    fn every_name_is_told_of_once() {
        let names: BTreeSet<&str> = NAMES.iter().map(|name| name.name).collect();
        assert_eq!(names, VARIABLES.into_iter().chain([DATA]).collect());
    }

    #[test]
    fn every_example_is_true() {
        // They need what only a bundle has.
        let needs_tables = ["inList", "inWindow"];
        for (name, function) in by_name().into_iter().filter(|(name, _)| !needs_tables.contains(name)) {
            let parsed = parse_expression(function.example).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(parsed.constant(), Some(true), "{}", function.example);
        }
    }
}
