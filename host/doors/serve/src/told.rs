//! What requests say of their client in fields that VNFMs may believe.
//!
//! These are words of servers: what a client itself writes there is removed before anybody
//! reads it. What a trusted hop writes stays, or is written anew by the gate.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST};
use http::{HeaderMap, HeaderName, HeaderValue};
use solgate::request::Caller;
use solgate_config::ForwardingConfig;
use solgate_gateway::hops::FORWARDED_FOR;

/// Fields by which servers tell others of clients and their certificates, and by what name
/// and path they were asked.
const FIELDS: [&str; 6] =
    ["forwarded", "x-real-ip", "x-remote-user", "remote-user", "client-cert", "client-cert-chain"];
const PREFIXES: [&str; 3] = ["x-forwarded-", "ssl-client-", "x-ssl-client-"];

const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// Who sends a request, as far as the gate knows.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    /// Of the client, which may be behind others.
    pub client: Option<IpAddr>,
    /// The server in front of the gate is believed.
    pub trusted: bool,
    /// It came by TLS.
    pub secure: bool,
}

/// Removes what nobody says who is believed. The field that names the caller is the gate's
/// alone.
pub fn clean(headers: &mut HeaderMap, sender: Sender, forwarding: &ForwardingConfig) {
    let own = forwarding.caller_field.as_ref();
    let told = |name: &str| !sender.trusted && is_of_servers(name) || own.is_some_and(|own| same(name, own.as_str()));
    // Almost no request has any.
    while let Some(name) = headers.keys().find(|name| told(name.as_str())).cloned() {
        headers.remove(name);
    }
}

/// Says who the client and the caller are, where the configuration asks for it. What a
/// trusted hop has said of scheme and host holds; of the addresses only the client's is
/// repeated, so that it is the same whichever of several a VNFM takes.
/// `prefix` is what was taken off the path.
pub fn tell(
    headers: &mut HeaderMap,
    sender: Sender,
    caller: Option<&Caller>,
    prefix: &str,
    forwarding: &ForwardingConfig,
) {
    if forwarding.client_fields {
        client_fields(headers, sender);
        if !prefix.is_empty() {
            // A server in front may have taken something off before.
            let before = single(headers, &FORWARDED_PREFIX);
            let before = before.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
            let whole = HeaderValue::try_from(format!("{}{prefix}", before.trim_end_matches('/')));
            set(headers, FORWARDED_PREFIX, whole.ok());
        }
    }
    if let Some(field) = &forwarding.caller_field {
        let name = caller.and_then(|caller| caller.subject.as_ref().or(caller.certificate_names.first()));
        if let Some(name) = name.and_then(|name| HeaderValue::from_str(name).ok()) {
            headers.insert(field, name);
        }
    }
}

/// Scheme and host by which the client has asked; servers in front that are believed may have
/// said them.
pub fn asked_as(headers: &HeaderMap, sender: Sender) -> (HeaderValue, Option<HeaderValue>) {
    let own = HeaderValue::from_static(if sender.secure { "https" } else { "http" });
    let proto = single(headers, &PROTO).filter(|proto| *proto == "http" || *proto == "https").unwrap_or(own);
    (proto, single(headers, &FORWARDED_HOST).or_else(|| single(headers, &HOST)))
}

fn client_fields(headers: &mut HeaderMap, sender: Sender) {
    let (proto, host) = asked_as(headers, sender);
    let text = sender.client.map(|client| client.to_string());
    let node = match sender.client {
        Some(IpAddr::V4(client)) => client.to_string(),
        Some(IpAddr::V6(client)) => format!("\"[{client}]\""),
        None => "unknown".to_owned(),
    };
    let host_pair = host.as_ref().and_then(|host| host.to_str().ok()).filter(|host| !host.contains(['"', '\\']));
    let host_pair = host_pair.map(|host| format!(";host=\"{host}\"")).unwrap_or_default();
    let forwarded = format!("for={node}{host_pair};proto={}", proto.to_str().unwrap_or_default());
    set(headers, FORWARDED_FOR, text.and_then(|text| HeaderValue::try_from(text).ok()));
    set(headers, FORWARDED_HOST, host);
    set(headers, PROTO, Some(proto));
    set(headers, FORWARDED, HeaderValue::try_from(forwarded).ok());
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    match value {
        Some(value) => drop(headers.insert(name, value)),
        None => drop(headers.remove(name)),
    }
}

fn single(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).cloned()
}

