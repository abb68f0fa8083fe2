//! Settings: what an operator changes of a policy without building it again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use http::HeaderValue;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use solgate_contract::api_root;
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

/// A setting, and what of it each policy gets.
pub(super) struct Fitted {
    pub(super) setting: Setting,
    /// In the order of the policies.
    pub(super) of: Vec<Option<Setting>>,
    /// It is for one policy by its name, and wins over what is for all.
    pub(super) is_for_one: bool,
}

/// Checks that some policy knows what the setting is about, and gives an option's
/// value the option's type: on a command line everything is a text or a number.
pub(super) fn fit(policies: &[Arc<Policy>], setting: Setting) -> Result<Fitted, SettingError> {
    match setting {
        Setting::Option { name, value } => {
            let (only, bare) = scope(policies, &name, |policy, name| policy.manifest().options.contains_key(name));
            let mut of = Vec::with_capacity(policies.len());
            let (mut fitted, mut refused) = (None, None);
            for policy in policies {
                let option =
                    policy.manifest().options.get(bare).filter(|_| only.is_none_or(|only| only == policy.id().name));
                let value = option.map(|option| option_value(&name, bare, option, value.clone())).transpose();
                let value = value.unwrap_or_else(|error| {
                    refused.get_or_insert(error);
                    None
                });
                fitted = fitted.or_else(|| value.clone());
                of.push(value);
            }
            let Some(value) = fitted else {
                return Err(
                    refused.unwrap_or_else(|| SettingError::UnknownOption { name, known: known_options(policies) })
                );
            };
            if only.is_none() {
                share_versions(policies, bare, &mut of);
            }
            let bare = bare.to_owned();
            let of = of.into_iter().map(|value| Some(Setting::Option { name: bare.clone(), value: value? })).collect();
            let is_for_one = only.is_some();
            Ok(Fitted { setting: Setting::Option { name, value }, of, is_for_one })
        }
        Setting::Severity { rule, severity } => {
            let declares = |policy: &Policy, id: &str| policy.manifest().rules.iter().any(|known| known.id == id);
            let (only, bare) = scope(policies, &rule, declares);
            let gets = |policy: &&Arc<Policy>| only.is_none_or(|only| only == policy.id().name);
            if policies.iter().filter(gets).any(|policy| declares(policy, bare)) {
                let one = |policy| gets(&policy).then(|| Setting::Severity { rule: bare.to_owned(), severity });
                let of = policies.iter().map(one).collect();
                let is_for_one = only.is_some();
                return Ok(Fitted { of, setting: Setting::Severity { rule, severity }, is_for_one });
            }
            let near = policies
                .iter()
                .flat_map(|policy| &policy.manifest().rules)
                .map(|known| (strsim::jaro_winkler(&known.id, bare), &known.id))
                .max_by(|(a, _), (b, _)| a.total_cmp(b))
                .filter(|(likeness, _)| *likeness > 0.8)
                .map(|(_, id)| id.clone());
            Err(SettingError::UnknownRule { id: rule, near })
        }
    }
}

/// The names of all options, each once.
fn known_options(policies: &[Arc<Policy>]) -> Vec<String> {
    let names: BTreeSet<&String> = policies.iter().flat_map(|policy| policy.manifest().options.keys()).collect();
    names.into_iter().cloned().collect()
}

/// The policy that a setting is for alone, and its name there: `nslcm-v2.supportedVersions`
/// is for the policy nslcm-v2. What some policy knows as it is written is for all.
fn scope<'n>(
    policies: &[Arc<Policy>],
    name: &'n str,
    has: impl Fn(&Policy, &str) -> bool,
) -> (Option<&'n str>, &'n str) {
    if policies.iter().any(|policy| has(policy, name)) {
        return (None, name);
    }
    let of = |policy: &Arc<Policy>| {
        let bare = name.strip_prefix(&*policy.id().name)?.strip_prefix('.')?;
        Some((name.get(..policy.id().name.len()), bare))
    };
    policies.iter().find_map(of).unwrap_or((None, name))
}

/// Whether what a policy gets of a setting depends on the other policies of its gate.
#[must_use]
pub fn is_shared_out(setting: &Setting) -> bool {
    matches!(setting, Setting::Option { name, .. } if matches!(name.as_str(), SUPPORTED_VERSIONS | KNOWN_VERSIONS))
}

