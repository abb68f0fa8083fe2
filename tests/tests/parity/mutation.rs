//! Changes of a request and of what its verdict depends on. They are data, so
//! that a failure can be repeated with fewer of them.

use solgate_engine::verdict::{Caller, FactAnswer, Mode, Setting};

use super::subject::Subject;
use super::tree::{Edit, Tree};

#[derive(Debug, Clone)]
pub enum Mutation {
    Method(String),
    Target(String),
    /// A segment of the path, by number; `None` removes it.
    Segment(usize, Option<String>),
    InsertSegment(usize, String),
    Query(String),
    AppendQuery(String),
    TargetBytes(Bytes),
    RemoveField(usize),
    /// Another value for the field with this number.
    FieldValue(usize, String),
    FieldBytes(usize, Bytes),
    AddField(String, String),
    Body(Vec<u8>),
    BodyNode(usize, Edit),
    BodyBytes(Bytes),
    BodyIncomplete,
    Fact(String, FactAnswer<Vec<u8>>),
    FactNode(usize, usize, Edit),
    FactBytes(usize, Bytes),
    Setting(Setting),
    Caller(Option<Caller>),
    Mode(Mode),
    At(u64),
}

/// A change of bytes at a place, which is taken modulo their number.
#[derive(Debug, Clone)]
pub enum Bytes {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Swap(usize, usize),
}

impl Mutation {
    pub fn apply(&self, subject: &mut Subject) {
        match self {
            Self::Method(method) => subject.method.clone_from(method),
            Self::Target(target) => subject.target.clone_from(target),
            Self::Segment(number, by) => segments(&mut subject.target, |segments| {
                let at = number % segments.len();
                match by {
                    Some(by) => segments[at].clone_from(by),
                    None => drop(segments.remove(at)),
                }
            }),
            Self::InsertSegment(number, segment) => segments(&mut subject.target, |segments| {
                segments.insert(number % (segments.len() + 1), segment.clone());
            }),
            Self::Query(query) => {
                let path = subject.target.split('?').next().unwrap_or_default();
                subject.target = format!("{path}?{query}");
            }
            Self::AppendQuery(query) => {
                let mark = if subject.target.contains('?') { '&' } else { '?' };
                subject.target.push_str(&format!("{mark}{query}"));
            }
            Self::TargetBytes(change) => subject.target = changed(&subject.target, change),
            Self::RemoveField(number) => {
                if let Some(at) = number.checked_rem(subject.fields.len()) {
                    subject.fields.remove(at);
                }
            }
            Self::FieldValue(number, value) => {
                if let Some(at) = number.checked_rem(subject.fields.len()) {
                    subject.fields[at].1.clone_from(value);
                }
            }
            Self::FieldBytes(number, change) => {
                if let Some(at) = number.checked_rem(subject.fields.len()) {
                    // No field value holds a line feed, and the contract has no room for one.
                    subject.fields[at].1 = changed(&subject.fields[at].1, change).replace('\n', " ");
                }
            }
            Self::AddField(name, value) => subject.fields.push((name.clone(), value.clone())),
            Self::Body(body) => subject.body.clone_from(body),
            Self::BodyNode(number, edit) => edit_json(&mut subject.body, *number, edit),
            Self::BodyBytes(change) => change.apply(&mut subject.body),
            Self::BodyIncomplete => subject.body_complete = false,
            Self::Fact(name, answer) => drop(subject.facts.insert(name.clone(), answer.clone())),
            Self::FactNode(fact, number, edit) => {
                fact_body(subject, *fact, |body| edit_json(body, *number, edit));
            }
            Self::FactBytes(fact, change) => fact_body(subject, *fact, |body| change.apply(body)),
            Self::Setting(setting) => subject.settings.push(setting.clone()),
            Self::Caller(caller) => subject.caller.clone_from(caller),
            Self::Mode(mode) => subject.mode = *mode,
            Self::At(at) => subject.at = *at,
        }
    }
}

impl Bytes {
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        match self {
            Self::Insert(at, inserted) => {
                let at = at % (length + 1);
                bytes.splice(at..at, inserted.iter().copied());
            }
            _ if length == 0 => {}
            Self::Flip(at, mask) => bytes[at % length] ^= mask,
            Self::Cut(at) => bytes.truncate(at % length),
            Self::Remove(at, count) => {
                let at = at % length;
                bytes.drain(at..(at + count).min(length));
            }
            Self::Swap(one, other) => bytes.swap(one % length, other % length),
        }
    }
}

/// Texts stay UTF-8: nothing else enters a policy.
fn changed(text: &str, change: &Bytes) -> String {
    let mut bytes = text.as_bytes().to_vec();
    change.apply(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn segments(target: &mut String, change: impl FnOnce(&mut Vec<String>)) {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    change(&mut segments);
    *target = format!("{}{query}", segments.join("/"));
}

fn edit_json(bytes: &mut Vec<u8>, number: usize, edit: &Edit) {
    if let Some(mut tree) = Tree::parse(bytes) {
        tree.edit(number, edit);
        *bytes = tree.text().into_bytes();
    }
}

fn fact_body(subject: &mut Subject, number: usize, change: impl FnOnce(&mut Vec<u8>)) {
    let bodies = subject.facts.values_mut().filter_map(|answer| match answer {
        FactAnswer::Found { body, .. } => Some(body),
        _ => None,
    });
    let mut bodies: Vec<_> = bodies.collect();
    if let Some(at) = number.checked_rem(bodies.len()) {
        change(bodies[at]);
    }
}
