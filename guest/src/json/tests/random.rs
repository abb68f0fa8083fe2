//! Random texts, whole and broken, against the plain reader and `serde_json`.

use fastrand::Rng;
use serde_json::Value;

use super::{super::*, bounds, located, plain};

/// A value as text, with every way to write it.
fn value(random: &mut Rng, depth: usize, out: &mut String) {
    space(random, out);
    match random.u8(0..if depth == 0 { 7 } else { 11 }) {
        0 => out.push_str("null"),
        1 => out.push_str("true"),
        2 => out.push_str("false"),
        3..=4 => number(random, out),
        5..=6 => string(random, out),
        7..=8 => {
            out.push('[');
            let count = random.usize(..6);
            for index in 0..count {
                if index > 0 {
                    out.push(',');
                }
                value(random, depth - 1, out);
            }
            space(random, out);
            out.push(']');
        }
        _ => object(random, depth - 1, out),
    }
    space(random, out);
}

fn object(random: &mut Rng, depth: usize, out: &mut String) {
    // Some objects are large, and some of any size have a name twice.
    let count = if random.u8(..12) == 0 { random.usize(10..50) } else { random.usize(..6) };
    let repeats = random.u8(..6) == 0;
    out.push('{');
    for index in 0..count {
        if index > 0 {
            out.push(',');
        }
        space(random, out);
        match random.u8(..4) {
            0 if repeats => out.push_str(["\"n1\"", "\"\\u006e1\"", "\"n2\"", "\"\""][random.usize(..4)]),
            1 if random.bool() => string(random, out),
            _ => out.push_str(&format!("\"n{index}\"")),
        }
        space(random, out);
        out.push(':');
        value(random, depth, out);
    }
    space(random, out);
    out.push('}');
}

fn space(random: &mut Rng, out: &mut String) {
    if random.u8(..8) == 0 {
        out.push_str([" ", "\n", "\t", "\r\n  "][random.usize(..4)]);
    }
}

fn number(random: &mut Rng, out: &mut String) {
    if random.bool() {
        out.push('-');
    }
    match random.u8(..8) {
        0 => out.push('0'),
        1..=3 => out.push_str(&random.u16(..).to_string()),
        4 => out.push_str(&random.u64(..).to_string()),
        5 => out.push_str(&(u128::from(random.u64(..)) * u128::from(random.u32(1..))).to_string()),
        6 => out.push_str(&format!("{}.{:03}", random.u32(..), random.u16(..1000))),
        _ => {
            let sign = ["", "+", "-"][random.usize(..3)];
            out.push_str(&format!("{}.5{}{sign}{}", random.u8(..), ["e", "E"][random.usize(..2)], random.u16(..330)));
        }
    }
}

