//! The engine as a component: the exports of `wit/policy.wit`, and the core
//! exports with which a bundle is put in: before the snapshot is taken, or, where
//! there is none, at run time (`guest/wit/engine.wit`).
#![allow(unsafe_code, reason = "the exports that wit-bindgen and the baker need are raw functions")]
#![allow(clippy::all, clippy::pedantic, reason = "generated code")]

use std::cell::RefCell;
use std::sync::OnceLock;

use crate::Engine;
use crate::allocator;
use crate::ir;
use crate::text;
use crate::verdict;

wit_bindgen::generate!({ path: "../wit", world: "policy" });

use exports::solgate::policy::judge as wit;

/// Filled by `solgate-init`, before the snapshot.
static ENGINE: OnceLock<Engine> = OnceLock::new();

thread_local! {
    /// The compiled bundle on its way in, or the message of a failed `solgate-init`.
    static TRANSFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for `len` bytes and says where they are.
#[unsafe(export_name = "solgate-reserve")]
extern "C" fn reserve(len: usize) -> *mut u8 {
    TRANSFER.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(len, 0);
        buffer.as_mut_ptr()
    })
}

/// Builds the engine from the bundle in the reserved bytes. Returns 0, or the
/// length of a message that is at `solgate-reserve`'s address then.
#[unsafe(export_name = "solgate-init")]
extern "C" fn init() -> usize {
    match initialise(TRANSFER.take()) {
        Ok(()) => 0,
        Err(message) => {
            let len = message.len().max(1);
            TRANSFER.set(message.into_bytes());
            len
        }
    }
}

fn initialise(bundle: Vec<u8>) -> Result<(), String> {
    let parsed = serde_json::from_slice::<ir::Bundle>(&bundle).map_err(|error| error.to_string())?;
    drop(bundle);
    let engine = Engine::new(parsed).map_err(|error| error.to_string())?;
    warm_up(&engine);
    allocator::take_over();
    ENGINE.set(engine.compacted()).map_err(|_| "the engine has a bundle already".to_owned())?;
    allocator::start_anew();
    Ok(())
}

/// Where the bytes of the transfer are.
#[unsafe(export_name = "solgate-message")]
extern "C" fn message() -> *const u8 {
    TRANSFER.with_borrow(|buffer| buffer.as_ptr())
}

/// A `result<_, string>` as the canonical ABI lays it out in memory.
#[repr(C)]
pub struct Loaded {
    is_error: u32,
    message: *const u8,
    len: usize,
}

/// `load` of `guest/wit/engine.wit`.
///
/// # Safety
/// `at` is an allocation of `len` bytes by the global allocator, which is given
/// away: so does the canonical ABI pass a `list<u8>`.
#[unsafe(export_name = "load")]
unsafe extern "C" fn load(at: *mut u8, len: usize) -> *const Loaded {
    // SAFETY: as above; `cabi_realloc` allocates with the global allocator.
    let bundle = unsafe { Vec::from_raw_parts(at, len, len) };
    let message = initialise(bundle).err();
    // It lives as long as the instance, which is short after an error.
    let message = message.map(|message| &*message.leak());
    Box::leak(Box::new(Loaded {
        is_error: u32::from(message.is_some()),
        message: message.map_or(std::ptr::null(), str::as_ptr),
        len: message.map_or(0, str::len),
    }))
}

/// One evaluation of every operation, so that lazily built tables and the heap
/// that an evaluation needs are part of the snapshot.
fn warm_up(engine: &Engine) {
    let Some(root) = engine.bundle().api_roots.first() else { return };
    let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")];
    for operation in &engine.bundle().operations {
        let target = format!("{}{}", root.path, operation.path).replace(['{', '}'], "");
        let request = verdict::Request {
            method: &operation.method,
            target: &target,
            fields: &fields,
            body: b"{}",
            body_complete: true,
        };
        let spoken =
            operation.dialect.iter().map(|name| verdict::Setting::Option { name: name.clone(), value: true.into() });
        let settings: Vec<verdict::Setting> = spoken.collect();
        let _ = engine.evaluate(&request, &verdict::Context { settings: &settings, ..Default::default() });
    }
}

