//! API version identifiers (ETSI GS NFV-SOL 013, 9.1).

use std::fmt;

/// `MAJOR.MINOR.PATCH`, without the implementation suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion([u64; 3]);

impl ApiVersion {
    /// Parses the value of a Version field: three decimal numbers without
    /// leading zeros, the first not zero, then perhaps `-impl:` and a text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
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
        let mut parts = numbers.split('.').map(number);
        let version = [parts.next()??, parts.next()??, parts.next()??];
        (parts.next().is_none() && version.first() != Some(&0)).then_some(Self(version))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// One item of the option `supportedVersions`: `*` stands for any number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionPattern([Option<u64>; 3]);

impl VersionPattern {
    /// `None` if it is not three parts of digits or `*`: it then supports nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| if part == "*" { Some(None) } else { number(part).map(Some) });
        let pattern = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(Self(pattern))
    }

    /// A version whose last numbers are missing, such as `2` or `2.0`: any may stand there.
    pub(crate) fn parse_short(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(number);
        let (major, minor) = (parts.next()??, parts.next());
        let minor = match minor {
            Some(minor) => Some(minor?),
            None => None,
        };
        (parts.next().is_none() && major != 0).then_some(Self([Some(major), minor, None]))
    }

    /// Whether a version can match both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(one, other)| one.is_none_or(|one| other.is_none_or(|other| one == other)))
    }

    pub(crate) fn matches(&self, version: ApiVersion) -> bool {
        self.0.iter().zip(version.0).all(|(part, number)| part.is_none_or(|wanted| wanted == number))
    }

    /// A version that this pattern supports: the lowest.
    pub(crate) fn concrete(&self) -> ApiVersion {
        ApiVersion(self.0.map(Option::unwrap_or_default))
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
        ] {
            assert_eq!(like(pattern, short), expected, "{short} for {pattern}");
        }
        assert_eq!(
            VersionPattern::parse("2.*.1").map(|pattern| pattern.concrete().to_string()).as_deref(),
            Some("2.0.1")
        );
    }
}
