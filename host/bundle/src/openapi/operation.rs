//! Paths and their methods.

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::yaml::{Key, Node, Style};
use solgate_engine::ir::Operation;

use super::extensions;
use super::{Api, Op, body, parameter, reference, releases};
use crate::template;

const METHODS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("patch", "PATCH"),
    ("trace", "TRACE"),
];

/// Reads the operations of a document, or of the dialect of that name.
pub(super) fn read_all<'n>(api: &mut Api<'n>, paths: &'n Node, dialect: Option<&'n str>, report: &mut Report) {
    let Some(entries) = reader::map(paths, "`paths`", report) else {
        return;
    };
    let mut shapes: Vec<(String, At)> = Vec::new();
    for (key, item) in entries {
        if key.name.starts_with("x-") {
            continue;
        }
        let Some(variables) = path_variables(key, report) else {
            api.is_incomplete = true;
            continue;
        };
        let shape = shape(&key.name);
        if let Some((_, first)) = shapes.iter().find(|(known, _)| *known == shape) {
            report
                .mistake(key.at, format!("`{}` names the same resource as an earlier path", key.name))
                .hint(
                    "put all methods of a resource under one path; the names of its variables do not tell paths apart",
                )
                .related(*first, "the earlier path");
            api.is_incomplete = true;
            continue;
        }
        if let Some(known) =
            api.operations.iter().find(|op| op.def.path != key.name && self::shape(&op.def.path) == shape)
        {
            let path = known.def.path.clone();
            report
                .mistake(key.at, format!("openapi.yaml calls this resource `{path}`"))
                .hint("a dialect gives the variables of a path the same names");
            api.is_incomplete = true;
            continue;
        }
        shapes.push((shape, key.at));
        path_item(api, &key.name, item, &variables, dialect, report);
    }
    if api.operations.is_empty() && !api.is_incomplete {
        report
            .mistake(paths.at, "the bundle has no operation")
            .hint("a path with a method and an operationId makes one");
    }
}

fn path_variables(key: &Key, report: &mut Report) -> Option<Vec<String>> {
    let node = Node {
        value: solgate_document::yaml::Value::String,
        at: key.at,
        text: key.name.clone(),
        style: Style::Plain,
        made_of: None,
    };
    if let Some(fault) = template::path_fault(&key.name) {
        report
            .mistake(key.at, format!("the path `{}` {fault}", key.name))
            .hint("write the path below the API root, like /vnf_instances/{vnfInstanceId}");
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    for variable in template::variables(&node, report) {
        if names.contains(&variable.name) {
            report.mistake(variable.at, format!("the path has two variables `{}`", variable.name));
        }
        names.push(variable.name);
    }
    let whole = |segment: &str| {
        !segment.contains(['{', '}'])
            || (segment.starts_with('{') && segment.ends_with('}') && segment.matches('{').count() == 1)
    };
    if !key.name.split('/').all(whole) {
        report.mistake(key.at, "a variable is a whole segment of its path").hint("write /{variable}/");
        return None;
    }
    Some(names)
}

/// The path with its variables made nameless.
fn shape(path: &str) -> String {
    path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

fn path_item<'n>(
    api: &mut Api<'n>,
    path: &str,
    item: &'n Node,
    variables: &[String],
    dialect: Option<&'n str>,
    report: &mut Report,
) {
    if let Some((key, _)) = item.entry("$ref") {
        report.mistake(key.at, "a path cannot be a `$ref` here").hint("write its methods in place");
        api.is_incomplete = true;
        return;
    }
    let Some(mut members) = Members::open(item, "a path", report) else {
        return;
    };
    let shared = members.get("parameters");
    for (name, method) in METHODS {
        if members.get(name).is_some()
            && let Some((key, node)) = item.entry(name)
        {
            let place = Place { path, method, variables, dialect, key, shared };
            operation(api, &place, node, report);
        }
    }
    for name in ["summary", "description", "servers"] {
        members.get(name);
    }
    let mut extensions = Vec::new();
    for (key, _) in item.as_map().unwrap_or_default() {
        if key.name.starts_with("x-") && !key.name.starts_with("x-rule") {
            extensions.push(key);
        }
    }
    let mistakes = report.mistakes();
    members.finish_except(&extensions, report);
    // A method, perhaps.
    api.is_incomplete |= report.mistakes() > mistakes;
}

struct Place<'a, 'n> {
    path: &'a str,
    method: &'static str,
    variables: &'a [String],
    dialect: Option<&'n str>,
    key: &'n Key,
    /// Parameters of the path.
    shared: Option<&'n Node>,
}

fn operation<'n>(api: &mut Api<'n>, place: &Place<'_, 'n>, node: &'n Node, report: &mut Report) {
    let Some(mut members) = Members::open(node, "an operation", report) else {
        return;
    };
    let own = members.get("parameters");
    let request_body = members.get("requestBody");
    let responses = members.get("responses");
    let rule_map = members.get("x-rule-map");
    let id_node = members.get("operationId");
    let releases = releases::read(&mut members, report);
    let absent = absent(&mut members, place.dialect, report);
    extensions::finish(
        members,
        &["tags", "summary", "description", "externalDocs", "callbacks", "deprecated", "security", "servers"],
        report,
    );
    let codes = responses.and_then(Node::as_map).unwrap_or_default();
    if !codes.is_empty() && codes.iter().all(|(key, _)| key.name == "405") {
        report
            .warning(place.key.at, format!("{} {} is declared only to say 405", place.method, place.path))
            .hint("remove it: the gate answers 405 to a method that is not declared, and lets a declared one pass");
    }
    let Some(id_node) = id_node else {
        report
            .mistake(place.key.at, format!("{} {} has no `operationId`", place.method, place.path))
            .hint("rules name an operation by its operationId");
        api.is_incomplete = true;
        return;
    };
    let Some(id) = operation_id(id_node, report) else {
        api.is_incomplete = true;
        return;
    };
    let stands_in = |op: &Op<'_>| op.def.method == place.method && op.def.path == place.path;
    let is_other = |op: &&Op<'_>| !stands_in(op) || op.def.dialect.as_deref() == place.dialect;
    if let Some(first) = api.operations.iter().filter(|op| op.def.id == id).find(is_other) {
        let first = first.at;
        report.mistake(id_node.at, format!("two operations are called `{id}`")).related(first, "the first");
        api.is_incomplete = true;
        return;
    }
    if let Some(known) = api.operations.iter().find(|op| op.def.id != id && stands_in(op)) {
        let (at, id) = (known.at, known.def.id.clone());
        report
            .mistake(id_node.at, format!("the operation {} {} is called `{id}`", place.method, place.path))
            .hint("an operation has one id in all dialects, so that rules can name it")
            .related(at, "there");
        api.is_incomplete = true;
        return;
    }
    let parameters = parameter::read(api, place.shared, own, place.variables, report);
    let (body, schema) = match request_body {
        Some(node) => {
            let name = match place.dialect {
                Some(dialect) => format!("{id}.{dialect}.body"),
                None => format!("{id}.body"),
            };
            let found = body::read(api, name, node, report);
            api.is_incomplete |= found.0.is_none();
            found
        }
        None => (None, None),
    };
    let produces = produces(api.root, responses, report);
    let mut map = BTreeMap::new();
    if let Some(node) = rule_map {
        for (key, node) in reader::map(node, "`x-rule-map`", report).unwrap_or_default() {
            if let Some(other) = reader::line(node, "the id of a rule", report) {
                map.insert(key.name.clone(), other.to_owned());
            }
        }
    }
    api.operations.push(Op {
        def: Operation {
            id: id.to_owned(),
            dialect: place.dialect.map(str::to_owned),
            absent,
            releases,
            method: place.method.to_owned(),
            path: place.path.to_owned(),
            version: parameters.version,
            short_version: parameters.short_version,
            bare_credentials: parameters.bare_credentials,
            credentials: parameters.credentials,
            accept_required: parameters.accept_required,
            produces,
            query: parameters.query,
            headers: parameters.headers,
            body,
            rule_map: map,
        },
        at: id_node.at,
        path_variables: place.variables.to_vec(),
        schema,
        rule_map,
    });
}

