//! Clients that hold whatever they can get, each from an address of its own.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Between two looks at what was ended.
const ROUND: Duration = Duration::from_millis(500);
/// Beyond what there may be of each; see the limits of the gate.
const IDLE: usize = 320;
const ADMIN: usize = 100;
const UNFINISHED: usize = 24;
const READERS: usize = 10;

/// Bytes of a body that is never whole.
const BODY: usize = 900_000;

/// Holds connections to both addresses, bodies that never end, and answers that are not
/// read, until told to stop.
pub fn crowd(gate: SocketAddr, admin: SocketAddr, stop: &AtomicBool) {
    let body = format!(
        "POST /vnflcm/v2/subscriptions HTTP/1.1\r\nHost: h\r\nVersion: 2.0.0\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        BODY + 1,
        " ".repeat(BODY)
    );
    let question = "GET /vnflcm/v2/vnf_instances/large-1 HTTP/1.1\r\nHost: h\r\nVersion: 2.0.0\r\n\
                    Accept: application/json\r\n\r\n";
    let mut held = [
        Held::new(101, gate, IDLE, "", false),
        Held::new(102, admin, ADMIN, "", false),
        Held::new(103, gate, UNFINISHED, &body, true),
        Held::new(104, gate, READERS, question, false),
    ];
    while !stop.load(Ordering::Relaxed) {
        held.iter_mut().for_each(Held::fill);
        std::thread::sleep(ROUND);
    }
}

/// Connections of one address.
struct Held<'a> {
    from: IpAddr,
    to: SocketAddr,
    most: usize,
    /// What is sent on each, and whether it is known to have ended when something comes.
    said: &'a [u8],
    answered: bool,
    open: Vec<(TcpStream, usize)>,
}

impl<'a> Held<'a> {
    fn new(last: u8, to: SocketAddr, most: usize, said: &'a str, answered: bool) -> Self {
        let from = Ipv4Addr::new(127, 0, 0, last).into();
        Self { from, to, most, said: said.as_bytes(), answered, open: Vec::new() }
    }

    /// Sends more on those that are open, lets go of those that were ended, and opens
    /// others.
    fn fill(&mut self) {
        let (said, answered) = (self.said, self.answered);
        self.open.retain_mut(|(stream, sent)| {
            while let Some(rest) = said.get(*sent..).filter(|rest| !rest.is_empty()) {
                match stream.write(rest) {
                    Ok(count) => *sent += count,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    Err(_) => return false,
                }
            }
            // An answer is not read; to notice the end, nothing must come before it.
            let watched = said.is_empty() || answered;
            !watched || matches!(stream.read(&mut [0; 1]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
        });
        let missing = self.most.saturating_sub(self.open.len());
        self.open.extend((0..missing).map_while(|_| connect(self.from, self.to)).map(|stream| (stream, 0)));
    }
}

fn connect(from: IpAddr, to: SocketAddr) -> Option<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().ok()?;
        socket.bind((from, 0).into()).ok()?;
        // Not to be read from at once, nor written to.
        socket.connect(to).await.ok()?.into_std().ok()
    })
}
