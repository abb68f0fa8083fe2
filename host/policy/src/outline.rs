//! What a component says before it is compiled, which takes seconds.

use serde::Deserialize;
use solgate_contract::section::BUNDLE;
use wasmparser::{Parser, Payload};

/// What is known of a component by reading it.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// Names of what it imports.
    pub imports: Vec<String>,
    /// The most violations that it gives for one request, if it carries the bundle that it
    /// was baked from.
    pub most_violations: Option<usize>,
}

#[derive(Deserialize)]
struct Carried {
    limits: CarriedLimits,
}

#[derive(Deserialize)]
struct CarriedLimits {
    violations: usize,
}

impl Outline {
    /// Reads as much of a component as can be read: what is wrong with it, the compiler
    /// says.
    pub(super) fn of(component: &[u8]) -> Self {
        let mut outline = Self::default();
        // Of what is within others nothing counts.
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component) {
            match payload {
                Ok(Payload::Version { .. }) => depth = depth.saturating_add(1),
                Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
                Ok(Payload::ComponentImportSection(section)) if depth == 1 => {
                    let names = section.into_iter().map_while(Result::ok);
                    outline.imports.extend(names.map(|import| import.name.name.to_owned()));
                }
                Ok(Payload::CustomSection(section)) if depth == 1 && section.name() == BUNDLE => {
                    let carried = serde_json::from_slice::<Carried>(section.data()).ok();
                    outline.most_violations = carried.map(|carried| carried.limits.violations);
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        outline
    }
}
