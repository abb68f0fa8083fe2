#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use serde_json::json;

use super::*;
use crate::json::Document;

const RULES: &[&str] = &[
    "type.required",
    "type.enum",
    "timeout.type",
    "timeout.range",
    "body",
    "item",
    "choice",
    "vim",
    "vim.password",
    "uri",
    "secret",
    "other",
    "top",
];

fn schema(schemas: Value) -> BodySchema {
    let rules: BTreeMap<String, usize> =
        RULES.iter().enumerate().map(|(index, id)| ((*id).to_owned(), index + 1000)).collect();
    let schemas: BTreeMap<String, Value> = serde_json::from_value(schemas).unwrap();
    let operation: Operation = serde_json::from_value(json!({
        "id": "op", "method": "POST", "path": "/x", "version": true, "acceptRequired": false, "produces": [], "body": null,
        "ruleMap": {"shared": "other"},
    }))
    .unwrap();
    BodySchema::compile("Root", &operation, &schemas, &rules).unwrap()
}

/// Rule, pointer and detail of each fault.
fn faults(schema: &BodySchema, body: &Value) -> Vec<(String, String, String)> {
    let body = Document::from(body);
    let body = body.root();
    assert_eq!(schema.is_valid(body), schema.faults(body, 32).is_empty());
    let rule = |index: usize| {
        RULES
            .get(index.wrapping_sub(1000))
            .map_or_else(|| crate::ENGINE_RULES[index].id.to_owned(), |id| (*id).to_owned())
    };
    schema.faults(body, 32).into_iter().map(|fault| (rule(fault.rule), fault.pointer, fault.detail)).collect()
}

fn terminate() -> BodySchema {
    schema(json!({
        "Root": {
            "type": "object",
            "required": ["terminationType"],
            "x-rule": "body",
            "properties": {
                "terminationType": {"$ref": "#/components/schemas/Kind", "x-rule": {"id": "type.enum", "required": "type.required"}},
                "timeout": {"type": "integer", "minimum": 0, "x-rule": {"id": "timeout.type", "minimum": "timeout.range", "detail": "Give whole seconds."}},
                "additionalParams": {"type": "object"},
                "items": {"type": "array", "items": {"type": "object", "x-rule": "item", "required": ["id"], "properties": {"id": {"type": "string"}}}},
                "shared": {"type": "string", "x-rule": "shared"},
                "callback": {"type": "string", "format": "http-uri", "x-rule": "uri"},
            },
        },
        "Kind": {"type": "string", "enum": ["GRACEFUL", "FORCEFUL"]},
        "Unreached": {"$ref": "#/components/schemas/Nowhere"},
    }))
}

#[test]
fn faults_are_reported_under_the_rule_that_the_schema_names() {
    let schema = terminate();
    assert!(schema.wants_object);
    let cases = [
        (
            json!({}),
            "type.required",
            "/terminationType",
            "terminationType is missing; expected is GRACEFUL or FORCEFUL.",
        ),
        (
            json!({"terminationType": "graceful"}),
            "type.enum",
            "/terminationType",
            "terminationType is the string \"graceful\"; expected is GRACEFUL or FORCEFUL.",
        ),
        (json!({"terminationType": "FORCEFUL", "timeout": "10"}), "timeout.type", "/timeout", "Give whole seconds."),
        (json!({"terminationType": "FORCEFUL", "timeout": -1}), "timeout.range", "/timeout", "Give whole seconds."),
        (
            json!({"terminationType": "FORCEFUL", "additionalParams": []}),
            "body",
            "/additionalParams",
            "additionalParams is an array; expected is an object.",
        ),
        (
            json!({"terminationType": "FORCEFUL", "items": [{"id": "a"}, {}]}),
            "item",
            "/items/1/id",
            "id (at /items/1/id) is missing; expected is a string.",
        ),
        (
            json!({"terminationType": "FORCEFUL", "items": [{"id": 1}]}),
            "item",
            "/items/0/id",
            "id (at /items/0/id) is 1; expected is a string.",
        ),
        (
            json!({"terminationType": "FORCEFUL", "items": [3]}),
            "item",
            "/items/0",
            "items[0] (at /items/0) is 3; expected is an object.",
        ),
        (json!({"terminationType": "FORCEFUL", "shared": 1}), "other", "/shared", "shared is 1; expected is a string."),
        (
            json!({"terminationType": "FORCEFUL", "callback": "/x"}),
            "uri",
            "/callback",
            "callback is the string \"/x\"; expected is an absolute http or https URI with a host.",
        ),
        (json!([]), "body", "", "The request body is an array; expected is an object."),
    ];
    for (body, rule, pointer, detail) in cases {
        assert_eq!(faults(&schema, &body), [(rule.to_owned(), pointer.to_owned(), detail.to_owned())], "{body}");
    }
    let both = faults(&schema, &json!({"timeout": true, "items": {}}));
    assert_eq!(
        both.iter().map(|fault| fault.0.as_str()).collect::<BTreeSet<_>>(),
        BTreeSet::from(["body", "timeout.type", "type.required"])
    );
    assert_eq!(schema.integer_rule("/timeout"), Some(1002));
    assert_eq!(schema.integer_rule("/terminationType"), None);
}

