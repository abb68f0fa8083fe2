//! What is read, and what is said of what is wrong.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::*;
use crate::forwarding::ForwardingConfig;
use crate::gate::GateMode;
use crate::jwks_source::JwksSource;
use crate::jwt::IssuerConfig;
use crate::listen::ListenAddress;
use crate::presence::Presence;
use crate::record::RecordConfig;
use crate::tls::{ClientCertificates, TlsConfig};
use crate::values::parse_until;
use solgate::gate::{FactFailure, Setting, Severity};
use solgate::policy::{EvaluationLimits, Isolation, PolicyFile};
use solgate::record::Bodies;
use solgate::record::redact::SecretNames;

#[test]
fn a_full_file() {
    let text = r#"
listen: 0.0.0.0:8443
admin: 127.0.0.1:9901
tls: { certFile: certs/gate.pem, keyFile: /run/gate.key, clientCaFile: clients.pem, clientCert: optional }
jwt: { jwks: "https://idp.example/keys", caFile: idp.pem, issuer: "https://idp.example", audience: [a, b], presence: optional, leeway: 5s, maxLifetime: 12h }
trustedHops: [10.0.0.0/24, "::1"]
proxyProtocol: true
forwarding: { clientFields: true, callerField: X-Caller }
log: text
decisionLog: { file: d.jsonl, bodies: true, secretNames: [customerRef], chain: true }
decisionExport: { otlp: "https://127.0.0.1:4317", caFile: ca.pem, records: true }
tracing: { otlp: "https://127.0.0.1:4317", caFile: ca.pem, sample: 0.25 }
reload: false
limits:
  { headBytes: 32768, headTimeout: 5s, idle: 1m, connections: 10, requests: 9, waiting: 8, bodyMemoryBytes: 7000000, drain: 2s, answerTimeout: 90s, answerIdle: 91s,
    adminConnections: 7, waitingTotal: 6, answerBufferBytes: 5, clientShare: 0.5, callerRequests: 4 }
problem: { typeBase: "https://example.com/rules/", version: "2.0.0" }
upstreams:
  - host: VNFM-A.example
    pathPrefix: /vnflcm/v2
    url: https://10.0.0.5:9890
    caFile: certs/ca.pem
    policies: [a.wasm, /etc/solgate/b.wasm]
    shadow: [new.wasm]
    requireSignature: [team.key.pub]
    set: { strict: true, supportedVersions: ["2.0.0", "2.1.0"], schemaErrorStatus: 422 }
    mode: monitor
    isolation: recycle:8
    evaluation: { time: 100ms, memoryBytes: 33554432, outputBytes: 65536, violations: 64 }
    severity:
      header.accept.required: { severity: warn, reason: old orchestrator, until: 2026-12-31 }
      query.unknown: { severity: "off", reason: vendor extension, until: 2020-01-01T00:00:00Z }
    facts: { ttl: 500ms, timeout: 1s, url: "http://10.0.0.6", credentials: [X-Auth-Token], maxBytes: 1000 }
    factFailure: pass
  - url: http://127.0.0.1:1
    mode: off
"#;
    let config = parse(Path::new("/etc/solgate/solgate.yaml"), text).unwrap();
    assert_eq!(config.listen.to_string(), "0.0.0.0:8443");
    assert_eq!(config.admin.as_ref().and_then(ListenAddress::tcp), Some("127.0.0.1:9901"));
    assert_eq!((config.limits.head, config.reload), (32768, false));
    let limits = &config.limits;
    assert_eq!((limits.connections, limits.requests, limits.waiting, limits.body_memory), (10, 9, 8, 7_000_000));
    assert_eq!((limits.admin_connections, limits.waiting_total, limits.answer_buffer), (7, 6, 5));
    assert_eq!((limits.client_share, limits.caller_requests, limits.tenant_requests), (0.5, Some(4), None));
    let record = RecordConfig {
        bodies: Bodies::Redacted,
        names: SecretNames::with(["customerRef"]),
        chain: true,
        ..RecordConfig::new(PathBuf::from("/etc/solgate/d.jsonl"))
    };
    assert_eq!(config.record, Some(record));
    let export = config.decision_export.as_ref().unwrap();
    assert_eq!(export.ca_file.as_deref(), Some(Path::new("/etc/solgate/ca.pem")));
    assert_eq!((export.lines, export.records), (true, true));
    let tracing = config.tracing.as_ref().unwrap();
    assert_eq!((tracing.otlp.to_string().as_str(), tracing.sample), ("https://127.0.0.1:4317/", 0.25));
    assert_eq!(tracing.ca_file.as_deref(), Some(Path::new("/etc/solgate/ca.pem")));
    assert_eq!(config.limits.answer, Duration::from_secs(90));
    assert_eq!(config.limits.answer_idle, Duration::from_secs(91));
    let clients = ClientCertificates { ca: PathBuf::from("/etc/solgate/clients.pem"), presence: Presence::Optional };
    let (certificate, key) = (PathBuf::from("/etc/solgate/certs/gate.pem"), PathBuf::from("/run/gate.key"));
    assert_eq!(config.tls, Some(TlsConfig { certificate, key, named: Vec::new(), clients: Some(clients) }));
    let jwt = config.jwt.unwrap();
    let issuer = IssuerConfig {
        keys: JwksSource::parse("https://idp.example/keys").unwrap(),
        ca_file: Some(PathBuf::from("/etc/solgate/idp.pem")),
        issuer: Some("https://idp.example".to_owned()),
        audience: vec!["a".to_owned(), "b".to_owned()],
    };
    assert_eq!((jwt.issuers, jwt.presence), (vec![issuer], Presence::Optional));
    assert_eq!((jwt.leeway, jwt.max_lifetime), (Duration::from_secs(5), Some(Duration::from_secs(12 * 60 * 60))));
    assert!(config.trusted_hops.contains("10.0.0.9".parse().unwrap()) && config.proxy_protocol);
    let forwarding = ForwardingConfig { client_fields: true, caller_field: "x-caller".parse().ok() };
    assert_eq!(config.forwarding, forwarding);
    let [first, second] = config.upstreams.as_slice() else { panic!("two upstreams") };
    assert_eq!(first.host.as_deref(), Some("vnfm-a.example"));
    let file = |path: &str| PolicyFile::from(PathBuf::from(path));
    assert_eq!(first.gate.policies.files, [file("/etc/solgate/a.wasm"), file("/etc/solgate/b.wasm")]);
    let shadow = first.shadow().unwrap();
    assert_eq!(shadow.gate.policies.files, [file("/etc/solgate/new.wasm")]);
    assert_eq!(shadow.gate.policies.signers, first.gate.policies.signers);
    assert!(shadow.shadow().is_none() && second.shadow().is_none());
    assert_eq!((first.gate.mode, first.gate.fact_failure), (GateMode::Monitor, FactFailure::Pass));
    assert_eq!((first.gate.isolation.to_string().as_str(), second.gate.isolation), ("recycle:8", Isolation::Rewound));
    let evaluation = EvaluationLimits {
        time: Duration::from_millis(100),
        memory: 32 << 20,
        output: 64 << 10,
        violations: 64,
        ..EvaluationLimits::default()
    };
    assert_eq!((first.gate.evaluation, second.gate.evaluation), (Some(evaluation), None));
    assert_eq!(first.gate.facts.credentials, ["x-auth-token"]);
    assert_eq!(first.gate.style.version.as_ref().unwrap(), "2.0.0");
    // One of the overrides expired long ago.
    let then = parse_until("2026-06-01").unwrap();
    let settings = first.gate.settings(then);
    assert_eq!(settings.len(), 4);
    assert!(
        settings.contains(&Setting::Severity { rule: "header.accept.required".to_owned(), severity: Severity::Warn })
    );
    assert_eq!(second.gate.mode, GateMode::Off);
    assert!(second.gate.settings(SystemTime::now()).is_empty());
}

