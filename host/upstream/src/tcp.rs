//! TCP connections whose other end may vanish silently.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// After so long without a byte the kernel asks whether the other end is still there,
const QUIET: Duration = Duration::from_secs(60);
/// asks again after so long,
const AGAIN: Duration = Duration::from_secs(15);
/// and gives the connection up after so many questions: within two minutes.
const QUESTIONS: u32 = 4;

/// Opens connections, each within `limit`.
pub fn connector(limit: Duration) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(limit));
    tcp.set_keepalive(Some(QUIET));
    tcp.set_keepalive_interval(Some(AGAIN));
    tcp.set_keepalive_retries(Some(QUESTIONS));
    tcp
}

/// Sets a connection up that a client has opened.
pub fn accepted(stream: &TcpStream) {
    // Without either the connection is as good; only slower, or longer there.
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(QUIET).with_interval(AGAIN).with_retries(QUESTIONS);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}
