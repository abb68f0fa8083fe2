//! From the members of the file to the configuration: what one member says about another
//! is checked, and paths lead from the folder of the file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use solgate::policy::PolicyFile;
use solgate::record::Bodies;

use crate::agreement::Misfit;
use crate::gate::GateConfig;
use crate::gateway::{Config, Limits, UpstreamConfig};
use crate::jwt::{JwksSource, JwtConfig};
use crate::members::{DecisionLog, File, Problem, Tls, Upstream};
use crate::record::RecordConfig;
use crate::tls::{ClientCertificates, TlsConfig};
use crate::tracing::TracingConfig;

impl Default for Config {
    fn default() -> Self {
        let File { listen, admin, log, reload, limits, .. } = File::default();
        Self {
            listen,
            admin,
            tls: None,
            jwt: None,
            limits,
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
    let File { listen, admin, tls, jwt, log, decision_log, tracing, reload, limits, problem, upstreams } = file;
    let tls = tls.map(|members| self::tls(members, folder)).transpose()?;
    let jwt = jwt.map(|members| self::jwt(members, folder)).transpose()?;
    let record = decision_log.map(|members| self::record(members, folder));
    let tracing = tracing.map(|members| self::tracing(members, folder)).transpose()?;
    check_limits(&limits)?;
    let upstreams = self::upstreams(upstreams, &problem, folder)?;
    let config = Config { listen, admin, tls, jwt, limits, upstreams, log, record, tracing, reload };
    config.check()?;
    Ok(config)
}

/// A gate whose paths lead from `folder`.
pub fn gate(mut gate: GateConfig, folder: &Path) -> GateConfig {
    files(&mut gate.policies.files, folder);
    gate.policies.signers.iter_mut().for_each(|path| *path = folder.join(&*path));
    gate
}

fn files(files: &mut [PolicyFile], folder: &Path) {
    files.iter_mut().for_each(|file| file.path = folder.join(&file.path));
}

fn check_limits(limits: &Limits) -> Result<(), Misfit> {
    if limits.target > limits.head {
        return Err(Misfit::new("/limits/targetBytes", "targetBytes is more than headBytes, which is the whole head"));
    }
    Ok(())
}

fn upstreams(members: Option<Vec<Upstream>>, problem: &Problem, folder: &Path) -> Result<Vec<UpstreamConfig>, Misfit> {
    let members = members.ok_or_else(|| Misfit::new("", "upstreams is missing: a list with the url of each VNFM"))?;
    if members.is_empty() {
        return Err(Misfit::new("/upstreams", "upstreams is empty; name at least one VNFM"));
    }
    let mut places = HashSet::new();
    for (index, one) in members.iter().enumerate() {
        if !places.insert((&one.host, &one.path_prefix)) {
            let message = "another upstream has the same host and pathPrefix; no request would ever reach this one";
            return Err(Misfit::new(format!("/upstreams/{index}"), message));
        }
    }
    Ok(members.into_iter().map(|members| upstream(members, problem, folder)).collect())
}

fn upstream(members: Upstream, problem: &Problem, folder: &Path) -> UpstreamConfig {
    let (url, host, path_prefix) = (members.url.clone(), members.host.clone(), members.path_prefix.clone());
    let ca_file = joined(members.ca_file.as_ref(), folder);
    let mut shadow = members.shadow.clone();
    files(&mut shadow, folder);
    UpstreamConfig { host, path_prefix, url, ca_file, gate: gate(members.gate(problem), folder), shadow }
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
            return Err(Misfit::new("/tls/clientCert", message));
        }
        (None, None) => None,
    };
    Ok(TlsConfig { certificate: folder.join(cert_file), key: folder.join(key_file), clients })
}

fn jwt(jwt: JwtConfig, folder: &Path) -> Result<JwtConfig, Misfit> {
    let keys = match (jwt.keys, &jwt.ca_file) {
        (JwksSource::File(_), Some(_)) => {
            return Err(Misfit::new("/jwt/caFile", "caFile is for keys at an https URL: leave it out"));
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
        let message = "caFile is for an https collector: leave it out, or write https:// in otlp";
        return Err(Misfit::new("/tracing/caFile", message));
    }
    Ok(TracingConfig { ca_file: joined(tracing.ca_file.as_ref(), folder), ..tracing })
}
