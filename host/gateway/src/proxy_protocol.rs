//! The PROXY protocol, versions 1 and 2: with it a server in front of the gate says, at the
//! start of a connection, for whom it has opened that connection.
//!
//! What is read is exactly that header, whatever follows it. ppp and proxy-header, which
//! parse it also, leave that to their callers. Beside it there is little to parse, and they
//! do not tell a connection of the server itself from one of a client without an address.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// How a header of version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Of version 1, with its line end.
const LONGEST_LINE: usize = 107;

/// For whom a connection was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    Client(SocketAddr),
    /// For a client of which no address is said.
    Unknown,
    /// By the server for itself, such as for a health check.
    Own,
}

/// Why a connection does not begin with the protocol.
#[derive(Debug, thiserror::Error)]
pub enum NotAnnounced {
    #[error("it ended before the header of the PROXY protocol did: {0}")]
    Io(#[from] io::Error),
    #[error("it does not begin with a header of the PROXY protocol, version 1 or 2")]
    Form,
    #[error("the header of the PROXY protocol did not come in time")]
    Timeout,
}

/// Reads the header, and nothing beyond it.
///
/// # Errors
/// There is no header.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Announced, NotAnnounced> {
    let mut begin = [0; SIGNATURE.len()];
    stream.read_exact(&mut begin).await?;
    if begin == SIGNATURE { version_2(stream).await } else { version_1(stream, &begin).await }
}

async fn version_1(stream: &mut (impl AsyncRead + Unpin), begin: &[u8]) -> Result<Announced, NotAnnounced> {
    if !begin.starts_with(b"PROXY ") {
        return Err(NotAnnounced::Form);
    }
    let mut line = begin.to_vec();
    // By single bytes: what follows the line is not the header's.
    while line.last() != Some(&b'\n') {
        if line.len() >= LONGEST_LINE {
            return Err(NotAnnounced::Form);
        }
        line.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&line).ok().and_then(|line| line.strip_suffix("\r\n")).ok_or(NotAnnounced::Form)?;
    let words: Vec<&str> = line.split(' ').collect();
    let (family, addresses) = match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => return Ok(Announced::Unknown),
        ["PROXY", family, addresses @ ..] => (*family, addresses),
        _ => return Err(NotAnnounced::Form),
    };
    let [source, destination, source_port, destination_port] = addresses else { return Err(NotAnnounced::Form) };
    let address = |text: &str| text.parse().ok().filter(|address: &IpAddr| address.is_ipv4() == (family == "TCP4"));
    let port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok())?;
    let known = matches!(family, "TCP4" | "TCP6") && address(destination).is_some() && port(destination_port).is_some();
    let client = address(source).zip(port(source_port)).filter(|_| known).ok_or(NotAnnounced::Form)?;
    Ok(Announced::Client(client.into()))
}

async fn version_2(stream: &mut (impl AsyncRead + Unpin)) -> Result<Announced, NotAnnounced> {
    let (command, family) = (stream.read_u8().await?, stream.read_u8().await?);
    let mut rest = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut rest).await?;
    match command {
        0x20 => return Ok(Announced::Own),
        0x21 => {}
        _ => return Err(NotAnnounced::Form),
    }
    // Sources, destinations and their ports, for TCP and UDP; after them what others may
    // want to know.
    let client = match family {
        0x11 | 0x12 => rest.first_chunk::<12>().map(|[a, b, c, d, _, _, _, _, high, low, ..]| {
            SocketAddr::from(([*a, *b, *c, *d], u16::from_be_bytes([*high, *low])))
        }),
        0x21 | 0x22 => rest
            .first_chunk::<16>()
            .zip(rest.get(32..36).and_then(<[u8]>::first_chunk::<2>))
            .map(|(address, port)| SocketAddr::from((*address, u16::from_be_bytes(*port)))),
        // None, or a Unix socket.
        0x00 | 0x31 | 0x32 => return Ok(Announced::Unknown),
        _ => None,
    };
    client.map(Announced::Client).ok_or(NotAnnounced::Form)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Version 2 with this command, family and rest.
    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    #[tokio::test]
    async fn a_header_says_for_whom_and_no_byte_beyond_it_is_taken() {
        let client = |address: &str| Some(Announced::Client(address.parse().unwrap()));
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x15, 0xB3, 0, 80];
        let v6: Vec<u8> = [&[0x20, 1, 0xD, 0xB8], &[0; 11][..], &[7], &[0; 16], &[0x15, 0xB3, 0, 80]].concat();
        let more = [&v4[..], &[4, 0, 1, 0]].concat();
        let table = [
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 5555 80\r\n".to_vec(), client("192.0.2.7:5555")),
            (b"PROXY TCP6 2001:db8::7 ::1 5555 80\r\n".to_vec(), client("[2001:db8::7]:5555")),
            (b"PROXY UNKNOWN\r\n".to_vec(), Some(Announced::Unknown)),
            (b"PROXY UNKNOWN ffff::1 ::1 1 2\r\n".to_vec(), Some(Announced::Unknown)),
            (binary(0x21, 0x11, &v4), client("192.0.2.7:5555")),
            (binary(0x21, 0x11, &more), client("192.0.2.7:5555")),
            (binary(0x21, 0x21, &v6), client("[2001:db8::7]:5555")),
            (binary(0x21, 0x31, &[0; 216]), Some(Announced::Unknown)),
            (binary(0x21, 0x00, &[]), Some(Announced::Unknown)),
            (binary(0x20, 0x11, &v4), Some(Announced::Own)),
            (binary(0x20, 0x00, &[]), Some(Announced::Own)),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 5555\r\n".to_vec(), None),
            (b"PROXY TCP4 2001:db8::7 ::1 5555 80\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 +5555 80\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 5555 99999\r\n".to_vec(), None),
            (b"PROXY TCP5 192.0.2.7 10.0.0.1 5555 80\r\n".to_vec(), None),
            (b"PROXY  TCP4 192.0.2.7 10.0.0.1 5555 80\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 5555 80\n".to_vec(), None),
            ([b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 200]].concat(), None),
            (b"GET / HTTP/1.1\r\n".to_vec(), None),
            (binary(0x21, 0x11, &[192, 0, 2]), None),
            (binary(0x21, 0x41, &v4), None),
            (binary(0x22, 0x11, &v4), None),
            (binary(0x31, 0x11, &v4), None),
            (SIGNATURE.to_vec(), None),
        ];
        for (header, expected) in table {
            let after = b"GET / HTTP/1.1\r\n";
            let stream = if header.len() == SIGNATURE.len() { header.clone() } else { [&header[..], after].concat() };
            let mut rest = stream.as_slice();
            let announced = read(&mut rest).await.ok();
            assert_eq!(announced, expected, "{}", header.escape_ascii());
            assert!(announced.is_none() || rest == after, "{}", header.escape_ascii());
        }
    }
}
