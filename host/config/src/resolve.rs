//! From the members of the file to the configuration: what one member says about another
//! is checked, and paths lead from the folder of the file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use solgate::policy::PolicyFile;
use solgate::record::Bodies;
use solgate::record::redact::SecretNames;

use crate::collector::CollectorPlace;
use crate::decision_export::DecisionExportConfig;
use crate::envoy::EnvoyConfig;
use crate::forwarding::ClientAddress;
use crate::gate::GateConfig;
use crate::gateway::{Config, Limits, UpstreamConfig};
use crate::jwt::{IssuerConfig, JwksSource, JwtConfig};
use crate::members::jwt::{Issuer, Jwt};
use crate::members::{self, DecisionLog, EnvoyModule, File, Problem, Tls, Upstream};
use crate::misfit::Misfit;
use crate::networks::Networks;
use crate::record::RecordConfig;
use crate::registry::{Labels, Places, RegistryConfig, check_labels};
use crate::tls::{ClientCertificates, NamedCertificate, OwnCertificate, TlsConfig};
use crate::tracing::TracingConfig;
use crate::turns::TurnsConfig;

impl Default for Config {
    fn default() -> Self {
        let File { listen, admin, log, reload, limits, forwarding, .. } = File::default();
        Self {
            listen,
            admin,
            http2: false,
            tls: None,
            jwt: None,
            trusted_hops: Networks::default(),
            asking: Networks::default(),
            client_address: ClientAddress::default(),
            proxy_protocol: false,
            forwarding,
            limits,
            upstreams: Vec::new(),
            log,
            record: None,
            decision_export: None,
            tracing: None,
            turns: None,
            reload,
            labels: Labels::new(),
            registry: RegistryConfig::default(),
        }
    }
}

/// The configuration that a file in `folder` describes.
///
/// # Errors
/// What does not go together.
pub fn resolve(file: File, folder: &Path) -> Result<Config, Misfit> {
    let File {
        listen,
        admin,
        http2,
        tls,
        jwt,
        trusted_hops,
        client_address,
        proxy_protocol,
        forwarding,
        log,
        decision_log,
        decision_export,
        tracing,
        turns,
        reload,
        labels,
        registry,
        limits,
        problem,
        upstreams,
    } = file;
    check_labels(&labels)?;
    let registry = self::registry(registry, folder);
    let tls = tls.map(|members| self::tls(members, folder)).transpose()?;
    let jwt = jwt.map(|members| self::jwt(members, folder)).transpose()?;
    let record = decision_log.map(|members| self::record(members, folder));
    let decision_export = decision_export.map(|members| self::decision_export(members, folder)).transpose()?;
    let tracing = tracing.map(|members| self::tracing(members, folder)).transpose()?;
    let turns = turns.map(|members| self::turns(members, folder)).transpose()?;
    check_limits(&limits)?;
    let trusted_hops = Networks(trusted_hops);
    if proxy_protocol && trusted_hops.is_empty() {
        let message = "proxyProtocol goes with trustedHops: name the servers that begin connections with it";
        return Err(Misfit::new("/proxyProtocol", message));
    }
    let upstreams = self::upstreams(upstreams, &problem, Places::Anywhere(&labels), folder)?;
    let config = Config {
        listen,
        admin,
        http2,
        tls,
        jwt,
        trusted_hops,
        asking: Networks::default(),
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
    };
    config.check()?;
    Ok(config)
}

/// A gate whose paths lead from `folder`, and whose policies are files.
///
/// # Errors
/// What does not go together.
pub fn gate(gate: GateConfig, folder: &Path) -> Result<GateConfig, Misfit> {
    gate_at(gate, Places::Files, folder)
}

fn gate_at(mut gate: GateConfig, places: Places<'_>, folder: &Path) -> Result<GateConfig, Misfit> {
    let policies = &mut gate.policies;
    if policies.signers.is_empty() && !policies.withdrawn.is_empty() {
        let message = "withdrawnKeys goes with requireSignature: name the keys that count as well";
        return Err(Misfit::new("/withdrawnKeys", message));
    }
    let signed = !policies.signers.is_empty();
    files(&mut policies.files, "policies", signed, places, folder)?;
    policies.signers.iter_mut().chain(&mut policies.withdrawn).for_each(|path| *path = folder.join(&*path));
    Ok(gate)
}

