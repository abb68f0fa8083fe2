//! What an expression takes grows with its input and no faster: instructions of the policy in
//! its sandbox, with ten times the input. Nothing is timed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};
use solgate_bench::ratchet::fuel;
use solgate_bundle::bake::bake;
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_engine::Engine;
use solgate_engine::cel_env::FUNCTIONS;
use solgate_engine::ir::Bundle;
use solgate_engine::verdict::{Context, Mode, Request};

/// Items, characters and members of the smaller input.
const SMALL: usize = 400;
const TIMES: usize = 10;
/// With ten times the input an expression takes at most so many times the instructions: sorting
/// takes some more than ten times as many, the square of the length a hundred times.
const MOST: f64 = 16.0;

/// Calls of all functions, over `body`: `text` and `other`, two texts; `words` and `more`, lists of texts that
/// are all different; `numbers`; `lists`, of lists; `object`; `digits`, a text; `list`, of objects.
const CALLS: &[&str] = &[
    "size(body.text) > 0",
    "body.text.size() > 0 && body.words.size() > 0 && size(body.object) > 0",
    "body.text.contains('nowhere')",
    "body.text.contains(body.other)",
    "body.text.startsWith(body.text)",
    "body.text.endsWith(body.text)",
    "body.text.matches(r'^([a-z]+ ?)*$')",
    "body.text.matches(r'(a|b|ab)*c$')",
    "int(body.digits.substring(0, 9)) > 0 && double(body.digits) > 0.0 && uint(body.digits.substring(0, 9)) > 0u",
    "toInt(body.digits).orValue(0) == 0 && toDouble(body.digits).hasValue() && isNumber(body.digits)",
    "string(body.text) == toText(body.text).orValue('')",
    "bool('true') && size(bytes(body.text)) > 0",
    "type(body.words) == list && dyn(body.text) == body.text",
    "body.text.charAt(size(body.text) - 1) == 'x'",
    "body.text.indexOf('nowhere') == -1 && body.text.indexOf(body.other) == -1",
    "body.text.lastIndexOf('nowhere') == -1 && body.text.lastIndexOf(body.other) == -1",
    "body.words.join(',') == ''",
    "body.text.lowerAscii() == body.text.upperAscii()",
    "body.text.trim() == ''",
    "body.text.replace('a', 'bcd') == ''",
    "body.text.replace('', 'x') == ''",
    "size(body.text.split(' ')) == 0",
    "size(body.text.split('')) == 0",
    "body.text.substring(3) == body.text.substring(0, size(body.text) - 1)",
    "'%s %s'.format([body.text, body.words]) == ''",
    "body.text.reverse() == body.text",
    "strings.quote(body.text) == ''",
    "optional.of(body.words).hasValue() && optional.ofNonZeroValue(body.words).hasValue()",
    "optional.none().or(optional.of(body.text)).orValue('') == optional.of(body.text).value()",
    "host(body.uri) == '' && scheme(body.uri) == '' && port(body.uri) == 1 && uriPath(body.uri) == ''",
    "uriParameter(body.uri, 'q').orValue('') == '' || uriParameter(body.uri, 'none').hasValue()",
    "inList('some', body.text)",
    "body.words.exists(word, inList('some', word))",
    "body.numbers.exists(number, inWindow('night', number))",
    "isIP(body.text) || isCIDR(body.text) || inCIDR(body.text, '10.0.0.0/8')",
    "ip(body.text) == '' && ipFamily(body.text) == 0",
    "size(body.words.distinct()) == 0",
    "size(body.lists.distinct()) == 0",
    "size(body.list.distinct()) == 0",
    "size(body.lists.flatten()) == 0",
    "body.words.sort() == body.more",
    "body.numbers.sort() == body.words",
    "body.numbers.sum() == 0 && body.numbers.min() == 0 && body.numbers.max() == 0",
    "body.words.min() == body.words.max()",
    "sets.contains(body.words, body.more)",
    "sets.contains(body.words, body.words)",
    "sets.equivalent(body.words, body.words)",
    "sets.intersects(body.words, body.more)",
    "sets.contains(body.list, body.list)",
    "isTimestamp(body.text) || isDuration(body.text) || isSemver(body.text) || isQuantity(body.text)",
    "isSemver(body.long) && semver(body.long) < semver('2.0.0')",
    "!isQuantity(body.digits) && quantity('500Mi') > quantity('1k')",
    "duration('1h') < duration('2h') && timestamp('2026-01-01T00:00:00Z') < now",
    "now.getFullYear() + now.getMonth() + now.getDayOfYear() + now.getDayOfMonth() + now.getDate() + now.getDayOfWeek() < 0",
    "now.getHours('Europe/Berlin') + now.getMinutes() + now.getSeconds() + now.getMilliseconds() < 0",
    "regex.extract(body.text, r'(a|b|ab)*c$').hasValue()",
    "like(body.text, 'a*b*c*d*e*f*x') || like(body.text, '*a*a*a*a*a*x')",
    "like(body.text, body.other)",
    "base64.encode(body.text) == '' || size(base64.decode(body.digits)) == 0 || isBase64(body.text)",
];

