//! A request and its context.

use super::reader::{self, Reader};
use super::{Write, one_line};
use crate::verdict::{Caller, Context, FactAnswer, Mode, Request, Setting};

/// What an evaluation is about, read where it lies.
#[derive(Debug)]
pub struct Input<'a> {
    method: &'a str,
    target: &'a str,
    fields: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
    body_complete: bool,
    received_at: u64,
    mode: Mode,
    caller: Option<Caller>,
    facts: Vec<(&'a str, FactAnswer<&'a [u8]>)>,
    settings: Vec<Setting>,
}

/// Everything but the [bodies], which follow.
pub fn write_head(head: &mut Vec<u8>, request: &Request<'_>, context: &Context<'_>) {
    head.extend_from_slice(&context.received_at.to_le_bytes());
    head.push(u8::from(context.mode == Mode::Monitor));
    head.push(u8::from(request.body_complete));
    head.text(request.method);
    head.text(request.target);
    head.number(request.body.len());
    head.number(request.fields.len());
    for (name, value) in request.fields {
        head.text(name);
        head.text(&one_line(value));
    }
    head.number(context.facts.len());
    for (name, answer) in context.facts {
        head.text(name);
        match answer {
            FactAnswer::Found { etag, body } => {
                head.push(FOUND);
                head.optional(etag.as_deref());
                head.number(body.len());
            }
            FactAnswer::Absent => head.push(ABSENT),
            FactAnswer::Withheld => head.push(WITHHELD),
            FactAnswer::Unavailable => head.push(UNAVAILABLE),
        }
    }
    head.push(u8::from(context.caller.is_some()));
    if let Some(caller) = context.caller {
        head.optional(caller.subject.as_deref());
        head.optional(caller.tenant.as_deref());
        for list in [&caller.roles, &caller.scopes, &caller.certificate_names] {
            head.number(list.len());
            for entry in list {
                head.text(entry);
            }
        }
        head.optional(caller.source_address.as_deref());
    }
    head.number(context.settings.len());
    for setting in context.settings {
        match setting {
            Setting::Option { name, value } => {
                head.push(OPTION);
                head.text(name);
                head.text(&value.to_string());
            }
            Setting::Severity { rule, severity } => {
                head.push(SEVERITY);
                head.text(rule);
                head.push(reader::severity(*severity));
            }
        }
    }
}

/// The bodies of the request and its facts, in the order in which they follow the head.
pub fn bodies<'a>(request: &Request<'a>, context: &Context<'a>) -> impl Iterator<Item = &'a [u8]> {
    let facts = context.facts.iter().filter_map(|(_, answer)| match answer {
        FactAnswer::Found { body, .. } => Some(*body),
        _ => None,
    });
    std::iter::once(request.body).chain(facts)
}

const FOUND: u8 = 0;
const ABSENT: u8 = 1;
const WITHHELD: u8 = 2;
const UNAVAILABLE: u8 = 3;

const OPTION: u8 = 0;
const SEVERITY: u8 = 1;

impl<'a> Input<'a> {
    /// Reads what [`write_head`] and the bodies after it have made. `None` if the bytes are
    /// something else.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut input = Reader(bytes);
        let received_at = u64::from_le_bytes(input.array()?);
        let mode = if input.flag()? { Mode::Monitor } else { Mode::Enforce };
        let body_complete = input.flag()?;
        let (method, target) = (input.text()?, input.text()?);
        let body = input.number()?;
        let fields = input.list(|input| Some((input.text()?, input.text()?)))?;
        // The bodies are put in once it is known where they begin.
        let mut lengths = Vec::new();
        let mut facts = input.list(|input| {
            let name = input.text()?;
            let answer = match input.byte()? {
                FOUND => {
                    let etag = input.optional()?.map(str::to_owned);
                    lengths.push(input.number()?);
                    FactAnswer::Found { etag, body: &[][..] }
                }
                ABSENT => FactAnswer::Absent,
                WITHHELD => FactAnswer::Withheld,
                UNAVAILABLE => FactAnswer::Unavailable,
                _ => return None,
            };
            Some((name, answer))
        })?;
        let caller = if input.flag()? { Some(caller(&mut input)?) } else { None };
        let settings = input.list(setting)?.into_iter().flatten().collect();
        let body = input.bytes(body)?;
        let mut lengths = lengths.into_iter();
        for (_, answer) in &mut facts {
            if let FactAnswer::Found { body, .. } = answer {
                *body = input.bytes(lengths.next()?)?;
            }
        }
        let read = Self { method, target, fields, body, body_complete, received_at, mode, caller, facts, settings };
        input.0.is_empty().then_some(read)
    }

    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            method: self.method,
            target: self.target,
            fields: &self.fields,
            body: self.body,
            body_complete: self.body_complete,
        }
    }

    #[must_use]
    pub fn context(&self) -> Context<'_> {
        Context {
            received_at: self.received_at,
            mode: self.mode,
            caller: self.caller.as_ref(),
            facts: &self.facts,
            settings: &self.settings,
        }
    }
}

fn caller(input: &mut Reader<'_>) -> Option<Caller> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let entries = |input: &mut Reader<'_>| input.list(|input| input.text().map(str::to_owned));
    Some(Caller {
        subject: owned(input.optional()?),
        tenant: owned(input.optional()?),
        roles: entries(input)?,
        scopes: entries(input)?,
        certificate_names: entries(input)?,
        source_address: owned(input.optional()?),
    })
}

/// `Some(None)` for an option whose value cannot be read as JSON, such as one that is nested
/// too deeply.
fn setting(input: &mut Reader<'_>) -> Option<Option<Setting>> {
    let name = |input: &mut Reader<'_>| input.text().map(str::to_owned);
    match input.byte()? {
        OPTION => {
            let (name, value) = (name(input)?, input.text()?);
            Some(serde_json::from_str(value).ok().map(|value| Setting::Option { name, value }))
        }
        SEVERITY => Some(Some(Setting::Severity { rule: name(input)?, severity: input.severity()? })),
        _ => None,
    }
}
