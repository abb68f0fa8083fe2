//! A client that speaks TLS.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tower_service::Service;

use crate::certificates::{Authority, Issued};
use crate::vnfm::{Answer, PATIENCE, exchange};

/// A client, with or without a certificate.
#[derive(Clone)]
pub struct Client(Arc<ClientConfig>);

impl Client {
    /// Believes the servers of an authority, and has a certificate to show.
    ///
    /// # Panics
    /// If the certificate and its key are of no use.
    #[must_use]
    pub fn new(servers: &Authority, certificate: Option<&Issued>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(servers.der().clone()).expect("it is an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(roots);
        let config = match certificate {
            Some(issued) => {
                builder.with_client_auth_cert(vec![issued.der().clone()], issued.key_der()).expect("they fit")
            }
            None => builder.with_no_client_auth(),
        };
        Self(Arc::new(config))
    }

    /// The same with other protocols in TLS.
    #[must_use]
    pub fn offering(&self, protocols: &[&str]) -> Self {
        let mut config = ClientConfig::clone(&self.0);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self(Arc::new(config))
    }

    /// A connection, whose handshake takes place with the first byte.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn connect(&self, address: SocketAddr) -> StreamOwned<ClientConnection, TcpStream> {
        self.connect_to("localhost", address)
    }

    /// The same to a server of another name.
    ///
    /// # Panics
    /// As [`connect`](Self::connect).
    #[must_use]
    pub fn connect_to(&self, name: &str, address: SocketAddr) -> StreamOwned<ClientConnection, TcpStream> {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
        let name = name.to_owned().try_into().expect("it is a name");
        StreamOwned::new(ClientConnection::new(self.0.clone(), name).expect("it is set up"), stream)
    }

    /// A connection for gRPC.
    ///
    /// # Errors
    /// There is no handshake.
    pub async fn channel(&self, address: SocketAddr) -> Result<Channel, tonic::transport::Error> {
        let connector = Connector(TlsConnector::from(self.offering(&["h2"]).0), address);
        Endpoint::from_static("http://localhost").connect_with_connector(connector).await
    }

    /// Sends one request on a connection of its own; `None` if no answer comes.
    #[must_use]
    pub fn send(&self, address: SocketAddr, request: &[u8]) -> Option<Answer> {
        exchange(self.connect(address), request).ok()
    }

    /// The certificate that a server shows; `None` if there is no handshake.
    #[must_use]
    pub fn certificate_of(&self, address: SocketAddr) -> Option<CertificateDer<'static>> {
        let mut stream = self.connect(address);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).ok()?;
        }
        stream.conn.peer_certificates()?.first().cloned()
    }
}

/// Connects to an address, whatever is asked for.
struct Connector(TlsConnector, SocketAddr);

impl Service<Uri> for Connector {
    type Response = TokioIo<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (connector, address) = (self.0.clone(), self.1);
        Box::pin(async move {
            let stream = tokio::net::TcpStream::connect(address).await?;
            let name = "localhost".try_into().map_err(io::Error::other)?;
            Ok(TokioIo::new(connector.connect(name, stream).await?))
        })
    }
}
