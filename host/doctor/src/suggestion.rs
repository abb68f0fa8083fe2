//! The configuration that fits, as the members of a configuration file and as its text.

use std::fmt::Write;
use std::path::PathBuf;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::unknown::Unknown;

/// A member of the configuration, and why it has its value.
#[derive(Debug, Clone)]
pub struct Setting {
    pub name: String,
    pub value: Value,
    pub why: String,
}

/// The configuration of one upstream.
#[derive(Debug, Clone, Default)]
pub struct Suggestion {
    /// The URL, and the files for TLS, as they were given.
    pub url: String,
    pub ca_file: Option<PathBuf>,
    pub cert_file: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
    /// The built-in policies whose APIs are there.
    pub policies: Vec<&'static str>,
    /// Options of policies.
    pub set: Vec<Setting>,
    /// Of the member `facts`.
    pub facts: Vec<Setting>,
    /// What is for people to decide, with the members that would do it.
    pub decisions: Vec<String>,
}

impl Serialize for Suggestion {
    /// As the file that it is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({ "upstreams": [self.upstream()] }).serialize(serializer)
    }
}

impl Suggestion {
    /// Members of the upstream before its options.
    fn plain(&self) -> Vec<(&'static str, Value)> {
        let files = [("caFile", &self.ca_file), ("certFile", &self.cert_file), ("keyFile", &self.key_file)];
        let mut members = vec![("url", Value::from(self.url.as_str()))];
        members
            .extend(files.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?.to_string_lossy().into()))));
        members.push(("policies", self.policies.clone().into()));
        members
    }

    fn upstream(&self) -> Value {
        let mut members: Map<String, Value> =
            self.plain().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for (name, settings) in [("set", &self.set), ("facts", &self.facts)] {
            if !settings.is_empty() {
                let each = settings.iter().map(|setting| (setting.name.clone(), setting.value.clone()));
                members.insert(name.to_owned(), Value::Object(each.collect()));
            }
        }
        members.into()
    }

    /// The text of the file. Values are written as JSON, which YAML has in it.
    #[must_use]
    pub fn text(&self, unknown: &[Unknown]) -> String {
        let mut text = format!(
            "# Suggested by solgate doctor for {}. Try it: solgate serve --config FILE --check-config\nupstreams:\n",
            self.url
        );
        let mut lead = "  - ";
        for (name, value) in self.plain() {
            let _ = writeln!(text, "{lead}{name}: {value}");
            lead = "    ";
        }
        for (name, settings) in [("set", &self.set), ("facts", &self.facts)] {
            if settings.is_empty() {
                continue;
            }
            let _ = writeln!(text, "    {name}:");
            for Setting { name, value, why } in settings {
                let _ = writeln!(text, "      # {why}\n      {name}: {value}");
            }
        }
        if !self.decisions.is_empty() {
            text.push_str("\n# For you to decide:\n");
        }
        for decision in &self.decisions {
            let _ = writeln!(text, "#   - {decision}");
        }
        if !unknown.is_empty() {
            text.push_str("\n# Not found out:\n");
        }
        for Unknown { what, root, why } in unknown {
            let place = root.map(|root| format!(" below {root}")).unwrap_or_default();
            let _ = writeln!(text, "#   - {what}{place}: {why}");
        }
        text
    }
}
