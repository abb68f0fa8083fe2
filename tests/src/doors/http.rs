//! A request over HTTP to a gateway with the gate in it, in front of a scripted
//! VNFM.

use std::net::SocketAddr;

use serde_json::Value;

use super::asked::{Asked, Said, Sent};
use super::library::Given;
use crate::vnfm::{Answer, Reply, Vnfm, send_and_leave};

/// Tells the judged request from those for facts.
pub const MARK: &str = "x-judged";

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It arrived at the VNFM as it was sent.
    Passed,
    /// It arrived, but not as it was sent: what has changed.
    Changed(String),
    Answered(Said),
}

/// Sends a request; `facts` are what the VNFM says meanwhile.
///
/// # Panics
/// If there is no answer.
#[must_use]
pub fn ask(address: SocketAddr, host: &str, vnfm: &Vnfm, asked: &Asked, facts: &[Given]) -> Fate {
    script(vnfm, facts);
    fate(vnfm, asked, &send_and_leave(address, &bytes(asked, host)))
}

/// What became of a request that got this answer.
pub fn fate(vnfm: &Vnfm, asked: &Asked, answer: &Answer) -> Fate {
    let case = &asked.case;
    if let Some(arrived) = vnfm.received().iter().find(|received| received.field(MARK).is_some()) {
        if arrived.line != format!("{} {} HTTP/1.1", case.method, case.target) {
            return Fate::Changed(format!("it arrives as {}", arrived.line));
        }
        if arrived.body != case.body {
            return Fate::Changed(format!("its body arrives as {}", String::from_utf8_lossy(&arrived.body)));
        }
        return Fate::Passed;
    }
    Fate::Answered(said(answer, &case.method))
}

/// An answer to a request with this method, without what is about the connection.
#[must_use]
pub fn said(answer: &Answer, method: &str) -> Said {
    let about_the_connection = ["content-length", "connection", "date", "transfer-encoding"];
    let fields = answer.fields.iter().filter(|(name, _)| !about_the_connection.contains(&name.as_str()));
    Said {
        status: answer.status,
        fields: fields.cloned().collect(),
        problem: if method == "HEAD" { Value::Null } else { serde_json::from_slice(&answer.body).unwrap_or_default() },
    }
}

/// Lets the VNFM answer these facts and no others.
pub fn script(vnfm: &Vnfm, facts: &[Given]) {
    vnfm.forget();
    for fact in facts {
        let mut reply = if fact.status == 200 { Reply::json(&fact.body) } else { Reply::status(fact.status) };
        reply.fields.extend(fact.etag.clone().map(|etag| ("ETag", etag)));
        if let Some(target) = &fact.target {
            vnfm.reply("GET", target, reply);
        }
    }
}

/// The request as it is sent.
fn bytes(asked: &Asked, host: &str) -> Vec<u8> {
    let case = &asked.case;
    let mut head = format!("{} {} HTTP/1.1\r\n{MARK}: 1\r\nConnection: close\r\n", case.method, case.target);
    if !case.fields.iter().any(|(name, _)| name == "host") {
        head.push_str(&format!("Host: {host}\r\n"));
    }
    for (name, value) in &case.fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let framed = case.fields.iter().any(|(name, _)| name == "content-length" || name == "transfer-encoding");
    let mut body = case.body.clone();
    match asked.sent {
        Sent::Chunked => {
            head.push_str("Transfer-Encoding: chunked\r\n");
            body = case.body.chunks(1000).fold(Vec::new(), |mut coded, chunk| {
                coded.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                coded.extend_from_slice(chunk);
                coded.extend_from_slice(b"\r\n");
                coded
            });
            body.extend_from_slice(b"0\r\n\r\n");
        }
        Sent::WithLength if !case.body.is_empty() && !framed => {
            head.push_str(&format!("Content-Length: {}\r\n", case.body.len()));
        }
        Sent::WithLength => {}
    }
    head.push_str("\r\n");
    [head.as_bytes(), &body].concat()
}
