//! The operator's own address: health, readiness, metrics, what runs here, the configuration
//! and the log level. Never on the port that clients use, where such a path is a request like any
//! other.
//!
//! Whoever reaches it may read: nothing that it shows is a secret. It changes nothing but
//! the [log level](log_level), and that for this machine only.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use solgate_config::{Config, shown};

use crate::admin_connections::AdminConnections;
use crate::connections;
use crate::current::Current;
use crate::listen::listener::Listener;
use crate::log_level;
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::scrape::Format;

/// What the admin address has, in words.
pub const PATHS: &str = "/healthz, /readyz, /metrics, /status, /config and /log-level";

const LOG_LEVEL: &str = "/log-level";

/// Says what runs in a door, by its configuration and its metrics.
pub type StatusText = Box<dyn Fn(&Config, &Metrics) -> String + Send + Sync>;

/// What the admin address reports.
pub struct Admin {
    pub metrics: Arc<Metrics>,
    /// Whether there are keys for tokens, if tokens are checked now: without them nothing can
    /// be judged.
    pub has_keys: Box<dyn Fn() -> bool + Send + Sync>,
    /// What holds now.
    pub in_force: Arc<Current<Config>>,
    /// What runs here, as JSON.
    pub status: StatusText,
    /// The door is about to close.
    pub stopping: Arc<AtomicBool>,
}

impl Admin {
    /// Serves until the task is dropped, at most `limit` connections at a time.
    pub async fn serve(self: Arc<Self>, listener: Listener, limit: usize) {
        let mut open = AdminConnections::new(limit, self.metrics.shares.admin_connections.clone());
        loop {
            let Ok((stream, asker)) = listener.accept().await else {
                tokio::time::sleep(connections::ACCEPT_PAUSE).await;
                continue;
            };
            let admin = self.clone();
            open.run(async move {
                let service = service_fn(|request| admin.answer(request, asker).map(Ok::<_, Infallible>));
                let mut server = hyper::server::conn::http1::Builder::new();
                let _ = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>, asker: Peer) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        if path == LOG_LEVEL && *request.method() == Method::PUT {
            let (status, body) = log_level::change(request, asker).await;
            return text(status, body);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let allowed = if path == LOG_LEVEL { "GET, HEAD, PUT" } else { "GET, HEAD" };
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {allowed}\n"));
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            return response;
        }
        match path {
            "/healthz" => text(StatusCode::OK, "ok\n".to_owned()),
            "/readyz" => self.ready(),
            "/metrics" => {
                let format = Format::accepted(request.headers());
                typed(text(StatusCode::OK, self.metrics.text(format)), format.media_type())
            }
            "/status" => {
                let status = (self.status)(&self.in_force.get(), &self.metrics);
                typed(text(StatusCode::OK, status), HeaderValue::from_static("application/json"))
            }
            "/config" => {
                let config = format!("{:#}\n", shown(&self.in_force.get()));
                typed(text(StatusCode::OK, config), HeaderValue::from_static("application/json"))
            }
            LOG_LEVEL => {
                let (status, body) = log_level::shown();
                text(status, body)
            }
            _ => text(StatusCode::NOT_FOUND, format!("here are {PATHS}\n")),
        }
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        if self.stopping.load(Ordering::Relaxed) {
            return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
        }
        if !(self.has_keys)() {
            return text(StatusCode::SERVICE_UNAVAILABLE, "no keys for tokens yet\n".to_owned());
        }
        // A door opens with a policy for each gate, and a gate never loses the one it
        // has: a candidate that is refused changes nothing.
        text(StatusCode::OK, "ready\n".to_owned())
    }
}

fn typed(mut response: Response<Full<Bytes>>, media_type: HeaderValue) -> Response<Full<Bytes>> {
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
