//! The requests, from tests/parsers.

use data_encoding::BASE64;
use serde::Deserialize;
use solgate_tests::workspace;

/// One request as it is sent.
pub struct Case {
    pub name: String,
    pub bytes: Vec<u8>,
    /// The rule that refuses it; it passes if there is none.
    pub expect: Option<String>,
    /// Why a parser may read it differently although it passes.
    pub differs: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    /// JSON of an unknown member.
    value: Option<String>,
    /// The whole body.
    text: Option<String>,
    base64: Option<String>,
    expect: String,
    differs: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    target: Option<String>,
    fields: Option<Vec<String>>,
    /// The whole head.
    head: Option<String>,
    expect: String,
    differs: Option<String>,
}

const VERSION: &str = "Version: 2.0.0";
const ACCEPT: &str = "Accept: application/json";

/// Bodies of a request to subscribe, which asks the VNFM for nothing.
pub fn bodies() -> Vec<Case> {
    read("bodies.json", |case: Body| {
        let content = match (case.value, case.text, case.base64) {
            (Some(value), None, None) => {
                format!(r#"{{"callbackUri":"http://nfvo.example/cb","x":{value}}}"#).into_bytes()
            }
            (None, Some(text), None) => text.into_bytes(),
            (None, None, Some(base64)) => BASE64.decode(base64.as_bytes()).expect("it is base64"),
            _ => panic!("{}: a case has one body", case.name),
        };
        let mut bytes = format!(
            "POST /vnflcm/v2/subscriptions HTTP/1.1\r\nHost: vnfm.example\r\nConnection: close\r\n{VERSION}\r\n{ACCEPT}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            content.len()
        )
        .into_bytes();
        bytes.extend(content);
        Case { name: case.name, bytes, expect: rule(case.expect), differs: case.differs }
    })
}

/// Heads of a request without a body.
pub fn heads() -> Vec<Case> {
    read("heads.json", |case: Head| {
        let bytes = case.head.unwrap_or_else(|| {
            let target = case.target.unwrap_or_else(|| "/vnflcm/v2/vnf_instances".to_owned());
            let fields = case.fields.unwrap_or_else(|| vec![VERSION.to_owned(), ACCEPT.to_owned()]).join("\r\n");
            format!("GET {target} HTTP/1.1\r\n{fields}\r\nHost: vnfm.example\r\nConnection: close\r\n\r\n")
        });
        Case { name: case.name, bytes: bytes.into_bytes(), expect: rule(case.expect), differs: case.differs }
    })
}

fn rule(expect: String) -> Option<String> {
    (expect != "passes").then_some(expect)
}

fn read<T: for<'de> Deserialize<'de>>(file: &str, case: impl Fn(T) -> Case) -> Vec<Case> {
    let text = std::fs::read_to_string(workspace().join("tests/parsers").join(file)).expect("it is readable");
    let cases: Vec<T> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    cases.into_iter().map(case).collect()
}
