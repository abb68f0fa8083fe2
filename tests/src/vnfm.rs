//! A VNFM that follows a script: it answers facts from a table and everything
//! else with 202, and keeps what it was sent.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The first line, without its line end.
    pub line: String,
    /// Field lines in order, names in lower case.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    /// The first value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

/// What the script says to one target.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub fields: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    /// 200 with a JSON body.
    #[must_use]
    pub fn json(body: &serde_json::Value) -> Self {
        Self { status: 200, fields: vec![("Content-Type", "application/json".to_owned())], body: body.to_string() }
    }

    /// An answer without body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, fields: vec![], body: String::new() }
    }
}

/// What a server makes of a request, if it has a mind of its own.
type Habit = dyn Fn(&Received) -> Option<Reply> + Send + Sync;

#[derive(Default)]
struct Script {
    /// Comes before the replies.
    habit: Option<Arc<Habit>>,
    /// By method and target; one without a query holds for every query.
    replies: BTreeMap<(String, String), Reply>,
    received: Vec<Received>,
}

/// A scripted VNFM on loopback. It ends with the test process.
#[derive(Clone)]
pub struct Vnfm {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

impl Vnfm {
    /// Listens on a free port.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into())
    }

    /// Listens on this address.
    ///
    /// # Panics
    /// If it is taken.
    #[must_use]
    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let script = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &script));
            }
        });
        Self { address, script }
    }

    /// `http://ADDRESS`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts a reply into the script, for a path or for a target with its query.
    pub fn reply(&self, method: &str, target: &str, reply: Reply) -> &Self {
        self.script().replies.insert((method.to_owned(), target.to_owned()), reply);
        self
    }

    /// Answers a request in this way where it says how; else by the script.
    pub fn answer_by(&self, habit: impl Fn(&Received) -> Option<Reply> + Send + Sync + 'static) -> &Self {
        self.script().habit = Some(Arc::new(habit));
        self
    }

    /// Starts an empty script.
    pub fn forget(&self) {
        *self.script() = Script::default();
    }

    /// An instance and its open operation occurrences, as facts.
    pub fn instance(&self, id: &str, state: &str, open: &serde_json::Value) -> &Self {
        let instance = serde_json::json!({"id": id, "instantiationState": state});
        let mut reply = Reply::json(&instance);
        reply.fields.push(("ETag", "\"1\"".to_owned()));
        self.reply("GET", &format!("/vnflcm/v2/vnf_instances/{id}"), reply);
        self.reply("GET", "/vnflcm/v2/vnf_lcm_op_occs", Reply::json(open))
    }

    /// An operation occurrence, as a fact.
    pub fn occurrence(&self, id: &str, state: &str) -> &Self {
        let occurrence =
            serde_json::json!({"id": id, "operationState": state, "operation": "SCALE", "vnfInstanceId": "i"});
        self.reply("GET", &format!("/vnflcm/v2/vnf_lcm_op_occs/{id}"), Reply::json(&occurrence))
    }

    /// What has arrived since the last call.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.script().received)
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(stream: &TcpStream, script: &Mutex<Script>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = receive(&mut reader) {
        let mut words = request.line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let last = request.field("connection").is_some_and(|option| option.eq_ignore_ascii_case("close"));
        let habit = script.lock().unwrap_or_else(PoisonError::into_inner).habit.clone();
        let own = habit.and_then(|habit| habit(&request));
        let reply = {
            let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
            script.received.push(request);
            let reply = script.replies.get(&(method.clone(), target));
            own.or_else(|| reply.or_else(|| script.replies.get(&(method.clone(), path))).cloned())
        };
        let reply = reply.unwrap_or_else(|| Reply {
            status: 202,
            fields: vec![("Location", "http://vnfm.example/vnflcm/v2/vnf_lcm_op_occs/1".to_owned())],
            body: String::new(),
        });
        let mut head =
            format!("HTTP/1.1 {} X\r\nVersion: 2.0.0\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
        for (name, value) in &reply.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        if method != "HEAD" {
            head.push_str(&reply.body);
        }
        if (&mut &*stream).write_all(head.as_bytes()).is_err() || last {
            return;
        }
    }
}

fn receive(reader: &mut impl BufRead) -> Option<Received> {
    let mut request = receive_head(reader)?;
    request.body = receive_body(reader, &request)?;
    Some(request)
}

/// The next request without its body.
pub(crate) fn receive_head(reader: &mut impl BufRead) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut fields = Vec::new();
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok().filter(|read| *read > 0)?;
        let field = field.trim_end();
        if field.is_empty() {
            break;
        }
        let (name, value) = field.split_once(':')?;
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some(Received { line: line.trim_end().to_owned(), fields, body: Vec::new() })
}

