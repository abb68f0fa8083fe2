//! TCP connections whose other end may vanish silently, and the end of an address that takes
//! them.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use socket2::{SockFilter, SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};

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

/// No connection begins at this address any more: the kernel drops the first segment of
/// each, and the client sends it again a second later. Those that have begun still become
/// whole, and can be accepted: if the listener is closed after them, none is reset. Not for
/// a socket that another process listens on as well, which would be deaf, too.
pub fn take_no_more(listener: &TcpListener) {
    /// Where TCP has its flags, and which two say that a segment begins a connection.
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const SYN_OR_ACK: u32 = 0x12;
    let begins_none = [
        SockFilter::new(0x30, 0, 0, FLAGS),      // load a byte
        SockFilter::new(0x54, 0, 0, SYN_OR_ACK), // and
        SockFilter::new(0x15, 1, 0, SYN),        // if equal, skip one
        SockFilter::new(0x06, 0, 0, u32::MAX),   // keep all of the segment
        SockFilter::new(0x06, 0, 0, 0),          // drop it
    ];
    // Without a filter an unlucky client is reset, as with most servers.
    let _ = SockRef::from(listener).attach_filter(&begins_none);
}
