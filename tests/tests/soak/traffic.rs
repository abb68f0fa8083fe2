//! Requests of which is known what they must be answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use solgate_tests::kept::Kept;
use solgate_tests::vnfm::Answer;

use super::vnfm::FaultyVnfm;

const HEAD: &str = "Version: 2.0.0\r\nAccept: application/json\r\nContent-Type: application/json\r\n";

/// A kind of request; `ID` stands for an id of its own, which each request has.
pub struct Kind {
    pub name: &'static str,
    method: &'static str,
    path: &'static str,
    fields: &'static str,
    body: &'static str,
    status: u16,
    /// One of them denies it; empty if it is answered by the VNFM.
    rules: &'static [&'static str],
    /// How often it reaches the VNFM, if it is a change.
    arrives: usize,
    /// One in so many rounds: those that keep a client waiting are rare.
    every: usize,
}

const TERMINATE: &str = r#"{"terminationType":"FORCEFUL"}"#;

const fn terminate(name: &'static str, path: &'static str, body: &'static str, status: u16) -> Kind {
    Kind { name, method: "POST", path, fields: HEAD, body, status, rules: &[], arrives: 0, every: 1 }
}

pub const KINDS: &[Kind] = &[
    Kind { method: "GET", ..terminate("read", "vnf_instances/ready-ID", "", 200) },
    Kind { arrives: 1, ..terminate("terminated", "vnf_instances/ready-ID/terminate", TERMINATE, 202) },
    Kind { arrives: 1, ..terminate("retried", "vnf_lcm_op_occs/failed-ID/retry", "", 202) },
    Kind {
        // By one policy, and by the other.
        rules: &["terminate.type.enum", "terminate.type.kind"],
        ..terminate("of a wrong type", "vnf_instances/ready-ID/terminate", r#"{"terminationType":"GENTLE"}"#, 400)
    },
    Kind {
        fields: "Accept: application/json\r\nContent-Type: application/json\r\n",
        rules: &["header.version.required"],
        ..terminate("without version", "vnf_instances/ready-ID/terminate", TERMINATE, 400)
    },
    Kind {
        rules: &["body.json.duplicate-key"],
        ..terminate(
            "of two minds",
            "vnf_instances/ready-ID/terminate",
            r#"{"terminationType":"FORCEFUL","terminationType":"GRACEFUL"}"#,
            400,
        )
    },
    Kind {
        rules: &["terminate.state.instantiated"],
        ..terminate("too early", "vnf_instances/fresh-ID/terminate", TERMINATE, 409)
    },
    Kind {
        rules: &["resource.vnf-instance.exists"],
        ..terminate("for nothing", "vnf_instances/absent-ID/terminate", TERMINATE, 404)
    },
    Kind {
        rules: &["retry.state.failed-temp"],
        ..terminate("retried after its end", "vnf_lcm_op_occs/done-ID/retry", "", 409)
    },
    Kind {
        rules: &["gate.fact-unavailable"],
        ..terminate("about nonsense", "vnf_instances/nonsense-ID/terminate", TERMINATE, 503)
    },
    Kind {
        rules: &["gate.fact-unavailable"],
        ..terminate("about what breaks off", "vnf_instances/cut-ID/terminate", TERMINATE, 503)
    },
    Kind {
        rules: &["gate.fact-unavailable"],
        every: 200,
        ..terminate("about what is mute", "vnf_instances/mute-ID/terminate", TERMINATE, 503)
    },
    Kind {
        rules: &["upstream.broken"],
        arrives: 1,
        ..terminate("broken off", "vnf_instances/broken-ID/terminate", TERMINATE, 502)
    },
    Kind {
        rules: &["upstream.timeout"],
        arrives: 1,
        every: 200,
        ..terminate("never answered", "vnf_instances/late-ID/terminate", TERMINATE, 504)
    },
];

impl Kind {
    /// The request's bytes, and the id of the resource that it is about.
    fn request(&self, number: usize) -> (Vec<u8>, String) {
        let path = self.path.replace("ID", &number.to_string());
        let id = path.split('/').nth(1).unwrap_or_default().to_owned();
        let Self { method, fields, body, .. } = self;
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let request = format!("{method} /vnflcm/v2/{path} HTTP/1.1\r\nHost: h\r\n{fields}{length}\r\n{body}");
        (request.into_bytes(), id)
    }

    /// What is wrong with an answer, if anything is.
    fn mistake(&self, answer: &Answer, id: &str) -> Option<String> {
        if answer.status != self.status {
            return Some(format!("status {} instead of {}", answer.status, self.status));
        }
        // Its own answer, not that of another request.
        let body = String::from_utf8_lossy(&answer.body);
        if !answer.fields.iter().any(|(_, value)| value.contains(id)) && !body.contains(id) {
            return Some("the answer is not its own".to_owned());
        }
        if self.rules.is_empty() {
            return None;
        }
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let rule = problem["violations"][0]["rule"].as_str().unwrap_or_default();
        (!self.rules.contains(&rule)).then(|| format!("{rule} instead of {:?}", self.rules))
    }
}

/// What all clients have seen.
#[derive(Default)]
pub struct Traffic {
    number: AtomicUsize,
    answers: Mutex<BTreeMap<&'static str, usize>>,
    wrong: Mutex<BTreeMap<&'static str, String>>,
}

impl Traffic {
    /// Sends requests of all kinds over kept connections until told to stop.
    pub fn run(&self, gate: SocketAddr, vnfm: &FaultyVnfm, stop: &AtomicBool) {
        let mut client = Kept::new(gate);
        for round in 0.. {
            for kind in KINDS.iter().filter(|kind| round % kind.every == 0) {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (request, id) = kind.request(self.number.fetch_add(1, Ordering::Relaxed));
                let mistake = match client.send(&request) {
                    Ok(answer) => kind.mistake(&answer, &id).map(|mistake| format!("{mistake}: {answer:?}")),
                    Err(error) => Some(format!("no answer: {error}")),
                };
                let mistake = mistake.or_else(|| {
                    let arrived = vnfm.arrivals(&id);
                    (arrived != kind.arrives).then(|| format!("arrived {arrived} times"))
                });
                if let Some(mistake) = mistake {
                    let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
                    wrong.entry(kind.name).or_insert_with(|| format!("{id}: {mistake}"));
                }
                *self.answers.lock().unwrap_or_else(PoisonError::into_inner).entry(kind.name).or_default() += 1;
            }
        }
    }

    pub fn answers(&self) -> usize {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    pub fn count(&self, kind: &str) -> usize {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(kind).copied().unwrap_or(0)
    }

    /// The first mistake of each kind.
    pub fn wrong(&self) -> BTreeMap<&'static str, String> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
