#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::{Value as Json, json};

use super::super::{Activation, Compiler, FactValue, Program, Runtime, Tables};
use super::*;
use crate::json::Document;

struct Rule {
    when: Option<Program>,
    require: Program,
    direct: Option<Direct>,
    runtime: Runtime,
}

fn compile(when: Option<&str>, require: &str) -> Rule {
    let mut compiler = Compiler::new(Tables::Any).unwrap();
    let mut program = |source: &str| compiler.compile(source).unwrap_or_else(|error| panic!("{source}: {error}")).0;
    let (when, require) = (when.map(&mut program), program(require));
    let parts =
        Parts { when: when.as_ref(), variables_first: false, variables: &[], for_each: None, require: &require };
    let direct = Direct::compile(&parts);
    Rule { when, require, direct, runtime: compiler.finish() }
}

/// What CEL says, `None` if the rule does not hold, and what the quick way says.
fn evaluate(rule: &Rule, body: &Json) -> (Result<Option<Applied>, String>, Option<Applied>) {
    let (options, body) =
        (Document::from(&json!({"strict": true, "allowed": ["terminate", "heal"]})), Document::from(body));
    let activation = Activation {
        runtime: &rule.runtime,
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
            body: Document::from(&json!({"id": "o", "operationState": "FAILED_TEMP", "retries": 2})),
        }],
        built: Default::default(),
    };
    let context = activation.context();
    let quick = rule.direct.as_ref().and_then(|direct| direct.judge(&activation));
    let cel = match rule.when.as_ref().map_or(Ok(true), |when| when.holds(&context)) {
        Ok(false) => Ok(Some(Applied::No)),
        Ok(true) => rule.require.holds(&context).map(|holds| holds.then_some(Applied::Once)),
        Err(error) => Err(error),
    };
    (cel.map_err(|error| error.to_string()), quick)
}

fn body() -> Json {
    json!({
        "s": "abc", "n": 10, "f": 10.0, "d": 0.5, "big": u64::MAX, "t": true, "no": false, "z": null, "u": "äö",
        "l": [1, "a", 2, null], "m": {"a": 1, "b": {"c": "x"}}, "e": [], "o": {},
        "items": [{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "c"}],
    })
}

/// What the rules of policies look like is decided without CEL.
#[test]
fn plain_expressions_are_decided_at_once() {
    let holds = [
        "true",
        "body.s == 'abc'",
        "opOcc.operationState == 'FAILED_TEMP' && opOcc.retries <= 2",
        "has(body.s) && !has(body.nope) && has(body.m.b.c)",
        "!(has(body.nope) && body.nope.deeper == 1)",
        "body.s in ['abc', 'def'] && !(body.s in ['x'])",
        "operation in options.allowed && 'a' in body.l && 'a' in body.m && !('x' in body.m)",
        "body.z == null && body.s != null && null != body.m",
        "body.n > 9 && body.n >= 10 && body.n < 11 && body.n - 1 == 9 && body.n * 2 + 1 == 21 && -body.n == -10",
        "size(body.l) == 4 && body.l.size() == 4 && size(body.m) == 2 && size(body.u) == 2",
        "body.l[0] == 1 && body.m['a'] == 1 && body['s'] == 'abc'",
        "body.items.exists(i, i.id == 'b') && body.items.all(i, has(i.id))",
        "size(body.items.filter(i, has(i.n) && i.n > 1)) == 1",
        "body.m.exists(k, k == 'a') && body.m.all(k, k in ['a', 'b'])",
        "body.items.exists(i, body.items.exists(j, j.id == i.id && i.id == 'c'))",
        "'x-b' in headers && headers['x-b'] == '2' && headers['x-b'] == headers['x-b'] && has(headers.missing) == false",
        "path.vnfInstanceId == 'id-1' && method == 'POST' && apiRoot == '/vnflcm/v2' && receivedAt > 0",
        "body.s.matches('^a') && !body.s.matches('^b')",
        "options.strict ? body.t : body.no",
        "[body.s, 'q'].exists(i, i == 'q')",
        "body.?nope.orValue(5) == 5 && body.?n.orValue(5) == 10 && body.?z.orValue(5) == null",
        "body.?m.?b.c.orValue('') == 'x' && body.?m.x.y.orValue('') == '' && body.m.?b.?c.hasValue()",
        "!body.?nope.deeper.hasValue() && body[?'s'].orValue('') == 'abc' && body.m[?body.l[1]].orValue(0) == 1",
        "body.l[?1].orValue('') == 'a' && body.l[?9].orValue('none') == 'none' && !body.l[?9].hasValue()",
        "!body.?s.orValue('x').matches('^x') && 'a' in body.?l.orValue([]) && !('a' in body.?nope.orValue([]))",
        "body.items.exists(i, i.?n.orValue(0) == 0 && i.?id.orValue('') == 'c')",
        "!has(body.nope) || query.a == '2'",
        "!(has(body.nope) && query.a == '1') && !(body.no && body.f > 9.5)",
    ];
    for source in holds {
        let (cel, quick) = evaluate(&compile(None, source), &body());
        assert_eq!(cel, Ok(Some(Applied::Once)), "{source}");
        assert_eq!(quick, Some(Applied::Once), "{source}");
    }
}

