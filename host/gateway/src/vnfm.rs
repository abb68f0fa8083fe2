//! How the gate reaches the VNFM of an upstream: with what it judges and with what it
//! forwards.

use std::sync::Arc;

use http::Uri;
use http::uri::Authority;
use solgate_access::AccessError;
use solgate_access::metrics::AccessMetrics;
use solgate_access::tls::VnfmTls;
use solgate_config::UpstreamConfig;
use solgate_config::health::{self as config, HealthConfig};
use solgate_config::vnfm_url::{base_path, name, origin};
use solgate_upstream::address::{Address, Rest};
use solgate_upstream::check::{self, Check};
use solgate_upstream::connect::is_https;
use solgate_upstream::reach::{Balance, Reach};
use tokio::task::JoinSet;

use crate::error::GatewayError;

/// The ways to one VNFM. What keeps them up to date ends with this.
pub struct Vnfm {
    /// To where requests are forwarded.
    pub forward: Arc<Reach>,
    /// To where facts come from.
    pub facts: Arc<Reach>,
    tls: Arc<VnfmTls>,
    check: Option<Check>,
    tasks: JoinSet<()>,
}

impl Vnfm {
    /// The ways to the VNFM of an upstream; nothing is asked there. What is `known` of its
    /// addresses stays known.
    ///
    /// # Errors
    /// The certificates for it cannot be used.
    pub fn open(upstream: &UpstreamConfig, known: &[Arc<Self>]) -> Result<Self, GatewayError> {
        let facts = upstream.gate.facts.url.as_ref();
        let https = is_https(&upstream.url) || facts.is_some_and(is_https);
        let tls = VnfmTls::open(https, upstream.ca_file.as_deref(), upstream.own_certificate.as_ref());
        let tls = tls.map_err(|error| misplaced(error, upstream))?;
        let bad = |url: &Uri| GatewayError::UpstreamUrl { url: url.to_string() };
        let base = |url: &Uri| origin(url).ok_or_else(|| bad(url));
        let reaches = known.iter().flat_map(|vnfm| [&vnfm.forward, &vnfm.facts]);
        let found: Vec<&Arc<Address>> = reaches.flat_map(|reach| reach.addresses()).collect();
        let address = |uri: Uri| match found.iter().find(|address| *address.uri() == uri) {
            Some(address) => Arc::clone(address),
            None => Address::new(uri),
        };
        let reach = |origin: &Uri| Reach::new(origin.clone(), Arc::clone(&tls.tls));
        let HealthConfig { aside: first, aside_most: most, .. } = upstream.health;
        let origin = base(&upstream.url)?;
        let uris = upstream.addresses.iter().map(|authority| at(&origin, authority).ok_or_else(|| bad(&upstream.url)));
        let uris = if upstream.addresses.is_empty() { vec![origin.clone()] } else { uris.collect::<Result<_, _>>()? };
        let addresses = uris.into_iter().map(address).collect();
        let balance = match upstream.balance {
            config::Balance::RoundRobin => Balance::RoundRobin,
            config::Balance::LeastRequests => Balance::LeastRequests,
        };
        let forward = Arc::new(reach(&origin).at(addresses, balance, Rest { first, most }).named(upstream.name()));
        let facts = match facts {
            None => Arc::clone(&forward),
            Some(url) => {
                let origin = base(url)?;
                Arc::new(
                    reach(&origin).at(vec![address(origin)], Balance::default(), Rest { first, most }).named(name(url)),
                )
            }
        };
        Ok(Self { forward, facts, tls, check: to_check(upstream), tasks: JoinSet::new() })
    }

    /// Keeps up to date what may change, and checks the addresses. To be called in a runtime.
    ///
    /// # Errors
    /// SIGHUP cannot be taken.
    pub fn kept(mut self, reload: bool, metrics: &AccessMetrics) -> Result<Arc<Self>, GatewayError> {
        if reload && let Some(renewal) = self.tls.renewal(metrics)? {
            self.tasks.spawn(renewal);
        }
        for address in self.forward.addresses() {
            match &self.check {
                Some(check) => drop(self.tasks.spawn(check::run(&self.forward, address, check.clone())?)),
                None => address.unchecked(),
            }
        }
        Ok(Arc::new(self))
    }

    /// Where the VNFM is, to which requests are forwarded.
    #[must_use]
    pub fn addresses(&self) -> &[Arc<Address>] {
        self.forward.addresses()
    }

    /// Whether the certificate that the gate shows holds now.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self, upstream: &UpstreamConfig) -> Result<(), GatewayError> {
        self.tls.check().map_err(|error| misplaced(error, upstream))
    }

    /// When the certificate that the gate shows ends, in seconds since 1970, if it shows one.
    #[must_use]
    pub fn not_after(&self) -> Option<i64> {
        self.tls.not_after()
    }
}

/// The same server at another address.
fn at(origin: &Uri, authority: &Authority) -> Option<Uri> {
    let mut parts = origin.clone().into_parts();
    parts.authority = Some(authority.clone());
    Uri::from_parts(parts).ok()
}

/// How the addresses of an upstream are checked, if they are.
fn to_check(upstream: &UpstreamConfig) -> Option<Check> {
    let HealthConfig { path, interval, timeout, statuses, fails, passes, .. } = upstream.health.clone();
    let target = format!("{}{}", base_path(&upstream.url), path?).parse().ok()?;
    let times = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Some(Check { target, interval, timeout, statuses, fails: times(fails), passes: times(passes) })
}

/// The same about the member that names the file at fault.
fn misplaced(error: AccessError, upstream: &UpstreamConfig) -> GatewayError {
    let AccessError::Tls(fault) = &error else { return GatewayError::from(error).at("/url") };
    let own = upstream.own_certificate.as_ref();
    let member = if upstream.ca_file.as_ref() == Some(&fault.path) {
        "/caFile"
    } else if own.is_some_and(|own| own.key == fault.path) {
        "/keyFile"
    } else {
        "/certFile"
    };
    GatewayError::from(error).at(member)
}
