//! Requests to paste into a terminal, with what each is answered.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::ids;

/// One request of the tour.
struct Step {
    /// What the gate or the VNFM answers.
    answer: &'static str,
    method: &'static str,
    root: &'static str,
    path: String,
    version: Option<&'static str>,
    body: Option<&'static str>,
}

impl Step {
    fn new(answer: &'static str, method: &'static str, path: impl Into<String>) -> Self {
        Self { answer, method, root: "/vnflcm/v2", path: path.into(), version: Some("2.0.0"), body: None }
    }

    /// Of a network service: the demo is an NFVO as well.
    fn of_nfvo(mut self) -> Self {
        self.root = "/nslcm/v2";
        self
    }

    fn version(mut self, version: Option<&'static str>) -> Self {
        self.version = version;
        self
    }

    fn body(mut self, body: &'static str) -> Self {
        self.body = Some(body);
        self
    }
}

/// The whole text.
#[must_use]
pub fn tour(gate: SocketAddr) -> String {
    let mut text = String::from("A VNFM in memory stands behind the gate. Try (add -i to see the header fields):\n");
    for (title, steps) in groups() {
        let _ = write!(text, "\n# {title}\n");
        for step in steps {
            let _ = write!(text, "\n# {}\ncurl -s", step.answer);
            if step.method != "GET" {
                let _ = write!(text, " -X {}", step.method);
            }
            let _ = write!(text, " http://{gate}{}{} -H 'Accept: application/json'", step.root, step.path);
            if let Some(version) = step.version {
                let _ = write!(text, " -H 'Version: {version}'");
            }
            if let Some(body) = step.body {
                let _ = write!(text, " -H 'Content-Type: application/json' -d '{body}'");
            }
            text.push('\n');
        }
    }
    text.push('\n');
    text
}

fn groups() -> [(&'static str, Vec<Step>); 4] {
    let terminate = |id: &str| format!("/vnf_instances/{id}/terminate");
    let retry = |id: &str| format!("/vnf_lcm_op_occs/{id}/retry");
    let rollback = |id: &str| format!("/vnf_lcm_op_occs/{id}/rollback");
    let instance = |id: &str| format!("/vnf_instances/{id}");
    let service = |task: &str| format!("/ns_instances/{}/{task}", ids::INSTANTIATED);
    let forceful = r#"{"terminationType":"FORCEFUL"}"#;
    [
        (
            "Wrong in itself: refused without asking the VNFM",
            vec![
                Step::new("400: terminationType is not FORCEFUL or GRACEFUL", "POST", terminate(ids::INSTANTIATED))
                    .body(r#"{"terminationType":"GENTLE"}"#),
                Step::new("400: no Version field", "POST", terminate(ids::INSTANTIATED)).version(None).body(forceful),
                Step::new("406: a Version that is not supported", "POST", terminate(ids::INSTANTIATED))
                    .version(Some("1.0.0"))
                    .body(forceful),
                Step::new("400: the same member twice", "POST", terminate(ids::INSTANTIATED))
                    .body(r#"{"terminationType":"GRACEFUL","terminationType":"FORCEFUL"}"#),
                Step::new("400: no callbackUri", "POST", "/subscriptions").body("{}"),
                Step::new("405, with Allow", "PUT", "/subscriptions").body("{}"),
            ],
        ),
        (
            "Wrong now: refused because of the state that the VNFM reports",
            vec![
                Step::new("409: retry of an operation that is COMPLETED", "POST", retry(ids::COMPLETED)),
                Step::new(
                    "409: terminate of an instance that is NOT_INSTANTIATED",
                    "POST",
                    terminate(ids::NOT_INSTANTIATED),
                )
                .body(forceful),
                Step::new("409: another operation is in PROCESSING", "POST", terminate(ids::BUSY)).body(forceful),
                Step::new("409: deletion of an instance that is INSTANTIATED", "DELETE", instance(ids::INSTANTIATED)),
                Step::new(
                    "404: an operation that does not exist",
                    "POST",
                    rollback("b0000000-0000-4000-8000-00000000ffff"),
                ),
            ],
        ),
        (
            "Right: passed on, and answered by the VNFM",
            vec![
                Step::new("200", "GET", instance(ids::INSTANTIATED)),
                Step::new("202, with the Location of the operation", "POST", terminate(ids::INSTANTIATED))
                    .body(forceful),
                Step::new("202", "POST", retry(ids::FAILED_TEMP)),
                Step::new("201, with Location", "POST", "/subscriptions")
                    .body(r#"{"callbackUri":"http://127.0.0.1:9999/notifications"}"#),
                Step::new("303, with the Location of the equal subscription", "POST", "/subscriptions")
                    .body(r#"{"callbackUri":"http://nfvo.example/notifications"}"#),
                Step::new("204", "DELETE", instance(ids::NOT_INSTANTIATED)),
            ],
        ),
        (
            "Network services, which the demo has as well",
            vec![
                Step::new("400: the data of one kind of scaling, and the name of the other", "POST", service("scale"))
                    .body(r#"{"scaleType":"SCALE_NS","scaleVnfData":[]}"#),
                Step::new("409: the network service is instantiated already", "POST", service("instantiate"))
                    .body(r#"{"nsFlavourId":"default"}"#),
                Step::new("202", "POST", service("terminate")).body("{}"),
            ]
            .into_iter()
            .map(Step::of_nfvo)
            .collect(),
        ),
    ]
}
