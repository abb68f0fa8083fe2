//! The order of evaluation: one module per stage, cheap checks first, facts last.

mod accept;
mod authorization;
mod body;
mod call;
mod content;
mod eval;
mod expressions;
mod facts;
mod fault;
mod given;
mod known;
mod misfit;
mod query;
mod query_string;
mod route;
mod version;

pub(crate) use eval::{evaluate, time_rules};
use solgate_contract::uri;

use crate::{
    catalogue::rule,
    compiled::CompiledBundle,
    findings::Report,
    ir::Stage,
    trace,
    verdict::{Context, Location, Outcome, Request},
};
use call::{Call, fields};
use query_string::Query;

/// Ends a stage, and the evaluation if something in it denied.
macro_rules! close {
    ($report:ident, $request:ident) => {
        if let Some(denial) = $report.close(fields($request, "version")) {
            return Outcome::Deny(denial);
        }
    };
}

/// Judges one request.
pub(crate) fn run(
    bundle: &CompiledBundle,
    request: &Request<'_>,
    context: &Context<'_>,
    trace: Option<&mut trace::Trace>,
) -> Outcome {
    let limits = &bundle.ir.limits;
    let limit = usize::try_from(limits.violations).unwrap_or(usize::MAX);
    let too_long = u64::try_from(request.target.len()).unwrap_or(u64::MAX) > u64::from(limits.target_bytes);
    let (sent, query) = uri::split_target(request.target);
    let path = uri::normalise(sent);
    let found = path.as_ref().map(|path| bundle.router.find(path, |root| bundle.spoken(root, context)));
    let root = found.as_ref().ok().and_then(route::root);
    // The length is a matter of the settings outside all API roots. What the context
    // sets is costly to apply, so they are made only where they are looked at.
    let looks_outside = too_long || trace.is_some();
    let first = bundle.profile(root.filter(|_| !looks_outside), context);
    let below_root;
    let mut report = Report::new(&bundle.rules, &first, context.mode, limit, trace);

    report.enter(trace::Stage::UriLength);
    report.looks_at(&[rule::URI_LENGTH]);
    if too_long {
        let detail = format!(
            "The request URI has {} bytes; at most {} are accepted. Shorten the query, for instance by asking for fewer attributes.",
            request.target.len(),
            limits.target_bytes
        );
        report.fail(rule::URI_LENGTH, Location::Request, detail);
    }
    close!(report, request);

    report.enter(trace::Stage::Route);
    let found = match found {
        Ok(found) => found,
        Err(fault) => {
            if first.pass_outside && !route::concerns(bundle, sent) {
                return Outcome::Allow(report.findings);
            }
            route::refuse(*fault, &mut report);
            close!(report, request);
            return Outcome::Allow(report.findings);
        }
    };
    let profile = if looks_outside {
        below_root = bundle.profile(root, context);
        &below_root
    } else {
        &first
    };
    report.set_profile(profile);
    let Some(target) = route::check(bundle, request, &found, profile, &mut report) else {
        close!(report, request);
        if report.is_beyond() {
            // An operation that a later version may have: who may ask at all is known.
            report.enter(trace::Stage::Authorization);
            authorization::check(request, profile, None, &mut report);
            close!(report, request);
        }
        return Outcome::Allow(report.findings);
    };
    if let Some(trace) = report.traced() {
        target.trace(trace);
    }
    close!(report, request);
    let query = Query::parse(query, target.operation, target.compiled.rules.reads_query);
    let mut call = Call {
        bundle,
        request,
        context,
        profile,
        root: target.root,
        operation: target.operation,
        compiled: target.compiled,
        path: &target.variables,
        query: &query,
        version: None,
    };

    report.enter(trace::Stage::Version);
    call.version = version::check(&call, &mut report);
    close!(report, request);
    report.enter(trace::Stage::Authorization);
    authorization::check(request, profile, Some(call.operation), &mut report);
    close!(report, request);
    report.enter(trace::Stage::Access);
    expressions::run(&call, Stage::Access, None, &mut report);
    close!(report, request);
    report.enter(trace::Stage::Head);
    accept::check(&call, &mut report);
    expressions::run(&call, Stage::Head, None, &mut report);
    close!(report, request);
    report.enter(trace::Stage::Query);
    query::check(&call, &mut report);
    expressions::run(&call, Stage::Query, None, &mut report);
    close!(report, request);
    report.enter(trace::Stage::Content);
    let content = body::check_content(&call, &mut report);
    close!(report, request);
    report.enter(trace::Stage::Json);
    let mut content = body::read(&call, content, &mut report);
    close!(report, request);
    report.enter(trace::Stage::Body);
    body::check_schema(&call, &mut content, &mut report);
    close!(report, request);

    if !call.compiled.rules.needs_facts() {
        return Outcome::Allow(report.findings);
    }
    report.enter(trace::Stage::Facts);
    let mut state = known::State::new(&call);
    let needed = state.needed(&call, &content, &mut report);
    if !needed.is_empty() {
        return Outcome::Need(needed);
    }
    report.enter(trace::Stage::Existence);
    state.check_existence(&call, &mut report);
    let needed = state.check_rules(&call, Stage::Existence, &content, &mut report);
    close!(report, request);
    if !needed.is_empty() {
        return Outcome::Need(needed);
    }
    report.enter(trace::Stage::IfMatch);
    state.check_if_match(&call, &mut report);
    close!(report, request);
    report.enter(trace::Stage::State);
    let needed = state.check_rules(&call, Stage::State, &content, &mut report);
    close!(report, request);
    if !needed.is_empty() {
        return Outcome::Need(needed);
    }
    Outcome::Allow(report.findings)
}
