//! Instructions of sandboxed evaluations: WebAssembly's, which wasmtime counts as fuel.
//!
//! They are those of the component that `solgate serve` runs, in a fresh instance, and
//! the same on every machine. How fast they are is for `make bench` to tell.

use anyhow::{Context as _, ensure};
use solgate::policy::Policy;
use solgate_engine::verdict;
use wasmtime::component::{Component, Func, Instance, Linker, Val};
use wasmtime::{Config, Engine, OptLevel, Store};

use super::{Choice, Figure, chosen};
use crate::workload::{Prepared, Workload};

pub(super) const GROUP: &str = "sandbox";
/// More than any evaluation takes.
const TANK: u64 = 1 << 40;

pub(super) fn figures(choice: &Choice, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let chosen = chosen(choice, GROUP);
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    say("compiling the policy so that its instructions are counted");
    let component = counted(solgate_tests::default_component())?;
    // What a policy says of itself, for the header fields that it reads.
    let policy = Policy::without_sandbox(solgate_unsandboxed::judge(solgate_bundle::bake::bundle_of(
        solgate_tests::default_component(),
    )?)?);
    say("WebAssembly instructions");
    let figure = |(name, work): &(String, Workload)| {
        let name = format!("{GROUP}/{name}");
        let value = count(&component, work, &work.prepare(&policy)).with_context(|| name.clone())?;
        Ok(Figure { name, value, unit: "instructions", tolerance: 2 })
    };
    chosen.iter().map(figure).collect()
}

/// A policy whose instructions are counted.
///
/// # Errors
///
/// If it is not a component.
pub fn counted(policy: &[u8]) -> anyhow::Result<Component> {
    let mut config = Config::new();
    // Fuel counts what the component has, not what the compiler makes of it.
    config.consume_fuel(true).wasm_component_model(true).cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config).map_err(told)?;
    Component::from_binary(&engine, policy).map_err(told)
}

/// The instructions of one evaluation, and the name of its outcome as `wit/policy.wit` has it.
///
/// # Errors
///
/// If the policy traps, or if a fact was not found.
pub fn taken(
    component: &Component,
    asked: &verdict::Request<'_>,
    known: &verdict::Context<'_>,
) -> anyhow::Result<(u64, String)> {
    let (taken, outcome) = call(component, &[request(asked), context(known)?]).map_err(told)?;
    match outcome {
        Val::Variant(case, _) => Ok((taken, case)),
        outcome => Err(anyhow::anyhow!("the outcome is {outcome:?}")),
    }
}

/// The instructions of one evaluation.
fn count(component: &Component, work: &Workload, prepared: &Prepared<'_>) -> anyhow::Result<u64> {
    let (taken, outcome) = taken(component, &prepared.request(), &prepared.context())?;
    let expected = if work.allowed { "allow" } else { "deny" };
    ensure!(outcome == expected, "the outcome is {outcome}");
    Ok(taken)
}

/// Calls `evaluate` in an instance of its own: the fuel that it took, and what it
/// returned.
fn call(component: &Component, arguments: &[Val]) -> wasmtime::Result<(u64, Val)> {
    let mut store = Store::new(component.engine(), ());
    store.set_fuel(TANK)?;
    let instance = Linker::new(component.engine()).instantiate(&mut store, component)?;
    let evaluate = evaluate_of(&instance, &mut store);
    let evaluate = evaluate.ok_or_else(|| wasmtime::Error::msg("the component has no `evaluate`"))?;
    let mut outcome = [Val::Bool(false)];
    let before = store.get_fuel()?;
    evaluate.call(&mut store, arguments, &mut outcome)?;
    let [outcome] = outcome;
    Ok((before - store.get_fuel()?, outcome))
}

fn told(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

fn evaluate_of(instance: &Instance, store: &mut Store<()>) -> Option<Func> {
    let judge = instance.get_export_index(&mut *store, None, "solgate:policy/judge@1.0.0")?;
    let evaluate = instance.get_export_index(&mut *store, Some(&judge), "evaluate")?;
    instance.get_func(store, evaluate)
}

/// The request as `wit/policy.wit` has it.
fn request(request: &verdict::Request<'_>) -> Val {
    let fields: String = request.fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    record([
        ("method", text(request.method)),
        ("target", text(request.target)),
        ("fields", Val::String(fields)),
        ("body", bytes(request.body)),
        ("body-complete", Val::Bool(request.body_complete)),
    ])
}

/// Everything else, with facts that were found.
fn context(context: &verdict::Context<'_>) -> anyhow::Result<Val> {
    let facts = context.facts.iter().map(|(name, answer)| {
        let verdict::FactAnswer::Found { etag: None, body } = answer else {
            anyhow::bail!("the fact {name} is not one that was found, without an ETag");
        };
        let found = record([("etag", Val::Option(None)), ("body", bytes(body))]);
        Ok(record([("name", text(name)), ("answer", Val::Variant("found".to_owned(), Some(Box::new(found))))]))
    });
    let settings = context.settings.iter().map(|setting| {
        let verdict::Setting::Option { name, value } = setting else {
            anyhow::bail!("a setting is not one of an option");
        };
        let pair = record([("name", text(name)), ("value", text(&value.to_string()))]);
        Ok(Val::Variant("option".to_owned(), Some(Box::new(pair))))
    });
    Ok(record([
        ("received-at", Val::U64(context.received_at)),
        ("mode", Val::Enum("enforce".to_owned())),
        ("caller", Val::Option(None)),
        ("facts", Val::List(facts.collect::<anyhow::Result<_>>()?)),
        ("settings", Val::List(settings.collect::<anyhow::Result<_>>()?)),
    ]))
}

fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::Record(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn bytes(bytes: &[u8]) -> Val {
    Val::List(bytes.iter().copied().map(Val::U8).collect())
}
