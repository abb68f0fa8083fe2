//! A VNFM that answers by script, on loopback.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// One request as the VNFM received it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
}

type Script = dyn Fn(&Seen) -> Response<Bytes> + Send + Sync;

#[derive(Clone)]
pub struct Upstream {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    arrived: Arc<Semaphore>,
    leave: Arc<Semaphore>,
}

impl Upstream {
    /// Answers every request at once.
    pub async fn start(script: impl Fn(&Seen) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        let upstream = Self::start_held(script).await;
        upstream.release(1 << 20);
        upstream
    }

    /// Answers a request only when it is [released](Self::release).
    pub async fn start_held(script: impl Fn(&Seen) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let upstream = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            connections: Arc::default(),
            arrived: Arc::new(Semaphore::new(0)),
            leave: Arc::new(Semaphore::new(0)),
        };
        tokio::spawn(upstream.clone().serve(listener, Arc::new(script)));
        upstream
    }

    async fn serve(self, listener: TcpListener, script: Arc<Script>) {
        while let Ok((stream, _)) = listener.accept().await {
            self.connections.fetch_add(1, Ordering::SeqCst);
            let (upstream, script) = (self.clone(), Arc::clone(&script));
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let (upstream, script) = (upstream.clone(), Arc::clone(&script));
                async move {
                    let seen = Seen {
                        method: request.method().to_string(),
                        target: request.uri().to_string(),
                        headers: request.headers().clone(),
                    };
                    upstream.seen.lock().unwrap().push(seen.clone());
                    upstream.arrived.add_permits(1);
                    upstream.leave.acquire().await.unwrap().forget();
                    Ok::<_, Infallible>(script(&seen).map(Full::new))
                }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(async move { connection.serve_connection(TokioIo::new(stream), service).await });
        }
    }

    /// Lets so many requests be answered, now or later.
    pub fn release(&self, requests: usize) {
        self.leave.add_permits(requests);
    }

    /// Waits for the next request.
    pub async fn arrival(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn targets(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.target).collect()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// An answer with a JSON body.
pub fn answer(status: u16, fields: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}
