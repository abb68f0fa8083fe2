//! Which operation a request is, found by its path segments: operations that a
//! request does not come near cost nothing.

use std::borrow::Cow;
use std::collections::HashMap;

use solgate_engine::api_root::ApiRoots;
use solgate_engine::ownership::decode_fully;

use crate::policy::manifest::{Manifest, decode_unreserved};

/// The operations of one policy.
#[derive(Debug, Default)]
pub(super) struct Operations {
    /// Paths below which the policy judges.
    roots: ApiRoots,
    tree: Node,
}

/// What may follow on a path, segment by segment.
#[derive(Debug, Default)]
struct Node {
    literal: HashMap<String, Node>,
    variable: Option<Box<Node>>,
    /// Ids by method, where a path may end.
    ends: HashMap<String, String>,
}

impl Operations {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let roots = ApiRoots::new(manifest.api_roots.iter().map(String::as_str));
        let mut tree = Node::default();
        for operation in &manifest.operations {
            let end = operation.path.split('/').fold(&mut tree, |node, segment| {
                if segment.starts_with('{') {
                    node.variable.get_or_insert_default()
                } else {
                    node.literal.entry(segment.to_owned()).or_default()
                }
            });
            end.ends.entry(operation.method.clone()).or_insert_with(|| operation.id.clone());
        }
        Self { roots, tree }
    }

    /// The id of the operation, for logs and metrics.
    pub(super) fn find(&self, method: &str, target: &str) -> Option<&str> {
        let path = path(target);
        self.tree.find(method, self.below(&path)?).map(|(_, id)| id)
    }

    /// The resource that an operation may change: collection and identifier, the same
    /// for all spellings of it that a VNFM may find one resource under.
    pub(super) fn changes(&self, method: &str, target: &str) -> Option<String> {
        if matches!(method, "GET" | "HEAD" | "OPTIONS") {
            return None;
        }
        let path = path(target);
        let (collection, identifier) = self.about(method, &path)?;
        Some(format!("{collection}/{}", folded(identifier)))
    }

    /// The resource that an operation is about, changed or not, as it was written.
    pub(super) fn resource(&self, method: &str, target: &str) -> Option<String> {
        let path = path(target);
        let (collection, identifier) = self.about(method, &path)?;
        Some(format!("{collection}/{identifier}"))
    }

    fn about<'p>(&self, method: &str, path: &'p str) -> Option<(&'p str, &'p str)> {
        let below = self.below(path)?;
        self.tree.find(method, below)?;
        let mut segments = below.split('/').skip(1);
        Some((segments.next()?, segments.next()?))
    }

    /// What follows the API root.
    fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.roots.find(path).map(|below| below.rest)
    }
}

/// The path as it is matched. Where a slash at its end only warns, the request is
/// judged as without it.
fn path(target: &str) -> Cow<'_, str> {
    let path = target.split('?').next().unwrap_or(target);
    decode_unreserved(path.strip_suffix('/').unwrap_or(path))
}

/// An identifier as the least exact VNFM compares it: a database may mind neither the
/// case of letters nor blanks at the end, a server may drop the parameters of a segment
/// or decode it twice.
fn folded(identifier: &str) -> String {
    let (identifier, _) = decode_fully(identifier);
    let name = identifier.split(';').next().unwrap_or_default().trim_end();
    // Both, because some letters have no counterpart of their own in one of the cases.
    name.to_uppercase().to_lowercase()
}

