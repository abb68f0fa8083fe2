//! Places in a case that `set` and `unset` name by JSON Pointer (RFC 6901).

use solgate_document::pointer::steps as steps_of;
use solgate_document::source::At;
use solgate_document::yaml::{Key, Node, Style, Value};

/// Most steps of a pointer: what it creates stays as shallow as a file may be.
const MOST_STEPS: usize = 100;

/// The steps of a pointer, or why the text is not a pointer.
pub(crate) fn steps(pointer: &str) -> Result<Vec<String>, String> {
    let rest = pointer
        .strip_prefix('/')
        .ok_or_else(|| format!("`{pointer}` is not a JSON Pointer: a JSON Pointer begins with a slash"))?;
    let steps: Vec<String> = steps_of(rest).collect();
    if steps.len() > MOST_STEPS {
        return Err(format!("the JSON Pointer has more than {MOST_STEPS} steps"));
    }
    Ok(steps)
}

/// The place that the steps lead to, with the objects on the way, or why there is
/// none. What is created stands `at` a place in the file.
pub(crate) fn place<'v>(whole: &'v mut Node, steps: &[String], at: At) -> Result<&'v mut Node, String> {
    let nothing = || Node { value: Value::Null, at, text: String::new(), style: Style::Plain, made_of: None };
    steps.iter().try_fold(whole, |node, step| {
        let kind = node.kind();
        if matches!(node.value, Value::Null) {
            *node = Node { value: Value::Map(Vec::new()), ..nothing() };
        }
        match &mut node.value {
            Value::Map(entries) => {
                let index = entries.iter().position(|(key, _)| key.name == *step).unwrap_or(entries.len());
                if index == entries.len() {
                    entries.push((Key { name: step.clone(), at }, nothing()));
                }
                entries.get_mut(index).map(|(_, node)| node).ok_or_else(String::new)
            }
            Value::List(items) => {
                let index = if step == "-" { Some(items.len()) } else { step.parse().ok() };
                if index == Some(items.len()) {
                    items.push(nothing());
                }
                let most = items.len();
                index
                    .and_then(|index| items.get_mut(index))
                    .ok_or_else(|| format!("there is no item `{step}` in a list of {most}"))
            }
            _ => Err(format!("`{step}` is looked for in {kind}, which has no members")),
        }
    })
}

/// Removes what the steps lead to; false if there is nothing.
pub(crate) fn remove(whole: &mut Node, steps: &[String]) -> bool {
    let Some((last, parents)) = steps.split_last() else { return false };
    let parent = parents.iter().try_fold(whole, |node, step| match &mut node.value {
        Value::Map(entries) => entries.iter_mut().find(|(key, _)| key.name == *step).map(|(_, node)| node),
        Value::List(items) => step.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
        _ => None,
    });
    match parent.map(|node| &mut node.value) {
        Some(Value::Map(entries)) => {
            let before = entries.len();
            entries.retain(|(key, _)| key.name != *last);
            entries.len() < before
        }
        Some(Value::List(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}
