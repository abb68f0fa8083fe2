//! Policies that were fetched, as files.
//!
//! Each remote has a folder of its own:
//!
//! - `sha256-DIGEST/`, for each version that matters: `policy.wasm`, `policy.wasm.sig` if it is
//!   signed, `manifest.json` and `cosign.json` of an artefact, and `artefact.json`, which says
//!   what it is;
//! - `current`, a link to what the tag has named last, and `good`, a link to what has judged
//!   last;
//! - `policy.wasm` and `policy.wasm.sig`, links into `current`: what a gate loads, and watches.
//!
//! A version is written elsewhere and gets its name when it is whole. A link is replaced in one
//! step. So whoever reads sees one version or the other, also after a crash.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use solgate::policy::{FileDigest, PolicySources};

use crate::client::Client;
use crate::cosign::{CosignKeys, Signatures};
use crate::error::{Refusal, RegistryError};
use crate::pull::{Found, Pulled};
use crate::reference::{Remote, Version};
use crate::settings::{Settings, default_folder};

const POLICY: &str = "policy.wasm";
const SIGNATURE: &str = "policy.wasm.sig";
const MANIFEST: &str = "manifest.json";
const COSIGN: &str = "cosign.json";
const ARTEFACT: &str = "artefact.json";
const CURRENT: &str = "current";
const GOOD: &str = "good";
const VERSION: &str = "sha256-";

/// Bytes of what is kept beside a policy.
const LARGEST: usize = 32 << 20;

/// Fetches policies, and keeps them.
#[derive(Clone)]
pub struct Store {
    folder: PathBuf,
    client: Client,
}

/// A policy that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256 of its manifest; at a URL, of the file.
    pub digest: FileDigest,
    /// SHA-256 of the component.
    pub component: FileDigest,
    etag: Option<String>,
    folder: PathBuf,
}

