//! What is counted of TLS and tokens.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use solgate_telemetry::outcome_counter::{Counted, OutcomeCounter};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    /// The first of the names for which it is; empty for all other names.
    name: String,
}

/// Why a connection has come to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// The client's certificate is missing or not accepted.
    Certificate,
    /// The client speaks something else: no TLS, an old version, another protocol in it.
    Protocol,
    /// The client has left, or has not accepted the gate's certificate.
    Closed,
    Timeout,
}

impl HandshakeFailure {
    const ALL: [Self; 4] = [Self::Certificate, Self::Protocol, Self::Closed, Self::Timeout];

    fn labels(self) -> FailureLabels {
        let reason = match self {
            Self::Certificate => "certificate",
            Self::Protocol => "protocol",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
        };
        FailureLabels { reason }
    }
}

/// What became of certificates that were read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// New connections get them.
    Swapped,
    /// Those before go on.
    Refused,
}

/// What became of an attempt to read the keys for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysRead {
    Updated,
    Unchanged,
    /// Those before go on, if there are any.
    Failed,
}

impl Counted for KeysRead {
    const ALL: &'static [Self] = &[Self::Updated, Self::Unchanged, Self::Failed];

    fn name(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

impl Counted for Renewal {
    const ALL: &'static [Self] = &[Self::Swapped, Self::Refused];

    fn name(self) -> &'static str {
        match self {
            Self::Swapped => "swapped",
            Self::Refused => "refused",
        }
    }
}

/// The counters; those of what is not configured have no values.
#[derive(Debug, Clone)]
pub struct AccessMetrics {
    handshakes_failed: Family<FailureLabels, Counter>,
    tls_reloads: OutcomeCounter<Renewal>,
    /// Of one gate: a family, so that there is no value without TLS.
    not_after: Family<CertificateLabels, Gauge>,
    keys_read: OutcomeCounter<KeysRead>,
}

impl AccessMetrics {
    pub fn register(registry: &mut Registry) -> Self {
        let handshakes_failed = Family::default();
        registry.register(
            "tls_handshake_failures",
            "Connections that failed before the first request",
            handshakes_failed.clone(),
        );
        let help = "Changed certificates by outcome";
        let tls_reloads = OutcomeCounter::register_without_values(registry, "tls_reloads", help);
        let not_after = Family::default();
        registry.register(
            "tls_certificate_not_after_seconds",
            "When a certificate of the listener ends, in seconds since 1970, by its first server name",
            not_after.clone(),
        );
        let help = "Attempts to read the keys for access tokens";
        let keys_read = OutcomeCounter::register_without_values(registry, "jwks_reads", help);
        Self { handshakes_failed, tls_reloads, not_after, keys_read }
    }

    /// There is a listener with TLS, whose certificates end then.
    pub fn with_tls(&self, ends: Vec<(String, i64)>) {
        self.ending(ends);
        // An alert on an increase needs a zero to begin with.
        for failure in HandshakeFailure::ALL {
            drop(self.handshakes_failed.get_or_create(&failure.labels()));
        }
        self.with_renewal();
    }

    /// There are certificates in files.
    pub fn with_renewal(&self) {
        self.tls_reloads.begin();
    }

    /// Certificates of the listener end then, in seconds since 1970, by their names.
    pub fn ending(&self, ends: Vec<(String, i64)>) {
        for (name, end) in ends {
            self.not_after.get_or_create(&CertificateLabels { name }).set(end);
        }
    }

    /// Tokens are checked.
    pub fn with_tokens(&self) {
        self.keys_read.begin();
    }

    pub fn handshake_failed(&self, failure: HandshakeFailure) {
        self.handshakes_failed.get_or_create(&failure.labels()).inc();
    }

    pub fn tls_renewal(&self, renewal: Renewal) {
        self.tls_reloads.count(renewal);
    }

    pub fn keys_read(&self, outcome: KeysRead) {
        self.keys_read.count(outcome);
    }
}
