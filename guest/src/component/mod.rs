//! The engine as a component: the exports of `wit/policy.wit`, and the core exports
//! through which a bundle gets in: before the snapshot is taken ([`transfer`]), or,
//! without a snapshot, at run time ([`load`]). A host of the same release asks by other
//! core exports ([`packed`]).

mod bindings;
mod convert;
mod load;
mod packed;
mod start;
mod transfer;

use bindings::{Policy, wit};

use crate::Engine;
use crate::verdict::{Caller, Context, FactAnswer, Request, Setting};

impl wit::Guest for Policy {
    fn describe() -> wit::Manifest {
        convert::manifest_to_wit(engine().manifest())
    }

    fn evaluate(request: wit::Request, context: wit::Context) -> wit::Outcome {
        let fields = convert::fields_from_wit(&request.fields);
        let caller: Option<Caller> = context.caller.map(convert::caller_from_wit);
        let facts: Vec<(&str, FactAnswer<&[u8]>)> = context.facts.iter().map(convert::fact_from_wit).collect();
        let settings: Vec<Setting> = context.settings.into_iter().filter_map(convert::setting_from_wit).collect();
        let request = Request {
            method: &request.method,
            target: &request.target,
            fields: &fields,
            body: &request.body,
            body_complete: request.body_complete,
        };
        let context = Context {
            received_at: context.received_at,
            mode: convert::mode_from_wit(context.mode),
            caller: caller.as_ref(),
            facts: &facts,
            settings: &settings,
        };
        convert::outcome_to_wit(engine().evaluate(&request, &context))
    }
}

/// The engine, which is there before anybody asks.
fn engine() -> &'static Engine {
    start::engine().unwrap_or_else(|| std::process::abort())
}
