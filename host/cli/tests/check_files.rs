//! Requests in files: the format of editors, and plain HTTP/1.1.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use bytes::Bytes;
use solgate_author::check::http_file::HttpFile;
use solgate_author::check::message::{Message, ParseError};
use solgate_author::check::raw;

/// The first line, the fields and the body in one text.
fn show(message: &Message) -> String {
    let mut text = format!("{} {}\n", message.method, message.target);
    for (name, value) in &message.fields {
        text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value)));
    }
    text + "\n" + &String::from_utf8_lossy(&message.body)
}

fn http_file(text: &str, name: Option<&str>) -> Result<String, String> {
    let given = [("given".to_owned(), "G".to_owned())];
    let read = |path: &str| match path {
        "./body.json" => Ok(Bytes::from_static(b"{}\n")),
        other => panic!("{other} is not expected to be read"),
    };
    HttpFile::parse(text, &given)
        .and_then(|file| file.request::<ParseError>(name, read))
        .map(|message| show(&message))
        .map_err(|error| error.to_string())
}

#[test]
fn the_editors_format_is_read() {
    let table = [
        ("GET /a\n", "GET /a\n\n"),
        ("/a", "GET /a\n\n"),
        ("http://vnfm/a HTTP/1.1", "GET /a\nHost: vnfm\n\n"),
        ("GET http://vnfm:9890", "GET /\nHost: vnfm:9890\n\n"),
        ("GET https://vnfm?x=1#part HTTP/2", "GET /?x=1\nHost: vnfm\n\n"),
        ("GET vnfm:9890/a", "GET /a\nHost: vnfm:9890\n\n"),
        ("GET http://vnfm/a\nhOST: other", "GET /a\nhOST: other\n\n"),
        // Continued URLs.
        ("GET /a\n  ?x=1\n  &y=2\nAccept: */*", "GET /a?x=1&y=2\nAccept: */*\n\n"),
        ("GET /a HTTP/1.1\n ?x=1", "GET /a?x=1\n\n"),
        // Fields keep spelling, order and repetition.
        ("GET /a\nvErSiOn: 2.0.0\nX-B:  b \nX-B:\nversion:1", "GET /a\nvErSiOn: 2.0.0\nX-B: b\nX-B: \nversion: 1\n\n"),
        // The body is what stands there, without the empty lines that end it.
        ("POST /a\n\n{\n  \"x\": 1\n}\n\n\n", "POST /a\nContent-Length: 12\n\n{\n  \"x\": 1\n}"),
        ("POST /a\r\nX: 1\r\n\r\n{\r\n}\r\n", "POST /a\nX: 1\nContent-Length: 4\n\n{\r\n}"),
        ("POST /a\n\n a \n", "POST /a\nContent-Length: 3\n\n a "),
        ("POST /a\n\na\n\nb", "POST /a\nContent-Length: 4\n\na\n\nb"),
        ("POST /a\n\n# body\n// too\n@x = 1", "POST /a\nContent-Length: 20\n\n# body\n// too\n@x = 1"),
        ("POST /a", "POST /a\nContent-Length: 0\n\n"),
        ("DELETE /a", "DELETE /a\n\n"),
        ("POST /a\ncontent-length: 2\n\n{}\n", "POST /a\ncontent-length: 2\n\n{}"),
        ("POST /a\n\n< ./body.json\n", "POST /a\nContent-Length: 3\n\n{}\n"),
        // Comments, scripts and response handlers.
        ("\u{feff}# one\n// two\n\nGET /a\n# three\nX: 1\n// four\nY: 2", "GET /a\nX: 1\nY: 2\n\n"),
        ("< {%\n  request.variables.set('x', 1)\n%}\nGET /a", "GET /a\n\n"),
        ("< {% one() %}\nGET /a", "GET /a\n\n"),
        ("POST /a\n\n{}\n\n> {%\n  client.test()\n%}\n", "POST /a\nContent-Length: 2\n\n{}"),
        ("POST /a\n\n{}\n<> 2026.json\n", "POST /a\nContent-Length: 2\n\n{}"),
        // Variables.
        (
            "@base = http://vnfm/{{root}}\n@root=vnflcm/v2\nGET {{given}}",
            "line 1: the variable \"root\" is not defined: write @root = VALUE above the request, or use --var root=VALUE",
        ),
        ("@root=vnflcm/v2\n@base = http://vnfm/{{root}}\nGET {{ base }}/a", "GET /vnflcm/v2/a\nHost: vnfm\n\n"),
        ("@given = F\n@copy = {{given}}\nGET /{{given}}{{copy}}", "GET /GG\n\n"),
        (
            "@v = 1\nPOST /a\nX: {{v}}\n\n{\"{{v}}\": {\"a\":{\"b\":2}}}",
            "POST /a\nX: 1\nContent-Length: 20\n\n{\"1\": {\"a\":{\"b\":2}}}",
        ),
        ("POST /a\n\n{{ \"a\": {{}} }}", "POST /a\nContent-Length: 15\n\n{{ \"a\": {{}} }}"),
        ("GET /{{late}}\n\n###\n@late = 1\n", "GET /1\n\n"),
        // Separators.
        ("### first\nGET /1\n\n### second\nGET /2", "GET /1\n\n"),
        ("@x = 1\n\n###\n\n###\nGET /1\n", "GET /1\n\n"),
        ("POST /1\n\nbody\n\n### second\nGET /2", "POST /1\nContent-Length: 4\n\nbody"),
    ];
    for (text, expected) in table {
        let shown = http_file(text, None).unwrap_or_else(|error| error);
        assert_eq!(shown, expected, "{text}");
    }
}