#[test]
fn alternatives() {
    let schema = schema(json!({
        "Root": {
            "type": "object",
            "properties": {
                "ip": {"x-rule": "choice", "oneOf": [{"required": ["fixed"]}, {"required": ["dynamic"]}]},
                "vim": {
                    "type": "object",
                    "additionalProperties": {"x-rule": "vim", "anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Vim"}]},
                },
                "mixed": {"x-rule": "choice", "anyOf": [{"type": "string"}, {"type": "integer"}]},
                "closed": {"x-rule": "item", "type": "object", "additionalProperties": false, "properties": {"a": true}},
                "never": {"x-rule": "item", "not": {"required": ["a", "b"]}},
            },
        },
        "Vim": {
            "type": "object",
            "required": ["vimType"],
            "properties": {"vimType": {"type": "string"}, "accessInfo": {"type": "object", "properties": {"password": {"type": "string", "x-rule": "vim.password"}}}},
        },
    }));
    let cases = [
        (json!({"ip": {}}), "choice", "/ip", "ip needs exactly one of fixed or dynamic."),
        (json!({"ip": {"fixed": 1, "dynamic": 2}}), "choice", "/ip", "ip needs exactly one of fixed or dynamic."),
        (
            json!({"vim": {"v1": {}}}),
            "vim",
            "/vim/v1/vimType",
            "vimType (at /vim/v1/vimType) is missing; expected is a string.",
        ),
        (
            json!({"vim": {"v1": {"vimType": "x", "accessInfo": {"password": 1}}}}),
            "vim.password",
            "/vim/v1/accessInfo/password",
            "password (at /vim/v1/accessInfo/password) is 1; expected is a string.",
        ),
        (json!({"closed": {"a": 1, "b": 2}}), "item", "/closed", "closed has 'b', which it must not have; remove it."),
        (json!({"never": {"a": 1, "b": 2}}), "item", "/never", "never must not have a and b together."),
    ];
    for (body, rule, pointer, detail) in cases {
        assert_eq!(faults(&schema, &body), [(rule.to_owned(), pointer.to_owned(), detail.to_owned())], "{body}");
    }
    let mixed = faults(&schema, &json!({"mixed": []}));
    assert_eq!((mixed[0].0.as_str(), mixed[0].1.as_str()), ("choice", "/mixed"));
    assert!(mixed[0].2.contains("a string") && mixed[0].2.contains("an integer"), "{}", mixed[0].2);
}

#[test]
fn secrets_are_not_shown() {
    let schema = schema(json!({
        "Root": {
            "type": "object",
            "allOf": [{"properties": {"hidden": {"writeOnly": true}}}],
            "properties": {
                "hidden": {"type": "integer"},
                "login": {"writeOnly": true, "type": "object", "properties": {"user": {"type": "string", "maxLength": 3, "pattern": "^a"}}},
                "password": {"type": "string", "format": "password", "pattern": "^a"},
            },
        },
    }));
    for body in [json!({"hidden": "hunter2"}), json!({"login": {"user": "hunter2"}}), json!({"password": "hunter2"})] {
        let found = faults(&schema, &body);
        assert!(!found.is_empty());
        assert!(found.iter().all(|fault| !fault.2.contains("hunter2")), "{found:?}");
    }
}

#[test]
fn annotations_are_checked() {
    let known = |id: &str| id == "a";
    let check = |schema: Value| check_annotations(&schema, "#", &known);
    assert_eq!(
        check(
            json!({"x-rule": "a", "properties": {"p": {"x-rule": {"id": "a", "minimum": "a", "detail": "free text"}}}})
        ),
        Ok(())
    );
    assert!(
        matches!(check(json!({"items": {"x-rule": "b"}})), Err(InitError::UnknownRule { rule, .. }) if rule == "b")
    );
    assert!(
        matches!(check(json!({"x-rule": {"id": 1}})), Err(InitError::Annotation { pointer }) if pointer == "#/x-rule")
    );
}

#[test]
fn secrets_are_named_with_what_in_them_is_none() {
    let schemas = json!({
        "Body": {"properties": {
            "name": {"type": "string"},
            "login": {"$ref": "#/components/schemas/Login"},
            "vims": {"additionalProperties": {"properties": {"accessInfo": {"type": "object", "writeOnly": true}}}},
            "list": {"items": {"properties": {"a/b": {"format": "password"}}}},
            "again": {"$ref": "#/components/schemas/Body"},
        }},
        "Login": {"writeOnly": true, "properties": {
            "kind": {"items": {"enum": ["BASIC"]}},
            "user": {"type": "string"},
            "pin": {"enum": [1], "writeOnly": true},
        }},
        "Unused": {"writeOnly": true},
    });
    let schemas = serde_json::from_value(schemas).unwrap();
    let found = secrets([&"Body".to_owned()].into_iter(), &schemas);
    let found: Vec<(&str, bool)> = found.iter().map(|place| (place.pointer.as_str(), place.secret)).collect();
    let expected = [
        ("/again/list/*/a~1b", true),
        ("/again/login", true),
        ("/again/login/kind/*", false),
        ("/again/login/pin", true),
        ("/again/vims/*/accessInfo", true),
        ("/list/*/a~1b", true),
        ("/login", true),
        ("/login/kind/*", false),
        ("/login/pin", true),
        ("/vims/*/accessInfo", true),
    ];
    assert_eq!(found, expected);
}

