//! Finds the operation of a path: by the literals of the path templates first, then by
//! the method.

use std::borrow::Cow;

use crate::{
    api_root::{self, API_VERSIONS, ApiRoots, Below, is_major},
    spoken::Spoken,
    uri,
};

/// Most segments of a path template.
const MOST_SEGMENTS: usize = 16;

/// API roots and path templates.
#[derive(Debug, Clone)]
pub struct Router {
    roots: ApiRoots,
    resources: Vec<Resource>,
    /// Where a path begins.
    start: Place,
}

/// What may follow the same beginning of a path. Looked up by segment, so that a
/// path costs the same however many resources there are.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Sorted.
    literals: Vec<(String, Place)>,
    /// By the name of the variable, sorted.
    variables: Vec<(String, Place)>,
    /// Index of the resource that ends here.
    resource: Option<usize>,
}

/// One path template and what may be done with it.
#[derive(Debug, Clone)]
pub struct Resource {
    segments: Vec<Segment>,
    /// Sorted by name.
    methods: Vec<Method>,
}

/// What a method does to a resource.
#[derive(Debug, Clone)]
struct Method {
    name: String,
    /// Index of the operation, unless only a dialect has one.
    plain: Option<usize>,
    /// Index of a dialect and of its operation, sorted.
    spoken: Vec<(usize, usize)>,
}

/// Why an operation cannot be added to a [`Router`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    #[error("the path is not a path template")]
    Template,
    /// An API root also has a variable of this name.
    #[error("the path variable {0} is one of an API root")]
    Variable(String),
    #[error("another operation has the same method and path")]
    Taken,
}

/// Names and values.
type Variables<'r, 'p> = Vec<(&'r str, Cow<'p, str>)>;

#[derive(Debug, Clone)]
enum Segment {
    Literal(String),
    Variable(String),
}

/// Where a normalised path leads.
pub enum Route<'r, 'p> {
    Found {
        below: Below<'p>,
        resource: &'r Resource,
    },
    /// A resource, but for the slash at the end.
    TrailingSlash {
        /// Without the slash.
        below: Below<'p>,
        resource: &'r Resource,
    },
    /// The API of a root under another major version.
    OtherMajor {
        root: usize,
        segment: &'p str,
    },
    /// Below a root, but not a resource.
    Unknown {
        root: usize,
        rest: &'p str,
    },
    /// Below no root.
    Outside,
}

