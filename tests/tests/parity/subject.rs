//! Everything that goes into a verdict, owned, so that it can be changed.

use std::collections::BTreeMap;
use std::fmt;

use solgate_cases::{Case, FactGiven};
use solgate_engine::verdict::{Caller, FactAnswer, Mode, Setting};

/// Longest body that a generated request starts from: more of them are judged in
/// the same time, and long ones are in the cases.
const BODY: usize = 16 << 10;

#[derive(Clone)]
pub struct Subject {
    pub method: String,
    pub target: String,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub body_complete: bool,
    /// What the VNFM says when it is asked.
    pub facts: BTreeMap<String, FactAnswer<Vec<u8>>>,
    pub settings: Vec<Setting>,
    pub caller: Option<Caller>,
    pub at: u64,
    pub mode: Mode,
}

impl Subject {
    /// A case with the facts that it gives; `None` if its body is too long.
    pub fn of(case: &Case, facts: &BTreeMap<String, FactGiven>) -> Option<Self> {
        let fact = |given: &FactGiven| match given {
            FactGiven::Found { etag, body } => {
                FactAnswer::Found { etag: etag.clone(), body: body.to_string().into_bytes() }
            }
            FactGiven::Absent => FactAnswer::Absent,
            FactGiven::Withheld => FactAnswer::Withheld,
            FactGiven::Unavailable => FactAnswer::Unavailable,
        };
        (case.body.len() <= BODY).then(|| Self {
            method: case.method.clone(),
            target: case.target.clone(),
            fields: case.fields.clone(),
            body: case.body.clone(),
            body_complete: case.body_complete,
            facts: facts.iter().map(|(name, given)| (name.clone(), fact(given))).collect(),
            settings: case.settings.clone(),
            caller: case.caller.clone(),
            at: case.at,
            mode: case.mode,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method.escape_debug(), self.target.escape_debug())?;
        for (name, value) in &self.fields {
            writeln!(f, "{name}: {}", value.escape_debug())?;
        }
        let complete = if self.body_complete { "" } else { " (and more)" };
        writeln!(f, "\n{}{complete}\n", self.body.escape_ascii())?;
        for (name, answer) in &self.facts {
            match answer {
                FactAnswer::Found { etag, body } => writeln!(f, "fact {name}: {etag:?} {}", body.escape_ascii())?,
                other => writeln!(f, "fact {name}: {other:?}")?,
            }
        }
        writeln!(f, "{:?}, received at {}, settings {:?}, {:?}", self.mode, self.at, self.settings, self.caller)
    }
}

/// The same without its bytes.
pub fn borrowed(answer: &FactAnswer<Vec<u8>>) -> FactAnswer<&[u8]> {
    match answer {
        FactAnswer::Found { etag, body } => FactAnswer::Found { etag: etag.clone(), body },
        FactAnswer::Absent => FactAnswer::Absent,
        FactAnswer::Withheld => FactAnswer::Withheld,
        FactAnswer::Unavailable => FactAnswer::Unavailable,
    }
}