#[test]
fn names_in_another_case_are_found_where_they_are_declared() {
    let schema = schema(json!({
        "Root": {
            "type": "object",
            "properties": {
                "kind": {"type": "string"},
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
                "free": {"type": "object"},
                "by-name": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Item"}},
            },
        },
        "Item": {"oneOf": [
            {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            {"type": "object", "properties": {"ID": {"type": "string"}, "vnfId": {"$ref": "#/components/schemas/Item"}}},
        ]},
    }));
    let found = |body: Value, limit: usize| -> Vec<(String, String)> {
        let body = Document::from(&body);
        let found = schema.names_in_another_case(body.root(), limit);
        found.into_iter().map(|found| (found.pointer, found.declared)).collect()
    };
    let pair = |pointer: &str, declared: &str| (pointer.to_owned(), declared.to_owned());
    assert_eq!(found(json!({"kind": "", "other": 1, "Other": {}, "free": {"Kind": 1, "ITEMS": []}}), 9), []);
    assert_eq!(found(json!({"items": [{"id": "", "ID": ""}]}), 9), [], "both are declared");
    assert_eq!(found(json!({"Kind": 1, "\u{212a}ind": 2}), 9), [pair("/Kind", "kind"), pair("/\u{212a}ind", "kind")]);
    assert_eq!(
        found(json!({"items": [{}, {"VnfId": {}, "vnfId": {"Id": 1}}]}), 9),
        [pair("/items/1/VnfId", "vnfId"), pair("/items/1/vnfId/Id", "id")]
    );
    assert_eq!(found(json!({"by-name": {"KIND": {"VNFID": 1}}}), 9), [pair("/by-name/KIND/VNFID", "vnfId")]);
    assert_eq!(found(json!({"Kind": 1, "KIND": 2}), 1).len(), 1);
}

/// What is wrong first is told as it would be without an end to looking, and no more
/// errors are made than it takes.
#[test]
fn a_body_that_is_wrong_throughout_is_looked_at_as_far_as_its_faults_are_told() {
    let schema = schema(json!({"Root": {
        "type": "object", "required": ["z"],
        "properties": {
            "texts": {"type": "array", "items": {"type": "string", "x-rule": "item"}, "contains": {"const": 7}},
            "kinds": {"type": "array", "items": {"x-rule": "choice", "anyOf": [
                {"type": "string"},
                {"type": "object", "required": ["a"], "properties": {"a": {"type": "array", "items": {"type": "integer"}}}},
            ]}},
            "either": {"x-rule": "choice", "oneOf": [
                {"type": "array", "items": {"type": "integer"}, "minItems": 2}, {"type": "array", "items": {"type": "boolean"}}, {"type": "string"},
            ]},
            "open": {"type": "object", "additionalProperties": {"type": "integer", "x-rule": "other"}, "propertyNames": {"maxLength": 3}},
            "closed": {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "integer"}}},
        },
    }}));
    let many = |count: usize, item: Value| Value::Array(vec![item; count]);
    let members = |count: usize| (0..count).map(|n| (format!("m{n}"), json!("x"))).collect::<Value>();
    let kind = json!({"a": ["x", "y"]});
    for (member, few, all) in [
        ("texts", many(40, json!(1)), many(100_000, json!(1))),
        ("kinds", many(40, kind.clone()), many(50_000, kind.clone())),
        ("kinds", json!([{"a": many(40, json!("x"))}]), json!([{"a": many(100_000, json!("x"))}])),
        ("kinds", many(40, json!(1)), many(50_000, json!(1))),
        ("open", members(40), members(5_000)),
    ] {
        let told = |value: &Value| faults(&schema, &json!({"z": 1, member: value}));
        let (few, all) = (told(&few), told(&all));
        assert_eq!(few.len(), 32, "{member}: {few:?}");
        assert_eq!(all, few, "{member}");
    }
    // Where the end comes within alternatives, something is told all the same.
    for (member, value) in [
        ("either", many(100_000, json!("x"))),
        ("either", many(100_000, Value::Null)),
        ("closed", members(5_000)),
        ("texts", many(100_000, json!("x"))),
    ] {
        let found = faults(&schema, &json!({"z": 1, member: value}));
        assert!(found.iter().all(|(_, pointer, _)| pointer.starts_with(&format!("/{member}"))), "{found:?}");
        assert!(!found.is_empty(), "{member}");
    }
    let found = faults(&schema, &json!({"z": 1, "either": many(100_000, json!("x"))}));
    let [(rule, pointer, detail)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((rule.as_str(), pointer.as_str()), ("choice", "/either"));
    assert!(detail.starts_with("either is an array and matches none of the alternatives."), "{detail}");
}