/// Its body.
pub(crate) fn receive_body(reader: &mut impl BufRead, head: &Received) -> Option<Vec<u8>> {
    if head.field("transfer-encoding") == Some("chunked") {
        return chunked(reader);
    }
    let mut body = vec![0; head.field("content-length").map_or(Some(0), |length| length.parse().ok())?];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// Reads chunks up to the last one.
pub(crate) fn chunked(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let size = usize::from_str_radix(line.trim_end(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// An answer as a client sees it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&self.body));
        })
    }

    /// The rules of the violations in a ProblemDetails body.
    #[must_use]
    pub fn rules(&self) -> Vec<String> {
        let problem = self.json();
        let violations = problem["violations"].as_array().cloned().unwrap_or_default();
        violations.iter().filter_map(|violation| violation["rule"].as_str().map(str::to_owned)).collect()
    }
}

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Sends the bytes of one request over a connection of its own and reads the
/// answer; the request should say `Connection: close`.
///
/// # Panics
/// If there is no answer.
#[must_use]
pub fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    exchange(stream, request).unwrap_or_else(|received| panic!("no answer in {:?}", String::from_utf8_lossy(&received)))
}

/// Sends the bytes of one request over a connection and reads the answer.
///
/// # Errors
/// What was received is no answer.
pub fn exchange(mut stream: impl Read + Write, request: &[u8]) -> Result<Answer, Vec<u8>> {
    // A server may answer, and close, before it has read the body.
    let _ = stream.write_all(request);
    let _ = stream.flush();
    let mut bytes = Vec::new();
    // An answer that comes before the body was read ends in a reset: what was
    // read until then counts.
    let _ = stream.read_to_end(&mut bytes);
    answer(&bytes).ok_or(bytes)
}

/// As [`send`], but does not wait until the server closes the connection: Envoy takes a
/// second for that after an answer that one of its filters makes.
///
/// # Panics
/// If there is no answer.
#[must_use]
pub fn send_and_leave(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    let _ = stream.write_all(request);
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    while !is_whole(&bytes) {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
        }
    }
    answer(&bytes).unwrap_or_else(|| panic!("no answer in {:?}", String::from_utf8_lossy(&bytes)))
}

/// Whether a final answer has as many bytes as it says.
fn is_whole(bytes: &[u8]) -> bool {
    answer(bytes).is_some_and(|answer| {
        let length = answer.field("content-length").and_then(|length| length.parse::<usize>().ok());
        length.is_some_and(|length| answer.body.len() >= length)
    })
}

/// Takes the final answer out of what a server sent on a connection.
fn answer(mut bytes: &[u8]) -> Option<Answer> {
    loop {
        let at = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
        let mut lines = head.lines();
        let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        bytes = &bytes[at + 4..];
        if status < 200 {
            continue;
        }
        let fields: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let coded = fields.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if coded { chunked(&mut &*bytes)? } else { bytes.to_vec() };
        return Some(Answer { status, fields, body });
    }
}

/// A request's bytes: method, target, field lines, body; Host, Connection and
/// Content-Length are added.
#[must_use]
pub fn message(method: &str, target: &str, fields: &[&str], body: &str) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: vnfm.example\r\nConnection: close\r\n");
    for field in fields {
        head.push_str(field);
        head.push_str("\r\n");
    }
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    format!("{head}\r\n{body}").into_bytes()
}
