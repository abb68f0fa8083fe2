//! Dialects: operations that stand in for others, or exist at all, while an option is
//! on.

use serde_json::Value;
use solgate_contract::spoken::Spoken;

use crate::{
    error::InitError,
    ir::{Bundle, OptionKind},
    verdict::Setting,
};

/// Most dialects of a bundle.
const MOST: usize = 32;

/// The dialects of a bundle: names of boolean options, in the order of the options.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dialects {
    names: Vec<String>,
}

impl Dialects {
    pub(crate) fn of(bundle: &Bundle) -> Result<Self, InitError> {
        let is_named = |name: &str| bundle.operations.iter().any(|op| op.dialect.as_deref() == Some(name));
        let options = bundle.options.iter().filter(|option| option.kind == OptionKind::Boolean);
        let names: Vec<String> = options.map(|option| option.name.clone()).filter(|name| is_named(name)).collect();
        let unknown = bundle.operations.iter().filter_map(|op| op.dialect.as_ref()).find(|name| !names.contains(name));
        if let Some(name) = unknown {
            return Err(InitError::Option {
                name: name.clone(),
                reason: "names a dialect but is not a boolean option",
            });
        }
        if names.len() > MOST {
            return Err(InitError::Limit { name: "dialects", value: short(names.len()), most: short(MOST) });
        }
        Ok(Self { names })
    }

    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// Those whose options are on.
    pub(crate) fn spoken(&self, is_on: impl Fn(&str) -> bool) -> Spoken {
        let on = self.names.iter().enumerate().filter(|(_, name)| is_on(name));
        on.fold(Spoken::default(), |spoken, (index, _)| spoken.with(index, true))
    }

    /// The same with what the context sets.
    pub(crate) fn overlaid(&self, spoken: Spoken, settings: &[Setting]) -> Spoken {
        if self.names.is_empty() {
            return spoken;
        }
        settings.iter().fold(spoken, |spoken, setting| match setting {
            Setting::Option { name, value } => match self.index(name) {
                Some(index) => spoken.with(index, *value == Value::Bool(true)),
                None => spoken,
            },
            Setting::Severity { .. } => spoken,
        })
    }
}

fn short(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
