//! Reading the body of a request.

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

/// Why a body could not be read.
#[derive(Debug)]
pub enum Unread<E> {
    /// It breaks off, or its framing is malformed.
    Broken(E),
    /// There is no memory for it.
    NoRoom,
}

/// Reads a body up to `limit` bytes; false with it says that there is more. `grow` is
/// asked for room for each piece of it.
///
/// # Errors
/// The body breaks off, or there is no room.
pub async fn collect<B: Body>(
    body: B,
    limit: usize,
    mut grow: impl FnMut(usize) -> bool,
) -> Result<(Bytes, bool), Unread<B::Error>> {
    let mut body = std::pin::pin!(body);
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(Unread::Broken)?.into_data() else {
            continue;
        };
        let data = data.copy_to_bytes(data.remaining());
        let length = first.len().max(more.len());
        let room = limit.saturating_sub(length);
        let (data, over) = if data.len() > room { (data.slice(..room), true) } else { (data, false) };
        if !grow(data.len()) {
            return Err(Unread::NoRoom);
        }
        // Most bodies come in one piece, which then need not be copied.
        if length == 0 {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&first);
            }
            more.extend_from_slice(&data);
        }
        if over {
            return Ok((if more.is_empty() { first } else { more.freeze() }, false));
        }
    }
    Ok((if more.is_empty() { first } else { more.freeze() }, true))
}
