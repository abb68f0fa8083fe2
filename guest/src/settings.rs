//! What options and severities hold for a request: defaults, overlaid by the API
//! root, by what was set when the bundle was built, and by the context.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use solgate_contract::spoken::Spoken;

use crate::{
    dialects::Dialects,
    error::InitError,
    ir::{ApiRoot, Bundle, OptionDef, OptionKind, Severity, SeveritySpec},
    json::Document,
    verdict::Setting,
    version::{ApiVersion, VersionPattern},
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

    /// The same with what the context sets; unknown names are left out.
    pub(crate) fn overlaid(
        &self,
        settings: &[Setting],
        rules: &[RuleEntry],
        index: &BTreeMap<String, usize>,
        dialects: &Dialects,
    ) -> Self {
        let mut options = match self.options.root().to_value() {
            Value::Object(options) => options,
            _ => Map::new(),
        };
        for setting in settings {
            if let Setting::Option { name, value } = setting
                && let Some(known) = options.get_mut(name)
            {
                *known = value.clone();
            }
        }
        let mut profile = Self::from_options(options, rules, dialects);
        for setting in settings {
            if let Setting::Severity { rule, severity } = setting
                && let Some(known) = index.get(rule).and_then(|index| profile.severities.get_mut(*index))
            {
                *known = *severity;
            }
        }
        profile
    }

    fn from_options(options: Map<String, Value>, rules: &[RuleEntry], dialects: &Dialects) -> Self {
        let is = |name: &str| options.get(name).and_then(Value::as_bool).unwrap_or(false);
        let severities = rules
            .iter()
            .map(|rule| {
                let is_on = |name: &str| match name.split_once('.') {
                    Some((option, value)) => options.get(option).and_then(Value::as_str) == Some(value),
                    None => is(name),
                };
                let by_option = rule.severity.by_option.iter().find(|(name, _)| is_on(name));
                by_option.map_or(rule.severity.default, |(_, severity)| *severity)
            })
            .collect();
        let names = |option: &str| -> Vec<String> {
            let items = options.get(option).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(|name| name.as_str().map(str::to_owned)).collect()
        };
        let patterns = |names: &[String]| names.iter().filter_map(|name| VersionPattern::parse(name)).collect();
        let supported_names = names(SUPPORTED_VERSIONS);
        Self {
            spoken: dialects.spoken(&options),
            severities,
            supported_versions: patterns(&supported_names),
            supported_names,
            known_versions: patterns(&names(KNOWN_VERSIONS)),
            require_authorization: is(REQUIRE_AUTHORIZATION),
            schema_error_status: if options.get(SCHEMA_ERROR_STATUS).and_then(Value::as_u64) == Some(422) {
                422
            } else {
                400
            },
            pass_outside: options.get(OUTSIDE_API_ROOT).and_then(Value::as_str) == Some("pass"),
            options: Document::from(&Value::Object(options)),
        }
    }

    /// How bad a failure of a rule is.
    pub(crate) fn severity(&self, rule: usize) -> Severity {
        self.severities.get(rule).copied().unwrap_or(Severity::Deny)
    }

    pub(crate) fn supports(&self, version: ApiVersion) -> bool {
        self.supported_versions.iter().any(|pattern| pattern.matches(version))
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
