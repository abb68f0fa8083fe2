//! Answers of the VNFM to questions for facts.

use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::task::noop_waker_ref;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use solgate::facts::delegated::Delegation;
use solgate::facts::{FactAnswer, FactRequest, FactSource, FactTemplate};

use crate::message::{self, Message};

/// What is kept of an answer.
const MEMBERS: [&str; 3] = ["id", "instantiationState", "a b"];
/// Most questions for one fact: its pages, and one for a query that is not known.
const QUESTIONS: usize = 65;

/// The first line of the input, if it is `list`, asks for a list in pages; each of the
/// parts is an answer. However they are:
///
/// - each question is for the path of the fact, and there is an end to them;
/// - what is found holds the declared members and no others, each as `serde_json` reads
///   it in the answer.
///
/// # Panics
/// If it is not so.
pub fn facts(input: &[u8]) {
    let (list, input) = match input.strip_prefix(b"list\n") {
        Some(rest) => (true, rest),
        None => (false, input),
    };
    let template = template(list);
    let source = Delegation::default().facts();
    let request = FactRequest {
        template: &template,
        variables: &[("vnfInstanceId".to_owned(), "i 1".to_owned())],
        api_root: "/vnflcm/v2",
        headers: &HeaderMap::new(),
        fresh: false,
    };
    let mut fetching = source.fetch(request);
    let mut parts = message::parts(input);
    let mut pages = Vec::new();
    let mut asked = 0;
    let fact = loop {
        if let Poll::Ready(fact) = fetching.poll_unpin(&mut Context::from_waker(noop_waker_ref())) {
            break fact;
        }
        let questions = source.take_questions();
        assert_eq!(questions.len(), 1, "it waits for one answer");
        for question in questions {
            asked += 1;
            check_target(&question.target);
            // Without an answer, the question is dropped.
            if let Some(part) = parts.next() {
                if part.status() == 200 {
                    pages.push(part.body);
                }
                question.answer(answer(&part));
            }
        }
        assert!(asked <= QUESTIONS, "there is no end to the questions");
    };
    assert!(!fact.cached);
    if let FactAnswer::Found { body, .. } = fact.answer {
        let found: Value = serde_json::from_slice(&body).expect("what is found is JSON");
        if let Some(expected) = kept(&pages, list) {
            assert_eq!(found, expected, "from {} pages", pages.len());
        }
    }
}

fn template(list: bool) -> FactTemplate {
    FactTemplate {
        name: "fact".to_owned(),
        path: "/vnf_instances/{vnfInstanceId}".to_owned(),
        query: vec![("filter".to_owned(), Some("(eq,id,{vnfInstanceId})".to_owned()))],
        plain_on_400: true,
        members: MEMBERS.map(str::to_owned).to_vec(),
        list,
    }
}

fn check_target(target: &str) {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    assert_eq!(path, "/vnflcm/v2/vnf_instances/i%201", "{target}");
    assert!(target.bytes().all(|byte| byte > b' ' && byte != 0x7f && byte != b'#'), "{target:?} can be sent");
    assert!(target.parse::<http::Uri>().is_ok(), "{target:?} can be sent");
}

fn answer(part: &Message<'_>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(part.body));
    *response.status_mut() = StatusCode::from_u16(part.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in &part.fields {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// What a plain reader keeps of these pages; `None` if it cannot read something in them
/// that is dropped: it is only required to be JSON.
fn kept(pages: &[&[u8]], list: bool) -> Option<Value> {
    let read = |page: &&[u8]| {
        serde_json::from_slice::<IgnoredAny>(page).expect("a page that was taken is JSON");
        serde_json::from_slice::<Value>(page).ok()
    };
    let read: Vec<Value> = pages.iter().map(read).collect::<Option<_>>()?;
    if !list {
        return Some(reduced(read.into_iter().next().expect("it was found in an answer")));
    }
    let items = read.into_iter().flat_map(|page| match page {
        Value::Array(items) => items,
        other => panic!("a page that was taken is an array, not {other}"),
    });
    Some(items.map(reduced).collect())
}

fn reduced(object: Value) -> Value {
    let Value::Object(members) = object else { panic!("what was taken is an object, not {object}") };
    let declared = members.into_iter().filter(|(name, _)| MEMBERS.contains(&name.as_str()));
    Value::Object(declared.collect::<Map<_, _>>())
}
