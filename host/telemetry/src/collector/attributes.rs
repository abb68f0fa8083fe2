//! What a request's line says, as attributes: of its span, and of the log records about it.
//! They have the names of OpenTelemetry's semantic conventions for HTTP, and `solgate.`
//! ones beside them.

use opentelemetry::KeyValue;

use crate::line::RequestLine;

/// All that the line of a request says so far.
pub fn of_line(line: &RequestLine) -> Vec<KeyValue> {
    let (_, mut attributes) = method(&line.method);
    attributes.push(KeyValue::new("url.path", line.path.clone()));
    if let Some(peer) = line.peer {
        attributes.push(KeyValue::new("client.address", peer.to_canonical().to_string()));
    }
    attributes.push(KeyValue::new("solgate.request", line.id.clone()));
    attributes.push(KeyValue::new("solgate.verdict", line.verdict.as_str()));
    let texts = [
        ("solgate.api", line.api.as_deref()),
        ("solgate.operation", line.operation.as_deref()),
        ("solgate.resource", line.resource.as_deref()),
        ("solgate.rule", line.rule.as_deref()),
    ];
    for (name, text) in texts {
        attributes.extend(text.map(|text| KeyValue::new(name, text.to_owned())));
    }
    if let Some(code) = line.status {
        status(&mut attributes, code, code >= 500);
    }
    attributes
}

/// Adds the status of an answer.
pub fn status(attributes: &mut Vec<KeyValue>, status: u16, is_error: bool) {
    attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
    if is_error {
        attributes.push(KeyValue::new("error.type", status.to_string()));
    }
}

/// A method's name for spans, and its attributes. Names are few, whatever clients send.
pub fn method(method: &str) -> (&str, Vec<KeyValue>) {
    const KNOWN: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    if KNOWN.contains(&method) {
        return (method, vec![KeyValue::new("http.request.method", method.to_owned())]);
    }
    let mut attributes = vec![KeyValue::new("http.request.method", "_OTHER")];
    if !method.is_empty() {
        attributes.push(KeyValue::new("http.request.method_original", method.to_owned()));
    }
    ("HTTP", attributes)
}
