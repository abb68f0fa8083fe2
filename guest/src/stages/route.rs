//! Route and method.

use std::borrow::Cow;

use solgate_contract::{
    ownership,
    router::Route,
    uri::{self, PathFault},
};

use super::version;
use crate::{
    catalogue::rule,
    compiled::{CompiledBundle, CompiledOperation},
    findings::Report,
    ir::{ApiRoot, Operation, Severity},
    settings::Profile,
    text,
    trace::Trace,
    verdict::{Location, Request},
};

/// What a request is for.
pub(super) struct Target<'a> {
    pub root: &'a ApiRoot,
    pub operation: &'a Operation,
    pub compiled: &'a CompiledOperation,
    pub variables: Vec<(&'a str, Cow<'a, str>)>,
}

impl Target<'_> {
    pub(super) fn trace(&self, trace: &mut Trace) {
        trace.api_root = Some(self.root.path.clone());
        trace.operation = Some(self.operation.id.clone());
        trace.variables = self.variables.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
    }
}

/// Whether a path that cannot be normalised may still be meant for an API root.
///
/// Only what plainly is not may pass unjudged: a server that resolves dot
/// segments or decodes slashes must not come to an API root by such a path.
pub(super) fn concerns(bundle: &CompiledBundle, path: &str) -> bool {
    // A variable may be anything.
    let known = |root: &str| root.split('{').next().unwrap_or_default().to_owned();
    let plain = |prefix: String| path.len() < prefix.len() || path.starts_with(&prefix);
    path.contains(['%', '\\', '.'])
        || path.contains("//")
        || bundle.ir.api_roots.iter().any(|root| plain(known(&root.path)))
}

/// Whether some server would find an API root in a path that has none.
fn is_disguised(bundle: &CompiledBundle, target: &str) -> bool {
    let roots = bundle.ir.api_roots.iter().map(|root| root.path.as_str());
    uri::decode(uri::split_target(target).0).is_none() || ownership::is_disguised(roots, target)
}

/// Whether the API has an operation in the version that a request asks for. Where that
/// is missing, unreadable or not supported, the fault is in the Version field and not in
/// the path: the operation is there if some supported version has it.
fn is_there(bundle: &CompiledBundle, operation: usize, request: &Request<'_>, profile: &Profile) -> bool {
    bundle.ir.operations.get(operation).is_some_and(|operation| {
        !operation.absent && (operation.releases.are_all() || is_asked_for(operation, request, profile))
    })
}

fn is_asked_for(operation: &Operation, request: &Request<'_>, profile: &Profile) -> bool {
    match version::requested(request) {
        Some(version) if operation.releases.have(version) => true,
        Some(version) if profile.supports(version) => false,
        _ => profile.supports_some_of(operation.releases),
    }
}

/// Says of a path that the API has it in other versions, or not for this caller.
fn absence(root: &ApiRoot, request: &Request<'_>) -> String {
    let version = version::requested(request).map_or_else(String::new, |version| format!(" in the version {version}"));
    format!("The path names no resource of the API at {}{version}.", root.path)
}

/// Reports a path that is not in normal form.
pub(super) fn refuse(fault: PathFault, report: &mut Report<'_>) {
    let (rule, detail) = match fault {
        PathFault::EncodedSlash => (
            rule::ROUTE_ENCODED_SLASH,
            "The path holds an encoded slash or backslash (%2F or %5C), which no identifier of this API has; send a plain slash between segments.",
        ),
        PathFault::NoSlash => (rule::ROUTE_UNKNOWN, "The request target is not an absolute path."),
        PathFault::Character => {
            (rule::ROUTE_UNKNOWN, "The path holds a character that RFC 3986 does not allow there; percent-encode it.")
        }
        PathFault::Encoding => {
            (rule::ROUTE_UNKNOWN, "The path holds a percent sign that two hexadecimal digits do not follow.")
        }
        PathFault::EmptySegment => {
            (rule::ROUTE_UNKNOWN, "The path holds an empty segment (//); no resource of this API has one.")
        }
        PathFault::DotSegment => {
            (rule::ROUTE_UNKNOWN, "The path holds a dot segment (. or ..); send the path of the resource itself.")
        }
    };
    report.fail(rule, Location::Request, detail.to_owned());
}

