//! A VNFM and an NFVO in memory, to try the gate on: `solgate serve --demo`.
//!
//! They play the producer side of ETSI GS NFV-SOL 003 and 005 for one process: instances
//! and operation occurrences in every state, subscriptions, and tasks that take a few
//! seconds. Like many VNFMs they check little themselves, because that is the gate's work.

mod api;
mod filter;
pub mod ids;
mod store;
mod terms;
mod tour;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use store::Store;
pub use tour::tour;

/// How long a new operation stays in STARTING, and then in PROCESSING.
const STEP: Duration = Duration::from_secs(5);

/// The VNFM, and the NFVO beside it, listening on a free port of the loopback interface until dropped.
pub struct Vnfm {
    address: SocketAddr,
    url: Uri,
    task: JoinHandle<()>,
}

impl Vnfm {
    /// # Errors
    /// No port is free.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}").parse().map_err(std::io::Error::other)?;
        let stores = Arc::new(Mutex::new([Store::new(&terms::VNF, STEP), Store::new(&terms::NS, STEP)]));
        Ok(Self { address, url, task: tokio::spawn(serve(listener, stores)) })
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Scheme and authority, for an upstream.
    #[must_use]
    pub fn url(&self) -> &Uri {
        &self.url
    }
}

impl Drop for Vnfm {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What each API has, behind one lock: tasks are short.
type Stores = Arc<Mutex<[Store; 2]>>;

async fn serve(listener: TcpListener, stores: Stores) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let stores = stores.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, stores.clone()));
            let mut server = hyper::server::conn::http1::Builder::new();
            let _ = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, stores: Stores) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut stores = stores.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(api::answer(stores.as_mut_slice(), &parts, &body))
}
