//! Real stores, as processes of a test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use solgate_config::store_url::StoreUrl;
use solgate_config::turns::TurnsConfig;
use solgate_tests::certificates::Authority;
use solgate_tests::process::free_address;
use solgate_tests::servers::Server;
use solgate_turn_store::{Holder, LeaseStore, RedisStore, Taken};

use super::gate::until;

/// A server of Redis on loopback.
pub struct Store {
    server: Server,
    address: SocketAddr,
    folder: PathBuf,
    arguments: Vec<String>,
}

impl Store {
    /// Starts one that keeps nothing on disk.
    pub fn start(folder: &Path, address: SocketAddr, arguments: &[&str]) -> Self {
        let folder = folder.join(format!("redis-{}", address.port()));
        std::fs::create_dir_all(&folder).expect("it is made");
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let server = launch(&folder, address, &arguments);
        Self { server, address, folder, arguments }
    }

    /// A sentinel that watches a primary, as the group `main`, and needs no other for a
    /// failover.
    pub fn sentinel(folder: &Path, primary: &Self) -> Self {
        let address = free_address();
        let file = folder.join("sentinel.conf");
        let config = format!(
            "sentinel monitor main 127.0.0.1 {} 1\nsentinel down-after-milliseconds main 500\n\
             sentinel failover-timeout main 2000\n",
            primary.address.port()
        );
        std::fs::write(&file, config).expect("it is written");
        let mut command = Command::new("redis-server");
        command.arg(&file).args(["--sentinel", "--port", &address.port().to_string(), "--bind", "127.0.0.1"]);
        let server = Server::start(command, address, folder);
        Self { server, address, folder: folder.to_owned(), arguments: Vec::new() }
    }

    /// One that copies what a primary has, once it has all of it.
    pub fn replica(folder: &Path, primary: &Self) -> Self {
        let of = format!("127.0.0.1 {}", primary.address.port());
        let replica = Self::start(folder, free_address(), &["--replicaof", &of]);
        until("the replica is up", || replica.say(&["INFO", "replication"]).contains("master_link_status:up"));
        replica
    }

    /// The member `turns` for the group of this sentinel.
    pub fn turns_of_group(&self) -> String {
        format!("{{ store: '{}/main' }}", self.url().replace("redis:", "redis+sentinel:"))
    }

    /// Sends its process a signal such as `STOP`.
    pub fn signal(&self, name: &str) {
        self.server.signal(name);
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// At the same address, without what it knew.
    pub fn start_again(&mut self) {
        self.server = launch(&self.folder, self.address, &self.arguments);
    }

    /// Sends it a command.
    pub fn say(&self, command: &[&str]) -> String {
        let port = self.address.port().to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(command).output().expect("it runs");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it is text")
    }
}

fn launch(folder: &Path, address: SocketAddr, arguments: &[String]) -> Server {
    let mut command = Command::new("redis-server");
    command.current_dir(folder);
    if !arguments.iter().any(|argument| argument == "--tls-port") {
        command.args(["--port", &address.port().to_string()]);
    }
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]).args(arguments);
    Server::start(command, address, folder)
}

