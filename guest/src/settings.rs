//! What options and severities hold for a request: defaults, overlaid by the API
//! root, by what was set when the bundle was built, and by the context.

mod values;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use solgate_contract::spoken::Spoken;

use crate::{
    dialects::Dialects,
    error::InitError,
    ir::{ApiRoot, Bundle, OptionDef, OptionKind, Severity, SeveritySpec},
    json::Document,
    verdict::Setting,
    version::{ApiVersion, Releases, VersionPattern},
};

const SUPPORTED_VERSIONS: &str = "supportedVersions";
const KNOWN_VERSIONS: &str = "knownVersions";
const REQUIRE_AUTHORIZATION: &str = "requireAuthorization";
const SCHEMA_ERROR_STATUS: &str = "schemaErrorStatus";
const OUTSIDE_API_ROOT: &str = "outsideApiRoot";

/// One rule of the engine's table.
#[derive(Debug)]
pub(crate) struct RuleEntry {
    pub id: String,
    pub title: String,
    pub status: u16,
    pub clause: Option<String>,
    pub severity: SeveritySpec,
    /// It holds a request to a list of a version: see [`Rule::ages`](crate::ir::Rule::ages).
    pub ages: bool,
}

/// The effective settings below one API root.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// Option values by name, as expressions see them.
    pub options: Document<'static>,
    /// The dialects that are on.
    pub spoken: Spoken,
    /// By index in the rule table.
    severities: Vec<Severity>,
    pub supported_versions: Vec<VersionPattern>,
    /// The same as they were written, for details.
    pub supported_names: Vec<String>,
    /// Those whose lists the policy knows.
    known_versions: Vec<VersionPattern>,
    pub require_authorization: bool,
    pub schema_error_status: u16,
    /// Requests outside all API roots are let through.
    pub pass_outside: bool,
}

impl Profile {
    /// The settings below `root`; without one, those outside all of them.
    pub(crate) fn build(
        bundle: &Bundle,
        root: Option<&ApiRoot>,
        rules: &[RuleEntry],
        dialects: &Dialects,
    ) -> Result<Self, InitError> {
        let mut options = Map::new();
        for (name, value) in [
            (SUPPORTED_VERSIONS, Value::from(vec!["2.0.0"])),
            (KNOWN_VERSIONS, Value::from(vec!["*.*.*"])),
            (REQUIRE_AUTHORIZATION, Value::Bool(false)),
            (SCHEMA_ERROR_STATUS, Value::from(400)),
            (OUTSIDE_API_ROOT, Value::from("deny")),
        ] {
            options.insert(name.to_owned(), value);
        }
        for option in &bundle.options {
            let value =
                root.filter(|_| !option.set).and_then(|root| root.options.get(&option.name)).unwrap_or(&option.default);
            check(option, value)?;
            options.insert(option.name.clone(), value.clone());
        }
        for name in root.into_iter().flat_map(|root| root.options.keys()) {
            if !options.contains_key(name) {
                return Err(InitError::Option { name: name.clone(), reason: "is set by an API root but not defined" });
            }
        }
        for rule in rules {
            for (name, _) in &rule.severity.by_option {
                let is_switch = match name.split_once('.') {
                    Some((option, _)) => options.get(option).is_some_and(Value::is_string),
                    None => options.get(name).is_some_and(Value::is_boolean),
                };
                if !is_switch {
                    return Err(InitError::Option {
                        name: name.clone(),
                        reason: "decides a severity but is neither a boolean option nor an option and one of its values",
                    });
                }
            }
        }
        Ok(Self::from_options(options, rules, dialects))
    }

    /// The same with what the context sets; unknown names are left out. Only what depends on
    /// those settings is found again: each request of a gate with settings comes here.
    pub(crate) fn overlaid(
        &self,
        settings: &[Setting],
        rules: &[RuleEntry],
        index: &BTreeMap<String, usize>,
        dialects: &Dialects,
    ) -> Self {
        let options = values::overlaid(&self.options, settings);
        let sets = |option: &str| {
            let is_set = |setting: &Setting| matches!(setting, Setting::Option { name, .. } if name == option);
            settings.iter().any(is_set)
        };
        let mut severities = self.severities.clone();
        for (rule, known) in rules.iter().zip(&mut severities) {
            if rule.severity.by_option.iter().any(|(switch, _)| sets(option_of(switch))) {
                *known = severity(rule, &options);
            }
        }
        for setting in settings {
            if let Setting::Severity { rule, severity } = setting
                && let Some(known) = index.get(rule).and_then(|index| severities.get_mut(*index))
            {
                *known = *severity;
            }
        }
        let (supported_names, supported_versions) = if sets(SUPPORTED_VERSIONS) {
            versions(&options, SUPPORTED_VERSIONS)
        } else {
            (self.supported_names.clone(), self.supported_versions.clone())
        };
        let known_versions =
            if sets(KNOWN_VERSIONS) { versions(&options, KNOWN_VERSIONS).1 } else { self.known_versions.clone() };
        Self {
            spoken: dialects.overlaid(self.spoken, settings),
            severities,
            supported_versions,
            supported_names,
            known_versions,
            require_authorization: values::is_true(&options, REQUIRE_AUTHORIZATION),
            schema_error_status: schema_error_status(&options),
            pass_outside: values::is_text(&options, OUTSIDE_API_ROOT, "pass"),
            options,
        }
    }

