//! Dialects: operations that stand in for others, or exist at all, while an option is
//! on.

use serde_json::{Map, Value};
use solgate_contract::spoken::Spoken;

use crate::{
    error::InitError,
    ir::{Bundle, OptionKind},
    verdict::Setting,
};

/// Most dialects of a bundle.
const MOST: usize = 32;

/// The dialects of a bundle, in the order of the options that switch them on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dialects(Vec<Dialect>);

#[derive(Debug, Clone)]
struct Dialect {
    /// As operations name it.
    name: String,
    option: String,
    /// The value of the option with which it is on.
    on: Value,
}

impl Dialects {
    pub(crate) fn of(bundle: &Bundle) -> Result<Self, InitError> {
        let mut named: Vec<&str> = bundle.operations.iter().filter_map(|op| op.dialect.as_deref()).collect();
        named.sort_unstable();
        named.dedup();
        let mut dialects = Vec::new();
        for option in &bundle.options {
            for name in &named {
                let on = match (option.kind, name.split_once('.')) {
                    (OptionKind::Boolean, None) if option.name == *name => Value::Bool(true),
                    (OptionKind::String, Some((of, value))) if option.name == of => Value::from(value),
                    _ => continue,
                };
                dialects.push(Dialect { name: (*name).to_owned(), option: option.name.clone(), on });
            }
        }
        if let Some(name) = named.into_iter().find(|name| dialects.iter().all(|known| known.name != *name)) {
            return Err(InitError::Option {
                name: name.to_owned(),
                reason: "names a dialect but is neither a boolean option nor an option and one of its values",
            });
        }
        if dialects.len() > MOST {
            return Err(InitError::Limit { name: "dialects", value: short(dialects.len()), most: short(MOST) });
        }
        Ok(Self(dialects))
    }

    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known.name == name)
    }

    /// Those that are on where the options have these values.
    pub(crate) fn spoken(&self, options: &Map<String, Value>) -> Spoken {
        let on = self.0.iter().enumerate().filter(|(_, dialect)| options.get(&dialect.option) == Some(&dialect.on));
        on.fold(Spoken::default(), |spoken, (index, _)| spoken.with(index, true))
    }

    /// The same with what the context sets.
    pub(crate) fn overlaid(&self, spoken: Spoken, settings: &[Setting]) -> Spoken {
        if self.0.is_empty() {
            return spoken;
        }
        settings.iter().fold(spoken, |spoken, setting| match setting {
            Setting::Option { name, value } => {
                let of = self.0.iter().enumerate().filter(|(_, dialect)| dialect.option == *name);
                of.fold(spoken, |spoken, (index, dialect)| spoken.with(index, *value == dialect.on))
            }
            Setting::Severity { .. } => spoken,
        })
    }
}

fn short(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
