//! Questions for the VNFM that are under way in Envoy, and the answers so far.
//!
//! Envoy's calls come within each other: parts of an answer may arrive before Envoy has
//! said which id the question has. So nothing here calls Envoy.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use solgate::facts::delegated::Question;

/// What wakes the filter up that has had more of an answer than a fact may have.
pub const CUT: u64 = 2;

/// The questions of one request.
#[derive(Default)]
pub struct Callouts {
    open: Vec<Callout>,
    /// Answers by their targets: what is judged again gets the same.
    known: Vec<(String, Response<Bytes>)>,
    /// The evaluations that there had been when the answers were first waited for.
    evaluations: u32,
    until: Option<Instant>,
}

struct Callout {
    /// `None` until Envoy has said it.
    id: Option<u64>,
    question: Question,
    head: Option<(StatusCode, HeaderMap)>,
    body: BytesMut,
    /// The answer is longer than a fact may be.
    cut: bool,
}

/// What became of the data of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// It is too much, for the first time.
    TooMuch,
}

impl Callouts {
    /// How long answers may take that are waited for after so many evaluations: all pages
    /// of the facts of one round together.
    pub fn time_left(&mut self, evaluations: u32, limit: Duration) -> Option<Duration> {
        let now = Instant::now();
        let until = match self.until {
            Some(until) if evaluations == self.evaluations => until,
            _ => now.checked_add(limit)?,
        };
        (self.evaluations, self.until) = (evaluations, Some(until));
        until.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// Answers a question that was answered before; gives back one that was not.
    pub fn repeat(&self, question: Question) -> Option<Question> {
        match self.known.iter().find(|(target, _)| *target == question.target) {
            Some((_, answer)) => {
                question.answer(answer.clone());
                None
            }
            None => Some(question),
        }
    }

    /// A question is being sent.
    pub fn sending(&mut self, question: Question) {
        let (body, cut) = (BytesMut::new(), false);
        self.open.push(Callout { id: None, question, head: None, body, cut });
    }

    /// The one that was being sent has this id; if it could not be sent, there is no answer.
    pub fn sent(&mut self, id: Option<u64>) {
        let Some(place) = self.open.iter().position(|one| one.id.is_none()) else { return };
        match id {
            Some(id) => {
                if let Some(callout) = self.open.get_mut(place) {
                    callout.id = Some(id);
                }
            }
            None => drop(self.open.swap_remove(place)),
        }
    }

    /// Whether nothing is waited for.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Bytes of the answers that there were.
    pub fn bytes(&self) -> usize {
        self.known.iter().fold(0, |sum, (_, answer)| sum.saturating_add(answer.body().len()))
    }

    pub fn head<'a>(&mut self, id: u64, fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        if let Some(callout) = self.find(id) {
            callout.head = head(fields);
        }
    }

    /// Takes data of an answer, of which there may be `limit` bytes.
    pub fn data<'a>(&mut self, id: u64, chunks: impl Iterator<Item = &'a [u8]>, limit: usize) -> Taken {
        let Some(callout) = self.find(id).filter(|callout| !callout.cut) else { return Taken::Yes };
        for chunk in chunks {
            // A byte more shows that there was more.
            let room = limit.saturating_add(1).saturating_sub(callout.body.len());
            callout.body.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
            if callout.body.len() > limit {
                callout.cut = true;
                return Taken::TooMuch;
            }
        }
        Taken::Yes
    }

    /// The answer has come to its end, or broken off.
    pub fn ended(&mut self, id: u64, whole: bool) {
        if let Some(place) = self.place(id) {
            self.open.swap_remove(place).finish(whole, &mut self.known);
        }
    }

    /// Gives up those of which there was too much: their ids.
    pub fn cut(&mut self) -> Vec<u64> {
        let mut ids = Vec::new();
        while let Some(place) = self.open.iter().position(|callout| callout.cut && callout.id.is_some()) {
            let callout = self.open.swap_remove(place);
            ids.extend(callout.id);
            callout.finish(true, &mut self.known);
        }
        ids
    }

    fn find(&mut self, id: u64) -> Option<&mut Callout> {
        let place = self.place(id)?;
        self.open.get_mut(place)
    }

    /// The one with this id, which may be that of the one that is being sent.
    fn place(&mut self, id: u64) -> Option<usize> {
        if let Some(place) = self.open.iter().position(|one| one.id == Some(id)) {
            return Some(place);
        }
        let place = self.open.iter().position(|one| one.id.is_none())?;
        self.open.get_mut(place)?.id = Some(id);
        Some(place)
    }
}

impl Callout {
    /// To drop the question says that there is no answer.
    fn finish(self, whole: bool, known: &mut Vec<(String, Response<Bytes>)>) {
        let Some((status, headers)) = self.head.filter(|_| whole) else { return };
        let mut answer = Response::new(self.body.freeze());
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        known.push((self.question.target.clone(), answer.clone()));
        self.question.answer(answer);
    }
}

/// Status and fields; `None` if they are not those of HTTP, which makes the answer doubtful.
fn head<'a>(fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Option<(StatusCode, HeaderMap)> {
    let (mut status, mut headers) = (None, HeaderMap::new());
    for (name, value) in fields {
        match name {
            b":status" => status = StatusCode::from_bytes(value).ok(),
            [b':', ..] => {}
            name => {
                let (name, value) = (HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
                headers.try_append(name, value).ok()?;
            }
        }
    }
    Some((status?, headers))
}
