//! The engine with the rules of the default policy.

use std::sync::LazyLock;
use std::time::Duration;

use solgate::policy::{Engine as Sandbox, EngineConfig, EvaluationLimits, Isolation, Policy};
use solgate_bundle::{BuildOptions, compile_built_in};
use solgate_engine::verdict::{Context, Denial, FactAnswer, Finding, Location, Outcome, Request};
use solgate_engine::{ENGINE_RULES, Engine};

use crate::message::{self, Message};

/// 2026-01-01T00:00:00Z.
const RECEIVED_AT: u64 = 1_767_225_600_000;

struct Engines {
    engine: Engine,
    /// The same without the quick way through plain expressions.
    by_cel: Engine,
    /// In the sandbox, in instances that are put back after each evaluation, where memory that
    /// no evaluation may read is not empty.
    rewound: Policy,
}

static ENGINES: LazyLock<Engines> = LazyLock::new(|| {
    let compiled = compile_built_in("vnflcm-v2", &BuildOptions::default()).expect("it is part of the program");
    let bundle = compiled.expect("it has no mistakes").bundle;
    let engine = || Engine::new(bundle.clone()).expect("the engine takes it");
    let evaluation = EvaluationLimits { time: Duration::from_secs(60), ..EvaluationLimits::default() };
    let config = EngineConfig { concurrency: 4, evaluation, filler: 0xa5, ..EngineConfig::default() };
    let rewound = Policy::vnflcm_v2(&Sandbox::new(config).expect("it starts")).expect("it is part of the program");
    let rewound = rewound.with_isolation(Isolation::Rewound);
    Engines { engine: engine(), by_cel: engine().by_cel_alone(), rewound }
});

/// The first part of the input is a request, the others are answers to the facts that
/// it needs, in the order in which they are asked for. Whatever they are:
///
/// - there is an outcome, and the same one each time, by each way to it;
/// - a fact is asked for once;
/// - a denial has a status of an error, and names rules that exist;
/// - a body that is allowed to an operation is JSON.
///
/// # Panics
/// If it is not so.
pub fn engine(input: &[u8]) {
    let mut parts = message::parts(input);
    let Some(message) = parts.next() else { return };
    let Some(texts) = Texts::of(&message) else { return };
    let request = Request {
        method: texts.method,
        target: texts.target,
        fields: &texts.fields(),
        body: message.body,
        body_complete: true,
    };
    let mut facts: Vec<(&str, FactAnswer<&[u8]>)> = Vec::new();
    loop {
        let outcome = outcome(&request, &Context { received_at: RECEIVED_AT, facts: &facts, ..Context::default() });
        let queries = match outcome {
            Outcome::Allow(findings) => return check_allowed(&request, &findings),
            Outcome::Deny(denial) => return check_denial(&denial),
            Outcome::Need(queries) => queries,
        };
        assert!(!queries.is_empty(), "it needs something");
        for query in queries {
            let known = ENGINES.engine.bundle().facts.iter().find(|fact| fact.name == query.name);
            let name = known.expect("the bundle has the fact").name.as_str();
            assert!(facts.iter().all(|(asked, _)| *asked != name), "{name} is asked for once");
            facts.push((name, parts.next().map_or(FactAnswer::Unavailable, answer)));
        }
    }
}

/// The outcome by all ways.
fn outcome(request: &Request<'_>, context: &Context<'_>) -> Outcome {
    let Engines { engine, by_cel, rewound } = &*ENGINES;
    let outcome = engine.evaluate(request, context);
    assert_eq!(outcome, engine.evaluate(request, context), "once more");
    assert_eq!(outcome, engine.trace(request, context).0, "traced");
    assert_eq!(outcome, by_cel.evaluate(request, context), "by CEL alone");
    assert_eq!(Some(&outcome), rewound.evaluate(request, context).ok().as_ref(), "in the sandbox");
    outcome
}

/// What of a request is text to the engine; the host has refused what is not.
struct Texts<'i> {
    method: &'i str,
    target: &'i str,
    fields: Vec<(String, &'i str)>,
}

impl<'i> Texts<'i> {
    fn of(message: &Message<'i>) -> Option<Self> {
        let text = |bytes: &'i [u8]| std::str::from_utf8(bytes).ok();
        let (method, target) = message.request_line();
        let fields = message.fields.iter().map(|(name, value)| Some((text(name)?.to_ascii_lowercase(), text(value)?)));
        Some(Self { method: text(method)?, target: text(target)?, fields: fields.collect::<Option<_>>()? })
    }

    fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), *value)).collect()
    }
}

fn answer(part: Message<'_>) -> FactAnswer<&[u8]> {
    match part.status() {
        200 => {
            let etag = part.fields.iter().find(|(name, _)| *name == b"etag");
            let etag = etag.and_then(|(_, value)| String::from_utf8(value.to_vec()).ok());
            FactAnswer::Found { etag, body: part.body }
        }
        404 => FactAnswer::Absent,
        401 | 403 => FactAnswer::Withheld,
        _ => FactAnswer::Unavailable,
    }
}

fn check_allowed(request: &Request<'_>, findings: &[Finding]) {
    findings.iter().for_each(|finding| check_rule(&finding.violation.rule));
    let engine = &ENGINES.engine;
    let Some(id) = engine.route(request.method, request.target) else { return };
    let operation = engine.bundle().operations.iter().find(|operation| operation.id == id);
    if operation.expect("the operation is there").body.is_some() && !request.body.is_empty() {
        let read = serde_json::from_slice::<serde_json::Value>(request.body);
        assert!(read.is_ok(), "{id} is allowed with a body that is not JSON: {read:?}");
    }
}

fn check_denial(denial: &Denial) {
    assert!((400..600).contains(&denial.status), "{}", denial.status);
    assert!(!denial.violations.is_empty() && !denial.title.is_empty() && !denial.detail.is_empty());
    check_rule(&denial.rule);
    denial.findings.iter().for_each(|finding| check_rule(&finding.violation.rule));
    for violation in &denial.violations {
        check_rule(&violation.rule);
        assert!(!violation.detail.is_empty(), "{} says what is wrong", violation.rule);
        if let Location::Body(pointer) = &violation.location {
            assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer} is a JSON Pointer");
        }
    }
    for (name, value) in &denial.fields {
        assert!(["allow", "version", "www-authenticate"].contains(&name.as_str()), "{name}");
        assert!(http::HeaderValue::try_from(value).is_ok(), "{name}: {value:?}");
    }
}

fn check_rule(id: &str) {
    let is_known =
        ENGINE_RULES.iter().any(|rule| rule.id == id) || ENGINES.engine.bundle().rules.iter().any(|rule| rule.id == id);
    assert!(is_known, "there is no rule {id}");
}
