//! Paths and their methods.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use solgate_document::yaml::{Key, Node};

use crate::bodies::Body;
use crate::context::{Context, Dialect};
use crate::parameters::{In, Parameter};
use crate::root::{self, About};
use crate::words::{clause, words};

pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A resource: the parameters that all its methods have, and these.
pub(crate) struct Resource<'d> {
    /// Below the API root.
    pub path: String,
    pub parameters: Vec<Parameter>,
    pub operations: Vec<Operation<'d>>,
}

pub(crate) struct Operation<'d> {
    pub id: String,
    /// In lower case.
    pub method: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// The media types of each successful status.
    pub produces: Vec<(String, Vec<String>)>,
    /// The schema of the answer with status 200.
    pub answer: Option<&'d Node>,
    /// The clause that describes it, and its document if that is another.
    pub clause: Option<(String, Option<String>)>,
}

impl Resource<'_> {
    /// The parameters of an operation, its own in place of the resource's.
    pub fn parameters_of<'r>(&'r self, operation: &'r Operation<'_>) -> impl Iterator<Item = &'r Parameter> {
        let own = |known: &&Parameter| {
            !operation.parameters.iter().any(|own| own.name == known.name && own.place == known.place)
        };
        self.parameters.iter().filter(own).chain(&operation.parameters)
    }
}

/// The variables of a path, in order.
fn variables(path: &str) -> Vec<String> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).map(str::to_owned).collect()
}

