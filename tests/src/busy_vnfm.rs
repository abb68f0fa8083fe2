//! A VNFM that takes one operation at a time on each instance, and takes its time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long the VNFM takes to accept an operation.
const ACCEPTING: Duration = Duration::from_millis(50);

/// A VNFM that has one operation at a time on each instance, and believes what it
/// is sent.
#[derive(Default)]
pub struct BusyVnfm {
    /// Instances on which an operation runs.
    pub busy: Mutex<Vec<String>>,
    /// Operations that have arrived.
    pub arrived: Mutex<Vec<String>>,
    arrival: Condvar,
    /// Operations that have not been answered yet, and the most that there were.
    open: AtomicUsize,
    pub most: AtomicUsize,
}

/// How long a question about an instance takes whose id has `slow` in it.
const SLOW: Duration = Duration::from_millis(1500);

/// As many operations on instances whose id begins so arrive before one is answered.
const TOGETHER: [(&str, usize); 2] = [("pair", 2), ("crowd", 40)];

impl BusyVnfm {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn start() -> (Arc<Self>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let vnfm = Arc::new(Self::default());
        let shared = Arc::clone(&vnfm);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let vnfm = Arc::clone(&shared);
                std::thread::spawn(move || vnfm.serve(&stream));
            }
        });
        (vnfm, address)
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut first, mut length, mut last) = (String::new(), 0, false);
            if reader.read_line(&mut first).is_ok_and(|read| read == 0) {
                return;
            }
            loop {
                let mut line = String::new();
                let _ = reader.read_line(&mut line);
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("it is a number");
                }
                last |= line.trim().eq_ignore_ascii_case("connection: close");
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("the body");
            let (status, body) = self.answer(&first);
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            if (&mut &*stream).write_all(format!("{head}{body}").as_bytes()).is_err() || last {
                return;
            }
        }
    }

    fn answer(&self, first: &str) -> (u16, String) {
        let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let instance = target.split('/').nth(4).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        if first.starts_with("POST ") {
            self.most.fetch_max(self.open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            self.arrived.lock().unwrap().push(instance.clone());
            self.arrival.notify_all();
            std::thread::sleep(ACCEPTING);
            if let Some((start, count)) = TOGETHER.iter().find(|(start, _)| instance.starts_with(start)) {
                // Answers when the others have arrived, too.
                let some =
                    |arrived: &mut Vec<String>| arrived.iter().filter(|one| one.starts_with(start)).count() < *count;
                let waited =
                    self.arrival.wait_timeout_while(self.arrived.lock().unwrap(), Duration::from_secs(30), some);
                assert!(!waited.unwrap().1.timed_out(), "another one waits for this one");
            }
            self.open.fetch_sub(1, Ordering::SeqCst);
            self.busy.lock().unwrap().push(instance);
            return (202, String::new());
        }
        if target.contains("slow") {
            std::thread::sleep(SLOW);
        }
        if target.contains("/vnf_lcm_op_occs") {
            let busy = self.busy.lock().unwrap();
            let running = busy.iter().find(|instance| target.contains(instance.as_str()));
            let operation = |instance: &String| {
                format!(
                    r#"[{{"id":"o","operation":"TERMINATE","operationState":"PROCESSING","vnfInstanceId":"{instance}"}}]"#
                )
            };
            return (200, running.map_or("[]".to_owned(), operation));
        }
        (200, format!(r#"{{"id":"{instance}","instantiationState":"INSTANTIATED"}}"#))
    }
}