/// Whatever a rule asks for, it is not looked at where a plain guard excludes the request.
#[test]
fn a_plain_guard_is_decided_at_once() {
    let rules = [
        ("has(body.nope)", "query.a == '1'", Some(Applied::No)),
        ("has(body.m) && 'x' in body.m", "type(body.m.x) == string", Some(Applied::No)),
        ("has(body.m) && 'a' in body.m", "body.m.a == 1", Some(Applied::Once)),
        ("has(body.m) && 'a' in body.m", "type(body.m.a) == int", None),
        ("query.a == '2'", "body.n == 10", None),
    ];
    for (when, require, expected) in rules {
        let (cel, quick) = evaluate(&compile(Some(when), require), &body());
        assert_eq!(quick, expected, "{require}, when {when}");
        assert_eq!(
            quick.unwrap_or(if when.starts_with("query") { Applied::No } else { Applied::Once }),
            cel.unwrap().unwrap()
        );
    }
}

/// What is false, fails, or is not plain is left to CEL.
#[test]
fn what_is_not_certain_is_left_to_cel() {
    let left = [
        "false",
        "body.s == 'x'",
        "body.nope == 1",
        "body.s",
        "body.s == 1 || body.nope",
        "body.f == 10",
        "body.d < 1.0",
        "body.big > 1u",
        "body.m == {'a': 1, 'b': {'c': 'x'}}",
        "body.l == body.l",
        "headers['x-a'] == '1, 3'",
        "headers.missing == '1'",
        "body.l[9] == 1",
        "body.n + 9223372036854775807 > 0",
        "caller.roles == []",
        "query.a == '1'",
        "body.items.map(i, i.id) == ['a', 'b', 'c']",
        "body.items.exists_one(i, i.id == 'a')",
        "body.s.startsWith('a')",
        "body.?d.orValue(5) == 5",
        "body.?s.?deeper.orValue(5) == 5",
        "body.s.?deeper.hasValue()",
        "body.?nope.orValue(body.gone) == 1",
        "query.?a.orValue('') == '1'",
        "body.l[?0 - 1].orValue(5) == 5",
        "size(body.n) == 1",
    ];
    for source in left {
        assert_eq!(evaluate(&compile(None, source), &body()).1, None, "{source}");
    }
}

/// Every expression that a grammar makes, over every part of a document: where
/// the quick way says anything, CEL says the same.
#[test]
fn it_never_says_what_cel_does_not_say() {
    let mut random = fastrand::Rng::with_seed(4);
    let mut decided = 0;
    for _ in 0..10_000 {
        let plain = expression(&mut random, 4, &mut Vec::new());
        let other = expression(&mut random, 2, &mut Vec::new());
        for (when, require) in [(None, format!("!({plain})")), (Some(other.as_str()), plain.clone()), (None, plain)] {
            let (cel, quick) = evaluate(&compile(when, &require), &body());
            if quick.is_some() {
                decided += 1;
                assert_eq!(cel, Ok(quick), "{require}, when {when:?}");
            }
        }
    }
    assert!(decided > 200, "only {decided} were decided: the grammar is too wild to show anything");
}