/// Leaves each of several policies the versions of its own major version; one for which
/// there is none keeps what it has built in. Where no policy has such versions, all get them.
fn share_versions(policies: &[Arc<Policy>], name: &str, of: &mut [Option<Value>]) {
    if policies.len() < 2 || !matches!(name, SUPPORTED_VERSIONS | KNOWN_VERSIONS) {
        return;
    }
    let major = |version: &Value| version.as_str().and_then(|text| text.split('.').next().map(str::to_owned));
    let own = |policy: &Policy, value: &Value| -> Vec<Value> {
        let majors: Vec<&str> = policy.manifest().api_roots.iter().filter_map(|root| api_root::major(root)).collect();
        let is_own = |version: &Value| major(version).is_some_and(|major| major == "*" || majors.contains(&&*major));
        value.as_array().into_iter().flatten().filter(|version| is_own(version)).cloned().collect()
    };
    let shares: Vec<Option<Vec<Value>>> = policies
        .iter()
        .zip(&*of)
        .map(|(policy, value)| value.as_ref().map(|value| own(policy, value)).filter(|own| !own.is_empty()))
        .collect();
    if shares.iter().any(Option::is_some) {
        for (value, share) in of.iter_mut().zip(shares) {
            *value = share.map(Value::from);
        }
    }
}

/// The value for an option of one policy, which has the name `bare` there.
fn option_value(name: &str, bare: &str, option: &OptionDefinition, value: Value) -> Result<Value, SettingError> {
    let wrong =
        |expected, value: &Value| SettingError::WrongType { name: name.to_owned(), expected, found: value.to_string() };
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
        (OptionKind::Strings, Value::Array(entries)) if entries.iter().all(Value::is_string) => Value::Array(entries),
        (OptionKind::Strings, Value::String(text)) => text.split(',').map(|entry| Value::from(entry.trim())).collect(),
        (OptionKind::Strings, value @ Value::Number(_)) => Value::from(vec![value.to_string()]),
        (OptionKind::String, value @ (Value::Number(_) | Value::Bool(_))) => Value::from(value.to_string()),
        (OptionKind::Map(of), Value::Object(entries)) => map(name, of, entries)?,
        (OptionKind::Boolean, value) => return Err(wrong("true or false", &value)),
        (OptionKind::Integer, value) => return Err(wrong("an integer", &value)),
        (OptionKind::Strings, value) => return Err(wrong("a list of texts", &value)),
        (OptionKind::String, value) => return Err(wrong("a text", &value)),
        (kind @ OptionKind::Map(_), value) => return Err(wrong(kind.described(), &value)),
    };
    check_versions(name, bare, &value)?;
    if !option.values.is_empty() && !option.values.contains(&value) {
        let allowed: Vec<String> = option.values.iter().map(Value::to_string).collect();
        return Err(SettingError::NotAllowed { name: name.to_owned(), allowed, found: value.to_string() });
    }
    Ok(value)
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
fn check_versions(name: &str, bare: &str, value: &Value) -> Result<(), SettingError> {
    let (SUPPORTED_VERSIONS | KNOWN_VERSIONS, Some(versions)) = (bare, value.as_array()) else { return Ok(()) };
    if versions.is_empty() && bare == SUPPORTED_VERSIONS {
        return Err(SettingError::NoVersions { name: name.to_owned() });
    }
    match versions.iter().filter_map(Value::as_str).find(|text| VersionPattern::parse(text).is_none()) {
        Some(found) => Err(SettingError::NotAVersion { name: name.to_owned(), found: found.to_owned() }),
        None => Ok(()),
    }
}

/// The highest API version that a policy supports, for the Version field of answers
/// (ETSI GS NFV-SOL 013, 9.1); `*` counts as 0, and of a range the last counts.
pub(super) fn highest_version(policy: &Policy, settings: &[Setting]) -> Option<HeaderValue> {
    // Of several settings of an option the last one holds.
    let set = settings.iter().rev().find_map(|setting| match setting {
        Setting::Option { name, value } if name == SUPPORTED_VERSIONS => Some(value),
        _ => None,
    });
    let versions = set.or_else(|| policy.manifest().options.get(SUPPORTED_VERSIONS).map(|option| &option.default))?;
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