/// The gate in Envoy, with paths that lead from `folder`.
///
/// # Errors
/// What does not go together.
pub fn envoy(mut members: EnvoyModule, folder: &Path) -> Result<EnvoyConfig, Misfit> {
    let record = members.decision_log.take().map(|members| self::record(members, folder));
    let (cluster, log, reload) = (members.cluster.take(), members.log, members.reload);
    let jwt_payload = std::mem::take(&mut members.jwt_payload);
    let certificate = std::mem::take(&mut members.certificate);
    let gate = gate(members.gate(&Problem::default()), folder)?;
    Ok(EnvoyConfig { gate, cluster, jwt_payload, certificate, log, record, reload })
}

fn files(
    files: &mut [PolicyFile],
    member: &'static str,
    signed: bool,
    places: Places<'_>,
    folder: &Path,
) -> Result<(), Misfit> {
    for (index, file) in files.iter_mut().enumerate() {
        if file.least_version.is_some() && !signed {
            let message = "leastVersion goes with requireSignature: a version is part of a signature";
            return Err(Misfit::new(format!("/{member}/{index}/leastVersion"), message));
        }
        file.path = if file.is_elsewhere() {
            places.name(file, &format!("/{member}/{index}"))?
        } else {
            folder.join(&file.path)
        };
    }
    Ok(())
}

fn check_limits(limits: &Limits) -> Result<(), Misfit> {
    if limits.target > limits.head {
        return Err(Misfit::new("/limits/targetBytes", "targetBytes is more than headBytes, which is the whole head"));
    }
    for (burst, rate, has_burst, has_rate) in [
        ("clientBurst", "clientRate", limits.client_burst, limits.client_rate),
        ("callerBurst", "callerRate", limits.caller_burst, limits.caller_rate),
        ("tenantBurst", "tenantRate", limits.tenant_burst, limits.tenant_rate),
    ] {
        if has_burst.is_some() && has_rate.is_none() {
            let message = format!("{burst} goes with {rate}: say how many requests may come in a second");
            return Err(Misfit::new(format!("/limits/{burst}"), message));
        }
    }
    Ok(())
}

fn upstreams(
    members: Option<Vec<Upstream>>,
    problem: &Problem,
    places: Places<'_>,
    folder: &Path,
) -> Result<Vec<UpstreamConfig>, Misfit> {
    let members = members.ok_or_else(|| Misfit::new("", "upstreams is missing: a list with the url of each VNFM"))?;
    if members.is_empty() {
        return Err(Misfit::new("/upstreams", "upstreams is empty; name at least one VNFM"));
    }
    let mut taken = HashSet::new();
    for (index, one) in members.iter().enumerate() {
        // As requests are matched: slashes and dots at the end count for nothing.
        let host = one.host.as_ref().map(|host| host.trim_end_matches('.'));
        let prefix = one.path_prefix.as_ref().map_or("", |prefix| prefix.trim_end_matches('/'));
        if !taken.insert((host, prefix)) {
            let message = "another upstream has the same host and pathPrefix; no request would ever reach this one";
            return Err(Misfit::new(format!("/upstreams/{index}"), message));
        }
    }
    let resolved = members.into_iter().enumerate().map(|(index, members)| {
        upstream(members, problem, places, folder).map_err(|misfit| misfit.below(&format!("/upstreams/{index}")))
    });
    resolved.collect()
}

/// Of one VNFM.
const MOST_ADDRESSES: usize = 64;

fn upstream(members: Upstream, problem: &Problem, places: Places<'_>, folder: &Path) -> Result<UpstreamConfig, Misfit> {
    let (url, host, path_prefix) = (members.url.clone(), members.host.clone(), members.path_prefix.clone());
    let (addresses, balance, health) = (members.addresses.clone(), members.balance, members.health.clone());
    if addresses.len() > MOST_ADDRESSES {
        let message = format!("{MOST_ADDRESSES} addresses at most");
        return Err(Misfit::new(format!("/addresses/{MOST_ADDRESSES}"), message));
    }
    if let Some(index) =
        (1..addresses.len()).find(|at| addresses.iter().take(*at).any(|one| Some(one) == addresses.get(*at)))
    {
        let message = "this address is in the list already: name it once";
        return Err(Misfit::new(format!("/addresses/{index}"), message));
    }
    if health.aside_most < health.aside {
        let message = "asideMost is less than aside, which is the shortest time";
        return Err(Misfit::new("/health/asideMost", message));
    }
    let strip_prefix = members.strip_prefix;
    let turns_name = members.turns_name.clone();
    if strip_prefix && path_prefix.is_none() {
        let message = "stripPrefix goes with pathPrefix: name the prefix that is taken off";
        return Err(Misfit::new("/stripPrefix", message));
    }
    let ca_file = joined(members.ca_file.as_ref(), folder);
    let own_certificate = own_certificate(&members, folder)?;
    let mut shadow = members.shadow.clone();
    files(&mut shadow, "shadow", !members.require_signature.is_empty(), places, folder)?;
    let gate = gate_at(members.gate(problem), places, folder)?;
    Ok(UpstreamConfig {
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
    })
}

