//! How single values are written in the file: durations, addresses, paths, names.
//!
//! A [`Form`] says what is expected, reads it and writes it; [`As`], [`Maybe`] and
//! [`Each`] let serde use one for a member. The command line reads with the same forms.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, Uri};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use solgate::policy::{FileDigest, Isolation};
use solgate_contract::uri::decode_unreserved;

use crate::field_names::{CALLER_FIELD, CREDENTIAL_FIELD, parse_caller_field, parse_credential_field};
use crate::host_name::is_host;
use crate::jwks_source::JwksSource;
use crate::listen::{ADDRESS, ListenAddress, parse_address};
use crate::networks::{Hop, NETWORK, parse_network};
use crate::store_url::{STORE, StoreUrl};

/// A value that is written as a text.
pub trait Form {
    type Value;
    /// What the text should be, for messages.
    const EXPECTED: &'static str;
    /// The same for the JSON Schema, as far as a regular expression can say it.
    #[cfg(test)]
    const PATTERN: &'static str;
    fn parse(text: &str) -> Option<Self::Value>;
    fn show(value: &Self::Value) -> String;
}

/// A member in the form `F`.
pub struct As<F>(PhantomData<F>);

/// A member in the form `F` that may be missing.
pub struct Maybe<F>(PhantomData<F>);

/// A list of texts in the form `F`.
pub struct Each<F>(PhantomData<F>);

impl<F: Form> As<F> {
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F::Value, D::Error> {
        deserializer.deserialize_str(TextVisitor::<F>(PhantomData))
    }

    pub fn serialize<S: Serializer>(value: &F::Value, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&F::show(value))
    }
}

impl<F: Form> Maybe<F> {
    /// Is asked for a member that is there.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<F::Value>, D::Error> {
        As::<F>::deserialize(deserializer).map(Some)
    }

    pub fn serialize<S: Serializer>(value: &Option<F::Value>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(F::show).serialize(serializer)
    }
}

impl<F: Form> Each<F> {
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<F::Value>, D::Error> {
        Ok(Vec::<Item<F>>::deserialize(deserializer)?.into_iter().map(|item| item.0).collect())
    }

    pub fn serialize<S: Serializer>(values: &[F::Value], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(F::show))
    }
}

/// One text in the form `F`.
pub struct Item<F: Form>(pub F::Value);

impl<'de, F: Form> Deserialize<'de> for Item<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        As::<F>::deserialize(deserializer).map(Self)
    }
}

struct TextVisitor<F>(PhantomData<F>);

impl<F: Form> Visitor<'_> for TextVisitor<F> {
    type Value = F::Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(F::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<F::Value, E> {
        F::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A whole number from `MIN` to `MAX`.
pub struct Number<const MIN: usize, const MAX: usize>;

/// A whole number from 1.
pub type Positive = Number<1, { usize::MAX }>;
/// A head of a request that says little, to what hyper takes in one piece.
pub type HeadBytes = Number<1024, { 256 << 10 }>;
/// As many as one buffer of a connection can be for.
pub type Streams = Number<1, 1000>;
pub type TargetBytes = Number<64, 65_000>;
pub type Evaluations = Number<{ *EVALUATIONS.start() }, { *EVALUATIONS.end() }>;
pub type Memory = Number<{ *MEMORY.start() }, { *MEMORY.end() }>;
pub type Output = Number<{ *OUTPUT.start() }, { *OUTPUT.end() }>;
pub type Violations = Number<{ *VIOLATIONS.start() }, { *VIOLATIONS.end() }>;

impl<const MIN: usize, const MAX: usize> Number<MIN, MAX> {
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_u64(Self)
    }

    pub fn serialize<S: Serializer>(number: &usize, serializer: S) -> Result<S::Ok, S::Error> {
        number.serialize(serializer)
    }
}

impl<const MIN: usize, const MAX: usize> Visitor<'_> for Number<MIN, MAX> {
    type Value = usize;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if MAX == usize::MAX {
            write!(out, "a whole number from {MIN}")
        } else {
            write!(out, "a whole number from {MIN} to {MAX}")
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<usize, E> {
        let within = usize::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        within.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<usize, E> {
        let within = usize::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        within.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}

/// The same for a member that may be missing.
pub struct MaybePositive;

impl MaybePositive {
    /// Is asked for a member that is there.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
        Positive::deserialize(deserializer).map(Some)
    }

    pub fn serialize<S: Serializer>(number: &Option<usize>, serializer: S) -> Result<S::Ok, S::Error> {
        number.serialize(serializer)
    }
}

/// A part of something, from 0 to 1.
pub struct Ratio;

impl Ratio {
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        deserializer.deserialize_f64(Self)
    }

    pub fn serialize<S: Serializer>(ratio: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        ratio.serialize(serializer)
    }
}

impl Visitor<'_> for Ratio {
    type Value = f64;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(RATIO)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<f64, E> {
        match number {
            0 => Ok(0.0),
            1 => Ok(1.0),
            _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<f64, E> {
        if is_ratio(number) { Ok(number) } else { Err(E::invalid_value(Unexpected::Float(number), &self)) }
    }
}

/// Declares forms: name, value, what is expected, its pattern, how it is read and how it is written.
macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident: $value:ty, $expected:expr, $pattern:expr, $parse:expr, $show:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Form for $name {
            type Value = $value;
            const EXPECTED: &'static str = $expected;
            #[cfg(test)]
            const PATTERN: &'static str = $pattern;

            fn parse(text: &str) -> Option<$value> {
                let parse: fn(&str) -> Option<$value> = $parse;
                parse(text)
            }

            fn show(value: &$value) -> String {
                let show: fn(&$value) -> String = $show;
                show(value)
            }
        }
    )*};
}