fn string(random: &mut Rng, out: &mut String) {
    out.push('"');
    for _ in 0..random.usize(..20) {
        match random.u8(..24) {
            0 => out.push_str(["\\n", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\r", "\\t"][random.usize(..8)]),
            1 => out.push_str(&format!("\\u{:04X}", random.u16(..0xd800))),
            2 => out.push_str("\\ud83d\\uDE80"),
            3 => out.push(random.char('\u{80}'..)),
            4 => out.push('\u{7f}'),
            5 if random.u8(..30) == 0 => out.push_str("\\ud800"),
            _ => out.push(random.char(' '..='~')),
        }
        // These end a string, or begin an escape.
        if out.ends_with('"') && !out.ends_with("\\\"") || out.ends_with('\\') && !out.ends_with("\\\\") {
            out.pop();
        }
    }
    out.push('"');
}

fn text(random: &mut Rng) -> Vec<u8> {
    let mut text = String::new();
    value(random, 5, &mut text);
    let mut bytes = text.into_bytes();
    for _ in 0..[0, 0, 1, 1, 2][random.usize(..5)] {
        let at = random.usize(..bytes.len());
        match random.u8(..4) {
            0 => bytes.truncate(at),
            1 => drop(bytes.remove(at)),
            2 => bytes[at] = *random.choice(b"\"\\{}[],:019-+.eEtfn \x00\x1f\xc3\xff").unwrap(),
            _ => bytes.insert(at, *random.choice(b"\"\\{}[],:019-+.eEu \n\x7f\xef").unwrap()),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

#[test]
fn faults_and_values_are_those_of_the_plain_reader() {
    let mut random = Rng::with_seed(7);
    let (mut accepted, mut duplicates) = (0, 0);
    for _ in 0..30_000 {
        let bytes = text(&mut random);
        let depth = random.u32(1..8);
        let expected = plain::parse(&bytes, bounds(depth));
        let found = parse(&bytes, bounds(depth)).map(|read| (read.document.root().to_value(), located(&read)));
        accepted += usize::from(expected.is_ok());
        duplicates += usize::from(matches!(expected, Err(JsonFault::DuplicateKey { .. })));
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(&bytes));
    }
    assert!(accepted > 5_000 && duplicates > 200, "{accepted} {duplicates}");
}

#[test]
fn what_is_strict_json_reads_as_serde_json_reads_it() {
    let mut random = Rng::with_seed(8);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let bytes = text(&mut random);
        let Ok(read) = parse(&bytes, bounds(100)) else { continue };
        // `serde_json` rounds some fractions to a neighbour.
        if !read.numbers.is_empty() || bytes.contains(&b'.') {
            continue;
        }
        accepted += 1;
        let expected: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(read.document.root().to_value(), expected);
    }
    assert!(accepted > 1_000, "{accepted}");
}

#[test]
fn facts_are_read_as_serde_json_reads_them() {
    let mut random = Rng::with_seed(9);
    let mut accepted = 0;
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels)).into_bytes();
    let many: Vec<String> = (0..3000).map(|index| format!("\"{}\":{index}", index % 2000)).collect();
    let special = [
        nested(127),
        nested(128),
        format!("{{\"a\":{}}}", String::from_utf8_lossy(&nested(127))).into_bytes(),
        format!("{{{}}}", many.join(",")).into_bytes(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"[1e309]".to_vec(),
        b"[1e308,-0,0.1,123456789.123456789,18446744073709551616,9007199254740993.0]".to_vec(),
        br#"{"a":1,"b":2,"a":{"c":3,"c":4}}"#.to_vec(),
        br#"["\ud800"]"#.to_vec(),
        b"".to_vec(),
    ];
    for bytes in special.into_iter().chain(std::iter::repeat_with(|| text(&mut random)).take(30_000)) {
        let expected = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
        let found = parse_fact(&bytes).map(|document| document.root().to_value());
        accepted += usize::from(expected.is_some());
        // The order of members is part of it.
        let texts = [&expected, &found].map(|value| value.as_ref().map(ToString::to_string));
        assert_eq!(texts[0], texts[1], "{}", String::from_utf8_lossy(&bytes));
        assert_eq!(found, expected);
    }
    assert!(accepted > 5_000, "{accepted}");
}

/// In objects of every size: names that occur twice, and texts that break before or
/// after the second.
#[test]
fn duplicates_in_objects_of_any_size() {
    let mut random = Rng::with_seed(10);
    for size in (1..40).chain([100, 1023, 1024, 1025, 1030]) {
        for _ in 0..20 {
            let mut names: Vec<String> = (0..size).map(|index| format!("name {index}")).collect();
            for _ in 0..random.usize(..3) {
                let name = names[random.usize(..size)].clone();
                // In another case it is another name.
                names[random.usize(..size)] = if random.bool() { name } else { name.to_uppercase() };
            }
            let members: Vec<String> = names
                .iter()
                .map(|name| match random.u8(..8) {
                    0 => format!("\"{}\":{{\"a\":[{{\"b\":1}}]}}", name.replace('n', "\\u006e")),
                    1 => format!("\"{name}\":[1,{{}}]"),
                    _ => format!("\"{name}\":0"),
                })
                .collect();
            let mut text = format!("[0,{{{}}},1]", members.join(","));
            if random.bool() {
                text.truncate(random.usize(..text.len()));
            }
            let found = parse(text.as_bytes(), bounds(5));
            if let Ok(read) = &found
                && let Some(Kind::Object(object)) = read.document.root().at("/1").map(Node::kind)
            {
                assert!(object.members().all(|(name, value)| object.get(name).unwrap().identity() == value.identity()));
                assert!(!object.has("name") && !object.has("name 2000"));
            }
            let found = found.map(|read| read.document.root().to_value());
            assert_eq!(found, plain::parse(text.as_bytes(), bounds(5)).map(|(value, _)| value), "{text}");
        }
    }
}

/// Names whose hashes are equal are not taken for one, and each is found.
#[test]
fn names_that_only_look_alike_differ() {
    let names: Vec<String> = (0..1000).map(|index| format!("{index:040}")).chain(of_one_hash()).collect();
    let members: Vec<String> = names.iter().map(|name| format!("\"{name}\":\"{name}\"")).collect();
    let text = format!("{{{}}}", members.join(","));
    let read = parse(text.as_bytes(), Bounds { depth: 2, members: 2000 }).unwrap();
    let Kind::Object(object) = read.document.root().kind() else { panic!("it is an object") };
    assert!(names.iter().all(|name| object.get(name).and_then(Node::as_str) == Some(name)));
    for name in of_one_hash() {
        let twice = text.replacen('}', &format!(",\"{name}\":0}}"), 1);
        let fault = JsonFault::DuplicateKey { pointer: format!("/{name}"), key: name };
        assert_eq!(parse(twice.as_bytes(), Bounds { depth: 2, members: 2000 }).map(|_| ()), Err(fault));
    }
}

/// Texts of sixteen letters and digits: the second word of each undoes what the first
/// has done.
fn of_one_hash() -> Vec<String> {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let first = |word: [u8; 8]| u64::from_le_bytes(word).wrapping_mul(SPREAD).rotate_left(29);
    let mut random = Rng::with_seed(12);
    let wanted = first(*b"aaaaaaaa") ^ u64::from_le_bytes(*b"bbbbbbbb");
    let mut found = vec!["aaaaaaaabbbbbbbb".to_owned()];
    while found.len() < 3 {
        let word = std::array::from_fn(|_| u8::try_from(random.alphanumeric()).unwrap());
        let second = (wanted ^ first(word)).to_le_bytes();
        if second.iter().all(u8::is_ascii_alphanumeric) {
            found.push(String::from_utf8([word, second].concat()).unwrap());
        }
    }
    found
}

#[test]
fn what_a_pointer_leads_to() {
    let read = parse(br#"{"a/b":[1,{"~":[[],2,{"x":true}]}],"":null}"#, bounds(9)).unwrap();
    let root = read.document.root();
    let value = root.to_value();
    for pointer in
        ["", "/a~1b", "/a~1b/0", "/a~1b/1/~0/0", "/a~1b/1/~0/1", "/a~1b/1/~0/2/x", "/", "/nope", "/a~1b/9", "/a~1b/0/0"]
    {
        assert_eq!(root.at(pointer).map(Node::to_value).as_ref(), value.pointer(pointer), "{pointer}");
    }
}

/// Other values in some places of a document: the rest, names among many and places included,
/// is as it was.
#[test]
fn other_values_leave_the_rest_as_it_was() {
    let mut random = Rng::with_seed(29);
    let some = |random: &mut Rng| loop {
        let mut text = String::new();
        object(random, 3, &mut text);
        if let Ok(Value::Object(members)) = serde_json::from_str::<Value>(&text) {
            break members;
        }
    };
    let mut many = 0;
    for _ in 0..3_000 {
        let mut expected = some(&mut random);
        many += usize::from(expected.len() > 16);
        let document = Document::from(&Value::Object(expected.clone()));
        let Kind::Object(options) = document.root().kind() else { panic!("it is an object") };
        let mut values = Vec::new();
        for (name, node) in options.members() {
            if random.u8(..3) == 0 {
                values.push((name.to_owned(), node.entry_index(), Value::Object(some(&mut random))));
            }
        }
        for (name, _, value) in &values {
            expected.insert(name.clone(), value.clone());
        }
        let values: Vec<(u32, &Value)> = values.iter().map(|(_, at, value)| (*at, value)).collect();
        let changed = document.with_values(&values);
        assert_eq!(changed.root().to_value(), Value::Object(expected.clone()));
        let Kind::Object(options) = changed.root().kind() else { panic!("it is an object") };
        for (name, value) in &expected {
            assert_eq!(options.get(name).map(Node::to_value).as_ref(), Some(value), "{name}");
        }
    }
    assert!(many > 20, "{many} large objects");
}
