//! One expression on one request: `solgate eval`.

use std::time::UNIX_EPOCH;

use http::HeaderMap;
use solgate::facts::{FactAnswer, FactRequest, FactSource};
use solgate_engine::Engine;
use solgate_engine::cel_env::{EvalError, Evaluated, parse_expression};
use solgate_engine::verdict::{self, Context, Request};

use crate::check::{Asked, GivenFacts, MissingFact};

/// What expressions see: a bundle, a request, and what the VNFM would answer.
pub struct Scene {
    engine: Engine,
    asked: Asked,
    given: GivenFacts,
    /// Names in lower case; what is no UTF-8 is left out, as no expression can read it.
    fields: Vec<(String, String)>,
    place: Place,
}

/// What a request leads to.
#[derive(Default)]
struct Place {
    operation: Option<String>,
    api_root: String,
    variables: Vec<(String, String)>,
}

/// Why an expression has no value.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    #[error(transparent)]
    Expression(#[from] EvalError),
    /// It reads a fact that nobody gave.
    #[error("the expression reads the fact `{}`, which was not given", .0.name)]
    Missing(MissingFact),
    /// It reads a fact that the VNFM does not give.
    #[error("the expression reads the fact `{name}`, which is {outcome}")]
    Lacking { name: String, outcome: &'static str },
}

impl Scene {
    /// A bundle, and what is asked; a request with an empty target is none.
    #[must_use]
    pub fn new(engine: Engine, mut asked: Asked) -> Self {
        let given = GivenFacts::new(std::mem::take(&mut asked.facts));
        let fields = asked.message.fields.iter().filter_map(|(name, value)| {
            String::from_utf8(value.clone()).ok().map(|value| (name.to_ascii_lowercase(), value))
        });
        let mut scene = Self { fields: fields.collect(), engine, asked, given, place: Place::default() };
        let (_, trace) = scene.with(&[], Engine::trace);
        scene.place = Place {
            operation: trace.operation,
            api_root: trace.api_root.unwrap_or_default(),
            variables: trace.variables,
        };
        scene
    }

    /// The operation that the request leads to.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.place.operation.as_deref()
    }

    /// The functions that the bundle defines.
    #[must_use]
    pub fn functions(&self) -> &[solgate_engine::ir::Function] {
        &self.engine.bundle().functions
    }

    /// Whether there is a request.
    #[must_use]
    pub fn has_request(&self) -> bool {
        !self.asked.message.target.is_empty()
    }

    /// The names that an expression may begin with: those of facts, and those of members
    /// of the body with what to write for each.
    pub fn names(&self) -> impl Iterator<Item = (String, String)> {
        let body: serde_json::Value = serde_json::from_slice(&self.asked.message.body).unwrap_or_default();
        let members: Vec<String> = body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let facts = self.engine.bundle().facts.iter().map(|fact| (fact.name.clone(), fact.name.clone()));
        let options = self.engine.bundle().options.iter().map(|option| {
            let name = option.name.clone();
            let written = format!("options.{name}");
            (name, written)
        });
        let members = members.into_iter().map(|name| {
            let written = format!("body.{name}");
            (name, written)
        });
        facts.chain(members).chain(options)
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// If it is not accepted, reads a fact that is not there, or fails.
    pub async fn evaluate(&self, source: &str) -> Result<Evaluated, SceneError> {
        let parsed = parse_expression(source).map_err(EvalError::from)?;
        let manifest = self.engine.manifest();
        let mut found = Vec::new();
        let mut lacking: Option<(String, &'static str)> = None;
        for name in &parsed.info().variables {
            let Some(template) = manifest.facts.get(name) else { continue };
            let headers = HeaderMap::new();
            let request = FactRequest {
                template,
                variables: &self.place.variables,
                api_root: &self.place.api_root,
                headers: &headers,
                fresh: false,
            };
            match self.given.fetch(request).await.answer {
                FactAnswer::Found { etag, body } => {
                    found.push((name.as_str(), verdict::FactAnswer::Found { etag, body }));
                }
                answer => lacking = lacking.or(Some((name.clone(), answer.outcome()))),
            }
        }
        let facts: Vec<(&str, verdict::FactAnswer<&[u8]>)> = found
            .iter()
            .filter_map(|(name, answer)| match answer {
                verdict::FactAnswer::Found { etag, body } => {
                    Some((*name, verdict::FactAnswer::Found { etag: etag.clone(), body: body.as_ref() }))
                }
                _ => None,
            })
            .collect();
        let value = self.with(&facts, |engine, request, context| engine.eval(source, request, context));
        // A fact that it need not come to is no reason.
        value.map_err(|error| {
            let unknown = if let EvalError::Unknown { name, .. } = &error { Some(name.as_str()) } else { None };
            let Some((fact, outcome)) = lacking.filter(|(fact, _)| unknown == Some(fact.as_str())) else {
                return SceneError::Expression(error);
            };
            match self.given.missing().into_iter().find(|missing| missing.name == fact) {
                Some(missing) => SceneError::Missing(missing),
                None => SceneError::Lacking { name: fact, outcome },
            }
        })
    }

    /// Calls the engine with the request, and these facts.
    fn with<T>(
        &self,
        facts: &[(&str, verdict::FactAnswer<&[u8]>)],
        call: impl FnOnce(&Engine, &Request<'_>, &Context<'_>) -> T,
    ) -> T {
        let asked = &self.asked;
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = Request {
            method: &asked.message.method,
            target: &asked.message.target,
            fields: &fields,
            body: &asked.message.body,
            body_complete: asked.body_complete,
        };
        let since = asked.received_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let context = Context {
            received_at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            mode: asked.mode,
            caller: asked.caller.as_ref(),
            facts,
            settings: &asked.settings,
        };
        call(&self.engine, &request, &context)
    }
}