/// Stores of all kinds: what they are, the member `turns`, and their servers.
pub fn every_kind(folder: &Path) -> Vec<(&'static str, String, Vec<Store>)> {
    let mut all = Vec::new();
    let password = folder.join("password");
    std::fs::write(&password, "s3cret-of-the-gate\n").expect("it is written");
    let password = password.display();
    // The rights that the page names.
    let user = "user gate on >s3cret-of-the-gate ~solgate:turn:* resetchannels +set +get +del +evalsha +script|load";
    let words: Vec<&str> = user.split(' ').collect();
    let store = Store::start(folder, free_address(), &[]);
    store.say(&[&["ACL", "SETUSER"], &words[1..]].concat());
    store.say(&["ACL", "SETUSER", "default", "off"].map(|word| word));
    let url = store.url().replace("://", "://gate@");
    all.push(("user", format!("{{ store: '{url}', passwordFile: '{password}' }}"), vec![store]));

    let store = Store::start(folder, free_address(), &["--requirepass", "s3cret-of-the-gate"]);
    all.push(("password", format!("{{ store: '{}/3', passwordFile: '{password}' }}", store.url()), vec![store]));

    let (turns, store) = with_tls(folder, "tls");
    all.push(("tls", turns, vec![store]));

    let socket = folder.join("redis.sock");
    let store = Store::start(folder, free_address(), &["--unixsocket", &socket.display().to_string()]);
    all.push(("socket", format!("{{ store: 'unix:{}' }}", socket.display()), vec![store]));

    let store = Store::start(folder, free_address(), &["--cluster-enabled", "yes"]);
    store.say(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    until("the cluster is up", || store.say(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    let url = store.url().replace("redis:", "redis+cluster:");
    all.push(("cluster", format!("{{ store: '{url}' }}"), vec![store]));

    let primary = Store::start(folder, free_address(), &[]);
    let sentinel = Store::sentinel(folder, &primary);
    all.push(("sentinel", sentinel.turns_of_group(), vec![sentinel, primary]));
    all
}

/// A store that speaks TLS only, and asks for a certificate.
fn with_tls(folder: &Path, name: &str) -> (String, Store) {
    let authority = Authority::new(name);
    let ca = folder.join(format!("{name}-ca.pem"));
    std::fs::write(&ca, authority.pem()).expect("it is written");
    let (certificate, key) = authority.server().write(folder, name);
    let address = free_address();
    let port = address.port().to_string();
    let text = |path: &Path| path.display().to_string();
    let (ca, certificate, key) = (text(&ca), text(&certificate), text(&key));
    let arguments = [
        "--port",
        "0",
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "yes",
    ];
    let store = Store::start(folder, address, &arguments);
    let turns = format!(
        "{{ store: 'rediss://localhost:{port}', caFile: '{ca}', certFile: '{certificate}', keyFile: '{key}' }}"
    );
    (turns, store)
}

/// Stores that cannot be used: what they are, the member `turns`, and their servers.
pub fn unusable(folder: &Path) -> Vec<(&'static str, String, Vec<Store>)> {
    let mut all = Vec::new();
    let wrong = folder.join("wrong");
    std::fs::write(&wrong, "wrong\n").expect("it is written");
    let store = Store::start(folder, free_address(), &["--requirepass", "right"]);
    let turns = format!("{{ store: '{}', passwordFile: '{}' }}", store.url(), wrong.display());
    all.push(("wrong password", turns, vec![store]));

    let primary = Store::start(folder, free_address(), &[]);
    let replica = Store::replica(folder, &primary);
    all.push(("replica", format!("{{ store: '{}' }}", replica.url()), vec![replica, primary]));

    let (turns, store) = with_tls(folder, "other");
    let (_, right) = turns.split_once("caFile").expect("it has one");
    let other = folder.join("stranger.pem");
    std::fs::write(&other, Authority::new("stranger").pem()).expect("it is written");
    let own = right.split_once(", certFile").expect("it has one").1;
    let head = turns.split_once("caFile").expect("it has one").0;
    let turns = format!("{head}caFile: '{}', certFile{own}", other.display());
    all.push(("another authority", turns, vec![store]));

    all.push(("nobody", format!("{{ store: 'redis://{}' }}", free_address()), Vec::new()));
    all
}

/// How long each of so many leases takes to be taken.
pub fn times(url: &str, count: usize) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("it starts").block_on(async {
        let config = TurnsConfig::new(StoreUrl::parse(url).expect("it is a URL"));
        let store = RedisStore::open(&config).expect("it opens");
        let connected = store.follow().wait_for(|state| *state == Some(true)).await.map(|state| *state);
        assert_eq!(connected.ok(), Some(Some(true)));
        let mut times = Vec::with_capacity(count);
        for number in 0..count {
            let (resource, holder) = (format!("vnfm:vnflcm/vnf_instances/i{number}"), Holder::unique().expect("it is"));
            let began = Instant::now();
            let taken = store.take(&resource, &holder, config.lease).await.expect("it answers");
            times.push(began.elapsed());
            assert_eq!(taken, Taken::Yes);
            store.give_back(&resource, &holder).await.expect("it answers");
        }
        times
    })
}