#[test]
fn what_is_wrong_and_where() {
    let table = [
        (
            "listen: x\nupstreams: [{url: http://a}]",
            "t.yaml:1:9: expected an address and port such as 0.0.0.0:8080, or a socket such as unix:/run/solgate.sock,mode=660,group=www-data, found a different value",
        ),
        ("upstream:\n  - url: http://a", "t.yaml:1:1: unknown member upstream; did you mean upstreams?"),
        ("listen: a:1", "t.yaml:1:1: upstreams is missing: a list with the url of each VNFM"),
        ("upstreams: []", "t.yaml:1:12: upstreams is empty; name at least one VNFM"),
        ("upstreams:\n  - host: a", "t.yaml:2:5: url is missing: http://HOST[:PORT] of the VNFM"),
        (
            "upstreams:\n  - url: http://a/../b",
            "t.yaml:2:10: expected http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH], without user, query and dot segments, found a different value",
        ),
        (
            "upstreams:\n  - url: http://user:pw@a",
            "t.yaml:2:10: expected http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH], without user, query and dot segments, found a different value",
        ),
        (
            "upstreams:\n  - url: http://a\n    severity:\n      r: { severity: warn }",
            "t.yaml:4:10: reason is missing in the override of r; say why, so that others understand it later",
        ),
        ("upstreams:\n  - url: http://a\n    mod: monitor", "t.yaml:3:5: unknown member mod; did you mean mode?"),
        (
            "upstreams:\n  - url: http://a\n    facts: { ttl: 5 }",
            "t.yaml:3:19: expected a duration such as 500ms, 10s or 1m 30s, a year at most, found 5",
        ),
        (
            "upstreams:\n  - url: http://a\n  - url: http://b",
            "t.yaml:3:5: another upstream has the same host and pathPrefix; no request would ever reach this one",
        ),
        (
            "decisionLog: { file: a, secretNames: [x] }",
            "t.yaml:1:39: expected a name with at least two letters or digits, found a different value",
        ),
        ("decisionLog: { bodies: true }", "t.yaml:1:14: file is missing: the path to which decisions are recorded"),
        ("tls: { certFile: a }", "t.yaml:1:6: keyFile is missing: the PEM private key of the certificate"),
        ("tls: { keyFile: a }", "t.yaml:1:6: certFile is missing: the PEM certificate of the gate"),
        (
            "tls: { certFile: a, keyFile: b, clientCert: optional }",
            "t.yaml:1:45: clientCert goes with clientCaFile: name the authorities of the certificates",
        ),
        (
            "tls: { certFile: a, keyFile: b, clientCaFile: c, clientCert: maybe }",
            "t.yaml:1:62: expected required or optional, found a different value",
        ),
        ("jwt: { issuer: a }", "t.yaml:1:6: jwks is missing: the file, or the https URL, of the keys"),
        ("jwt: { jwks: a, caFile: b }", "t.yaml:1:25: caFile is for keys at an https URL: leave it out"),
        ("jwt: { presence: optional }", "t.yaml:1:6: jwks is missing: the file, or the https URL, of the keys"),
        ("jwt: { issuers: [] }", "t.yaml:1:17: issuers is empty; name at least one"),
        ("jwt: { issuers: [{ jwks: a }] }", "t.yaml:1:18: issuer is missing: the claim iss of its tokens"),
        ("jwt: { issuers: [{ issuer: a }] }", "t.yaml:1:18: jwks is missing: the file, or the https URL, of the keys"),
        (
            "jwt: { issuers: [{ issuer: a, jwks: b, caFile: c }] }",
            "t.yaml:1:48: caFile is for keys at an https URL: leave it out",
        ),
        (
            "jwt: { issuers: [{ issuer: a, jwks: b }, { issuer: a, jwks: c }] }",
            "t.yaml:1:42: another of issuers has the same issuer; by whose keys are its tokens checked?",
        ),
        (
            "jwt: { jwks: a, issuers: [{ issuer: a, jwks: b }] }",
            "t.yaml:1:26: jwks and issuers are both there; write each issuer with its jwks into issuers",
        ),
        (
            "jwt: { audience: [a], issuers: [{ issuer: a, jwks: b }] }",
            "t.yaml:1:18: audience goes into each of issuers",
        ),
        (
            "trustedHops: [10.0.0.0/33]",
            "t.yaml:1:15: expected an address such as 10.0.0.7, a network such as 10.0.0.0/24, which ends in zeros, or unix for Unix sockets, found a different value",
        ),
        (
            "proxyProtocol: true",
            "t.yaml:1:16: proxyProtocol goes with trustedHops: name the servers that begin connections with it",
        ),
        (
            "forwarding: { callerField: \"a b\" }",
            "t.yaml:1:28: expected the name of a header field that has no meaning of its own, such as X-Caller, found a different value",
        ),
        (
            "forwarding: { callerField: Authorization }",
            "t.yaml:1:28: expected the name of a header field that has no meaning of its own, such as X-Caller, found a different value",
        ),
        (
            "jwt: { jwks: a, audience: [] }",
            "t.yaml:1:27: audience is empty; leave it out if tokens for anybody are accepted",
        ),
        (
            "jwt: { jwks: ftp://a/b }",
            "t.yaml:1:14: expected a file, or https://HOST[:PORT]/PATH without user and password \
                 (http:// on this machine only), found a different value",
        ),
        (
            "tracing: { sample: 1 }",
            "t.yaml:1:10: otlp is missing: http://HOST[:PORT] or https://HOST[:PORT] of a collector that takes OTLP over gRPC, without a path",
        ),
        (
            "tracing: { otlp: \"http://c\", sample: 1.5 }",
            "t.yaml:1:38: expected a number from 0 to 1, such as 0.1 for every tenth request, found 1.5",
        ),
        (
            "tracing: { otlp: \"http://c/v1\" }",
            "t.yaml:1:18: expected http://HOST[:PORT] or https://HOST[:PORT] of a collector that takes OTLP over gRPC, without a path, found a different value",
        ),
        (
            "tracing: { otlp: \"http://c\", caFile: ca.pem }",
            "t.yaml:1:38: caFile is for an https collector: leave it out, or write https:// in otlp",
        ),
        ("reload: never", "t.yaml:1:9: expected true or false, found a different value"),
        ("decisionLog: { file: a, bodies: some }", "t.yaml:1:33: expected true or false, found a different value"),
        (
            "upstreams:\n  - url: http://a\n    evaluation: { time: 2h }",
            "t.yaml:3:25: expected a duration from 1ms to 1m, such as 250ms, found a different value",
        ),
        (
            "upstreams:\n  - url: http://a\n    evaluation: { memoryBytes: 1000 }",
            "t.yaml:3:32: expected a whole number from 1048576 to 1073741824, found 1000",
        ),
        ("limits: { connections: 0 }", "t.yaml:1:24: expected a whole number from 1, found 0"),
        (
            "limits: { clientBurst: 5 }",
            "t.yaml:1:24: clientBurst goes with clientRate: say how many requests may come in a second",
        ),
        ("limits: { callerRequests: 0 }", "t.yaml:1:27: expected a whole number from 1, found 0"),
        (
            "trustedHops: [10.0.0.0/33]",
            "t.yaml:1:15: expected an address such as 10.0.0.7, a network such as 10.0.0.0/24, which ends in zeros, or unix for Unix sockets, found a different value",
        ),
    ];
    for (text, message) in table {
        assert_eq!(parse(Path::new("t.yaml"), text).unwrap_err().to_string(), message, "{text}");
    }
    assert!(parse(Path::new("t.yaml"), "listen: [").unwrap_err().message.starts_with("not valid YAML"));
}
