//! The same request over HTTP/2.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use super::asked::Asked;
use super::http::{Fate, MARK, fate, script};
use super::library::Given;
use crate::vnfm::{Answer, Vnfm};

/// Fields that HTTP/2 does not have, or that its clients set themselves.
const NOT_HERE: [&str; 8] =
    ["connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// A client that knows that it may speak HTTP/2.
pub struct Client(Runtime);

impl Default for Client {
    fn default() -> Self {
        Self(Builder::new_current_thread().enable_all().build().expect("a runtime"))
    }
}

impl Client {
    /// Sends a request; `facts` are what the VNFM says meanwhile. `None` if it cannot be said
    /// in HTTP/2.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn ask(&self, address: SocketAddr, host: &str, vnfm: &Vnfm, asked: &Asked, facts: &[Given]) -> Option<Fate> {
        let request = request(asked, host)?;
        script(vnfm, facts);
        let answer = self.0.block_on(exchange(address, request));
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", asked.label));
        Some(fate(vnfm, asked, &answer))
    }
}

async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes().to_vec();
    connection.abort();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let fields = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Ok(Answer { status: head.status.as_u16(), fields, body })
}

fn request(asked: &Asked, host: &str) -> Option<Request<Full<Bytes>>> {
    let case = &asked.case;
    if case.fields.iter().any(|(name, _)| NOT_HERE.contains(&name.as_str())) {
        return None;
    }
    let mut hosts = case.fields.iter().filter(|(name, _)| name == "host").map(|(_, value)| value.as_str());
    let (host, others) = (hosts.next().unwrap_or(host), hosts.count());
    let uri: Uri = format!("http://{host}{}", case.target).parse().ok()?;
    let same = uri.path_and_query().is_some_and(|path| path.as_str() == case.target)
        && uri.authority().is_some_and(|authority| authority.as_str() == host);
    if others > 0 || !same {
        return None;
    }
    let mut request = Request::new(Full::new(Bytes::copy_from_slice(&case.body)));
    *request.method_mut() =
        Method::from_bytes(case.method.as_bytes()).ok().filter(|method| method != Method::CONNECT)?;
    *request.uri_mut() = uri;
    request.headers_mut().insert(MARK, HeaderValue::from_static("1"));
    for (name, value) in case.fields.iter().filter(|(name, _)| name != "host") {
        // In HTTP/1.1 space around a value is not part of it.
        let value = HeaderValue::from_str(value.trim_matches([' ', '\t'])).ok()?;
        request.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(request)
}