/// Why a policy is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("{} cannot be written: {source}; policies of registries are kept there", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "policies of registries are kept on disk, and no folder for them is known: name one with registry.folder, or SOLGATE_POLICY_FOLDER"
    )]
    NoFolder,
    #[error("{0} is not the name of a policy: expected {expected}", expected = Remote::EXPECTED)]
    Remote(String),
    #[error("{0} has not been fetched yet")]
    NotFetched(String),
    #[error("{remote} (sha256:{digest}): {refusal}")]
    Refused { remote: String, digest: FileDigest, refusal: Refusal },
    #[error(
        "{0}: a least version is asked of this policy, and only the signature that `solgate sign` makes gives one; cosign's does not"
    )]
    NoVersion(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artefact {
    source: String,
    digest: String,
    component: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    fetched_at: String,
}

impl Store {
    /// In the folder that the settings name, or the usual one.
    ///
    /// # Errors
    /// No folder is known, or the certificates to trust cannot be read.
    pub fn new(settings: Settings) -> Result<Self, StoreError> {
        let folder = settings.folder.clone().or_else(default_folder).ok_or(StoreError::NoFolder)?;
        Ok(Self { folder, client: Client::new(settings)? })
    }

    /// The remote that is named as a policy.
    ///
    /// # Errors
    /// It is none.
    pub fn remote(policy: &Path) -> Result<Remote, StoreError> {
        Remote::named(policy).ok_or_else(|| StoreError::Remote(policy.display().to_string()))
    }

    /// The file of a policy, which is there when it was fetched.
    #[must_use]
    pub fn path(&self, remote: &Remote) -> PathBuf {
        self.folder_of(remote).join(POLICY)
    }

    /// What else of a policy's file changes whether it is good.
    #[must_use]
    pub fn beside(policy: &Path) -> Option<PathBuf> {
        policy.ends_with(POLICY).then(|| policy.with_file_name(COSIGN))
    }

    fn folder_of(&self, remote: &Remote) -> PathBuf {
        let text = remote.to_string();
        let name: String =
            text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' }).collect();
        // Names of folders are short, and what is written otherwise is somewhere else.
        let name: String = name.trim_start_matches("oci___").chars().take(100).collect();
        let digest: String = FileDigest::of(text.as_bytes()).to_string().chars().take(12).collect();
        self.folder.join(format!("{name}-{digest}"))
    }

    /// What was fetched last.
    #[must_use]
    pub fn current(&self, remote: &Remote) -> Option<Kept> {
        self.linked(remote, CURRENT)
    }

    /// What has judged last.
    #[must_use]
    pub fn good(&self, remote: &Remote) -> Option<Kept> {
        self.linked(remote, GOOD)
    }

    fn linked(&self, remote: &Remote, link: &str) -> Option<Kept> {
        let folder = self.folder_of(remote);
        let folder = folder.join(fs::read_link(folder.join(link)).ok()?);
        Kept::read(folder)
    }

    /// Whether a remote is another policy than the one that was fetched last.
    ///
    /// # Errors
    /// The registry does not answer, or the policy is not there.
    pub async fn look(&self, remote: &Remote) -> Result<Found, RegistryError> {
        match (remote, self.current(remote)) {
            (Remote::Oci(reference), Some(known)) => self.client.look(reference, &known.digest).await,
            // A server is asked for the whole, on the condition that it is another.
            (Remote::Https(_), _) | (_, None) => Ok(Found::Other(None)),
        }
    }

    /// Fetches a policy, with its signatures, and makes it the current one. What a digest
    /// names is fetched once.
    ///
    /// # Errors
    /// It cannot be fetched or written; what was current stays.
    pub async fn update(&self, remote: &Remote) -> Result<Kept, StoreError> {
        let known = self.current(remote);
        let pulled = self.client.pull(
            remote,
            known.as_ref().map(|known| &known.component),
            known.as_ref().and_then(|known| known.etag.as_deref()),
        );
        match (pulled.await?, known) {
            (Some(pulled), known) => self.save(remote, &pulled, known.as_ref()),
            (None, Some(known)) => {
                // The file is the same, and may have been signed meanwhile.
                if let Remote::Https(url) = remote
                    && !known.has_signature()
                    && let Some(signature) = self.client.signature_at(url).await?
                {
                    let path = known.folder.join(SIGNATURE);
                    replace(&path, Some(&signature)).map_err(|source| StoreError::Write { path, source })?;
                }
                Ok(known)
            }
            (None, None) => Err(StoreError::NotFetched(remote.to_string())),
        }
    }

    fn save(&self, remote: &Remote, pulled: &Pulled, known: Option<&Kept>) -> Result<Kept, StoreError> {
        let folder = self.folder_of(remote);
        let write = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Write { path, source }
        };
        // For nobody else: compiled policies may lie beside it, and are loaded from such a folder only.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(write(&folder))?;
        let version = format!("{VERSION}{}", pulled.digest);
        let target = folder.join(&version);
        let artefact = Artefact {
            source: remote.to_string(),
            digest: pulled.digest.to_string(),
            component: pulled.component_digest.to_string(),
            etag: pulled.etag.clone(),
            fetched_at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        };
        let artefact = serde_json::to_vec_pretty(&artefact).unwrap_or_default();
        if let Some(there) = Kept::read(target.clone()) {
            // A server may give the same file another mark, and is asked by that from now on.
            if there.etag != pulled.etag {
                let path = target.join(ARTEFACT);
                replace(&path, Some(&artefact)).map_err(write(&path))?;
            }
        } else {
            let new = tempfile::Builder::new().prefix(".new-").tempdir_in(&folder).map_err(write(&folder))?;
            let component = new.path().join(POLICY);
            match (&pulled.component, known) {
                (Some(bytes), _) => put(&component, bytes).map_err(write(&component))?,
                (None, Some(known)) => {
                    fs::copy(known.folder.join(POLICY), &component).map(drop).map_err(write(&component))?
                }
                (None, None) => return Err(StoreError::NotFetched(remote.to_string())),
            }
            put(&new.path().join(ARTEFACT), &artefact).map_err(write(new.path()))?;
            let new = new.keep();
            // What is there is not whole.
            let _ = fs::remove_dir_all(&target);
            fs::rename(&new, &target).map_err(write(&target))?;
        }
        let cosign = (!pulled.cosign.is_empty()).then(|| serde_json::to_vec(&pulled.cosign).unwrap_or_default());
        for (name, bytes) in [
            (SIGNATURE, pulled.signature.as_deref()),
            (MANIFEST, pulled.manifest.as_deref()),
            (COSIGN, cosign.as_deref()),
        ] {
            let path = target.join(name);
            replace(&path, bytes).map_err(write(&path))?;
        }
        for (name, place) in [
            (CURRENT, PathBuf::from(&version)),
            (POLICY, Path::new(CURRENT).join(POLICY)),
            (SIGNATURE, Path::new(CURRENT).join(SIGNATURE)),
            (COSIGN, Path::new(CURRENT).join(COSIGN)),
        ] {
            link(&folder, name, &place).map_err(write(&folder))?;
        }
        sweep(&folder);
        Kept::read(target).ok_or_else(|| StoreError::NotFetched(remote.to_string()))
    }

    /// What is current has judged.
    ///
    /// # Errors
    /// That cannot be written.
    pub fn judges(&self, remote: &Remote) -> Result<(), StoreError> {
        let folder = self.folder_of(remote);
        let Ok(current) = fs::read_link(folder.join(CURRENT)) else { return Ok(()) };
        if fs::read_link(folder.join(GOOD)).is_ok_and(|good| good == current) {
            return Ok(());
        }
        link(&folder, GOOD, &current).map_err(|source| StoreError::Write { path: folder.clone(), source })?;
        sweep(&folder);
        Ok(())
    }

    /// Makes what has judged last the current one again, if that is another. False if there
    /// is none.
    pub fn fall_back(&self, remote: &Remote) -> bool {
        let folder = self.folder_of(remote);
        match (fs::read_link(folder.join(GOOD)), fs::read_link(folder.join(CURRENT))) {
            (Ok(good), Ok(current)) if good != current => link(&folder, CURRENT, &good).is_ok(),
            _ => false,
        }
    }

    /// The same policies as files, as far as they have been fetched. Keys of cosign's count
    /// here: where one has signed an artefact, its component is pinned; the other keys are for
    /// whoever loads the files.
    ///
    /// # Errors
    /// A policy has not been fetched, or is not signed as it must be.
    pub fn local(&self, sources: &PolicySources) -> Result<PolicySources, StoreError> {
        let mut local = sources.clone();
        if !sources.files.iter().any(|file| file.is_elsewhere()) {
            return Ok(local);
        }
        let keys = CosignKeys::take(&mut local.signers, &mut local.withdrawn)?;
        for file in &mut local.files {
            if !file.is_elsewhere() {
                continue;
            }
            let remote = Self::remote(&file.path)?;
            let kept = self.current(&remote).ok_or_else(|| StoreError::NotFetched(remote.to_string()))?;
            file.path = self.path(&remote);
            if keys.trusted.is_empty() && keys.withdrawn.is_empty() {
                continue;
            }
            match kept.check(&keys) {
                Ok(()) if file.least_version.is_some() => return Err(StoreError::NoVersion(remote.to_string())),
                Ok(()) => {
                    file.sha256 = file.sha256.or(Some(kept.component));
                    file.is_checked = true;
                }
                // It may have the other signature.
                Err(Refusal::Unsigned) if !local.signers.is_empty() || sources.signers.is_empty() => {}
                Err(refusal) => {
                    return Err(StoreError::Refused { remote: remote.to_string(), digest: kept.digest, refusal });
                }
            }
        }
        // Of files, keys of cosign's cannot tell anything: whoever reads them says so.
        if local.signers.is_empty() && !local.files.iter().all(|file| file.is_checked) {
            local.signers.clone_from(&sources.signers);
        }
        Ok(local)
    }

    /// Fetches a policy if it was not fetched, or may be another one meanwhile.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn fetch(&self, remote: &Remote) -> Result<Kept, StoreError> {
        if let (Remote::Oci(reference), Some(known)) = (remote, self.current(remote))
            && matches!(&reference.version, Version::Digest(digest) if *digest == known.digest.to_string())
            && known.has_signature()
        {
            return Ok(known);
        }
        self.update(remote).await
    }
}

