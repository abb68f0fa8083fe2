//! From the members of the file to the configuration: what one member says about another
//! is checked, and paths lead from the folder of the file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use solgate::policy::PolicyFile;
use solgate::record::Bodies;

use crate::gate::GateConfig;
use crate::gateway::{Config, Limits, UpstreamConfig};
use crate::jwt::{JwksSource, JwtConfig};
use crate::members::{DecisionLog, File, Problem, Tls, Upstream};
use crate::record::RecordConfig;
use crate::tls::{ClientCertificates, TlsConfig};
use crate::tracing::TracingConfig;
use crate::yaml::Step;

/// Members that do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where, from the top of the file.
    pub path: Vec<Step>,
    pub message: String,
}

impl Misfit {
    fn new(path: &[Step], message: impl Into<String>) -> Self {
        Self { path: path.to_vec(), message: message.into() }
    }

    /// The same in a member that is itself below `path`.
    fn below(self, path: &[Step]) -> Self {
        Self { path: [path, &self.path].concat(), message: self.message }
    }
}

impl Default for Config {
    fn default() -> Self {
        let File { listen, admin, log, reload, limits, .. } = File::default();
        Self {
            listen,
            admin,
            tls: None,
            jwt: None,
            limits,
            trusted_hops: Vec::new(),
            upstreams: Vec::new(),
            log,
            record: None,
            tracing: None,
            reload,
        }
    }
}

/// The configuration that a file in `folder` describes.
///
/// # Errors
/// What does not go together.
pub fn resolve(file: File, folder: &Path) -> Result<Config, Misfit> {
    let File { listen, admin, tls, jwt, log, decision_log, tracing, reload, limits, trusted_hops, problem, upstreams } =
        file;
    let tls = tls.map(|members| self::tls(members, folder)).transpose()?;
    let jwt = jwt.map(|members| self::jwt(members, folder)).transpose()?;
    let record = decision_log.map(|members| self::record(members, folder));
    let tracing = tracing.map(|members| self::tracing(members, folder)).transpose()?;
    check_limits(&limits)?;
    let upstreams = self::upstreams(upstreams, &problem, folder)?;
    Ok(Config { listen, admin, tls, jwt, limits, trusted_hops, upstreams, log, record, tracing, reload })
}

/// A gate whose paths lead from `folder`.
///
/// # Errors
/// What does not go together.
pub fn gate(mut gate: GateConfig, folder: &Path) -> Result<GateConfig, Misfit> {
    let policies = &mut gate.policies;
    if policies.signers.is_empty() && !policies.withdrawn.is_empty() {
        let message = "withdrawnKeys goes with requireSignature: name the keys that count as well";
        return Err(Misfit::new(&[Step::Member("withdrawnKeys")], message));
    }
    let signed = !policies.signers.is_empty();
    files(&mut policies.files, "policies", signed, folder)?;
    policies.signers.iter_mut().chain(&mut policies.withdrawn).for_each(|path| *path = folder.join(&*path));
    Ok(gate)
}

fn files(files: &mut [PolicyFile], member: &'static str, signed: bool, folder: &Path) -> Result<(), Misfit> {
    for (index, file) in files.iter_mut().enumerate() {
        if file.least_version.is_some() && !signed {
            let message = "leastVersion goes with requireSignature: a version is part of a signature";
            return Err(Misfit::new(&[Step::Member(member), Step::Item(index), Step::Member("leastVersion")], message));
        }
        file.path = folder.join(&file.path);
    }
    Ok(())
}

fn check_limits(limits: &Limits) -> Result<(), Misfit> {
    let path = [Step::Member("limits")];
    // What hyper takes at most in one piece.
    if limits.head > 256 << 10 {
        return Err(Misfit::new(&path, "headBytes is more than 262144"));
    }
    if limits.target > limits.head || limits.target > 65_000 {
        return Err(Misfit::new(&path, "targetBytes is more than headBytes or 65000"));
    }
    Ok(())
}

