//! Which operation a request is, by the router that the policy itself judges by.

use std::borrow::Cow;
use std::sync::Arc;

use solgate_contract::api_root;
use solgate_contract::manifest::Manifest;
use solgate_contract::ownership::decode_fully;
use solgate_contract::router::Router;
use solgate_contract::spoken::Spoken;
use solgate_contract::uri::{decode_unreserved, normalise, split_target};

/// The operations of one policy.
#[derive(Debug)]
pub(super) struct Operations {
    /// By their index.
    ids: Vec<String>,
    router: Router,
    /// Of each API root.
    apis: Vec<Api>,
}

/// What an API is called.
#[derive(Debug)]
struct Api {
    /// Such as `vnflcm/v2`.
    name: Arc<str>,
    /// Such as `vnflcm/`: what the names of its resources begin with, which all its major
    /// versions share.
    resources: String,
}

impl Api {
    fn at(root: &str) -> Self {
        let family = api_root::family(root).map(|family| format!("{family}/"));
        Self { name: api_root::api(root).into(), resources: family.unwrap_or_default() }
    }
}

impl Operations {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let mut router = Router::new(manifest.api_roots.iter().map(String::as_str));
        for (index, operation) in manifest.operations.iter().enumerate() {
            // What no path leads to, no request is: a foreign policy may declare anything.
            let _ = router.add(index, &operation.method, &operation.path, None);
        }
        Self {
            ids: manifest.operations.iter().map(|operation| operation.id.clone()).collect(),
            router,
            apis: manifest.api_roots.iter().map(|root| Api::at(root)).collect(),
        }
    }

    /// What of the policy's API a request is about; `None` if it lies below none of its
    /// roots. A path that the policy would refuse may still lead to a resource: where the
    /// rule only warns, the VNFM gets it.
    pub(super) fn locate<'g, 't>(&'g self, method: &str, path: &'t Path<'_>) -> Option<Located<'g, 't>> {
        let (root, found) = self.router.at(&path.text)?;
        let api = self.apis.get(root)?;
        let mut located = Located { api: path.is_normal.then_some(&api.name), operation: None, resource: None };
        if let Some((resource, below)) = found
            && let Some(operation) = resource.operation(method, Spoken::ALL)
        {
            located.operation = self.ids.get(operation).map(String::as_str).filter(|_| path.is_normal);
            let mut segments = below.split('/').skip(1);
            let named = segments.next().zip(segments.next());
            located.resource =
                named.map(|(collection, identifier)| Resource { api: &api.resources, collection, identifier });
        }
        Some(located)
    }
}

/// The path of a target.
pub(super) struct Path<'t> {
    pub(super) target: &'t str,
    text: Cow<'t, str>,
    /// It is in normal form; another one is decoded as far as every server does it.
    is_normal: bool,
}

impl<'t> Path<'t> {
    pub(super) fn of(target: &'t str) -> Self {
        let written = split_target(target).0;
        match normalise(written) {
            Ok(text) => Self { target, text, is_normal: true },
            Err(_) => Self { target, text: decode_unreserved(written), is_normal: false },
        }
    }

    /// The same as [`normal_path`](solgate_contract::ownership::normal_path) of the target.
    pub(super) fn normal(&self) -> Option<&Cow<'t, str>> {
        self.is_normal.then_some(&self.text)
    }
}

/// What of an API a request is about.
#[derive(Debug)]
pub(super) struct Located<'g, 't> {
    /// What the API is called.
    pub(super) api: Option<&'g Arc<str>>,
    /// The id of the operation, for logs and metrics.
    pub(super) operation: Option<&'g str>,
    pub(super) resource: Option<Resource<'g, 't>>,
}

/// A resource that is not a collection.
#[derive(Debug)]
pub(super) struct Resource<'g, 't> {
    /// What its name begins with in all versions of the API.
    api: &'g str,
    collection: &'t str,
    identifier: &'t str,
}

impl Resource<'_, '_> {
    /// As it was written.
    pub(super) fn written(&self) -> String {
        format!("{}/{}", self.collection, self.identifier)
    }

    /// The same for all spellings of it that a VNFM may find one resource under, and in all
    /// major versions of the API, which a VNFM may serve at the same time.
    pub(super) fn folded(&self) -> String {
        format!("{}{}/{}", self.api, self.collection, folded(self.identifier))
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
            api_roots: ["/vnflcm/v2", "/telco/api/vnflcm/v2", "/orgs/{org}/vnflcm/v2", "/plain"]
                .map(str::to_owned)
                .into(),
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
            let path = Path::of(target);
            let found = operations.locate(method, &path).and_then(|located| located.operation);
            assert_eq!(found, operation, "{method} {target}");
        }
        let named = |method: &str, target: &str, name: fn(&Resource<'_, '_>) -> String| {
            Some(name(&operations.locate(method, &Path::of(target))?.resource?))
        };
        let folded = |target: &str| named("POST", target, |resource| resource.folded());
        let changes = [
            ("POST", "/vnflcm/v2/a/1/task?x=/y", Some("vnflcm/a/1")),
            ("POST", "/telco/api/vnflcm/v2/a/%31/%74ask", Some("vnflcm/a/1")),
            ("POST", "/orgs/a/vnflcm/v2/a/1/task", Some("vnflcm/a/1")),
            ("POST", "/vnflcm/v2/a/1/task/", Some("vnflcm/a/1")),
            ("POST", "/plain/a/1/task", Some("a/1")),
            ("POST", "/vnflcm/v2/a/1/nothing", None),
            ("POST", "/elsewhere/a/1/task", None),
        ];
        for (method, target, resource) in changes {
            assert_eq!(folded(target).as_deref(), resource, "{method} {target}");
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
            assert_eq!(folded(&target).as_deref(), Some(&*format!("vnflcm/{resource}")), "{identifier}");
        }
        for (target, api) in [
            ("/telco/api/vnflcm/v2/a/1", Some("vnflcm/v2")),
            ("/vnflcm/v2/nothing", Some("vnflcm/v2")),
            ("/plain/a/1", Some("plain")),
            ("/vnflcm/v1/a/1", None),
            ("/vnflcm/v2/../v2/a/1", None),
        ] {
            let path = Path::of(target);
            let found = operations.locate("GET", &path).and_then(|located| located.api);
            assert_eq!(found.map(|api| &**api), api, "{target}");
        }
        assert_eq!(named("GET", "/vnflcm/v2/a/%31?x", |resource| resource.written()).as_deref(), Some("a/1"));
        assert_eq!(
            named("GET", "/vnflcm/v2/a/AB%20", |resource| resource.written()).as_deref(),
            Some("a/AB%20"),
            "as it was written"
        );
        assert_eq!(named("GET", "/vnflcm/v2/nothing/1", |resource| resource.written()), None);
    }
}
