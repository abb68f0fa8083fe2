//! Parameters of an operation.

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::Node;
use solgate_engine::ir::{HeaderKind, HeaderParameter, QueryKind, QueryParameter};

use super::{Api, RuleUse, reference, releases};

/// What the parameters of one operation come to.
#[derive(Default)]
pub(super) struct Parameters {
    pub version: bool,
    pub short_version: bool,
    pub bare_credentials: bool,
    pub credentials: Vec<String>,
    pub accept_required: bool,
    pub query: Vec<QueryParameter>,
    pub headers: Vec<HeaderParameter>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Path,
    Query,
    Header,
    Cookie,
}

const PLACES: [(&str, In); 4] =
    [("path", In::Path), ("query", In::Query), ("header", In::Header), ("cookie", In::Cookie)];

const KINDS: [(&str, QueryKind); 5] = [
    ("filter", QueryKind::Filter),
    ("allFields", QueryKind::AllFields),
    ("excludeDefault", QueryKind::ExcludeDefault),
    ("fields", QueryKind::Fields),
    ("excludeFields", QueryKind::ExcludeFields),
];

/// What is special about a header field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Special {
    /// Of Version: the last numbers may be missing.
    ShortVersion,
    /// Of Authorization: the credential may lack a scheme.
    BareCredentials,
    /// Of any other: it may hold a credential in place of Authorization.
    Credentials,
}

const SPECIALS: [(&str, Special); 3] = [
    ("shortVersion", Special::ShortVersion),
    ("bareCredentials", Special::BareCredentials),
    ("credentials", Special::Credentials),
];

/// Header fields that the engine judges by itself.
const OF_ENGINE: [&str; 5] = ["version", "accept", "authorization", "content-type", "if-match"];

struct Parameter<'n> {
    name: &'n str,
    place: In,
    required: bool,
    /// `integer`, `boolean` or another type of the schema.
    schema_type: Option<&'n Node>,
    rule: Option<&'n Node>,
    kind: Option<&'n Node>,
    attributes: Option<&'n Node>,
    /// `x-since` and `x-until`.
    releases: (Option<&'n Node>, Option<&'n Node>),
    at: At,
}

/// The parameters of the path, replaced by those of the operation that have the
/// same name and place.
pub(super) fn read<'n>(
    api: &mut Api<'n>,
    shared: Option<&'n Node>,
    own: Option<&'n Node>,
    variables: &[String],
    report: &mut Report,
) -> Parameters {
    let mut merged: Vec<Parameter<'n>> = list(api.root, shared, report);
    for parameter in list(api.root, own, report) {
        let same = |p: &Parameter<'_>| p.name == parameter.name && p.place == parameter.place;
        match merged.iter_mut().find(|known| same(known)) {
            Some(known) => *known = parameter,
            None => merged.push(parameter),
        }
    }
    let mut result = Parameters::default();
    for parameter in merged {
        match parameter.place {
            In::Path if !variables.iter().any(|name| name == parameter.name) => {
                report
                    .mistake(parameter.at, format!("the path has no variable `{}`", parameter.name))
                    .maybe_hint(did_you_mean(parameter.name, variables.iter().map(String::as_str)));
            }
            In::Path => {}
            In::Query => result.query.extend(query(&parameter, report)),
            In::Header => header(api, &parameter, &mut result, report),
            In::Cookie => {
                report
                    .mistake(parameter.at, "parameters in cookies are not checked")
                    .hint("remove it; cookies never reach a policy");
            }
        }
    }
    result
}

fn list<'n>(root: &'n Node, node: Option<&'n Node>, report: &mut Report) -> Vec<Parameter<'n>> {
    let items = node.and_then(|node| reader::list(node, "`parameters`", report));
    let mut parameters: Vec<Parameter<'n>> = Vec::new();
    for item in items.unwrap_or_default() {
        let Some(found) = reference::resolve(root, item, report) else {
            continue;
        };
        let Some(parameter) = parameter(found, report) else {
            continue;
        };
        let same = |p: &&Parameter<'_>| p.name == parameter.name && p.place == parameter.place;
        if let Some(first) = parameters.iter().find(same) {
            report
                .mistake(item.at, format!("the parameter `{}` is here twice", parameter.name))
                .related(first.at, "first here");
            continue;
        }
        parameters.push(parameter);
    }
    parameters
}

