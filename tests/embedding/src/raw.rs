//! `solgate.h` in Rust, written down from the header as any other language would.

use std::ffi::{c_char, c_void};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    pub data: *const c_char,
    pub length: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Field {
    pub name: Text,
    pub value: Text,
}

#[repr(C)]
pub struct Request {
    pub method: Text,
    pub target: Text,
    pub fields: *const Field,
    pub field_count: usize,
    pub body: Text,
    pub body_complete: bool,
    pub source_address: Text,
    pub caller: Text,
}

#[repr(C)]
pub struct Question {
    pub target: Text,
    pub fields: *const Field,
    pub field_count: usize,
}

#[repr(C)]
pub struct Reply {
    pub status: u16,
    pub fields: *const Field,
    pub field_count: usize,
    pub body: Text,
}

#[repr(C)]
pub struct Answer {
    pub status: u16,
    pub fields: *const Field,
    pub field_count: usize,
    pub body: Text,
    pub decision: Text,
}

pub type Gate = c_void;
pub type Evaluation = c_void;

/// The functions of the library.
pub struct Functions {
    pub abi_version: unsafe extern "C" fn() -> u32,
    pub gate_new: unsafe extern "C" fn(*const c_char, usize, *mut c_char, usize) -> *mut Gate,
    pub gate_free: unsafe extern "C" fn(*mut Gate),
    pub gate_body_limit: unsafe extern "C" fn(*const Gate) -> usize,
    pub gate_facts_timeout: unsafe extern "C" fn(*const Gate) -> u32,
    pub evaluation_new: unsafe extern "C" fn(*const Gate, *const Request) -> *mut Evaluation,
    pub evaluation_refused: unsafe extern "C" fn(*const Gate, u16, u64, Text) -> *mut Evaluation,
    pub evaluation_free: unsafe extern "C" fn(*mut Evaluation),
    pub evaluate: unsafe extern "C" fn(*mut Evaluation) -> i32,
    pub question_count: unsafe extern "C" fn(*const Evaluation) -> usize,
    pub question_get: unsafe extern "C" fn(*const Evaluation, usize, *mut Question) -> bool,
    pub supply: unsafe extern "C" fn(*mut Evaluation, usize, *const Reply) -> bool,
    pub answer_get: unsafe extern "C" fn(*const Evaluation, *mut Answer) -> bool,
}

impl Functions {
    /// # Errors
    /// The library lacks one of them.
    pub fn of(library: &libloading::Library) -> Result<Self, libloading::Error> {
        // SAFETY: the types are those of the header.
        unsafe {
            Ok(Self {
                abi_version: *library.get(c"solgate_abi_version")?,
                gate_new: *library.get(c"solgate_gate_new")?,
                gate_free: *library.get(c"solgate_gate_free")?,
                gate_body_limit: *library.get(c"solgate_gate_body_limit")?,
                gate_facts_timeout: *library.get(c"solgate_gate_facts_timeout")?,
                evaluation_new: *library.get(c"solgate_evaluation_new")?,
                evaluation_refused: *library.get(c"solgate_evaluation_refused")?,
                evaluation_free: *library.get(c"solgate_evaluation_free")?,
                evaluate: *library.get(c"solgate_evaluate")?,
                question_count: *library.get(c"solgate_question_count")?,
                question_get: *library.get(c"solgate_question_get")?,
                supply: *library.get(c"solgate_supply")?,
                answer_get: *library.get(c"solgate_answer_get")?,
            })
        }
    }
}

/// The bytes of a text that the library lends.
///
/// # Safety
/// It comes from the library and still holds.
#[must_use]
pub unsafe fn bytes(text: Text) -> Vec<u8> {
    if text.length == 0 {
        return Vec::new();
    }
    // SAFETY: as the caller says.
    unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.length) }.to_vec()
}

/// # Safety
/// As for [`bytes`].
#[must_use]
pub unsafe fn fields(fields: *const Field, count: usize) -> Vec<(String, String)> {
    if count == 0 {
        return Vec::new();
    }
    // SAFETY: as the caller says.
    let text = |text| String::from_utf8_lossy(&unsafe { bytes(text) }).into_owned();
    // SAFETY: as the caller says.
    let fields = unsafe { std::slice::from_raw_parts(fields, count) };
    fields.iter().map(|field| (text(field.name), text(field.value))).collect()
}

/// A text that is lent to the library.
#[must_use]
pub fn lend(bytes: &[u8]) -> Text {
    Text { data: bytes.as_ptr().cast(), length: bytes.len() }
}

/// Fields that are lent to the library.
#[must_use]
pub fn lend_fields<T: AsRef<[u8]>>(fields: &[(T, T)]) -> Vec<Field> {
    fields.iter().map(|(name, value)| Field { name: lend(name.as_ref()), value: lend(value.as_ref()) }).collect()
}
