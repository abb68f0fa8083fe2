//! From a path to an operation.

use std::borrow::Cow;

use crate::{
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
    /// Index and path, longest first.
    roots: Vec<(usize, String)>,
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
    /// Method and index of the operation, sorted by method.
    pub methods: Vec<(String, usize)>,
}

#[derive(Debug, Clone)]
enum Segment {
    Literal(String),
    Variable(String),
}

/// Where a normalised path leads.
pub(crate) enum Route<'r, 'p> {
    Found {
        root: usize,
        resource: &'r Resource,
        rest: &'p str,
    },
    /// A resource, but for the slash at the end.
    TrailingSlash {
        root: usize,
        resource: &'r Resource,
        /// Without the slash.
        rest: &'p str,
    },
    /// The API of a root under another major version.
    OtherMajor {
        root: usize,
        segment: &'p str,
    },
    /// Below a root, but not a resource.
    Unknown {
        root: usize,
    },
    /// Below no root.
    Outside,
}

impl Router {
    pub(crate) fn new(roots: &[ApiRoot], operations: &[Operation]) -> Result<Self, InitError> {
        let mut by_length = Vec::new();
        for (index, root) in roots.iter().enumerate() {
            if !root.path.is_empty() && (!root.path.starts_with('/') || root.path.ends_with('/')) {
                return Err(InitError::ApiRoot { path: root.path.clone() });
            }
            by_length.push((index, root.path.clone()));
        }
        by_length.sort_by_key(|(index, path)| (std::cmp::Reverse(path.len()), *index));
        let mut resources: Vec<Resource> = Vec::new();
        let mut start = Place::default();
        for (index, operation) in operations.iter().enumerate() {
            let segments = parse(operation)?;
            let method = (operation.method.clone(), index);
            let end = start.grow(&segments);
            let known = end.resource.and_then(|index| resources.get_mut(index));
            match known {
                Some(known) if known.methods.iter().any(|(name, _)| *name == operation.method) => {
                    return Err(InitError::Duplicate {
                        kind: "method and path of the operation",
                        name: operation.id.clone(),
                    });
                }
                Some(known) => known.methods.push(method),
                None => {
                    end.resource = Some(resources.len());
                    resources.push(Resource { segments, methods: vec![method] });
                }
            }
        }
        for resource in &mut resources {
            resource.methods.sort();
        }
        Ok(Self { roots: by_length, resources, start })
    }

    /// Finds the resource of a path that [`uri::normalise`] let pass.
    pub(crate) fn find<'r, 'p>(&'r self, path: &'p str) -> Route<'r, 'p> {
        for (root, prefix) in &self.roots {
            let Some(rest) = path.strip_prefix(prefix.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
            else {
                continue;
            };
            if let Some(resource) = self.resource(rest) {
                return Route::Found { root: *root, resource, rest };
            }
            let shorter = rest.strip_suffix('/').and_then(|rest| Some((self.resource(rest)?, rest)));
            return match shorter {
                Some((resource, rest)) => Route::TrailingSlash { root: *root, resource, rest },
                None => Route::Unknown { root: *root },
            };
        }
        for (root, prefix) in &self.roots {
            let Some((parent, _)) = prefix.rsplit_once('/').filter(|(_, last)| is_major(last)) else {
                continue;
            };
            let Some(rest) = path.strip_prefix(parent).filter(|rest| rest.starts_with('/')) else {
                continue;
            };
            if rest == API_VERSIONS
                && let Some(resource) = self.resource(rest)
            {
                return Route::Found { root: *root, resource, rest };
            }
            let segment = rest.get(1..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
            if is_major(segment) {
                return Route::OtherMajor { root: *root, segment };
            }
        }
        Route::Outside
    }

    fn resource(&self, rest: &str) -> Option<&Resource> {
        let index = self.start.find(rest.strip_prefix('/').unwrap_or_default())?;
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

    /// Index of the resource at the end of `path`; literals go before variables.
    fn find(&self, path: &str) -> Option<usize> {
        let (segment, rest) = match text::split_once(path, b'/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (path, None),
        };
        let follow = |place: &Self| match rest {
            Some(rest) => place.find(rest),
            None => place.resource,
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
    /// The values of the path variables, decoded; `None` if one is not UTF-8.
    pub(crate) fn variables<'r, 'p>(&'r self, rest: &'p str) -> Option<Vec<(&'r str, Cow<'p, str>)>> {
        let mut variables = Vec::new();
        let mut rest = rest.strip_prefix('/').unwrap_or_default();
        for segment in &self.segments {
            let (text, after) = text::split_once(rest, b'/').unwrap_or((rest, ""));
            rest = after;
            if let Segment::Variable(name) = segment {
                let value = uri::decode(text)?;
                if value.contains(char::is_control) {
                    return None;
                }
                variables.push((name.as_str(), value));
            }
        }
        Some(variables)
    }

    pub(crate) fn operation(&self, method: &str) -> Option<usize> {
        self.methods.iter().find(|(name, _)| name == method).map(|(_, index)| *index)
    }
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

    fn router() -> Router {
        let root = |path: &str| ApiRoot { path: path.to_owned(), options: Default::default() };
        let operations = [
            operation("get", "GET", "/vnf_instances/{vnfInstanceId}"),
            operation("delete", "DELETE", "/vnf_instances/{vnfInstanceId}"),
            operation("special", "GET", "/vnf_instances/special"),
            operation("terminate", "POST", "/vnf_instances/{vnfInstanceId}/terminate"),
            operation("versions", "GET", "/api_versions"),
        ];
        Router::new(&[root("/vnflcm/v2"), root("/telco/api/vnflcm/v2")], &operations).unwrap()
    }

    fn find(path: &str) -> String {
        let router = router();
        match router.find(path) {
            Route::Found { root, resource, rest } => format!(
                "{root} {} {:?}",
                resource.methods.iter().map(|(_, op)| op.to_string()).collect::<Vec<_>>().join(","),
                resource.variables(rest)
            ),
            Route::TrailingSlash { root, .. } => format!("{root} slash"),
            Route::OtherMajor { root, segment } => format!("{root} major {segment}"),
            Route::Unknown { root } => format!("{root} unknown"),
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
            ("/vnfpkgm/v2/vnf_packages", "outside"),
            ("/", "outside"),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path), expected, "{path}");
        }
    }

    #[test]
    fn templates_are_checked() {
        for path in ["vnf_instances", "/a//b", "/a/{}", "/a/x{y}", "/a/", "/{a/b}"] {
            assert!(Router::new(&[], &[operation("a", "GET", path)]).is_err(), "{path}");
        }
        assert!(Router::new(&[], &[operation("a", "GET", "/a"), operation("b", "GET", "/a")]).is_err());
        assert!(Router::new(&[ApiRoot { path: "/a/".to_owned(), options: Default::default() }], &[]).is_err());
    }
}
