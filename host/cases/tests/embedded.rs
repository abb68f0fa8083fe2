//! Cases in a component: what is put in comes out, and nothing else is believed.
#![allow(clippy::unwrap_used, clippy::panic)]

use solgate_cases::{Source, embed, embedded_files};

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
/// A core module with nothing in it.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), text: text.to_owned() }
}

/// A section of a short component.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 128);
    [&[id, length], content].concat()
}

fn custom(name: &str, data: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    section(0, &[&[length], name.as_bytes(), data.as_bytes()].concat())
}

#[test]
fn what_is_put_in_comes_out_whatever_the_order() {
    let files = [source("tests/b.yaml", "cases: []\n# \u{e4}\"\n"), source("tests/a/x.yaml", "")];
    let (mut one, mut two) = (EMPTY.to_vec(), EMPTY.to_vec());
    embed(&mut one, &files).unwrap();
    embed(&mut two, files.iter().rev()).unwrap();
    assert_eq!(one, two);
    let out: Vec<_> = embedded_files(&one).unwrap().into_iter().map(|file| (file.name, file.text)).collect();
    let [b, a] = files.map(|file| (file.name, file.text));
    assert_eq!(out, [a, b]);
}

#[test]
fn a_component_without_cases_stays_as_it_is() {
    let mut component = EMPTY.to_vec();
    embed(&mut component, []).unwrap();
    assert_eq!(component, EMPTY);
    assert!(embedded_files(&component).unwrap().is_empty());
}

#[test]
fn no_more_is_put_in_than_is_taken_out() {
    let mut component = EMPTY.to_vec();
    let large = source("tests/a.yaml", &"x".repeat(17 << 20));
    let error = embed(&mut component, [&large]).unwrap_err().to_string();
    assert!(error.contains("a policy file holds 16777216 at most"), "{error}");
    assert_eq!(component, EMPTY);
}

const RIGHT: &str = r#"[{"name":"tests/a.yaml","text":""}]"#;

/// What follows the head of a component, and how it is refused.
fn hostile() -> Vec<(Vec<u8>, &'static str)> {
    let cases = |data: &str| custom("solgate:tests", data);
    vec![
        ([cases(RIGHT), cases(RIGHT)].concat(), "is there twice"),
        (cases(""), "does not hold cases"),
        (cases("{}"), "does not hold cases"),
        (cases(r#"[{"name":"tests/a.yaml"}]"#), "does not hold cases"),
        (cases(r#"[{"name":"tests/a.yaml","text":"","x":1}]"#), "does not hold cases"),
        (cases(r#"[{"name":"rules/a.yaml","text":""}]"#), "a file with the name \"rules/a.yaml\""),
        (cases(r#"[{"name":"tests/\u001b[0m","text":""}]"#), "a file with the name \"tests/\\u{1b}[0m\""),
        (cases(r#"[{"name":"tests/a","text":""},{"name":"tests/a","text":""}]"#), "a file with the name \"tests/a\""),
        (vec![0, 100, 1], "not a WebAssembly component"),
    ]
}

#[test]
fn what_is_no_list_of_cases_is_refused() {
    for (sections, expected) in hostile() {
        let error = embedded_files(&[EMPTY, &sections].concat()).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    for bytes in [&b""[..], b"text", EMPTY.get(..6).unwrap()] {
        assert!(embedded_files(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn only_the_section_of_the_component_itself_counts() {
    let inner = [MODULE, &custom("solgate:tests", RIGHT)].concat();
    let component = [EMPTY, &section(1, &inner), &custom("other", "")].concat();
    assert!(embedded_files(&component).unwrap().is_empty());
    let component = [component, custom("solgate:tests", RIGHT)].concat();
    assert_eq!(embedded_files(&component).unwrap().len(), 1);
}
