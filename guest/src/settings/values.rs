//! The values of options, looked at.

use serde_json::Value;

use crate::json::{Document, Kind, Node};
use crate::verdict::Setting;

/// The same document of options with what a context sets; names that are no option are
/// left out. Of two values of one option the later holds.
pub(super) fn overlaid(options: &Document<'static>, settings: &[Setting]) -> Document<'static> {
    let mut values: Vec<(u32, &Value)> = Vec::new();
    for setting in settings {
        if let Setting::Option { name, value } = setting
            && let Some(known) = get(options, name)
        {
            let known = known.entry_index();
            match values.iter_mut().find(|(replaced, _)| *replaced == known) {
                Some((_, earlier)) => *earlier = value,
                None => values.push((known, value)),
            }
        }
    }
    values.sort_unstable_by_key(|(replaced, _)| *replaced);
    options.with_values(&values)
}

pub(super) fn is_true(options: &Document<'_>, name: &str) -> bool {
    matches!(get(options, name).map(Node::kind), Some(Kind::Bool(true)))
}

pub(super) fn is_text(options: &Document<'_>, name: &str, expected: &str) -> bool {
    get(options, name).and_then(Node::as_str) == Some(expected)
}

pub(super) fn integer(options: &Document<'_>, name: &str) -> Option<u64> {
    match get(options, name)?.kind() {
        Kind::Number(number) => number.as_u64(),
        _ => None,
    }
}

/// The texts of a list.
pub(super) fn texts(options: &Document<'_>, name: &str) -> Vec<String> {
    match get(options, name).map(Node::kind) {
        Some(Kind::Array(items)) => items.items().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

fn get<'d>(options: &'d Document<'_>, name: &str) -> Option<Node<'d>> {
    match options.root().kind() {
        Kind::Object(options) => options.get(name),
        _ => None,
    }
}
