//! Operations on one instance that arrive together: the second is judged when the
//! VNFM has answered the first.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use solgate_tests::process::Serving;
use solgate_tests::vnfm::{message, send};

/// How long the VNFM takes to accept an operation.
const ACCEPTING: Duration = Duration::from_millis(50);

/// A VNFM that has one operation at a time on each instance, and believes what it
/// is sent.
#[derive(Default)]
struct Vnfm {
    /// Instances on which an operation runs.
    busy: Mutex<Vec<String>>,
    /// Operations that have arrived.
    arrived: Mutex<Vec<String>>,
    arrival: Condvar,
}

impl Vnfm {
    fn start() -> (Arc<Self>, SocketAddr) {
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
            let (mut first, mut length) = (String::new(), 0);
            if reader.read_line(&mut first).is_ok_and(|read| read == 0) {
                return;
            }
            loop {
                let mut line = String::new();
                let _ = reader.read_line(&mut line);
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("it is a number");
                }
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
            if (&mut &*stream).write_all(format!("{head}{body}").as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, first: &str) -> (u16, String) {
        let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let instance = target.split('/').nth(4).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        if first.starts_with("POST ") {
            self.arrived.lock().unwrap().push(instance.clone());
            self.arrival.notify_all();
            std::thread::sleep(ACCEPTING);
            if instance.starts_with("pair") {
                // Answers when the other one of the pair has arrived, too.
                let both = |arrived: &mut Vec<String>| arrived.iter().filter(|one| one.starts_with("pair")).count() < 2;
                let waited =
                    self.arrival.wait_timeout_while(self.arrived.lock().unwrap(), Duration::from_secs(10), both);
                assert!(!waited.unwrap().1.timed_out(), "the other one waits for this one");
            }
            self.busy.lock().unwrap().push(instance);
            return (202, String::new());
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

fn terminate(gate: SocketAddr, instance: &str) -> u16 {
    terminate_at(gate, "vnfm.example", instance)
}

fn terminate_at(gate: SocketAddr, host: &str, instance: &str) -> u16 {
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    let target = format!("/vnflcm/v2/vnf_instances/{instance}/terminate");
    let request = message("POST", &target, &fields, r#"{"terminationType":"FORCEFUL"}"#);
    let request =
        String::from_utf8(request).expect("it is text").replace("Host: vnfm.example", &format!("Host: {host}"));
    send(gate, request.as_bytes()).status
}

/// Sends one request for each instance at once.
fn together(gate: SocketAddr, instances: &[&str]) -> Vec<u16> {
    std::thread::scope(|threads| {
        let asking: Vec<_> = instances.iter().map(|instance| threads.spawn(|| terminate(gate, instance))).collect();
        let mut answers: Vec<u16> = asking.into_iter().map(|thread| thread.join().expect("an answer")).collect();
        answers.sort_unstable();
        answers
    })
}

#[test]
fn of_two_operations_on_one_instance_one_reaches_the_vnfm() {
    let (vnfm, address) = Vnfm::start();
    let gate = Serving::start(&["--log", "off", "--upstream", &format!("http://{address}")]);
    for round in 0..20 {
        let instance = format!("i{round:02}");
        assert_eq!(together(gate.address, &[&instance, &instance]), [202, 409], "round {round}");
    }
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 20);
}

#[test]
fn operations_on_different_instances_do_not_wait_for_each_other() {
    let (_, address) = Vnfm::start();
    let gate = Serving::start(&["--log", "off", "--upstream", &format!("http://{address}")]);
    assert_eq!(together(gate.address, &["pair-1", "pair-2"]), [202, 202]);
}

#[test]
fn entries_that_lead_to_one_vnfm_share_its_turns() {
    let (vnfm, address) = Vnfm::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let config =
        format!("upstreams: [{{ url: 'http://{address}' }}, {{ url: 'http://{address}', host: other.example }}]");
    std::fs::write(&file, config).expect("it is written");
    let gate = Serving::start(&["--log", "off", "--config", file.to_str().expect("UTF-8")]);
    for round in 0..10 {
        let instance = format!("i{round:02}");
        let answers = std::thread::scope(|threads| {
            let (gate, instance) = (gate.address, &instance);
            let asking =
                ["vnfm.example", "other.example"].map(|host| threads.spawn(move || terminate_at(gate, host, instance)));
            let mut answers = asking.map(|thread| thread.join().expect("an answer"));
            answers.sort_unstable();
            answers
        });
        assert_eq!(answers, [202, 409], "round {round}");
    }
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 10);
}
