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

mod details;
mod releases;

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
    BodySchema::compile("Root", &operation, &schemas, &rules, None).unwrap()
}

/// Rule, pointer and detail of each fault.
fn faults(schema: &BodySchema, body: &Value) -> Vec<(String, String, String)> {
    let body = Document::from(body);
    let body = body.root();
    assert_eq!(
        schema.is_valid(body),
        schema.faults(body, ApiVersion::FIRST, 32, |_| true).unwrap_or_default().is_empty()
    );
    let rule = |index: usize| {
        RULES
            .get(index.wrapping_sub(1000))
            .map_or_else(|| crate::ENGINE_RULES[index].id.to_owned(), |id| (*id).to_owned())
    };
    let found = schema.faults(body, ApiVersion::FIRST, 32, |_| true).unwrap_or_default();
    found.into_iter().map(|fault| (rule(fault.rule), fault.pointer, fault.detail)).collect()
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
    assert!(schema.wants_object());
    let cases = [
        (json!({}), "type.required", "/terminationType", "terminationType is missing; expected GRACEFUL or FORCEFUL."),
        (
            json!({"terminationType": "graceful"}),
            "type.enum",
            "/terminationType",
            "terminationType is the string \"graceful\"; expected GRACEFUL or FORCEFUL.",
        ),
        (json!({"terminationType": "FORCEFUL", "timeout": "10"}), "timeout.type", "/timeout", "Give whole seconds."),
        (json!({"terminationType": "FORCEFUL", "timeout": -1}), "timeout.range", "/timeout", "Give whole seconds."),
        (
            json!({"terminationType": "FORCEFUL", "additionalParams": []}),
            "body",
            "/additionalParams",
            "additionalParams is an array; expected an object.",
        ),
        (
            json!({"terminationType": "FORCEFUL", "items": [{"id": "a"}, {}]}),
            "item",
            "/items/1/id",
            "id (at /items/1/id) is missing; expected a string.",
        ),
        (
            json!({"terminationType": "FORCEFUL", "items": [{"id": 1}]}),
            "item",
            "/items/0/id",
            "id (at /items/0/id) is 1; expected a string.",
        ),
        (
            json!({"terminationType": "FORCEFUL", "items": [3]}),
            "item",
            "/items/0",
            "items[0] (at /items/0) is 3; expected an object.",
        ),
        (json!({"terminationType": "FORCEFUL", "shared": 1}), "other", "/shared", "shared is 1; expected a string."),
        (
            json!({"terminationType": "FORCEFUL", "callback": "/x"}),
            "uri",
            "/callback",
            "callback is the string \"/x\"; expected an absolute http or https URI with a host.",
        ),
        (json!([]), "body", "", "The request body is an array; expected an object."),
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
            "vimType (at /vim/v1/vimType) is missing; expected a string.",
        ),
        (
            json!({"vim": {"v1": {"vimType": "x", "accessInfo": {"password": 1}}}}),
            "vim.password",
            "/vim/v1/accessInfo/password",
            "password (at /vim/v1/accessInfo/password) is 1; expected a string.",
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
        [pair("/items/1/VnfId", "vnfId"), pair("/items/1/vnfId/Id", "ID")]
    );
    assert_eq!(found(json!({"by-name": {"KIND": {"VNFID": 1}}}), 9), [pair("/by-name/KIND/VNFID", "vnfId")]);
    assert_eq!(found(json!({"Kind": 1, "KIND": 2}), 1).len(), 1);
}

/// Keys of maps are the user's: case is looked at only where names are declared.
#[test]
fn names_of_maps_may_differ_in_case() {
    let schema = schema(json!({
        "Root": {
            "type": "object",
            "properties": {
                "kind": {"type": "string"},
                "free": {"type": "object"},
                "strings": {"type": "object", "additionalProperties": {"type": "string"}},
                "by-name": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Item"}},
                "labels": {
                    "properties": {"owner": {}},
                    "patternProperties": {"^OWNER$": {}, "^x-": {"properties": {"id": {}}}},
                },
                "pair": {"prefixItems": [{"properties": {"id": {}}}], "items": {"properties": {"name": {}}}},
                "choice": {"if": {"properties": {"kind": {}}}, "then": {"$ref": "#/components/schemas/Item"}},
            },
        },
        "Item": {"allOf": [{"properties": {"id": {}, "größe": {}}}, {"properties": {"next": {"$ref": "#/components/schemas/Item"}}}]},
    }));
    let found = |body: Value| -> Vec<String> {
        let body = Document::from(&body);
        schema.names_in_another_case(body.root(), 9).into_iter().map(|found| found.pointer).collect()
    };
    for passes in [
        json!({"other": 1, "OTHER": 2, "Other": {"kind": 1, "KIND": 1}}),
        json!({"free": {"A": 1, "a": {"B": 1, "b": [{"kind": 1, "Kind": 2, "ID": 3}]}}}),
        json!({"strings": {"HTTP_PROXY": "", "http_proxy": ""}}),
        json!({"by-name": {"A": {"id": 1}, "a": {"id": 2}, "ID": {"x": 1, "X": 2}}}),
        json!({"labels": {"owner": 1, "OWNER": 2, "b": {"ID": 1}, "X-": {"ID": 1}}}),
        json!({"pair": [{"NAME": 1}, {"ID": 1}]}),
        json!({"by-name": {"a": {"größe": 1, "GROSSE": 2, "Größ": 3, "\u{130}d": 4}}}),
    ] {
        assert_eq!(found(passes.clone()), Vec::<String>::new(), "{passes}");
    }
    for (body, pointers) in [
        (json!({"kind": "", "KIND": ""}), vec!["/KIND"]),
        (
            json!({"by-name": {"A": {"id": 1, "Id": 2}, "a": {"next": {"next": {"iD": 1}}}}}),
            vec!["/by-name/A/Id", "/by-name/a/next/next/iD"],
        ),
        (json!({"labels": {"Owner": 1, "x-a": {"ID": 1}}}), vec!["/labels/Owner", "/labels/x-a/ID"]),
        (json!({"pair": [{"ID": 1}, {"NAME": 1}]}), vec!["/pair/0/ID", "/pair/1/NAME"]),
        (json!({"choice": {"Kind": 1, "Next": 2}}), vec!["/choice/Kind", "/choice/Next"]),
        (json!({"by-name": {"a": {"GRÖSSE": 1, "GRÖẞE": 2}}}), vec!["/by-name/a/GRÖSSE"]),
    ] {
        assert_eq!(found(body.clone()), pointers, "{body}");
    }
}

