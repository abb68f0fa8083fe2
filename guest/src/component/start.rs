//! The engine of the component, made once.

use std::sync::OnceLock;

use crate::Engine;
use crate::allocator;
use crate::ir::Bundle;
use crate::verdict::{Context, Request, Setting};

/// Filled by [`initialise`].
static ENGINE: OnceLock<Engine> = OnceLock::new();

/// The engine, once there is one.
pub(super) fn engine() -> Option<&'static Engine> {
    ENGINE.get()
}

/// Makes the engine from the JSON text of a bundle, or says why it cannot.
pub(super) fn initialise(bundle: Vec<u8>) -> Result<(), String> {
    let parsed = serde_json::from_slice::<Bundle>(&bundle).map_err(|error| error.to_string())?;
    drop(bundle);
    let engine = Engine::new(parsed).map_err(|error| error.to_string())?;
    warm_up(&engine);
    allocator::take_over();
    ENGINE.set(engine.compacted()).map_err(|_| "the engine has a bundle already".to_owned())?;
    allocator::start_anew();
    Ok(())
}

/// One evaluation of every operation, so that lazily built tables and the heap
/// that an evaluation needs are part of the snapshot.
fn warm_up(engine: &Engine) {
    let Some(root) = engine.bundle().api_roots.first() else { return };
    let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")];
    for operation in &engine.bundle().operations {
        let target = format!("{}{}", root.path, operation.path).replace(['{', '}'], "");
        let request =
            Request { method: &operation.method, target: &target, fields: &fields, body: b"{}", body_complete: true };
        let spoken = operation.dialect.iter().map(|name| Setting::Option { name: name.clone(), value: true.into() });
        let settings: Vec<Setting> = spoken.collect();
        let _ = engine.evaluate(&request, &Context { settings: &settings, ..Default::default() });
    }
}
