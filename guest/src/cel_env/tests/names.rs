//! Versions, quantities, base64, patterns and places in texts.

#![allow(clippy::arithmetic_side_effects)]

use super::*;

/// Evaluates `before` the text in quotes `after`.
fn of_text(before: &str, text: &str, after: &str) -> Result<bool, String> {
    evaluate(&format!("{before}body.text{after}"), &json!({ "text": text }))
}

#[test]
fn versions_are_in_their_order() {
    // By Semantic Versioning 2.0, 11.
    let ordered = [
        "0.0.0",
        "0.9.99",
        "1.0.0-0",
        "1.0.0-9",
        "1.0.0-10",
        "1.0.0--",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-beta.99999999999999999999999",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.2.0",
        "1.10.0",
        "2.0.0",
        "18446744073709551615.0.0",
    ];
    for (place, low) in ordered.iter().enumerate() {
        let equal = format!("semver('{low}') == semver('{low}+build.01') && semver('{low}') <= semver('{low}')");
        assert_eq!(evaluate(&equal, &json!({})), Ok(true), "{equal}");
        for high in &ordered[place + 1..] {
            let less = format!(
                "semver('{low}') < semver('{high}') && semver('{high}') > semver('{low}') && semver('{low}') != semver('{high}')"
            );
            assert_eq!(evaluate(&less, &json!({})), Ok(true), "{less}");
        }
    }
    for (text, is_strict, is_lenient) in [
        ("1.2.3", true, true),
        ("1.2.3-a.b-c+d.0", true, true),
        ("1.2", false, true),
        ("1", false, true),
        ("v1.2.3", false, true),
        ("v1-rc.1", false, true),
        ("01.2.3", false, true),
        ("1.2.3-01", false, false),
        ("1.2.3-", false, false),
        ("1.2.3+", false, false),
        ("1.2.3-a..b", false, false),
        ("1.2.3-\u{e4}", false, false),
        ("1.2.3.4", false, false),
        ("1..3", false, false),
        ("1.2.", false, false),
        ("-1.2.3", false, false),
        ("+1.2.3", false, false),
        ("1.2.x", false, false),
        (" 1.2.3", false, false),
        ("V1.2.3", false, false),
        ("18446744073709551616.0.0", false, false),
        ("v", false, false),
        ("", false, false),
    ] {
        assert_eq!(of_text("isSemver(", text, ")"), Ok(is_strict), "{text}");
        assert_eq!(of_text("isSemver(", text, ", true)"), Ok(is_lenient), "{text}");
        assert_eq!(of_text("type(semver(", text, ")) == type(semver('1.0.0'))").is_ok(), is_strict, "{text}");
        assert_eq!(of_text("type(semver(", text, ", true)) == type(semver('1.0.0'))").is_ok(), is_lenient, "{text}");
    }
    for source in [
        "[semver('1.10.0'), semver('1.9.0')].sort()[0] == semver('1.9.0') && [semver('1.0.0'), semver('1.0.0+a')].distinct().size() == 1",
        "semver('v1.2', true) == semver('1.2.0') && !isSemver(1) && !isSemver(null) && !(semver('1.0.0') == '1.0.0')",
    ] {
        assert_eq!(evaluate(source, &json!({})), Ok(true), "{source}");
    }
    for source in
        ["semver('1.0.0') < '2.0.0'", "semver(1) == semver('1.0.0')", "semver('1.0.0') + semver('1.0.0') == 1"]
    {
        assert!(evaluate(source, &json!({})).is_err(), "{source}");
    }
}

