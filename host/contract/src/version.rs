//! API version identifiers (ETSI GS NFV-SOL 013, 9.1), and what stands for several.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// `MAJOR.MINOR.PATCH`, without the implementation suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion([u64; 3]);

impl ApiVersion {
    /// Before all others.
    pub const FIRST: Self = Self([0; 3]);

    /// Parses the value of a Version field: three decimal numbers without
    /// leading zeros, the first not zero, then perhaps `-impl:` and a text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = match text.split_once('-') {
            None => text,
            Some((numbers, suffix)) => {
                let implementation = suffix.strip_prefix("impl:")?;
                if implementation.is_empty() || implementation.contains(|c: char| c.is_control()) {
                    return None;
                }
                numbers
            }
        };
        Self::plain(numbers)
    }

    /// The same without a suffix.
    #[must_use]
    pub fn plain(numbers: &str) -> Option<Self> {
        let mut parts = numbers.split('.').map(number);
        let version = [parts.next()??, parts.next()??, parts.next()??];
        (parts.next().is_none() && version.first() != Some(&0)).then_some(Self(version))
    }

    /// The version that follows: nothing lies between the two.
    #[must_use]
    pub fn next(self) -> Self {
        let [major, minor, patch] = self.0;
        Self([major, minor, patch.saturating_add(1)])
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl Serialize for ApiVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ApiVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::plain(&text).ok_or_else(|| D::Error::custom("not a version of an API"))
    }
}

/// The versions of an API that have something: all of them, if it has no ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Releases {
    /// The first version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<ApiVersion>,
    /// The last version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<ApiVersion>,
}

impl Releases {
    #[must_use]
    pub fn are_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    #[must_use]
    pub fn have(&self, version: ApiVersion) -> bool {
        self.since.is_none_or(|first| first <= version) && self.until.is_none_or(|last| version <= last)
    }
}

/// One item of the options `supportedVersions` and `knownVersions`: a version in which `*`
/// stands for any number, or a range such as `2.0.0 - 2.3.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionPattern(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Numbers([Option<u64>; 3]),
    /// From the first to the second, both included.
    Range(ApiVersion, ApiVersion),
}

