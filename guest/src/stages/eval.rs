//! What expressions see of a request, outside of a verdict: for authors who try one, or
//! measure what their rules cost.

use solgate_contract::uri;

use super::{body, call::Call, content::Content, expressions, known, query_string::Query, route, version};
use crate::{
    cel_env::{Activation, Asked, EvalError, Evaluated},
    compiled::CompiledBundle,
    findings::Report,
    ir::Stage,
    rules::Expression,
    settings::Profile,
    verdict::{Context, Request},
};

/// Evaluates an expression for a request, whatever the verdict on it is. Where the request
/// leads to no operation, only its head, the options and the caller are seen.
pub(crate) fn evaluate(
    bundle: &CompiledBundle,
    source: &str,
    request: &Request<'_>,
    context: &Context<'_>,
) -> Result<Evaluated, EvalError> {
    let asked = Asked::new(source, &bundle.ir)?;
    let (sent, query) = uri::split_target(request.target);
    let path = uri::normalise(sent);
    let found = path.as_ref().map(|path| bundle.router.find(path, |root| bundle.spoken(root, context)));
    let root = found.as_ref().ok().and_then(route::root);
    let profile = bundle.profile(root, context);
    let mut report = Report::new(&bundle.rules, &profile, context.mode, 1, None);
    let target = found.ok().and_then(|found| route::check(bundle, request, &found, &profile, &mut report));
    let Some(target) = target else {
        return asked.evaluate(&Activation {
            runtime: &asked.runtime,
            method: request.method,
            operation: "",
            api_root: root.and_then(|root| bundle.ir.api_roots.get(root)).map_or("", |root| &root.path),
            received_at: context.received_at,
            options: profile.options.root(),
            fields: request.fields,
            query: &[],
            path: &[],
            caller: context.caller,
            body_bytes: request.body.len(),
            body: None,
            facts: &[],
            built: Default::default(),
        });
    };
    seen(bundle, request, context, &profile, &target, query, |call, content, state| {
        let activation = Activation { runtime: &asked.runtime, ..call.activation(content.value(), state.values()) };
        asked.evaluate(&activation)
    })
}

/// The time that each rule with expressions takes for a request, by its index in the bundle,
/// in units of `now`: the least of so many times. Rules that wait for a fact are left out.
pub(crate) fn time_rules(
    bundle: &CompiledBundle,
    request: &Request<'_>,
    context: &Context<'_>,
    now: fn() -> u64,
    times: u32,
) -> Vec<(usize, u64)> {
    let (sent, query) = uri::split_target(request.target);
    let path = uri::normalise(sent);
    let Ok(found) = path.as_ref().map(|path| bundle.router.find(path, |root| bundle.spoken(root, context))) else {
        return Vec::new();
    };
    let profile = bundle.profile(route::root(&found), context);
    let mut report = Report::new(&bundle.rules, &profile, context.mode, 1, None);
    let Some(target) = route::check(bundle, request, &found, &profile, &mut report) else { return Vec::new() };
    seen(bundle, request, context, &profile, &target, query, |call, content, state| {
        let activation = call.activation(content.value(), state.values());
        let sight = expressions::Sight::new(&activation);
        let stages = [Stage::Access, Stage::Head, Stage::Query, Stage::Body, Stage::Existence, Stage::State];
        let rules = stages.iter().flat_map(|stage| call.compiled.rules.at(*stage));
        let expressions = rules.filter_map(|index| bundle.expressions.get(*index));
        let is_ready = |expression: &&Expression| {
            let mut facts = expression.facts.iter().chain(&expression.guard_facts);
            facts.all(|fact| state.is_found(fact)) && report.is_active(expression.rule)
        };
        let time = |expression: &Expression| {
            let once = || {
                let mut report = Report::new(&bundle.rules, &profile, context.mode, call.violations(), None);
                let begun = now();
                let asked = expressions::judge(call, expression, &sight, None, &mut report);
                let ended = now();
                asked.is_none().then(|| ended.saturating_sub(begun))
            };
            // The first time is not counted: what several rules read is made then.
            once()?;
            let least = (0..times).filter_map(|_| once()).min()?;
            let id = &bundle.rules.get(expression.rule)?.id;
            let index = bundle.ir.rules.iter().position(|rule| rule.id == *id)?;
            Some((index, least))
        };
        expressions.filter(is_ready).filter_map(time).collect()
    })
}

/// What is there of a request whose operation is known.
fn seen<T>(
    bundle: &CompiledBundle,
    request: &Request<'_>,
    context: &Context<'_>,
    profile: &Profile,
    target: &route::Target<'_>,
    query: Option<&str>,
    look: impl FnOnce(&Call<'_>, &Content<'_>, &known::State<'_>) -> T,
) -> T {
    let query = Query::parse(query, target.operation, true);
    let call = Call {
        bundle,
        request,
        context,
        profile,
        root: target.root,
        operation: target.operation,
        compiled: target.compiled,
        path: &target.variables,
        query: &query,
        version: version::requested(request),
    };
    let mut report = Report::new(&bundle.rules, profile, context.mode, 1, None);
    let content = body::check_content(&call, &mut report);
    let content = body::read(&call, content, &mut report);
    let state = known::State::new(&call);
    look(&call, &content, &state)
}
