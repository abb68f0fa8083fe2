//! A client that keeps its connection from one request to the next.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::vnfm::{Answer, PATIENCE, chunked};

/// Sends one request after another, over one connection for as long as the server keeps it.
pub struct Kept {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    opened: usize,
}

impl Kept {
    /// Connects with the first request.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None, opened: 0 }
    }

    /// How many connections there were so far.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.opened
    }

    /// Sends a request and reads its answer. The request must not say `Connection: close`.
    ///
    /// # Errors
    /// There is no connection, or no whole answer in time.
    pub fn send(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        connection.get_mut().write_all(request)?;
        let (answer, last) = receive(&mut connection)?;
        if !last {
            self.connection = Some(connection);
        }
        Ok(answer)
    }

    fn connect(&mut self) -> std::io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        self.opened += 1;
        Ok(BufReader::new(stream))
    }
}

/// The next answer that is not an interim one, and whether it is the last one here.
fn receive(connection: &mut BufReader<TcpStream>) -> std::io::Result<(Answer, bool)> {
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if connection.read_line(&mut head)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        if (100..200).contains(&status) {
            continue;
        }
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let mut answer = Answer { status, fields, body: Vec::new() };
        if answer.field("transfer-encoding").is_some() {
            answer.body = chunked(connection).ok_or(ErrorKind::InvalidData)?;
        } else {
            let length = answer.field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            answer.body = vec![0; length];
            connection.read_exact(&mut answer.body)?;
        }
        let last = answer.field("connection").is_some_and(|option| option.eq_ignore_ascii_case("close"));
        return Ok((answer, last));
    }
}
