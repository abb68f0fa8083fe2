//! Whom a request comes from, as far as Envoy has verified it.

use envoy_types::pb::envoy::config::core::v3::address::Address;
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{Struct, Value};

use crate::request::Caller;

/// The filter that verifies tokens, and under whose name it leaves their payload.
const JWT_AUTHN: &str = "envoy.filters.http.jwt_authn";

/// The caller: claims of the token whose payload Envoy keeps as `jwt_payload`, the
/// name in the client's certificate, and the client's address.
#[must_use]
pub fn caller(attributes: &AttributeContext, jwt_payload: &str) -> Caller {
    let mut caller = payload(attributes, jwt_payload).map(from_claims).unwrap_or_default();
    if let Some(source) = &attributes.source {
        if !source.principal.is_empty() {
            caller.certificate_names.push(source.principal.clone());
        }
        caller.source_address = match source.address.as_ref().and_then(|address| address.address.as_ref()) {
            Some(Address::SocketAddress(socket)) => Some(socket.address.clone()),
            _ => None,
        };
    }
    caller
}

fn payload<'a>(attributes: &'a AttributeContext, name: &str) -> Option<&'a Struct> {
    structure(attributes.metadata_context.as_ref()?.filter_metadata.get(JWT_AUTHN)?, name)
}

/// The claims of RFC 7519, 8693 and 9068; `scp`, `tenant_id` and `realm_access` are
/// what widespread issuers write instead.
fn from_claims(claims: &Struct) -> Caller {
    let roles = match texts(claims, "roles") {
        roles if roles.is_empty() => {
            structure(claims, "realm_access").map(|access| texts(access, "roles")).unwrap_or_default()
        }
        roles => roles,
    };
    let scopes = match texts(claims, "scope") {
        scopes if scopes.is_empty() => texts(claims, "scp"),
        scopes => scopes,
    };
    Caller {
        subject: text(claims, "sub"),
        tenant: text(claims, "tenant").or_else(|| text(claims, "tenant_id")),
        roles,
        scopes: scopes.iter().flat_map(|scope| scope.split_whitespace()).map(str::to_owned).collect(),
        ..Caller::default()
    }
}

fn structure<'a>(parent: &'a Struct, name: &str) -> Option<&'a Struct> {
    match parent.fields.get(name)?.kind.as_ref()? {
        Kind::StructValue(child) => Some(child),
        _ => None,
    }
}

fn text(parent: &Struct, name: &str) -> Option<String> {
    parent.fields.get(name).and_then(as_text).map(str::to_owned)
}

/// A list of texts, or one text alone.
fn texts(parent: &Struct, name: &str) -> Vec<String> {
    let values = match parent.fields.get(name).and_then(|value| value.kind.as_ref()) {
        Some(Kind::ListValue(list)) => list.values.iter().filter_map(as_text).collect(),
        Some(Kind::StringValue(text)) => vec![text.as_str()],
        _ => Vec::new(),
    };
    values.into_iter().map(str::to_owned).collect()
}

fn as_text(value: &Value) -> Option<&str> {
    match value.kind.as_ref()? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}
