//! The claims of several policies, made ready once: then a request costs the same however
//! many policies there are that it does not belong to.

use std::borrow::Cow;

use crate::api_root::{API_VERSIONS, is_major, variable};
use crate::ownership::{Belongs, Claim, Says, normal_path};

/// What each of several policies judges, by their index.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    claims: Vec<(Vec<String>, bool)>,
    /// Where all roots begin.
    start: Fork,
}

/// Where roots part that have begun alike.
#[derive(Debug, Clone, Default)]
struct Fork {
    /// What is written out next, in lower case; sorted.
    literals: Vec<(String, Fork)>,
    /// After any segment.
    variable: Option<Box<Fork>>,
    /// Whose root ends here.
    below: Vec<usize>,
    /// Whose root ends here for a server that does not mind the case of letters.
    disguised: Vec<usize>,
    /// Whose API says here which versions it has.
    lists: Vec<usize>,
}

/// A segment that not every server reads as it is written.
struct Ambiguous;

impl Claims {
    /// Claims by their index.
    pub fn new<'r, R: AsRef<str> + 'r>(claims: impl IntoIterator<Item = Claim<'r, R>>) -> Self {
        let mut made = Self::default();
        for (index, claim) in claims.into_iter().enumerate() {
            let roots: Vec<String> = claim.roots.iter().map(|root| root.as_ref().to_owned()).collect();
            for root in &roots {
                made.start.add(root, index, claim.versions);
            }
            made.claims.push((roots, claim.versions));
        }
        made
    }

    /// As [`Belongs::of`]. `path` is the [`normal_path`] of the target.
    #[must_use]
    pub fn belongs(&self, target: &str, path: Option<&Cow<'_, str>>) -> Belongs<'_> {
        let says = match path {
            None => return Belongs::ToNobody,
            Some(Cow::Borrowed(path)) => {
                if let Some(owners) = self.start.only_owners(path) {
                    return Belongs::To(owners.into());
                }
                let mut says = Says::default();
                self.start.follow(path, &mut says).map(|()| says)
            }
            Some(Cow::Owned(_)) => Err(Ambiguous),
        };
        match says {
            Ok(says) => says.conclude(),
            Err(Ambiguous) => {
                let claims = self.claims.iter().map(|(roots, versions)| Claim { roots, versions: *versions });
                Belongs::of(target, claims)
            }
        }
    }

    /// The same of a target whose path is not known yet.
    #[must_use]
    pub fn belongs_by_target(&self, target: &str) -> Belongs<'_> {
        self.belongs(target, normal_path(target).as_ref())
    }
}

impl Fork {
    fn add(&mut self, root: &str, index: usize, versions: bool) {
        // No path whose segments every server reads alike leads there: such paths are not
        // looked up.
        if !root.split('/').all(|segment| variable(segment).is_some() || is_read_alike(&segment.to_ascii_lowercase())) {
            return;
        }
        let end = self.grow(root);
        let ends = if is_as_found(root) { &mut end.below } else { &mut end.disguised };
        if ends.last() != Some(&index) {
            ends.push(index);
        }
        if let Some((parent, last)) = root.rsplit_once('/')
            && (versions && is_major(last) && is_as_found(parent))
        {
            self.grow(parent).lists.push(index);
        }
    }

    /// The fork at the end of `root`, made if need be.
    fn grow(&mut self, root: &str) -> &mut Self {
        root.split('/').skip(1).fold(self, |fork, segment| {
            if variable(segment).is_some() {
                return fork.variable.get_or_insert_default();
            }
            let key = segment.to_ascii_lowercase();
            let at = match fork.literals.binary_search_by(|(known, _)| known.cmp(&key)) {
                Ok(at) => at,
                Err(at) => {
                    fork.literals.insert(at, (key, Self::default()));
                    at
                }
            };
            #[expect(clippy::indexing_slicing, reason = "it was found or inserted there")]
            &mut fork.literals[at].1
        })
    }

    /// Whose root a path in normal form lies below, none of which is encoded: if there is one
    /// such root, all of it is written out, and nobody else can have a say. That is so of
    /// nearly every request, and [`follow`](Self::follow) knows the rest.
    fn only_owners(&self, path: &str) -> Option<&[usize]> {
        let (mut fork, mut left) = (self, path.as_bytes());
        let mut owners: Option<&[usize]> = None;
        loop {
            if !fork.below.is_empty() && owners.replace(&fork.below).is_some() {
                return None;
            }
            if !fork.disguised.is_empty() || fork.variable.is_some() {
                return None;
            }
            if !fork.lists.is_empty() && left == API_VERSIONS.as_bytes() {
                return None;
            }
            let (true, [b'/', rest @ ..]) = (!fork.literals.is_empty(), left) else { return owners };
            let next = fork.literals.iter().find_map(|(known, next)| {
                let rest = rest.strip_prefix(known.as_bytes())?;
                matches!(rest, [] | [b'/', ..]).then_some((next, rest))
            });
            // Somebody may read another segment as one of these.
            (fork, left) = next?;
        }
    }

