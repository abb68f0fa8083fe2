//! From a path to an operation.

use std::borrow::Cow;

use crate::{
    api_root::{self, ApiRoots, Below},
    dialects::{Dialects, Spoken},
    error::InitError,
    ir::{ApiRoot, Operation},
    ownership::API_VERSIONS,
    text, uri,
};

/// Most segments of a path template.
const MOST_SEGMENTS: usize = 16;

/// API roots and path templates.
#[derive(Debug, Clone)]
pub(crate) struct Router {
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
pub(crate) struct Resource {
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

/// Names and values.
type Variables<'r, 'p> = Vec<(&'r str, Cow<'p, str>)>;

#[derive(Debug, Clone)]
enum Segment {
    Literal(String),
    Variable(String),
}

/// Where a normalised path leads.
pub(crate) enum Route<'r, 'p> {
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
    pub(crate) fn new(roots: &[ApiRoot], operations: &[Operation], dialects: &Dialects) -> Result<Self, InitError> {
        if let Some(root) = roots.iter().find(|root| !api_root::is_root(&root.path)) {
            return Err(InitError::ApiRoot { path: root.path.clone() });
        }
        let of_roots: Vec<&str> = roots.iter().flat_map(|root| template_variables(&root.path)).collect();
        let mut resources: Vec<Resource> = Vec::new();
        let mut start = Place::default();
        for (index, operation) in operations.iter().enumerate() {
            let segments = parse(operation)?;
            if let Some(name) = template_variables(&operation.path).find(|name| of_roots.contains(name)) {
                return Err(InitError::Duplicate { kind: "path variable", name: name.to_owned() });
            }
            let end = start.grow(&segments);
            let place = *end.resource.get_or_insert(resources.len());
            if place == resources.len() {
                resources.push(Resource { segments, methods: Vec::new() });
            }
            let dialect = operation.dialect.as_ref().and_then(|name| dialects.index(name));
            let resource = resources.get_mut(place);
            if !resource.is_some_and(|resource| resource.add(&operation.method, dialect, index)) {
                return Err(InitError::Duplicate {
                    kind: "method and path of the operation",
                    name: operation.id.clone(),
                });
            }
        }
        Ok(Self { roots: ApiRoots::new(roots.iter().map(|root| root.path.as_str())), resources, start })
    }

    /// Finds the resource of a path that [`uri::normalise`] let pass. `spoken` says which
    /// dialects are on below an API root.
    pub(crate) fn find<'r, 'p>(&'r self, path: &'p str, spoken: impl Fn(usize) -> Spoken) -> Route<'r, 'p> {
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
    pub(crate) fn resembles(&self, rest: &str) -> bool {
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
        let (segment, rest) = match text::split_once(path, b'/') {
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
    pub(crate) fn variables<'r, 'p>(&'r self, root: &'r str, below: &Below<'p>) -> Option<Variables<'r, 'p>> {
        let mut variables = Vec::new();
        if root.contains('{') {
            for (name, text) in api_root::variables(root, below.prefix) {
                variables.push((name, value(text)?));
            }
        }
        let mut rest = below.rest.strip_prefix('/').unwrap_or_default();
        for segment in &self.segments {
            let (text, after) = text::split_once(rest, b'/').unwrap_or((rest, ""));
            rest = after;
            if let Segment::Variable(name) = segment {
                variables.push((name.as_str(), value(text)?));
            }
        }
        Some(variables)
    }

    /// Index of the operation.
    pub(crate) fn operation(&self, method: &str, spoken: Spoken) -> Option<usize> {
        self.methods.iter().find(|known| known.name == method)?.operation(spoken)
    }

    /// The methods that there are.
    pub(crate) fn methods(&self, spoken: Spoken) -> Vec<&str> {
        let there = self.methods.iter().filter(|method| method.operation(spoken).is_some());
        there.map(|method| method.name.as_str()).collect()
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

/// `v` and digits, in either case.
pub(crate) fn is_major(segment: &str) -> bool {
    segment
        .strip_prefix(['v', 'V'])
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn parse(operation: &Operation) -> Result<Vec<Segment>, InitError> {
    let fault = || InitError::Path { operation: operation.id.clone(), path: operation.path.clone() };
    let rest = operation.path.strip_prefix('/').ok_or_else(fault)?;
    if rest.split('/').count() > MOST_SEGMENTS {
        return Err(fault());
    }
    rest.split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !name.is_empty() && !name.contains(['{', '}']) => Ok(Segment::Variable(name.to_owned())),
            None if !segment.is_empty() && !segment.contains(['{', '}', '%', '?']) => {
                Ok(Segment::Literal(segment.to_owned()))
            }
            _ => Err(fault()),
        })
        .collect()
}

/// Names of the variables in braces in a template.
pub(crate) fn template_variables(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn operation(id: &str, method: &str, path: &str) -> Operation {
        serde_json::from_value(serde_json::json!({
            "id": id, "method": method, "path": path, "version": true, "acceptRequired": false, "produces": [], "body": null,
        }))
        .unwrap()
    }

    const ROOTS: [&str; 3] = ["/vnflcm/v2", "/telco/api/vnflcm/v2", "/orgs/{org}/vnflcm/v2"];

    fn router() -> Router {
        let root = |path: &str| ApiRoot { path: path.to_owned(), options: Default::default() };
        let operations = [
            operation("get", "GET", "/vnf_instances/{vnfInstanceId}"),
            operation("delete", "DELETE", "/vnf_instances/{vnfInstanceId}"),
            operation("special", "GET", "/vnf_instances/special"),
            operation("terminate", "POST", "/vnf_instances/{vnfInstanceId}/terminate"),
            operation("versions", "GET", "/api_versions"),
        ];
        Router::new(&ROOTS.map(root), &operations, &Dialects::default()).unwrap()
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
    fn templates_are_checked() {
        let root = ApiRoot { path: "/{a}/v1".to_owned(), options: Default::default() };
        assert!(
            Router::new(std::slice::from_ref(&root), &[operation("a", "GET", "/b/{a}")], &Dialects::default()).is_err()
        );
        assert!(Router::new(&[root], &[operation("a", "GET", "/b/{c}")], &Dialects::default()).is_ok());
        for path in ["vnf_instances", "/a//b", "/a/{}", "/a/x{y}", "/a/", "/{a/b}"] {
            assert!(Router::new(&[], &[operation("a", "GET", path)], &Dialects::default()).is_err(), "{path}");
        }
        assert!(
            Router::new(&[], &[operation("a", "GET", "/a"), operation("b", "GET", "/a")], &Dialects::default())
                .is_err()
        );
        for path in ["/a/", "/a/{b", "/{a}/{a}"] {
            assert!(
                Router::new(
                    &[ApiRoot { path: path.to_owned(), options: Default::default() }],
                    &[],
                    &Dialects::default()
                )
                .is_err()
            );
        }
    }
}
