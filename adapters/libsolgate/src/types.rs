//! What the functions take and give.

use std::ffi::c_char;

/// Version of this interface. It grows with every change that a program can
/// notice; solgate_abi_version() says that of the library.
pub const SOLGATE_ABI_VERSION: u32 = 1;

/// Dispatch the request to the VNFM.
pub const SOLGATE_ALLOW: i32 = 0;
/// Send the answer instead.
pub const SOLGATE_DENY: i32 = 1;
/// Put the questions to the VNFM, supply the replies, and evaluate again.
pub const SOLGATE_NEED: i32 = 2;

/// Bytes, mostly of a text; without a NUL at their end. `data` may be NULL if
/// `length` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    pub data: *const c_char,
    pub length: usize,
}

/// A header field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Field {
    pub name: Text,
    pub value: Text,
}

/// A request as the server has received it and will forward it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Request {
    pub method: Text,
    /// Exactly as received: path and query, percent-encoded.
    pub target: Text,
    /// All of them in order, repeated ones repeated.
    pub fields: *const Field,
    pub field_count: usize,
    /// Without transfer coding.
    pub body: Text,
    /// False if `body` is only the start of it, of at least
    /// solgate_gate_body_limit() bytes. Such a request is never allowed.
    pub body_complete: bool,
    /// IP address of the client, without port; or empty.
    pub source_address: Text,
    /// What the server has verified about the caller, or empty: a JSON object with
    /// any of `subject`, `tenant` (texts), `roles`, `scopes`, `certificateNames`
    /// (lists of texts).
    pub caller: Text,
}

/// A GET that is to be put to the VNFM.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Question {
    /// Path and query below the VNFM's base URL.
    pub target: Text,
    /// All fields to send, but Host.
    pub fields: *const Field,
    pub field_count: usize,
}

/// What the VNFM has answered to a question.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Reply {
    /// 0 if there was no answer in time.
    pub status: u16,
    pub fields: *const Field,
    pub field_count: usize,
    /// Without transfer coding.
    pub body: Text,
}

/// What becomes of the request.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Answer {
    /// The status to answer, or 0: the request is allowed.
    pub status: u16,
    /// The fields of the answer, but Content-Length; for a request that is allowed,
    /// fields to add to the VNFM's answer.
    pub fields: *const Field,
    pub field_count: usize,
    /// ProblemDetails; empty for a request that is allowed. An answer to HEAD goes
    /// out without it.
    pub body: Text,
    /// A JSON object in one line, for a log: no body, no query, no credential.
    pub decision: Text,
}
