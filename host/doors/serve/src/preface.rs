//! Which version of HTTP a connection without TLS begins with.

use bytes::BytesMut;
use solgate_config::Limits;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How a client begins that knows already that it may speak HTTP/2 (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes that are read at once.
const READ_SIZE: usize = 4096;

/// A connection of which the first bytes have been read.
pub struct Begun {
    /// What was read, nothing of which was looked at but the beginning.
    pub received: BytesMut,
    pub is_http2: bool,
}

/// Reads until it is certain what the client speaks. `None` if it says nothing for too long.
pub async fn begin<S: AsyncRead + Unpin>(stream: &mut S, limits: &Limits) -> Option<Begun> {
    let mut received = BytesMut::with_capacity(READ_SIZE);
    loop {
        let patience = if received.is_empty() { limits.idle } else { limits.head_timeout };
        let read = tokio::time::timeout(patience, stream.read_buf(&mut received)).await.ok()?.ok()?;
        let same = received.iter().zip(PREFACE).all(|(have, expected)| have == expected);
        let whole = received.len() >= PREFACE.len();
        if read == 0 || whole || !same {
            return Some(Begun { received, is_http2: same && whole });
        }
    }
}