    fn from_options(options: Map<String, Value>, rules: &[RuleEntry], dialects: &Dialects) -> Self {
        let spoken = dialects.spoken(&options);
        let options = Document::from(&Value::Object(options));
        let (supported_names, supported_versions) = versions(&options, SUPPORTED_VERSIONS);
        Self {
            spoken,
            severities: rules.iter().map(|rule| severity(rule, &options)).collect(),
            supported_versions,
            supported_names,
            known_versions: versions(&options, KNOWN_VERSIONS).1,
            require_authorization: values::is_true(&options, REQUIRE_AUTHORIZATION),
            schema_error_status: schema_error_status(&options),
            pass_outside: values::is_text(&options, OUTSIDE_API_ROOT, "pass"),
            options,
        }
    }

    /// How bad a failure of a rule is.
    pub(crate) fn severity(&self, rule: usize) -> Severity {
        self.severities.get(rule).copied().unwrap_or(Severity::Deny)
    }

    pub(crate) fn supports(&self, version: ApiVersion) -> bool {
        self.supported_versions.iter().any(|pattern| pattern.matches(version))
    }

    /// Whether some supported version has what is there in these.
    pub(crate) fn supports_some_of(&self, releases: Releases) -> bool {
        self.supported_versions.iter().any(|pattern| {
            releases.since.is_none_or(|first| first <= pattern.highest())
                && releases.until.is_none_or(|last| pattern.lowest() <= last)
        })
    }

    /// Whether some supported version begins with these numbers.
    pub(crate) fn supports_like(&self, short: &VersionPattern) -> bool {
        self.supported_versions.iter().any(|pattern| pattern.overlaps(short))
    }

    /// Whether the policy knows the lists of a version.
    pub(crate) fn knows(&self, version: ApiVersion) -> bool {
        self.known_versions.iter().any(|pattern| pattern.matches(version))
    }

    /// Whether the policy knows a version that has what came with `since`, and is not after
    /// `version`.
    pub(crate) fn knows_since(&self, since: ApiVersion, version: ApiVersion) -> bool {
        self.known_versions.iter().any(|pattern| since <= pattern.highest() && pattern.lowest() <= version)
    }

    /// Whether the policy knows the lists of some version that begins with these numbers.
    pub(crate) fn knows_like(&self, short: &VersionPattern) -> bool {
        self.known_versions.iter().any(|pattern| pattern.overlaps(short))
    }

    /// The version by which a request is judged that names none: the highest that is supported.
    pub(crate) fn version(&self) -> ApiVersion {
        self.supported_versions.iter().map(VersionPattern::concrete).max().unwrap_or(ApiVersion::FIRST)
    }

    /// The Version field of an answer to a request with these Version fields:
    /// its own version if that is supported, else the highest that is.
    pub(crate) fn answer_version<'a>(&self, mut fields: impl Iterator<Item = &'a str>) -> Option<ApiVersion> {
        let own = match (fields.next(), fields.next()) {
            (Some(only), None) => ApiVersion::parse(crate::media_type::trim(only)),
            _ => None,
        };
        own.filter(|version| self.supports(*version))
            .or_else(|| self.supported_versions.iter().map(VersionPattern::concrete).max())
    }
}

/// The name of the option that a switch of a severity is about: `NAME`, or `NAME.VALUE`.
fn option_of(switch: &str) -> &str {
    switch.split_once('.').map_or(switch, |(option, _)| option)
}

fn severity(rule: &RuleEntry, options: &Document<'_>) -> Severity {
    let is_on = |switch: &str| match switch.split_once('.') {
        Some((option, value)) => values::is_text(options, option, value),
        None => values::is_true(options, switch),
    };
    let by_option = rule.severity.by_option.iter().find(|(switch, _)| is_on(switch));
    by_option.map_or(rule.severity.default, |(_, severity)| *severity)
}

/// Patterns of versions as they were written, and as they are understood.
fn versions(options: &Document<'_>, option: &str) -> (Vec<String>, Vec<VersionPattern>) {
    let names = values::texts(options, option);
    let patterns = names.iter().filter_map(|name| VersionPattern::parse(name)).collect();
    (names, patterns)
}

fn schema_error_status(options: &Document<'_>) -> u16 {
    if values::integer(options, SCHEMA_ERROR_STATUS) == Some(422) { 422 } else { 400 }
}

fn check(option: &OptionDef, value: &Value) -> Result<(), InitError> {
    let reserved = match option.name.as_str() {
        SUPPORTED_VERSIONS | KNOWN_VERSIONS => option.kind == OptionKind::Strings,
        REQUIRE_AUTHORIZATION => option.kind == OptionKind::Boolean,
        SCHEMA_ERROR_STATUS => option.kind == OptionKind::Integer,
        OUTSIDE_API_ROOT => option.kind == OptionKind::String,
        _ => true,
    };
    if !option.kind.fits(value) || !reserved {
        return Err(InitError::Option { name: option.name.clone(), reason: "has a value of another type" });
    }
    // One that stands for no version would be left out without a word.
    let lists_versions = matches!(option.name.as_str(), SUPPORTED_VERSIONS | KNOWN_VERSIONS);
    let mut items = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    if lists_versions && items.any(|text| VersionPattern::parse(text).is_none()) {
        return Err(InitError::Option { name: option.name.clone(), reason: "has an item that stands for no version" });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests;
