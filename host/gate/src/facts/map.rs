//! Facts from a document: for tests, and for the command line.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Map, Value};

use super::expand::{Target, expand};
use super::project;
use super::{Fact, FactAnswer, FactRequest, FactSource};

/// Answers that are known beforehand.
///
/// The document is an object. Its keys are names of facts, or paths below the
/// API root such as `/vnf_instances/1`, which hold for one resource only; a name
/// wins over a path. A value is an answer, with at least one of `status`
/// (default 200), `etag` and `body`; or, if it has none of these members, the
/// body itself. All of it may stand below the single member `facts`.
///
/// ```json
/// { "vnfInstance": { "etag": "\"1\"", "body": { "instantiationState": "INSTANTIATED" } },
///   "openOps": [],
///   "opOcc": { "status": 404 } }
/// ```
///
/// A fact that the document does not have is unavailable.
#[derive(Debug, Clone, Default)]
pub struct MapFacts {
    answers: BTreeMap<String, Canned>,
}

#[derive(Debug, Clone)]
struct Canned {
    status: u16,
    etag: Option<String>,
    body: Bytes,
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapFactsError {
    #[error("the facts are not an object: expected {{NAME: ANSWER}}, such as {{\"openOps\": []}}")]
    NotAnObject,
    #[error("fact {0:?}: expected an object or an array, or for a resource that is absent {{\"status\": 404}}")]
    NotAnAnswer(String),
    #[error("fact {0:?}: `status` is not a number from 100 to 599")]
    BadStatus(String),
    #[error("fact {0:?}: `etag` is not a text, such as \"\\\"1\\\"\" with its quotes")]
    BadEtag(String),
    #[error("fact {fact:?}: unknown member {member:?}; an answer has `status`, `etag` and `body`")]
    UnknownMember { fact: String, member: String },
    #[error("fact {0:?}: status 200 without `body`")]
    NoBody(String),
}

impl MapFacts {
    /// # Errors
    /// If the document is not of the form described at the type.
    pub fn from_value(document: &Value) -> Result<Self, MapFactsError> {
        let mut map = document.as_object().ok_or(MapFactsError::NotAnObject)?;
        if let (1, Some(inner)) = (map.len(), map.get("facts")) {
            map = inner.as_object().ok_or(MapFactsError::NotAnObject)?;
        }
        let answers = map
            .iter()
            .map(|(name, value)| Ok((name.clone(), Canned::from_value(name, value)?)))
            .collect::<Result<_, _>>()?;
        Ok(Self { answers })
    }

    /// Whether the document answers this question, be it with a status that
    /// makes the fact unavailable.
    #[must_use]
    pub fn has(&self, request: &FactRequest<'_>) -> bool {
        self.answers.contains_key(&request.template.name)
            || target(request).is_ok_and(|target| self.answers.contains_key(target.resource()))
    }

    fn answer(&self, request: &FactRequest<'_>) -> FactAnswer {
        let template = request.template;
        let by_path = || self.answers.get(target(request).ok()?.resource());
        let Some(canned) = self.answers.get(&template.name).or_else(by_path) else {
            return FactAnswer::Unavailable(format!("the facts that were given have no {:?}", template.name));
        };
        match canned.status {
            200 => {
                let body = if template.list {
                    let mut list = project::List::new(&template.members);
                    list.page(&canned.body).map(|()| list.finish())
                } else {
                    project::object(&canned.body, &template.members)
                };
                match body {
                    Ok(body) => FactAnswer::Found { etag: canned.etag.clone(), body },
                    Err(error) => FactAnswer::Unavailable(error.to_string()),
                }
            }
            404 => FactAnswer::Absent,
            401 | 403 => FactAnswer::Withheld,
            status => FactAnswer::Unavailable(format!("the facts that were given say status {status}")),
        }
    }
}

fn target(request: &FactRequest<'_>) -> Result<Target, super::expand::ExpandError> {
    expand(request.template, request.variables, request.api_root)
}

impl Canned {
    fn from_value(name: &str, value: &Value) -> Result<Self, MapFactsError> {
        match value {
            Value::Object(map) if ["status", "etag", "body"].iter().any(|m| map.contains_key(*m)) => {
                Self::from_answer(name, map)
            }
            Value::Object(_) | Value::Array(_) => Ok(Self { status: 200, etag: None, body: value.to_string().into() }),
            _ => Err(MapFactsError::NotAnAnswer(name.to_owned())),
        }
    }

    fn from_answer(name: &str, map: &Map<String, Value>) -> Result<Self, MapFactsError> {
        let mut canned = Self { status: 200, etag: None, body: Bytes::new() };
        for (member, value) in map {
            match member.as_str() {
                "status" => {
                    canned.status = value
                        .as_u64()
                        .and_then(|status| u16::try_from(status).ok())
                        .filter(|status| (100..600).contains(status))
                        .ok_or_else(|| MapFactsError::BadStatus(name.to_owned()))?;
                }
                "etag" => {
                    let etag = value.as_str().ok_or_else(|| MapFactsError::BadEtag(name.to_owned()))?;
                    canned.etag = Some(etag.to_owned());
                }
                "body" => canned.body = value.to_string().into(),
                _ => {
                    return Err(MapFactsError::UnknownMember { fact: name.to_owned(), member: member.clone() });
                }
            }
        }
        if canned.status == 200 && canned.body.is_empty() {
            return Err(MapFactsError::NoBody(name.to_owned()));
        }
        Ok(canned)
    }
}

impl FactSource for MapFacts {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        ready(Fact::fetched(self.answer(&request))).boxed()
    }
}
