//! Who we are, by the files that `docker login`, `podman login` and `skopeo login` write.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use http::HeaderValue;
use http::uri::Authority;
use serde::Deserialize;
use solgate_files::ReadError;
use zeroize::Zeroizing;

use crate::error::RegistryError;
use crate::settings::Settings;

/// Bytes of a file of credentials.
const LARGEST: usize = 1 << 20;

/// User and password for one registry. Their memory is cleared when they are dropped.
#[derive(Clone)]
pub struct Credentials(Zeroizing<String>);

impl Credentials {
    /// As a field `Authorization` says it.
    pub fn basic(&self) -> Option<HeaderValue> {
        let text = Zeroizing::new(format!("Basic {}", BASE64.encode(self.0.as_bytes())));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    auths: HashMap<String, Entry>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

/// Those for a repository: of the environment, else of the first file that has any.
///
/// # Errors
/// A file cannot be read.
pub fn find(settings: &Settings, registry: &Authority, name: &str) -> Result<Option<Credentials>, RegistryError> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty()).map(Zeroizing::new);
    if let (Some(user), Some(password)) = (set("SOLGATE_REGISTRY_USERNAME"), set("SOLGATE_REGISTRY_PASSWORD")) {
        return Ok(Some(Credentials(Zeroizing::new(format!("{}:{}", *user, *password)))));
    }
    let (files, named) = match &settings.auth_file {
        Some(file) => (vec![file.clone()], true),
        None => (usual_files(), false),
    };
    for path in files {
        let bytes = match solgate_files::read(&path, LARGEST) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(ReadError::Io(error)) if !named && error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(RegistryError::File { path, error }),
        };
        if let Some(found) = of_file(&path, &bytes, registry, name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Where they usually are; the first that has some for a registry counts.
fn usual_files() -> Vec<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let docker = set("DOCKER_CONFIG").or_else(|| set("HOME").map(|home| home.join(".docker")));
    let files = [
        set("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
        set("HOME").map(|home| home.join(".config/containers/auth.json")),
        docker.map(|folder| folder.join("config.json")),
    ];
    files.into_iter().flatten().collect()
}

fn of_file(path: &Path, bytes: &[u8], registry: &Authority, name: &str) -> Result<Option<Credentials>, RegistryError> {
    let fault = |fault| RegistryError::Credentials { path: path.to_owned(), fault };
    let file: File = serde_json::from_slice(bytes).map_err(|_| fault("this is not a file of credentials (JSON)"))?;
    let Some(entry) = keys(registry, name).iter().find_map(|key| file.auths.get(key)) else { return Ok(None) };
    match (&entry.auth, &entry.username, &entry.password) {
        (Some(auth), ..) if !auth.is_empty() => {
            let decoded = BASE64.decode(auth.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let decoded = decoded.filter(|text| text.contains(':'));
            let decoded = decoded.ok_or_else(|| fault("auth of this registry is not Base64 of USER:PASSWORD"))?;
            Ok(Some(Credentials(Zeroizing::new(decoded))))
        }
        (_, Some(user), Some(password)) => Ok(Some(Credentials(Zeroizing::new(format!("{user}:{password}"))))),
        // A helper of Docker's keeps them; helpers are programs, and none is run.
        _ => Ok(None),
    }
}

/// By what a repository may be named there: the most exact first.
fn keys(registry: &Authority, name: &str) -> Vec<String> {
    let mut keys = vec![format!("{registry}/{name}")];
    let mut rest = name;
    while let Some((before, _)) = rest.rsplit_once('/') {
        keys.push(format!("{registry}/{before}"));
        rest = before;
    }
    keys.extend([registry.to_string(), format!("https://{registry}"), format!("https://{registry}/v1/")]);
    keys
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_entry_counts() {
        let file =
            r#"{"auths": {"r.example": {"auth": "YTpi"}, "r.example/team": {"username": "c", "password": "d"}}}"#;
        let (registry, path) = ("r.example".parse().unwrap(), Path::new("f"));
        let found =
            |name: &str| of_file(path, file.as_bytes(), &registry, name).unwrap().map(|found| found.0.to_string());
        assert_eq!(found("x").as_deref(), Some("a:b"));
        assert_eq!(found("team/p").as_deref(), Some("c:d"));
        assert!(of_file(path, file.as_bytes(), &"other.example".parse().unwrap(), "x").unwrap().is_none());
        let wrong = of_file(path, br#"{"auths": {"r.example": {"auth": "hunter2"}}}"#, &registry, "x");
        assert!(wrong.is_err_and(|error| !error.to_string().contains("hunter2")));
    }
}