fn own_certificate(members: &Upstream, folder: &Path) -> Result<Option<OwnCertificate>, Misfit> {
    match (&members.cert_file, &members.key_file) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            Ok(Some(OwnCertificate { certificate: folder.join(certificate), key: folder.join(key) }))
        }
        (Some(_), None) => {
            let message = "certFile goes with keyFile: name the private key of the certificate";
            Err(Misfit::new("/certFile", message))
        }
        (None, Some(_)) => {
            let message = "keyFile goes with certFile: name the certificate of the key";
            Err(Misfit::new("/keyFile", message))
        }
    }
}

fn joined(path: Option<&PathBuf>, folder: &Path) -> Option<PathBuf> {
    path.map(|path| folder.join(path))
}

fn tls(members: Tls, folder: &Path) -> Result<TlsConfig, Misfit> {
    let Tls { cert_file, key_file, certificates, client_ca_file, client_cert } = members;
    let clients = match (client_ca_file, client_cert) {
        (Some(ca), presence) => {
            Some(ClientCertificates { ca: folder.join(ca), presence: presence.unwrap_or_default() })
        }
        (None, Some(_)) => {
            let message = "clientCert goes with clientCaFile: name the authorities of the certificates";
            return Err(Misfit::new("/tls/clientCert", message));
        }
        (None, None) => None,
    };
    let named = named_certificates(certificates, folder)?;
    Ok(TlsConfig { certificate: folder.join(cert_file), key: folder.join(key_file), named, clients })
}

fn named_certificates(members: Vec<members::NamedCertificate>, folder: &Path) -> Result<Vec<NamedCertificate>, Misfit> {
    let mut known = HashSet::new();
    let mut certificates = Vec::new();
    for (index, members) in members.into_iter().enumerate() {
        let members::NamedCertificate { server_names: names, cert_file, key_file } = members;
        let place = format!("/tls/certificates/{index}/serverNames");
        if names.is_empty() {
            return Err(Misfit::new(place, "serverNames is empty; name at least one that clients ask for"));
        }
        for (at, name) in names.iter().enumerate() {
            if !known.insert(name.clone()) {
                let message = "this name is there already; which certificate do its clients get?";
                return Err(Misfit::new(format!("{place}/{at}"), message));
            }
        }
        certificates.push(NamedCertificate { names, certificate: folder.join(cert_file), key: folder.join(key_file) });
    }
    Ok(certificates)
}

fn jwt(members: Jwt, folder: &Path) -> Result<JwtConfig, Misfit> {
    let Jwt { jwks, ca_file, issuer, audience, issuers, presence, leeway, max_lifetime } = members;
    let place = "/jwt";
    let issuers = match (jwks, issuers) {
        (Some(keys), None) => vec![self::issuer(IssuerConfig { keys, ca_file, issuer, audience }, place, folder)?],
        (None, Some(issuers)) => {
            let stray =
                [("caFile", ca_file.is_some()), ("issuer", issuer.is_some()), ("audience", !audience.is_empty())];
            if let Some((name, _)) = stray.into_iter().find(|(_, is_there)| *is_there) {
                let message = format!("{name} goes into each of issuers");
                return Err(Misfit::new(format!("/jwt/{name}"), message));
            }
            several(issuers, folder)?
        }
        (Some(_), Some(_)) => {
            return Err(Misfit::new(
                "/jwt/issuers",
                "jwks and issuers are both there; write each issuer with its jwks into issuers",
            ));
        }
        (None, None) => return Err(Misfit::new(place, "jwks is missing: the file, or the https URL, of the keys")),
    };
    Ok(JwtConfig { issuers, presence, leeway, max_lifetime })
}