forms! {
    /// Where to listen.
    Address: ListenAddress, ADDRESS, "^(unix:/.+|.+:[0-9]+)$", parse_address, ListenAddress::to_string;
    /// Any duration.
    Span: Duration, DURATION, "^[0-9]", parse_duration, duration;
    /// A duration that leaves time for something to happen.
    TimeLimit: Duration, TIME_LIMIT, "^[0-9]", parse_time_limit, duration;
    /// How long an evaluation may take.
    EvaluationTime: Duration, EVALUATION_TIME, "^[0-9]", evaluation_time, duration;
    /// For which a turn holds without being renewed.
    LeaseTime: Duration, LEASE_TIME, "^[0-9]", lease_time, duration;
    /// For which a turn is kept whose end nobody sees.
    ClaimTime: Duration, CLAIM_TIME, "^[0-9]", claim_time, duration;
    /// In which gates take turns together.
    Store: StoreUrl, STORE, "^(rediss?([+](sentinel|cluster))?://[^:]|unix:/.)", StoreUrl::parse, StoreUrl::to_string;
    /// A name in the store of turns.
    TurnsName: String, TURNS_NAME, "^[!-~]{1,200}$", turns_name, String::clone;
    /// Of members and the like whose values nobody is to see.
    SecretName: String, SECRET_NAME, "[A-Za-z0-9].*[A-Za-z0-9]", parse_secret_name, String::clone;
    /// Of a collector of spans.
    Collector: Uri, COLLECTOR, "^https?://[^/@#]+/?$", parse_url, url;
    /// Relative to the folder of the file.
    FilePath: PathBuf, "a path", ".", |text| filled(text).map(PathBuf::from), |path| path.display().to_string();
    /// Any text but an empty one.
    Filled: String, "a text that is not empty", ".", filled, String::clone;
    /// For whoever finds it later.
    Reason: String, "a sentence that says why", "[^ ]", |text| Some(text).filter(|text| !text.trim().is_empty()).map(str::to_owned), String::clone;
    HostName: String, "a host name or address without port (`*` stands for nothing here: name each host)", "^[^/@*]+$", host, String::clone;
    /// As clients name a server in TLS.
    ServerName: String, "a DNS name such as gate.example, or *.example", "^([*][.])?[A-Za-z0-9.-]+$", server_name, String::clone;
    PathPrefix: String, PATH_PREFIX, "^/[^?#*\\\\ ]*$", parse_path_prefix, String::clone;
    /// Where the keys for tokens come from.
    Keys: JwksSource, JwksSource::EXPECTED, ".", JwksSource::parse, keys;
    /// A network, one address, or all Unix sockets.
    Network: Hop, NETWORK, "^(unix|[0-9a-fA-F.:]+(/[0-9]+)?)$", parse_network, Hop::to_string;
    /// In which the VNFM is told who calls.
    CallerField: HeaderName, CALLER_FIELD, "^[!-~]+$", parse_caller_field, HeaderName::to_string;
    /// Whose value the gate sends to the VNFM when it asks for facts.
    CredentialField: HeaderName, CREDENTIAL_FIELD, "^[!-~]+$", parse_credential_field, HeaderName::to_string;
    Digest: FileDigest, FileDigest::EXPECTED, "^[0-9a-fA-F]{64}$", |text| text.parse().ok(), FileDigest::to_string;
    Isolated: Isolation, Isolation::EXPECTED, "^(fresh|rewound|recycle:[0-9]+)$", |text| text.parse().ok(), Isolation::to_string;
    Until: SystemTime, "a date such as 2026-12-31 or a time such as 2026-12-31T06:00:00Z", "^[0-9]{4}-[0-9]{2}-[0-9]{2}", parse_until, |time| humantime::format_rfc3339_seconds(*time).to_string();
    TypeBase: String, "the start of a URI, such as https://example.com/rules/", "^[!-~]+$", type_base, String::clone;
    Version: HeaderValue, "a version such as 2.0.0, in quotes", "^[0-9]+[.][0-9]+[.][0-9]+$", version, |version| version.to_str().unwrap_or_default().to_owned();
}