impl Router {
    /// A router without operations. Roots are known by their index; each is one to
    /// [`api_root::is_root`].
    pub fn new<'r>(roots: impl IntoIterator<Item = &'r str>) -> Self {
        Self { roots: ApiRoots::new(roots), resources: Vec::new(), start: Place::default() }
    }

    /// Adds an operation, which is known by its index. `path` is a template below the
    /// API roots, `dialect` the index of the dialect in which alone it exists.
    ///
    /// # Errors
    /// If no path could lead to it, or one leads to another operation already.
    pub fn add(
        &mut self,
        operation: usize,
        method: &str,
        path: &str,
        dialect: Option<usize>,
    ) -> Result<(), RouteError> {
        let segments = parse(path).ok_or(RouteError::Template)?;
        let is_of_root = |name: &&str| self.roots.iter().any(|(_, root)| template_variables(root).any(|n| n == *name));
        if let Some(name) = template_variables(path).find(is_of_root) {
            return Err(RouteError::Variable(name.to_owned()));
        }
        let end = self.start.grow(&segments);
        let place = *end.resource.get_or_insert(self.resources.len());
        if place == self.resources.len() {
            self.resources.push(Resource { segments, methods: Vec::new() });
        }
        let resource = self.resources.get_mut(place);
        if resource.is_some_and(|resource| resource.add(method, dialect, operation)) {
            Ok(())
        } else {
            Err(RouteError::Taken)
        }
    }

    /// Index of the operation that a method and a target lead to, whichever dialect it
    /// is in. A slash at the end of the path is as none.
    #[must_use]
    pub fn operation(&self, method: &str, target: &str) -> Option<usize> {
        let path = uri::normalise(uri::split_target(target).0).ok()?;
        self.resource_at(&path)?.0.operation(method, Spoken::ALL)
    }

    /// The resource that a path leads to, in whichever dialect, and what of the path
    /// lies below the API root, without a slash at the end.
    #[must_use]
    pub fn resource_at<'p>(&self, path: &'p str) -> Option<(&Resource, &'p str)> {
        match self.find(path, |_| Spoken::ALL) {
            Route::Found { below, resource } | Route::TrailingSlash { below, resource } => Some((resource, below.rest)),
            Route::OtherMajor { .. } | Route::Unknown { .. } | Route::Outside => None,
        }
    }

    /// Finds the resource of a path that [`uri::normalise`] let pass. `spoken` says which
    /// dialects are on below an API root.
    pub fn find<'r, 'p>(&'r self, path: &'p str, spoken: impl Fn(usize) -> Spoken) -> Route<'r, 'p> {
        if let Some(below) = self.roots.find(path) {
            let spoken = spoken(below.root);
            if let Some(resource) = self.resource(below.rest, spoken) {
                return Route::Found { below, resource };
            }
            let shorter = below.rest.strip_suffix('/').and_then(|rest| Some((self.resource(rest, spoken)?, rest)));
            return match shorter {
                Some((resource, rest)) => Route::TrailingSlash { below: Below { rest, ..below }, resource },
                None => Route::Unknown { root: below.root, rest: below.rest },
            };
        }
        for (root, pattern) in self.roots.iter() {
            let Some((parent, _)) = pattern.rsplit_once('/').filter(|(_, last)| is_major(last)) else {
                continue;
            };
            let Some((prefix, rest)) = api_root::split(parent, path).filter(|(_, rest)| !rest.is_empty()) else {
                continue;
            };
            if rest == API_VERSIONS
                && let Some(resource) = self.resource(rest, spoken(root))
            {
                return Route::Found { below: Below { root, prefix, rest }, resource };
            }
            let segment = rest.get(1..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
            if is_major(segment) {
                return Route::OtherMajor { root, segment };
            }
        }
        Route::Outside
    }

    /// Whether some server would take a path below an API root for that of a
    /// resource: one that does not mind case, blanks, empty segments or the parameters
    /// of segments.
    #[must_use]
    pub fn resembles(&self, rest: &str) -> bool {
        let Some(path) = uri::decode(rest) else {
            return true;
        };
        let bare = |segment: &str| segment.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let segments: Vec<String> = path.split('/').map(bare).filter(|segment| !segment.is_empty()).collect();
        self.resources.iter().any(|resource| {
            resource.segments.len() == segments.len()
                && resource.segments.iter().zip(&segments).all(|(known, segment)| match known {
                    Segment::Literal(text) => text.eq_ignore_ascii_case(segment),
                    Segment::Variable(_) => true,
                })
        })
    }

    fn resource(&self, rest: &str, spoken: Spoken) -> Option<&Resource> {
        let has_any = |index: usize| self.resources.get(index).is_some_and(|resource| resource.has_any(spoken));
        let index = self.start.find(rest.strip_prefix('/').unwrap_or_default(), &has_any)?;
        self.resources.get(index)
    }
}

impl Place {
    /// The place after `segments`, made if need be.
    fn grow(&mut self, segments: &[Segment]) -> &mut Self {
        segments.iter().fold(self, |place, segment| {
            let (next, name) = match segment {
                Segment::Literal(text) => (&mut place.literals, text),
                Segment::Variable(name) => (&mut place.variables, name),
            };
            let at = match next.binary_search_by(|(known, _)| known.cmp(name)) {
                Ok(at) => at,
                Err(at) => {
                    next.insert(at, (name.clone(), Self::default()));
                    at
                }
            };
            #[expect(clippy::indexing_slicing, reason = "it was found or inserted there")]
            &mut next[at].1
        })
    }

    /// Index of the resource at the end of `path`, of those that `exists` lets pass;
    /// literals go before variables.
    fn find(&self, path: &str, exists: &impl Fn(usize) -> bool) -> Option<usize> {
        let (segment, rest) = match uri::split_once(path, b'/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (path, None),
        };
        let follow = |place: &Self| match rest {
            Some(rest) => place.find(rest, exists),
            None => place.resource.filter(|index| exists(*index)),
        };
        let literal = self.literals.binary_search_by(|(known, _)| known.as_str().cmp(segment)).ok();
        if let Some(found) = literal.and_then(|at| self.literals.get(at)).and_then(|(_, place)| follow(place)) {
            return Some(found);
        }
        if segment.is_empty() {
            return None;
        }
        self.variables.iter().find_map(|(_, place)| follow(place))
    }
}

impl Resource {
    /// The values of the variables in the path, those of the API root first, decoded;
    /// `None` if one is not UTF-8 or holds a control character.
    #[must_use]
    pub fn variables<'r, 'p>(&'r self, root: &'r str, below: &Below<'p>) -> Option<Variables<'r, 'p>> {
        let mut variables = Vec::new();
        if root.contains('{') {
            for (name, text) in api_root::variables(root, below.prefix) {
                variables.push((name, value(text)?));
            }
        }
        let mut rest = below.rest.strip_prefix('/').unwrap_or_default();
        for segment in &self.segments {
            let (text, after) = uri::split_once(rest, b'/').unwrap_or((rest, ""));
            rest = after;
            if let Segment::Variable(name) = segment {
                variables.push((name.as_str(), value(text)?));
            }
        }
        Some(variables)
    }