/// What there is beside functions.
const CONSTRUCTS: &[&str] = &[
    "body.words.exists(word, word == 'nowhere')",
    "!body.words.all(word, word != 'nowhere')",
    "body.words.exists_one(word, word == 'nowhere')",
    "size(body.words.map(word, word + '!')) == 0",
    "size(body.words.map(word, word != 'x', word + '!')) == 0",
    "size(body.words.filter(word, word != 'nowhere')) == 0",
    "size(body.list.filter(one, one.a == 1).map(one, one.b)) == 0",
    "body.object.exists(name, name == 'nowhere')",
    "size(body.object.map(name, body.object[name])) == 0",
    "'nowhere' in body.words || 7.5 in body.numbers || 'nowhere' in body.object",
    "body.words == body.words && body.object == body.object && body.list == body.list && body.text == body.text",
    "size(body.words + body.more) == 0 || body.text + body.other == ''",
    "size([body.words, body.more]) == 0 || size({'a': body.words, 'b': body.object}) == 0",
    "body.words[size(body.words) - 1] == body.object.?nowhere.orValue('')",
    "has(body.object.nowhere) || body.?words[?0].orValue('') == ''",
    "body.text < body.other || body.text > body.text",
    "body.words.exists(word, word.startsWith('w') && size(word) > 90)",
    "body.lists.exists(items, items.exists(item, item == 'nowhere'))",
    "body.?object.?nowhere.orValue('') == 'x' || body.words[?1].hasValue()",
];

/// That goes through a list again for each item of a list, so that the counting is seen to notice.
const SQUARE: &str = "body.numbers.exists(a, body.numbers.exists(b, b == -1))";

/// The conditions of the rules. Whatever they come to, the request passes: what is counted is how
/// it gets there. `bool` is a function that the engine has no quick way for.
fn conditions() -> Vec<String> {
    let by_cel = CALLS.iter().chain(CONSTRUCTS).map(|source| format!("({source}) || true || bool('true')"));
    let quickly = CONSTRUCTS.iter().chain([&SQUARE]).map(|source| format!("({source}) || true"));
    by_cel.chain(quickly).collect()
}

fn input(length: usize) -> Value {
    let numbers: Vec<usize> = (0..length).map(|n| n * 7 % length).collect();
    let named = |prefix: &str| -> Vec<String> { (0..length).map(|n| format!("{prefix}{}", n * 7 % length)).collect() };
    let object: serde_json::Map<String, Value> = named("m").into_iter().map(|name| (name, json!("x"))).collect();
    let list: Vec<Value> = (0..length).map(|n| json!({ "a": n * 7 % length, "b": [n] })).collect();
    let text: String = "ab ".repeat(length);
    json!({
        "text": text, "other": format!("{}c", "ab".repeat(length)), "words": named("w"), "more": named("v"),
        "numbers": numbers, "lists": named("l").iter().map(|item| json!([item])).collect::<Vec<_>>(),
        "object": object, "list": list, "digits": "1234567890".repeat(length / 10),
        "uri": format!("https://host.example/{}?p=1&q={}", "a/".repeat(length), "b".repeat(length)),
        "long": format!("1.0.0-{}x", "a.1.".repeat(length)),
    })
}

