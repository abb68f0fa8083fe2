//! A VNFM of which some instances break off, dawdle or talk nonsense. An instance's
//! id says what becomes of it: `KIND-NUMBER`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longer than the gate waits.
const LATE: Duration = Duration::from_secs(4);

/// The VNFM, on loopback; it ends with the test process.
pub struct FaultyVnfm {
    address: SocketAddr,
    arrived: Arc<Arrivals>,
}

/// How often a change to each resource has arrived, by the resource's id.
#[derive(Default)]
struct Arrivals(Mutex<HashMap<String, usize>>);

impl Arrivals {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is sent back.
enum Reply {
    Answer(u16, String),
    /// Half of an answer, and the end of the connection.
    Cut,
    /// Nothing, for longer than anyone waits.
    Nothing,
}

impl FaultyVnfm {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let arrived = Arc::new(Arrivals::default());
        let shared = Arc::clone(&arrived);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let arrived = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &arrived));
            }
        });
        Self { address, arrived }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often a change to this resource has arrived. Asked once for each.
    pub fn arrivals(&self, resource: &str) -> usize {
        self.arrived.lock().remove(resource).unwrap_or(0)
    }

    /// The resources that nobody has asked about, or to which something came after that.
    pub fn strays(&self) -> Vec<String> {
        self.arrived.lock().keys().cloned().collect()
    }
}

fn serve(stream: &TcpStream, arrived: &Arrivals) {
    let mut reader = BufReader::new(stream);
    while let Some((method, target)) = receive(&mut reader) {
        let reply = reply(&method, &target, arrived);
        let sent = match reply {
            Reply::Answer(status, body) => {
                let head = format!(
                    "HTTP/1.1 {status} X\r\nVersion: 2.0.0\r\nContent-Type: application/json\r\nLocation: http://vnfm.example{target}\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                (&mut &*stream).write_all(head.as_bytes())
            }
            Reply::Cut => {
                let _ = (&mut &*stream).write_all(b"HTTP/1.1 202 Accepted\r\nContent-Le");
                return;
            }
            Reply::Nothing => {
                std::thread::sleep(LATE);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The method and target of the next request, whose body has been read.
fn receive(reader: &mut impl BufRead) -> Option<(String, String)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok().filter(|read| *read > 0)?;
        let field = field.trim_end().to_ascii_lowercase();
        if field.is_empty() {
            break;
        }
        if let Some(value) = field.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let mut words = line.split(' ');
    Some((words.next()?.to_owned(), words.next()?.to_owned()))
}

fn reply(method: &str, target: &str, arrived: &Arrivals) -> Reply {
    let path = target.split('?').next().unwrap_or_default();
    // Empty, "vnflcm", "v2", the collection, the id.
    let segment = |index| path.split('/').nth(index).unwrap_or_default();
    let (collection, id) = (segment(3), segment(4));
    let kind = id.split('-').next().unwrap_or_default();
    if method != "GET" {
        *arrived.lock().entry(id.to_owned()).or_default() += 1;
        return match kind {
            "broken" => Reply::Cut,
            "late" => Reply::Nothing,
            _ => Reply::Answer(202, String::new()),
        };
    }
    match (collection, kind) {
        ("vnf_lcm_op_occs", "") => Reply::Answer(200, "[]".to_owned()),
        ("vnf_lcm_op_occs", "failed") => Reply::Answer(200, occurrence(id, "FAILED_TEMP")),
        ("vnf_lcm_op_occs", _) => Reply::Answer(200, occurrence(id, "COMPLETED")),
        (_, "absent") => Reply::Answer(404, "{}".to_owned()),
        (_, "fresh") => Reply::Answer(200, instance(id, "NOT_INSTANTIATED")),
        (_, "nonsense") => Reply::Answer(200, "<html>".to_owned()),
        (_, "cut") => Reply::Cut,
        (_, "mute") => Reply::Nothing,
        (_, "large") => Reply::Answer(200, " ".repeat(8 << 20)),
        _ => Reply::Answer(200, instance(id, "INSTANTIATED")),
    }
}

fn instance(id: &str, state: &str) -> String {
    serde_json::json!({"id": id, "vnfdId": "d", "instantiationState": state}).to_string()
}

fn occurrence(id: &str, state: &str) -> String {
    serde_json::json!({"id": id, "operationState": state, "operation": "SCALE", "vnfInstanceId": "i"}).to_string()
}
