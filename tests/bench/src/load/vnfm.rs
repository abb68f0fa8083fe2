//! The VNFM of the load run: in memory, in a process and on a thread of its own.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Context;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use http::{HeaderName, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const VERSION: HeaderName = HeaderName::from_static("version");
const SUBSCRIPTION: &str = r#"{"id":"c1111111-0000-4000-8000-000000000001","callbackUri":"http://nfvo.example:9000/callback","verbosity":"FULL","_links":{"self":{"href":"http://vnfm.example/vnflcm/v2/subscriptions/c1111111-0000-4000-8000-000000000001"}}}"#;

/// Answers on `address` until the process ends.
///
/// # Errors
/// It cannot listen.
pub fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| async move {
                    let (head, body) = request.into_parts();
                    // Unread, it would end the connection.
                    let _ = body.collect().await;
                    Ok::<_, Infallible>(answer(&head.method, head.uri.path()))
                });
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

/// An instance by its id.
fn instance(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","vnfInstanceName":"edge-1","vnfdId":"b1bb0ce7-ebca-4fa7-95ed-4840d70a1177","vnfProvider":"Example","vnfProductName":"Router","vnfSoftwareVersion":"1.0","vnfdVersion":"1.0","instantiationState":"INSTANTIATED","_links":{{"self":{{"href":"http://vnfm.example/vnflcm/v2/vnf_instances/{id}"}}}}}}"#
    )
}

fn answer(method: &Method, path: &str) -> Response<Full<Bytes>> {
    let (status, location, content) = match *method {
        Method::GET if path.ends_with("/vnf_lcm_op_occs") => (StatusCode::OK, None, Bytes::from_static(b"[]")),
        Method::GET => {
            let id = path.rsplit_once('/').map_or(path, |(_, id)| id);
            (StatusCode::OK, None, Bytes::from(instance(id)))
        }
        _ if path.ends_with("/subscriptions") => (
            StatusCode::CREATED,
            Some("http://vnfm.example/vnflcm/v2/subscriptions/c1111111-0000-4000-8000-000000000001"),
            Bytes::from_static(SUBSCRIPTION.as_bytes()),
        ),
        _ => (
            StatusCode::ACCEPTED,
            Some("http://vnfm.example/vnflcm/v2/vnf_lcm_op_occs/b1111111-0000-4000-8000-000000000001"),
            Bytes::new(),
        ),
    };
    let empty = content.is_empty();
    let mut response = Response::new(Full::new(content));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(VERSION, HeaderValue::from_static("2.0.0"));
    if !empty {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if *method == Method::GET {
        headers.insert(ETAG, HeaderValue::from_static("\"1\""));
    }
    if let Some(location) = location {
        headers.insert(LOCATION, HeaderValue::from_static(location));
    }
    response
}
