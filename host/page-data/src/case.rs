//! Cases as the page reads them: ready to run, with nothing left to look up. What is JSON
//! is a text in them, because a browser's own reader rounds large numbers.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;
use serde::Serialize;
use solgate_cases::{Case, FactGiven, Verdict};
use solgate_contract::verdict::{Caller, Mode, Setting};

/// A case of a policy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Given<'c> {
    name: &'c str,
    /// The file that it stands in, such as `tests/terminate.yaml`, and the line.
    file: &'c str,
    line: usize,
    request: Request<'c>,
    context: Context<'c>,
    expect: Expect<'c>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'c> {
    method: &'c str,
    target: &'c str,
    /// Names in lower case.
    fields: &'c [(String, String)],
    body: Body<'c>,
    body_complete: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Body<'c> {
    Text(Cow<'c, str>),
    /// What is not UTF-8.
    Base64(String),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'c> {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    received_at: u64,
    mode: &'static str,
    caller: Option<CallerGiven<'c>>,
    facts: BTreeMap<&'c str, Fact<'c>>,
    /// Names and JSON texts.
    options: Vec<(&'c str, String)>,
    /// Rules and severities.
    severities: Vec<(&'c str, &'static str)>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CallerGiven<'c> {
    subject: Option<&'c str>,
    tenant: Option<&'c str>,
    roles: &'c [String],
    scopes: &'c [String],
    certificate_names: &'c [String],
    source_address: Option<&'c str>,
}

/// What the VNFM answers, before it is reduced to the members that the policy declares.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "answer")]
enum Fact<'c> {
    Found { etag: Option<&'c str>, body: String },
    Absent,
    Withheld,
    Unavailable,
}

/// The verdict that a case must get; what is null or empty is not checked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Expect<'c> {
    /// The status of a denial; without one, the request is allowed.
    status: Option<u16>,
    rules: Option<&'c BTreeSet<String>>,
    pointers: &'c [String],
    header: Option<&'c str>,
    parameter: Option<&'c str>,
    mentions: &'c [String],
    omits: &'c [String],
    warns: Option<&'c BTreeSet<String>>,
    audits: Option<&'c BTreeSet<String>>,
    fields: &'c BTreeMap<String, String>,
    asks: Option<&'c BTreeSet<String>>,
}

impl<'c> From<&'c Case> for Given<'c> {
    fn from(case: &'c Case) -> Self {
        Self {
            name: &case.name,
            file: &case.file,
            line: case.line,
            request: Request {
                method: &case.method,
                target: &case.target,
                fields: &case.fields,
                body: match std::str::from_utf8(&case.body) {
                    Ok(text) => Body::Text(text.into()),
                    Err(_) => Body::Base64(BASE64.encode(&case.body)),
                },
                body_complete: case.body_complete,
            },
            context: context(case),
            expect: expect(&case.expect),
        }
    }
}

fn context(case: &Case) -> Context<'_> {
    Context {
        received_at: case.at,
        mode: match case.mode {
            Mode::Enforce => "enforce",
            Mode::Monitor => "monitor",
        },
        caller: case.caller.as_ref().map(caller),
        facts: case.facts.iter().map(|(name, given)| (name.as_str(), fact(given))).collect(),
        options: case
            .settings
            .iter()
            .filter_map(|setting| match setting {
                Setting::Option { name, value } => Some((name.as_str(), value.to_string())),
                Setting::Severity { .. } => None,
            })
            .collect(),
        severities: case
            .settings
            .iter()
            .filter_map(|setting| match setting {
                Setting::Severity { rule, severity } => Some((rule.as_str(), severity.name())),
                Setting::Option { .. } => None,
            })
            .collect(),
    }
}

fn caller(caller: &Caller) -> CallerGiven<'_> {
    CallerGiven {
        subject: caller.subject.as_deref(),
        tenant: caller.tenant.as_deref(),
        roles: &caller.roles,
        scopes: &caller.scopes,
        certificate_names: &caller.certificate_names,
        source_address: caller.source_address.as_deref(),
    }
}

fn fact(given: &FactGiven) -> Fact<'_> {
    match given {
        FactGiven::Found { etag, body } => Fact::Found { etag: etag.as_deref(), body: body.to_string() },
        FactGiven::Absent => Fact::Absent,
        FactGiven::Withheld => Fact::Withheld,
        FactGiven::Unavailable => Fact::Unavailable,
    }
}

fn expect(expect: &solgate_cases::Expect) -> Expect<'_> {
    Expect {
        status: match expect.verdict {
            Verdict::Allow => None,
            Verdict::Deny(status) => Some(status),
        },
        rules: expect.rules.as_ref(),
        pointers: &expect.pointers,
        header: expect.header.as_deref(),
        parameter: expect.parameter.as_deref(),
        mentions: &expect.mentions,
        omits: &expect.omits,
        warns: expect.warns.as_ref(),
        audits: expect.audits.as_ref(),
        fields: &expect.fields,
        asks: expect.asks.as_ref(),
    }
}
