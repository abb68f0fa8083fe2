//! Who we are, by the files that `docker login`, `podman login` and `skopeo login` write, and
//! by the [programs](crate::helper) that such a file names.

use std::collections::HashMap;
use std::path::PathBuf;

use data_encoding::BASE64;
use http::HeaderValue;
use http::uri::Authority;
use serde::Deserialize;
use solgate_files::ReadError;
use zeroize::Zeroizing;

use crate::error::RegistryError;
use crate::helper;
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
#[serde(rename_all = "camelCase")]
struct File {
    auths: HashMap<String, Entry>,
    /// The program that keeps the credentials of all registries.
    creds_store: Option<String>,
    /// Others for some registries, by the host.
    cred_helpers: HashMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

/// Those for a repository: of the environment, else of the first file that has any. In a file,
/// the program that it names for the registry counts first.
///
/// # Errors
/// A file cannot be read, or a program fails.
pub async fn find(settings: &Settings, registry: &Authority, name: &str) -> Result<Option<Credentials>, RegistryError> {
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
        let fault = |fault| RegistryError::Credentials { path: path.clone(), fault };
        let file: File =
            serde_json::from_slice(&bytes).map_err(|_| fault("this is not a file of credentials (JSON)"))?;
        if let Some(helper) = file.helper(registry)
            && let Some(found) = helper::ask(helper, registry.as_str(), settings.timeout).await?
        {
            return Ok(Some(Credentials(found)));
        }
        if let Some(found) = file.entry(registry, name).map_err(fault)? {
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

impl File {
    /// The program that keeps the credentials of a registry, by the name behind
    /// `docker-credential-`.
    fn helper(&self, registry: &Authority) -> Option<&str> {
        let of_registry = self.cred_helpers.get(registry.as_str());
        of_registry.or(self.creds_store.as_ref()).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// What the file itself has for a repository.
    fn entry(&self, registry: &Authority, name: &str) -> Result<Option<Credentials>, &'static str> {
        let Some(entry) = keys(registry, name).iter().find_map(|key| self.auths.get(key)) else { return Ok(None) };
        match (&entry.auth, &entry.username, &entry.password) {
            (Some(auth), ..) if !auth.is_empty() => {
                let decoded = BASE64.decode(auth.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                let decoded = decoded.filter(|text| text.contains(':'));
                let decoded = decoded.ok_or("auth of this registry is not Base64 of USER:PASSWORD")?;
                Ok(Some(Credentials(Zeroizing::new(decoded))))
            }
            (_, Some(user), Some(password)) => Ok(Some(Credentials(Zeroizing::new(format!("{user}:{password}"))))),
            // Docker leaves an empty entry where a program keeps the credentials.
            _ => Ok(None),
        }
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
        let file: File = serde_json::from_str(file).unwrap();
        let registry = "r.example".parse().unwrap();
        let found = |name: &str| file.entry(&registry, name).unwrap().map(|found| found.0.to_string());
        assert_eq!(found("x").as_deref(), Some("a:b"));
        assert_eq!(found("team/p").as_deref(), Some("c:d"));
        assert!(file.entry(&"other.example".parse().unwrap(), "x").unwrap().is_none());
        let wrong: File = serde_json::from_str(r#"{"auths": {"r.example": {"auth": "hunter2"}}}"#).unwrap();
        assert!(wrong.entry(&registry, "x").is_err_and(|fault| !fault.contains("hunter2")));
    }

    #[test]
    fn the_program_of_a_registry_counts_before_that_of_all() {
        let file = r#"{"credsStore": "all", "credHelpers": {"r.example:5000": "one"}}"#;
        let file: File = serde_json::from_str(file).unwrap();
        let helper = |registry: &str| file.helper(&registry.parse().unwrap()).map(str::to_owned);
        assert_eq!((helper("r.example:5000").as_deref(), helper("r.example").as_deref()), (Some("one"), Some("all")));
        assert_eq!(File::default().helper(&"r.example".parse().unwrap()), None);
    }
}