/// An expression of any type; what is most often a boolean comes most often.
fn expression(random: &mut fastrand::Rng, depth: usize, bound: &mut Vec<String>) -> String {
    const PLACES: [&str; 27] = [
        "body.s",
        "body.n",
        "body.f",
        "body.d",
        "body.big",
        "body.t",
        "body.no",
        "body.z",
        "body.u",
        "body.l",
        "body.m",
        "body.e",
        "body.o",
        "body.items",
        "body.nope",
        "body.m.a",
        "body.m.b",
        "body.m.b.c",
        "opOcc.operationState",
        "opOcc.retries",
        "options.strict",
        "options.allowed",
        "headers['x-a']",
        "headers['x-b']",
        "path.vnfInstanceId",
        "operation",
        "bodyBytes",
    ];
    const LITERALS: [&str; 14] = [
        "true",
        "false",
        "null",
        "0",
        "1",
        "10",
        "-3",
        "'abc'",
        "'a'",
        "'terminate'",
        "1.5",
        "10u",
        "['a', 'abc']",
        "[1, 'a', null]",
    ];
    let leaf = |random: &mut fastrand::Rng, bound: &[String]| match random.u8(0..10) {
        0..=1 => LITERALS[random.usize(..LITERALS.len())].to_owned(),
        2..=3 if !bound.is_empty() => {
            let name = &bound[random.usize(..bound.len())];
            if random.bool() { name.clone() } else { format!("{name}.id") }
        }
        _ => PLACES[random.usize(..PLACES.len())].to_owned(),
    };
    if depth == 0 {
        return leaf(random, bound);
    }
    let depth = depth.saturating_sub(1);
    match random.u8(0..18) {
        0 => leaf(random, bound),
        1..=2 => {
            let operator = ["&&", "||"][random.usize(..2)];
            format!("({} {operator} {})", expression(random, depth, bound), expression(random, depth, bound))
        }
        3 => format!("!({})", expression(random, depth, bound)),
        4..=7 => {
            let operator = ["==", "!=", "<", "<=", ">", ">=", "in"][random.usize(..7)];
            let depth = depth.min(1);
            format!("({} {operator} {})", expression(random, depth, bound), expression(random, depth, bound))
        }
        8 => format!("has({}.{})", PLACES[random.usize(..20)], ["a", "b", "s", "id"][random.usize(..4)]),
        9 => format!("size({})", leaf(random, bound)),
        10 => {
            let operator = ["+", "-", "*"][random.usize(..3)];
            format!("({} {operator} {})", leaf(random, bound), leaf(random, bound))
        }
        11 => {
            let [test, yes, no] = [0; 3].map(|_| expression(random, depth, bound));
            format!("({test} ? {yes} : {no})")
        }
        12 => format!("{}[{}]", PLACES[random.usize(..20)], ["0", "1", "9", "'a'", "'id'"][random.usize(..5)]),
        13 => format!("{}.matches('^a')", PLACES[random.usize(..20)]),
        14 => {
            let way = [".?a", ".?id", ".?b.c", "[?'a']", "[?0]"][random.usize(..5)];
            let end = [".hasValue()", ".orValue(1)", ".orValue('abc')", ".value()", ""][random.usize(..5)];
            format!("{}{way}{end}", PLACES[random.usize(..20)])
        }
        15 => {
            let held = expression(random, depth.min(1), bound);
            [format!("[?optional.of({held})]"), format!("{{?'a': optional.of({held})}}")][random.usize(..2)].clone()
        }
        _ => {
            let list = leaf(random, bound);
            let name = format!("v{}", bound.len());
            bound.push(name.clone());
            let test = expression(random, depth, bound);
            bound.pop();
            let each = format!("{list}.{}({name}, {test})", ["exists", "all", "filter"][random.usize(..3)]);
            if each.contains(".filter(") && random.bool() { format!("size({each}) == 1") } else { each }
        }
    }
}
