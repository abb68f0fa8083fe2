//! Which operation a request is, by the router that the policy itself judges by.

use solgate_contract::manifest::Manifest;
use solgate_contract::ownership::decode_fully;
use solgate_contract::router::Router;
use solgate_contract::spoken::Spoken;
use solgate_contract::uri::{decode_unreserved, split_target};

/// The operations of one policy.
#[derive(Debug)]
pub(super) struct Operations {
    /// By their index.
    ids: Vec<String>,
    router: Router,
}

impl Operations {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let mut router = Router::new(manifest.api_roots.iter().map(String::as_str));
        for (index, operation) in manifest.operations.iter().enumerate() {
            // What no path leads to, no request is: a foreign policy may declare anything.
            let _ = router.add(index, &operation.method, &operation.path, None);
        }
        Self { ids: manifest.operations.iter().map(|operation| operation.id.clone()).collect(), router }
    }

    /// The id of the operation, for logs and metrics.
    pub(super) fn find(&self, method: &str, target: &str) -> Option<&str> {
        self.ids.get(self.router.operation(method, target)?).map(String::as_str)
    }

    /// The resource that an operation may change: collection and identifier, the same
    /// for all spellings of it that a VNFM may find one resource under.
    pub(super) fn changes(&self, method: &str, target: &str) -> Option<String> {
        if matches!(method, "GET" | "HEAD" | "OPTIONS") {
            return None;
        }
        self.about(method, target, |collection, identifier| format!("{collection}/{}", folded(identifier)))
    }

    /// The resource that an operation is about, changed or not, as it was written.
    pub(super) fn resource(&self, method: &str, target: &str) -> Option<String> {
        self.about(method, target, |collection, identifier| format!("{collection}/{identifier}"))
    }

    /// Hands collection and identifier over. A path that the policy would refuse may
    /// still lead to a resource: where the rule only warns, the VNFM gets it.
    fn about(&self, method: &str, target: &str, name: impl FnOnce(&str, &str) -> String) -> Option<String> {
        let path = decode_unreserved(split_target(target).0);
        let (resource, below) = self.router.resource_at(&path)?;
        resource.operation(method, Spoken::ALL)?;
        let mut segments = below.split('/').skip(1);
        Some(name(segments.next()?, segments.next()?))
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use solgate_contract::manifest::{Limits, Operation};

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
            limits: Limits { body_bytes: 1, target_bytes: 100, depth: 8 },
            secrets: vec![],
        }
    }

    #[test]
    fn a_target_belongs_to_the_longest_root_and_the_operation_that_the_policy_judges_by() {
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
            ("GET", "/vnflcm/v2/b/c/d", Some("/vnflcm/v2"), Some("two")),
            ("GET", "/vnflcm/v2/a/c/d", Some("/vnflcm/v2"), Some("one")),
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
