//! Registries of artefacts: a small one in this process, with lists of referrers, that can be
//! made to misbehave, and Debian's, as a process.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use serde_json::{Value, json};
use solgate::policy::FileDigest;

use crate::process::free_address;
use crate::servers::Server;

/// A registry in this process: it holds what it gets until it is dropped.
pub struct Registry {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stopped: AtomicBool,
    /// Each by its path, such as `/v2/NAME/blobs/sha256:...`, with its media type.
    content: Mutex<HashMap<String, (String, Vec<u8>)>>,
    /// Answers to a path that are given in the place of what there is.
    instead: Mutex<HashMap<String, Vec<u8>>>,
    asked: Mutex<Vec<String>>,
    /// Bytes that came and went.
    transferred: AtomicUsize,
    /// User and password, if it asks for any.
    user: Option<String>,
}

/// The token that the registry gives to who knows the password.
const TOKEN: &str = "token-of-the-test";

impl Registry {
    /// For everybody.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(State::default())
    }

    /// For who gets a token, with this `USER:PASSWORD`.
    #[must_use]
    pub fn with_user(user: &str) -> Self {
        Self::start_with(State { user: Some(user.to_owned()), ..State::default() })
    }

    fn start_with(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (address, state) = (listener.local_addr().expect("an address"), Arc::new(state));
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&serving);
                std::thread::spawn(move || serve(stream, address, &state));
            }
        });
        Self { address, state }
    }

    /// Answers nobody from here on, or everybody again.
    pub fn stop(&self, stopped: bool) {
        self.state.stopped.store(stopped, Ordering::Relaxed);
    }

    /// The name of an artefact in it.
    #[must_use]
    pub fn name(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.address)
    }

    /// Gives this answer, head and body, to whoever asks for the path.
    pub fn answer(&self, path: &str, answer: impl Into<Vec<u8>>) {
        self.state.instead.lock().expect("no panic").insert(path.to_owned(), answer.into());
    }

    /// What was asked so far: method and path.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.asked.lock().expect("no panic"))
    }

    /// Bytes that came and went so far.
    #[must_use]
    pub fn transferred(&self) -> usize {
        self.state.transferred.load(Ordering::Relaxed)
    }

    /// What is at a path.
    ///
    /// # Panics
    /// If there is nothing.
    #[must_use]
    pub fn content(&self, path: &str) -> Vec<u8> {
        self.state.content.lock().expect("no panic")[path].1.clone()
    }

    /// Puts a blob there; returns its descriptor.
    pub fn blob(&self, name: &str, media_type: &str, bytes: &[u8]) -> Value {
        let digest = format!("sha256:{}", FileDigest::of(bytes));
        self.put(&format!("/v2/{name}/blobs/{digest}"), "", bytes);
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// Puts a manifest there, by its digest and under a tag.
    pub fn manifest(&self, name: &str, tag: Option<&str>, manifest: &Value) {
        let bytes = manifest.to_string().into_bytes();
        let digest = format!("sha256:{}", FileDigest::of(&bytes));
        for version in std::iter::once(digest.as_str()).chain(tag) {
            self.put(&format!("/v2/{name}/manifests/{version}"), "application/vnd.oci.image.manifest.v1+json", &bytes);
        }
    }

    fn put(&self, path: &str, media_type: &str, bytes: &[u8]) {
        let content = (media_type.to_owned(), bytes.to_vec());
        self.state.content.lock().expect("no panic").insert(path.to_owned(), content);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop(true);
    }
}

fn serve(stream: TcpStream, address: SocketAddr, state: &State) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut head, mut line) = (String::new(), String::new());
        while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
            head.push_str(&line);
            line.clear();
        }
        let mut words = head.split_whitespace();
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return };
        if state.stopped.load(Ordering::Relaxed) {
            return;
        }
        let field = |name: &str| {
            let fields = head.lines().filter_map(|line| line.split_once(": "));
            fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
        };
        let mut body = vec![0; field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        state.asked.lock().expect("no panic").push(format!("{method} {target}"));
        let came = head.len().saturating_add(2).saturating_add(body.len());
        let answer = answer(state, address, method, target, &field, body);
        state.transferred.fetch_add(came.saturating_add(answer.len()), Ordering::Relaxed);
        if stream.get_mut().write_all(&answer).is_err() {
            return;
        }
    }
}

