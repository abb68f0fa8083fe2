//! Several addresses of one VNFM: which of them gets a request, and how their health is found.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::uri::Authority;
use serde::{Deserialize, Serialize};

use crate::values::{As, Each, Form, Maybe, Positive, TimeLimit, parse_path_prefix};

/// Which of several addresses gets a request, among those that are healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Balance {
    /// Each in its turn.
    #[default]
    RoundRobin,
    /// The one with the fewest requests under way.
    LeastRequests,
}

/// How the health of addresses is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct HealthConfig {
    /// Path that is asked with GET at each address, below the path of url; without it no address is asked.
    #[serde(with = "Maybe::<CheckedPath>", skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Between two questions.
    #[serde(with = "As::<TimeLimit>")]
    pub interval: Duration,
    /// For a connection and the head of the answer.
    #[serde(with = "As::<TimeLimit>")]
    pub timeout: Duration,
    /// Statuses of good answers.
    #[serde(with = "Each::<Statuses>")]
    pub statuses: Vec<RangeInclusive<u16>>,
    /// Questions in a row without a good answer, after which an address gets no requests.
    #[serde(with = "Positive")]
    pub fails: usize,
    /// Good answers in a row after which it gets requests again.
    #[serde(with = "Positive")]
    pub passes: usize,
    /// How long an address gets no requests that has taken no connection; the time doubles with each attempt that fails.
    #[serde(with = "As::<TimeLimit>")]
    pub aside: Duration,
    /// The longest such time.
    #[serde(with = "As::<TimeLimit>")]
    pub aside_most: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            path: None,
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(2),
            statuses: vec![200..=499],
            fails: 2,
            passes: 1,
            aside: Duration::from_secs(1),
            aside_most: Duration::from_secs(60),
        }
    }
}

/// Host and port of a server.
pub struct HostPort;

impl Form for HostPort {
    type Value = Authority;
    const EXPECTED: &'static str = "HOST or HOST:PORT, such as 10.0.0.1:9890";
    #[cfg(test)]
    const PATTERN: &'static str = "^[^/@*?# ]+$";

    fn parse(text: &str) -> Option<Authority> {
        let authority: Authority = text.parse().ok()?;
        let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let good = port.is_empty() || authority.port_u16().is_some_and(|port| port != 0);
        (good && !authority.host().is_empty() && !text.contains(['@', '*'])).then_some(authority)
    }

    fn show(value: &Authority) -> String {
        value.to_string()
    }
}

/// A status, or a range of them.
pub struct Statuses;

impl Form for Statuses {
    type Value = RangeInclusive<u16>;
    const EXPECTED: &'static str = "a status such as \"200\", or a range such as \"200-299\", in quotes";
    #[cfg(test)]
    const PATTERN: &'static str = "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$";

    fn parse(text: &str) -> Option<RangeInclusive<u16>> {
        let status = |text: &str| text.parse().ok().filter(|status| text.len() == 3 && (100..600).contains(status));
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(status(first)?..=status(last)?).filter(|range| !range.is_empty())
    }

    fn show(range: &RangeInclusive<u16>) -> String {
        if range.start() == range.end() {
            range.start().to_string()
        } else {
            format!("{}-{}", range.start(), range.end())
        }
    }
}

/// What is asked at an address.
pub struct CheckedPath;

impl Form for CheckedPath {
    type Value = String;
    const EXPECTED: &'static str = "a path such as /vnflcm/api_versions, without query and dot segments";
    #[cfg(test)]
    const PATTERN: &'static str = "^/[^?#*\\\\ ]*$";

    fn parse(text: &str) -> Option<String> {
        parse_path_prefix(text)
    }

    fn show(value: &String) -> String {
        value.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_statuses_are_read_as_they_are_written() {
        for text in ["10.0.0.1:9890", "[::1]:80", "[::1]", "vnfm-a", "vnfm.example:443"] {
            assert_eq!(HostPort::parse(text).map(|one| HostPort::show(&one)).as_deref(), Some(text));
        }
        for text in ["", ":80", "a:0", "a:b", "a:", "a:99999", "u@a", "http://a", "a/b", "*.a", "::1"] {
            assert_eq!(HostPort::parse(text), None, "{text}");
        }
        for text in ["200", "200-299", "404-404"] {
            let shown = Statuses::show(&Statuses::parse(text).unwrap());
            assert_eq!(shown, text.trim_end_matches("-404"));
        }
        for text in ["", "99", "600", "299-200", "2xx", "200-", "+20", "200-299-300"] {
            assert_eq!(Statuses::parse(text), None, "{text}");
        }
    }
}
