//! The variables that expressions see.

use std::{borrow::Cow, sync::OnceLock};

use cel::{
    Context,
    common::{
        types::{CelInt, CelString},
        value::CowVal,
    },
    context::VariableResolver,
};
use serde_json::{Map, Value, json};

use super::{program::Runtime, time::Timestamp, value::view};
use crate::{
    json::{Document, Node},
    verdict::Caller,
};

/// A fact that was found, with its body read.
#[derive(Debug)]
pub(crate) struct FactValue<'a> {
    pub name: &'a str,
    pub body: Document<'a>,
}

/// Everything that expressions may read, borrowed from one evaluation. What has
/// to be built first is built when an expression asks for it.
pub(crate) struct Activation<'a> {
    pub runtime: &'a Runtime,
    pub method: &'a str,
    pub operation: &'a str,
    pub api_root: &'a str,
    /// Milliseconds since 1970.
    pub received_at: u64,
    pub options: Node<'a>,
    pub fields: &'a [(&'a str, &'a str)],
    pub query: &'a [(Cow<'a, str>, Cow<'a, str>)],
    pub path: &'a [(&'a str, Cow<'a, str>)],
    pub caller: Option<&'a Caller>,
    /// Length of the body as it was received.
    pub body_bytes: usize,
    /// `None` if there is no body or it could not be read: an empty object then.
    pub body: Option<Node<'a>>,
    pub facts: &'a [FactValue<'a>],
    pub built: Built,
}

/// Variables that are built on demand.
#[derive(Default)]
pub(crate) struct Built {
    headers: OnceLock<Document<'static>>,
    query: OnceLock<Document<'static>>,
    path: OnceLock<Document<'static>>,
    caller: OnceLock<Document<'static>>,
    empty: OnceLock<Document<'static>>,
}

impl Activation<'_> {
    /// A context in which programs of the same runtime can be evaluated.
    pub(crate) fn context(&self) -> Context<'_, '_> {
        let mut context = Context::with_env(self.runtime.env.clone());
        context.set_variable_resolver(self);
        context
    }

    fn headers(&self) -> Document<'static> {
        let mut members = Map::new();
        for (name, value) in self.fields {
            match members.get_mut(*name) {
                // A field that occurs twice reads as a list (RFC 9110, 5.3).
                Some(Value::String(known)) => {
                    known.push_str(", ");
                    known.push_str(value);
                }
                _ => {
                    members.insert((*name).to_owned(), Value::String((*value).to_owned()));
                }
            }
        }
        Document::from(&Value::Object(members))
    }

    /// Who calls. The lists are there, empty, for a caller whom nobody has
    /// verified; the other members are then absent.
    fn caller(&self) -> Document<'static> {
        let Some(caller) = self.caller else {
            return Document::from(&json!({"roles": [], "scopes": [], "certificateNames": []}));
        };
        let mut members = Map::new();
        for (name, value) in
            [("subject", &caller.subject), ("tenant", &caller.tenant), ("sourceAddress", &caller.source_address)]
        {
            if let Some(value) = value {
                members.insert(name.to_owned(), Value::String(value.clone()));
            }
        }
        members.insert("roles".to_owned(), caller.roles.clone().into());
        members.insert("scopes".to_owned(), caller.scopes.clone().into());
        members.insert("certificateNames".to_owned(), caller.certificate_names.clone().into());
        Document::from(&Value::Object(members))
    }
}

impl VariableResolver for Activation<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        // A leading dot makes a name absolute.
        match variable.strip_prefix('.').unwrap_or(variable) {
            "body" => Some(view(match self.body {
                Some(body) => body,
                None => self.built.empty.get_or_init(Document::empty_object).root(),
            })),
            "headers" => Some(view(self.built.headers.get_or_init(|| self.headers()).root())),
            "query" => Some(view(self.built.query.get_or_init(|| texts(self.query)).root())),
            "path" => Some(view(self.built.path.get_or_init(|| texts(self.path)).root())),
            "caller" => Some(view(self.built.caller.get_or_init(|| self.caller()).root())),
            "options" => Some(view(self.options)),
            "method" => Some(CowVal::owned(CelString::from(self.method))),
            "operation" => Some(CowVal::owned(CelString::from(self.operation))),
            "apiRoot" => Some(CowVal::owned(CelString::from(self.api_root))),
            "receivedAt" => Some(CowVal::owned(CelInt::from(i64::try_from(self.received_at).unwrap_or(i64::MAX)))),
            "bodyBytes" => Some(CowVal::owned(CelInt::from(i64::try_from(self.body_bytes).unwrap_or(i64::MAX)))),
            name => {
                if let Some(fact) = self.facts.iter().find(|fact| fact.name == name) {
                    return Some(view(fact.body.root()));
                }
                // After the facts: a bundle of before may have one of that name.
                if name == "now" {
                    return Some(CowVal::owned(Timestamp::from_milliseconds(self.received_at)));
                }
                self.runtime.compiled(name)
            }
        }
    }
}

/// An object of texts.
fn texts(pairs: &[(impl AsRef<str>, Cow<'_, str>)]) -> Document<'static> {
    let members = pairs.iter().map(|(name, value)| (name.as_ref().to_owned(), Value::String(value.to_string())));
    Document::from(&Value::Object(members.collect()))
}
