//! The manifests as values.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::Value;
use solgate_tests::workspace;

/// The cases that bring pods, each in a folder of its own.
pub const PODS: [&str; 3] = ["ext-authz", "sidecar", "envoy-module"];
/// Gateways that ask the gate of the folder ext-authz.
pub const GATEWAYS: [&str; 3] = ["envoy-gateway", "istio", "gateway-api"];

/// The resources of a folder.
pub struct Folder {
    pub name: String,
    pub resources: Vec<Value>,
}

impl Folder {
    pub fn read(name: &str) -> Self {
        let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(name))
            .expect("the folder exists")
            .map(|entry| entry.expect("readable").path())
            .collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
        files.sort();
        Self { name: name.to_owned(), resources: files.iter().flat_map(|file| read(file)).collect() }
    }

    /// All folders.
    pub fn all() -> Vec<Self> {
        PODS.iter().chain(&GATEWAYS).map(|name| Self::read(name)).collect()
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.resources.iter().filter(move |resource| resource["kind"] == kind)
    }

    /// The first of this kind.
    pub fn one<'a>(&'a self, kind: &'a str) -> &'a Value {
        self.of_kind(kind).next().unwrap_or_else(|| panic!("{} has no {kind}", self.name))
    }

    /// The template of the pods.
    pub fn pod(&self) -> &Value {
        &self.one("Deployment")["spec"]["template"]
    }

    /// Init containers and containers.
    pub fn containers(&self) -> Vec<&Value> {
        let spec = &self.pod()["spec"];
        list(&spec["initContainers"]).iter().chain(list(&spec["containers"])).collect()
    }

    pub fn container(&self, name: &str) -> &Value {
        self.containers().into_iter().find(|container| container["name"] == name).expect("there is such a container")
    }

    /// A file of the ConfigMap.
    pub fn file(&self, name: &str) -> &str {
        text(&self.one("ConfigMap")["data"][name])
    }

    /// The configuration of the gate.
    pub fn configuration(&self) -> Value {
        parse(self.file("solgate.yaml")).remove(0)
    }
}

pub fn root() -> PathBuf {
    workspace().join("deploy/kubernetes")
}

pub fn read(file: &Path) -> Vec<Value> {
    parse(&std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

/// The documents of a YAML text.
pub fn parse(yaml: &str) -> Vec<Value> {
    let documents = yaml_serde::Deserializer::from_str(yaml);
    documents
        .map(|document| Value::deserialize(document).expect("it is YAML"))
        .filter(|value| !value.is_null())
        .collect()
}

/// The items of a list; none if there is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text"))
}

pub fn seconds(value: &Value) -> Duration {
    Duration::from_secs(value.as_u64().unwrap_or_else(|| panic!("{value} is a number of seconds")))
}

/// A duration as the gate's configuration and Gateway API write it.
pub fn duration(value: &Value) -> Duration {
    humantime::parse_duration(text(value)).expect("it is a duration")
}

/// Whether these labels are among those.
pub fn selects(selector: &Value, labels: &Value) -> bool {
    let selector = selector.as_object().expect("labels");
    !selector.is_empty() && selector.iter().all(|(name, value)| labels[name] == *value)
}
