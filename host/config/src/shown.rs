//! A configuration as it is shown to people: the members of the file that would say the
//! same, without secrets.

use serde_json::Value;
use solgate::policy::{EvaluationLimits, PolicySources};
use solgate::problem::ProblemStyle;
use solgate::record::Bodies;
use solgate::record::redact::{Redactor, SecretNames};

use crate::gate::GateConfig;
use crate::gateway::{Config, UpstreamConfig};
use crate::jwt::{IssuerConfig, JwtConfig};
use crate::members::jwt::{Issuer, Jwt};
use crate::members::{self, DecisionLog, Evaluation, File, MediaType, Problem, Tls, Upstream};
use crate::networks::Networks;
use crate::record::RecordConfig;
use crate::tls::{ClientCertificates, NamedCertificate, OwnCertificate, TlsConfig};

/// What stands in the place of a secret.
const MASK: &str = "redacted";

/// The configuration as the file would say it, with every member that has a value. Read
/// again, it means the same, but for secrets: options with the name of a secret, and what
/// records would not show of a text. Keys are named by their files.
#[must_use]
pub fn shown(config: &Config) -> Value {
    let default = SecretNames::default();
    let names = config.record.as_ref().map_or(&default, |record| &record.names);
    let mut file = file(config.clone());
    for upstream in file.upstreams.iter_mut().flatten() {
        let secrets = upstream.set.iter_mut().filter(|(name, _)| names.is_secret(name));
        secrets.for_each(|(_, value)| *value = MASK.into());
    }
    // Texts and numbers only: this cannot fail.
    let mut value = serde_json::to_value(file).unwrap_or_default();
    mask_texts(&mut value, &Redactor::new([], names));
    value
}

/// Named one by one, so that no member is forgotten that is added.
fn file(config: Config) -> File {
    let Config {
        listen,
        admin,
        http2,
        tls,
        jwt,
        trusted_hops: Networks(trusted_hops),
        // Of an argument of forward-auth; the file has no member for it.
        asking: _,
        client_address,
        proxy_protocol,
        forwarding,
        limits,
        upstreams,
        log,
        record,
        decision_export,
        tracing,
        turns,
        reload,
        labels,
        registry,
    } = config;
    File {
        listen,
        admin,
        http2,
        tls: tls.map(self::tls),
        jwt: jwt.map(self::jwt),
        trusted_hops,
        client_address,
        proxy_protocol,
        forwarding,
        log,
        decision_log: record.map(decision_log),
        decision_export,
        tracing,
        turns,
        reload,
        labels,
        registry,
        limits,
        // Each upstream has its own.
        problem: Problem::default(),
        upstreams: Some(upstreams.into_iter().map(upstream).collect()),
    }
}

fn decision_log(record: RecordConfig) -> DecisionLog {
    let RecordConfig { file, bodies, names, chain } = record;
    let secret_names = names.added().map(str::to_owned).collect();
    DecisionLog { file, bodies: bodies == Bodies::Redacted, secret_names, chain }
}

fn jwt(jwt: JwtConfig) -> Jwt {
    let JwtConfig { mut issuers, presence, leeway, max_lifetime } = jwt;
    let common = Jwt { presence, leeway, max_lifetime, ..Jwt::default() };
    if issuers.len() == 1
        && let Some(IssuerConfig { keys, ca_file, issuer, audience }) = issuers.pop()
    {
        return Jwt { jwks: Some(keys), ca_file, issuer, audience, ..common };
    }
    let issuer = |IssuerConfig { keys: jwks, ca_file, issuer, audience }| {
        // Where there are several, each has a name.
        Issuer { issuer: issuer.unwrap_or_default(), jwks, ca_file, audience }
    };
    Jwt { issuers: Some(issuers.into_iter().map(issuer).collect()), ..common }
}

fn tls(tls: TlsConfig) -> Tls {
    let TlsConfig { certificate: cert_file, key: key_file, named, clients } = tls;
    let certificates = named.into_iter().map(|NamedCertificate { names, certificate, key }| {
        members::NamedCertificate { server_names: names, cert_file: certificate, key_file: key }
    });
    let (client_ca_file, client_cert) =
        clients.map(|ClientCertificates { ca, presence }| (Some(ca), Some(presence))).unwrap_or_default();
    Tls { cert_file, key_file, certificates: certificates.collect(), client_ca_file, client_cert }
}

fn upstream(upstream: UpstreamConfig) -> Upstream {
    let UpstreamConfig {
        host,
        path_prefix,
        strip_prefix,
        url,
        addresses,
        balance,
        health,
        turns_name,
        ca_file,
        own_certificate,
        gate,
        shadow,
    } = upstream;
    let (cert_file, key_file) = own_certificate.map(|OwnCertificate { certificate, key }| (certificate, key)).unzip();
    let GateConfig { policies, options, severities, mode, isolation, evaluation, facts, fact_failure, style } = gate;
    let PolicySources { files, signers, withdrawn } = policies;
    Upstream {
        url,
        addresses,
        balance,
        health,
        host,
        path_prefix,
        strip_prefix,
        turns_name,
        ca_file,
        cert_file,
        key_file,
        shadow,
        policies: files,
        require_signature: signers,
        withdrawn_keys: withdrawn,
        set: options,
        severity: severities,
        mode,
        isolation,
        evaluation: evaluation.map(self::evaluation),
        facts,
        fact_failure,
        problem: problem(style),
    }
}

