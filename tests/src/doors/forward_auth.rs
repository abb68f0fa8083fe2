//! `solgate forward-auth`: one process that is asked as a server asks.

use super::asked::{Asked, Said, Sent};
use super::http;
use super::library::Given;
use super::settings::Settings;
use crate::process::Serving;
use crate::vnfm::send;

/// Says what the verdict is.
const VERDICT: &str = "solgate-verdict";

/// The running process.
pub struct ForwardAuth {
    serving: Serving,
    settings: Settings,
}

impl ForwardAuth {
    /// Starts it for these requests.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(asked: &[Asked]) -> Self {
        let settings = Settings::write(asked);
        let serving = Serving::start_door("forward-auth", &["--config", &settings.file()]);
        Self { serving, settings }
    }

    /// What it answers; `None` if the server may forward the request.
    ///
    /// # Panics
    /// If there is no answer, or it is not the gate's.
    #[must_use]
    pub fn judge(&self, asked: &Asked, facts: &[Given]) -> Option<Said> {
        http::script(&self.settings.vnfm, facts);
        let answer = send(self.serving.address, &copy(asked, self.settings.host(asked)));
        let mut said = http::said(&answer, &asked.case.method);
        match said.fields.remove(VERDICT).as_deref() {
            Some("pass") => {
                assert_eq!(said.status, 200, "{} is allowed", asked.label);
                None
            }
            Some("refuse") => {
                assert_ne!(said.status, 200, "{} is denied", asked.label);
                Some(said)
            }
            other => panic!("{}: {other:?} with {}", asked.label, said.status),
        }
    }
}

/// The copy that a server makes of a request when it is configured as the guides
/// say.
fn copy(asked: &Asked, host: &str) -> Vec<u8> {
    let case = &asked.case;
    let mut head = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\
         X-Forwarded-Method: {}\r\nX-Forwarded-Uri: {}\r\n",
        case.body.len(),
        case.method,
        case.target
    );
    let mut named = false;
    let mut framed = false;
    for (name, value) in &case.fields {
        let name = match name.as_str() {
            "host" => {
                named = true;
                "X-Forwarded-Host"
            }
            "content-length" => {
                framed = true;
                "X-Original-Content-Length"
            }
            name => name,
        };
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !named {
        head.push_str(&format!("X-Forwarded-Host: {host}\r\n"));
    }
    if !framed && asked.sent == Sent::WithLength && !case.body.is_empty() {
        head.push_str(&format!("X-Original-Content-Length: {}\r\n", case.body.len()));
    }
    [head.as_bytes(), b"\r\n", &case.body].concat()
}
