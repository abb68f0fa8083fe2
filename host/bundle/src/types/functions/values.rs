//! Conversions, and functions of optional values.

use super::*;

pub(super) const FUNCTIONS: &[Function] = &[
    partial(
        &[function("bool", &[BOOL], BOOL), function("bool", &[TEXT], BOOL)],
        "the truth value that a text names",
        "other texts than `true`, `false` and their usual spellings",
        "bool('true')",
    ),
    total(
        &[function("bytes", &[TEXT], BYTES), function("bytes", &[BYTES], BYTES)],
        "the octets of a text in UTF-8",
        "size(bytes('abc')) == 3",
    ),
    partial(
        &[function("double", &[NUMBER], NUMBER), function("double", &[TEXT], NUMBER)],
        "the number as a double",
        "a text that is no number",
        "double('1.5') == 1.5",
    ),
    total(
        &[function("dyn", &[ANY], ANY)],
        "the value itself; what it is compared with is not looked at",
        "dyn(1) == 1",
    ),
    total(
        &[method("hasValue", OPTIONAL, &[], BOOL)],
        "whether an optional value holds one",
        "optional.of(1).hasValue()",
    ),
    partial(
        &[function("int", &[NUMBER], NUMBER), function("int", &[TEXT], NUMBER), function("int", &[TIMESTAMP], NUMBER)],
        "the number without its fraction; of a timestamp, whole seconds since 1970",
        "a text that is no integer",
        "int('42') == 42 && int(1.9) == 1 && int(timestamp('1970-01-01T00:01:00Z')) == 60",
    ),
    total(
        &[function("optional.none", &[], OPTIONAL)],
        "an optional value that holds none",
        "!optional.none().hasValue()",
    ),
    total(
        &[function("optional.of", &[ANY], OPTIONAL)],
        "an optional value that holds this one",
        "optional.of(1).value() == 1",
    ),
    total(
        &[function("optional.ofNonZeroValue", &[ANY], OPTIONAL)],
        "the same; none for 0, false, null and what is empty",
        "!optional.ofNonZeroValue('').hasValue()",
    ),
    total(
        &[method("or", OPTIONAL, &[OPTIONAL], OPTIONAL)],
        "the first of two optional values that holds one",
        "optional.none().or(optional.of(1)).value() == 1",
    ),
    total(
        &[method("orValue", OPTIONAL, &[ANY], ANY)],
        "what an optional value holds, or this",
        "optional.none().orValue('a') == 'a'",
    ),
    partial(
        &[function("string", &[Kinds::SHOWN], TEXT)],
        "a value as text; a timestamp in UTC, a duration in seconds",
        "octets that are not UTF-8",
        "string(1.5) == '1.5' && string(true) == 'true' && string(duration('2m')) == '120s'",
    ),
    total(
        &[function("toDouble", &[ANY], OPTIONAL)],
        "the number that a value, or what an optional value holds, is or names as text, as an optional value",
        "toDouble('1.5').orValue(0) == 1.5 && !toDouble('x').hasValue() && !toDouble([1]).hasValue()",
    ),
    total(
        &[function("toInt", &[ANY], OPTIONAL)],
        "the same as an integer; of a number, without its fraction",
        "toInt('42').orValue(0) == 42 && !toInt('4x').hasValue() && toInt(optional.of(4.5)).orValue(0) == 4",
    ),
    total(
        &[function("toText", &[ANY], OPTIONAL)],
        "a text as it is, a number or a truth value as text, also held by an optional value, as an optional value; none \
         for anything else",
        "toText(8080).orValue('') == '8080' && !toText({}).hasValue() && toText(optional.none()).orValue('a') == 'a'",
    ),
    total(
        &[function("isNumber", &[ANY], BOOL)],
        "whether a value is a number, of whatever type; for other types there is `type(x) == string`, with `bool`, `list`, \
         `map` and `null_type`",
        "isNumber(1) && isNumber(1.5) && !isNumber('1') && !isNumber(null)",
    ),
    total(&[function("type", &[ANY], Kinds::TYPE)], "the type of a value", "type('a') == type('b')"),
    partial(
        &[function("uint", &[NUMBER], NUMBER), function("uint", &[TEXT], NUMBER)],
        "the number as an unsigned integer",
        "a negative or too large number; a text that is none",
        "uint(1) == 1",
    ),
    partial(
        &[method("value", OPTIONAL, &[], ANY)],
        "what an optional value holds",
        "an optional value that holds none",
        "optional.of('a').value() == 'a'",
    ),
];