fn evaluation(limits: EvaluationLimits) -> Evaluation {
    let EvaluationLimits { time, memory: memory_bytes, output: output_bytes, violations, .. } = limits;
    Evaluation { time, memory_bytes, output_bytes, violations }
}

fn problem(style: ProblemStyle) -> Problem {
    let ProblemStyle { type_base, plain_json, version } = style;
    Problem { type_base, media_type: plain_json.then_some(MediaType::Json), version }
}

fn mask_texts(value: &mut Value, redactor: &Redactor<'_>) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(_, value)| mask_texts(value, redactor)),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_texts(item, redactor)),
        Value::String(text) => {
            let shown = redactor.text(text);
            if shown != *text {
                *text = shown.into_owned();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::file::parse;

    const EVERYTHING: &str = r#"
listen: 0.0.0.0:8443
admin: 127.0.0.1:9901
http2: true
tls: { certFile: a.pem, keyFile: k.pem, certificates: [{ serverNames: [b.example, "*.c.example"], certFile: b.pem, keyFile: b.key }], clientCaFile: ca.pem, clientCert: optional }
jwt: { jwks: "https://idp.example/keys", caFile: ca.pem, issuer: i, audience: [a, b], presence: optional, leeway: 5s, maxLifetime: 1h }
log: text
decisionLog: { file: d.jsonl, bodies: true, secretNames: [Site-Code], chain: true }
decisionExport: { otlp: "https://collector:4317", caFile: ca.pem, lines: false, records: true }
tracing: { otlp: "https://collector:4317", caFile: ca.pem, sample: 0.5 }
turns: { store: "rediss://store:6380/1", passwordFile: p.txt, caFile: ca.pem, certFile: own.pem, keyFile: own.key, onStoreLoss: refuse, lease: 5s, claim: 1s }
reload: false
labels: { site: berlin }
registry: { folder: policies, poll: 5s, timeout: 1s, caFile: ca.pem, authFile: auth.json, plainHttp: ["127.0.0.1:5000"] }
limits: { headBytes: 2000, targetBytes: 100, drain: 1500ms, clientShare: 0.5, callerRequests: 3 }
trustedHops: [10.0.0.1, "fd00::/8"]
clientAddress: forwarded
proxyProtocol: true
forwarding: { clientFields: true, callerField: x-caller }
problem: { typeBase: "https://a.example/", mediaType: application/json, version: "2.1.0" }
upstreams:
  - url: https://vnfm.example:9890/tacker
    host: vnfm.example
    pathPrefix: /vnflcm
    stripPrefix: true
    turnsName: site-7
    addresses: ["10.0.0.1:9890", vnfm-b]
    balance: leastRequests
    health: { path: /vnflcm/api_versions, interval: 3s, timeout: 1s, statuses: ["200", "300-399"], fails: 3, passes: 4, aside: 2s, asideMost: 9s }
    caFile: ca.pem
    certFile: own.pem
    keyFile: own.key
    shadow: [s.wasm, "oci://r.example/policy:candidate"]
    policies: [a.wasm, { file: b.wasm, sha256: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }]
    requireSignature: [k.pub]
    withdrawnKeys: [old.pub]
    set: { one: 1, list: [a, b] }
    severity: { a.b: { severity: warn, reason: because, until: 2100-01-01T00:00:00Z }, c: { severity: "off", reason: x } }
    mode: monitor
    isolation: recycle:3
    evaluation: { time: 100ms, memoryBytes: 2000000, outputBytes: 5000, violations: 7 }
    facts: { ttl: 1s, timeout: 3s, url: "http://facts", credentials: [x-auth-token], maxBytes: 9 }
    factFailure: pass
  - url: https://[::1]
"#;

    #[test]
    fn what_is_shown_means_the_same_when_it_is_read() {
        let issuers = "jwt: { issuers: [{ issuer: a, jwks: a.json }, { issuer: b, jwks: b.json, audience: [c] }] }\n";
        let least = "upstreams: [{ url: http://a }]\n";
        for text in [EVERYTHING, least, &format!("{issuers}{least}")] {
            let config = parse(Path::new("t.yaml"), text).unwrap();
            let shown = shown(&config).to_string();
            assert_eq!(parse(Path::new("t.yaml"), &shown).unwrap(), config, "{shown}");
        }
    }

    #[test]
    fn secrets_are_masked() {
        let text = r#"
jwt: { jwks: "https://idp.example/keys?client=hunter2" }
decisionLog: { file: d.jsonl, secretNames: [site] }
upstreams:
  - url: http://a
    set:
      apiToken: hunter2
      pass-words: [hunter2, [hunter2]]
      siteCode: hunter2
      callback: "https://hunter2:hunter2@c.example/p?a=b&token=hunter2"
    severity: { a: { severity: warn, reason: "see https://t.example/1" } }
"#;
        let shown = shown(&parse(Path::new("t.yaml"), text).unwrap());
        assert!(!shown.to_string().contains("hunter2"), "{shown}");
        let at = |pointer: &str| shown.pointer(pointer).cloned().unwrap();
        assert_eq!((at("/upstreams/0/set/apiToken"), at("/upstreams/0/set/pass-words")), (MASK.into(), MASK.into()));
        assert_eq!(at("/upstreams/0/set/callback"), "https://redacted:redacted@c.example/p?a=b&token=redacted");
        assert_eq!(at("/upstreams/0/severity/a/reason"), "see https://t.example/1");
        assert_eq!(at("/upstreams/0/facts/credentials/0"), "authorization");
    }
}
