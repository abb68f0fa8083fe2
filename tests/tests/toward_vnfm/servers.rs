//! A VNFM that can be stopped as a process that is killed, and started again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

/// What all VNFMs of a test have seen.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<BTreeMap<String, usize>>>);

impl Seen {
    fn note(&self, request: &str) {
        *self.0.lock().expect("nobody panics").entry(request.to_owned()).or_default() += 1;
    }

    /// How often each request has arrived: by its method and its `X-Id`.
    pub fn all(&self) -> BTreeMap<String, usize> {
        self.0.lock().expect("nobody panics").clone()
    }
}

/// One address of a VNFM.
pub struct Node {
    pub address: SocketAddr,
    seen: Seen,
    pub status: Arc<AtomicU16>,
    running: Option<Running>,
}

struct Running {
    stop: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    thread: std::thread::JoinHandle<()>,
}

impl Node {
    pub fn start(seen: &Seen) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let status = Arc::new(AtomicU16::new(200));
        let mut node = Self { address, seen: seen.clone(), status, running: None };
        node.serve(listener);
        node
    }

    fn serve(&mut self, listener: TcpListener) {
        let (stop, streams) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (seen, status, address) = (self.seen.clone(), self.status.clone(), self.address);
        let (stopped, open) = (stop.clone(), streams.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                open.lock().expect("nobody panics").push(stream.try_clone().expect("it is shared"));
                let (seen, status, stopped) = (seen.clone(), status.clone(), stopped.clone());
                std::thread::spawn(move || answer(&stream, &seen, &status, &stopped, address));
            }
        });
        self.running = Some(Running { stop, streams, thread });
    }

    /// Ends at once: what is in flight is cut off.
    pub fn stop(&mut self) {
        let Running { stop, streams, thread } = self.running.take().expect("it runs");
        stop.store(true, Ordering::SeqCst);
        // Wakes the thread, which then closes the listener.
        let _ = TcpStream::connect(self.address);
        thread.join().expect("it does not panic");
        for stream in streams.lock().expect("nobody panics").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Listens again.
    pub fn start_again(&mut self) {
        self.serve(TcpListener::bind(self.address).expect("the port is free again"));
    }
}

fn answer(stream: &TcpStream, seen: &Seen, status: &AtomicU16, stopped: &AtomicBool, address: SocketAddr) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut line, mut length, mut id) = (String::new(), 0, String::new());
        if reader.read_line(&mut line).unwrap_or(0) == 0 || stopped.load(Ordering::SeqCst) {
            return;
        }
        loop {
            let mut field = String::new();
            if reader.read_line(&mut field).unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = field.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().expect("a number"),
                "x-id" => id = value.to_owned(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let mut words = line.split(' ');
        let method = words.next().unwrap_or_default();
        let target = words.next().unwrap_or_default().to_owned();
        seen.note(&if id.is_empty() { format!("{method} {target} {address}") } else { format!("{method} {id}") });
        let body = r#"{"id":"o","operationState":"FAILED_TEMP","operation":"SCALE","vnfInstanceId":"i"}"#;
        let status = status.load(Ordering::SeqCst);
        let head = format!(
            "HTTP/1.1 {status} X\r\nX-Node: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if (&mut &*stream).write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}
