//! Settings: what an operator changes of a policy without building it anew.

use std::sync::Arc;

use serde_json::Value;
use solgate_engine::verdict::Setting;

use crate::policy::Policy;

/// Why a setting was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    #[error("no policy has the option {name:?}; there {}", list("is", "are", known))]
    UnknownOption { name: String, known: Vec<String> },
    #[error("no policy has the rule {id:?}{}", did_you_mean(near.as_deref()))]
    UnknownRule { id: String, near: Option<String> },
    #[error("option {name} takes {expected}, not {found:?}")]
    WrongType { name: String, expected: &'static str, found: String },
}

fn list(one: &str, many: &str, names: &[String]) -> String {
    match names {
        [] => "are none".to_owned(),
        [name] => format!("{one} {name}"),
        names => format!("{many} {}", names.join(", ")),
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default()
}

/// Reads the text of an option's value by the type of its default.
pub(super) fn parse_option(policies: &[Arc<Policy>], name: &str, value: &str) -> Result<Setting, SettingError> {
    let default = default(policies, name)?;
    let wrong = |expected| SettingError::WrongType { name: name.to_owned(), expected, found: value.to_owned() };
    let value = match default {
        Value::Bool(_) => Value::Bool(value.parse().map_err(|_| wrong("true or false"))?),
        Value::Number(_) => Value::from(value.parse::<i64>().map_err(|_| wrong("an integer"))?),
        Value::Array(_) => {
            value.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(Value::from).collect()
        }
        _ => Value::from(value),
    };
    Ok(Setting::Option { name: name.to_owned(), value })
}

/// Whether some policy knows what the setting is about.
pub(super) fn check(policies: &[Arc<Policy>], setting: &Setting) -> Result<(), SettingError> {
    match setting {
        Setting::Option { name, value } => {
            let default = default(policies, name)?;
            let wrong =
                |expected| SettingError::WrongType { name: name.clone(), expected, found: value.to_string() };
            match (default, value) {
                (Value::Bool(_), Value::Bool(_)) | (Value::String(_), Value::String(_)) => Ok(()),
                (Value::Number(_), Value::Number(found)) if found.is_i64() => Ok(()),
                (Value::Array(_), Value::Array(entries)) if entries.iter().all(Value::is_string) => Ok(()),
                (Value::Bool(_), _) => Err(wrong("true or false")),
                (Value::Number(_), _) => Err(wrong("an integer")),
                (Value::Array(_), _) => Err(wrong("a list of texts")),
                _ => Err(wrong("a text")),
            }
        }
        Setting::Severity { rule, .. } => {
            let rules = || policies.iter().flat_map(|policy| &policy.manifest().rules);
            if rules().any(|known| known.id == *rule) {
                return Ok(());
            }
            let near = rules()
                .map(|known| (shared(&known.id, rule), &known.id))
                .max()
                .filter(|(shared, _)| shared.saturating_mul(2) > rule.len())
                .map(|(_, id)| id.clone());
            Err(SettingError::UnknownRule { id: rule.clone(), near })
        }
    }
}

fn default<'a>(policies: &'a [Arc<Policy>], name: &str) -> Result<&'a Value, SettingError> {
    policies.iter().find_map(|policy| policy.manifest().options.get(name)).map(|option| &option.default).ok_or_else(
        || SettingError::UnknownOption {
            name: name.to_owned(),
            known: policies.iter().flat_map(|policy| policy.manifest().options.keys().cloned()).collect(),
        },
    )
}

/// Characters that two names have in common at their start and end.
fn shared(a: &str, b: &str) -> usize {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let end = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    start.saturating_add(end)
}