/// getrandom's custom backend. Seeds are frozen into the snapshot anyway, so a
/// constant makes baking reproducible and hides nothing; tables keyed by what a
/// request brings are not hash maps.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(dest: *mut u8, len: usize) -> Result<(), getrandom::Error> {
    // SAFETY: getrandom passes a writable buffer of `len` bytes.
    let bytes = unsafe { std::slice::from_raw_parts_mut(dest.cast::<std::mem::MaybeUninit<u8>>(), len) };
    for (index, byte) in bytes.iter_mut().enumerate() {
        byte.write((index as u8).wrapping_mul(0x9d) ^ 0x5a);
    }
    Ok(())
}

struct Policy;

export!(Policy);

impl wit::Guest for Policy {
    fn describe() -> wit::Manifest {
        let Some(engine) = ENGINE.get() else { std::process::abort() };
        manifest(engine)
    }

    fn evaluate(request: wit::Request, context: wit::Context) -> wit::Outcome {
        let Some(engine) = ENGINE.get() else { std::process::abort() };
        let fields = fields(&request.fields);
        let native = verdict::Request {
            method: &request.method,
            target: &request.target,
            fields: &fields,
            body: &request.body,
            body_complete: request.body_complete,
        };
        let caller = context.caller.map(|caller| verdict::Caller {
            subject: caller.subject,
            tenant: caller.tenant,
            roles: caller.roles,
            scopes: caller.scopes,
            certificate_names: caller.certificate_names,
            source_address: caller.source_address,
        });
        let facts: Vec<(&str, verdict::FactAnswer<&[u8]>)> = context
            .facts
            .iter()
            .map(|fact| {
                let answer = match &fact.answer {
                    wit::FactAnswer::Found(found) => {
                        verdict::FactAnswer::Found { etag: found.etag.clone(), body: found.body.as_slice() }
                    }
                    wit::FactAnswer::Absent => verdict::FactAnswer::Absent,
                    wit::FactAnswer::Withheld => verdict::FactAnswer::Withheld,
                    wit::FactAnswer::Unavailable => verdict::FactAnswer::Unavailable,
                };
                (fact.name.as_str(), answer)
            })
            .collect();
        let settings: Vec<verdict::Setting> = context
            .settings
            .into_iter()
            .filter_map(|setting| match setting {
                wit::Setting::Option(pair) => serde_json::from_str(&pair.value)
                    .ok()
                    .map(|value| verdict::Setting::Option { name: pair.name, value }),
                wit::Setting::Severity((rule, severity)) => {
                    Some(verdict::Setting::Severity { rule, severity: severity_in(severity) })
                }
            })
            .collect();
        let outcome = engine.evaluate(
            &native,
            &verdict::Context {
                received_at: context.received_at,
                mode: match context.mode {
                    wit::Mode::Enforce => verdict::Mode::Enforce,
                    wit::Mode::Monitor => verdict::Mode::Monitor,
                },
                caller: caller.as_ref(),
                facts: &facts,
                settings: &settings,
            },
        );
        outcome_out(outcome)
    }
}

/// The header fields of the contract's lines.
fn fields(lines: &str) -> Vec<(&str, &str)> {
    let mut fields = Vec::with_capacity(8);
    let mut rest = lines;
    while let Some((name, after)) = text::split_once(rest, b':')
        && let Some((value, next)) = text::split_once(after, b'\n')
    {
        fields.push((name, value.strip_prefix(' ').unwrap_or(value)));
        rest = next;
    }
    fields
}

fn severity_in(severity: wit::Severity) -> ir::Severity {
    match severity {
        wit::Severity::Off => ir::Severity::Off,
        wit::Severity::Audit => ir::Severity::Audit,
        wit::Severity::Warn => ir::Severity::Warn,
        wit::Severity::Deny => ir::Severity::Deny,
    }
}