impl VersionPattern {
    /// `None` if it is neither three parts of digits or `*`, nor two versions of which the
    /// second is not before the first: it then supports nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((first, last)) = text.split_once('-') {
            let (first, last) = (ApiVersion::plain(first.trim())?, ApiVersion::plain(last.trim())?);
            return (first <= last).then_some(Self(Form::Range(first, last)));
        }
        let mut parts = text.split('.').map(|part| if part == "*" { Some(None) } else { number(part).map(Some) });
        let pattern = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(Self(Form::Numbers(pattern)))
    }

    /// A version whose last numbers are missing, such as `2` or `2.0`: any may stand there.
    #[must_use]
    pub fn parse_short(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(number);
        let (major, minor) = (parts.next()??, parts.next());
        let minor = match minor {
            Some(minor) => Some(minor?),
            None => None,
        };
        (parts.next().is_none() && major != 0).then_some(Self(Form::Numbers([Some(major), minor, None])))
    }

    /// Whether a version can match both, of which one is short.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Numbers(one), Form::Numbers(other)) => {
                one.iter().zip(other).all(|(one, other)| one.is_none_or(|one| other.is_none_or(|other| one == other)))
            }
            _ => self.lowest() <= other.highest() && other.lowest() <= self.highest(),
        }
    }

    #[must_use]
    pub fn matches(&self, version: ApiVersion) -> bool {
        match &self.0 {
            Form::Numbers(parts) => {
                parts.iter().zip(version.0).all(|(part, number)| part.is_none_or(|wanted| wanted == number))
            }
            Form::Range(first, last) => *first <= version && version <= *last,
        }
    }

    /// A version that this pattern stands for: the last of a range, else the lowest.
    #[must_use]
    pub fn concrete(&self) -> ApiVersion {
        match self.0 {
            Form::Numbers(_) => self.lowest(),
            Form::Range(_, last) => last,
        }
    }

    /// The lowest version that this pattern stands for.
    #[must_use]
    pub fn lowest(&self) -> ApiVersion {
        match self.0 {
            Form::Numbers(parts) => ApiVersion(parts.map(Option::unwrap_or_default)),
            Form::Range(first, _) => first,
        }
    }

    fn highest(&self) -> ApiVersion {
        match self.0 {
            Form::Numbers(parts) => ApiVersion(parts.map(|part| part.unwrap_or(u64::MAX))),
            Form::Range(_, last) => last,
        }
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let cases = [
            ("2.0.0", Some([2, 0, 0])),
            ("1.2.0-impl:example.com:myProduct:4", Some([1, 2, 0])),
            ("10.20.30", Some([10, 20, 30])),
            ("2", None),
            ("2.0", None),
            ("v2.0.0", None),
            ("2.0.0.0", None),
            ("2.0.0-beta", None),
            ("2.0.0-impl:", None),
            ("2.0.0-", None),
            ("02.0.0", None),
            ("2.00.0", None),
            ("0.1.2", None),
            ("latest", None),
            ("", None),
            ("2.0.+1", None),
            ("2.0.99999999999999999999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(ApiVersion::parse(text), expected.map(ApiVersion), "{text}");
        }
    }

    #[test]
    fn patterns() {
        let supported = |pattern: &str, version: &str| {
            VersionPattern::parse(pattern)
                .zip(ApiVersion::parse(version))
                .is_some_and(|(pattern, version)| pattern.matches(version))
        };
        assert!(supported("2.0.0", "2.0.0-impl:x"));
        assert!(supported("2.*.*", "2.7.1"));
        assert!(!supported("2.*.0", "2.7.1"));
        assert!(!supported("2.0", "2.0.0"));
        for (range, version, expected) in [
            ("2.0.0 - 2.3.0", "2.0.0", true),
            ("2.0.0 - 2.3.0", "2.2.17-impl:x", true),
            ("2.0.0-2.3.0", "2.3.0", true),
            ("2.0.0 - 2.3.0", "2.3.1", false),
            ("2.0.1 - 2.3.0", "2.0.0", false),
            ("2.9.0 - 2.12.0", "2.10.0", true),
            ("2.3.0 - 2.0.0", "2.1.0", false),
            ("2.0.0 - 2.*.*", "2.1.0", false),
            ("2.0 - 2.3.0", "2.1.0", false),
            ("2.0.0 - ", "2.1.0", false),
            ("2.0.0 - 2.1.0 - 2.2.0", "2.1.0", false),
        ] {
            assert_eq!(supported(range, version), expected, "{version} in {range}");
        }
        let like = |pattern: &str, short: &str| {
            let (pattern, short) = (VersionPattern::parse(pattern), VersionPattern::parse_short(short));
            pattern.zip(short).map(|(pattern, short)| pattern.overlaps(&short))
        };
        for (pattern, short, expected) in [
            ("2.0.0", "2", Some(true)),
            ("2.0.0", "2.0", Some(true)),
            ("2.0.0", "2.1", Some(false)),
            ("2.*.1", "2.7", Some(true)),
            ("2.0.0", "3", Some(false)),
            ("2.0.0", "0", None),
            ("2.0.0", "02", None),
            ("2.0.0", "v2", None),
            ("2.0.0", "2.", None),
            ("2.0.0", "2.0.0", None),
            ("2.0.0", "", None),
            ("2.0.0", "*", None),
            ("2.0.0 - 2.3.0", "2", Some(true)),
            ("2.0.0 - 2.3.0", "2.3", Some(true)),
            ("2.0.0 - 2.3.0", "2.4", Some(false)),
            ("2.0.0 - 2.3.0", "1", Some(false)),
        ] {
            assert_eq!(like(pattern, short), expected, "{short} for {pattern}");
        }
        assert_eq!(
            VersionPattern::parse("2.*.1").map(|pattern| pattern.concrete().to_string()).as_deref(),
            Some("2.0.1")
        );
        let range = VersionPattern::parse("2.0.0 - 2.3.0").map(|range| range.concrete().to_string());
        assert_eq!(range.as_deref(), Some("2.3.0"));
    }
}