/// In one unit where that is exact: 75s rather than 1m 15s.
fn duration(duration: &Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        nanos if nanos % 1_000_000 == 0 => format!("{}ms", duration.as_millis()),
        _ => humantime::format_duration(*duration).to_string(),
    }
}

/// Without a slash at its end.
pub fn url(url: &Uri) -> String {
    url.to_string().trim_end_matches('/').to_owned()
}

fn filled(text: &str) -> Option<String> {
    Some(text).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn host(text: &str) -> Option<String> {
    let authority: http::uri::Authority = text.parse().ok()?;
    (authority.port().is_none() && !text.contains(['@', '*'])).then(|| text.to_ascii_lowercase())
}

/// In lower case. Clients never ask for an address (RFC 6066, 3).
fn server_name(text: &str) -> Option<String> {
    let good = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    (text.len() <= 253 && !is_address && name.split('.').all(good)).then(|| text.to_ascii_lowercase())
}

const PATH_PREFIX: &str = "a path such as /vnflcm/v2, as it is compared with decoded paths segment by segment: without query, `*`, empty and dot segments, and with characters rather than their %-encoding";

/// One that a path can have.
pub fn parse_path_prefix(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"?#*\\".contains(&byte);
    let steps = text.split('/').any(|segment| matches!(segment, "." | "..")) || text.contains("//");
    let good = text.starts_with('/') && text.bytes().all(is_plain) && !steps && decode_unreserved(text) == text;
    good.then(|| text.to_owned())
}

/// Without what may be a secret in the query.
fn keys(keys: &JwksSource) -> String {
    match keys {
        JwksSource::File(path) => path.display().to_string(),
        JwksSource::Url(url) => url.to_string(),
    }
}

fn type_base(text: &str) -> Option<String> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())).then(|| text.to_owned())
}

fn version(text: &str) -> Option<HeaderValue> {
    let numbers = text.split('.').filter(|part| part.parse::<u32>().is_ok()).count();
    (numbers == 3 && text.split('.').count() == 3).then(|| HeaderValue::from_str(text).ok())?
}

/// Evaluations at the same time: as many as there are addresses for.
pub const EVALUATIONS: RangeInclusive<usize> = 1..=10_000;
/// Bytes of memory that an evaluation may have.
pub const MEMORY: RangeInclusive<usize> = 1 << 20..=1 << 30;
/// Bytes that its outcome may have.
pub const OUTPUT: RangeInclusive<usize> = 4 << 10..=64 << 20;
/// Violations that its outcome may have.
pub const VIOLATIONS: RangeInclusive<usize> = 1..=10_000;

