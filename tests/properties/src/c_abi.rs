//! The C library, as a program in another language calls it.

use std::sync::LazyLock;

use serde_json::Value;
use solgate_embedding::{Answer, Evaluation, Gate, Reply, Request, Step};

use crate::message::{self, Message};

/// Most rounds of questions that one request may take: the pages of its facts.
const ROUNDS: usize = 64;

static GATE: LazyLock<Gate> = LazyLock::new(|| Gate::new("").expect("the built-in policy loads"));

/// The first part of the input is a request, the others are replies to the questions
/// of the library, in the order in which they are asked. A first line `configuration`
/// makes the rest the configuration of a gate instead. Whatever they are:
///
/// - a configuration is refused with words, or gives a gate that judges;
/// - an evaluation ends, and says the same when it is asked again;
/// - a denial is ProblemDetails with a status of an error, but never that of a failure;
/// - a call at the wrong time does nothing.
///
/// # Panics
/// If it is not so.
pub fn c_abi(input: &[u8]) {
    match message::split_once(input, b"\n") {
        Some((b"configuration", text)) => match Gate::from_bytes(text) {
            Ok(gate) => drop(judge(&gate, b"GET /vnflcm/v2/vnf_instances\nversion: 2.0.0")),
            Err(reason) => assert!(reason.len() > 10, "{reason:?}"),
        },
        _ => assert_eq!(judge(&GATE, input), judge(&GATE, input), "once more"),
    }
}

/// The status of the answer; 0 if the request is allowed.
fn judge(gate: &Gate, input: &[u8]) -> u16 {
    let mut parts = message::parts(input);
    let message = parts.next().expect("there is a first part");
    let request = request(&message);
    let mut evaluation = gate.evaluation(&request);
    // A request that cannot be read is refused at once.
    let at_once = evaluation.answer();
    assert!(!evaluation.supply(0, &Reply::new(200, "{}")), "before there is a question");
    let mut rounds = 0;
    let step = loop {
        match evaluation.evaluate() {
            Step::Need(questions) => {
                assert!(!questions.is_empty(), "it asks for something");
                assert!(questions.iter().all(|question| question.target.starts_with('/')), "{questions:?}");
                answer_all(&mut evaluation, questions.len(), &mut parts);
            }
            step => break step,
        }
        rounds += 1;
        assert!(rounds < ROUNDS, "there is no end to the questions");
    };
    let answer = evaluation.answer().expect("it has ended");
    assert!(at_once.is_none_or(|first| first == answer), "once more");
    assert_eq!(evaluation.evaluate(), step, "asked again");
    assert_eq!(evaluation.answer().as_ref(), Some(&answer), "asked again");
    assert!(!evaluation.supply(0, &Reply::new(200, "{}")), "there is no question any more");
    check(&answer, &step);
    // What the server says of a caller is its own matter, and so is a failure in it.
    let of_server = !request.caller.is_empty() || !request.source_address.is_empty();
    assert!(answer.status != 500 || of_server, "{answer:?}");
    answer.status
}

fn request<'i>(message: &Message<'i>) -> Request<&'i [u8]> {
    let (method, target) = message.request_line();
    let named =
        |name: &[u8]| message.fields.iter().find(|(have, _)| *have == name).map_or(&b""[..], |(_, value)| value);
    Request {
        method,
        target,
        fields: message.fields.clone(),
        body: message.body.to_vec(),
        body_complete: named(b"x-incomplete").is_empty(),
        source_address: named(b"x-source-address"),
        caller: named(b"x-caller"),
    }
}

/// From the last to the first, and each twice.
fn answer_all<'i>(evaluation: &mut Evaluation, count: usize, parts: &mut impl Iterator<Item = Message<'i>>) {
    for index in (0..count).rev() {
        let part = parts.next().unwrap_or_default();
        let reply = Reply { status: part.status(), fields: part.fields, body: part.body.to_vec() };
        assert!(evaluation.supply(index, &reply), "the first reply is taken");
        assert!(!evaluation.supply(index, &reply), "a second is not");
    }
    assert!(!evaluation.supply(count, &Reply::new(200, "{}")), "there is no such question");
}

fn check(answer: &Answer, step: &Step) {
    let decision: Value = serde_json::from_str(&answer.decision).expect("the decision is JSON");
    assert!(decision.is_object() && !answer.decision.contains('\n'), "in one line");
    if *step == Step::Allow {
        assert_eq!((answer.status, answer.body.len()), (0, 0));
        return;
    }
    assert!((400..600).contains(&answer.status), "{answer:?}");
    let problem: Value = serde_json::from_slice(&answer.body).expect("the body is JSON");
    assert_eq!(problem["status"], answer.status);
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
}
