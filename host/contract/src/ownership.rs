//! To which policy a request belongs: what a policy judges by its path, and what only
//! some server would read as that path. For hosts that ask several policies about a
//! request.

use std::borrow::Cow;

use crate::{
    api_root::{self, API_VERSIONS, is_major},
    uri,
};

/// How often percent-encoding is undone: more servers in a row decode no path.
const LAYERS: usize = 8;

/// The path of a target in normal form; `None` if it has none. It is borrowed if nothing of
/// it is percent-encoded.
#[must_use]
pub fn normal_path(target: &str) -> Option<Cow<'_, str>> {
    uri::normalise(uri::split_target(target).0).ok()
}

/// What a policy judges: all that lies below its API roots and, if it has that resource,
/// where their API says which versions it has.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'r, R> {
    pub roots: &'r [R],
    /// It has the resource that lists the versions of the API.
    pub versions: bool,
}

/// Which of several policies have a say in a request, by their index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Belongs<'c> {
    /// Each of these: it lies below their roots, or some server would find it there.
    To(Cow<'c, [usize]>),
    /// Any of these: it is where several versions of one API are listed, and each policy
    /// judges another of them.
    ToAny(Cow<'c, [usize]>),
    /// It lies below the root of none.
    ToNobody,
}

impl<R: AsRef<str>> Claim<'_, R> {
    fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(AsRef::as_ref)
    }

    fn has_below(&self, path: &str) -> bool {
        self.roots().any(|root| is_below(root, path))
    }

    fn lists(&self, path: &str) -> bool {
        self.versions && self.roots().any(|root| is_versions_of(root, path))
    }
}

impl Belongs<'_> {
    /// Whoever judges what has this path, and whoever would be reached by it in disguise:
    /// that policy knows how to refuse it.
    #[must_use]
    pub fn of<'r, R: AsRef<str> + 'r>(target: &str, claims: impl Iterator<Item = Claim<'r, R>>) -> Belongs<'static> {
        // What every server may read in its own way is nobody's alone.
        let Some(path) = normal_path(target) else {
            return Belongs::ToNobody;
        };
        let mut says = Says::default();
        for (index, claim) in claims.enumerate() {
            if claim.has_below(&path) {
                says.below.push(index);
            } else if claim.lists(&path) {
                says.lists.push(index);
            } else if is_reached(claim.roots(), target) {
                says.disguised.push(index);
            }
        }
        says.conclude()
    }
}

/// What was found of who has a say in a request, by index.
#[derive(Debug, Default)]
pub(crate) struct Says {
    /// It lies below their roots.
    pub below: Vec<usize>,
    /// It is where their API lists its versions.
    pub lists: Vec<usize>,
    /// Some server would find it below their roots.
    pub disguised: Vec<usize>,
}

impl Says {
    /// An index may be there more than once.
    pub fn conclude(self) -> Belongs<'static> {
        let Self { below: mut owners, lists, disguised } = self;
        let is_owned = !owners.is_empty();
        if !lists.is_empty() {
            owners.extend(lists);
        }
        in_order(&mut owners);
        let count = owners.len();
        if count == 0 {
            return Belongs::ToNobody;
        }
        let mut asked = owners;
        if !disguised.is_empty() {
            asked.extend(disguised);
            in_order(&mut asked);
        }
        let are_all_asked = count == 1 || is_owned || count < asked.len();
        let asked = Cow::Owned(asked);
        if are_all_asked { Belongs::To(asked) } else { Belongs::ToAny(asked) }
    }
}

fn in_order(indices: &mut Vec<usize>) {
    if indices.len() > 1 {
        indices.sort_unstable();
        indices.dedup();
    }
}

/// Whether a path in normal form lies below an API root. A segment of the root in braces
/// stands for any that is not empty.
#[must_use]
pub fn is_below(root: &str, path: &str) -> bool {
    api_root::split(root, path).is_some()
}