fn answer(
    state: &State,
    address: SocketAddr,
    method: &str,
    target: &str,
    field: &dyn Fn(&str) -> Option<String>,
    body: Vec<u8>,
) -> Vec<u8> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if let Some(user) = &state.user {
        let authorization = field("authorization").unwrap_or_default();
        if path == "/token" {
            let expected = format!("Basic {}", BASE64.encode(user.as_bytes()));
            let token = json!({"token": TOKEN}).to_string();
            return if authorization == expected { respond(200, "", token.as_bytes()) } else { respond(401, "", b"") };
        }
        if authorization != format!("Bearer {TOKEN}") {
            let realm = format!("WWW-Authenticate: Bearer realm=\"http://{address}/token\",service=\"test\"\r\n");
            return respond(401, &realm, b"");
        }
    }
    if let Some(instead) = state.instead.lock().expect("no panic").get(path) {
        return instead.clone();
    }
    let mut content = state.content.lock().expect("no panic");
    if let Some((name, digest)) = path.strip_prefix("/v2/").and_then(|path| path.split_once("/referrers/")) {
        return respond(
            200,
            "Content-Type: application/vnd.oci.image.index.v1+json\r\n",
            &referrers(&content, name, digest),
        );
    }
    match method {
        "GET" | "HEAD" => match content.get(path) {
            Some((media_type, bytes)) => {
                let mut head = format!("Docker-Content-Digest: sha256:{}\r\n", FileDigest::of(bytes));
                if !media_type.is_empty() {
                    let _ = write!(head, "Content-Type: {media_type}\r\n");
                }
                let whole = respond(200, &head, bytes);
                let end = if method == "HEAD" { whole.len() - bytes.len() } else { whole.len() };
                whole[..end].to_vec()
            }
            None => respond(404, "", if method == "HEAD" { b"" } else { br#"{"errors":[{"code":"NAME_UNKNOWN"}]}"# }),
        },
        "POST" => respond(202, &format!("Location: {path}upload?state=1\r\n"), b""),
        "PUT" if path.ends_with("/uploads/upload") => {
            let digest = query.split('&').find_map(|pair| pair.strip_prefix("digest=")).unwrap_or_default();
            let place = path.replace("uploads/upload", digest);
            content.insert(place, (String::new(), body));
            respond(201, "", b"")
        }
        "PUT" => {
            let (name, _) = path.rsplit_once('/').unwrap_or_default();
            let has_subject = serde_json::from_slice::<Value>(&body).is_ok_and(|one| one.get("subject").is_some());
            let stored = (field("content-type").unwrap_or_default(), body);
            content.insert(format!("{name}/sha256:{}", FileDigest::of(&stored.1)), stored.clone());
            content.insert(path.to_owned(), stored);
            respond(201, if has_subject { "OCI-Subject: sha256:0\r\n" } else { "" }, b"")
        }
        _ => respond(405, "", b""),
    }
}

fn referrers(content: &HashMap<String, (String, Vec<u8>)>, name: &str, digest: &str) -> Vec<u8> {
    let below = format!("/v2/{name}/manifests/sha256:");
    let mut all: Vec<Value> = Vec::new();
    for (path, (media_type, bytes)) in content.iter().filter(|(path, _)| path.starts_with(&below)) {
        let Ok(manifest) = serde_json::from_slice::<Value>(bytes) else { continue };
        if manifest["subject"]["digest"] == digest {
            let own = path.rsplit_once('/').unwrap_or_default().1;
            all.push(json!({"mediaType": media_type, "digest": own, "size": bytes.len(), "artifactType": manifest["artifactType"]}));
        }
    }
    json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": all})
        .to_string()
        .into_bytes()
}

/// An answer with a length.
#[must_use]
pub fn respond(status: u16, head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} Test\r\n{head}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Debian's `docker-registry`, on a free port, with what it holds in a folder.
///
/// # Panics
/// If it is not installed, or does not start.
#[must_use]
pub fn debian(folder: &Path, address: SocketAddr, more: &str) -> Server {
    let config = folder.join("registry.yml");
    let text = format!(
        "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }}, delete: {{ enabled: true }} }}\nhttp:\n  addr: {address}\n{more}",
        folder.join("registry").display()
    );
    std::fs::write(&config, text).expect("it is written");
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(&config);
    Server::start(command, address, folder)
}

/// An address for it.
#[must_use]
pub fn address() -> SocketAddr {
    free_address()
}
