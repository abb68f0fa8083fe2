//! The functions of the library.
//!
//! None of them lets a panic out: it becomes the answer that stands for a
//! failure. All of them take NULL. What else a program has to keep to is written
//! at each, because these comments are those of the header; that is what
//! "the header asks for it" below refers to.
#![expect(unsafe_code, reason = "C hands pointers over, and symbols need their plain names")]

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::evaluation::Evaluation;
use crate::gate::Gate;
use crate::lent::text;
use crate::received;
use crate::refusal;
use crate::types::{Answer, Question, Reply, Request, SOLGATE_ABI_VERSION, SOLGATE_DENY, Text};

/// `body`, or `otherwise` if it panics.
fn guarded<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// The SOLGATE_ABI_VERSION that this library was built with. A program refuses one
/// that is not its own.
#[unsafe(no_mangle)]
pub extern "C" fn solgate_abi_version() -> u32 {
    SOLGATE_ABI_VERSION
}

/// Loads policies. Takes some seconds the first time; the environment variable
/// SOLGATE_CACHE_DIR names a folder, of the process's user and with mode 700, in
/// which compiled policies are kept for the next start.
///
/// Create a gate after any fork: the thread that cuts a looping policy off does not
/// survive one. A gate from before it judges no request.
///
/// `configuration` is YAML or JSON with the members that an upstream has in
/// solgate.yaml: policies, set, severity, mode, isolation, facts, factFailure,
/// problem. An empty one stands for the built-in policy, enforced.
///
/// Returns NULL if there is something wrong with it; what that is then stands in
/// `error`, at most `error_size` bytes with the NUL at the end. `error` may be NULL.
/// The gate belongs to the caller; any number of threads may use it at once.
///
/// `configuration` must lead to `length` bytes, `error` to `error_size`; or be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_gate_new(
    configuration: *const c_char,
    length: usize,
    error: *mut c_char,
    error_size: usize,
) -> *mut Gate {
    // SAFETY: the header asks for it.
    let configuration = unsafe { received::bytes(Text { data: configuration, length }) };
    let made = guarded(Err("the gate could not be made: it panicked".to_owned()), || {
        Gate::new(configuration).map_err(|error| error.to_string())
    });
    match made {
        Ok(gate) => Box::into_raw(Box::new(gate)),
        Err(reason) => {
            if !error.is_null() && error_size > 0 {
                let end = reason.floor_char_boundary(error_size.saturating_sub(1));
                // SAFETY: `end` is less than the room that there is, and the reason is
                // not shorter.
                unsafe {
                    std::ptr::copy_nonoverlapping(reason.as_ptr().cast::<c_char>(), error, end);
                    error.add(end).write(0);
                }
            }
            std::ptr::null_mut()
        }
    }
}

/// Gives a gate back. Its evaluations go on. NULL is fine.
///
/// `gate` must come from solgate_gate_new() and not be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_gate_free(gate: *mut Gate) {
    if !gate.is_null() {
        // SAFETY: the header asks for it.
        let gate = unsafe { Box::from_raw(gate) };
        guarded((), || drop(gate));
    }
}

/// Bytes of a body that need to be read: if there are more, the rest makes no
/// difference. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_gate_body_limit(gate: *const Gate) -> usize {
    // SAFETY: the header asks for it.
    guarded(0, || unsafe { gate.as_ref() }.map_or(0, Gate::body_limit))
}

/// Milliseconds after which a question counts as not answered. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_gate_facts_timeout(gate: *const Gate) -> u32 {
    // SAFETY: the header asks for it.
    guarded(0, || unsafe { gate.as_ref() }.map_or(0, Gate::facts_timeout))
}

/// Begins to judge a request. All of it is copied. A request that cannot be read
/// is denied.
///
/// The evaluation belongs to the caller. One thread at a time may use it; the gate
/// may be freed before it. Returns NULL if one of the arguments is NULL.
///
/// All pointers in `request` must lead to what they are said to, until this
/// returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_evaluation_new(gate: *const Gate, request: *const Request) -> *mut Evaluation {
    // SAFETY: the header asks for it.
    let (Some(gate), Some(request)) = (unsafe { (gate.as_ref(), request.as_ref()) }) else {
        return std::ptr::null_mut();
    };
    guarded(std::ptr::null_mut(), || {
        // SAFETY: the header asks for it.
        let request = unsafe { received::request(request) };
        Box::into_raw(Box::new(gate.evaluation(request)))
    })
}