/// `x-absent: true`: the operation is not there while the dialect is on.
fn absent(members: &mut Members<'_>, dialect: Option<&str>, report: &mut Report) -> bool {
    let Some(node) = members.get("x-absent") else { return false };
    if dialect.is_none() {
        report
            .mistake(node.at, "`x-absent` is for the operations of a dialect")
            .hint("remove the operation; `x-since` and `x-until` say which versions have it");
    }
    reader::boolean(node, "`x-absent`", report).unwrap_or(false)
}

fn operation_id<'n>(node: &'n Node, report: &mut Report) -> Option<&'n str> {
    let id = reader::line(node, "`operationId`", report)?;
    let right = id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !right {
        report
            .mistake(node.at, format!("`{id}` cannot be an operationId"))
            .hint("letters, digits, `_`, `-` and `.`, beginning with a letter");
    }
    right.then_some(id)
}

/// The media types of the successful answers; JSON where none are named.
fn produces(root: &Node, responses: Option<&Node>, report: &mut Report) -> Vec<String> {
    let entries = responses.and_then(|node| reader::map(node, "`responses`", report)).unwrap_or_default();
    let mut of_success = Vec::new();
    let mut of_default = Vec::new();
    for (key, node) in entries {
        let found = match key.name.as_str() {
            "default" => &mut of_default,
            name if name.starts_with('2') => &mut of_success,
            _ => continue,
        };
        let content = reference::resolve(root, node, report).and_then(|node| node.get("content"));
        let content = content.and_then(|node| reader::map(node, "`content`", report));
        for (key, _) in content.unwrap_or_default() {
            if body::is_media_range(&key.name) {
                if !found.contains(&key.name) {
                    found.push(key.name.clone());
                }
            } else {
                report.mistake(key.at, format!("`{}` is not a media type", key.name));
            }
        }
    }
    if !of_success.is_empty() {
        of_success
    } else if !of_default.is_empty() {
        of_default
    } else {
        vec!["application/json".to_owned()]
    }
}
