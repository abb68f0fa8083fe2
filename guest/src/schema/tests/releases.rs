//! What of a schema counts in a version of the API.

use super::*;

fn version(text: &str) -> ApiVersion {
    ApiVersion::parse(text).unwrap()
}

fn found(schema: &BodySchema, body: &Value, at: &str) -> Option<Vec<(String, String)>> {
    let body = Document::from(body);
    let faults = schema.faults(body.root(), version(at), 4, |_| true)?;
    Some(faults.into_iter().map(|fault| (fault.pointer, fault.detail)).collect())
}

fn items() -> BodySchema {
    schema(json!({"Root": {"type": "array", "x-rule": "top", "items": {
        "anyOf": [{"required": ["a"]}, {"x-since": "2.3.0", "required": ["b"]}],
        "properties": {"kind": {"enum": ["OLD", "NEW"], "x-since": {"NEW": "2.3.0"}}},
    }}}))
}

#[test]
fn what_is_new_does_not_hide_what_is_wrong() {
    let mut body: Vec<Value> = (0..3000).map(|_| json!({"b": 1})).collect();
    assert_eq!(found(&items(), &json!(body), "2.3.0"), None);
    assert_eq!(found(&items(), &json!(body), "2.2.0").unwrap().len(), 4);
    body.push(json!({"c": 1}));
    let pointers: Vec<String> =
        found(&items(), &json!(body), "2.3.0").unwrap().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/3000"]);
}

#[test]
fn a_fault_names_what_the_version_has() {
    let told = |body: Value, at: &str| found(&items(), &body, at).unwrap().remove(0).1;
    assert_eq!(
        told(json!([{"a": 1, "kind": "ODD"}]), "2.2.0"),
        "kind (at /0/kind) is the string \"ODD\"; expected OLD."
    );
    assert_eq!(
        told(json!([{"a": 1, "kind": "ODD"}]), "2.3.0"),
        "kind (at /0/kind) is the string \"ODD\"; expected OLD or NEW."
    );
    assert_eq!(told(json!([{}]), "2.2.0"), "0[0] needs at least one of a.");
    assert_eq!(told(json!([{}]), "2.3.0"), "0[0] needs at least one of a or b.");
}

#[test]
fn a_nested_alternative_holds_if_nothing_in_it_is_wrong() {
    let schema = schema(json!({
        "Root": {"x-rule": "top", "oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Inner"}]},
        "Inner": {
            "type": "object", "required": ["a", "late"],
            "properties": {"late": {"x-since": "2.3.0", "type": "string"}},
            "allOf": [{"x-until": "2.2.0", "required": ["early"]}],
        },
    }));
    let is_valid = |body: Value, at: &str| found(&schema, &body, at).is_none();
    assert!(is_valid(json!({"a": 1, "early": 1, "late": 1}), "2.2.0"));
    assert!(!is_valid(json!({"a": 1, "late": "x"}), "2.2.0"));
    assert!(!is_valid(json!({"early": 1}), "2.2.0"));
    assert!(is_valid(json!({"a": 1, "late": "x"}), "2.3.0"));
    assert!(!is_valid(json!({"a": 1, "late": 1}), "2.3.0"));
    assert!(!is_valid(json!({"a": 1}), "2.3.0"));
    // A member that some versions lack may have any case: it is not declared in all of them.
    let late = Document::from(&json!({"a": 1, "LATE": 1}));
    assert!(schema.names_in_another_case(late.root(), 4).is_empty());
}

/// A release that spells a member in another case has both names for a while.
#[test]
fn a_name_of_another_version_is_no_misspelling() {
    let schema = schema(json!({"Root": {
        "properties": {"instanceId": {"type": "string"}, "instanceid": {"x-until": "2.2.0", "type": "string"}},
    }}));
    for (name, expected) in [("instanceId", 0), ("instanceid", 0), ("InstanceId", 1), ("INSTANCEID", 1)] {
        let body = Document::from(&json!({name: "i"}));
        assert_eq!(schema.names_in_another_case(body.root(), 4).len(), expected, "{name}");
    }
}
