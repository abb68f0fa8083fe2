//! Who sent a request, as far as Envoy has verified it.

use envoy_types::pb::envoy::config::core::v3::address::Address;
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::Peer;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{Struct, Value};
use rustls::pki_types::CertificateDer;
use serde_json::Map;
use solgate::claims::{CALLER, caller_of};
use solgate::request::Caller;
use solgate_access::tls::thumbprint;
use solgate_access::tokens::Possession;
use solgate_certificates::{from_envoy, names};
use solgate_gateway::hops::address;

/// The filter that verifies tokens, and under whose name it leaves their payload.
const JWT_AUTHN: &str = "envoy.filters.http.jwt_authn";

/// The caller: claims of the token whose payload Envoy keeps as `jwt_payload`, the
/// names in the client's certificate, and the client's address.
#[must_use]
pub fn caller(attributes: &AttributeContext, jwt_payload: &str) -> Caller {
    let mut caller = payload(attributes, jwt_payload).map(|claims| caller_of(&read(claims))).unwrap_or_default();
    if let Some(source) = &attributes.source {
        caller.certificate_names = certificate_names(source);
        caller.source_address = match source.address.as_ref().and_then(|address| address.address.as_ref()) {
            // Another address than the client's is none: rules would let that machine do more.
            Some(Address::SocketAddress(socket)) => address(&socket.address).map(|address| address.to_string()),
            _ => None,
        };
    }
    caller
}

/// Whether Envoy says from which address the client's request came; a client on a Unix
/// socket has none.
#[must_use]
pub fn has_address(source: &Peer) -> bool {
    matches!(source.address.as_ref().and_then(|address| address.address.as_ref()), Some(Address::SocketAddress(_)))
}

/// What Envoy hands on of the client's certificate, which it has verified.
#[must_use]
pub fn possession(source: Option<&Peer>) -> Possession {
    let shown = source.filter(|source| !source.principal.is_empty()).and_then(certificate);
    shown.map_or(Possession::Unseen, |certificate| Possession::Certificate(thumbprint(&certificate)))
}

/// All names if Envoy hands on the certificate, else the first, which is its principal.
/// Without a principal it has verified none.
fn certificate_names(source: &Peer) -> Vec<String> {
    if source.principal.is_empty() {
        return Vec::new();
    }
    let all = certificate(source).and_then(|certificate| names(&certificate));
    all.filter(|names| names.contains(&source.principal)).unwrap_or_else(|| vec![source.principal.clone()])
}

fn certificate(source: &Peer) -> Option<CertificateDer<'static>> {
    from_envoy(&source.certificate).map(CertificateDer::from)
}

fn payload<'a>(attributes: &'a AttributeContext, name: &str) -> Option<&'a Struct> {
    match attributes.metadata_context.as_ref()?.filter_metadata.get(JWT_AUTHN)?.fields.get(name)?.kind.as_ref()? {
        Kind::StructValue(payload) => Some(payload),
        _ => None,
    }
}

/// The claims that say who is calling, as JSON, which they were at first.
fn read(claims: &Struct) -> Map<String, serde_json::Value> {
    let known = claims.fields.iter().filter(|(name, _)| CALLER.contains(&name.as_str()));
    known.map(|(name, value)| (name.clone(), json(value))).collect()
}

fn json(value: &Value) -> serde_json::Value {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(truth)) => (*truth).into(),
        Some(Kind::NumberValue(number)) => (*number).into(),
        Some(Kind::StringValue(text)) => text.as_str().into(),
        Some(Kind::ListValue(list)) => list.values.iter().map(json).collect(),
        Some(Kind::StructValue(object)) => {
            object.fields.iter().map(|(name, member)| (name.clone(), json(member))).collect()
        }
    }
}