    /// Notes whose roots end along a path in normal form, none of which is encoded.
    fn follow(&self, path: &str, says: &mut Says) -> Result<(), Ambiguous> {
        says.below.extend_from_slice(&self.below);
        says.disguised.extend_from_slice(&self.disguised);
        if !self.lists.is_empty() && path == API_VERSIONS {
            says.lists.extend_from_slice(&self.lists);
        }
        if self.literals.is_empty() && self.variable.is_none() {
            return Ok(());
        }
        let Some(rest) = path.strip_prefix('/') else { return Ok(()) };
        let end = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        let (segment, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if !is_read_alike(segment) {
            return Err(Ambiguous);
        }
        if segment.is_empty() {
            return Ok(());
        }
        if let Ok(at) = self.literals.binary_search_by(|(known, _)| known.as_str().cmp(segment))
            && let Some((_, fork)) = self.literals.get(at)
        {
            fork.follow(rest, says)?;
        }
        match &self.variable {
            Some(fork) => fork.follow(rest, says),
            None => Ok(()),
        }
    }
}

/// Whether servers that do not mind case, drop parameters, or dots at the end, read a
/// segment as all others do.
fn is_read_alike(segment: &str) -> bool {
    !segment.ends_with('.') && !segment.bytes().any(|byte| byte == b';' || byte.is_ascii_uppercase())
}

/// Whether a root is written as it is found in the forks.
fn is_as_found(root: &str) -> bool {
    root.split('/').all(|segment| variable(segment).is_some() || !segment.bytes().any(|byte| byte.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Roots of several policies: variables, capitals, roots below roots, and those that
    /// some servers read otherwise.
    const GATES: [&[&[&str]]; 6] = [
        &[&["/vnflcm/v2", "/telco/api/vnflcm/v2", "/orgs/{org}/vnflcm/v2"], &["/vnflcm/v1"], &["/nslcm/v2"]],
        &[&["/vnflcm/v2"], &["/VNFLCM/v2"], &["/vnflcm/V2"], &["/vnflcm"]],
        &[&["/{a}/v2"], &["/vnflcm/{b}", "/vnflcm/v2"], &["/{a}/{b}"], &["/{x}/v1"]],
        &[&[""], &["/v2"], &["/vnflcm/v2"]],
        &[&["/vnflcm./v2"], &["/vnflcm/v2"], &["/vnflcm;x/v2"], &["/.../v2"], &["/vnf.lcm/v2"]],
        &[&["/open", "/vnflcm/v1", "/open"], &["/open/vnflcm/v2"], &["/vnflcm/v2"], &["/vnflcm/v2/x", "/vnflcm/v2"]],
    ];

    const PATHS: [&str; 20] = [
        "/vnflcm/v2/vnf_instances/a",
        "/vnflcm/v2",
        "/vnflcm/v1/x",
        "/vnflcm/v3/x",
        "/vnflcm/api_versions",
        "/nslcm/api_versions",
        "/api_versions",
        "/v2/x",
        "/nslcm/v2/ns_instances",
        "/telco/api/vnflcm/v2/x",
        "/telco/api/vnflcm/api_versions",
        "/orgs/a/vnflcm/v2/x",
        "/orgs/a/vnflcm/api_versions",
        "/vnflcm./v2/x",
        "/vnflcm;x/v2/y",
        "/.../v2/vnflcm/v2",
        "/vnf.lcm/v2/x",
        "/open/vnflcm/v2/x",
        "/",
        "/vnflcm/v22/x",
    ];

    /// What may stand anywhere in a path.
    const PIECES: [&str; 26] = [
        "/",
        "//",
        ".",
        "..",
        "/.",
        "/..",
        "...",
        ";",
        ";a=b",
        "%2e",
        "%252e%252e",
        "/%252e%252e/",
        "%2F",
        "%252F",
        "%76",
        "%2576",
        "%20",
        "%2520",
        "%3b",
        "%23",
        "%253f",
        "?",
        "#",
        "V",
        "{",
        "v2",
    ];

    /// The claims one by one say the same as all at once, of every path with up to two changes.
    #[test]
    fn who_has_a_say_is_found_at_once_as_one_by_one() {
        let (mut told, mut asked) = (0_usize, 0_usize);
        for gate in GATES {
            for versions in [true, false] {
                let claims = || gate.iter().map(|roots| Claim { roots, versions });
                let made = Claims::new(claims());
                for path in PATHS {
                    for once in changed(path) {
                        let same = |target: &str| {
                            let expected = Belongs::of(target, claims());
                            assert_eq!(made.belongs_by_target(target), expected, "{target} of {gate:?}");
                            expected != Belongs::ToNobody
                        };
                        told = told.saturating_add(1);
                        asked = asked.saturating_add(usize::from(same(&once)));
                        // Second changes of a part of them.
                        if told % 211 == 0 {
                            for twice in changed(&once).skip(told % 5).step_by(5) {
                                same(&twice);
                            }
                        }
                    }
                }
            }
        }
        assert!(asked > told / 4, "{asked} of {told} belong to somebody");
    }

    /// A path with each piece put in, with each character left out, and with letters in
    /// the other case.
    fn changed(path: &str) -> impl Iterator<Item = String> + use<'_> {
        let places = || (0..=path.len()).filter(|at| path.is_char_boundary(*at));
        let put = places().flat_map(move |at| {
            let (before, after) = path.split_at_checked(at).unwrap_or((path, ""));
            PIECES.iter().map(move |piece| format!("{before}{piece}{after}"))
        });
        let cut = places().filter_map(move |at| {
            let mut text = path.to_owned();
            (at < path.len()).then(|| {
                text.remove(at);
                text
            })
        });
        let cased = places().filter_map(move |at| {
            let letter = path.get(at..)?.chars().next()?;
            let mut text = path.to_owned();
            text.replace_range(at..at.saturating_add(letter.len_utf8()), &letter.to_uppercase().to_string());
            Some(text)
        });
        std::iter::once(path.to_owned()).chain(put).chain(cut).chain(cased)
    }
}
