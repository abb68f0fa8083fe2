//! Reads certificates and keys, and makes of them what rustls needs.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use solgate_config::Presence;
use solgate_config::tls::{ClientCertificates, NamedCertificate, TlsConfig};
use solgate_files::{CERTIFICATES, ReadError, RegularFile};
use zeroize::Zeroizing;

use super::Protocol;
use super::resolver::Resolver;

/// Why files cannot be used for TLS. Nothing of a key is repeated.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct TlsFault {
    pub path: PathBuf,
    pub fault: FileFault,
}

/// What is wrong with one file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    #[error("it cannot be read: {0}")]
    Read(ReadError),
    #[error("it holds no certificate; expected PEM (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    #[error("a certificate in it is damaged")]
    BadCertificate,
    #[error("it holds no private key; expected PEM without a password (-----BEGIN PRIVATE KEY-----)")]
    NoKey,
    #[error("the key does not belong to the first certificate in {}; give a certificate and a key that belong together", .0.display())]
    OtherKey(PathBuf),
    #[error("its key is damaged, or of a kind that TLS does not use here; expected RSA, P-256, P-384 or Ed25519")]
    BadKey,
    #[error("an authority in it cannot be used: {0}")]
    BadAuthority(String),
    #[error(
        "everybody on this machine can write to this private key (its mode is {mode:o}): make a new key, and give its file the mode 600"
    )]
    Exposed { mode: u32 },
    #[error("the certificate has ended, at {}: nobody takes it any more", time(*.at))]
    Ended { at: SystemTime },
    #[error("the certificate begins later, at {}: nobody takes it before", time(*.at))]
    NotBegun { at: SystemTime },
    #[error("the certificate is not for the name {0}; a client that asks for that name would not take it")]
    OtherName(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}

/// What was read, ready to be used.
pub struct Material {
    pub config: Arc<ServerConfig>,
    /// Of all files: whether they hold something else than before.
    pub digest: [u8; 32],
    /// When the gate's own certificates hold, the one first that clients get who ask for no
    /// name.
    pub validities: Vec<NamedValidity>,
}

/// When a certificate holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedValidity {
    /// The first name for which it is; empty for all others.
    pub name: String,
    /// The file of the certificate.
    pub path: PathBuf,
    pub validity: Validity,
}

/// From when to when a certificate holds, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    pub not_before: i64,
    pub not_after: i64,
}

impl Validity {
    /// # Errors
    /// It has ended, or has not begun.
    pub fn check(self, now: SystemTime) -> Result<(), FileFault> {
        let at = |seconds: i64| {
            let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
            SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(now)
        };
        let (begin, end) = (at(self.not_before), at(self.not_after));
        if end < now {
            return Err(FileFault::Ended { at: end });
        }
        if begin > now {
            return Err(FileFault::NotBegun { at: begin });
        }
        Ok(())
    }
}

/// To the second, in UTC.
fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

impl Material {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn read(config: &TlsConfig, protocol: Protocol) -> Result<Self, TlsFault> {
        let mut reader = Reader::default();
        let mut validities = Vec::new();
        let mut pair = |certificate: &Path, key: &Path, name: &str| {
            let own = reader.own(certificate, key)?;
            validities.push(NamedValidity {
                name: name.to_owned(),
                path: certificate.to_owned(),
                validity: own.validity,
            });
            certified(certificate, key, own)
        };
        let mut resolver = Resolver::new(pair(&config.certificate, &config.key, "")?);
        for NamedCertificate { names, certificate, key } in &config.named {
            let certified = pair(certificate, key, names.first().map_or("", String::as_str))?;
            resolver.add(names, &certified).map_err(|name| fault(certificate, FileFault::OtherName(name)))?;
        }
        let authorities = match &config.clients {
            Some(clients) => Some((clients, reader.authorities(&clients.ca)?)),
            None => None,
        };
        let mut config = server(config, resolver, authorities)?;
        config.alpn_protocols = protocol.ids();
        Ok(Self { config: Arc::new(config), digest: reader.digest(), validities })
    }

    /// The same, if clients take the gate's certificates `now`.
    ///
    /// # Errors
    /// As [`read`](Self::read), and if a certificate has ended or not begun.
    pub fn read_valid(config: &TlsConfig, protocol: Protocol, now: SystemTime) -> Result<Self, TlsFault> {
        let material = Self::read(config, protocol)?;
        for NamedValidity { path, validity, .. } in &material.validities {
            validity.check(now).map_err(|found| fault(path, found))?;
        }
        Ok(material)
    }
}

