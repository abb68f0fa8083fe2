//! The requests of the load run, and a client for one at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that is allowed, and a body with which it is not.
pub struct Case {
    pub name: &'static str,
    /// With [`NUMBER`] in place of an instance's number, if each request is about another
    /// one.
    path: &'static str,
    pub body: &'static str,
    pub status: u16,
    /// Refused if somebody judges.
    pub wrong_body: &'static str,
}

/// In a path: the last part of an instance's id.
const NUMBER: &str = "{number}";

/// How many instances there are: several for each connection, so that no request waits
/// until another one on its instance has been answered.
const INSTANCES: usize = 1024;

/// Every request has these fields; a client's own Host comes on top.
pub const FIELDS: [(&str, &str); 4] = [
    ("Version", "2.0.0"),
    ("Accept", "application/json"),
    ("Content-Type", "application/json"),
    ("Authorization", "Bearer 2YotnFZFEjr1zCsicMWpAA"),
];

/// Needs no facts.
pub const SUBSCRIBE: Case = Case {
    name: "POST subscriptions",
    path: "/vnflcm/v2/subscriptions",
    body: r#"{"filter":{"notificationTypes":["VnfLcmOperationOccurrenceNotification"]},"callbackUri":"http://nfvo.example:9000/callback"}"#,
    status: 201,
    wrong_body: r#"{"callbackUri":"nowhere"}"#,
};

/// Needs the instance and its open operations. The gate lets requests on one instance
/// through one after the other, so each is about another one.
pub const TERMINATE: Case = Case {
    name: "terminate",
    path: "/vnflcm/v2/vnf_instances/6fc3539c-e602-4afa-8e13-{number}/terminate",
    body: r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":120}"#,
    status: 202,
    wrong_body: r#"{"terminationType":"GENTLE"}"#,
};

impl Case {
    /// The paths that requests have in turn.
    pub fn paths(&self) -> Vec<String> {
        let count = if self.path.contains(NUMBER) { INSTANCES } else { 1 };
        (0..count).map(|number| self.path(number)).collect()
    }

    fn path(&self, number: usize) -> String {
        self.path.replace(NUMBER, &format!("{number:012x}"))
    }

    /// The request as a client sends it to `address`, about the instance of a number.
    pub fn message(&self, address: SocketAddr, number: usize, body: &str) -> Vec<u8> {
        let (path, length) = (self.path(number), body.len());
        let mut head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n");
        for (name, value) in FIELDS {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{head}\r\n{body}").into_bytes()
    }

    /// Sees to it that what listens on `address` answers as it should: what
    /// is wrong gets the status `refusal`, or passes.
    ///
    /// # Errors
    /// It does not.
    pub fn verify(&self, address: SocketAddr, refusal: Option<u16>) -> anyhow::Result<()> {
        let mut connection = Connection::open(address)?;
        for (body, expected) in [(self.body, self.status), (self.wrong_body, refusal.unwrap_or(self.status))] {
            let status = connection.exchange(&self.message(address, 0, body))?;
            ensure!(status == expected, "{} was answered with {status}, expected was {expected}: {body}", self.name);
        }
        Ok(())
    }
}

/// A connection with one request at a time.
pub struct Connection {
    reader: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    /// # Errors
    /// Nobody listens.
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("nobody listens on {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { reader: BufReader::new(stream), line: String::new(), body: Vec::new() })
    }

    /// Sends a request, and returns the status of its answer once that is
    /// there to its last byte.
    ///
    /// # Errors
    /// The answer is none, or one without a Content-Length.
    pub fn exchange(&mut self, message: &[u8]) -> anyhow::Result<u16> {
        self.reader.get_mut().write_all(message)?;
        let mut status = None;
        let mut length = 0;
        loop {
            self.line.clear();
            ensure!(self.reader.read_line(&mut self.line)? > 0, "the connection ended before the answer did");
            let line = self.line.trim_end();
            if line.is_empty() {
                break;
            }
            if status.is_none() {
                status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        self.body.resize(length, 0);
        self.reader.read_exact(&mut self.body)?;
        status.context("the answer has no status")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::load::CONNECTIONS;

    /// Those on one instance would wait for each other, and all but a few be refused.
    #[test]
    fn terminates_that_are_under_way_together_name_different_instances() {
        let paths = TERMINATE.paths();
        let instances: BTreeSet<&str> = paths.iter().filter_map(|path| path.split('/').nth(4)).collect();
        assert_eq!(instances.len(), paths.len(), "an instance is named twice");
        assert!(instances.len() > 2 * CONNECTIONS, "{} instances for {CONNECTIONS} connections", instances.len());
        assert_eq!(SUBSCRIBE.paths(), [SUBSCRIBE.path]);
    }
}