impl Node {
    /// The operation with the fewest variables on its path, and how many they are.
    fn find(&self, method: &str, path: &str) -> Option<(usize, &str)> {
        let (segment, rest) = match path.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (path, None),
        };
        let literal = self.literal.get(segment).and_then(|node| node.follow(method, rest));
        let variable = self
            .variable
            .as_ref()
            .filter(|_| !segment.is_empty())
            .and_then(|node| node.follow(method, rest).map(|(variables, id)| (variables.saturating_add(1), id)));
        literal.into_iter().chain(variable).min_by_key(|(variables, _)| *variables)
    }

    /// `rest` is what comes after this segment, if anything.
    fn follow(&self, method: &str, rest: Option<&str>) -> Option<(usize, &str)> {
        match rest {
            Some(rest) => self.find(method, rest),
            None => self.ends.get(method).map(|id| (0, id.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::policy::manifest::Operation;

    fn manifest() -> Manifest {
        let operations = [
            ("get", "GET", "/a/{id}"),
            ("special", "GET", "/a/x"),
            ("task", "POST", "/a/{id}/task"),
            ("two", "GET", "/b/{one}/{two}"),
            ("one", "GET", "/{any}/c/d"),
        ];
        Manifest {
            name: "p".to_owned(),
            version: "1".to_owned(),
            digest: String::new(),
            fields: vec![],
            api_roots: ["/vnflcm/v2", "/telco/api/vnflcm/v2", "/orgs/{org}/vnflcm/v2"].map(str::to_owned).into(),
            operations: operations
                .map(|(id, method, path)| Operation { id: id.into(), method: method.into(), path: path.into() })
                .into(),
            facts: BTreeMap::new(),
            options: BTreeMap::new(),
            rules: vec![],
            body_limit: 1,
            secrets: vec![],
        }
    }

    #[test]
    fn a_target_belongs_to_the_longest_root_and_the_nearest_operation() {
        let manifest = manifest();
        let operations = Operations::new(&manifest);
        let cases = [
            ("GET", "/vnflcm/v2/a/1", Some("/vnflcm/v2"), Some("get")),
            ("GET", "/vnflcm/v%32/a/1?x=/y", Some("/vnflcm/v2"), Some("get")),
            ("GET", "/vnflcm/v2/a/x", Some("/vnflcm/v2"), Some("special")),
            ("POST", "/telco/api/vnflcm/v2/a/1/%74ask", Some("/telco/api/vnflcm/v2"), Some("task")),
            ("POST", "/vnflcm/v2/a/1%2Ftask", Some("/vnflcm/v2"), None),
            ("POST", "/vnflcm/v2/a//task", Some("/vnflcm/v2"), None),
            ("POST", "/vnflcm/v2/a/x/task", Some("/vnflcm/v2"), Some("task")),
            ("GET", "/vnflcm/v2/b/c/d", Some("/vnflcm/v2"), Some("one")),
            ("GET", "/vnflcm/v2/b/c/e", Some("/vnflcm/v2"), Some("two")),
            ("GET", "/vnflcm/v2", Some("/vnflcm/v2"), None),
            ("GET", "/orgs/%41%20b/vnflcm/v2/a/1", Some("/orgs/A%20b/vnflcm/v2"), Some("get")),
            ("POST", "/orgs/a;b=c/vnflcm/v2/a/1/task", Some("/orgs/a%3Bb=c/vnflcm/v2"), Some("task")),
            ("GET", "/orgs//vnflcm/v2/a/1", None, None),
            ("GET", "/orgs/a/b/vnflcm/v2/a/1", None, None),
            ("GET", "/vnflcm/v22/a/1", None, None),
            ("GET", "/vnflcm/v2%", None, None),
            ("GET", "/vnflcm/v2%e9", None, None),
        ];
        for (method, target, root, operation) in cases {
            assert_eq!(manifest.api_root(target).as_deref(), root, "{target}");
            assert_eq!(operations.find(method, target), operation, "{method} {target}");
        }
        let changes = [
            ("POST", "/vnflcm/v2/a/1/task?x=/y", Some("a/1")),
            ("POST", "/telco/api/vnflcm/v2/a/%31/%74ask", Some("a/1")),
            ("POST", "/orgs/a/vnflcm/v2/a/1/task", Some("a/1")),
            ("POST", "/vnflcm/v2/a/1/task/", Some("a/1")),
            ("GET", "/vnflcm/v2/a/1", None),
            ("POST", "/vnflcm/v2/a/1/nothing", None),
            ("POST", "/elsewhere/a/1/task", None),
        ];
        for (method, target, resource) in changes {
            assert_eq!(operations.changes(method, target).as_deref(), resource, "{method} {target}");
        }
        let spellings = [
            ("ab-1", "a/ab-1"),
            ("AB-1", "a/ab-1"),
            ("%41b-1", "a/ab-1"),
            ("ab-1%20", "a/ab-1"),
            ("aB-1%20%09", "a/ab-1"),
            ("ab-1;v=1", "a/ab-1"),
            ("ab-1%20;v=1", "a/ab-1"),
            ("ab-1%3bv", "a/ab-1"),
            ("%2561b-1", "a/ab-1"),
            ("%C3%89", "a/\u{e9}"),
            ("%c3%a9", "a/\u{e9}"),
            ("%E2%84%AA", "a/k"),
            ("%C5%BF", "a/s"),
            ("%20ab-1", "a/ ab-1"),
            ("ab-12", "a/ab-12"),
            ("ab-1%2", "a/ab-1%2"),
            ("%ff", "a/\u{fffd}"),
        ];
        for (identifier, resource) in spellings {
            let target = format!("/vnflcm/v2/a/{identifier}/task");
            assert_eq!(operations.changes("POST", &target).as_deref(), Some(resource), "{identifier}");
        }
        assert_eq!(operations.resource("GET", "/vnflcm/v2/a/%31?x").as_deref(), Some("a/1"));
        assert_eq!(operations.resource("GET", "/vnflcm/v2/a/AB%20").as_deref(), Some("a/AB%20"), "as it was written");
        assert_eq!(operations.resource("GET", "/vnflcm/v2/nothing/1"), None);
    }
}