fn is_of_servers(name: &str) -> bool {
    // The first letters of them all.
    matches!(name.as_bytes().first(), Some(b'c' | b'f' | b'r' | b's' | b'x'))
        && (PREFIXES.iter().any(|prefix| begins(name, prefix)) || FIELDS.iter().any(|field| same(name, field)))
}

fn same(name: &str, field: &str) -> bool {
    name.len() == field.len() && begins(name, field)
}

/// CGI and WSGI cannot tell an underscore from a dash. Names are in lower case.
fn begins(name: &str, start: &str) -> bool {
    name.len() >= start.len() && name.bytes().zip(start.bytes()).all(|(a, b)| a == b || (a, b) == (b'_', b'-'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CLIENT: Sender =
        Sender { client: Some(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)), trusted: false, secure: true };

    fn sorted(headers: &HeaderMap) -> Vec<String> {
        let fields = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let mut fields: Vec<String> = fields.collect();
        fields.sort();
        fields
    }

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn nobody_speaks_for_servers_but_they() {
        let said = [
            ("Forwarded", "for=10.0.0.1"),
            ("X-Forwarded-For", "10.0.0.1"),
            ("X-Forwarded-For", "10.0.0.2"),
            ("X_Forwarded_For", "10.0.0.1"),
            ("X-Forwarded-Client-Cert", "By=a"),
            ("X-Forwarded-Prefix", "/a"),
            ("X-Real-IP", "10.0.0.1"),
            ("X-Remote-User", "root"),
            ("Remote_User", "root"),
            ("SSL-Client-S-DN", "CN=root"),
            ("X-SSL-Client-Verify", "SUCCESS"),
            ("Client-Cert", ":AA:"),
            ("X-Caller", "root"),
            ("x_caller", "root"),
        ];
        let harmless =
            [("X-Request-Id", "1"), ("Forwarder", "a"), ("X-Forwarde", "b"), ("X-Caller-Id", "c"), ("Cookie", "d")];
        let all = || headers(&[&said[..], &harmless].concat());
        let forwarding =
            ForwardingConfig { caller_field: Some(HeaderName::from_static("x-caller")), ..ForwardingConfig::default() };
        let mut mine = all();
        clean(&mut mine, CLIENT, &forwarding);
        assert_eq!(sorted(&mine), sorted(&headers(&harmless)));
        let mut of_hop = all();
        clean(&mut of_hop, Sender { trusted: true, ..CLIENT }, &forwarding);
        assert_eq!(of_hop.len(), all().len() - 2, "the caller is the gate's to name");
    }

    #[test]
    fn the_gate_says_who_the_client_is() {
        let forwarding =
            ForwardingConfig { client_fields: true, caller_field: Some(HeaderName::from_static("x-caller")) };
        let told = |mut headers: HeaderMap, sender: Sender, caller: &Caller| {
            clean(&mut headers, sender, &forwarding);
            tell(&mut headers, sender, Some(caller), "", &forwarding);
            sorted(&headers)
        };
        let named = Caller { certificate_names: vec!["CN=nfvo".to_owned()], ..Caller::default() };
        let own =
            headers(&[("Host", "gate.example:8443"), ("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-Proto", "ftp")]);
        assert_eq!(
            told(own.clone(), CLIENT, &named),
            [
                "forwarded: for=\"[::1]\";host=\"gate.example:8443\";proto=https",
                "host: gate.example:8443",
                "x-caller: CN=nfvo",
                "x-forwarded-for: ::1",
                "x-forwarded-host: gate.example:8443",
                "x-forwarded-proto: https",
            ]
        );
        let hop = headers(&[
            ("Host", "b"),
            ("X-Forwarded-For", "1.2.3.4, 192.0.2.7"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", "a"),
        ]);
        let behind = Sender { client: "192.0.2.7".parse().ok(), trusted: true, secure: true };
        let subject = Caller { subject: Some("nfvo".to_owned()), ..named };
        assert_eq!(
            told(hop.clone(), behind, &subject),
            [
                "forwarded: for=192.0.2.7;host=\"a\";proto=http",
                "host: b",
                "x-caller: nfvo",
                "x-forwarded-for: 192.0.2.7",
                "x-forwarded-host: a",
                "x-forwarded-proto: http"
            ]
        );
        let unknown = told(hop, Sender { client: None, ..behind }, &Caller::default());
        assert_eq!(
            unknown,
            [
                "forwarded: for=unknown;host=\"a\";proto=http",
                "host: b",
                "x-forwarded-host: a",
                "x-forwarded-proto: http"
            ]
        );
    }
}
