//! docs/expressions.md: the names and functions that expressions know, as tables.

use std::fmt::Write as _;

use super::functions::{Signature, named};

/// A name that every expression knows.
struct Name {
    name: &'static str,
    is: &'static str,
    absent: &'static str,
}

const fn name(name: &'static str, is: &'static str, absent: &'static str) -> Name {
    Name { name, is, absent }
}

const NAMES: &[Name] = &[
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
    name("receivedAt", "a number: milliseconds since 1970, UTC", "never"),
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

/// What a function gives.
struct Function {
    name: &'static str,
    gives: &'static str,
    /// When it cannot be evaluated; empty if it always can.
    fails: &'static str,
    /// True.
    example: &'static str,
}

const fn function(name: &'static str, gives: &'static str, fails: &'static str, example: &'static str) -> Function {
    Function { name, gives, fails, example }
}

const FUNCTIONS: &[Function] = &[
    function(
        "bool",
        "the truth value that a text names",
        "other texts than `true`, `false` and their usual spellings",
        "bool('true')",
    ),
    function("bytes", "the octets of a text in UTF-8", "", "size(bytes('abc')) == 3"),
    function(
        "charAt",
        "the character at a place, from 0; an empty text at the end",
        "a place beyond the end",
        "'abc'.charAt(1) == 'b'",
    ),
    function("contains", "whether a text holds another", "", "'abc'.contains('bc')"),
    function(
        "distinct",
        "the list without repeated items, in their first order",
        "",
        "[1, 2, 1.0].distinct() == [1, 2]",
    ),
    function("double", "the number as a double", "a text that is no number", "double('1.5') == 1.5"),
    function("dyn", "the value, of which no type is known any more", "", "dyn(1) == 1"),
    function("endsWith", "whether a text ends with another", "", "'abc'.endsWith('bc')"),
    function(
        "flatten",
        "the list with the items of lists within it in their place, by one level",
        "",
        "[[1], 2].flatten() == [1, 2]",
    ),
    function(
        "format",
        "the text with `%s`, `%d` and the like filled in from a list",
        "a list that does not fit",
        "'%s has %d'.format(['x', 2]) == 'x has 2'",
    ),
    function("hasValue", "whether an optional value holds one", "", "optional.of(1).hasValue()"),
    function(
        "host",
        "the host of an absolute URI, in lower case; empty if there is none (see below)",
        "",
        "host('https://NFVO.example:8443/x') == 'nfvo.example'",
    ),
    function(
        "inCIDR",
        "whether an address, or a network, lies in a network; IPv4 addresses that are written as IPv6 ones count as IPv4",
        "a second text that is no network; a literal is looked at when the policy is built",
        "inCIDR('::ffff:10.1.2.3', '10.0.0.0/8') && !inCIDR('host', '10.0.0.0/8')",
    ),
    function("inList", "whether a text is in a list of policy.yaml", "", ""),
    function(
        "inWindow",
        "whether a window of policy.yaml is open at an instant",
        "an instant outside of the years -9999 to 9999",
        "",
    ),
    function(
        "indexOf",
        "the first place of a text in another, from a place if one is given; -1 if there is none",
        "a place beyond the end",
        "'abcb'.indexOf('b') == 1",
    ),
    function(
        "int",
        "the number without its fraction",
        "a text that is no integer; a number that is too large",
        "int('42') == 42 && int(1.9) == 1",
    ),
    function(
        "isCIDR",
        "whether a text is a network, such as `10.0.0.0/8`",
        "",
        "isCIDR('2001:db8::/32') && !isCIDR('10.0.0.0/33')",
    ),
    function(
        "isIP",
        "whether a text is an IPv4 or IPv6 address, without port, brackets and zone",
        "",
        "isIP('192.0.2.1') && !isIP('192.0.2.1:80')",
    ),
    function(
        "join",
        "the texts of a list, with a text between them",
        "an item that is no text",
        "['a', 'b'].join(', ') == 'a, b'",
    ),
    function(
        "lastIndexOf",
        "the last place of a text in another; -1 if there is none",
        "a place beyond the end",
        "'abcb'.lastIndexOf('b') == 3",
    ),
    function("lowerAscii", "the text with A to Z in lower case", "", "'ABC'.lowerAscii() == 'abc'"),
    function(
        "matches",
        "whether a pattern, a literal, is found in a text; `^` and `$` anchor it",
        "",
        "'abc-12'.matches(r'^[a-z]+-\\d+$')",
    ),
    function(
        "max",
        "the greatest of numbers, or of texts",
        "an empty list; items of several kinds",
        "[1, 2.5].max() == 2.5",
    ),
    function(
        "min",
        "the least of numbers, or of texts",
        "an empty list; items of several kinds",
        "['b', 'a'].min() == 'a'",
    ),
    function("optional.none", "an optional value that holds none", "", "!optional.none().hasValue()"),
    function("optional.of", "an optional value that holds this one", "", "optional.of(1).value() == 1"),
    function(
        "optional.ofNonZeroValue",
        "the same; none for 0, false, null and what is empty",
        "",
        "!optional.ofNonZeroValue('').hasValue()",
    ),
    function(
        "or",
        "the first of two optional values that holds one",
        "",
        "optional.none().or(optional.of(1)).value() == 1",
    ),
    function("orValue", "what an optional value holds, or this", "", "optional.none().orValue('a') == 'a'"),
    function(
        "replace",
        "the text with one part replaced by another, as often as a number says",
        "",
        "'a-b-c'.replace('-', '.') == 'a.b.c'",
    ),
    function("reverse", "the text from its end", "", "'abc'.reverse() == 'cba'"),
    function(
        "scheme",
        "the scheme of an absolute URI, in lower case; empty if there is none",
        "",
        "scheme('HTTPS://nfvo.example/') == 'https'",
    ),
    function("sets.contains", "whether a list holds all items of another", "", "sets.contains([1, 2, 3], [3, 1])"),
    function(
        "sets.equivalent",
        "whether each of two lists holds all items of the other",
        "",
        "sets.equivalent(['a', 'b', 'a'], ['b', 'a'])",
    ),
    function("sets.intersects", "whether two lists have an item in common", "", "sets.intersects([1, 2], [2, 3])"),
    function("size", "the number of characters, items, members or octets", "", "size('abc') == 3 && [1].size() == 1"),
    function(
        "sort",
        "the list in ascending order",
        "items that are not all numbers, all texts or all truth values",
        "[3, 1.5, 2].sort() == [1.5, 2, 3]",
    ),
    function(
        "split",
        "the parts of a text between separators, at most as many as a number says",
        "",
        "'a,b'.split(',') == ['a', 'b']",
    ),
    function("startsWith", "whether a text begins with another", "", "'abc'.startsWith('ab')"),
    function(
        "string",
        "a value as text",
        "octets that are not UTF-8",
        "string(1.5) == '1.5' && string(true) == 'true'",
    ),
    function(
        "strings.quote",
        "the text in quotes, with what does not print escaped",
        "",
        "strings.quote('a') == '\"a\"'",
    ),
    function(
        "substring",
        "the characters from a place, up to before another",
        "places beyond the end, or in the wrong order",
        "'abcd'.substring(1, 3) == 'bc'",
    ),
    function(
        "sum",
        "the sum of a list of numbers; 0 for an empty one",
        "an item that is no number",
        "[1, 0.5].sum() == 1.5",
    ),
    function("trim", "the text without white space at both ends", "", "' a '.trim() == 'a'"),
    function("type", "the type of a value", "", "type('a') == type('b')"),
    function(
        "uint",
        "the number as an unsigned integer",
        "a negative or too large number; a text that is none",
        "uint(1) == 1",
    ),
    function("upperAscii", "the text with a to z in upper case", "", "'abc'.upperAscii() == 'ABC'"),
    function(
        "value",
        "what an optional value holds",
        "an optional value that holds none",
        "optional.of('a').value() == 'a'",
    ),
];

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

const TYPES: &str = "
## Types

When a policy is built, each expression is checked against what is known of the values: the schemas of `openapi.yaml`
for bodies, and for facts that have a `200` answer there; the types of options; the members of `caller`; what functions
take and give. What can be told for certain is reported: a condition that is no truth value, operators and functions
that do not take what they are given, comparisons that are the same for every request, members of what has none. Where
it is open what a value is, nothing is said.

In a bundle that says `language: 2` in `policy.yaml`, such a finding is a mistake and the bundle is not built. Without
it, the finding is a warning.

JSON has one type of numbers, and so have expressions: `body.n * 1.5`, `body.n < 2.5` and `1 in [1.0]` mean what they
say, whether a client writes `2` or `2.0`. Comparisons are exact. Integers are calculated with as integers, and `/` of two
integers cuts the fraction off. A result that no integer of 64 bits holds becomes a double. A division of integers by zero
cannot be evaluated.

Test what may be absent before you read it: with `has(body.cause)`, with `'x-tenant' in headers`, or read it with
[`.?`](bundle-format.md#optional-values). An expression that reads what is absent cannot be evaluated, and the request is
refused with 500 unless the rule says otherwise with `onError`.

## Operators and macros

| written | value |
|---|---|
| `a && b`, `a \\|\\| b`, `!a` | and, or, not; what fails on one side does not matter if the other side decides |
| `a ? b : c` | b if a is true, else c |
| `==`, `!=` | whether two values are equal, whatever their kinds |
| `<`, `<=`, `>`, `>=` | of two numbers, texts, truth values or octets |
| `+` | the sum of numbers; texts, lists or octets joined |
| `-`, `*`, `/`, `%` | of numbers |
| `x in list`, `'name' in object` | whether there is such an item or member |
| `list[0]`, `object['name']`, `object.name` | an item or member, which must be there |
| `has(object.name)` | whether there is such a member |
| `list.exists(x, ...)`, `.all(x, ...)`, `.exists_one(x, ...)` | whether a condition holds for an item, all, exactly one |
| `list.filter(x, ...)`, `list.map(x, ...)` | the items for which a condition holds; a value made of each item |

## Functions

TEXT is a text, NUMBER a number, LIST a list, OPTIONAL an optional value, VALUE any value.

| called | value | cannot be evaluated for | example |
|---|---|---|---|
";

/// The page.
pub(crate) fn page() -> String {
    let mut page = BEGIN.to_owned();
    for Name { name, is, absent } in NAMES {
        let _ = writeln!(page, "| `{name}` | {is} | {absent} |");
    }
    page.push_str(TYPES);
    for function in FUNCTIONS {
        let calls: Vec<String> = named(function.name).map(Signature::shown).map(|call| format!("`{call}`")).collect();
        let example = match (function.name, function.example) {
            ("inList", _) => "`inList('callbackHosts', host(body.callbackUri))`".to_owned(),
            ("inWindow", _) => "`inWindow('maintenance', receivedAt)`".to_owned(),
            (_, example) => format!("`{example}`"),
        };
        let fails = if function.fails.is_empty() { "–" } else { function.fails };
        let _ = writeln!(page, "| {} | {} | {fails} | {example} |", calls.join(", "), function.gives);
    }
    page
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::collections::BTreeSet;
    use std::path::Path;

    use solgate_engine::cel_env::parse_expression;

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
    fn every_name_and_function_is_told_of_once() {
        let names: BTreeSet<&str> = NAMES.iter().map(|name| name.name).collect();
        assert_eq!(names, VARIABLES.into_iter().chain([DATA]).collect());
        let functions: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
        assert!(functions.is_sorted(), "{functions:?}");
        let known: BTreeSet<&str> = solgate_engine::cel_env::FUNCTIONS.iter().copied().collect();
        assert_eq!(functions.iter().copied().collect::<BTreeSet<_>>(), known);
        assert_eq!(functions.len(), known.len());
    }

    #[test]
    fn every_example_is_true() {
        for function in FUNCTIONS.iter().filter(|function| !function.example.is_empty()) {
            let parsed =
                parse_expression(function.example).unwrap_or_else(|error| panic!("{}: {error}", function.name));
            assert_eq!(parsed.constant(), Some(true), "{}", function.example);
        }
    }
}