#[test]
fn a_request_is_chosen_by_name() {
    let text =
        "GET /0\n\n### one\nGET /1\n\n###\n# @name two\nGET /2\n\n### three\n// @name = drei\nGET /3\n### one\nGET /4";
    let table = [
        (None, "GET /0\n\n"),
        (Some("two"), "GET /2\n\n"),
        (Some("three"), "GET /3\n\n"),
        (Some("drei"), "GET /3\n\n"),
        (Some("four"), "line 1: no request is named \"four\"; there are \"one\", \"two\", \"three\", \"one\""),
        (Some("one"), "line 14: the name \"one\" is used by more than one request: give them different names"),
    ];
    for (name, expected) in table {
        assert_eq!(http_file(text, name).unwrap_or_else(|error| error), expected, "{name:?}");
    }
    let nameless = http_file("GET /0", Some("x")).unwrap_err();
    assert_eq!(nameless, "line 1: no request is named \"x\"; there are no names in this file");
}

#[test]
fn a_malformed_http_file_is_refused_with_its_line() {
    let request_line =
        "not a request line: expected METHOD URL HTTP/1.1, with single spaces, and spaces in the URL as %20";
    let target = |shown: &str| {
        format!(
            "{shown:?} is not a target: expected a path, or a URL with http:// or https:// and a host, without user, percent-encoded"
        )
    };
    let table = [
        ("", "line 1: no request: expected METHOD URL, such as POST /vnflcm/v2/vnf_instances HTTP/1.1".to_owned()),
        ("# nothing\n@a = 1\n###\n", "line 1: no request: expected METHOD URL, such as POST /vnflcm/v2/vnf_instances HTTP/1.1".to_owned()),
        ("\nGET /a b c HTTP/1.1", format!("line 2: {request_line}")),
        ("GET /a b", format!("line 1: {request_line}")),
        ("GET /a HTTP/3", "line 1: \"HTTP/3\" is not supported: expected HTTP/1.1".to_owned()),
        ("G=T /a", "line 1: \"G=T\" is not a method: expected a token, such as POST".to_owned()),
        ("GET ftp://vnfm/a", format!("line 1: {}", target("ftp://vnfm/a"))),
        ("GET http://user:s3cret@vnfm/a", format!("line 1: {}", target("...@vnfm/a"))),
        ("GET /ü", format!("line 1: {}", target("/ü"))),
        ("GET /a\nVersion 2.0.0", "line 2: \"Version\" does not start a header field: expected NAME: VALUE, or an empty line before the body".to_owned()),
        ("POST /a\n{ \"x\": 1 }", "line 2: \"{\" is not the name of a header field: correct it, or put an empty line before the body".to_owned()),
        ("POST /a\nAuthorization Bearer s3cret:x", "line 2: \"Authorization\" is not the name of a header field: correct it, or put an empty line before the body".to_owned()),
        ("GET /a\nX: 1\n Y: 2", "line 3: a line that continues a header field starts with white space: put the field into one line".to_owned()),
        ("GET /a\nX: s3\u{1}cret", "line 2: the value of X holds a control character: remove it".to_owned()),
        ("@a b = 1\nGET /a", "line 1: @a: expected @NAME = VALUE".to_owned()),
        ("@token\nGET /a", "line 1: @token: expected @NAME = VALUE".to_owned()),
        ("@a = 1\n@a = 2\nGET /a", "line 2: the variable \"a\" is defined twice: remove one of the definitions".to_owned()),
        ("POST /a\n\n{\n{{x}}\n}", "line 4: the variable \"x\" is not defined: write @x = VALUE above the request, or use --var x=VALUE".to_owned()),
        ("GET /{{$guid}}", "line 1: {{$guid}} would differ from run to run: write a value instead".to_owned()),
        ("\n< {%\nx()\nGET /a", "line 2: a script has no end: expected a line with %}".to_owned()),
        ("POST /a\n\n<@ ./x.json", "line 3: a body from a file with variables is not supported: write `< FILE`, or put the body here".to_owned()),
        ("POST /a\nContent-Length: 3\n\n{}", "line 2: Content-Length says 3 bytes, but the body has 2: correct or remove it".to_owned()),
        ("POST /a\nContent-Length: +2\n\n{}", "line 2: Content-Length is not one number: correct or remove it".to_owned()),
        ("POST /a\nTransfer-Encoding: chunked\n\n{}", "line 2: Transfer-Encoding: give the body as it is, without coding, and remove the field".to_owned()),
    ];
    for (text, expected) in table {
        assert_eq!(http_file(text, None).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn plain_http_is_read_byte_for_byte() {
    let table: [(&[u8], &str); 7] = [
        (b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a\nHost: x\n\n"),
        (b"GET /a HTTP/1.1\nHost: x\n\n", "GET /a\nHost: x\n\n"),
        (b"GET /a HTTP/1.1", "GET /a\n\n"),
        // What no client should send is judged as it is sent.
        (b"GET http://x/a?b HTTP/1.1\r\n\r\n", "GET http://x/a?b\n\n"),
        (b"POST /a HTTP/1.1\r\n\r\n{}\r\n\n", "POST /a\nContent-Length: 5\n\n{}\r\n\n"),
        (b"POST /a HTTP/1.1\nContent-Length: 3\n\n{}\n", "POST /a\nContent-Length: 3\n\n{}\n"),
        (
            b"POST /a HTTP/1.1\nvErSion: 2\nVersion: 1\n\n### {{x}}",
            "POST /a\nvErSion: 2\nVersion: 1\nContent-Length: 9\n\n### {{x}}",
        ),
    ];
    for (content, expected) in table {
        let message = raw::parse(&Bytes::from_static(content)).unwrap();
        assert_eq!(show(&message), expected);
    }
    let latin = raw::parse(&Bytes::from_static(b"POST /a HTTP/1.1\nX: \xe9\n\n\xff\x00")).unwrap();
    assert_eq!((latin.fields[0].1.as_slice(), &latin.body[..]), (&b"\xe9"[..], &b"\xff\x00"[..]));
}

#[test]
fn a_malformed_head_is_refused_with_its_line() {
    let request_line =
        "line 1: not a request line: expected METHOD URL HTTP/1.1, with single spaces, and spaces in the URL as %20";
    let table: [(&[u8], &str); 12] = [
        (b"", "line 1: no request: expected METHOD URL, such as POST /vnflcm/v2/vnf_instances HTTP/1.1"),
        (
            b"\r\nGET / HTTP/1.1\r\n",
            "line 1: no request: expected METHOD URL, such as POST /vnflcm/v2/vnf_instances HTTP/1.1",
        ),
        (b"GET /a\r\n\r\n", request_line),
        (b"GET  /a HTTP/1.1\r\n\r\n", request_line),
        (b"GET /a b HTTP/1.1\r\n\r\n", request_line),
        (b"GET /\xff HTTP/1.1\r\n\r\n", "line 1: not UTF-8: save the file as UTF-8"),
        (b"GET /a HTTP/1.0\r\n\r\n", "line 1: \"HTTP/1.0\" is not supported: expected HTTP/1.1"),
        (
            b"GET /a HTTP/1.1\r\nA: 1\r\nB 2\r\n\r\n",
            "line 3: \"B\" does not start a header field: expected NAME: VALUE, or an empty line before the body",
        ),
        (
            b"GET /a HTTP/1.1\nA : 1\n",
            "line 2: \"A\" is not the name of a header field: correct it, or put an empty line before the body",
        ),
        (
            b"GET /a HTTP/1.1\nA: 1\n 2\n",
            "line 3: a line that continues a header field starts with white space: put the field into one line",
        ),
        (b"GET /a HTTP/1.1\nA: 1\rB: 2\n", "line 2: the value of A holds a control character: remove it"),
        (
            b"POST /a HTTP/1.1\nContent-Length: 2\n\n{}\n",
            "line 2: Content-Length says 2 bytes, but the body has 3: correct or remove it",
        ),
    ];
    for (content, expected) in table {
        let error = raw::parse(&Bytes::copy_from_slice(content)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
