//! Settings: what an operator changes of a policy without building it again.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use http::HeaderValue;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use solgate_contract::verdict::{Mode, Setting};
use solgate_contract::version::VersionPattern;

use super::FactFailure;
use crate::policy::Policy;
use crate::policy::manifest::{ItemKind, MAP_ENTRIES, MAP_NAME, OptionDefinition, OptionKind};

const SUPPORTED_VERSIONS: &str = "supportedVersions";
const KNOWN_VERSIONS: &str = "knownVersions";

/// Why a setting was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    #[error("no policy has the option {name:?}; there {}", list("is", "are", known))]
    UnknownOption { name: String, known: Vec<String> },
    #[error("no policy has the rule {id:?}{}", did_you_mean(near.as_deref()))]
    UnknownRule { id: String, near: Option<String> },
    #[error("option {name} takes {}, not {found}", allowed.join(" or "))]
    NotAllowed { name: String, allowed: Vec<String>, found: String },
    #[error("option {name} takes {expected}, not {found}")]
    WrongType { name: String, expected: &'static str, found: String },
    #[error("option {name} takes {expected} for each name, not {found}, which {entry:?} has")]
    WrongEntry { name: String, entry: String, expected: &'static str, found: String },
    #[error(
        "option {name} has too many entries, or a name that is too long: at most {MAP_ENTRIES} entries, with names of at \
         most {MAP_NAME} bytes; a larger table belongs into a data file of the policy's bundle"
    )]
    TooLarge { name: String },
    #[error("option {name} lists no version, so that every request would be refused; name those that the VNFM speaks")]
    NoVersions { name: String },
    #[error(
        "option {name} takes versions such as 2.0.0, 2.*.* for all that begin with 2, or 2.0.0 - 2.3.0 for a range, not {found:?}"
    )]
    NotAVersion { name: String, found: String },
}