#[test]
fn quantities_are_numbers() {
    for (text, number) in [
        ("0", "0"),
        ("500Mi", "524288000"),
        ("1Ki", "1024"),
        ("1Ei", "1152921504606846976"),
        ("1.5Gi", "1610612736"),
        ("0.3Gi", "322122547.2"),
        ("1k", "1000"),
        ("7.5M", "7500000"),
        ("1E", "1000000000000000000"),
        ("100m", "0.1"),
        ("2000m", "2"),
        ("1u", "0.000001"),
        ("1n", "0.000000001"),
        ("1e3", "1000"),
        ("1E-3", "0.001"),
        ("1.25e+2", "125"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-1.5k", "-1500"),
        ("+1", "1"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808.0"),
        ("0e999999999", "0"),
        ("000010", "10"),
    ] {
        assert_eq!(of_text("isQuantity(", text, ")"), Ok(true), "{text}");
        assert_eq!(of_text("quantity(", text, &format!(") == {number}")), Ok(true), "{text}");
    }
    for text in [
        "",
        "-",
        ".",
        "Mi",
        "1 Mi",
        "1mi",
        "1MB",
        "1Kb",
        "1ki",
        "1.2.3",
        "1e",
        "1e+",
        "1e1.5",
        "e3",
        "0x10",
        "1_000",
        "1,5",
        "--1",
        "1e999999999",
        "1e99999999999",
        "inf",
        "NaN",
        " 1",
        "1\n",
        "\u{661}",
    ] {
        assert_eq!(of_text("isQuantity(", text, ")"), Ok(false), "{text}");
        assert!(of_text("quantity(", text, ") == 0").is_err(), "{text}");
    }
    for source in [
        "quantity('1Gi') > quantity('1G') && ['1Gi', '500Mi'].map(q, quantity(q)).sum() == 1598029824 && quantity('100m') * 10 == 1.0",
        "!isQuantity(1) && !isQuantity(null) && ['2k', '1k'].map(q, quantity(q)).min() == 1000",
    ] {
        assert_eq!(evaluate(source, &json!({})), Ok(true), "{source}");
    }
    assert!(evaluate("quantity(1) == 1", &json!({})).is_err());
}

#[test]
fn base64_is_written_and_read() {
    for (octets, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
        ("\u{0}\u{0}", "AAA="),
        ("\u{7ff}\u{fff}?", "37/gv78/"),
        ("\u{3e}\u{3f}>>>", "Pj8+Pj4="),
    ] {
        let body = json!({"o": octets, "t": text});
        let source = "base64.encode(body.o) == body.t && base64.encode(bytes(body.o)) == body.t && base64.decode(body.t) == bytes(body.o) && isBase64(body.t)";
        assert_eq!(evaluate(source, &body), Ok(true), "{octets:?}");
    }
    for (text, expected) in [
        ("Zg", Some("f")),
        ("Zm8", Some("fo")),
        // Bits that belong to no octet, and broken lines.
        ("Zh==", Some("f")),
        ("Zm\r\n9v\n", Some("foo")),
        ("Zg=\n=", Some("f")),
        ("Z", None),
        ("Zg=", None),
        ("Zg===", None),
        ("Zm9v=", None),
        ("Zm9v====", None),
        ("=", None),
        ("====", None),
        ("Zg==Zg==", None),
        ("Z=g=", None),
        ("Zm9 v", None),
        ("Zm9v-_", None),
        ("Zm9\u{e4}", None),
        ("Zm9v\u{0}", None),
        ("Zm9v.", None),
        ("Zm9vZ", None),
    ] {
        assert_eq!(of_text("isBase64(", text, ")"), Ok(expected.is_some()), "{text:?}");
        let decoded = of_text("base64.decode(", text, &format!(") == b'{}'", expected.unwrap_or_default()));
        assert_eq!(decoded.ok(), expected.map(|_| true), "{text:?}");
    }
    assert!(
        evaluate("base64.decode(b'Zg==') == b'f'", &json!({})).is_err()
            && evaluate("!isBase64(b'Zg==')", &json!({})) == Ok(true)
    );
}

#[test]
fn parts_are_extracted() {
    for (text, pattern, expected) in [
        ("vnf-12", r"\d+", Some("12")),
        ("vnf-12", r"^vnf-(\d+)$", Some("12")),
        ("vnf-12-13", r"\d+", Some("12")),
        ("vnf-12", r"^(?:vnf|pnf)-(\d+)$", Some("12")),
        ("vnf-12", r"(?P<n>\d)", Some("1")),
        ("vnf-", r"^vnf-(\d*)$", Some("")),
        ("vnf-", r"^vnf-(\d+)?$", None),
        ("vnf", r"\d+", None),
        ("", r"^$", Some("")),
        ("", r".", None),
        ("a\nb", r"(?m)^b$", Some("b")),
        ("\u{e4}\u{1f600}x", r"\u{e4}(.)", Some("\u{1f600}")),
        ("\u{e4}\u{1f600}x", "\u{e4}(.)", Some("\u{1f600}")),
        ("AbC", r"(?i)abc", Some("AbC")),
        ("aaa", r"a*?", Some("")),
        ("aaa", r"a{2}", Some("aa")),
        ("key=value", r"=(.*)", Some("value")),
        ("k=v=w", r"=(.*)$", Some("v=w")),
        ("abc", r"b|c", Some("b")),
        ("abc", r"(x)|b", None),
    ] {
        let expected = expected.map_or_else(|| "optional.none()".to_owned(), |text| format!("optional.of('{text}')"));
        let source = format!("regex.extract(body.text, r'{pattern}') == {expected}");
        assert_eq!(evaluate(&source, &json!({ "text": text })), Ok(true), "{source}");
    }
    for (source, part) in [
        ("regex.extract(body.text, body.text).hasValue()", "string literal"),
        ("regex.extract(body.text, '(a)(b)').hasValue()", "more than one group"),
        ("regex.extract(body.text, '(').hasValue()", "does not compile"),
        ("regex.extract(body.text).hasValue()", "takes a string and a pattern"),
        ("regex.extract(1, 'a').hasValue()", ""),
        ("regex.replace(body.text, 'a', 'b') == ''", "no function"),
    ] {
        let error = evaluate(source, &json!({"text": "ab"})).unwrap_err();
        assert!(error.contains(part), "{source}: {error}");
    }
}

#[test]
fn places_in_texts() {
    let body = json!({"t": "h\u{e4}llo m\u{e4}llow", "n": 1});
    for (call, expected) in [
        ("body.t.indexOf('')", 0),
        ("body.t.indexOf('\u{e4}llo')", 1),
        ("body.t.indexOf('jello')", -1),
        ("body.t.indexOf('', 2)", 2),
        ("body.t.indexOf('', 20)", 12),
        ("body.t.indexOf('\u{e4}llo', 2)", 7),
        ("body.t.indexOf('\u{e4}llo', 7)", 7),
        ("body.t.indexOf('\u{e4}llo', 8)", -1),
        ("body.t.indexOf('h', 11)", -1),
        ("body.t.indexOf('w', 11)", 11),
        ("body.t.lastIndexOf('')", 12),
        ("body.t.lastIndexOf('\u{e4}llo')", 7),
        ("body.t.lastIndexOf('jello')", -1),
        ("body.t.lastIndexOf('\u{e4}llo', 6)", 1),
        ("body.t.lastIndexOf('\u{e4}llo', 7)", 7),
        ("body.t.lastIndexOf('h', 0)", 0),
        ("body.t.lastIndexOf('\u{e4}', 0)", -1),
        ("body.t.lastIndexOf('l', 3)", 3),
        ("body.t.lastIndexOf('', 3)", 3),
        ("body.t.lastIndexOf('', 30)", 12),
        ("''.indexOf('')", 0),
        ("''.lastIndexOf('a')", -1),
    ] {
        assert_eq!(evaluate(&format!("{call} == {expected}"), &body), Ok(true), "{call}");
    }
    for call in [
        "body.t.indexOf('h', -1)",
        "body.t.indexOf('h', 12)",
        "body.t.lastIndexOf('h', -1)",
        "body.t.lastIndexOf('h', 12)",
        "''.indexOf('a', 0)",
        "body.t.indexOf(1)",
        "body.n.indexOf('a')",
        "body.t.indexOf('a', 'b')",
    ] {
        assert!(evaluate(&format!("{call} == 0"), &body).is_err(), "{call}");
    }
}

#[test]
fn a_text_is_like_a_form_with_stars() {
    for (text, form, expected) in [
        ("prod-db-1", "prod-*", true),
        ("prod-", "prod-*", true),
        ("prod", "prod-*", false),
        ("a-prod-1", "prod-*", false),
        ("a-prod-1", "*-prod-*", true),
        ("", "*", true),
        ("", "", true),
        ("a", "", false),
        ("", "a", false),
        ("any", "***", true),
        ("db.example", "*.example", true),
        ("db.example.org", "*.example", false),
        ("abab", "ab*ab", true),
        // The star stands for no text that is needed twice.
        ("aba", "ab*ba", false),
        ("a-b-c", "a*b*c", true),
        ("a-c-b", "a*b*c", false),
        ("abcbc", "a*bc", true),
        ("a*c", "a*c", true),
        ("A", "a", false),
        ("a.c", "a?c", false),
        ("gr\u{fc}n", "gr*n", true),
        ("x", "[a-z]", false),
    ] {
        let body = json!({"t": text, "f": form});
        assert_eq!(evaluate("like(body.t, body.f)", &body), Ok(expected), "{text:?} like {form:?}");
    }
    for call in ["like(body.n, 'a')", "like('a', body.n)", "like(null, null)"] {
        assert!(evaluate(call, &json!({"n": 1})).is_err(), "{call}");
    }
}

#[test]
fn what_long_texts_cost_grows_with_them() {
    // With the product of two lengths, as in the crate's own functions, this would take hours.
    let half = 2_000_000;
    let body = json!({"t": "a".repeat(2 * half), "p": format!("{}b", "a".repeat(half)), "q": format!("b{}", "a".repeat(half))});
    for source in [
        "body.t.indexOf(body.p) == -1 && body.t.lastIndexOf(body.q) == -1",
        "!isSemver('1.0.0-' + body.t + '!') && !isQuantity(body.t) && isBase64(body.t) && base64.encode(body.t).size() > size(body.t)",
        "!regex.extract(body.t, r'^(?:a|a)*b').hasValue() && ip(body.t) == '' && port('https://a.example/' + body.t) == 443",
        "like(body.t + 'c', 'a*' + body.p + '*c') == false && like(body.t, '*' + body.q.replace('b', '*') + '*a*a')",
        "uriPath('https://a.example/' + body.t.replace('aa', '../a/')) == '/a/' && !uriParameter('https://a.example/?' + body.t.replace('aa', 'a&'), 'b').hasValue()",
    ] {
        assert_eq!(evaluate(source, &body), Ok(true), "{source}");
    }
}