fn upstreams(members: Option<Vec<Upstream>>, problem: &Problem, folder: &Path) -> Result<Vec<UpstreamConfig>, Misfit> {
    let members = members.ok_or_else(|| Misfit::new(&[], "upstreams is missing: a list with the url of each VNFM"))?;
    if members.is_empty() {
        return Err(Misfit::new(&[Step::Member("upstreams")], "upstreams is empty; name at least one VNFM"));
    }
    let mut places = HashSet::new();
    for (index, one) in members.iter().enumerate() {
        if !places.insert((&one.host, &one.path_prefix)) {
            let message = "another upstream has the same host and pathPrefix; no request would ever reach this one";
            return Err(Misfit::new(&[Step::Member("upstreams"), Step::Item(index)], message));
        }
    }
    let resolved = members.into_iter().enumerate().map(|(index, members)| {
        upstream(members, problem, folder)
            .map_err(|misfit| misfit.below(&[Step::Member("upstreams"), Step::Item(index)]))
    });
    resolved.collect()
}

fn upstream(members: Upstream, problem: &Problem, folder: &Path) -> Result<UpstreamConfig, Misfit> {
    let (url, host, path_prefix) = (members.url.clone(), members.host.clone(), members.path_prefix.clone());
    let ca_file = joined(members.ca_file.as_ref(), folder);
    let mut shadow = members.shadow.clone();
    files(&mut shadow, "shadow", !members.require_signature.is_empty(), folder)?;
    let gate = gate(members.gate(problem), folder)?;
    Ok(UpstreamConfig { host, path_prefix, url, ca_file, gate, shadow })
}

fn joined(path: Option<&PathBuf>, folder: &Path) -> Option<PathBuf> {
    path.map(|path| folder.join(path))
}

fn tls(members: Tls, folder: &Path) -> Result<TlsConfig, Misfit> {
    let Tls { cert_file, key_file, client_ca_file, client_cert } = members;
    let clients = match (client_ca_file, client_cert) {
        (Some(ca), presence) => {
            Some(ClientCertificates { ca: folder.join(ca), presence: presence.unwrap_or_default() })
        }
        (None, Some(_)) => {
            let message = "clientCert goes with clientCaFile: name the authorities of the certificates";
            return Err(Misfit::new(&[Step::Member("tls"), Step::Member("clientCert")], message));
        }
        (None, None) => None,
    };
    Ok(TlsConfig { certificate: folder.join(cert_file), key: folder.join(key_file), clients })
}

fn jwt(jwt: JwtConfig, folder: &Path) -> Result<JwtConfig, Misfit> {
    let keys = match (jwt.keys, &jwt.ca_file) {
        (JwksSource::File(_), Some(_)) => {
            let path = [Step::Member("jwt"), Step::Member("caFile")];
            return Err(Misfit::new(&path, "caFile is for keys at an https URL: leave it out"));
        }
        (JwksSource::File(path), None) => JwksSource::File(folder.join(path)),
        (url @ JwksSource::Url(_), _) => url,
    };
    Ok(JwtConfig { keys, ca_file: joined(jwt.ca_file.as_ref(), folder), ..jwt })
}

fn record(members: DecisionLog, folder: &Path) -> RecordConfig {
    let bodies = if members.bodies { Bodies::Redacted } else { Bodies::LeftOut };
    RecordConfig { file: folder.join(members.file), bodies }
}

fn tracing(tracing: TracingConfig, folder: &Path) -> Result<TracingConfig, Misfit> {
    if tracing.ca_file.is_some() && !tracing.is_https() {
        let path = [Step::Member("tracing"), Step::Member("caFile")];
        let message = "caFile is for an https collector: leave it out, or write https:// in otlp";
        return Err(Misfit::new(&path, message));
    }
    Ok(TracingConfig { ca_file: joined(tracing.ca_file.as_ref(), folder), ..tracing })
}
