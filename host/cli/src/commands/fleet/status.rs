//! What gates say at `/status`.

use std::collections::BTreeMap;

use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use solgate_registry::Client;

/// Bytes of what one gate says.
const LARGEST: u64 = 4 << 20;
/// Gates that are asked at the same time.
const AT_ONCE: usize = 32;

/// A gate, and what it says.
pub struct Gate {
    /// Host and port.
    pub name: String,
    pub url: Uri,
    /// What it says, as it was read and as it is understood; or why it says nothing.
    pub status: Result<(Value, Status), String>,
}

/// What a gate says of itself, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub version: String,
    pub gates: Vec<Judging>,
    #[serde(default)]
    pub sources: Vec<Source>,
    #[serde(default)]
    pub compared: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Judging {
    pub upstream: String,
    pub role: String,
    pub mode: String,
    pub since: String,
    pub policies: Vec<Policy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    pub name: String,
    pub version: String,
    pub digest: String,
    #[serde(default)]
    pub component: Option<String>,
    #[serde(default)]
    pub source: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    pub source: String,
    #[serde(default)]
    pub away: Option<Away>,
    #[serde(default)]
    pub refused: Option<Refused>,
}

#[derive(Debug, Deserialize)]
pub struct Away {
    pub since: String,
    pub reason: String,
}

#[derive(Debug, Deserialize)]
pub struct Refused {
    pub digest: String,
    pub at: String,
    pub reason: String,
}

impl Policy {
    /// The digest of what was loaded: of its file, if it has one.
    pub fn loaded(&self) -> &str {
        self.component.as_deref().unwrap_or(&self.digest)
    }
}

impl Gate {
    pub fn json(&self) -> Value {
        match &self.status {
            Ok((said, _)) => json!({"url": self.url.to_string(), "status": said}),
            Err(error) => json!({"url": self.url.to_string(), "error": error}),
        }
    }
}

/// Asks all gates, in their order.
pub async fn ask(client: &Client, urls: &[Uri]) -> Vec<Gate> {
    let mut gates = Vec::with_capacity(urls.len());
    for some in urls.chunks(AT_ONCE) {
        let mut asked = Vec::new();
        for url in some {
            let (client, url) = (client.clone(), url.clone());
            asked.push((url.clone(), tokio::spawn(async move { one(&client, &url).await })));
        }
        for (url, answer) in asked {
            let status = answer.await.unwrap_or_else(|error| Err(error.to_string()));
            let name = url.authority().map(ToString::to_string).unwrap_or_default();
            gates.push(Gate { name, url, status });
        }
    }
    gates
}

async fn one(client: &Client, url: &Uri) -> Result<(Value, Status), String> {
    let path = url.path().trim_end_matches('/');
    let path = if path.ends_with("/status") { path.to_owned() } else { format!("{path}/status") };
    let (scheme, authority) = (url.scheme_str().unwrap_or_default(), url.authority().map(ToString::to_string));
    let full = format!("{scheme}://{}{path}", authority.unwrap_or_default()).parse::<Uri>();
    let full = full.map_err(|error| error.to_string())?;
    let bytes = client.fetch(&full, LARGEST).await.map_err(|error| error.to_string())?;
    let said: Value = serde_json::from_slice(&bytes).map_err(|error| format!("{full} is not JSON: {error}"))?;
    let status = Status::deserialize(&said).map_err(|error| format!("{full} is not the status of a gate: {error}"))?;
    Ok((said, status))
}
