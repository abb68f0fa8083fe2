//! A program that embeds Solgate through `libsolgate.so`, as tests need one: it
//! loads the library that `make build` leaves, like a server in another language.
//!
//! [`Gate`] and [`Evaluation`] are safe to use; [`raw`] is the interface itself.

pub mod raw;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use raw::Functions;

/// Where `make build` leaves the library.
#[must_use]
pub fn path() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/libsolgate.so")).to_owned()
}

/// The functions of the library, which stays loaded.
///
/// # Panics
/// If it is missing, or lacks one of them.
pub fn functions() -> &'static Functions {
    static LOADED: OnceLock<(libloading::Library, Functions)> = OnceLock::new();
    let (_, functions) = LOADED.get_or_init(|| {
        let path = path();
        assert!(path.is_file(), "{} is missing: run `make build`", path.display());
        // SAFETY: it runs nothing when it is loaded.
        let library = unsafe { libloading::Library::new(&path) }.expect("it loads");
        let functions = Functions::of(&library).expect("it has all functions");
        (library, functions)
    });
    functions
}

/// A gate of the library.
pub struct Gate(*mut raw::Gate);

// SAFETY: the header allows any number of threads.
unsafe impl Send for Gate {}
// SAFETY: the header allows any number of threads.
unsafe impl Sync for Gate {}

/// A request to judge; what should be text need not be.
#[derive(Debug, Clone, Default)]
pub struct Request<T = String> {
    pub method: T,
    pub target: T,
    pub fields: Vec<(T, T)>,
    pub body: Vec<u8>,
    pub body_complete: bool,
    pub source_address: T,
    pub caller: T,
}

/// One request being judged.
pub struct Evaluation(*mut raw::Evaluation);

// SAFETY: the header asks for one thread at a time.
unsafe impl Send for Evaluation {}

/// What an evaluation has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Allow,
    Deny,
    Need(Vec<Question>),
}

/// A GET that is to be put to the VNFM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub target: String,
    pub fields: Vec<(String, String)>,
}

/// What the VNFM answers.
#[derive(Debug, Clone, Default)]
pub struct Reply<T = String> {
    pub status: u16,
    pub fields: Vec<(T, T)>,
    pub body: Vec<u8>,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub decision: String,
}

impl Request {
    /// A complete request with Version and Accept and without body, from nobody.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        let request =
            Self { method: method.to_owned(), target: target.to_owned(), body_complete: true, ..Self::default() };
        request.field("Version", "2.0.0").field("Accept", "application/json")
    }

    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self.field("Content-Type", "application/json")
    }
}

impl Reply {
    #[must_use]
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, fields: Vec::new(), body: body.as_bytes().to_vec() }
    }

    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Gate {
    /// # Errors
    /// What the library says is wrong with the configuration.
    pub fn new(configuration: &str) -> Result<Self, String> {
        Self::from_bytes(configuration.as_bytes())
    }

    /// As [`new`](Self::new), with what need not be text.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// If the library does not end what it says.
    pub fn from_bytes(configuration: &[u8]) -> Result<Self, String> {
        let mut error = [0u8; 1024];
        // SAFETY: both lead to as many bytes as is said.
        let gate = unsafe {
            (functions().gate_new)(
                configuration.as_ptr().cast(),
                configuration.len(),
                error.as_mut_ptr().cast(),
                error.len(),
            )
        };
        if gate.is_null() {
            let end = error.iter().position(|&byte| byte == 0).expect("it ends with NUL");
            return Err(String::from_utf8_lossy(&error[..end]).into_owned());
        }
        Ok(Self(gate))
    }

    /// What the library knows it by.
    #[must_use]
    pub fn handle(&self) -> *const raw::Gate {
        self.0
    }

    #[must_use]
    pub fn body_limit(&self) -> usize {
        // SAFETY: it is a gate.
        unsafe { (functions().gate_body_limit)(self.0) }
    }

    /// In milliseconds.
    #[must_use]
    pub fn facts_timeout(&self) -> u32 {
        // SAFETY: it is a gate.
        unsafe { (functions().gate_facts_timeout)(self.0) }
    }

    /// Begins to judge.
    ///
    /// # Panics
    /// If the library refuses to.
    #[must_use]
    pub fn evaluation<T: AsRef<[u8]>>(&self, request: &Request<T>) -> Evaluation {
        let fields = raw::lend_fields(&request.fields);
        let lent = raw::Request {
            method: raw::lend(request.method.as_ref()),
            target: raw::lend(request.target.as_ref()),
            fields: fields.as_ptr(),
            field_count: fields.len(),
            body: raw::lend(&request.body),
            body_complete: request.body_complete,
            source_address: raw::lend(request.source_address.as_ref()),
            caller: raw::lend(request.caller.as_ref()),
        };
        // SAFETY: it is a gate, and all pointers lead to what outlives the call.
        let evaluation = unsafe { (functions().evaluation_new)(self.0, &raw const lent) };
        assert!(!evaluation.is_null(), "there is no evaluation");
        Evaluation(evaluation)
    }
}