/// Whether a path in normal form is where the API of a root says which versions it has:
/// beside the version segment (ETSI GS NFV-SOL 013, 9.3.2).
#[must_use]
pub fn is_versions_of(root: &str, path: &str) -> bool {
    let Some((parent, _)) = root.rsplit_once('/').filter(|(_, version)| is_major(version)) else {
        return false;
    };
    path.strip_suffix(API_VERSIONS)
        .is_some_and(|path| is_below(parent, path) && path.split('/').count() == parent.split('/').count())
}

/// Whether some server would find one of these API roots in a target that lies below
/// none: one that decodes everything, resolves dot segments, drops the parameters of
/// segments, what follows a decoded `?` or `#`, or blanks and dots at their ends, or does not mind the case of letters.
/// Where there are dot segments, every root may be meant.
pub fn is_disguised<'r>(mut roots: impl Iterator<Item = &'r str>, target: &str) -> bool {
    match Reading::of(uri::split_target(target).0) {
        Reading::AsWritten(path) => has_dots(path.split('/')) || roots.any(|root| begins_with(path.split('/'), root)),
        Reading::Decoded(text) => {
            let segments = bare(&text);
            has_dots(segments.iter().map(String::as_str)) || roots.any(|root| begin_with(&segments, root))
        }
        Reading::Endless => true,
    }
}

/// The same of a target whose path is in normal form, and which others than the owners of
/// these roots may judge. The path has dot segments only for a server that decodes it
/// twice, so it is taken for a way to those roots alone that can be what is left of it.
fn is_reached<'r>(mut roots: impl Iterator<Item = &'r str>, target: &str) -> bool {
    match Reading::of(uri::split_target(target).0) {
        Reading::AsWritten(path) => roots.any(|root| begins_with(path.split('/'), root)),
        Reading::Decoded(text) => {
            let segments = bare(&text);
            if has_dots(segments.iter().map(String::as_str)) {
                let text = text.to_lowercase();
                return roots.any(|root| can_be_left_of(&text, root));
            }
            roots.any(|root| begin_with(&segments, root))
        }
        Reading::Endless => true,
    }
}

/// A path as the least exact server reads it.
enum Reading<'p> {
    /// It holds nothing that anybody decodes, cuts or trims, so it need not be taken apart.
    AsWritten(&'p str),
    Decoded(Cow<'p, str>),
    /// There is more to decode than anybody does.
    Endless,
}

impl<'p> Reading<'p> {
    fn of(path: &'p str) -> Self {
        if path.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'%' | b';' | b'#' | b'?')) {
            return Self::AsWritten(path);
        }
        match decode_fully(path) {
            (text, true) => Self::Decoded(text),
            (_, false) => Self::Endless,
        }
    }
}

/// The segments of a decoded path without what some servers leave out of them.
fn bare(path: &str) -> Vec<String> {
    let bare = |segment: &str| segment.split([';', '?', '#']).next().unwrap_or_default().trim().to_lowercase();
    path.split('/').map(bare).collect()
}

fn has_dots<'s>(mut segments: impl Iterator<Item = &'s str>) -> bool {
    segments.any(|segment| matches!(segment, "." | ".."))
}

/// Whether a root can be what is left of a decoded path in lower case, whichever of its segments
/// a server drops: the root's own segments come in it one after the other. Whatever else the
/// server does to a segment, it takes only from it.
fn can_be_left_of(path: &str, root: &str) -> bool {
    let mut segments = path.split(['/', '\\']).filter(|segment| !segment.is_empty());
    root.split('/').skip(1).all(|expected| match api_root::variable(expected) {
        Some(_) => segments.next().is_some(),
        None => {
            let expected = expected.to_lowercase();
            segments.any(|segment| segment.contains(&expected))
        }
    })
}

fn begin_with(segments: &[String], root: &str) -> bool {
    begins_with(segments.iter().map(String::as_str), root)
}