fn severity_out(severity: ir::Severity) -> wit::Severity {
    match severity {
        ir::Severity::Off => wit::Severity::Off,
        ir::Severity::Audit => wit::Severity::Audit,
        ir::Severity::Warn => wit::Severity::Warn,
        ir::Severity::Deny => wit::Severity::Deny,
    }
}

fn outcome_out(outcome: verdict::Outcome) -> wit::Outcome {
    match outcome {
        verdict::Outcome::Allow(findings) => wit::Outcome::Allow(findings.into_iter().map(finding_out).collect()),
        verdict::Outcome::Deny(denial) => wit::Outcome::Deny(wit::Denial {
            status: denial.status,
            rule: denial.rule,
            title: denial.title,
            detail: denial.detail,
            violations: denial.violations.into_iter().map(violation_out).collect(),
            fields: pairs(denial.fields),
            findings: denial.findings.into_iter().map(finding_out).collect(),
        }),
        verdict::Outcome::Need(queries) => wit::Outcome::Need(
            queries
                .into_iter()
                .map(|query| wit::FactQuery { name: query.name, variables: pairs(query.variables) })
                .collect(),
        ),
    }
}

fn finding_out(finding: verdict::Finding) -> wit::Finding {
    wit::Finding {
        severity: severity_out(finding.severity),
        status: finding.status,
        violation: violation_out(finding.violation),
    }
}

fn violation_out(violation: verdict::Violation) -> wit::Violation {
    wit::Violation {
        rule: violation.rule,
        location: match violation.location {
            verdict::Location::Request => wit::Location::Request,
            verdict::Location::Body(pointer) => wit::Location::Body(pointer),
            verdict::Location::Header(name) => wit::Location::Header(name),
            verdict::Location::Query(name) => wit::Location::Query(name),
            verdict::Location::Path(name) => wit::Location::Path(name),
        },
        detail: violation.detail,
        clause: violation.clause,
    }
}

fn pairs(pairs: Vec<(String, String)>) -> Vec<wit::Pair> {
    pairs.into_iter().map(|(name, value)| wit::Pair { name, value }).collect()
}

fn manifest(engine: &Engine) -> wit::Manifest {
    let bundle = engine.bundle();
    wit::Manifest {
        name: bundle.name.clone(),
        version: bundle.version.clone(),
        digest: bundle.digest.clone(),
        fields: engine.wanted_fields().to_vec(),
        api_roots: bundle.api_roots.iter().map(|root| root.path.clone()).collect(),
        operations: bundle
            .resources()
            .map(|operation| wit::Operation {
                id: operation.id.clone(),
                method: operation.method.clone(),
                path: operation.path.clone(),
            })
            .collect(),
        facts: bundle
            .facts
            .iter()
            .map(|fact| wit::FactTemplate {
                name: fact.name.clone(),
                path: fact.path.clone(),
                query: fact.query.clone(),
                plain_on_400: fact.plain_on_400,
                members: fact.members.clone(),
                is_list: fact.list,
            })
            .collect(),
        options: bundle
            .options
            .iter()
            .map(|option| wit::OptionDefinition {
                name: option.name.clone(),
                default: option.default.to_string(),
                values: option.values.iter().map(ToString::to_string).collect(),
                doc: option.doc.clone(),
            })
            .collect(),
        rules: bundle
            .rules
            .iter()
            .map(|rule| wit::RuleSummary {
                id: rule.id.clone(),
                severity: severity_out(rule.severity.default),
                status: rule.status,
                title: rule.title.clone(),
                clause: rule.clause.clone(),
                operations: rule.operations.clone(),
            })
            .collect(),
        limits: wit::Limits {
            body_bytes: bundle.limits.body_bytes,
            target_bytes: bundle.limits.target_bytes,
            depth: bundle.limits.depth,
        },
        secrets: engine
            .secrets()
            .into_iter()
            .map(|place| wit::Secret { pointer: place.pointer, secret: place.secret })
            .collect(),
    }
}
