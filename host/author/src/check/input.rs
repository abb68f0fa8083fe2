//! From the question to the request that is judged.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use solgate::Request;
use solgate::request::Caller;

use super::http_file::HttpFile;
use super::message::{Message, ParseError, ParseFault};
use super::question::{Input, Question};
use super::raw;
use crate::check::error::CheckError;

/// Reads the request that the question names.
pub fn message(question: &Question) -> Result<Message, CheckError> {
    let path = question.file.as_path();
    let content = read(path)?;
    let by_name = || {
        let editors =
            path.extension().is_some_and(|e| e.eq_ignore_ascii_case("http") || e.eq_ignore_ascii_case("rest"));
        if editors { Input::HttpFile } else { Input::Raw }
    };
    let malformed = |error: ParseError| CheckError::Request { path: path.to_owned(), error };
    match question.input.unwrap_or_else(by_name) {
        Input::HttpFile => {
            let text = std::str::from_utf8(&content).map_err(|error| {
                let before = content.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.iter().filter(|&&b| b == b'\n').count().saturating_add(1);
                malformed(ParseFault::NotUtf8.at(line))
            })?;
            let file = HttpFile::parse(text, &question.variables).map_err(malformed)?;
            let folder = path.parent().unwrap_or(Path::new(""));
            file.request(question.name.as_deref(), |body| read(&folder.join(body)).map_err(Failed::Body)).map_err(
                |failed| match failed {
                    Failed::Parse(error) => malformed(error),
                    Failed::Body(error) => error,
                },
            )
        }
        Input::Raw => {
            let option = if question.name.is_some() {
                Some("name")
            } else if question.variables.is_empty() {
                None
            } else {
                Some("var")
            };
            if let Some(option) = option {
                return Err(CheckError::NotAnHttpFile { option, path: path.to_owned() });
            }
            raw::parse(&content).map_err(malformed)
        }
    }
}

enum Failed {
    Parse(ParseError),
    Body(CheckError),
}

impl From<ParseError> for Failed {
    fn from(error: ParseError) -> Self {
        Self::Parse(error)
    }
}

fn read(path: &Path) -> Result<Bytes, CheckError> {
    let content =
        if path.as_os_str() == "-" { bounded(std::io::stdin().lock()) } else { File::open(path).and_then(bounded) };
    content.map(Bytes::from).map_err(|error| CheckError::Read { path: path.to_owned(), error })
}

/// Everything up to a limit, so that a device or an endless pipe does not fill
/// the memory.
pub fn bounded(source: impl Read) -> std::io::Result<Vec<u8>> {
    const MOST: usize = 64 << 20;
    let mut content = Vec::new();
    source.take((MOST as u64).saturating_add(1)).read_to_end(&mut content)?;
    if content.len() > MOST {
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, "it is larger than 64 MiB"));
    }
    Ok(content)
}

/// The request as a door would hand it over that reads at most `limit` bytes of
/// a body.
pub fn request(message: Message, limit: usize, caller: Option<Caller>, received_at: SystemTime) -> Request {
    let mut headers = HeaderMap::with_capacity(message.fields.len());
    for (name, value) in &message.fields {
        // Both have been checked when the message was read.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let body_complete = message.body.len() <= limit;
    let body = if body_complete { message.body } else { message.body.slice(..limit) };
    Request { method: message.method, target: message.target, headers, body, body_complete, caller, received_at }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
mod tests {
    use super::*;

    #[test]
    fn a_body_over_the_limit_is_cut_and_said_to_be() {
        for (limit, body, complete) in [(3, "abc", true), (2, "ab", false), (0, "", false)] {
            let message = Message {
                method: "POST".into(),
                target: "/a".into(),
                fields: vec![("X-A".into(), b"1".to_vec()), ("x-a".into(), b"2".to_vec())],
                body: Bytes::from_static(b"abc"),
            };
            let request = request(message, limit, None, SystemTime::UNIX_EPOCH);
            assert_eq!((&request.body[..], request.body_complete), (body.as_bytes(), complete));
            let repeated: Vec<_> = request.headers.get_all("x-a").iter().collect();
            assert_eq!(repeated, ["1", "2"]);
        }
    }
}