    /// Index of the operation.
    #[must_use]
    pub fn operation(&self, method: &str, spoken: Spoken) -> Option<usize> {
        self.methods.iter().find(|known| known.name == method)?.operation(spoken)
    }

    /// The methods that there are, each with the index of its operation.
    pub fn operations(&self, spoken: Spoken) -> impl Iterator<Item = (&str, usize)> {
        self.methods.iter().filter_map(move |method| Some((method.name.as_str(), method.operation(spoken)?)))
    }

    fn has_any(&self, spoken: Spoken) -> bool {
        self.methods.iter().any(|method| method.operation(spoken).is_some())
    }

    /// Adds an operation; false if there is one already.
    fn add(&mut self, method: &str, dialect: Option<usize>, operation: usize) -> bool {
        let at = match self.methods.binary_search_by(|known| known.name.as_str().cmp(method)) {
            Ok(at) => at,
            Err(at) => {
                self.methods.insert(at, Method { name: method.to_owned(), plain: None, spoken: Vec::new() });
                at
            }
        };
        let Some(known) = self.methods.get_mut(at) else { return false };
        let Some(dialect) = dialect else { return known.plain.replace(operation).is_none() };
        match known.spoken.binary_search_by_key(&dialect, |(dialect, _)| *dialect) {
            Ok(_) => false,
            Err(at) => {
                known.spoken.insert(at, (dialect, operation));
                true
            }
        }
    }
}

impl Method {
    fn operation(&self, spoken: Spoken) -> Option<usize> {
        let dialect = self.spoken.iter().find(|(dialect, _)| spoken.has(*dialect));
        dialect.map(|(_, operation)| *operation).or(self.plain)
    }
}

/// The value of a variable, from the segment that stands for it.
fn value(segment: &str) -> Option<Cow<'_, str>> {
    uri::decode(segment).filter(|value| !value.contains(char::is_control))
}

/// The segments of a path template.
fn parse(path: &str) -> Option<Vec<Segment>> {
    let rest = path.strip_prefix('/')?;
    if rest.split('/').count() > MOST_SEGMENTS {
        return None;
    }
    rest.split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !name.is_empty() && !name.contains(['{', '}']) => Some(Segment::Variable(name.to_owned())),
            None if !segment.is_empty() && !segment.contains(['{', '}', '%', '?']) => {
                Some(Segment::Literal(segment.to_owned()))
            }
            _ => None,
        })
        .collect()
}

