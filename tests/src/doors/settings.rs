//! The configuration of a door that listens: one upstream, a scripted VNFM, for
//! every set of settings, told apart by Host.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Map, Value, json};
use solgate::gate::{Mode, Setting};

use super::asked::Asked;
use crate::vnfm::Vnfm;

/// A configuration file, and the VNFM that it names.
pub struct Settings {
    pub vnfm: Vnfm,
    /// By the settings that it has.
    hosts: BTreeMap<String, String>,
    folder: tempfile::TempDir,
}

impl Settings {
    /// Writes the file for these requests.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn write(asked: &[Asked]) -> Self {
        let vnfm = Vnfm::start();
        let mut hosts = BTreeMap::new();
        let mut upstreams = Vec::new();
        for asked in asked {
            let next = format!("g{}.example", hosts.len());
            if let Entry::Vacant(group) = hosts.entry(asked.group()) {
                upstreams.push(upstream(asked, &next, &vnfm.url()));
                group.insert(next);
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let config = json!({"log": "off", "http2": true, "upstreams": upstreams}).to_string();
        std::fs::write(folder.path().join("solgate.yaml"), config).expect("it is written");
        Self { vnfm, hosts, folder }
    }

    /// The path of the file.
    ///
    /// # Panics
    /// If it is not UTF-8.
    #[must_use]
    pub fn file(&self) -> String {
        self.folder.path().join("solgate.yaml").to_str().expect("it is UTF-8").to_owned()
    }

    /// The Host of the upstream that judges with the settings of `asked`.
    #[must_use]
    pub fn host(&self, asked: &Asked) -> &str {
        &self.hosts[&asked.group()]
    }
}

fn upstream(asked: &Asked, host: &str, url: &str) -> Value {
    let mut set = Map::new();
    let mut severity = Map::new();
    for setting in &asked.case.settings {
        match setting {
            Setting::Option { name, value } => drop(set.insert(name.clone(), value.clone())),
            Setting::Severity { rule, severity: changed } => {
                severity.insert(rule.clone(), json!({"severity": changed, "reason": "a case says so"}));
            }
        }
    }
    let mode = if asked.case.mode == Mode::Monitor { "monitor" } else { "enforce" };
    json!({"host": host, "url": url, "mode": mode, "set": set, "severity": severity})
}
