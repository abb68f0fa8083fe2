//! Damage that is done to inputs where there is no fuzzer: the same for the same seed.

use fastrand::Rng;

/// Texts that readers of this project know.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\n\n",
    b"\n===\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"0",
    b"-",
    b"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b";",
    b"/",
    b"..",
    b"%2e",
    b"%00",
    b"#",
    b"&",
    b"*",
    b"!!",
    b"|",
    b">",
    b"~1",
    b"@key",
    b"null",
    b"true",
    b"1e400",
    b"9007199254740993",
    b"NaN",
    b"\xef\xbb\xbf",
    b"\xc0\xaf",
    b"\xff",
    b"\0",
    b"chunked",
    b"Transfer-Encoding: chunked",
    b"Content-Length: 5",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"Host: h",
    b"5;a=b",
    b"link: <?page=2>; rel=\"next\"",
    b"200",
    b"404",
    b"400",
    b"\xe2\x84\xaa",
];

/// Longest input that is made, in bytes.
const LONGEST: usize = 64 << 10;

/// A copy of one of the inputs with a few things wrong.
///
/// # Panics
/// If there are no inputs.
#[must_use]
pub fn damaged(inputs: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut bytes = inputs[random.usize(..inputs.len())].clone();
    for _ in 0..random.usize(1..5) {
        let start = random.usize(..=bytes.len());
        let end = (start + random.usize(..=16)).min(bytes.len());
        match random.u8(..8) {
            0 if start < bytes.len() => bytes[start] ^= 1 << random.u8(..8),
            1 if start < bytes.len() => bytes[start] = random.u8(..),
            2 => drop(bytes.drain(start..end)),
            3 => bytes.truncate(start),
            4 => {
                let piece = bytes[start..end].to_vec();
                let at = random.usize(..=bytes.len());
                drop(bytes.splice(at..at, piece));
            }
            5 => {
                let other = &inputs[random.usize(..inputs.len())];
                let from = random.usize(..=other.len());
                bytes.truncate(start);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                let token = random.choice(TOKENS).expect("there are some").iter().copied();
                let end = if random.bool() { start } else { end };
                drop(bytes.splice(start..end, token));
            }
        }
    }
    bytes.truncate(LONGEST);
    bytes
}
