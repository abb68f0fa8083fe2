//! The operator's own address: health, readiness and metrics. Never on the port
//! that clients use, where such a path is a request like any other.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use solgate_access::tokens::Tokens;
use solgate_upstream::tcp;
use tokio::net::TcpListener;

use crate::admin_connections::AdminConnections;
use crate::connections;
use crate::metrics::Metrics;

/// What the admin address reports.
pub struct Admin {
    pub metrics: Arc<Metrics>,
    /// Without their keys nothing can be judged.
    pub tokens: Option<Arc<Tokens>>,
    pub stopping: AtomicBool,
}

impl Admin {
    /// Serves until the task is dropped, at most `limit` connections at a time.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, limit: usize) {
        let mut open = AdminConnections::new(limit, self.metrics.shares.admin_connections.clone());
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(connections::ACCEPT_PAUSE).await;
                continue;
            };
            tcp::accepted(&stream);
            let admin = self.clone();
            open.run(async move {
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let response = admin.answer(request.method(), request.uri().path());
                    async move { Ok::<_, Infallible>(response) }
                });
                let mut server = hyper::server::conn::http1::Builder::new();
                let _ = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".to_owned());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/healthz" => text(StatusCode::OK, "ok\n".to_owned()),
            "/readyz" => self.ready(),
            "/metrics" => {
                let mut response = text(StatusCode::OK, self.metrics.text());
                let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
                response
            }
            _ => text(StatusCode::NOT_FOUND, "here are /healthz, /readyz and /metrics\n".to_owned()),
        }
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        if self.stopping.load(Ordering::Relaxed) {
            return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
        }
        if self.tokens.as_ref().is_some_and(|tokens| !tokens.ready()) {
            return text(StatusCode::SERVICE_UNAVAILABLE, "no keys for tokens yet\n".to_owned());
        }
        // A door opens with a policy for each gate, and a gate never loses the one it
        // has: a candidate that is refused changes nothing.
        text(StatusCode::OK, "ready\n".to_owned())
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
