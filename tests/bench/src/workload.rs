//! The requests that are judged over and over.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use solgate::gate::{Decision, Gate};
use solgate::policy::{EvaluateError, Policy};
use solgate_engine::verdict::{self, Context, Outcome};

/// 2023-11-14, 22:13:20 UTC: any instant does.
const RECEIVED: u64 = 1_700_000_000_000;
const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";

/// The fields that a client usually sends to a VNFM.
const FIELDS: [(&str, &str); 5] = [
    ("accept", "application/json"),
    ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG"),
    ("content-type", "application/json"),
    ("user-agent", "nfvo/5.1"),
    ("version", "2.0.0"),
];

/// One request, and the state of the VNFM.
#[derive(Debug, Clone)]
pub struct Workload {
    pub name: &'static str,
    pub target: String,
    pub body: Vec<u8>,
    /// Whether it passes.
    pub allowed: bool,
    /// What the VNFM answers, by the name of the fact.
    facts: Vec<(&'static str, Bytes)>,
    /// What the gate sets.
    settings: Vec<verdict::Setting>,
}

/// POST of 107 bytes to terminate; it passes.
#[must_use]
pub fn terminate() -> Workload {
    let body = r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":120,"additionalParams":{"reason":"maintenance1"}}"#;
    let facts = instance_in("INSTANTIATED");
    Workload {
        name: "terminate",
        target: task("terminate"),
        body: body.into(),
        allowed: true,
        facts,
        settings: Vec::new(),
    }
}

/// The same with a terminationType that does not exist: it is denied without a fact.
#[must_use]
pub fn denied() -> Workload {
    let body = br#"{"terminationType":"GENTLE"}"#.into();
    Workload { name: "denied terminate", body, allowed: false, ..terminate() }
}

/// Terminate behind a gate with a setting, as most gates have one.
#[must_use]
pub fn terminate_with_settings() -> Workload {
    let versions = serde_json::json!(["2.0.0", "2.1.0 - 2.3.0"]);
    let settings = vec![verdict::Setting::Option { name: "supportedVersions".to_owned(), value: versions }];
    Workload { name: "terminate with settings", settings, ..terminate() }
}

/// POST without body to retry; it passes.
#[must_use]
pub fn retry() -> Workload {
    let occurrence =
        format!(r#"{{"id":"{ID}","vnfInstanceId":"{ID}","operation":"SCALE","operationState":"FAILED_TEMP"}}"#);
    Workload {
        name: "retry",
        target: format!("/vnflcm/v2/vnf_lcm_op_occs/{ID}/retry"),
        body: Vec::new(),
        allowed: true,
        facts: vec![("opOcc", occurrence.into()), ("openOps", Bytes::from_static(b"[]"))],
        settings: Vec::new(),
    }
}

/// POST to subscriptions, which needs no facts; it passes.
#[must_use]
pub fn subscribe() -> Workload {
    Workload {
        name: "subscribe",
        target: "/vnflcm/v2/subscriptions".to_owned(),
        body: br#"{"callbackUri":"https://oss.example.com/notifications/vnf-lcm"}"#.into(),
        allowed: true,
        facts: Vec::new(),
        settings: Vec::new(),
    }
}

/// POST of about `kib` KiB to instantiate, nearly all of it members that no schema
/// declares: parameters of the VNF's own. It passes.
#[must_use]
pub fn instantiate(kib: usize) -> Workload {
    let entry = |number| format!(r#"{{"name":"value {number} of the list","count":{number},"on":true}}"#);
    instantiate_with(filled(r#"{"flavourId":"default","additionalParams":{"list":["#, entry, "]}}", kib * 1024))
}

/// The same with members that the schema declares: external virtual links.
#[must_use]
pub fn instantiate_declared(kib: usize) -> Workload {
    let entry = |number| {
        format!(
            r#"{{"id":"link-{number}","resourceId":"network-{number}","extCps":[{{"cpdId":"point-{number}","cpConfig":{{"one":{{"cpProtocolData":[{{"layerProtocol":"IP_OVER_ETHERNET","ipOverEthernet":{{"macAddress":"fa:16:3e:00:00:01","ipAddresses":[{{"type":"IPV4","fixedAddresses":["192.0.2.1"]}}]}}}}]}}}}}}]}}"#
        )
    };
    instantiate_with(filled(r#"{"flavourId":"default","extVirtualLinks":["#, entry, "]}", kib * 1024))
}

fn instantiate_with(body: String) -> Workload {
    let facts = instance_in("NOT_INSTANTIATED");
    Workload {
        name: "instantiate",
        target: task("instantiate"),
        body: body.into(),
        allowed: true,
        facts,
        settings: Vec::new(),
    }
}

/// As many entries as fit into so many bytes.
fn filled(start: &str, entry: impl Fn(usize) -> String, end: &str, bytes: usize) -> String {
    let mut text = start.to_owned();
    for number in 0.. {
        let entry = entry(number);
        if text.len() + entry.len() + end.len() > bytes {
            break;
        }
        if number > 0 {
            text.push(',');
        }
        text.push_str(&entry);
    }
    text + end
}

/// What the policy of `tests/hostile` answers by asking for ever more memory.
#[must_use]
pub fn hoarding() -> Workload {
    let target = "/hostile/memory".to_owned();
    Workload { name: "hoarding", target, body: Vec::new(), allowed: false, facts: Vec::new(), settings: Vec::new() }
}

/// An instance with nothing going on.
fn instance_in(state: &str) -> Vec<(&'static str, Bytes)> {
    let instance = format!(r#"{{"id":"{ID}","instantiationState":"{state}"}}"#);
    vec![("vnfInstance", instance.into()), ("openOps", Bytes::from_static(b"[]"))]
}

fn task(name: &str) -> String {
    format!("/vnflcm/v2/vnf_instances/{ID}/{name}")
}

/// A workload as one policy gets it.
pub struct Prepared<'a> {
    work: &'a Workload,
    policy: &'a Policy,
    /// Those that the policy's manifest names, as from the gate.
    fields: Vec<(&'a str, &'a str)>,
    facts: Vec<(&'a str, verdict::FactAnswer<&'a [u8]>)>,
}

impl Workload {
    /// For calls of `policy`.
    #[must_use]
    pub fn prepare<'a>(&'a self, policy: &'a Policy) -> Prepared<'a> {
        let wanted = &policy.manifest().fields;
        Prepared {
            work: self,
            policy,
            fields: FIELDS.into_iter().filter(|(name, _)| wanted.iter().any(|field| field == name)).collect(),
            facts: self
                .facts
                .iter()
                .map(|(name, body)| (*name, verdict::FactAnswer::Found { etag: None, body: body.as_ref() }))
                .collect(),
        }
    }

    /// Refuses another outcome than the one that is meant: what is measured is what it
    /// says.
    ///
    /// # Errors
    /// If it is another one.
    pub fn check(&self, what: &str, outcome: &Outcome) -> anyhow::Result<()> {
        match (self.allowed, outcome) {
            (true, Outcome::Allow(_)) | (false, Outcome::Deny(_)) => Ok(()),
            _ => anyhow::bail!("{what} has another outcome than the one to be measured: {outcome:?}"),
        }
    }

    /// For a gate: with all its fields.
    ///
    /// # Panics
    /// If a field is malformed.
    #[must_use]
    pub fn request(&self) -> solgate::Request {
        let received_at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(RECEIVED);
        solgate::Request { received_at, ..solgate_tests::request("POST", &self.target, &FIELDS, &self.body) }
    }

    /// The VNFM, which answers at once.
    #[must_use]
    pub fn vnfm(&self) -> Ready {
        Ready { facts: self.facts.clone() }
    }
}

impl Prepared<'_> {
    /// One evaluation with the facts that the verdict needs.
    ///
    /// # Errors
    /// If there is no verdict.
    pub fn with_facts(&self) -> Result<Outcome, EvaluateError> {
        self.evaluate(&self.facts)
    }

    /// One evaluation without facts: most policies then say which they need.
    ///
    /// # Errors
    /// If there is no verdict.
    pub fn without_facts(&self) -> Result<Outcome, EvaluateError> {
        self.evaluate(&[])
    }

    /// The request, as the policy gets it.
    #[must_use]
    pub fn request(&self) -> verdict::Request<'_> {
        verdict::Request {
            method: "POST",
            target: &self.work.target,
            fields: &self.fields,
            body: &self.work.body,
            body_complete: true,
        }
    }

    /// Everything else, with the facts that the verdict needs.
    #[must_use]
    pub fn context(&self) -> Context<'_> {
        Context { received_at: RECEIVED, facts: &self.facts, settings: &self.work.settings, ..Context::default() }
    }

    fn evaluate(&self, facts: &[(&str, verdict::FactAnswer<&[u8]>)]) -> Result<Outcome, EvaluateError> {
        self.policy.evaluate(&self.request(), &Context { facts, ..self.context() })
    }
}

/// Facts that are at hand, so that a gate is timed without a network.
pub struct Ready {
    facts: Vec<(&'static str, Bytes)>,
}

impl FactSource for Ready {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        let found = self.facts.iter().find(|(name, _)| *name == request.template.name);
        let answer = match found {
            Some((_, body)) => FactAnswer::Found { etag: None, body: body.clone() },
            None => FactAnswer::Unavailable("the workload does not have it".to_owned()),
        };
        Box::pin(std::future::ready(Fact::fetched(answer)))
    }
}

/// Judges a request whose facts are at hand: without a runtime, whose cost is none of
/// the gate's.
///
/// # Panics
/// If the gate waits for anything.
#[must_use]
pub fn judge(gate: &Gate, request: &solgate::Request) -> Decision {
    gate.judge(request).now_or_never().expect("the facts are at hand")
}
