//! One way to write the YAML of a bundle.
//!
//! What a text says stays: the formatted text is read again, and must have the same values
//! and the same comments, or the text is left as it is.

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
use solgate_document::diagnostic::Report;
use solgate_document::yaml::{Node, Value, parse};
use yaml_parser::SyntaxKind;

/// Longest line that is not broken, in characters; texts are left as they are.
const WIDTH: usize = 120;
/// A text is formatted so often until it stays.
const ROUNDS: usize = 4;

/// Why a text is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unformatted {
    #[error("it is not YAML; `solgate lint` says where")]
    NotYaml,
    #[error("the formatter would change what it says")]
    Changed,
}

/// The text in the usual form.
///
/// # Errors
/// If it is not YAML, or the formatter would change more than its form.
pub fn format(text: &str) -> Result<String, Unformatted> {
    let before = tree(text).ok_or(Unformatted::NotYaml)?;
    let comments = comments(text).ok_or(Unformatted::NotYaml)?;
    let mut formatted = text.to_owned();
    for _ in 0..ROUNDS {
        let next = once(&formatted)?;
        if next == formatted {
            let is_same = tree(&next).is_some_and(|after| says_the_same(before.as_ref(), after.as_ref()));
            let has_comments = self::comments(&next).is_some_and(|after| after == comments);
            return if is_same && has_comments { Ok(next) } else { Err(Unformatted::Changed) };
        }
        formatted = next;
    }
    Err(Unformatted::Changed)
}

fn once(text: &str) -> Result<String, Unformatted> {
    let layout = LayoutOptions { print_width: WIDTH, ..LayoutOptions::default() };
    let language = LanguageOptions {
        trailing_comma: false,
        // As in `- id: a` with its members below.
        indent_block_sequence_in_map: true,
        flow_sequence_prefer_single_line: Some(true),
        flow_map_prefer_single_line: Some(true),
        ..LanguageOptions::default()
    };
    pretty_yaml::format_text(text, &FormatOptions { layout, language }).map_err(|_| Unformatted::NotYaml)
}

/// The values of a text; the inner `None` of an empty one. The outer one if it is no YAML.
#[allow(clippy::option_option)]
fn tree(text: &str) -> Option<Option<Node>> {
    let mut report = Report::default();
    let file = report.sources.add("", text);
    let tree = parse(file, &mut report);
    (!report.has_mistakes()).then_some(tree)
}

/// The comments of a text, in their order.
fn comments(text: &str) -> Option<Vec<String>> {
    let root = yaml_parser::parse(text).ok()?;
    let tokens = root.descendants_with_tokens().filter_map(|element| element.into_token());
    let comments = tokens.filter(|token| token.kind() == SyntaxKind::COMMENT);
    Some(comments.map(|token| token.text().trim_end().to_owned()).collect())
}

fn says_the_same(one: Option<&Node>, other: Option<&Node>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => is_same(one, other),
        _ => false,
    }
}

fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((name, one), (other_name, other))| name.name == other_name.name && is_same(one, other))
        }
        (Value::List(_) | Value::Map(_), _) | (_, Value::List(_) | Value::Map(_)) => false,
        // Numbers and the like with the text that they have: an expression may be one.
        _ => one.text == other.text && one.to_json() == other.to_json(),
    }
}
