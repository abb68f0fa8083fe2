//! How a compiled bundle judges.

use std::collections::BTreeMap;

use solgate_contract::manifest::{FactTemplate, Limits, Manifest, Operation, OptionDefinition, RuleSummary, Secret};
use solgate_contract::verdict::{Context, Outcome, Request};

use crate::{
    cel_env::{EvalError, Evaluated},
    compiled::CompiledBundle,
    error::InitError,
    ir::{Bundle, FactDef, OptionDef, Rule},
    schema, stages,
    trace::Trace,
};
use solgate_contract::catalogue::ENGINE_RULES;

/// A compiled bundle: immutable, to be shared by threads.
pub struct Engine(CompiledBundle);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Bundle { name, version, .. } = &self.0.ir;
        f.debug_struct("Engine").field("name", name).field("version", version).finish_non_exhaustive()
    }
}

impl Engine {
    /// Compiles schemas, expressions, routes and severities.
    ///
    /// # Errors
    ///
    /// If the bundle refers to what it does not define, or holds a schema or an
    /// expression that does not compile.
    pub fn new(bundle: Bundle) -> Result<Self, InitError> {
        CompiledBundle::new(bundle).map(Self)
    }

    /// The same engine without the quick way through plain expressions: what that
    /// way is compared with.
    #[must_use]
    pub fn by_cel_alone(mut self) -> Self {
        self.0.expressions.iter_mut().for_each(|expression| expression.direct = None);
        self
    }

    /// The same engine, laid out in memory for a snapshot.
    #[cfg(all(target_arch = "wasm32", feature = "component"))]
    pub(crate) fn compacted(self) -> Self {
        Self(self.0.compacted())
    }

    /// The bundle as it was given.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.0.ir
    }

    /// Names, in lower case and sorted, of the header fields that
    /// [`evaluate`](Self::evaluate) reads. Others need not be in the request.
    #[must_use]
    pub fn wanted_fields(&self) -> &[String] {
        &self.0.wanted_fields
    }

    /// Where the bodies of the operations may hold secrets.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let bodies = self.0.ir.operations.iter().filter_map(|operation| operation.body.as_ref());
        schema::secrets(bodies.map(|body| &body.schema), &self.0.ir.schemas)
    }

    /// What the policy is and what it needs.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        let bundle = &self.0.ir;
        Manifest {
            name: bundle.name.clone(),
            version: bundle.version.clone(),
            digest: bundle.digest.clone(),
            fields: self.wanted_fields().to_vec(),
            api_roots: bundle.api_roots.iter().map(|root| root.path.clone()).collect(),
            operations: bundle
                .resources()
                .map(|operation| Operation {
                    id: operation.id.clone(),
                    method: operation.method.clone(),
                    path: operation.path.clone(),
                })
                .collect(),
            facts: by_name(bundle.facts.iter().map(|fact| (&fact.name, template(fact)))),
            options: by_name(bundle.options.iter().map(|option| (&option.name, definition(option)))),
            rules: bundle.rules.iter().map(summary).chain(undeclared(&bundle.rules)).collect(),
            limits: Limits {
                body_bytes: bundle.limits.body_bytes,
                target_bytes: bundle.limits.target_bytes,
                depth: bundle.limits.depth,
            },
            secrets: self.secrets(),
        }
    }

    /// Judges one request. Pure: the same arguments give the same outcome.
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Outcome {
        stages::run(&self.0, request, context, None)
    }

    /// Judges one request as [`evaluate`](Self::evaluate) does, and says what
    /// became of every rule on the way. For people and tests, not for requests
    /// that somebody waits for.
    #[must_use]
    pub fn trace(&self, request: &Request<'_>, context: &Context<'_>) -> (Outcome, Trace) {
        self.traced(Trace::default(), request, context)
    }

    /// The same with the values of each condition that was looked at, also where it held.
    #[must_use]
    pub fn trace_with_values(&self, request: &Request<'_>, context: &Context<'_>) -> (Outcome, Trace) {
        self.traced(Trace { keeps_values: true, ..Trace::default() }, request, context)
    }

    fn traced(&self, mut trace: Trace, request: &Request<'_>, context: &Context<'_>) -> (Outcome, Trace) {
        let outcome = stages::run(&self.0, request, context, Some(&mut trace));
        trace.end(&outcome);
        (outcome, trace)
    }

    /// The value of an expression for one request, whatever the verdict on it is; it reads
    /// what a rule of the bundle can read, but for a rule's own variables. Facts are those
    /// of the context.
    ///
    /// # Errors
    ///
    /// If the expression is not accepted, or fails.
    pub fn eval(&self, source: &str, request: &Request<'_>, context: &Context<'_>) -> Result<Evaluated, EvalError> {
        stages::evaluate(&self.0, source, request, context)
    }

    /// The time that each rule with expressions takes for one request, by its index in the
    /// bundle: the least of `times` by the clock `now`, in its units. Rules that wait for a
    /// fact are left out.
    #[must_use]
    pub fn time_rules(
        &self,
        request: &Request<'_>,
        context: &Context<'_>,
        now: fn() -> u64,
        times: u32,
    ) -> Vec<(usize, u64)> {
        stages::time_rules(&self.0, request, context, now, times)
    }

    /// The operationId that a method and a target lead to, if any. For logs.
    #[must_use]
    pub fn route(&self, method: &str, target: &str) -> Option<&str> {
        let operation = self.0.router.operation(method, target)?;
        self.0.ir.operations.get(operation).map(|operation| operation.id.as_str())
    }
}

/// One after another: collecting would sort first, and the code of that is a hundredth
/// of the component.
fn by_name<'n, T>(named: impl Iterator<Item = (&'n String, T)>) -> BTreeMap<String, T> {
    let mut map = BTreeMap::new();
    for (name, value) in named {
        map.insert(name.clone(), value);
    }
    map
}

fn template(fact: &FactDef) -> FactTemplate {
    FactTemplate {
        name: fact.name.clone(),
        path: fact.path.clone(),
        query: fact.query.clone(),
        plain_on_400: fact.plain_on_400,
        members: fact.members.clone(),
        list: fact.list,
    }
}

fn definition(option: &OptionDef) -> OptionDefinition {
    OptionDefinition {
        kind: option.kind,
        default: option.default.clone(),
        values: option.values.clone(),
        doc: option.doc.clone(),
    }
}

/// The engine's own rules that a bundle does not declare: they hold nevertheless, and
/// have a severity that can be set.
fn undeclared(declared: &[Rule]) -> impl Iterator<Item = RuleSummary> {
    let others = ENGINE_RULES.iter().filter(|rule| !declared.iter().any(|known| known.id == rule.id));
    others.map(|rule| RuleSummary {
        id: rule.id.to_owned(),
        severity: rule.severity,
        status: rule.status,
        title: rule.title.to_owned(),
        clause: None,
        operations: Vec::new(),
    })
}

fn summary(rule: &Rule) -> RuleSummary {
    RuleSummary {
        id: rule.id.clone(),
        severity: rule.severity.default,
        status: rule.status,
        title: rule.title.clone(),
        clause: rule.clause.clone(),
        operations: rule.operations.clone(),
    }
}
