//! How policies are fetched that are not files, and what their names may depend on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::uri::Authority;
use serde::{Deserialize, Serialize};
use solgate::policy::PolicyFile;

use crate::health::HostPort;
use crate::misfit::Misfit;
use crate::values::{As, Each, FilePath, Maybe, TimeLimit};

/// What is said of one gate among many, by name.
pub type Labels = BTreeMap<String, String>;

/// How policies are fetched that are in a registry or at a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct RegistryConfig {
    /// The folder in which they are kept, the last good ones among them; without it SOLGATE_POLICY_FOLDER, or that of the service or the user.
    #[serde(with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Between two looks at a tag or a URL; each comes up to a tenth earlier or later.
    #[serde(with = "As::<TimeLimit>")]
    pub poll: Duration,
    /// Time limit for a connection, and for each piece of an answer.
    #[serde(with = "As::<TimeLimit>")]
    pub timeout: Duration,
    /// PEM certificates to trust instead of the system's.
    #[serde(with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The file of user names and passwords, as docker login writes it; without it the usual ones.
    #[serde(with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub auth_file: Option<PathBuf>,
    /// Registries, as HOST or HOST:PORT, that are spoken to without TLS.
    #[serde(with = "Each::<HostPort>", skip_serializing_if = "Vec::is_empty")]
    pub plain_http: Vec<Authority>,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self {
            folder: None,
            poll: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
            ca_file: None,
            auth_file: None,
            plain_http: Vec::new(),
        }
    }
}

/// Where the policies of a configuration may be.
#[derive(Debug, Clone, Copy)]
pub enum Places<'a> {
    /// In files only: whoever loads them does not speak to anybody.
    Files,
    /// Anywhere; the labels stand in the names of artefacts and URLs.
    Anywhere(&'a Labels),
}

/// # Errors
/// A label could not stand in the name of an artefact.
pub fn check_labels(labels: &Labels) -> Result<(), Misfit> {
    for (name, value) in labels {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_value = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let message = if name.is_empty() || !name.chars().all(is_name) {
            "the name of a label consists of letters, digits, - and _"
        } else if !(1..=63).contains(&value.len()) || !value.chars().all(is_value) {
            "the value of a label consists of 1 to 63 letters, digits, -, _ and ."
        } else {
            continue;
        };
        return Err(Misfit::new(format!("/labels/{name}"), message));
    }
    Ok(())
}

impl Places<'_> {
    /// The name of a policy that is elsewhere, with the labels in it.
    ///
    /// # Errors
    /// There is no such label, or only files are read here.
    pub fn name(self, file: &PolicyFile, place: &str) -> Result<PathBuf, Misfit> {
        let Self::Anywhere(labels) = self else {
            let message = "only files are read here; `solgate pull` puts the policy into a file, and with --follow keeps it up to date";
            return Err(Misfit::new(place, message));
        };
        let text = file.path.to_string_lossy();
        let (mut name, mut rest) = (String::new(), &*text);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((label, after)) = after.split_once('}') else {
                return Err(Misfit::new(place, "the name has a { without a }"));
            };
            let Some(value) = labels.get(label) else {
                let known = labels.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "none".to_owned() } else { known };
                let message = format!("the name has {{{label}}}, and labels has no {label}; there are: {known}");
                return Err(Misfit::new(place, message));
            };
            name.push_str(before);
            name.push_str(value);
            rest = after;
        }
        name.push_str(rest);
        Ok(name.into())
    }
}
