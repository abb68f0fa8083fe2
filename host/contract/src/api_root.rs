//! API roots: the paths below which a policy judges.
//!
//! A root is a path such as `/vnflcm/v2`. A segment in braces, such as `{org}`, is a
//! variable: it stands for any segment that is not empty.

use std::cmp::Ordering;

/// The resource at which every API says which versions it has. It is found beside the
/// version segment of an API root, too (ETSI GS NFV-SOL 013, 9.3.2).
pub const API_VERSIONS: &str = "/api_versions";

/// The API roots of a policy, to find the one that a path lies below.
#[derive(Debug, Clone, Default)]
pub struct ApiRoots {
    /// Index and root, in the order in which they are tried.
    sorted: Vec<(usize, String)>,
}

/// A path, split where its API root ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Below<'p> {
    /// Index of the root.
    pub root: usize,
    /// The root as this path has it.
    pub prefix: &'p str,
    /// What follows it: nothing, or a slash and more.
    pub rest: &'p str,
}

impl ApiRoots {
    /// Roots by their index.
    pub fn new<'r>(roots: impl IntoIterator<Item = &'r str>) -> Self {
        let mut sorted: Vec<(usize, String)> =
            roots.into_iter().enumerate().map(|(index, root)| (index, root.to_owned())).collect();
        sorted.sort_by(|(_, a), (_, b)| order(a, b));
        Self { sorted }
    }

    /// The root that a path in normal form lies below: of several the one with the
    /// most segments, then the one that is written out where another has a variable.
    #[must_use]
    pub fn find<'p>(&self, path: &'p str) -> Option<Below<'p>> {
        self.sorted.iter().find_map(|(root, pattern)| {
            let (prefix, rest) = split(pattern, path)?;
            Some(Below { root: *root, prefix, rest })
        })
    }

    /// In the order in which they are tried.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.sorted.iter().map(|(index, root)| (*index, root.as_str()))
    }
}

/// As [`ApiRoots::find`], for a single path.
pub fn find<'r, 'p>(roots: impl Iterator<Item = &'r str>, path: &'p str) -> Option<Below<'p>> {
    let below = roots.enumerate().filter_map(|(root, pattern)| {
        let (prefix, rest) = split(pattern, path)?;
        Some((pattern, Below { root, prefix, rest }))
    });
    below.min_by(|(a, _), (b, _)| order(a, b)).map(|(_, below)| below)
}

/// Splits a path behind `root`; `None` if it does not lie below it.
pub(crate) fn split<'p>(root: &str, path: &'p str) -> Option<(&'p str, &'p str)> {
    let (mut pattern, mut left) = (root.as_bytes(), path.as_bytes());
    while let [expected, after @ ..] = pattern {
        if *expected == b'{' {
            let end = after.iter().position(|byte| *byte == b'}')?;
            pattern = after.get(end..)?.get(1..)?;
            let segment = left.iter().position(|byte| *byte == b'/').unwrap_or(left.len());
            left = left.get(segment..).filter(|_| segment > 0)?;
        } else {
            left = left.strip_prefix(&[*expected])?;
            pattern = after;
        }
    }
    let ends = left.first().is_none_or(|byte| *byte == b'/');
    path.split_at_checked(path.len().checked_sub(left.len())?).filter(|_| ends)
}

/// The variables of a root, each with the segment that stands for it in `prefix`.
pub fn variables<'r, 'p>(root: &'r str, prefix: &'p str) -> impl Iterator<Item = (&'r str, &'p str)> {
    root.split('/').zip(prefix.split('/')).filter_map(|(segment, value)| Some((variable(segment)?, value)))
}

