//! The JSON patches of an EnvoyPatchPolicy, applied as Envoy Gateway applies them: to a
//! place that a JSONPath finds, at a pointer below it. Of JSONPath this has what the
//! manifest uses: `..NAME[?(@.name=='VALUE')].MEMBER`.

use serde_json::Value;

use super::manifests::{list, text};

/// Applies all patches of a policy to a listener.
///
/// # Panics
/// If a place is not there: Envoy Gateway would not accept the policy.
pub fn apply(policy: &Value, listener: &mut Value) {
    for patch in list(&policy["spec"]["jsonPatches"]) {
        assert_eq!(patch["name"], listener["name"], "the listener is found by its name");
        let operation = &patch["operation"];
        let (path, member) = (text(&operation["jsonPath"]), text(&operation["path"]).trim_start_matches('/'));
        let place = find(listener, path).unwrap_or_else(|| panic!("nothing is at {path}"));
        let place = place.as_object_mut().expect("a mapping");
        if operation["op"] == "replace" {
            assert!(place.contains_key(member), "{member} is not there to be replaced");
        }
        place.insert(member.to_owned(), operation["value"].clone());
    }
}

fn find<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let (list, rest) = path.strip_prefix("..")?.split_once("[?(@.name=='")?;
    let (name, members) = rest.split_once("')]")?;
    let mut found = named(value, list, name)?;
    for member in members.split('.').skip(1) {
        found = found.get_mut(member)?;
    }
    Some(found)
}

/// The item of this name, in a list of this name anywhere below.
fn named<'a>(value: &'a mut Value, list: &str, name: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(members) => members.iter_mut().find_map(|(member, value)| {
            let is_it =
                |value: &Value| value.as_array().is_some_and(|items| items.iter().any(|item| item["name"] == name));
            if member == list && is_it(value) {
                return value.as_array_mut()?.iter_mut().find(|item| item["name"] == name);
            }
            named(value, list, name)
        }),
        Value::Array(items) => items.iter_mut().find_map(|item| named(item, list, name)),
        _ => None,
    }
}