/// Whether segments begin with those of a root for a server that does not mind the case of
/// letters, dots at the end of a segment, or empty segments.
fn begins_with<'s>(segments: impl Iterator<Item = &'s str>, root: &str) -> bool {
    let mut segments = segments.map(|segment| segment.trim_end_matches('.')).filter(|segment| !segment.is_empty());
    let is =
        |expected: &str, found: &str| api_root::variable(expected).is_some() || expected.eq_ignore_ascii_case(found);
    root.split('/').skip(1).all(|expected| segments.next().is_some_and(|found| is(expected, found)))
}

/// Undoes percent-encoding, also where it was applied more than once. What is not UTF-8
/// then is replaced. False with the text: there is more of it than anybody decodes.
#[must_use]
pub fn decode_fully(text: &str) -> (Cow<'_, str>, bool) {
    let mut text = Cow::Borrowed(text);
    for _ in 0..LAYERS {
        match uri::decode_lossily(&text) {
            Some(decoded) => text = Cow::Owned(decoded),
            None => return (text, true),
        }
    }
    let whole = uri::decode_lossily(&text).is_none();
    (text, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "/orgs/{org}/vnflcm/v2";

    #[test]
    fn a_path_belongs_to_the_roots_that_it_lies_below() {
        let cases = [
            ("/vnflcm/v2", "/vnflcm/v2/vnf_instances", true),
            ("/vnflcm/v2", "/vnflcm/v2", true),
            ("/vnflcm/v2", "/vnflcm/v2/", true),
            ("/vnflcm/v2", "/vnflcm/v22/x", false),
            ("/vnflcm/v2", "/vnflcm", false),
            ("/vnflcm/v2", "/vnflcm/v1/x", false),
            ("/vnflcm/v2", "/", false),
            ("", "/x", true),
            (TENANT, "/orgs/a%20b/vnflcm/v2/x", true),
            (TENANT, "/orgs//vnflcm/v2/x", false),
            (TENANT, "/orgs/a/b/vnflcm/v2/x", false),
        ];
        for (root, path, expected) in cases {
            assert_eq!(is_below(root, path), expected, "{path} below {root}");
        }
        let cases = [
            ("/vnflcm/v2", "/vnflcm/api_versions", true),
            ("/vnflcm/v2", "/vnflcm/api_versions/", false),
            ("/vnflcm/v2", "/vnflcm/v2/api_versions", false),
            ("/vnflcm/v2", "/api_versions", false),
            ("/vnflcm/latest", "/vnflcm/api_versions", false),
            (TENANT, "/orgs/a/vnflcm/api_versions", true),
        ];
        for (root, path, expected) in cases {
            assert_eq!(is_versions_of(root, path), expected, "{path} for {root}");
        }
    }

    #[test]
    fn a_request_belongs_to_whom_it_lies_below_and_a_list_of_versions_to_any() {
        let claims = [(["/vnflcm/v2"], true), (["/vnflcm/v1"], true), (["/nslcm/v2"], true), (["/vnflcm/v3"], false)];
        let of = |target: &str| {
            Belongs::of(target, claims.iter().map(|(roots, versions)| Claim { roots, versions: *versions }))
        };
        let cases = [
            ("/vnflcm/v2/vnf_instances?x", Belongs::To(vec![0].into())),
            ("/vnflcm/v1/vnf_instances", Belongs::To(vec![1].into())),
            ("/vnflcm/v%31", Belongs::To(vec![1].into())),
            ("/vnflcm/v2/api_versions", Belongs::To(vec![0].into())),
            ("/vnflcm/api_versions", Belongs::ToAny(vec![0, 1].into())),
            ("/nslcm/api_versions", Belongs::To(vec![2].into())),
            ("/vnflcm/v4/vnf_instances", Belongs::ToNobody),
            ("/VNFLCM/v1/vnf_instances", Belongs::ToNobody),
            ("/vnflcm/v1/../v2/vnf_instances", Belongs::ToNobody),
            ("/", Belongs::ToNobody),
        ];
        for (target, expected) in cases {
            assert_eq!(of(target), expected, "{target}");
        }
        // One policy's root opens no way to another's.
        let open = [["/open"], ["/vnflcm/v2"]];
        let of = |target: &str| Belongs::of(target, open.iter().map(|roots| Claim { roots, versions: true }));
        assert_eq!(of("/open/x"), Belongs::To(vec![0].into()));
        assert_eq!(of("/open/%252e%252e/vnflcm/v2/x"), Belongs::To(vec![0, 1].into()));
    }

    /// An identifier may be a dot segment that is encoded twice. What is left of a path if a
    /// server resolves it may be a root.
    #[test]
    fn a_dot_segment_that_is_encoded_twice_leads_to_roots_that_can_be_left_of_the_path() {
        let roots = ["/vnflcm/v2", "/vnflcm/v1", "/nslcm/v2", TENANT, "/{org}/nslcm/v9"];
        let of = |target: &str| {
            Belongs::of(target, roots.iter().map(|root| Claim { roots: std::slice::from_ref(root), versions: true }))
        };
        for target in [
            "/vnflcm/v2/vnf_instances/%252e%252e",
            "/vnflcm/v2/vnf_instances/%252e/terminate",
            "/vnflcm/v2/vnf_instances/%25252e%252E;x/terminate",
            "/vnflcm/v2/%252e%252e/%252e%252e/v3",
            "/vnflcm/v2/orgs/%252e%252e/vnflcm",
        ] {
            assert_eq!(of(target), Belongs::To(vec![0].into()), "{target}");
        }
        let cases = [
            ("/vnflcm/v2/%252e%252e/v1/x", vec![0, 1]),
            ("/vnflcm/v2/%252e%252e%252fV1/x", vec![0, 1]),
            ("/vnflcm/v2/%252e%252e/%252e%252e%255cv1%2500/x", vec![0, 1]),
            ("/vnflcm/v2/%252e%252e;a/v1;b/x", vec![0, 1]),
            ("/vnflcm/v2/%252e%252e/x/nslcm%2520/v2.", vec![0, 2]),
            ("/vnflcm/v2/%252e/orgs/a/vnflcm/v2", vec![0, 3]),
            ("/vnflcm/v2/%252e%252e/%252e%252e/%252e%252e/a/nslcm/v9", vec![0, 4]),
        ];
        for (target, asked) in cases {
            assert_eq!(of(target), Belongs::To(asked.into()), "{target}");
        }
    }

    #[test]
    fn a_root_is_found_under_every_disguise() {
        let is = |target: &str| is_disguised(["/telco/vnflcm/v2", "/vnflcm/v2", TENANT].into_iter(), target);
        for target in [
            "/VNFLCM/v2/x",
            "/vnflcm/V2",
            "/vnflcm;a=b/v2/x",
            "/vnflcm%3ba/v2/x",
            "/%76nflcm/v2/x",
            "/%2576nflcm/v2/x",
            "/vnflcm%2fv2/x",
            "/vnflcm%252fv2/x",
            "/x/%2e%2e/vnflcm/v2/x",
            "/x/%252e%252e/vnflcm/v2/x",
            "/x/..;a/vnflcm/v2/x",
            "/vnflcm%20/v2/x",
            "/vnflcm./v2/x",
            "/vnflcm/v2%23/x",
            "/vnflcm/v2%253Fx",
            "//vnflcm//v2/x",
            "/Telco/vnflcm/v2",
            "/ORGS/a/vnflcm/v2/x",
            "/%25252525252525252576nflcm/v2",
        ] {
            assert!(is(target), "{target}");
        }
        for target in [
            "/",
            "/vnflcm",
            "/vnflcm/v3/x",
            "/nsflcm/v2/x",
            "/x/vnflcm/v2/x",
            "/other/100%25",
            "/other/%25zz",
            "/other/%ff",
            "/other/a.b/c%2541",
            "/other?x=/vnflcm/v2",
        ] {
            assert!(!is(target), "{target}");
        }
    }
}
