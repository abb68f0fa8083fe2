//! A client of HTTP/2 that sends any frames, and looks at those that come back.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// What became of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The first byte of the answer's head: 0x88 is the status 200, 0x8c 400.
    Answered(u8),
    /// With this code.
    Reset(u32),
    /// The connection ends, with this code.
    Away(u32),
    /// The connection has ended.
    Closed,
}

/// A frame that came.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub content: Vec<u8>,
}

/// A connection.
pub struct Raw<S = TcpStream>(S);

/// Names and values.
pub type Fields<'a> = Vec<(&'a str, &'a [u8])>;

impl Raw {
    /// Without TLS, with these settings, by their numbers.
    pub fn connect(address: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("it is set");
        Self::begin(stream, settings)
    }
}

impl<S: Read + Write> Raw<S> {
    pub fn begin(stream: S, settings: &[(u16, u32)]) -> Self {
        let mut raw = Self(stream);
        let pairs = settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat());
        let content: Vec<u8> = pairs.collect();
        raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        raw.frame(SETTINGS, 0, 0, &content);
        raw
    }

    /// Whoever is at the other end may have closed already.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, content: &[u8]) {
        self.send(&frame(kind, flags, stream, content));
    }

    /// The whole head of a request.
    pub fn head(&mut self, stream: u32, flags: u8, fields: &Fields<'_>) {
        self.frame(HEADERS, flags | END_HEADERS, stream, &block(fields));
    }

    /// The next frame; `None` at the end.
    pub fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut content = vec![0; usize::try_from(length).expect("it fits")];
        self.0.read_exact(&mut content).ok()?;
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], flags: head[4], stream, content })
    }

    /// What becomes of a stream. Settings are acknowledged on the way.
    pub fn fate(&mut self, stream: u32) -> Fate {
        loop {
            let Some(frame) = self.next() else { return Fate::Closed };
            let code = |at: usize| {
                frame.content.get(at..at + 4).map_or(0, |code| u32::from_be_bytes(code.try_into().expect("four")))
            };
            match frame.kind {
                SETTINGS if frame.flags == 0 => self.frame(SETTINGS, 1, 0, &[]),
                HEADERS if frame.stream == stream => return Fate::Answered(frame.content[0]),
                RST_STREAM if frame.stream == stream => return Fate::Reset(code(0)),
                GOAWAY => return Fate::Away(code(4)),
                _ => {}
            }
        }
    }
}

/// A frame as it is sent.
pub fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("it fits").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

/// Fields without Huffman coding, indexes or memory (RFC 7541, 6.2.2).
pub fn block(fields: &Fields<'_>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name.as_bytes(), value] {
            number(&mut block, text.len());
            block.extend_from_slice(text);
        }
    }
    block
}

/// In 7 bits, or more bytes (RFC 7541, 5.1).
fn number(block: &mut Vec<u8>, number: usize) {
    let Some(mut rest) = number.checked_sub(127) else { return block.push(u8::try_from(number).expect("it fits")) };
    block.push(127);
    while rest >= 128 {
        block.push(u8::try_from(rest % 128 + 128).expect("it fits"));
        rest /= 128;
    }
    block.push(u8::try_from(rest).expect("it fits"));
}

/// The head of a good request.
pub fn get(path: &'static str) -> Fields<'static> {
    vec![
        (":method", b"GET"),
        (":scheme", b"http"),
        (":authority", b"gate.example"),
        (":path", path.as_bytes()),
        ("version", b"2.0.0"),
        ("accept", b"application/json"),
    ]
}
