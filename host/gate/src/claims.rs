//! Who is calling, by the claims of a token that somebody has verified.

use serde_json::{Map, Value};

use crate::request::Caller;

/// The claims that [`caller_of`] reads.
pub const CALLER: [&str; 7] = ["sub", "tenant", "tenant_id", "roles", "realm_access", "scope", "scp"];

/// The caller by the claims of a verified token (RFC 7519, 8693 and 9068); `scp`,
/// `tenant_id` and `realm_access` are what widespread issuers write instead.
#[must_use]
pub fn caller_of(claims: &Map<String, Value>) -> Caller {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let roles = match texts(claims.get("roles")) {
        roles if roles.is_empty() => texts(claims.get("realm_access").and_then(|access| access.get("roles"))),
        roles => roles,
    };
    let scopes = match texts(claims.get("scope")) {
        scopes if scopes.is_empty() => texts(claims.get("scp")),
        scopes => scopes,
    };
    Caller {
        subject: text("sub"),
        tenant: text("tenant").or_else(|| text("tenant_id")),
        roles,
        scopes: scopes.iter().flat_map(|scope| scope.split_whitespace()).map(str::to_owned).collect(),
        ..Caller::default()
    }
}

/// A list of texts, or one text alone.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}
