//! Listens on this machine only, and answers the page.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::{self, Answer};
use crate::api::Api;
use crate::assets;
use crate::fault::Fault;
use crate::guard::Guard;
use crate::opened::Opened;
use crate::program::Program;
use crate::session::Session;

/// Connections at a time; a browser opens six.
const CONNECTIONS: usize = 32;
/// A request has so long to arrive.
const ARRIVAL: Duration = Duration::from_secs(60);
/// After an accept that failed.
const PAUSE: Duration = Duration::from_millis(50);

/// Why the workbench does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on 127.0.0.1:{port}: {error}; choose another port with --port, or leave it out")]
    Listen { port: u16, error: io::Error },
    #[error("the machine gives no random bytes for the token: {0}")]
    Random(#[from] getrandom::Error),
}

/// A workbench that can be opened.
pub struct Server {
    listener: TcpListener,
    guard: Guard,
    api: Api,
}

impl Server {
    /// Takes a port of 127.0.0.1, any that is free if it is 0. `logs` are decision logs that
    /// the page may have judged again.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn bind(
        port: u16,
        opened: Opened,
        logs: Vec<PathBuf>,
        program: Arc<dyn Program>,
    ) -> Result<Self, StartError> {
        let refused = |error| StartError::Listen { port, error };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
        let port = listener.local_addr().map_err(refused)?.port();
        let guard = Guard::new(Session::new(port)?, port);
        Ok(Self { listener, guard, api: Api::new(opened, logs, program) })
    }

    /// What to open in a browser; it works once.
    #[must_use]
    pub fn url(&self) -> String {
        self.guard.url().unwrap_or_default()
    }

    /// Serves until the future is dropped.
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let bench = Arc::new(Bench { guard: self.guard, api: self.api });
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&bench), place))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

struct Bench {
    guard: Guard,
    api: Api,
}

async fn connection(stream: TcpStream, bench: Arc<Bench>, _place: OwnedSemaphorePermit) {
    let service = service_fn(move |request| {
        let bench = Arc::clone(&bench);
        async move { Ok::<_, Infallible>(bench.answer(request).await) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(ARRIVAL);
    // Who goes away wants no answer.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

impl Bench {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        if let Some(answer) = self.guard.stops(&request) {
            return answer;
        }
        let path = request.uri().path();
        if !path.starts_with("/api/") {
            return match assets::find(path) {
                Some(file) if matches!(*request.method(), Method::GET | Method::HEAD) => file,
                Some(_) => answer::method_not_allowed("GET, HEAD"),
                None => Fault::NoSuchAddress(path.to_owned()).answer(),
            };
        }
        let (head, body) = request.into_parts();
        let limit = self.api.body_limit(head.uri.path());
        let body = match received(body, limit).await {
            Ok(body) => body,
            Err(fault) => return fault.answer(),
        };
        self.api.answer(&head.method, head.uri.path(), body).await.unwrap_or_else(Fault::answer)
    }
}

async fn received(body: Incoming, limit: usize) -> Result<Bytes, Fault> {
    let collected = tokio::time::timeout(ARRIVAL, Limited::new(body, limit).collect()).await;
    match collected {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Fault::TooLarge { limit }),
        Ok(Err(error)) => Err(Fault::Unreadable(format!("the body did not arrive: {error}"))),
        Err(_) => Err(Fault::Unreadable("the body did not arrive within a minute".to_owned())),
    }
}