#[test]
fn numbers_are_free_where_the_schema_does_not_ask_for_one() {
    let schema = schema(json!({
        "Root": {
            "type": "object",
            "properties": {
                "count": {"type": "integer"},
                "share": {"type": ["number", "null"]},
                "text": {"type": "string"},
                "free": {"type": "object", "properties": {"count": {"$ref": "#/components/schemas/Count"}}},
                "all": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/Count"}]}},
                "by-name": {"additionalProperties": {"type": "integer"}},
            },
        },
        "Count": {"type": "integer"},
    }));
    let placed = |text: &str, limit: usize| -> Vec<(String, String, bool)> {
        let read = crate::json::parse(text.as_bytes(), crate::json::Bounds { depth: 9, members: 9 }).unwrap();
        let found = schema.placed_numbers(read.document.root(), &read.numbers, limit);
        found.into_iter().map(|found| (found.pointer, found.literal.to_owned(), found.declared)).collect()
    };
    let text = r#"{"a":[1,1e19],"count":9007199254740993.0,"share":9007199254740992,"text":1e20,"free":{"b/c":[[2,1e21]],"count":1e22,
        "Count":[{"x":0},1e23]},"all":["",1e24,{"x":1e25}],"by-name":{"x":1e26,"y":{"z":1e27}},"last":1e400}"#;
    let of = |pointer: &str, literal: &str, declared: bool| (pointer.to_owned(), literal.to_owned(), declared);
    let expected = [
        of("/a/1", "1e19", false),
        of("/count", "9007199254740993.0", true),
        of("/share", "9007199254740992", true),
        of("/text", "1e20", false),
        of("/free/b~1c/0/1", "1e21", false),
        of("/free/count", "1e22", true),
        of("/free/Count/1", "1e23", false),
        of("/all/1", "1e24", true),
        of("/all/2/x", "1e25", false),
        of("/by-name/x", "1e26", true),
        of("/by-name/y/z", "1e27", false),
        of("/last", "1e400", false),
    ];
    assert_eq!(placed(text, 32), expected);
    // No number of free ones hides one that is declared.
    let of_two = placed(text, 2);
    assert_eq!(
        of_two.iter().map(|found| found.1.as_str()).collect::<Vec<_>>(),
        ["1e19", "9007199254740993.0", "9007199254740992", "1e20"]
    );
    let many = format!(r#"{{"a":[{}1e19],"count":1e20}}"#, "1e18,".repeat(1000));
    assert_eq!(placed(&many, 3).last(), Some(&of("/count", "1e20", true)));
    let many = format!(r#"{{"a":[{}1e400]}}"#, "1e18,".repeat(1000));
    assert_eq!(placed(&many, 3).last(), Some(&of("/a/1000", "1e400", false)));
}

/// Alternatives that refer to one another in every combination are refused when the
/// policy is made, not followed for ever.
#[test]
fn a_schema_may_have_many_places_but_not_any_number() {
    let item = |links: usize| -> Value {
        // Which of the links a body follows makes another set of nodes.
        let nodes = (0..links).map(|from| {
            let to = |step: usize| json!({"$ref": format!("#/components/schemas/N{}", (from + step) % links)});
            let below = json!({"properties": {"a": to(1), "b": {"anyOf": [to(1), to(2)]}, "c": if from == 0 { json!({}) } else { to(1) }}});
            (format!("N{from}"), below)
        });
        let mut schemas: serde_json::Map<String, Value> = nodes.collect();
        schemas.insert("Root".to_owned(), json!({"$ref": "#/components/schemas/N1"}));
        Value::Object(schemas)
    };
    let places = |links: usize| {
        places::Places::of(&json!({"$ref": "#/components/schemas/Root", "components": {"schemas": item(links)}}))
            .is_ok()
    };
    assert!(places(3) && !places(14));
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

#[test]
fn no_fault_that_only_warns_hides_one_that_denies() {
    let schema = schema(json!({"Root": {
        "type": "object",
        "properties": {
            "first": {"type": "array", "items": {"type": "string", "x-rule": "item"}},
            "second": {"type": "array", "items": {"type": "string", "x-rule": "other"}},
        },
    }}));
    let body = Document::from(&json!({"first": vec![1; 200], "second": vec![1; 9]}));
    let item = schema.faults(body.root(), ApiVersion::FIRST, 1, |_| true).unwrap()[0].rule;
    let found = schema.faults(body.root(), ApiVersion::FIRST, 4, |fault| fault.rule != item).unwrap();
    let pointers: Vec<&str> = found.iter().map(|fault| fault.pointer.as_str()).collect();
    let expected = ["/first/0", "/first/1", "/first/2", "/first/3", "/second/0", "/second/1", "/second/2", "/second/3"];
    assert_eq!(pointers, expected);
}
