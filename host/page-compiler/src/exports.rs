//! The core exports through which a page asks. It makes room with `solgate-reserve`, writes its question
//! there, calls one of the functions, and reads as many bytes as that returns at `solgate-answer`.
//! `solgate-failed` says whether they are words that say why there is no answer.
#![allow(unsafe_code, reason = "exports have names of their own")]

use std::cell::RefCell;

use serde_json::Value;

use crate::desk::{Desk, Fault};

thread_local! {
    static PLACE: RefCell<Place> = RefCell::default();
}

#[derive(Default)]
struct Place {
    desk: Desk,
    question: Vec<u8>,
    answer: Vec<u8>,
    has_failed: bool,
    /// Where the core module stands in the file that was baked last.
    module: (usize, usize),
}

/// Makes room for a question of `length` bytes and says where it is.
#[unsafe(export_name = "solgate-reserve")]
extern "C" fn reserve(length: usize) -> *mut u8 {
    PLACE.with_borrow_mut(|place| {
        place.question.clear();
        place.question.resize(length, 0);
        place.question.as_mut_ptr()
    })
}

/// Where the last answer is.
#[unsafe(export_name = "solgate-answer")]
extern "C" fn answer() -> *const u8 {
    PLACE.with_borrow(|place| place.answer.as_ptr())
}

/// Whether the last answer says why there is none.
#[unsafe(export_name = "solgate-failed")]
extern "C" fn failed() -> u32 {
    PLACE.with_borrow(|place| u32::from(place.has_failed))
}

#[unsafe(export_name = "solgate-compile")]
extern "C" fn compile() -> usize {
    ask(|desk, question| text(desk.compile(question)?))
}

#[unsafe(export_name = "solgate-complete")]
extern "C" fn complete() -> usize {
    ask(|desk, question| text(desk.complete(question)?))
}

#[unsafe(export_name = "solgate-explain")]
extern "C" fn explain() -> usize {
    ask(|desk, question| text(desk.explain(question)?))
}

#[unsafe(export_name = "solgate-subject")]
extern "C" fn subject() -> usize {
    ask(|desk, _| text(desk.subject()?))
}

#[unsafe(export_name = "solgate-prepare")]
extern "C" fn prepare() -> usize {
    ask(|desk, engine| desk.prepare(engine))
}

#[unsafe(export_name = "solgate-data")]
extern "C" fn data() -> usize {
    ask(|desk, _| desk.data())
}

/// The file; `solgate-module-start` and `solgate-module-end` say where its core module is.
#[unsafe(export_name = "solgate-bake")]
extern "C" fn bake() -> usize {
    let mut module = (0, 0);
    let length = ask(|desk, state| {
        let baked = desk.bake(state)?;
        module = (baked.module.start, baked.module.end);
        Ok(baked.component)
    });
    PLACE.with_borrow_mut(|place| place.module = module);
    length
}

#[unsafe(export_name = "solgate-module-start")]
extern "C" fn module_start() -> usize {
    PLACE.with_borrow(|place| place.module.0)
}

#[unsafe(export_name = "solgate-module-end")]
extern "C" fn module_end() -> usize {
    PLACE.with_borrow(|place| place.module.1)
}

/// Has the desk answer the question that was written; how many bytes the answer has.
fn ask(answer: impl FnOnce(&mut Desk, &[u8]) -> Result<Vec<u8>, Fault>) -> usize {
    PLACE.with_borrow_mut(|place| {
        let question = std::mem::take(&mut place.question);
        let answer = answer(&mut place.desk, &question);
        place.has_failed = answer.is_err();
        place.answer = answer.unwrap_or_else(|fault| fault.to_string().into_bytes());
        place.answer.len()
    })
}

fn text(answer: Value) -> Result<Vec<u8>, Fault> {
    Ok(serde_json::to_vec(&answer)?)
}
