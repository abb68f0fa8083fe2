//! How connections to a server are opened: TCP or TLS.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{
    ConfigBuilderExt, FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream,
};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::tcp;

/// A connection, encrypted or not.
pub type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Certificates to trust, or to show, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    #[error("cannot use the system's certificates: {0}")]
    System(std::io::Error),
    /// The gate's own, or its key.
    #[error("cannot show the certificate: {0}")]
    Shown(rustls::Error),
    /// TLS knows a server by a name or an address.
    #[error("{0:?} is not a name that a certificate can have")]
    Name(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}

/// What the gate shows to servers that ask who it is: its certificate, with those that
/// lead to one that they trust, and its key.
pub type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What the gate believes and shows in TLS. It can be replaced while it is in use; new
/// connections get the new one.
#[derive(Debug)]
pub struct Tls {
    current: RwLock<Arc<ClientConfig>>,
}

impl Tls {
    #[must_use]
    pub fn new(config: ClientConfig) -> Arc<Self> {
        Arc::new(Self { current: RwLock::new(Arc::new(config)) })
    }

    /// For the connections that follow. Sessions begun before are not resumed.
    pub fn replace(&self, config: ClientConfig) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    fn current(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Opens connections to a server that has one name, wherever it is.
#[derive(Clone)]
pub struct Connector {
    tcp: HttpConnector,
    /// `None` for http.
    tls: Option<(Arc<Tls>, Arc<FixedServerNameResolver>)>,
}

impl Connector {
    /// For the server of this URL; `tls` counts for https only. `limit` is for each attempt
    /// to open a TCP connection.
    ///
    /// # Errors
    /// No certificate can have the host of the URL.
    pub fn new(url: &Uri, tls: &Arc<Tls>, limit: Duration) -> Result<Self, CertificatesError> {
        let tls = if is_https(url) { Some((Arc::clone(tls), Arc::new(server_name(url)?))) } else { None };
        Ok(Self { tcp: tcp::connector(limit), tls })
    }

    /// A connection to an address, scheme and authority, at which the server is.
    pub(crate) async fn connect(&self, address: Uri) -> Result<Stream, BoxError> {
        let mut tcp = self.tcp.clone();
        let Some((tls, name)) = &self.tls else {
            std::future::poll_fn(|context| tcp.poll_ready(context)).await?;
            return Ok(MaybeHttpsStream::Http(tcp.call(address).await?));
        };
        let mut tls = HttpsConnector::new(tcp, tls.current(), true, name.clone());
        std::future::poll_fn(|context| tls.poll_ready(context)).await?;
        tls.call(address).await
    }
}

/// The name that the server's certificate must have.
fn server_name(url: &Uri) -> Result<FixedServerNameResolver, CertificatesError> {
    let host = url.host().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(bare.to_owned()).map_err(|_| CertificatesError::Name(bare.to_owned()))?;
    Ok(FixedServerNameResolver::new(name))
}

/// Whether connections to this URL are encrypted.
#[must_use]
pub fn is_https(url: &Uri) -> bool {
    url.scheme() == Some(&Scheme::HTTPS)
}

/// Whose certificates are believed.
#[derive(Debug)]
pub enum Trusted {
    /// Where no certificate is asked for.
    Nobody,
    /// Those of the authorities that the system trusts.
    System,
    Roots(RootCertStore),
}

/// A connector of hyper's, for http and for https.
///
/// # Errors
/// The system's certificates cannot be loaded.
pub fn connector(trusted: Trusted, limit: Duration) -> Result<HttpsConnector<HttpConnector>, CertificatesError> {
    let tls = HttpsConnectorBuilder::new().with_tls_config(config(trusted, None)?);
    Ok(tls.https_or_http().enable_http1().wrap_connector(tcp::connector(limit)))
}

/// TLS for servers of which `trusted` says whom to believe, and that get to see the
/// `identity` if they ask.
///
/// # Errors
/// The system's certificates cannot be loaded, or the identity is of no use.
pub fn config(trusted: Trusted, identity: Option<Identity>) -> Result<ClientConfig, CertificatesError> {
    let builder = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(CertificatesError::Tls)?;
    let builder = match trusted {
        Trusted::Nobody => builder.with_root_certificates(RootCertStore::empty()),
        Trusted::System => builder.with_native_roots().map_err(CertificatesError::System)?,
        Trusted::Roots(roots) => builder.with_root_certificates(roots),
    };
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(CertificatesError::Shown),
    }
}
