//! Clients that mean harm, or are as good as lost.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(2);
/// Connections that send their request byte by byte.
const SLOW: usize = 40;
const PATIENCE: Duration = Duration::from_secs(20);

const LINE: &str = "POST /vnflcm/v2/vnf_instances/hostile-1/terminate HTTP/1.1\r\nHost: h\r\nVersion: 2.0.0\r\n\
                    Content-Type: application/json\r\n";
/// What some requests hide.
const HIDDEN: &str = "POST /vnflcm/v2/vnf_instances/hidden-1/terminate HTTP/1.1\r\nHost: h\r\n\r\n";

/// What follows [`LINE`]. None of it is a request that may pass.
const TAILS: &[&str] = &[
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{\"a\":1}",
    "Content-Length: +5\r\n\r\n12345",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "X: a\r\n folded\r\nContent-Length: 2\r\n\r\n{}",
    "Host: other\r\nContent-Length: 2\r\n\r\n{}",
    "Content-Length: 4\r\n\r\n\u{0}\u{1}\u{2}\u{3}",
    "Content-Length: 20\r\n\r\n[[[[[[[[[[[[[[[[[[[[",
    "Content-Length: 2\r\nConnection: Version\r\n\r\n{}",
];

/// What has been tried, and what came of it.
#[derive(Default)]
pub struct Hostile {
    attempts: AtomicUsize,
    answered: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Hostile {
    /// Tries one thing after another until told to stop.
    pub fn attack(&self, gate: SocketAddr, stop: &AtomicBool) {
        let mut random = fastrand::Rng::with_seed(6);
        while !stop.load(Ordering::Relaxed) {
            for tail in TAILS {
                self.attempt(gate, format!("{LINE}{tail}{HIDDEN}").as_bytes());
            }
            let length = random.usize(1..2000);
            let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
            self.attempt(gate, &[noise.as_slice(), b"\r\n\r\n"].concat());
            self.attempt(gate, format!("{LINE}X: {}\r\n\r\n", "x".repeat(100_000)).as_bytes());
            self.attempt(gate, format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(20_000)).as_bytes());
            // Leaves in the middle of a body, and before the answer.
            for whole in ["Content-Length: 100\r\n\r\n{\"termination", "Content-Length: 2\r\n\r\n{}"] {
                if let Ok(mut stream) = TcpStream::connect(gate) {
                    let _ = stream.write_all(format!("{LINE}{whole}").as_bytes());
                }
                self.attempts.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Holds connections on which a request comes, but hardly.
    pub fn dawdle(&self, gate: SocketAddr, stop: &AtomicBool) {
        let mut slow: Vec<(TcpStream, usize)> = Vec::new();
        let request = format!("{LINE}Content-Length: 1000\r\n\r\n{}", " ".repeat(1000));
        while !stop.load(Ordering::Relaxed) {
            while slow.len() < SLOW {
                let Ok(stream) = TcpStream::connect(gate) else { break };
                let _ = stream.set_nonblocking(true);
                slow.push((stream, 0));
                self.attempts.fetch_add(1, Ordering::Relaxed);
            }
            slow.retain_mut(|(stream, sent)| {
                let byte = request.as_bytes().get(*sent).copied().unwrap_or(b' ');
                *sent += 1;
                let mut answer = [0; 64];
                match stream.read(&mut answer) {
                    // It has had enough.
                    Ok(read) => {
                        self.judge(&request, &answer[..read]);
                        false
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => stream.write_all(&[byte]).is_ok(),
                    Err(_) => false,
                }
            });
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn attempt(&self, gate: SocketAddr, request: &[u8]) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(PAUSE);
        let Ok(mut stream) = TcpStream::connect(gate) else { return };
        let _ = stream.set_read_timeout(Some(PATIENCE));
        // It may be answered, and the connection closed, before all is sent.
        let _ = stream.write_all(request);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        self.judge(&String::from_utf8_lossy(request), &answer);
    }

    /// An answer, if there is one, says that it is the client's fault.
    fn judge(&self, request: &str, answer: &[u8]) {
        if answer.is_empty() {
            return;
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        // 501: a transfer coding that does not exist. 505: another version of HTTP.
        let refused = ["HTTP/1.1 4", "HTTP/1.1 501 ", "HTTP/1.1 505 "];
        if !refused.iter().any(|start| answer.starts_with(start.as_bytes())) {
            let told: String = request.chars().take(300).collect();
            let answer = String::from_utf8_lossy(answer).into_owned();
            self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{told:?}: {answer}"));
        }
    }

    pub fn attempts(&self) -> usize {
        self.attempts.load(Ordering::Relaxed)
    }

    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    pub fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
