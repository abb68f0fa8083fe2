//! The release of the API that is described: what is not there in its version is left out.

use serde_json::{Map, Value};
use solgate_engine::ir::{Bundle, Releases};
use solgate_engine::version::{ApiVersion, VersionPattern};

/// The options with the versions that a VNFM understands, and with those whose lists the
/// policy knows.
const SUPPORTED: &str = "supportedVersions";
const KNOWN: &str = "knownVersions";

/// Notes for the gate, which are not for clients.
const NOTES: [&str; 5] = ["x-rule", "x-rule-map", "x-ages", "x-since", "x-until"];

/// One version of the API.
pub(super) struct Release {
    pub version: ApiVersion,
}

impl Release {
    /// The version itself if it is supported, else `None`.
    pub(super) fn of(bundle: &Bundle, version: ApiVersion) -> Option<Self> {
        patterns(bundle, SUPPORTED).any(|pattern| pattern.matches(version)).then_some(Self { version })
    }

    /// The highest that is supported and known; where none is known, the highest that is
    /// named as supported.
    pub(super) fn highest(bundle: &Bundle) -> Self {
        let known = patterns(bundle, KNOWN).filter_map(|pattern| Self::of(bundle, pattern.concrete()));
        let named = patterns(bundle, SUPPORTED).map(|pattern| pattern.concrete());
        let highest = known.map(|release| release.version).chain(named).max();
        Self { version: highest.unwrap_or(ApiVersion::FIRST) }
    }

    pub(super) fn has(&self, releases: Releases) -> bool {
        releases.have(self.version)
    }

    /// The same schema without what this version does not have, and without notes.
    pub(super) fn schema(&self, schema: &Value) -> Value {
        match schema {
            Value::Object(members) => {
                let kept = members.iter().filter(|(name, _)| !NOTES.contains(&name.as_str()));
                let kept = kept.filter(|(_, value)| self.has(of(value)));
                let kept = kept.map(|(name, value)| (name.clone(), self.keyword(members, name, value)));
                Value::Object(kept.collect())
            }
            Value::Array(items) => {
                items.iter().filter(|item| self.has(of(item))).map(|item| self.schema(item)).collect()
            }
            other => other.clone(),
        }
    }

    /// Of values and of names of members, those of this version.
    fn keyword(&self, schema: &Map<String, Value>, keyword: &str, value: &Value) -> Value {
        match (keyword, value) {
            ("enum", Value::Array(values)) => {
                values.iter().filter(|value| self.has(of_value(schema, value))).cloned().collect()
            }
            ("required", Value::Array(names)) => {
                let member = |name: &Value| schema.get("properties")?.get(name.as_str()?).map(of);
                names.iter().filter(|name| self.has(member(name).unwrap_or_default())).cloned().collect()
            }
            // The names here are those of members, whatever they are.
            ("properties", Value::Object(members)) => {
                let kept = members.iter().filter(|(_, member)| self.has(of(member)));
                Value::Object(kept.map(|(name, member)| (name.clone(), self.schema(member))).collect())
            }
            ("const" | "default" | "example" | "examples", value) => value.clone(),
            (_, value) => self.schema(value),
        }
    }
}

fn patterns<'b>(bundle: &'b Bundle, option: &'b str) -> impl Iterator<Item = VersionPattern> + 'b {
    let option = bundle.options.iter().find(move |known| known.name == option);
    let values = option.and_then(|option| option.default.as_array()).into_iter().flatten();
    values.filter_map(|value| VersionPattern::parse(value.as_str()?))
}

/// The versions that have a schema.
fn of(schema: &Value) -> Releases {
    let version = |name: &str| schema.get(name).and_then(Value::as_str).and_then(ApiVersion::plain);
    Releases { since: version("x-since"), until: version("x-until") }
}

/// The versions that have a value of an enumeration.
fn of_value(schema: &Map<String, Value>, value: &Value) -> Releases {
    let version = |name: &str| schema.get(name)?.get(value.as_str()?)?.as_str().and_then(ApiVersion::plain);
    Releases { since: version("x-since"), until: version("x-until") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_may_be_named_like_a_keyword() {
        let release = Release { version: ApiVersion::FIRST };
        let schema = json!({
            "required": ["default", "enum"],
            "properties": {
                "default": { "type": "string", "x-rule": "a", "enum": ["b", "c"], "x-since": { "c": "2.0.0" } },
                "enum": { "type": "array", "x-since": "2.0.0" },
                "x-rule": { "type": "integer" },
            },
            "default": { "x-rule": "kept" },
        });
        let expected = json!({
            "required": ["default"],
            "properties": { "default": { "type": "string", "enum": ["b"] }, "x-rule": { "type": "integer" } },
            "default": { "x-rule": "kept" },
        });
        assert_eq!(release.schema(&schema), expected);
    }
}
