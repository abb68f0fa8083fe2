//! In what schemas differ, place by place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Change, Kind, Member, Part};

/// Keywords that say something and decide nothing.
const WORDS: [&str; 8] =
    ["description", "title", "examples", "example", "$comment", "deprecated", "externalDocs", "default"];

pub(super) fn compare(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>, found: &mut Vec<Change>) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        match (before.get(name), after.get(name)) {
            (None, Some(_)) => found.push(whole(name, Kind::Added)),
            (Some(_), None) => found.push(whole(name, Kind::Removed)),
            (Some(was), Some(is)) => schema(name, was, is, found),
            (None, None) => {}
        }
    }
}

fn whole(name: &str, kind: Kind) -> Change {
    Change { part: Part::Schema, name: name.to_owned(), kind, judges: true, members: Vec::new() }
}

fn schema(place: &str, was: &Value, is: &Value, found: &mut Vec<Change>) {
    if was == is {
        return;
    }
    let (Value::Object(before), Value::Object(after)) = (was, is) else {
        found.push(changed(place, vec![member("schema", Some(was), Some(is))]));
        return;
    };
    let mut members = Vec::new();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (was, is) = (before.get(name), after.get(name));
        if was == is {
            continue;
        }
        match (name.as_str(), was, is) {
            ("properties", ..) => properties(place, was, is, found),
            ("required" | "enum", ..) => members.extend(sets(name, was, is)),
            ("items" | "additionalProperties" | "not" | "if" | "then" | "else" | "contains", Some(was), Some(is)) => {
                schema(&format!("{place}/{name}"), was, is, found);
            }
            ("allOf" | "anyOf" | "oneOf", Some(Value::Array(before)), Some(Value::Array(after)))
                if before.len() == after.len() =>
            {
                for (index, (was, is)) in before.iter().zip(after).enumerate() {
                    schema(&format!("{place}/{name}/{index}"), was, is, found);
                }
            }
            _ => members.push(member(name, was, is)),
        }
    }
    if !members.is_empty() {
        found.push(changed(place, members));
    }
}

fn properties(place: &str, was: Option<&Value>, is: Option<&Value>, found: &mut Vec<Change>) {
    let named = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let (before, after) = (named(was), named(is));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let place = format!("{place}/{name}");
        match (before.get(name), after.get(name)) {
            (None, Some(_)) => found.push(whole(&place, Kind::Added)),
            (Some(_), None) => found.push(whole(&place, Kind::Removed)),
            (Some(was), Some(is)) => schema(&place, was, is, found),
            (None, None) => {}
        }
    }
}

/// What a list has that the other has not, where the order means nothing.
fn sets(name: &str, was: Option<&Value>, is: Option<&Value>) -> Option<Member> {
    let items = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (before, after) = (items(was), items(is));
    let only = |one: &[Value], other: &[Value]| -> Option<Value> {
        let only: Vec<Value> = one.iter().filter(|item| !other.contains(item)).cloned().collect();
        (!only.is_empty()).then_some(Value::Array(only))
    };
    let (was, is) = (only(&before, &after), only(&after, &before));
    (was.is_some() || is.is_some()).then(|| Member { name: name.to_owned(), was, is })
}

fn member(name: &str, was: Option<&Value>, is: Option<&Value>) -> Member {
    Member { name: name.to_owned(), was: was.cloned(), is: is.cloned() }
}

fn changed(place: &str, members: Vec<Member>) -> Change {
    let judges = members.iter().any(|member| !WORDS.contains(&member.name.as_str()));
    Change { part: Part::Schema, name: place.to_owned(), kind: Kind::Changed, judges, members }
}
