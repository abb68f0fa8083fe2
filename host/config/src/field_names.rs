//! Header fields that the configuration may name, and those that mean something else already.

use http::HeaderName;
use solgate::ambiguity;

/// What [`parse_credential_field`] takes.
pub const CREDENTIAL_FIELD: &str =
    "the name of a header field that holds credentials, such as X-Auth-Token, and not one that the gate sets itself";

/// A field whose value the gate sends along when it asks for facts.
#[must_use]
pub fn parse_credential_field(text: &str) -> Option<HeaderName> {
    // Of the connection, of the framing, and of a question for a fact.
    const OWN: [&str; 17] = [
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "version",
        "via",
    ];
    text.parse().ok().filter(|name: &HeaderName| !OWN.contains(&name.as_str()))
}

/// What [`parse_caller_field`] takes.
pub const CALLER_FIELD: &str = "the name of a header field that has no meaning of its own, such as X-Caller";

/// A field that the gate can write the caller into.
#[must_use]
pub fn parse_caller_field(text: &str) -> Option<HeaderName> {
    // What `forwarding.clientFields` writes.
    const OF_CLIENTS: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    text.parse().ok().filter(|name: &HeaderName| !ambiguity::decides(name) && !OF_CLIENTS.contains(&name.as_str()))
}
