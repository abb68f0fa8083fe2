//! `solgate serve`: one process in front of a scripted VNFM, with one upstream
//! for every set of settings, told apart by Host.

use std::collections::BTreeMap;

use crate::process::Serving;
use crate::vnfm::{Reply, Vnfm, send};
use serde_json::{Map, Value, json};
use solgate::gate::{Mode, Setting};

use super::asked::{Asked, Said};
use super::library::Given;

/// Tells the judged request from those for facts.
const MARK: &str = "x-judged";

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
        let case = &asked.case;
        self.vnfm.forget();
        for fact in facts {
            let mut reply = if fact.status == 200 { Reply::json(&fact.body) } else { Reply::status(fact.status) };
            reply.fields.extend(fact.etag.clone().map(|etag| ("ETag", etag)));
            if let Some(target) = &fact.target {
                self.vnfm.reply("GET", target, reply);
            }
        }
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n{MARK}: 1\r\nConnection: close\r\n",
            case.method,
            case.target,
            self.hosts[&asked.group()]
        );
        for (name, value) in &case.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = case.fields.iter().any(|(name, _)| name == "content-length" || name == "transfer-encoding");
        if !case.body.is_empty() && !framed {
            head.push_str(&format!("Content-Length: {}\r\n", case.body.len()));
        }
        head.push_str("\r\n");
        let answer = send(self.serving.address, &[head.as_bytes(), &case.body].concat());
        if let Some(arrived) = self.vnfm.received().iter().find(|received| received.field(MARK).is_some()) {
            assert_eq!(arrived.line, format!("{} {} HTTP/1.1", case.method, case.target), "{}", asked.label);
            assert_eq!(arrived.body, case.body, "the body of {}", asked.label);
            return None;
        }
        let about_the_connection = ["content-length", "connection", "date"];
        let fields = answer.fields.iter().filter(|(name, _)| !about_the_connection.contains(&name.as_str()));
        Some(Said {
            status: answer.status,
            fields: fields.cloned().collect(),
            problem: if case.method == "HEAD" { Value::Null } else { answer.json() },
        })
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