/// A certificate of the gate's own with its key.
pub struct Own {
    /// The certificate, then those that lead to one that others trust.
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    pub validity: Validity,
}

/// Reads files that belong together, and tells whether they hold something else than before.
#[derive(Default)]
pub struct Reader(Sha256);

impl Reader {
    /// A certificate and its key.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn own(&mut self, certificate: &Path, key: &Path) -> Result<Own, TlsFault> {
        let chain = certificates(certificate, &self.read(certificate, false)?)?;
        let validity = validity(&chain).ok_or_else(|| fault(certificate, FileFault::BadCertificate))?;
        let key = PrivateKeyDer::from_pem_slice(&self.read(key, true)?).map_err(|_| fault(key, FileFault::NoKey))?;
        Ok(Own { chain, key, validity })
    }

    /// Certificates of authorities.
    ///
    /// # Errors
    /// The file cannot be read, or one of them not be used.
    pub fn authorities(&mut self, path: &Path) -> Result<RootCertStore, TlsFault> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(path, &self.read(path, false)?)? {
            roots.add(certificate).map_err(|error| fault(path, FileFault::BadAuthority(error.to_string())))?;
        }
        Ok(roots)
    }

    /// Of everything that was read.
    pub fn digest(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    fn read(&mut self, path: &Path, is_key: bool) -> Result<Zeroizing<Vec<u8>>, TlsFault> {
        let unread = |error| fault(path, FileFault::Read(error));
        let file = RegularFile::open(path).map_err(unread)?;
        if is_key {
            private(path, file.metadata.mode() & 0o7777)?;
        }
        let bytes = Zeroizing::new(file.read(CERTIFICATES).map_err(unread)?);
        self.0.update(u64::try_from(bytes.len()).unwrap_or_default().to_le_bytes());
        self.0.update(&bytes);
        Ok(bytes)
    }
}

/// What rustls says of a certificate and a key, about the file at fault.
pub fn unusable(error: &rustls::Error, certificate: &Path, key: &Path) -> TlsFault {
    match error {
        rustls::Error::InconsistentKeys(_) => fault(key, FileFault::OtherKey(certificate.to_owned())),
        rustls::Error::InvalidCertificate(_) => fault(certificate, FileFault::BadCertificate),
        // Its words may be about the key itself.
        _ => fault(key, FileFault::BadKey),
    }
}

/// # Errors
/// Anybody may have put the key there. That others can read it is said only: in a
/// container they may, and nobody is there.
fn private(path: &Path, mode: u32) -> Result<(), TlsFault> {
    if mode & 0o002 != 0 {
        return Err(fault(path, FileFault::Exposed { mode }));
    }
    if mode & 0o004 != 0 {
        let mode = format!("{mode:o}");
        tracing::warn!(file = %path.display(), mode, "everybody on this machine can read the private key; give its file the mode 600");
    }
    Ok(())
}

pub fn fault(path: &Path, fault: FileFault) -> TlsFault {
    TlsFault { path: path.to_owned(), fault }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(fault(path, FileFault::NoCertificate)),
        Ok(found) => Ok(found),
        Err(_) => Err(fault(path, FileFault::BadCertificate)),
    }
}

fn validity(chain: &[CertificateDer<'_>]) -> Option<Validity> {
    let (_, certificate) = x509_parser::parse_x509_certificate(chain.first()?).ok()?;
    let validity = certificate.validity();
    Some(Validity { not_before: validity.not_before.timestamp(), not_after: validity.not_after.timestamp() })
}

/// A certificate with its key, which belong together.
fn certified(certificate: &Path, key: &Path, own: Own) -> Result<Arc<CertifiedKey>, TlsFault> {
    let certified = CertifiedKey::from_der(own.chain, own.key, &ring::default_provider());
    certified.map(Arc::new).map_err(|error| unusable(&error, certificate, key))
}

fn server(
    files: &TlsConfig,
    resolver: Resolver,
    authorities: Option<(&ClientCertificates, RootCertStore)>,
) -> Result<ServerConfig, TlsFault> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&files.certificate, FileFault::Tls(error)))?;
    let asks_clients = authorities.is_some();
    let builder = match authorities {
        None => builder.with_no_client_auth(),
        Some((clients, roots)) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match clients.presence {
                Presence::Required => verifier,
                Presence::Optional => verifier.allow_unauthenticated(),
            };
            let unusable = |error: VerifierBuilderError| fault(&clients.ca, FileFault::BadAuthority(error.to_string()));
            builder.with_client_cert_verifier(verifier.build().map_err(unusable)?)
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    if asks_clients {
        // Whoever resumes a session shows no certificate again, even if its own has
        // expired since.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}
