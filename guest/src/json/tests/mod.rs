#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod plain;
mod random;

use serde_json::Value;

use super::*;

fn value(text: &str) -> Value {
    let read = parse(text.as_bytes(), bounds(64)).unwrap();
    assert_eq!(read.numbers, []);
    read.document.root().to_value()
}

const fn bounds(depth: u32) -> Bounds {
    Bounds { depth, members: 1024 }
}

fn refused(bytes: &[u8], depth: u32) -> Result<(), JsonFault> {
    parse(bytes, bounds(depth)).map(|_| ())
}

/// Where the large numbers of a text are, and how they are written.
fn located(read: &Strict<'_>) -> Vec<(String, String)> {
    let mut values = Vec::new();
    locate(read.document.root(), String::new(), &mut values);
    let pointer = |entry| values.iter().find(|(at, _)| *at == entry).unwrap().1.clone();
    read.numbers.iter().map(|number| (pointer(number.entry), number.literal.to_owned())).collect()
}

/// The index and the pointer of every value.
fn locate(node: Node<'_>, pointer: String, values: &mut Vec<(u32, String)>) {
    let below = |segment: &str| {
        let mut pointer = pointer.clone();
        push_segment(&mut pointer, segment);
        pointer
    };
    match node.kind() {
        Kind::Array(array) => {
            array.items().enumerate().for_each(|(index, item)| locate(item, below(&index.to_string()), values));
        }
        Kind::Object(object) => object.members().for_each(|(name, value)| locate(value, below(name), values)),
        _ => {}
    }
    values.push((node.identity().1, pointer));
}

#[test]
fn what_is_accepted_reads_as_serde_json_reads_it() {
    let texts = [
        "{}",
        " \r\n\t[ ] \n",
        r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":10.0}"#,
        r#"{"a":[1,-2,0,-0,1.5,1e3,1E-2,-1.25e+2,9007199254740991,-9007199254740991,5e-324]}"#,
        "[9007199254740991.0,1e15,-9007199254740991,1e-300]",
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
        match parse(text.as_bytes(), bounds(64)) {
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
fn duplicate_names_also_with_escapes() {
    for (text, pointer, key) in [
        (r#"{"a":1,"a":2}"#, "/a", "a"),
        (r#"{"x":[{"a/b":1,"a\u002fb":2}]}"#, "/x/0/a~1b", "a/b"),
        (r#"{"":1,"":2}"#, "/", ""),
    ] {
        assert_eq!(
            refused(text.as_bytes(), 64),
            Err(JsonFault::DuplicateKey { pointer: pointer.to_owned(), key: key.to_owned() })
        );
    }
    assert_eq!(value(r#"{"a":{"a":1},"b":1}"#)["a"]["a"], 1);
}

/// In small objects and large ones.
#[test]
fn names_in_another_case_are_other_names() {
    let others: String = (0..100).map(|index| format!(",\"{index}\":0")).collect();
    for more in ["", &others] {
        let text = format!("{{\"HTTP_PROXY\":1,\"http_proxy\":2,\"kind\":3,\"\u{212a}ind\":4{more}}}");
        let read = parse(text.as_bytes(), bounds(64)).unwrap();
        let names = ["HTTP_PROXY", "http_proxy", "kind", "\u{212a}ind", "Kind", "HTTP_proxy"];
        let Kind::Object(object) = read.document.root().kind() else { panic!("it is an object") };
        let found = names.map(|name| object.get(name).map(|value| value.to_value().to_string()));
        assert_eq!(
            found.each_ref().map(|value| value.as_deref()),
            [Some("1"), Some("2"), Some("3"), Some("4"), None, None]
        );
        let twice = text.replace("\"kind\"", "\"HTTP_PROXY\"");
        assert!(matches!(parse(twice.as_bytes(), bounds(64)), Err(JsonFault::DuplicateKey { .. })), "{twice}");
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(nested(64).as_bytes(), bounds(64)).is_ok());
    assert_eq!(refused(nested(3).as_bytes(), 2), Err(JsonFault::Depth { pointer: "/0/0".to_owned() }));
    assert_eq!(refused(br#"{"a":{"b":{}},"c":{"d":{}}}"#, 3), Ok(()));
    assert!(matches!(parse("[".repeat(1 << 20).as_bytes(), bounds(64)), Err(JsonFault::Depth { .. })));
}

#[test]
fn numbers_are_reported_by_their_value_and_reading_goes_on() {
    let text = r#"{"a":[1,99999999999999999999999],"b/c":{"d":-9223372036854775809},"e":1e400,"f":1e20,"g":18446744073709551616}"#;
    let read = parse(text.as_bytes(), bounds(64)).unwrap();
    let value = read.document.root().to_value();
    let found = located(&read);
    let found: Vec<_> = found.iter().map(|(pointer, literal)| (pointer.as_str(), literal.as_str())).collect();
    assert_eq!(
        found,
        [
            ("/a/1", "99999999999999999999999"),
            ("/b~1c/d", "-9223372036854775809"),
            ("/e", "1e400"),
            ("/f", "1e20"),
            ("/g", "18446744073709551616")
        ]
    );
    assert_eq!(value["b/c"]["d"], -9_223_372_036_854_775_808.0);
    assert_eq!(value["e"], f64::MAX);
    // Each value in every way to write it.
    for (literals, is_large) in [
        (["9007199254740991", "9007199254740991.0", "9.007199254740991e15", "90071992547409910E-1"], false),
        (["9007199254740992", "9007199254740992.0", "9.007199254740992e15", "90071992547409920E-1"], true),
        (["9007199254740993", "9007199254740993.0", "9.007199254740993e15", "90071992547409930E-1"], true),
        (["10000000000000000000", "10000000000000000000.00", "1e19", "1E+19"], true),
    ] {
        for literal in literals {
            for literal in [literal.to_owned(), format!("-{literal}")] {
                let text = format!("[{literal}]");
                let read = parse(text.as_bytes(), bounds(64)).unwrap();
                let expected = if is_large { vec![("/0".to_owned(), literal)] } else { vec![] };
                assert_eq!(located(&read), expected, "{text}");
            }
        }
    }
    let read = parse(b"[18446744073709551615]", bounds(64)).unwrap();
    assert_eq!(read.document.root().to_value()[0], u64::MAX, "policies that let it pass see every digit");
}

#[test]
fn an_object_has_a_bounded_number_of_members() {
    let object = |count: usize| {
        let members: Vec<String> = (0..count).map(|index| format!("\"{index}\":0")).collect();
        format!("{{\"a\":[{{{}}}]}}", members.join(","))
    };
    assert_eq!(refused(object(1024).as_bytes(), 64), Ok(()));
    let fault = JsonFault::Members { pointer: "/a/0".to_owned(), most: 1024 };
    assert_eq!(refused(object(1025).as_bytes(), 64), Err(fault));
    let read = |members| parse(object(3000).leak().as_bytes(), Bounds { depth: 64, members });
    assert!(matches!(read(2999), Err(JsonFault::Members { most: 2999, .. })));
    let document = read(3000).unwrap().document;
    let Some(Kind::Object(object)) = document.root().at("/a/0").map(Node::kind) else { panic!("it is an object") };
    assert!((0..3000).all(|index| object.has(&index.to_string())) && !object.has("3000"));
}