const LEASE_TIME: &str = "a duration from 1s to 10m, such as 10s";

fn lease_time(text: &str) -> Option<Duration> {
    parse_duration(text).filter(|time| (Duration::from_secs(1)..=Duration::from_secs(600)).contains(time))
}

const CLAIM_TIME: &str = "a duration from 100ms to 1m, such as 3s";

fn claim_time(text: &str) -> Option<Duration> {
    parse_duration(text).filter(|time| (Duration::from_millis(100)..=Duration::from_secs(60)).contains(time))
}

const TURNS_NAME: &str = "a name of up to 200 visible ASCII characters";

fn turns_name(text: &str) -> Option<String> {
    let good = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    good.then(|| text.to_owned())
}

const EVALUATION_TIME: &str = "a duration from 1ms to 1m, such as 250ms";

fn evaluation_time(text: &str) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(60);
    // The clock that cuts evaluations off has ticks of a millisecond.
    parse_duration(text).filter(|time| (Duration::from_millis(1)..=LONGEST).contains(time))
}

/// How long an evaluation may take.
///
/// # Errors
/// What was expected instead.
pub fn parse_evaluation_time(text: &str) -> Result<Duration, String> {
    evaluation_time(text).ok_or_else(|| format!("expected {EVALUATION_TIME}"))
}

/// What a number out of its range is told.
#[must_use]
pub fn expected(range: &RangeInclusive<usize>) -> String {
    format!("expected a whole number from {} to {}", range.start(), range.end())
}

/// What a collector is.
pub const COLLECTOR: &str =
    "http://HOST[:PORT] or https://HOST[:PORT] of a collector that takes OTLP over gRPC, without a path";

/// What [`parse_secret_name`] takes.
pub const SECRET_NAME: &str = "a name with at least two letters or digits";

/// A name, or a part of one, by which secrets are known.
#[must_use]
pub fn parse_secret_name(text: &str) -> Option<String> {
    // One letter is in almost every name.
    (text.chars().filter(|c| c.is_alphanumeric()).count() > 1).then(|| text.to_owned())
}

/// What [`parse_ratio`] takes.
pub const RATIO: &str = "a number from 0 to 1, such as 0.1 for every tenth request";

/// A part of something.
#[must_use]
pub fn parse_ratio(text: &str) -> Option<f64> {
    text.parse().ok().filter(|ratio| is_ratio(*ratio))
}

fn is_ratio(ratio: f64) -> bool {
    (0.0..=1.0).contains(&ratio)
}

/// The URL of a server: scheme and authority, nothing else.
#[must_use]
pub fn parse_url(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let plain = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(is_host)
        && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && uri.path_and_query().is_none_or(|path| path.as_str() == "/")
        && uri.authority().is_some_and(|authority| has_port_or_none(authority.as_str()))
        && !text.contains('#');
    plain.then_some(uri)
}

/// `http` takes any digits for a port.
fn has_port_or_none(authority: &str) -> bool {
    // A colon within brackets belongs to an IPv6 address.
    match authority.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port.parse::<u16>().is_ok_and(|port| port != 0),
        _ => true,
    }
}

/// What [`parse_duration`] takes.
pub const DURATION: &str = "a duration such as 500ms, 10s or 1m 30s, a year at most";

/// What [`parse_time_limit`] takes.
pub const TIME_LIMIT: &str = "a duration from 1ms to a year, such as 500ms, 10s or 1m 30s";

/// A duration of a year at most: clocks and timers can do with no more.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    humantime::parse_duration(text).ok().filter(|duration| *duration <= LONGEST)
}

/// A duration that leaves time for something to happen.
#[must_use]
pub fn parse_time_limit(text: &str) -> Option<Duration> {
    parse_duration(text).filter(|duration| *duration >= Duration::from_millis(1))
}

/// A point in time (RFC 3339), or a date, which includes that day.
#[must_use]
pub fn parse_until(text: &str) -> Option<SystemTime> {
    if text.len() == "2026-01-31".len() {
        humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).ok()?.checked_add(Duration::from_secs(24 * 60 * 60))
    } else {
        humantime::parse_rfc3339(text).ok()
    }
}

#[cfg(test)]
mod schema;