fn parameter<'n>(node: &'n Node, report: &mut Report) -> Option<Parameter<'n>> {
    let mut members = Members::open(node, "a parameter", report)?;
    let name = members.require("name", report);
    let place = members.require("in", report);
    let required =
        members.get("required").and_then(|node| reader::boolean(node, "`required`", report)).unwrap_or(false);
    let schema_type = members.get("schema").and_then(|schema| schema.get("type"));
    let rule = members.get("x-rule");
    let kind = members.get("x-kind");
    let attributes = members.get("x-attributes");
    let releases = (members.get("x-since"), members.get("x-until"));
    for other in [
        "description",
        "deprecated",
        "allowEmptyValue",
        "allowReserved",
        "style",
        "explode",
        "example",
        "examples",
        "content",
    ] {
        members.get(other);
    }
    members.finish(report);
    let name_node = name?;
    let name = reader::line(name_node, "the name of a parameter", report)?;
    let place = reader::choice(place?, "`in`", &PLACES, report)?;
    let has_kind = if place == In::Header { In::Header } else { In::Query };
    for (extension, only) in [
        (kind, has_kind),
        (attributes, In::Query),
        (releases.0, In::Query),
        (releases.1, In::Query),
        (rule, In::Header),
    ] {
        if let Some(node) = extension
            && place != only
        {
            let only = PLACES.iter().find(|(_, p)| *p == only).map_or("", |p| p.0);
            report.mistake(node.at, format!("this extension belongs to a parameter in `{only}`"));
        }
    }
    Some(Parameter { name, place, required, schema_type, rule, kind, attributes, releases, at: name_node.at })
}

fn query(parameter: &Parameter<'_>, report: &mut Report) -> Option<QueryParameter> {
    if parameter.required {
        report
            .mistake(parameter.at, format!("that `{}` is required would not be checked", parameter.name))
            .hint(format!("write a rule: `require: \"'{}' in query\"`", parameter.name));
    }
    let kind = match parameter.kind {
        Some(node) => reader::choice(node, "`x-kind`", &KINDS, report)?,
        None => QueryKind::Opaque,
    };
    let mut attributes = Vec::new();
    if let Some(node) = parameter.attributes {
        if !matches!(kind, QueryKind::Filter | QueryKind::Fields | QueryKind::ExcludeFields) {
            report
                .mistake(node.at, "`x-attributes` only says something about names in the value")
                .hint("it belongs beside `x-kind: filter`, `fields` or `excludeFields`");
        }
        for item in reader::list(node, "`x-attributes`", report).unwrap_or_default() {
            attributes.extend(reader::line(item, "the name of an attribute", report).map(str::to_owned));
        }
    }
    let (own, attribute_releases) = releases::of_list(parameter.releases, &attributes, report);
    Some(QueryParameter { name: parameter.name.to_owned(), kind, attributes, attribute_releases, releases: own })
}

/// Notes what `x-kind` says of the header field `name`, which is in lower case.
fn special(node: &Node, name: &str, result: &mut Parameters, report: &mut Report) {
    let Some(kind) = reader::choice(node, "`x-kind` of a header field", &SPECIALS, report) else {
        return;
    };
    let fault = match kind {
        Special::ShortVersion if name == "version" => {
            result.short_version = true;
            return;
        }
        Special::BareCredentials if name == "authorization" => {
            result.bare_credentials = true;
            return;
        }
        Special::Credentials if !OF_ENGINE.contains(&name) => {
            result.credentials.push(name.to_owned());
            return;
        }
        Special::ShortVersion => "`shortVersion` is for the field Version only",
        Special::BareCredentials => "`bareCredentials` is for the field Authorization only",
        Special::Credentials => "`credentials` is not for a field that the engine judges by itself",
    };
    report.mistake(node.at, fault);
}

fn header(api: &mut Api<'_>, parameter: &Parameter<'_>, result: &mut Parameters, report: &mut Report) {
    let lower = parameter.name.to_ascii_lowercase();
    match lower.as_str() {
        "version" => result.version = true,
        "accept" => result.accept_required = parameter.required,
        _ => {}
    }
    if let Some(node) = parameter.kind {
        special(node, &lower, result, report);
    }
    if OF_ENGINE.contains(&lower.as_str()) {
        if let Some(node) = parameter.rule {
            report.mistake(node.at, format!("the engine itself judges the field `{}`", parameter.name));
        }
        return;
    }
    if parameter.required {
        report
            .mistake(parameter.at, format!("that `{}` is required would not be checked", parameter.name))
            .hint(format!("write a rule: `require: \"'{lower}' in headers\"`"));
    }
    let Some(rule) = parameter.rule else {
        return;
    };
    let Some(id) = reader::line(rule, "the id of a rule", report) else {
        return;
    };
    api.rule_uses.push(RuleUse { id: id.to_owned(), at: rule.at });
    let kind = match parameter.schema_type.map(|node| node.text.as_str()) {
        Some("integer") => HeaderKind::Integer,
        Some("boolean") => HeaderKind::Boolean,
        _ => {
            let at = parameter.schema_type.map_or(parameter.at, |node| node.at);
            report
                .mistake(at, "a header parameter with an `x-rule` has a schema of type integer or boolean")
                .hint("write a rule with `require:` for anything else");
            return;
        }
    };
    result.headers.push(HeaderParameter { name: parameter.name.to_owned(), kind, rule: id.to_owned() });
}