impl Kept {
    fn read(folder: PathBuf) -> Option<Self> {
        let artefact: Artefact =
            serde_json::from_slice(&solgate_files::read(&folder.join(ARTEFACT), LARGEST).ok()?).ok()?;
        let (digest, component) = (artefact.digest.parse().ok()?, artefact.component.parse().ok()?);
        let kept = Self { digest, component, etag: artefact.etag, folder };
        kept.folder.join(POLICY).is_file().then_some(kept)
    }

    /// Whether any signature was found with it.
    #[must_use]
    pub fn has_signature(&self) -> bool {
        self.folder.join(SIGNATURE).is_file() || self.folder.join(COSIGN).is_file()
    }

    /// Whether one of the keys has signed it with cosign. The manifest must be the one of the
    /// digest, and name the component.
    fn check(&self, keys: &CosignKeys) -> Result<(), Refusal> {
        let read = |name: &str| solgate_files::read(&self.folder.join(name), LARGEST).ok();
        let (Some(manifest), Some(cosign)) = (read(MANIFEST), read(COSIGN)) else { return Err(Refusal::Unsigned) };
        let signatures: Signatures = serde_json::from_slice(&cosign).map_err(|_| Refusal::Unsigned)?;
        signatures.check(&manifest, keys)?;
        let named = serde_json::from_slice::<crate::manifest::Manifest>(&manifest).ok();
        let named = named.and_then(|manifest| manifest.component().ok()?.sha256());
        if named == Some(self.component) && FileDigest::of(&manifest) == self.digest {
            Ok(())
        } else {
            Err(Refusal::Wrong("is of another artefact than the one that is kept: fetch it again".to_owned()))
        }
    }
}

/// Writes a file that survives a loss of power once it is there.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Replaces a file that may be there, or removes it.
fn replace(path: &Path, bytes: Option<&[u8]>) -> io::Result<()> {
    let known = solgate_files::read(path, LARGEST).ok();
    let Some(bytes) = bytes else {
        return if known.is_some() { fs::remove_file(path) } else { Ok(()) };
    };
    if known.as_deref() == Some(bytes) {
        return Ok(());
    }
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Replaces a link in one step; one that leads there already stays.
fn link(folder: &Path, name: &str, target: &Path) -> io::Result<()> {
    let path = folder.join(name);
    if fs::read_link(&path).is_ok_and(|known| known == target) {
        return Ok(());
    }
    let new = folder.join(format!(".{name}-{}", std::process::id()));
    let _ = fs::remove_file(&new);
    symlink(target, &new)?;
    fs::rename(&new, &path)
}

/// Removes versions to which no link leads. What cannot be removed takes some room, and
/// nothing else.
fn sweep(folder: &Path) {
    let kept: Vec<PathBuf> = [CURRENT, GOOD].iter().filter_map(|name| fs::read_link(folder.join(name)).ok()).collect();
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = PathBuf::from(entry.file_name());
        if name.to_string_lossy().starts_with(VERSION) && !kept.contains(&name) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
