#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod plain;
mod random;

use serde_json::Value;

use super::*;

fn value(text: &str) -> Value {
    let read = parse(text.as_bytes(), 64).unwrap();
    assert_eq!(read.numbers, []);
    read.document.root().to_value()
}

fn refused(bytes: &[u8], depth: u32) -> Result<(), JsonFault> {
    parse(bytes, depth).map(|_| ())
}

#[test]
fn what_is_accepted_reads_as_serde_json_reads_it() {
    let texts = [
        "{}",
        " \r\n\t[ ] \n",
        r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":10.0}"#,
        r#"{"a":[1,-2,0,-0,1.5,1e3,1E-2,-1.25e+2,9007199254740991,-9007199254740991,5e-324]}"#,
        "[9007199254740993.0,1e16,1e300]",
        r#"["", "\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude80", "störung – 障害 🚨"]"#,
        "null",
        "true",
        "[false,\"x\",{\"y\":{\"z\":[[]]}}]",
        "0.1",
        "123456789.123456789",
    ];
    for text in texts {
        assert_eq!(value(text), serde_json::from_str::<Value>(text).unwrap(), "{text}");
    }
}

#[test]
fn malformed_texts_say_where() {
    let cases: &[(&str, usize, usize)] = &[
        ("", 1, 1),
        ("{", 1, 2),
        ("{\"terminationType\":\"FORCEFUL\"", 1, 30),
        ("{'a':1}", 1, 2),
        ("{\"a\":1} // now", 1, 9),
        ("{\"a\":NaN}", 1, 6),
        ("{\"a\":Infinity}", 1, 6),
        ("{\"a\":-Infinity}", 1, 7),
        ("\u{feff}{}", 1, 1),
        ("<x/>", 1, 1),
        ("[1,]", 1, 4),
        ("{\"a\":1,}", 1, 8),
        ("{\"a\" 1}", 1, 6),
        ("[1 2]", 1, 4),
        ("01", 1, 2),
        ("-", 1, 2),
        ("1.", 1, 3),
        (".5", 1, 1),
        ("1e", 1, 3),
        ("+1", 1, 1),
        ("\"a", 1, 3),
        ("\"a\nb\"", 1, 3),
        ("\"\\x\"", 1, 3),
        ("\"\\u12g4\"", 1, 6),
        ("\"\\ud800\"", 1, 8),
        ("\"\\ud800\\u0041\"", 1, 14),
        ("\"\\udc00\"", 1, 8),
        ("nul", 1, 1),
        ("{}{}", 1, 3),
        ("{\n  \"é\": x\n}", 2, 8),
        ("/**/{}", 1, 1),
    ];
    for (text, line, column) in cases {
        match parse(text.as_bytes(), 64) {
            Err(JsonFault::Malformed { line: l, column: c, .. }) => assert_eq!((l, c), (*line, *column), "{text}"),
            other => assert!(matches!(other, Err(JsonFault::Malformed { .. })), "{text}: {other:?}"),
        }
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    assert_eq!(refused(b"{\"a\":\"\xe9\"}", 64), Err(JsonFault::Utf8 { offset: 6 }));
    assert_eq!(
        refused("\"a\"".encode_utf16().flat_map(u16::to_be_bytes).chain([0xff]).collect::<Vec<_>>().as_slice(), 64),
        Err(JsonFault::Utf8 { offset: 6 })
    );
}

#[test]
fn duplicate_names_also_with_escapes_and_in_another_case() {
    for (text, pointer, key) in [
        (r#"{"a":1,"a":2}"#, "/a", "a"),
        (r#"{"x":[{"a/b":1,"a\u002fb":2}]}"#, "/x/0/a~1b", "a/b"),
        (r#"{"":1,"":2}"#, "/", ""),
        (r#"{"a":1,"A":2}"#, "/A", "A"),
        (r#"{"a":{"kind":1,"\u212aind":2}}"#, "/a/\u{212a}ind", "\u{212a}ind"),
    ] {
        assert_eq!(
            refused(text.as_bytes(), 64),
            Err(JsonFault::DuplicateKey { pointer: pointer.to_owned(), key: key.to_owned() })
        );
    }
    assert_eq!(value(r#"{"a":{"A":1},"b":1}"#)["a"]["A"], 1);
}

#[test]
fn nesting_is_limited() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(nested(64).as_bytes(), 64).is_ok());
    assert_eq!(refused(nested(3).as_bytes(), 2), Err(JsonFault::Depth { pointer: "/0/0".to_owned() }));
    assert_eq!(refused(br#"{"a":{"b":{}},"c":{"d":{}}}"#, 3), Ok(()));
    assert!(matches!(parse("[".repeat(1 << 20).as_bytes(), 64), Err(JsonFault::Depth { .. })));
}

#[test]
fn inexact_numbers_are_reported_and_reading_goes_on() {
    let text = r#"{"a":[1,99999999999999999999999],"b/c":{"d":-9223372036854775809},"e":1e400,"f":1e20,"g":18446744073709551616}"#;
    let read = parse(text.as_bytes(), 64).unwrap();
    let value = read.document.root().to_value();
    let found: Vec<_> = read.numbers.iter().map(|number| (number.pointer.as_str(), number.overflow)).collect();
    assert_eq!(found, [("/a/1", false), ("/b~1c/d", false), ("/e", true), ("/g", false)]);
    let read =
        parse(b"[9007199254740991,9007199254740992,-9007199254740991,-9007199254740992,18446744073709551615]", 64);
    let read = read.unwrap();
    let found: Vec<_> = read.numbers.iter().map(|number| number.pointer.as_str()).collect();
    assert_eq!(found, ["/1", "/3", "/4"]);
    assert_eq!(read.document.root().to_value()[4], u64::MAX, "policies that let it pass see every digit");
    assert_eq!(value["b/c"]["d"], -9_223_372_036_854_775_808.0);
    assert_eq!(value["e"], f64::MAX);
}

#[test]
fn an_object_has_a_bounded_number_of_members() {
    let object = |count: usize| {
        let members: Vec<String> = (0..count).map(|index| format!("\"{index}\":0")).collect();
        format!("{{\"a\":[{{{}}}]}}", members.join(","))
    };
    assert!(parse(object(1024).as_bytes(), 64).is_ok());
    let fault = JsonFault::Members { pointer: "/a/0".to_owned(), most: 1024 };
    assert_eq!(refused(object(1025).as_bytes(), 64), Err(fault));
}
