//! A compiled bundle and how it judges.

use crate::{
    error::InitError,
    ir::Bundle,
    verdict::{Context, Outcome, Request},
};

/// A compiled bundle: immutable, to be shared by threads.
pub struct Engine {
    bundle: Bundle,
    wanted_fields: Vec<String>,
}

impl Engine {
    /// Compiles schemas, expressions, routes and severities.
    ///
    /// # Errors
    ///
    /// If the bundle refers to what it does not define, or holds a schema or an
    /// expression that does not compile.
    pub fn new(bundle: Bundle) -> Result<Self, InitError> {
        Ok(Self {
            bundle,
            wanted_fields: Vec::new(),
        })
    }

    /// The bundle as it was given.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Names, in lower case and sorted, of the header fields that
    /// [`evaluate`](Self::evaluate) reads. Others need not be in the request.
    #[must_use]
    pub fn wanted_fields(&self) -> &[String] {
        &self.wanted_fields
    }

    /// Judges one request. Pure: the same arguments give the same outcome.
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Outcome {
        let _ = (request, context);
        Outcome::Allow(Vec::new())
    }

    /// The operationId that a method and a target lead to, if any. For logs.
    #[must_use]
    pub fn route(&self, method: &str, target: &str) -> Option<&str> {
        let _ = (method, target);
        None
    }
}