impl<'d> Context<'d> {
    /// Every operation of a document that is one of this API.
    pub fn resources(&mut self, document: &'d Node, about: &About, ids: &mut BTreeSet<String>) -> Vec<Resource<'d>> {
        let mut found: Vec<Resource<'d>> = Vec::new();
        for (key, item) in document.get("paths").and_then(Node::as_map).unwrap_or_default() {
            if key.name.starts_with("x-") {
                continue;
            }
            let Some(path) = self.path(key, about) else { continue };
            let documents = self.documents;
            let mut items = vec![item];
            if let Some(reference) = item.get("$ref") {
                items.extend(documents.target(reference, &mut self.report).map(|target| target.node));
            }
            let mut shared = Vec::new();
            let variables = variables(&path);
            let mut parameters = Vec::new();
            for item in &items {
                parameters.extend(self.parameters(item.get("parameters"), &variables, &mut shared));
            }
            let mut resource = Resource { path, parameters, operations: Vec::new() };
            for (key, node) in items.iter().flat_map(|item| item.as_map().unwrap_or_default()) {
                if METHODS.contains(&key.name.as_str()) {
                    let operation = self.operation(document, &resource.path, key, node, &shared, ids);
                    resource.operations.extend(operation);
                }
            }
            match found.iter_mut().find(|known| shape(&known.path) == shape(&resource.path)) {
                Some(known) => {
                    self.report
                        .warning(key.at, format!("`{}` names the same resource as `{}`", key.name, known.path))
                        .hint(if known.path == resource.path { "joined" } else { "left out" });
                    if known.path == resource.path {
                        known.operations.extend(resource.operations);
                    }
                }
                None if resource.operations.is_empty() => {}
                None => found.push(resource),
            }
        }
        found
    }

    /// The path below the API root.
    fn path(&mut self, key: &Key, about: &About) -> Option<String> {
        let mut path = key.name.split(['?', '#']).next().unwrap_or_default().trim();
        let without_variable = path.strip_prefix("{apiRoot}").unwrap_or(path);
        path = without_variable;
        if let Some(below) =
            path.strip_prefix(about.root.as_str()).filter(|rest| rest.starts_with('/') && !about.root.is_empty())
        {
            path = below;
        } else if let Some(other) = root::root_of(path) {
            let is_own = root::major(other).map(|(above, _)| above) == root::major(&about.root).map(|(above, _)| above);
            let draft = self.report.warning(
                key.at,
                format!("this path begins with the API root `{other}`, but the API is at `{}`", about.root),
            );
            if !is_own {
                draft.hint("left out: a bundle has one API; import the other by itself");
                return None;
            }
            path = path.get(other.len()..).unwrap_or_default();
            draft.hint(format!("taken for `{path}` below `{}`", about.root));
        }
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        let whole = |segment: &str| {
            let is_variable = segment.starts_with('{') && segment.ends_with('}') && segment.matches('{').count() == 1;
            !segment.contains(['{', '}']) || is_variable
        };
        let is_printable = |c: char| c.is_ascii_graphic() && !matches!(c, '%' | '\\' | '"' | '<' | '>');
        let is_sound = path.starts_with('/')
            && (path.len() == 1 || path.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | "..")))
            && path.split('/').all(whole)
            && path.chars().all(is_printable);
        if !is_sound {
            self.report
                .warning(key.at, format!("`{}` is no path that a policy can have", key.name))
                .hint("left out; a variable is a whole segment, and no segment is empty");
            return None;
        }
        // What rules call a variable.
        let named = path.split('/').map(|segment| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
            Some(name) if !is_identifier(name) => format!("{{{}}}", crate::words::camel(&words(name))),
            _ => segment.to_owned(),
        });
        Some(named.collect::<Vec<_>>().join("/"))
    }

    fn operation(
        &mut self,
        document: &'d Node,
        path: &str,
        key: &'d Key,
        node: &'d Node,
        shared: &[crate::parameters::InBody<'d>],
        ids: &mut BTreeSet<String>,
    ) -> Option<Operation<'d>> {
        let responses = node.get("responses").and_then(Node::as_map).unwrap_or_default();
        let codes = || responses.iter().filter(|(key, _)| !key.name.starts_with("x-"));
        if codes().count() > 0 && codes().all(|(key, _)| key.name == "405") {
            let method = key.name.to_ascii_uppercase();
            self.report
                .warning(key.at, format!("{method} {path} is declared only to say 405"))
                .hint("left out: the gate answers 405 to a method that its policy does not have");
            return None;
        }
        let id = self.operation_id(node, &key.name, path, ids);
        let mut bodies = Vec::new();
        let parameters = self.parameters(node.get("parameters"), &variables(path), &mut bodies);
        let bodies = if bodies.is_empty() { shared } else { &bodies };
        let body = if self.dialect == Dialect::V2 {
            let consumes = node.get("consumes").or_else(|| document.get("consumes"));
            self.swagger_body(&id, bodies, consumes)
        } else {
            node.get("requestBody").and_then(|body| self.body(&id, body))
        };
        let produces = node.get("produces").or_else(|| document.get("produces"));
        let mut produced = Vec::new();
        let mut answer = None;
        for (code, response) in responses {
            if !code.name.starts_with('2') && code.name != "default" {
                continue;
            }
            let documents = self.documents;
            let Some(response) = documents.resolve(response, &mut self.report) else { continue };
            let (types, schema) = answered(response, produces);
            if code.name == "200" || (answer.is_none() && code.name == "default") {
                answer = schema;
            }
            produced.push((code.name.clone(), types));
        }
        let text = |name: &str| node.get(name).and_then(|node| clause(&node.text));
        let clause = text("description").or_else(|| text("summary"));
        Some(Operation { id, method: key.name.clone(), parameters, body, produces: produced, answer, clause })
    }

    /// The file's id, or one of method and path; each operation has its own.
    fn operation_id(&mut self, node: &'d Node, method: &str, path: &str, ids: &mut BTreeSet<String>) -> String {
        let given = node.get("operationId").filter(|node| !node.text.trim().is_empty());
        let wanted = match given {
            Some(node) => {
                let allowed = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
                let id: String = node.text.trim().chars().map(allowed).collect();
                if id.starts_with(|c: char| c.is_ascii_alphabetic()) { id } else { format!("op_{id}") }
            }
            None => id_of(method, path),
        };
        if let (Some(node), true) = (given, ids.contains(&wanted)) {
            self.report
                .warning(node.at, format!("another operation is called `{wanted}`"))
                .hint("this one gets a number behind its name");
        }
        let numbered = (2_u32..).map(|number| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let id = names.find(|name| !ids.contains(name)).unwrap_or(wanted);
        ids.insert(id.clone());
        id
    }
}

