//! Functions of texts.

use super::*;

pub(super) const FUNCTIONS: &[Function] = &[
    partial(
        &[method("charAt", TEXT, &[NUMBER], TEXT)],
        "the character at a place, from 0; an empty text at the end",
        "a place beyond the end",
        "'abc'.charAt(1) == 'b'",
    ),
    total(&[method("contains", TEXT, &[TEXT], BOOL)], "whether a text holds another", "'abc'.contains('bc')"),
    total(&[method("endsWith", TEXT, &[TEXT], BOOL)], "whether a text ends with another", "'abc'.endsWith('bc')"),
    partial(
        &[method("format", TEXT, &[LIST], TEXT)],
        "the text with `%s`, `%d` and the like filled in from a list",
        "a list that does not fit",
        "'%s has %d'.format(['x', 2]) == 'x has 2'",
    ),
    partial(
        &[method("indexOf", TEXT, &[TEXT], NUMBER), method("indexOf", TEXT, &[TEXT, NUMBER], NUMBER)],
        "the first place of a text in another, from a place if one is given; -1 if there is none",
        "a place beyond the end",
        "'abcb'.indexOf('b') == 1",
    ),
    partial(
        &[method("join", LIST, &[], TEXT), method("join", LIST, &[TEXT], TEXT)],
        "the texts of a list, with a text between them",
        "an item that is no text",
        "['a', 'b'].join(', ') == 'a, b'",
    ),
    partial(
        &[method("lastIndexOf", TEXT, &[TEXT], NUMBER), method("lastIndexOf", TEXT, &[TEXT, NUMBER], NUMBER)],
        "the last place of a text in another; -1 if there is none",
        "a place beyond the end",
        "'abcb'.lastIndexOf('b') == 3",
    ),
    total(
        &[function("like", &[TEXT, TEXT], BOOL)],
        "whether a text has a form in which `*` stands for any text, also an empty one; the form may be an option or an \
         item of a list",
        "like('prod-db-1', 'prod-*') && like('a', '*') && !like('prod', 'prod-*')",
    ),
    total(
        &[method("lowerAscii", TEXT, &[], TEXT)],
        "the text with A to Z in lower case",
        "'ABC'.lowerAscii() == 'abc'",
    ),
    total(
        &[function("matches", &[TEXT, ANY], BOOL), method("matches", TEXT, &[ANY], BOOL)],
        "whether a pattern, a literal, is found in a text; `^` and `$` anchor it",
        "'abc-12'.matches(r'^[a-z]+-\\d+$')",
    ),
    total(
        &[method("replace", TEXT, &[TEXT, TEXT], TEXT), method("replace", TEXT, &[TEXT, TEXT, NUMBER], TEXT)],
        "the text with one part replaced by another, as often as a number says",
        "'a-b-c'.replace('-', '.') == 'a.b.c'",
    ),
    total(&[method("reverse", TEXT, &[], TEXT)], "the text from its end", "'abc'.reverse() == 'cba'"),
    total(
        &[method("split", TEXT, &[TEXT], LIST), method("split", TEXT, &[TEXT, NUMBER], LIST)],
        "the parts of a text between separators, at most as many as a number says",
        "'a,b'.split(',') == ['a', 'b']",
    ),
    total(&[method("startsWith", TEXT, &[TEXT], BOOL)], "whether a text begins with another", "'abc'.startsWith('ab')"),
    total(
        &[function("strings.quote", &[TEXT], TEXT)],
        "the text in quotes, with what does not print escaped",
        "strings.quote('a') == '\"a\"'",
    ),
    partial(
        &[method("substring", TEXT, &[NUMBER], TEXT), method("substring", TEXT, &[NUMBER, NUMBER], TEXT)],
        "the characters from a place, up to before another",
        "places beyond the end, or in the wrong order",
        "'abcd'.substring(1, 3) == 'bc'",
    ),
    total(&[method("trim", TEXT, &[], TEXT)], "the text without white space at both ends", "' a '.trim() == 'a'"),
    total(
        &[method("upperAscii", TEXT, &[], TEXT)],
        "the text with a to z in upper case",
        "'abc'.upperAscii() == 'ABC'",
    ),
    total(
        &[function("regex.extract", &[TEXT, ANY], OPTIONAL)],
        "the first part of a text that a pattern matches, or of it what the pattern's group matches; the pattern is a \
         literal with at most one group",
        "regex.extract('vnf-12', r'^vnf-(\\d+)$').orValue('') == '12' && !regex.extract('vnf', r'\\d').hasValue()",
    ),
    total(
        &[function("base64.encode", &[BYTES], TEXT), function("base64.encode", &[TEXT], TEXT)],
        "octets, or those of a text in UTF-8, in base64",
        "base64.encode('hello') == 'aGVsbG8='",
    ),
    partial(
        &[function("base64.decode", &[TEXT], BYTES)],
        "the octets that base64 stands for; padding may be left out",
        "a text that is not base64",
        "string(base64.decode('aGVsbG8')) == 'hello'",
    ),
    total(
        &[function("isBase64", &[ANY], BOOL)],
        "whether base64.decode() takes a value",
        "isBase64('aGVsbG8=') && !isBase64('aGVsbG8==') && !isBase64('-')",
    ),
];