/// A bundle with an operation for each condition, and one more.
fn bundle(conditions: &[String]) -> Bundle {
    let dir = tempfile::tempdir().unwrap();
    let mut paths = String::new();
    let mut rules = String::new();
    for index in 0..=conditions.len() {
        writeln!(paths, "  /e{index}: {{ post: {{ operationId: e{index}, requestBody: {{ content: {{ application/json: {{ schema: {{ type: object }} }} }} }}, responses: {{ '200': {{ description: D }} }} }} }}").unwrap();
        let condition = conditions.get(index).map_or("body != null", String::as_str);
        writeln!(rules, "- {{ id: e{index}, operations: [e{index}], stage: body, require: {}, onError: skip, otherwise: {{ status: 400, title: T }}, doc: D }}", json!(condition)).unwrap();
    }
    for (name, text) in [
        ("policy.yaml", "name: linear\nversion: '1'\napiRoots: [{ path: /l }]\nlimits: { bodyBytes: 67108864 }\nlists: { some: some.txt }\nwindows: { night: { zone: Europe/Berlin, from: '22:00', to: '04:00' } }\n".to_owned()),
        ("some.txt", "one\n*.two\n".to_owned()),
        ("openapi.yaml", format!("openapi: 3.1.0\ninfo: {{ title: T, version: '1' }}\npaths:\n{paths}")),
        ("rules/a.yaml", rules),
    ] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    compile_dir(dir.path(), &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}")).bundle
}

#[test]
fn what_an_expression_takes_grows_with_its_input_and_no_faster() {
    let conditions = conditions();
    let bundle = bundle(&conditions);
    let component = fuel::counted(&bake(&bundle).unwrap()).unwrap();
    let engine = Engine::new(bundle).unwrap();
    let inputs = [SMALL, SMALL * TIMES].map(|length| input(length).to_string());
    let fields = [("accept", "application/json"), ("content-type", "application/json")];
    let context = Context { received_at: 1 << 40, mode: Mode::Enforce, caller: None, facts: &[], settings: &[] };
    let taken = |index: usize, body: &str| {
        let target = format!("/l/e{index}");
        let request =
            Request { method: "POST", target: &target, fields: &fields, body: body.as_bytes(), body_complete: true };
        if let Some(condition) = conditions.get(index).filter(|_| body.len() == inputs[0].len()) {
            // One that ends early for an error would tell nothing.
            let source = condition.split(" || true").next().unwrap();
            engine.eval(source, &request, &context).unwrap_or_else(|error| panic!("{source}: {error}"));
        }
        let (taken, outcome) = fuel::taken(&component, &request, &context).unwrap();
        assert_eq!(outcome, "allow", "{target}");
        taken
    };
    let without = inputs.each_ref().map(|body| taken(conditions.len(), body));
    let mut faster = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        let [few, many] = [0, 1].map(|at: usize| taken(index, &inputs[at]).saturating_sub(without[at]));
        #[allow(clippy::cast_precision_loss, reason = "a ratio of counts far below 2^52")]
        let times = many as f64 / few.max(1) as f64;
        // What hardly takes anything says nothing about its growth.
        if times > MOST && many > 200_000 {
            faster.push(format!("{times:5.1} times, {few} and {many}: {condition}"));
        }
    }
    assert!(matches!(faster.as_slice(), [only] if only.contains(SQUARE)), "{}", faster.join("\n"));
}

#[test]
fn every_function_is_counted() {
    let written = CALLS.join("\n");
    let names: BTreeSet<&str> =
        FUNCTIONS.iter().copied().filter(|name| !written.contains(&format!("{name}("))).collect();
    assert!(names.is_empty(), "{names:?}");
}