impl Gate {
    /// The answer to a request that the server itself refuses.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn refused(&self, status: u16, limit: u64, target: &str) -> Answer {
        // SAFETY: it is a gate, and the text outlives the call.
        let evaluation =
            unsafe { (functions().evaluation_refused)(self.0, status, limit, raw::lend(target.as_bytes())) };
        assert!(!evaluation.is_null(), "there is no evaluation");
        Evaluation(evaluation).answer().expect("it is over")
    }
}

impl Answer {
    /// The values of a field.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(have, _)| have == name).map(|(_, value)| value.as_str()).collect()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // SAFETY: it is a gate, and not used any more.
        unsafe { (functions().gate_free)(self.0) };
    }
}

impl Evaluation {
    /// Goes on as far as possible.
    ///
    /// # Panics
    /// If the library says what the header does not have.
    pub fn evaluate(&mut self) -> Step {
        // SAFETY: it is an evaluation.
        match unsafe { (functions().evaluate)(self.0) } {
            0 => Step::Allow,
            1 => Step::Deny,
            2 => Step::Need(self.questions()),
            other => panic!("solgate_evaluate says {other}"),
        }
    }

    fn questions(&self) -> Vec<Question> {
        // SAFETY: it is an evaluation, and what is lent is copied at once.
        unsafe {
            (0..(functions().question_count)(self.0))
                .map(|index| {
                    let mut question = std::mem::zeroed();
                    assert!((functions().question_get)(self.0, index, &raw mut question), "there is question {index}");
                    Question {
                        target: String::from_utf8(raw::bytes(question.target)).expect("it is text"),
                        fields: raw::fields(question.fields, question.field_count),
                    }
                })
                .collect()
        }
    }

    /// Whether the library takes the reply.
    pub fn supply<T: AsRef<[u8]>>(&mut self, index: usize, reply: &Reply<T>) -> bool {
        let fields = raw::lend_fields(&reply.fields);
        let lent = raw::Reply {
            status: reply.status,
            fields: fields.as_ptr(),
            field_count: fields.len(),
            body: raw::lend(&reply.body),
        };
        // SAFETY: it is an evaluation, and all pointers lead to what outlives the call.
        unsafe { (functions().supply)(self.0, index, &raw const lent) }
    }

    /// The answer, if there is one yet.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        // SAFETY: it is an evaluation, and what is lent is copied at once.
        unsafe {
            let mut answer = std::mem::zeroed();
            (functions().answer_get)(self.0, &raw mut answer).then(|| Answer {
                status: answer.status,
                fields: raw::fields(answer.fields, answer.field_count),
                body: raw::bytes(answer.body),
                decision: String::from_utf8(raw::bytes(answer.decision)).expect("it is text"),
            })
        }
    }
}

impl Drop for Evaluation {
    fn drop(&mut self) {
        // SAFETY: it is an evaluation, and not used any more.
        unsafe { (functions().evaluation_free)(self.0) };
    }
}
