//! The pods of a folder as processes on loopback: with the very commands, environment and
//! files of the manifests, where only paths, ports and names of the cluster are others.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_tests::process::{binary, free_address};
use solgate_tests::servers::{Server, installed};
use solgate_tests::vnfm::{message, send_and_leave};
use solgate_tests::workspace;

use super::manifests::{Folder, list, seconds, text};

/// The folder with the module, as in the image that the Containerfile of the case makes.
const MODULES: &str = "/usr/lib/solgate";

/// One pod.
pub struct Pod {
    pub folder: Folder,
    place: tempfile::TempDir,
    /// What stands in the manifests, and what stands there instead.
    instead: Vec<(String, String)>,
    /// Where the ports of the containers are.
    ports: BTreeMap<u64, SocketAddr>,
    /// Environment that no manifest has: the test's registry has no TLS.
    environment: Vec<(&'static str, String)>,
}

/// What a pod gets from outside.
pub struct Outside<'a> {
    /// Names of the cluster, and where they are.
    pub names: Vec<(&'a str, String)>,
    /// Secrets and ConfigMaps that users make: name, key and content.
    pub made: Vec<(&'a str, &'a str, String)>,
    pub environment: Vec<(&'static str, String)>,
}

impl Pod {
    /// Makes its volumes.
    pub fn new(case: &str, outside: Outside<'_>) -> Self {
        let folder = Folder::read(case);
        let place = tempfile::tempdir().expect("a folder");
        let mut instead: Vec<(String, String)> =
            outside.names.into_iter().map(|(name, at)| (name.to_owned(), at)).collect();
        let mut ports = BTreeMap::new();
        for port in folder.containers().into_iter().flat_map(|container| list(&container["ports"])) {
            let (number, at) = (port["containerPort"].as_u64().expect("a number"), free_address());
            ports.insert(number, at);
            instead.push((format!("0.0.0.0:{number}"), at.to_string()));
            instead.push((format!("address: 0.0.0.0, port_value: {number}"), socket(at)));
        }
        // Paths by their length: one folder may be mounted within another.
        let mut mounts: Vec<(String, String)> = Vec::new();
        for mount in folder.containers().into_iter().flat_map(|container| list(&container["volumeMounts"])) {
            let volume = place.path().join(text(&mount["name"])).display().to_string();
            mounts.push((text(&mount["mountPath"]).to_owned(), volume));
        }
        mounts.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        mounts.dedup();
        instead.extend(mounts);
        instead.push((MODULES.to_owned(), workspace().join("target/release").display().to_string()));
        let pod = Self { folder, place, instead, ports, environment: outside.environment };
        for volume in list(&pod.folder.pod()["spec"]["volumes"]) {
            pod.make(volume, &outside.made);
        }
        pod
    }

    /// The volume of this name.
    pub fn volume(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn make(&self, volume: &Value, made: &[(&str, &str, String)]) {
        let path = self.volume(text(&volume["name"]));
        std::fs::create_dir(&path).expect("it is made");
        let content = |secret: &Value, name: &str| -> Vec<(String, String)> {
            let of = |key: &str| {
                made.iter().find(|(from, have, _)| *from == name && *have == key).map(|(_, _, text)| text.clone())
            };
            let items = list(&secret["items"]).iter();
            let item = |item: &Value| {
                let key = text(&item["key"]);
                let content = of(key).unwrap_or_else(|| panic!("nobody has made {key} of {name}"));
                (text(&item["path"]).to_owned(), content)
            };
            items.map(item).collect()
        };
        if let Some(map) = volume.get("configMap") {
            let name = text(&map["name"]);
            if self.folder.one("ConfigMap")["metadata"]["name"] == name {
                let files = self.folder.one("ConfigMap")["data"].as_object().expect("files");
                publish(&path, files.iter().map(|(name, content)| (name.clone(), self.mapped(text(content)))), 0o644);
            } else {
                let own = made.iter().filter(|(from, _, _)| *from == name);
                publish(&path, own.map(|(_, key, content)| ((*key).to_owned(), content.clone())), 0o644);
            }
        } else if let Some(secret) = volume.get("secret") {
            publish(&path, content(secret, text(&secret["secretName"])), 0o440);
        } else if let Some(projected) = volume.get("projected") {
            let sources = list(&projected["sources"]).iter().map(|source| &source["secret"]);
            publish(&path, sources.flat_map(|secret| content(secret, text(&secret["name"]))), 0o440);
        } else {
            assert!(volume.get("emptyDir").is_some(), "{volume}");
            // What the kubelet makes for fsGroup belongs to root and lets the group write.
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).expect("it is ours");
        }
    }

    /// Replaces the files of the ConfigMap, as the kubelet does.
    pub fn replace(&self, volume: &str, change: impl Fn(&str) -> String) {
        let files = self.folder.one("ConfigMap")["data"].as_object().expect("files");
        let files = files.iter().map(|(name, content)| (name.clone(), change(&self.mapped(text(content)))));
        publish(&self.volume(volume), files, 0o644);
    }

    /// A text with the paths and addresses of the test.
    fn mapped(&self, text: &str) -> String {
        self.instead.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    fn command(&self, container: &Value) -> Command {
        let mut words =
            list(&container["command"]).iter().chain(list(&container["args"])).map(|word| self.mapped(text(word)));
        let mut command = match container.get("command") {
            None => Command::new(entrypoint(text(&container["image"]))),
            Some(_) => Command::new(program(&words.next().expect("a command"))),
        };
        command.args(words).current_dir(self.place.path()).env_clear().env("NO_COLOR", "1");
        for variable in list(&container["env"]) {
            command.env(text(&variable["name"]), self.mapped(text(&variable["value"])));
        }
        command.envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a container to its end.
    pub fn run(&self, name: &str) -> Output {
        self.command(self.folder.container(name)).output().expect("it runs")
    }

    /// Starts one that listens nowhere, and stays.
    pub fn stay(&self, name: &str) -> Staying {
        let mut command = self.command(self.folder.container(name));
        Staying(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"))
    }

    /// Starts a container, and asks its startup probe as often as the manifest says.
    pub fn start(&self, name: &str) -> Server {
        let container = self.folder.container(name);
        let first = list(&container["ports"])[0]["containerPort"].as_u64().expect("a number");
        let server = Server::start(self.command(container), self.ports[&first], self.place.path());
        let probe = &container["startupProbe"];
        let tries = probe["failureThreshold"].as_u64().expect("a number");
        let started = (0..tries).any(|_| {
            let good = self.probe(name, "startupProbe");
            if !good {
                std::thread::sleep(seconds(&probe["periodSeconds"]) / 10);
            }
            good
        });
        assert!(started, "{name} is not started: {}", server.said());
        server
    }

    /// Asks a probe once, at the path and the port that it names.
    pub fn probe(&self, container: &str, probe: &str) -> bool {
        let ask = &self.folder.container(container)[probe]["httpGet"];
        let own = list(&self.folder.container(container)["ports"]).iter();
        let named = own.filter(|port| port["name"] == ask["port"]).find_map(|port| port["containerPort"].as_u64());
        let number = named.or_else(|| ask["port"].as_u64()).expect("the probe has a port");
        let fields: Vec<String> = list(&ask["httpHeaders"])
            .iter()
            .map(|field| format!("{}: {}", text(&field["name"]), text(&field["value"])))
            .collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let at = self.ports[&number];
        TcpStream::connect(at).is_ok()
            && (200..400).contains(&send_and_leave(at, &message("GET", text(&ask["path"]), &fields, "")).status)
    }

    /// Where a port of the manifests is.
    pub fn at(&self, port: u64) -> SocketAddr {
        self.ports[&port]
    }

    /// A hook of a container, as it would be run in it.
    pub fn hook(&self, container: &str) -> Command {
        let words = &self.folder.container(container)["lifecycle"]["preStop"]["exec"]["command"];
        let mut words = list(words).iter().map(|word| self.mapped(text(word)));
        let mut command = Command::new(words.next().expect("a command"));
        command.args(words);
        command
    }

    /// Tells a container to stop, and waits for its end no longer than the kubelet would.
    pub fn stop(&self, server: &mut Server) -> Duration {
        let grace = seconds(&self.folder.pod()["spec"]["terminationGracePeriodSeconds"]);
        let begun = Instant::now();
        server.signal("TERM");
        while server.is_running() {
            assert!(begun.elapsed() < grace, "it would be killed after {grace:?}: {}", server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(server.status().is_some_and(|status| status.success()), "{}", server.said());
        begun.elapsed()
    }
}

/// A container that listens nowhere.
pub struct Staying(Child);

impl Staying {
    /// Tells it to stop; whether it ended in good order.
    pub fn stop(mut self) -> bool {
        let told = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        told.expect("kill runs").success() && self.0.wait().expect("it ends").success()
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// As Envoy's configuration has an address.
pub fn socket(at: SocketAddr) -> String {
    format!("address: 127.0.0.1, port_value: {}", at.port())
}

/// What the image runs.
fn entrypoint(image: &str) -> PathBuf {
    assert!(image.starts_with("registry.example/nfv/solgate:"), "{image}");
    let containerfile = std::fs::read_to_string(workspace().join("deploy/Containerfile")).expect("it is there");
    assert!(containerfile.contains("\nENTRYPOINT [\"/solgate\"]\n"), "{containerfile}");
    binary()
}

fn program(path: &str) -> PathBuf {
    match path {
        "/usr/local/bin/envoy" => installed("bin/envoy"),
        other => panic!("no image of ours has {other}"),
    }
}

/// Files as the kubelet writes those of ConfigMaps and Secrets: links into a folder that
/// becomes another one in one step.
fn publish(volume: &Path, files: impl IntoIterator<Item = (String, String)>, mode: u32) {
    let data = tempfile::Builder::new().prefix("..").tempdir_in(volume).expect("a folder").keep();
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).expect("it is ours");
    for (name, content) in files {
        let file = data.join(&name);
        std::fs::write(&file, content).expect("it is written");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("it is ours");
        let link = volume.join(&name);
        if !link.is_symlink() {
            symlink(Path::new("..data").join(&name), link).expect("it is linked");
        }
    }
    let next = volume.join("..data_tmp");
    symlink(data.file_name().expect("it has a name"), &next).expect("it is linked");
    std::fs::rename(next, volume.join("..data")).expect("it is replaced");
}