fn list(one: &str, many: &str, names: &[String]) -> String {
    match names {
        [] => "are none".to_owned(),
        [name] => format!("{one} {name}"),
        names => format!("{many} {}", names.join(", ")),
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(
        || "; a verdict names the rules that it rests on, such as query.unknown".to_owned(),
        |near| format!("; did you mean {near:?}?"),
    )
}

/// Checks that some policy knows what the setting is about, and gives an option's
/// value the option's type: on a command line everything is a text or a number.
pub(super) fn fit(policies: &[Arc<Policy>], setting: Setting) -> Result<Setting, SettingError> {
    match setting {
        Setting::Option { name, value } => {
            let wrong = |expected, value: &Value| SettingError::WrongType {
                name: name.clone(),
                expected,
                found: value.to_string(),
            };
            let option = definition(policies, &name)?;
            let value = match (option.kind, value) {
                // `true` and `400` may come as texts.
                (OptionKind::Boolean | OptionKind::Integer, Value::String(text)) => {
                    serde_json::from_str(&text).unwrap_or(Value::String(text))
                }
                (OptionKind::Map(_), Value::String(text)) => option.kind.parse(&text).unwrap_or(Value::String(text)),
                (_, value) => value,
            };
            let value = match (option.kind, value) {
                (OptionKind::Boolean, value @ Value::Bool(_)) | (OptionKind::String, value @ Value::String(_)) => value,
                (OptionKind::Integer, Value::Number(number)) if number.is_i64() => Value::Number(number),
                (OptionKind::Strings, Value::Array(entries)) if entries.iter().all(Value::is_string) => {
                    Value::Array(entries)
                }
                (OptionKind::Strings, Value::String(text)) => {
                    text.split(',').map(|entry| Value::from(entry.trim())).collect()
                }
                (OptionKind::Strings, value @ Value::Number(_)) => Value::from(vec![value.to_string()]),
                (OptionKind::String, value @ (Value::Number(_) | Value::Bool(_))) => Value::from(value.to_string()),
                (OptionKind::Map(of), Value::Object(entries)) => map(&name, of, entries)?,
                (OptionKind::Boolean, value) => return Err(wrong("true or false", &value)),
                (OptionKind::Integer, value) => return Err(wrong("an integer", &value)),
                (OptionKind::Strings, value) => return Err(wrong("a list of texts", &value)),
                (OptionKind::String, value) => return Err(wrong("a text", &value)),
                (kind @ OptionKind::Map(_), value) => return Err(wrong(kind.described(), &value)),
            };
            check_versions(&name, &value)?;
            if !option.values.is_empty() && !option.values.contains(&value) {
                let allowed: Vec<String> = option.values.iter().map(Value::to_string).collect();
                return Err(SettingError::NotAllowed { name, allowed, found: value.to_string() });
            }
            Ok(Setting::Option { name, value })
        }
        Setting::Severity { rule, severity } => {
            let rules = || policies.iter().flat_map(|policy| &policy.manifest().rules);
            if rules().any(|known| known.id == rule) {
                return Ok(Setting::Severity { rule, severity });
            }
            let near = rules()
                .map(|known| (strsim::jaro_winkler(&known.id, &rule), &known.id))
                .max_by(|(a, _), (b, _)| a.total_cmp(b))
                .filter(|(likeness, _)| *likeness > 0.8)
                .map(|(_, id)| id.clone());
            Err(SettingError::UnknownRule { id: rule, near })
        }
    }
}

/// The entries of an option that is a map.
fn map(name: &str, of: ItemKind, entries: Map<String, Value>) -> Result<Value, SettingError> {
    if entries.len() > MAP_ENTRIES || entries.keys().any(|entry| entry.len() > MAP_NAME) {
        return Err(SettingError::TooLarge { name: name.to_owned() });
    }
    match entries.iter().find(|(_, value)| !of.fits(value)) {
        Some((entry, value)) => Err(SettingError::WrongEntry {
            name: name.to_owned(),
            entry: entry.clone(),
            expected: of.described(),
            found: value.to_string(),
        }),
        None => Ok(Value::Object(entries)),
    }
}

/// Options that list versions mean the same in every policy that has them.
fn check_versions(name: &str, value: &Value) -> Result<(), SettingError> {
    let (SUPPORTED_VERSIONS | KNOWN_VERSIONS, Some(versions)) = (name, value.as_array()) else { return Ok(()) };
    if versions.is_empty() && name == SUPPORTED_VERSIONS {
        return Err(SettingError::NoVersions { name: name.to_owned() });
    }
    match versions.iter().filter_map(Value::as_str).find(|text| VersionPattern::parse(text).is_none()) {
        Some(found) => Err(SettingError::NotAVersion { name: name.to_owned(), found: found.to_owned() }),
        None => Ok(()),
    }
}

fn definition<'a>(policies: &'a [Arc<Policy>], name: &str) -> Result<&'a OptionDefinition, SettingError> {
    policies.iter().find_map(|policy| policy.manifest().options.get(name)).ok_or_else(|| SettingError::UnknownOption {
        name: name.to_owned(),
        known: policies.iter().flat_map(|policy| policy.manifest().options.keys().cloned()).collect(),
    })
}

/// The highest API version that is supported, for the Version field of answers
/// (ETSI GS NFV-SOL 013, 9.1); `*` counts as 0, and of a range the last counts.
pub(super) fn highest_version(policies: &[Arc<Policy>], settings: &[Setting]) -> Option<HeaderValue> {
    // Of several settings of an option the last one holds.
    let set = settings.iter().rev().find_map(|setting| match setting {
        Setting::Option { name, value } if name == SUPPORTED_VERSIONS => Some(value),
        _ => None,
    });
    let versions = set.or_else(|| definition(policies, SUPPORTED_VERSIONS).ok().map(|option| &option.default))?;
    versions
        .as_array()?
        .iter()
        .filter_map(|version| Some(VersionPattern::parse(version.as_str()?)?.concrete()))
        .max()
        .and_then(|version| HeaderValue::try_from(version.to_string()).ok())
}

/// What a gate is set to, as one short text.
pub(super) fn digest(settings: &[Setting], mode: Mode, fact_failure: FactFailure) -> String {
    let (mut options, mut severities) = (BTreeMap::new(), BTreeMap::new());
    for setting in settings {
        match setting {
            Setting::Option { name, value } => drop(options.insert(name, value)),
            Setting::Severity { rule, severity } => drop(severities.insert(rule, *severity)),
        }
    }
    let set = json!([mode == Mode::Monitor, fact_failure == FactFailure::Pass, options, severities]);
    HEXLOWER.encode(&Sha256::digest(set.to_string()))
}
