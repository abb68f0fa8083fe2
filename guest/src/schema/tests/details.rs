//! What details say of counts and names.

use super::*;

/// How many items there are, and which members, is told as it is.
#[test]
fn details_say_what_is_there() {
    let schema = schema(json!({"Root": {"properties": {
        "some": {"contains": {"const": 1}},
        "one": {"contains": {"const": 1}, "maxContains": 1},
        "more": {"contains": {"const": 1}, "minContains": 2},
        "few": {"contains": {"const": 1}, "minContains": 1, "maxContains": 2},
        "empty": {"additionalProperties": false},
        "beside": {"allOf": [{"properties": {"a": {}}}], "additionalProperties": false},
        "not": false,
    }}}));
    for (body, detail) in [
        (json!({"some": [2]}), "some must have an item of a certain kind, and has none."),
        (json!({"one": [1, 1]}), "one must have 1 item of a certain kind or more, and 1 at most."),
        (json!({"one": [2]}), "one must have 1 item of a certain kind or more, and 1 at most."),
        (json!({"more": [1]}), "more has too few items of a certain kind; expected 2 or more."),
        (json!({"few": [1, 1, 1]}), "few has too many items of a certain kind; expected 2 or fewer."),
        (json!({"empty": {"a": 1, "b": 2}}), "empty has 'a' and 'b', which it must not have; remove it."),
        (json!({"beside": {"a": 1}}), "beside has 'a', which it must not have; remove it."),
        (json!({"not": 1}), "not must not be there; remove it."),
    ] {
        let found = faults(&schema, &body);
        let [(_, _, told)] = found.as_slice() else { panic!("{body}: {found:?}") };
        assert_eq!(told, detail, "{body}");
    }
}