/// `post_ns_instances_instantiate`, and `get_ns_instances_one` where the path ends with a
/// variable.
fn id_of(method: &str, path: &str) -> String {
    let is_variable = |segment: &str| segment.starts_with('{');
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let names = segments.filter(|segment| !is_variable(segment)).flat_map(words);
    let mut id: Vec<String> = std::iter::once(method.to_owned()).chain(names).collect();
    if path.rsplit('/').next().is_some_and(is_variable) {
        id.push("one".to_owned());
    }
    id.join("_")
}

/// The media types and the schema of an answer.
fn answered<'d>(response: &'d Node, produces: Option<&'d Node>) -> (Vec<String>, Option<&'d Node>) {
    if let Some(content) = response.get("content").and_then(Node::as_map) {
        let mut types: Vec<String> = Vec::new();
        for name in content.iter().filter_map(|(key, _)| media_range(&key.name)) {
            if !types.contains(&name) {
                types.push(name);
            }
        }
        return (types, content.iter().find_map(|(_, node)| node.get("schema")));
    }
    let schema = response.get("schema");
    let names = produces.and_then(Node::as_list).unwrap_or_default().iter();
    let types = if schema.is_some() { names.filter_map(|node| media_range(&node.text)).collect() } else { Vec::new() };
    (types, schema)
}

/// A media type or range without parameters.
fn media_range(text: &str) -> Option<String> {
    let name = text.split(';').next()?.trim().to_ascii_lowercase();
    let (kind, subtype) = name.split_once('/')?;
    let is_token = |part: &str| {
        part == "*" || (!part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c)))
    };
    let is_range = is_token(kind) && is_token(subtype) && (kind != "*" || subtype == "*");
    is_range.then_some(name)
}

/// A path with its variables made nameless.
fn shape(path: &str) -> String {
    path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The paths of a bundle's openapi.yaml. `answers` has the schemas that facts have, by the
/// ids of their operations.
pub(crate) fn written(resources: &[Resource<'_>], answers: &BTreeMap<String, Json>) -> Map<String, Json> {
    let mut paths = Map::new();
    for resource in resources {
        let mut item = Map::new();
        let values = |parameters: &[Parameter]| -> Vec<Json> {
            // Of a variable of the path a bundle has the name alone.
            parameters.iter().filter(|parameter| parameter.place != In::Path).map(|p| p.value.clone()).collect()
        };
        let shared = values(&resource.parameters);
        if !shared.is_empty() {
            item.insert("parameters".to_owned(), Json::Array(shared));
        }
        for operation in &resource.operations {
            let mut out = Map::new();
            out.insert("operationId".to_owned(), json!(operation.id));
            let own = values(&operation.parameters);
            if !own.is_empty() {
                out.insert("parameters".to_owned(), Json::Array(own));
            }
            if let Some(body) = &operation.body {
                out.insert("requestBody".to_owned(), body.written());
            }
            let mut responses = Map::new();
            for (code, types) in &operation.produces {
                let mut content = Map::new();
                for name in types {
                    let schema = answers.get(&operation.id).filter(|_| code == "200" || code == "default");
                    content.insert(name.clone(), schema.map_or(json!({}), |schema| json!({ "schema": schema })));
                }
                let mut response = Map::new();
                response.insert("description".to_owned(), json!(described(code)));
                if !content.is_empty() {
                    response.insert("content".to_owned(), Json::Object(content));
                }
                responses.insert(code.clone(), Json::Object(response));
            }
            if !responses.is_empty() {
                out.insert("responses".to_owned(), Json::Object(responses));
            }
            item.insert(operation.method.clone(), Json::Object(out));
        }
        paths.insert(resource.path.clone(), Json::Object(item));
    }
    paths
}

fn described(code: &str) -> &'static str {
    match code {
        "200" => "OK",
        "201" => "Created",
        "202" => "Accepted",
        "204" => "No Content",
        _ => "Success",
    }
}
