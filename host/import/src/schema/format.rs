//! Formats, as people write them.

use serde_json::{Value as Json, json};

/// What becomes of a format.
pub(super) enum Mapped {
    /// The engine knows it, or knows that there is nothing to check.
    Same,
    /// It is called otherwise.
    Named(&'static str),
    /// Keywords that say the same.
    Written(&'static str, Json),
    Unknown,
}

const MAC: &str = "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$";

/// Formats of OpenAPI that say how a value is stored or shown.
const SILENT: [&str; 7] = ["binary", "byte", "double", "float", "int32", "int64", "password"];

/// `text` is what the schema says of its values.
pub(super) fn mapped(format: &str, text: &str) -> Mapped {
    if solgate_engine::FORMATS.contains(&format) || SILENT.contains(&format) {
        return Mapped::Same;
    }
    let folded: String = format.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let text = text.to_ascii_lowercase();
    match folded.as_str() {
        "uri" | "url"
            if text.contains("relative") || text.contains("uri reference") || text.contains("uri-reference") =>
        {
            Mapped::Named("uri-reference")
        }
        "uri" | "url" => Mapped::Named("uri"),
        "urireference" | "uriref" => Mapped::Named("uri-reference"),
        "datetime" | "timestamp" | "rfc3339" => Mapped::Named("date-time"),
        "date" => Mapped::Named("date"),
        "time" => Mapped::Named("time"),
        "duration" => Mapped::Named("duration"),
        "uuid" | "guid" => Mapped::Named("uuid"),
        "email" => Mapped::Named("email"),
        "hostname" | "fqdn" => Mapped::Named("hostname"),
        "ipv4" | "ipv4address" => Mapped::Named("ipv4"),
        "ipv6" | "ipv6address" => Mapped::Named("ipv6"),
        "ip" | "ipaddress" | "ipaddr" => Mapped::Written("anyOf", json!([{ "format": "ipv4" }, { "format": "ipv6" }])),
        "mac" | "macaddress" | "macaddr" => Mapped::Written("pattern", json!(MAC)),
        _ => Mapped::Unknown,
    }
}
