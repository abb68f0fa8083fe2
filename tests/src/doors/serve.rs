//! `solgate serve`: one process in front of a scripted VNFM, with one upstream
//! for every set of settings, told apart by Host.

use std::collections::BTreeMap;

use crate::process::Serving;
use crate::vnfm::Vnfm;
use serde_json::{Map, Value, json};
use solgate::gate::{Mode, Setting};

use super::asked::{Asked, Said};
use super::http;
use super::library::Given;

/// The running process.
pub struct Serve {
    serving: Serving,
    vnfm: Vnfm,
    /// By the settings that it has.
    hosts: BTreeMap<String, String>,
    _folder: tempfile::TempDir,
}

impl Serve {
    /// Starts it for these requests, and with these arguments.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(asked: &[Asked], arguments: &[&str]) -> Self {
        let vnfm = Vnfm::start();
        let mut hosts = BTreeMap::new();
        let mut upstreams = Vec::new();
        for asked in asked {
            let next = format!("g{}.example", hosts.len());
            let group = hosts.entry(asked.group());
            if let std::collections::btree_map::Entry::Vacant(group) = group {
                upstreams.push(upstream(asked, &next, &vnfm.url()));
                group.insert(next);
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("solgate.yaml");
        std::fs::write(&config, json!({"log": "off", "upstreams": upstreams}).to_string()).expect("it is written");
        let config = config.to_str().expect("it is UTF-8");
        let serving = Serving::start(&[&["--config", config], arguments].concat());
        Self { serving, vnfm, hosts, _folder: folder }
    }

    /// What it answers; `None` if the request arrives at the VNFM, which is checked
    /// to be as it was sent.
    ///
    /// # Panics
    /// If it is not, or there is no answer.
    #[must_use]
    pub fn judge(&self, asked: &Asked, facts: &[Given]) -> Option<Said> {
        http::ask(self.serving.address, &self.hosts[&asked.group()], &self.vnfm, asked, facts)
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