/// Begins an evaluation that is over: the answer, in the gate's words, to a request
/// that the server itself refuses or fails on. `status` is what the server would
/// answer: 400 it cannot read the head, 404 it has no VNFM for the request, 408 the
/// request does not come, 413, 414, 431 body, target or head are too large, 502 the
/// VNFM gives no proper answer, 503 the server can take no more requests, 504 the VNFM
/// does not answer in time, 505 the version of HTTP is not known; anything else
/// stands for a failure of the server and is answered with 500. `limit` is what was
/// gone beyond, in bytes or seconds. `target` may be empty.
///
/// The evaluation belongs to the caller; it needs no solgate_evaluate(). Returns
/// NULL if `gate` is NULL.
///
/// `target` must lead to what it is said to, until this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_evaluation_refused(
    gate: *const Gate,
    status: u16,
    limit: u64,
    target: Text,
) -> *mut Evaluation {
    // SAFETY: the header asks for it.
    let Some(gate) = (unsafe { gate.as_ref() }) else {
        return std::ptr::null_mut();
    };
    guarded(std::ptr::null_mut(), || {
        // SAFETY: the header asks for it.
        let target = String::from_utf8_lossy(unsafe { received::bytes(target) }).into_owned();
        Box::into_raw(Box::new(gate.refused(target, &refusal::fault(status, limit))))
    })
}

/// Gives an evaluation back, wherever it has got to. NULL is fine.
///
/// `evaluation` must come from solgate_evaluation_new() or
/// solgate_evaluation_refused() and not be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_evaluation_free(evaluation: *mut Evaluation) {
    if !evaluation.is_null() {
        // SAFETY: the header asks for it.
        let evaluation = unsafe { Box::from_raw(evaluation) };
        guarded((), || drop(evaluation));
    }
}

/// Judges as far as that is possible: SOLGATE_ALLOW, SOLGATE_DENY or SOLGATE_NEED.
///
/// After SOLGATE_NEED the program puts the questions to the VNFM, supplies a reply to
/// each, with status 0 if there is none, and evaluates again; there may then be more
/// questions. One that has no reply when another has counts as not answered. Without
/// any reply, and when there is an answer, evaluating again says the same again. A
/// failure within the library, and NULL, is SOLGATE_DENY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_evaluate(evaluation: *mut Evaluation) -> i32 {
    // SAFETY: the header asks for it.
    guarded(SOLGATE_DENY, || unsafe { evaluation.as_mut() }.map_or(SOLGATE_DENY, Evaluation::evaluate))
}

/// How many questions there are; 0 unless solgate_evaluate() has said
/// SOLGATE_NEED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_question_count(evaluation: *const Evaluation) -> usize {
    // SAFETY: the header asks for it.
    guarded(0, || unsafe { evaluation.as_ref() }.map_or(0, |evaluation| evaluation.questions().len()))
}

/// Gives the question with this index, from 0. Its pointers hold until the next
/// solgate_evaluate() or solgate_evaluation_free(). Returns false if there is no
/// such question.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_question_get(
    evaluation: *const Evaluation,
    index: usize,
    question: *mut Question,
) -> bool {
    // SAFETY: the header asks for it.
    let Some(open) = (unsafe { evaluation.as_ref() }).and_then(|evaluation| evaluation.questions().get(index)) else {
        return false;
    };
    if question.is_null() {
        return false;
    }
    let given =
        Question { target: text(open.target.as_bytes()), fields: open.fields.as_ptr(), field_count: open.fields.len() };
    // SAFETY: the header asks for it, and it is not NULL.
    unsafe { question.write(given) };
    true
}

/// Supplies what the VNFM has answered to the question with this index. All of it
/// is copied. Returns false if there is no such question or it has its reply.
///
/// All pointers in `reply` must lead to what they are said to, until this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_supply(evaluation: *mut Evaluation, index: usize, reply: *const Reply) -> bool {
    // SAFETY: the header asks for it.
    let (Some(evaluation), Some(reply)) = (unsafe { (evaluation.as_mut(), reply.as_ref()) }) else {
        return false;
    };
    // SAFETY: the header asks for it.
    guarded(false, || evaluation.supply(index, unsafe { received::reply(reply) }))
}

/// Gives the answer, when solgate_evaluate() has said SOLGATE_ALLOW or
/// SOLGATE_DENY. Its pointers hold until the evaluation is freed. Returns false if
/// there is none yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solgate_answer_get(evaluation: *const Evaluation, answer: *mut Answer) -> bool {
    // SAFETY: the header asks for it.
    let Some(given) = (unsafe { evaluation.as_ref() }).and_then(Evaluation::answer) else {
        return false;
    };
    if answer.is_null() {
        return false;
    }
    let given = Answer {
        status: given.status,
        fields: given.fields.as_ptr(),
        field_count: given.fields.len(),
        body: text(&given.body),
        decision: text(given.decision.as_bytes()),
    };
    // SAFETY: the header asks for it, and it is not NULL.
    unsafe { answer.write(given) };
    true
}
