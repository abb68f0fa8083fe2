//! Keywords that check nothing at their place.

use solgate_document::diagnostic::Report;
use solgate_document::suggest::list;
use solgate_document::yaml::{Key, Node};

use super::keywords::SILENT_FORMATS;

/// Keywords that mean something beside another only.
const COMPANIONS: [(&str, &str); 4] =
    [("minContains", "contains"), ("maxContains", "contains"), ("then", "if"), ("else", "if")];

/// Keywords that are about values of some types, and pass all others.
const ABOUT: [(&[&str], &[&str]); 4] = [
    (&["string"], &["minLength", "maxLength", "pattern", "format"]),
    (&["integer", "number"], &["multipleOf", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"]),
    (&["array"], &["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"]),
    (
        &["object"],
        &[
            "properties",
            "patternProperties",
            "additionalProperties",
            "required",
            "minProperties",
            "maxProperties",
            "propertyNames",
            "dependentRequired",
        ],
    ),
];

/// Warns of what one schema has in vain, not looking at those below.
pub(super) fn check(schema: &Node, members: &[(Key, Node)], report: &mut Report) {
    for (key, node) in members {
        let name = key.name.as_str();
        if let Some((_, other)) =
            COMPANIONS.iter().find(|(keyword, other)| *keyword == name && schema.get(other).is_none())
        {
            report
                .warning(key.at, format!("`{name}` checks nothing without `{other}`"))
                .hint(format!("add `{other}`, or remove `{name}`"));
        }
        match name {
            "if" if schema.get("then").is_none() && schema.get("else").is_none() => {
                report
                    .warning(key.at, "`if` checks nothing without `then` or `else`")
                    .hint("add one of them, or remove `if`");
            }
            "enum" if node.as_list().is_some_and(<[_]>::is_empty) => {
                report.warning(node.at, "`enum` is empty, so that no value is allowed").hint("name the values");
            }
            "format" if SILENT_FORMATS.contains(&node.text.as_str()) => {}
            _ => of_another_type(schema, key, report),
        }
    }
}

fn of_another_type(schema: &Node, key: &Key, report: &mut Report) {
    let Some(types) = schema.get("type") else { return };
    let types: Vec<&str> =
        types.as_list().unwrap_or(std::slice::from_ref(types)).iter().map(|node| node.text.as_str()).collect();
    // A name that is not the name of a type has been reported.
    let is_known =
        |name: &&str| matches!(*name, "boolean" | "null") || ABOUT.iter().any(|(types, _)| types.contains(name));
    if !types.iter().all(is_known) {
        return;
    }
    let about = ABOUT.iter().find(|(_, keywords)| keywords.contains(&key.name.as_str()));
    if let Some((about, _)) = about
        && !about.iter().any(|name| types.contains(name))
    {
        report
            .warning(key.at, format!("`{}` checks nothing here: it is about values of type {}", key.name, list(about)))
            .hint(format!("the type here is {}: change it, or remove `{}`", list(&types), key.name));
    }
}