/// The name of the variable that a segment is.
pub(crate) fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Whether a segment names a major version of an API: `v` and digits, in either case.
pub(crate) fn is_major(segment: &str) -> bool {
    segment
        .strip_prefix(['v', 'V'])
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What people call the API below a root, such as `vnflcm/v2`: the major version with the
/// name before it; of a root without a major version all of it.
#[must_use]
pub fn api(root: &str) -> &str {
    let begin = family_at(root).unwrap_or_default();
    root.get(begin..).unwrap_or_default().trim_start_matches('/')
}

/// The same without its major version, such as `vnflcm`: versions of one API are about the
/// same resources. `None` without a major version.
#[must_use]
pub fn family(root: &str) -> Option<&str> {
    root.get(family_at(root)?..)?.rsplit_once('/').map(|(family, _)| family).filter(|family| !family.is_empty())
}

/// The major version of the API below a root, such as `2`.
#[must_use]
pub fn major(root: &str) -> Option<&str> {
    root.rsplit_once('/').filter(|(_, version)| is_major(version)).and_then(|(_, version)| version.get(1..))
}

/// Where the name before the major version begins.
fn family_at(root: &str) -> Option<usize> {
    let (parent, _) = root.rsplit_once('/').filter(|(_, version)| is_major(version))?;
    Some(parent.rfind('/').map_or(0, |slash| slash.saturating_add(1)))
}

/// Whether it can be an API root: a path without a slash at its end, each of whose
/// variables is a whole segment and has a name of its own.
#[must_use]
pub fn is_root(path: &str) -> bool {
    let segments = || path.split('/').skip(1);
    let plain = |text: &str| !text.is_empty() && !text.contains(['{', '}', '?', '%']);
    let names: Vec<&str> = segments().filter_map(variable).collect();
    let is_whole = |segment: &str| plain(variable(segment).unwrap_or(segment));
    let distinct = names.iter().enumerate().all(|(at, name)| !names.iter().take(at).any(|known| known == name));
    path.is_empty() || (path.starts_with('/') && segments().all(is_whole) && distinct)
}

/// A root with its variables made nameless: two of one shape hold the same paths.
#[must_use]
pub fn shape(root: &str) -> String {
    let nameless = |segment| if variable(segment).is_some() { "{}" } else { segment };
    root.split('/').map(nameless).collect::<Vec<_>>().join("/")
}

/// Which of two roots is tried first.
fn order(a: &str, b: &str) -> Ordering {
    let segments = |root: &str| root.split('/').count();
    let by_segment = || {
        let kinds = a.split('/').zip(b.split('/')).map(|(a, b)| variable(a).is_some().cmp(&variable(b).is_some()));
        kinds.fold(Ordering::Equal, Ordering::then)
    };
    segments(b).cmp(&segments(a)).then_with(by_segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "/tca/etsi/orgs/{org}/direct/v271/vnflcm/v2";

    #[test]
    fn a_path_is_split_behind_its_root() {
        let cases = [
            ("/vnflcm/v2", "/vnflcm/v2/vnf_instances", Some(("/vnflcm/v2", "/vnf_instances"))),
            ("/vnflcm/v2", "/vnflcm/v2", Some(("/vnflcm/v2", ""))),
            ("/vnflcm/v2", "/vnflcm/v2/", Some(("/vnflcm/v2", "/"))),
            ("/vnflcm/v2", "/vnflcm/v22", None),
            ("/vnflcm/v2", "/vnflcm/v", None),
            ("/vnflcm/v2", "", None),
            (
                TENANT,
                "/tca/etsi/orgs/a%20b/direct/v271/vnflcm/v2/x",
                Some(("/tca/etsi/orgs/a%20b/direct/v271/vnflcm/v2", "/x")),
            ),
            (TENANT, "/tca/etsi/orgs//direct/v271/vnflcm/v2/x", None),
            (TENANT, "/tca/etsi/orgs/a/b/direct/v271/vnflcm/v2/x", None),
            (TENANT, "/tca/etsi/orgs/direct/v271/vnflcm/v2/x", None),
            (TENANT, "/tca/etsi/orgs/a/direct/v271/vnflcm/v2.1", None),
            ("/{one}/{two}", "/a/b/c", Some(("/a/b", "/c"))),
            ("/{one}/{two}", "/a/b", Some(("/a/b", ""))),
            ("/{one}/{two}", "/a/", None),
            ("/{one}", "/ä/b", Some(("/ä", "/b"))),
            ("", "/a", Some(("", "/a"))),
        ];
        for (root, path, expected) in cases {
            assert_eq!(split(root, path), expected, "{path} below {root}");
        }
        let values: Vec<(&str, &str)> = variables("/a/{x}/b/{y}", "/a/1/b/2").collect();
        assert_eq!(values, [("x", "1"), ("y", "2")]);
    }

    #[test]
    fn the_longest_root_wins_and_what_is_written_out_before_a_variable() {
        let roots = ["/{a}/v2", "/vnflcm/v2", "/vnflcm/{b}", "/vnflcm", "/{a}/v2/{c}", "/{a}/{b}"];
        let found = |path| {
            let below = ApiRoots::new(roots).find(path);
            assert_eq!(below, find(roots.into_iter(), path), "{path}");
            below.map(|below| roots.get(below.root).copied().unwrap_or(""))
        };
        let cases = [
            ("/vnflcm/v2/x", Some("/{a}/v2/{c}")),
            ("/vnflcm/v2", Some("/vnflcm/v2")),
            ("/vnflcm/v3/x", Some("/vnflcm/{b}")),
            ("/vnflcm", Some("/vnflcm")),
            ("/other/v2", Some("/{a}/v2")),
            ("/other/v3", Some("/{a}/{b}")),
            ("/other", None),
        ];
        for (path, root) in cases {
            assert_eq!(found(path), root, "{path}");
        }
    }

    #[test]
    fn an_api_has_a_name() {
        let cases = [
            ("/vnflcm/v2", "vnflcm/v2", Some("vnflcm")),
            ("/telco/api/nslcm/v1", "nslcm/v1", Some("nslcm")),
            (TENANT, "vnflcm/v2", Some("vnflcm")),
            ("/v2", "v2", None),
            ("/hostile", "hostile", None),
            ("/a/b", "a/b", None),
            ("", "", None),
        ];
        for (root, name, versionless) in cases {
            assert_eq!((api(root), family(root)), (name, versionless), "{root}");
            assert_eq!(
                major(root),
                name.rsplit_once('v').and_then(|(_, digits)| digits.parse::<u8>().is_ok().then_some(digits)),
                "{root}"
            );
        }
    }

    #[test]
    fn what_can_be_a_root() {
        for root in ["", "/vnflcm/v2", TENANT, "/{a}", "/a.b/~c"] {
            assert!(is_root(root), "{root}");
        }
        for other in ["/", "a", "/a/", "/a//b", "/a{b}", "/{a", "/{}", "/{a}/{a}", "/{a}{b}", "/a?b", "/%61"] {
            assert!(!is_root(other), "{other}");
        }
    }
}