fn several(members: Vec<Issuer>, folder: &Path) -> Result<Vec<IssuerConfig>, Misfit> {
    if members.is_empty() {
        return Err(Misfit::new("/jwt/issuers", "issuers is empty; name at least one"));
    }
    let mut names = HashSet::new();
    let mut issuers = Vec::new();
    for (index, members) in members.into_iter().enumerate() {
        let place = format!("/jwt/issuers/{index}");
        if !names.insert(members.issuer.clone()) {
            return Err(Misfit::new(
                place,
                "another of issuers has the same issuer; by whose keys are its tokens checked?",
            ));
        }
        let Issuer { issuer, jwks: keys, ca_file, audience } = members;
        issuers.push(self::issuer(IssuerConfig { keys, ca_file, issuer: Some(issuer), audience }, &place, folder)?);
    }
    Ok(issuers)
}

/// Paths of the issuer at that `place` lead from the folder.
fn issuer(issuer: IssuerConfig, place: &str, folder: &Path) -> Result<IssuerConfig, Misfit> {
    let keys = match (issuer.keys, &issuer.ca_file) {
        (JwksSource::File(_), Some(_)) => {
            let place = format!("{place}/caFile");
            return Err(Misfit::new(place, "caFile is for keys at an https URL: leave it out"));
        }
        (JwksSource::File(path), None) => JwksSource::File(folder.join(path)),
        (url @ JwksSource::Url(_), _) => url,
    };
    Ok(IssuerConfig { keys, ca_file: joined(issuer.ca_file.as_ref(), folder), ..issuer })
}

fn registry(members: RegistryConfig, folder: &Path) -> RegistryConfig {
    let path = |path: Option<PathBuf>| joined(path.as_ref(), folder);
    let RegistryConfig { folder: kept, ca_file, auth_file, .. } = members;
    RegistryConfig { folder: path(kept), ca_file: path(ca_file), auth_file: path(auth_file), ..members }
}

fn record(members: DecisionLog, folder: &Path) -> RecordConfig {
    let bodies = if members.bodies { Bodies::Redacted } else { Bodies::LeftOut };
    let names = SecretNames::with(&members.secret_names);
    RecordConfig { file: folder.join(members.file), bodies, names, chain: members.chain }
}

fn decision_export(export: DecisionExportConfig, folder: &Path) -> Result<DecisionExportConfig, Misfit> {
    let ca_file = collector_ca(export.collector(), "/decisionExport", folder)?;
    Ok(DecisionExportConfig { ca_file, ..export })
}

fn tracing(tracing: TracingConfig, folder: &Path) -> Result<TracingConfig, Misfit> {
    let ca_file = collector_ca(tracing.collector(), "/tracing", folder)?;
    Ok(TracingConfig { ca_file, ..tracing })
}

/// The certificates that a collector's must come from.
fn collector_ca(collector: CollectorPlace<'_>, place: &str, folder: &Path) -> Result<Option<PathBuf>, Misfit> {
    if collector.ca_file.is_some() && !collector.is_https() {
        let message = "caFile is for an https collector: leave it out, or write https:// in otlp";
        return Err(Misfit::new(format!("{place}/caFile"), message));
    }
    Ok(collector.ca_file.map(|file| folder.join(file)))
}

fn turns(turns: TurnsConfig, folder: &Path) -> Result<TurnsConfig, Misfit> {
    let misfit = |member: &str, message: &str| Err(Misfit::new(format!("/turns/{member}"), message));
    if !turns.store.tls {
        for (member, file) in [("caFile", &turns.ca_file), ("certFile", &turns.cert_file), ("keyFile", &turns.key_file)]
        {
            if file.is_some() {
                let message = format!("{member} is for a store with TLS: leave it out, or write rediss in store");
                return misfit(member, &message);
            }
        }
    }
    if turns.store.user.is_some() && turns.password_file.is_none() && !turns.store.tls {
        return misfit("store", "the user needs a password: name its file in passwordFile");
    }
    match (&turns.cert_file, &turns.key_file) {
        (Some(_), None) => misfit("certFile", "certFile goes with keyFile: name the private key of the certificate"),
        (None, Some(_)) => misfit("keyFile", "keyFile goes with certFile: name the certificate of the key"),
        _ => Ok(TurnsConfig {
            password_file: joined(turns.password_file.as_ref(), folder),
            ca_file: joined(turns.ca_file.as_ref(), folder),
            cert_file: joined(turns.cert_file.as_ref(), folder),
            key_file: joined(turns.key_file.as_ref(), folder),
            ..turns
        }),
    }
}
