//! What the page asks: one module for each view. Each question is answered by what the
//! command of the same name has, and in its JSON where there is such.

mod asked;
mod book;
mod build;
mod cases;
mod edit;
mod files;
mod judge;
mod options;
mod replay;
mod states;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::opened::{Files, Opened};
use crate::program::Program;
use crate::work::Work;

/// Bytes of a body.
const BODY: usize = 16 << 20;
/// The same where a log is in it.
const LOG: usize = 64 << 20;

/// What answers the page.
pub(crate) struct Api {
    desk: Arc<Desk>,
    work: Work,
}

/// What every question is about.
pub(crate) struct Desk {
    pub opened: Opened,
    /// Decision logs that may be judged again.
    pub logs: Vec<PathBuf>,
    pub program: Arc<dyn Program>,
}

/// How long a question may take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Short,
    Long,
}

/// A question in a body, and its answer.
type Question = fn(&Desk, &[u8], &Handle) -> Result<Answer, Fault>;

/// By path. The compiler's own question, which a newer one replaces, is not among them.
const QUESTIONS: [(&str, Length, Question); 12] = [
    ("complete", Length::Short, |desk, body, _| edit::complete(desk, read(body)?)),
    ("hover", Length::Short, |desk, body, _| edit::hover(desk, read(body)?)),
    ("judge", Length::Short, |desk, body, handle| judge::judge(desk, read(body)?, handle)),
    ("examples", Length::Short, |desk, body, _| cases::examples(desk, read(body)?)),
    ("example", Length::Short, |desk, body, _| cases::example(desk, read(body)?)),
    ("book", Length::Short, |desk, body, _| book::book(desk, read(body)?)),
    ("states", Length::Short, |desk, body, _| states::states(desk, read(body)?)),
    ("options", Length::Short, |desk, body, _| options::options(desk, read(body)?)),
    ("cases", Length::Long, |desk, body, _| cases::run(desk, read(body)?)),
    ("replay", Length::Long, |desk, body, handle| replay::replay(desk, read(body)?, handle)),
    ("record", Length::Long, |desk, body, _| replay::record(desk, read(body)?)),
    ("export", Length::Long, |desk, body, _| build::export(desk, read(body)?)),
];

/// A question about nothing but the bundle.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    #[serde(default)]
    files: Files,
}

impl Api {
    pub fn new(opened: Opened, logs: Vec<PathBuf>, program: Arc<dyn Program>) -> Self {
        Self { desk: Arc::new(Desk { opened, logs, program }), work: Work::new() }
    }

    /// Most bytes that a body of this address may have.
    pub fn body_limit(&self, path: &str) -> usize {
        if matches!(path, "/api/replay" | "/api/record") { LOG } else { BODY }
    }

    pub async fn answer(&self, method: &Method, path: &str, body: Bytes) -> Result<Answer, Fault> {
        let desk = Arc::clone(&self.desk);
        let name = path.strip_prefix("/api/").unwrap_or_default();
        if name == "workbench" {
            return match *method {
                Method::GET | Method::HEAD => self.work.short(move || files::workbench(&desk)).await,
                _ => Ok(answer::method_not_allowed("GET, HEAD")),
            };
        }
        if let Some(file) = name.strip_prefix("files/") {
            let file = files::decoded(file)?;
            return match *method {
                Method::GET | Method::HEAD => self.work.short(move || files::read(&desk, &file)).await,
                Method::PUT => self.work.short(move || files::write(&desk, &file, read(&body)?)).await,
                _ => Ok(answer::method_not_allowed("GET, HEAD, PUT")),
            };
        }
        let known = QUESTIONS.iter().find(|(known, ..)| *known == name);
        if *method != Method::POST && (known.is_some() || name == "compile") {
            return Ok(answer::method_not_allowed("POST"));
        }
        if name == "compile" {
            let asked: build::Compile = read(&body)?;
            let page = asked.page.clone();
            return self.work.newest(&page, move || build::compile(&desk, asked)).await;
        }
        let Some((_, length, question)) = known else { return Err(Fault::NoSuchAddress(path.to_owned())) };
        let handle = Handle::current();
        let work = move || question(&desk, &body, &handle);
        match length {
            Length::Short => self.work.short(work).await,
            Length::Long => self.work.long(work).await,
        }
    }
}

/// Reads a question.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::Unreadable(error.to_string()))
}

/// Adds members to an object.
fn with(mut object: Value, members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    if let Value::Object(known) = &mut object {
        known.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    object
}

/// In milliseconds, with three decimals.
fn milliseconds(since: std::time::Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1_000_000.0).round() / 1000.0
}