/// The API root that a route lies below.
pub(super) fn root(route: &Route<'_, '_>) -> Option<usize> {
    match route {
        Route::Found { below, .. } | Route::TrailingSlash { below, .. } => Some(below.root),
        Route::OtherMajor { root, .. } | Route::Unknown { root, .. } => Some(*root),
        Route::Outside => None,
    }
}

/// Finds the operation; without one there is nothing more to judge.
pub(super) fn check<'a>(
    bundle: &'a CompiledBundle,
    request: &Request<'_>,
    route: &Route<'a, 'a>,
    profile: &Profile,
    report: &mut Report<'_>,
) -> Option<Target<'a>> {
    let (below, resource) = match route {
        Route::Found { below, resource } => (*below, *resource),
        // If that only warns, the request is judged as without the slash.
        Route::TrailingSlash { below, resource } => {
            let detail = "The path ends with a slash, which makes it a different URI; leave the slash out.".to_owned();
            if report.fail(rule::ROUTE_TRAILING_SLASH, Location::Request, detail) {
                return None;
            }
            (*below, *resource)
        }
        Route::OtherMajor { segment, .. } => {
            let served: Vec<&str> = bundle.ir.api_roots.iter().map(|root| root.path.as_str()).collect();
            let detail = format!(
                "The API major version {} is not served here; the API is at {}.",
                text::quote(segment),
                text::either(&served)
            );
            // It is below no API root, but by its name it is the same API, which nobody judges there.
            if profile.pass_outside && !is_disguised(bundle, request.target) {
                report.warn(rule::ROUTE_API_MAJOR, Location::Request, detail);
            } else {
                report.fail(rule::ROUTE_API_MAJOR, Location::Request, detail);
            }
            return None;
        }
        Route::Outside if profile.pass_outside && !is_disguised(bundle, request.target) => return None,
        Route::Outside => {
            let served: Vec<&str> = bundle.ir.api_roots.iter().map(|root| root.path.as_str()).collect();
            let detail = format!("The path is not below an API root that is served here: {}.", text::either(&served));
            report.fail(rule::ROUTE_UNKNOWN, Location::Request, detail);
            return None;
        }
        Route::Unknown { root, rest } => {
            // A path that some server takes for an operation's is not a new one.
            report.set_beyond(version::is_beyond(request, profile) && !bundle.router.resembles(rest));
            let root = bundle.ir.api_roots.get(*root).map_or("", |root| root.path.as_str());
            let detail = format!(
                "The path names no resource of the API at {root}. Paths are case-sensitive; check its segments."
            );
            report.fail(rule::ROUTE_UNKNOWN, Location::Request, detail);
            return None;
        }
    };
    let root = bundle.ir.api_roots.get(below.root)?;
    let Some(variables) = resource.variables(&root.path, &below) else {
        let detail = "An identifier in the path is not UTF-8 text without control characters.".to_owned();
        report.fail(rule::ROUTE_UNKNOWN, Location::Request, detail);
        return None;
    };
    report.looks_at(&[
        rule::ROUTE_UNKNOWN,
        rule::ROUTE_TRAILING_SLASH,
        rule::ROUTE_API_MAJOR,
        rule::ROUTE_ENCODED_SLASH,
        rule::ROUTE_METHOD,
    ]);
    let is_there = |index: usize| is_there(bundle, index, request, profile);
    let found = resource.operation(request.method, profile.spoken);
    let Some(index) = found.filter(|index| is_there(*index)) else {
        let methods = resource.operations(profile.spoken).filter(|(_, index)| is_there(*index));
        let methods: Vec<&str> = methods.map(|(method, _)| method).collect();
        if methods.is_empty() {
            report.set_beyond(version::is_beyond(request, profile));
            let detail = absence(root, request);
            report.fail(rule::ROUTE_UNKNOWN, Location::Request, detail);
            return None;
        }
        // Some servers do not tell the case of a method.
        let is_new = !methods.iter().any(|known| known.eq_ignore_ascii_case(request.method));
        report.set_beyond(is_new && version::is_beyond(request, profile));
        let detail = format!(
            "The resource does not support the method {}; it supports {}.",
            text::quote(request.method),
            text::all(&methods)
        );
        if report.severity(rule::ROUTE_METHOD) == Severity::Deny {
            report.answer_field("allow", methods.join(", "));
        }
        report.fail(rule::ROUTE_METHOD, Location::Request, detail);
        return None;
    };
    Some(Target {
        root,
        operation: bundle.ir.operations.get(index)?,
        compiled: bundle.operations.get(index)?,
        variables,
    })
}
