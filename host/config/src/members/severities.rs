//! Rules with another severity, in the order of the file.

use std::fmt;
use std::time::SystemTime;

use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::gate::SeverityOverride;
use crate::names::NamedSeverity;
use crate::values::{Maybe, Reason, Until};

/// A rule with another severity.
#[derive(Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Override"))]
#[serde(default, deny_unknown_fields)]
pub struct Members {
    /// What becomes of a request that breaks the rule.
    #[cfg_attr(test, schemars(with = "crate::names::SeverityName"))]
    severity: Option<NamedSeverity>,
    /// Why, for whoever finds it later.
    #[serde(with = "Maybe::<Reason>")]
    reason: Option<String>,
    /// To when it holds: to the end of a date, UTC, or a time; without it for ever.
    #[serde(with = "Maybe::<Until>", skip_serializing_if = "Option::is_none")]
    until: Option<SystemTime>,
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SeverityOverride>, D::Error> {
    deserializer.deserialize_map(Overrides)
}

pub fn serialize<S: Serializer>(overrides: &[SeverityOverride], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(overrides.iter().map(|change| {
        let SeverityOverride { rule, severity, reason, until } = change.clone();
        (rule, Members { severity: Some(NamedSeverity(severity)), reason: Some(reason), until })
    }))
}

struct Overrides;

impl<'de> Visitor<'de> for Overrides {
    type Value = Vec<SeverityOverride>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut overrides = Vec::new();
        while let Some(rule) = map.next_key()? {
            overrides.push(map.next_value_seed(OverrideOf(rule))?);
        }
        Ok(overrides)
    }
}

/// The override of a rule.
struct OverrideOf(String);

impl<'de> DeserializeSeed<'de> for OverrideOf {
    type Value = SeverityOverride;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<SeverityOverride, D::Error> {
        let Self(rule) = self;
        let Members { severity, reason, until } = Members::deserialize(deserializer)?;
        let Some(NamedSeverity(severity)) = severity else {
            let missing = format!("severity is missing in the override of {rule}: deny, warn, audit or off");
            return Err(de::Error::custom(missing));
        };
        let Some(reason) = reason else {
            let missing =
                format!("reason is missing in the override of {rule}; say why, so that others understand it later");
            return Err(de::Error::custom(missing));
        };
        Ok(SeverityOverride { rule, severity, reason, until })
    }
}