/// Names of the variables in braces in a template.
pub fn template_variables(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ROOTS: [&str; 3] = ["/vnflcm/v2", "/telco/api/vnflcm/v2", "/orgs/{org}/vnflcm/v2"];

    fn router() -> Router {
        let operations = [
            ("GET", "/vnf_instances/{vnfInstanceId}"),
            ("DELETE", "/vnf_instances/{vnfInstanceId}"),
            ("GET", "/vnf_instances/special"),
            ("POST", "/vnf_instances/{vnfInstanceId}/terminate"),
            ("GET", "/api_versions"),
        ];
        let mut router = Router::new(ROOTS);
        for (index, (method, path)) in operations.into_iter().enumerate() {
            router.add(index, method, path, None).unwrap();
        }
        router
    }

    fn find(path: &str) -> String {
        let router = router();
        match router.find(path, |_| Spoken::default()) {
            Route::Found { below, resource } => format!(
                "{} {} {:?}",
                below.root,
                resource
                    .methods
                    .iter()
                    .filter_map(|method| Some(method.plain?.to_string()))
                    .collect::<Vec<_>>()
                    .join(","),
                resource.variables(ROOTS.get(below.root).unwrap(), &below)
            ),
            Route::TrailingSlash { below, .. } => format!("{} slash", below.root),
            Route::OtherMajor { root, segment } => format!("{root} major {segment}"),
            Route::Unknown { root, .. } => format!("{root} unknown"),
            Route::Outside => "outside".to_owned(),
        }
    }

    #[test]
    fn paths_lead_to_resources() {
        let cases = [
            ("/vnflcm/v2/vnf_instances/a%20b", "0 1,0 Some([(\"vnfInstanceId\", \"a b\")])"),
            ("/vnflcm/v2/vnf_instances/special", "0 2 Some([])"),
            ("/telco/api/vnflcm/v2/vnf_instances/x/terminate", "1 3 Some([(\"vnfInstanceId\", \"x\")])"),
            ("/vnflcm/v2/vnf_instances/%FF", "0 1,0 None"),
            ("/vnflcm/v2/vnf_instances/x/terminate/", "0 slash"),
            ("/vnflcm/v2/vnf_instances/x/Terminate", "0 unknown"),
            ("/vnflcm/v2/vnf_instances/x/terminate/y", "0 unknown"),
            ("/vnflcm/v2/vnf_instances/", "0 unknown"),
            ("/vnflcm/v2", "0 unknown"),
            ("/vnflcm/v2/", "0 unknown"),
            ("/vnflcm/v20/vnf_instances", "0 major v20"),
            ("/vnflcm/v3/vnf_instances", "0 major v3"),
            ("/vnflcm/V2/vnf_instances", "0 major V2"),
            ("/telco/api/vnflcm/v1", "1 major v1"),
            ("/vnflcm/api_versions", "0 4 Some([])"),
            ("/vnflcm/v2/api_versions", "0 4 Some([])"),
            ("/vnflcm/vnf_instances", "outside"),
            ("/orgs/a%20b/vnflcm/v2/vnf_instances/x", "2 1,0 Some([(\"org\", \"a b\"), (\"vnfInstanceId\", \"x\")])"),
            ("/orgs/%FF/vnflcm/v2/vnf_instances/x", "2 1,0 None"),
            ("/orgs/a/vnflcm/v2/vnf_instances/x/terminate/", "2 slash"),
            ("/orgs/a/vnflcm/v3/vnf_instances", "2 major v3"),
            ("/orgs/a/vnflcm/api_versions", "2 4 Some([(\"org\", \"a\")])"),
            ("/orgs/a/b/vnflcm/v2/vnf_instances/x", "outside"),
            ("/orgs/vnflcm/v2/vnf_instances/x", "outside"),
            ("/vnfpkgm/v2/vnf_packages", "outside"),
            ("/", "outside"),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path), expected, "{path}");
        }
    }

    #[test]
    fn paths_that_look_like_those_of_resources() {
        let cases = [
            ("/vnf_instances/x/terminate", true),
            ("/vnf_instances/x/TERMINATE", true),
            ("/VNF_instances/x/terminate;a=b", true),
            ("/vnf_instances/x/terminate%20", true),
            ("/vnf_instances//x/terminate", true),
            ("/vnf_instances/x/terminate/", true),
            ("/vnf_instances/x/terminate%FF", true),
            ("/vnf_instances/x/select_depl_mods", false),
            ("/vnf_instances/x/terminate/y", false),
            ("/vnf_instances", false),
        ];
        for (rest, expected) in cases {
            assert_eq!(router().resembles(rest), expected, "{rest}");
        }
    }

    #[test]
    fn a_literal_goes_before_a_variable_and_both_before_the_method() {
        let named = |operations: &[(&str, &str)], method: &str, path: &str| {
            let mut router = Router::new(["/v"]);
            for (index, (method, path)) in operations.iter().enumerate() {
                router.add(index, method, path, None).unwrap();
            }
            router.operation(method, path)
        };
        let literals = [("GET", "/b/{first}/{second}"), ("GET", "/{any}/c/d")];
        assert_eq!(named(&literals, "GET", "/v/b/c/d"), Some(0));
        assert_eq!(named(&literals, "GET", "/v/a/c/d"), Some(1));
        let methods = [("GET", "/a/x"), ("POST", "/a/{id}")];
        assert_eq!(named(&methods, "POST", "/v/a/x"), None);
        assert_eq!(named(&methods, "POST", "/v/a/y/?q"), Some(1));
        assert_eq!(named(&methods, "POST", "/v/a/%zz"), None);
    }

    #[test]
    fn operations_that_cannot_be_found_are_refused() {
        let add = |root: &str, path: &str| Router::new([root]).add(0, "GET", path, None);
        assert_eq!(add("/{a}/v1", "/b/{a}"), Err(RouteError::Variable("a".to_owned())));
        assert_eq!(add("/{a}/v1", "/b/{c}"), Ok(()));
        let long = "/x".repeat(17);
        for path in ["vnf_instances", "/a//b", "/a/{}", "/a/x{y}", "/a/", "/{a/b}", &long] {
            assert_eq!(add("/v1", path), Err(RouteError::Template), "{path}");
        }
        let mut router = Router::new(["/v1"]);
        assert_eq!(router.add(0, "GET", "/a", None), Ok(()));
        assert_eq!(router.add(1, "GET", "/a", None), Err(RouteError::Taken));
        assert_eq!(router.add(1, "GET", "/a", Some(0)), Ok(()));
        assert_eq!(router.operation("GET", "/v1/a"), Some(1), "that of the dialect");
    }
}
