//! Whether data fits its schema.

use jsonschema::{Draft, PatternOptions};
use solgate_document::diagnostic::Report;
use solgate_document::pointer;
use solgate_document::yaml::Node;

use crate::openapi;

/// Most faults of one file that are shown.
const MOST: usize = 100;
/// Longest explanation of one, in characters.
const LONGEST: usize = 200;

/// Reports what is wrong with the schema, else each value that does not fit it.
pub(super) fn check(value: &Node, schema: &Node, report: &mut Report) {
    let before = report.mistakes();
    openapi::check_meta(schema, report);
    check_references(schema, schema, report);
    if report.mistakes() > before {
        return;
    }
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(&schema.to_json());
    let validator = match validator {
        Ok(validator) => validator,
        Err(error) => {
            report.mistake(schema.at, format!("the schema cannot be used: {}", brief(&error.to_string())));
            return;
        }
    };
    for error in validator.iter_errors(&value.to_json()).take(MOST) {
        let path = error.instance_path().as_str().to_owned();
        let steps: Vec<String> = pointer::steps(&path).skip(1).collect();
        let node = value.follow(&steps).unwrap_or(value);
        let place = if path.is_empty() { "the whole".to_owned() } else { format!("`{path}`") };
        report
            .mistake(node.at, format!("{place} does not fit the schema: {}", brief(&error.to_string())))
            .related(schema.at, "the schema");
    }
}

/// A schema is complete in itself.
fn check_references(root: &Node, schema: &Node, report: &mut Report) {
    for (key, node) in schema.as_map().unwrap_or_default() {
        if key.name == "$ref" {
            let is_found = match node.text.strip_prefix('#') {
                Some(pointer) => root.follow(pointer::steps(pointer).skip(1)).is_some(),
                None => false,
            };
            if !is_found {
                report
                    .mistake(node.at, format!("`{}` leads nowhere in this schema", node.text))
                    .hint("write what it should lead to under `$defs`, and refer to that: `$ref: '#/$defs/NAME'`");
            }
        }
        check_references(root, node, report);
    }
    for item in schema.as_list().unwrap_or_default() {
        check_references(root, item, report);
    }
}

fn brief(text: &str) -> String {
    let mut chars = text.chars();
    let brief: String = chars.by_ref().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if chars.next().is_some() { format!("{brief}...") } else { brief }
}
