//! A bundle of 10,000 expressions in which maps are read in every way there is, in
//! every place where an expression can stand. The same ones each time.

use fastrand::Rng;
use serde_json::{Value, json};
use solgate_engine::ir::{Bundle, FORMAT};

/// What the expressions read.
pub const BODY: &str = r#"{"s":"abc","n":3,"t":true,"none":null,
    "m":{"z":1,"b":"x","a":[1,2],"nested":{"q":1,"p":{"y":2,"x":1}},"C":2.5},
    "l":[{"k":"a","v":1},{"v":2,"k":"b"},{"k":"c"}],
    "wrong":{"p7":1,"p1":1,"x-9":1,"x-1":1,"other":1,"more":1,"p19":1,"p3":"","kind":"third","size":"x"}}"#;

/// Most findings of one request.
pub const FINDINGS: usize = 100_000;

const EXPRESSIONS: usize = 10_000;
/// Each operation has a share of the rules, so that no evaluation needs so much memory
/// that its instance is not used again.
const OPERATIONS: usize = 40;

/// A request to each operation.
pub fn targets() -> Vec<String> {
    (0..OPERATIONS).map(|operation| format!("/o/{operation}?c=1&a=2&b=3")).collect()
}

/// The bundle.
pub fn bundle() -> Bundle {
    let mut maker = Maker { rng: Rng::with_seed(14), made: 0 };
    let mut rules: Vec<Value> = Vec::new();
    while maker.made < EXPRESSIONS {
        let number = rules.len();
        let require = maker.rule();
        rules.push(json!({
            "id": format!("r{number}"), "kind": {"require": require}, "title": format!("Rule {number}"), "status": 400,
            "operations": [format!("o{}", number % OPERATIONS)], "severity": {"default": "warn"}, "doc": "",
        }));
    }
    rules.push(json!({
        "id": "body.schema", "kind": "engine", "title": "Schema", "status": 400, "doc": "",
        "severity": {"default": "warn"},
    }));
    let query = ["a", "b", "c"].map(|name| json!({"name": name, "kind": "opaque"}));
    let body = json!({
        "required": true, "mediaTypes": [{"name": "application/json"}], "schema": "Body",
        "mediaTypeRule": "header.content-type.json",
    });
    let operations: Vec<Value> = (0..OPERATIONS)
        .map(|number| {
            json!({
                "id": format!("o{number}"), "method": "POST", "path": format!("/{number}"), "version": false,
                "acceptRequired": false, "produces": ["application/json"], "query": query, "body": body,
            })
        })
        .collect();
    let bundle = json!({
        "format": FORMAT, "name": "order", "version": "1.0.0", "digest": "0".repeat(64), "apiRoots": [{"path": "/o"}],
        "limits": {"bodyBytes": 10_000, "targetBytes": 500, "depth": 16, "members": 100, "violations": FINDINGS},
        "options": [
            {"name": "supportedVersions", "kind": "strings", "default": ["1.0.0"], "doc": ""},
            {"name": "requireAuthorization", "kind": "boolean", "default": false, "doc": ""},
        ],
        "facts": [], "operations": operations, "schemas": {"Body": schema()}, "rules": rules,
    });
    serde_json::from_value(bundle).expect("it is a bundle")
}

/// With more properties than a list of them is looked through for, and alternatives.
fn schema() -> Value {
    let properties: serde_json::Map<String, Value> =
        (0..30).map(|number| (format!("p{number}"), json!({"type": "string", "minLength": 1}))).collect();
    let branch = |kind: &str| json!({"required": ["kind"], "properties": {"kind": {"const": kind}, "size": {"type": "integer"}}});
    json!({"type": "object", "properties": {"wrong": {
        "properties": properties,
        "patternProperties": {"^x-": {"type": "string"}, "^x-1": {"type": "boolean"}, "9$": {"type": "array"}},
        "dependentRequired": {"p1": ["p4", "p2"], "p7": ["p5"]},
        "oneOf": [branch("first"), branch("second"), branch("third"), branch("fourth")],
        "unevaluatedProperties": false,
    }}})
}

struct Maker {
    rng: Rng,
    /// Expressions so far.
    made: usize,
}

impl Maker {
    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.rng.usize(..of.len())]
    }

    /// The requirement of a rule, with maps in one of its places or in several.
    fn rule(&mut self) -> Value {
        let on_error = self.one(&["deny", "warn", "skip"]);
        let (members, made) = match self.rng.u8(..6) {
            0 => (json!({"require": self.truth(2), "detail": self.text(2)}), 2),
            1 => (json!({"when": self.truth(1), "require": "false", "detail": self.text(2)}), 3),
            2 => {
                let (map, list) = (self.map(2), self.map(1));
                let variables = json!([["m", map], ["l", format!("{list}.map(k, [k, k])")]]);
                let require = self.one(&[
                    "variables.m.map(k, k) == variables.l",
                    "'%s'.format([variables.m.map(k, k)]) == ''",
                    "variables.m == variables.m && size(variables.l) < 1",
                    "variables.m.exists(k, variables.l.exists(o, o[0] == k))",
                ]);
                let detail = "'%s %s'.format([variables.m.map(k, [k, variables.m[k]]), variables.l])";
                (json!({"variables": variables, "require": require, "detail": detail}), 4)
            }
            3 => {
                let require = self.one(&["false", "item == 'a'", "index > 1", "'%s'.format([item]) < 'b'"]);
                (json!({"forEach": self.map(2), "require": require, "pointer": "/m/{index}", "detail": ITEM}), 3)
            }
            4 => {
                let map = self.map(2);
                let each = format!("{map}.map(k, {{k: {map}[k], 'index': k}})");
                (json!({"forEach": each, "require": "item.all(k, k == item[k])", "detail": ITEM}), 3)
            }
            _ => {
                let each = format!("[{}, {}]", self.map(1), self.map(2));
                let require =
                    self.one(&["item.map(k, k)[0] == 'a'", "item.exists_one(k, item[k] == 1)", "size(item) > 3"]);
                (json!({"forEach": each, "require": require, "pointer": "/l/{index}", "detail": self.text(1)}), 3)
            }
        };
        self.made += made;
        let mut require = members;
        require["stage"] = "body".into();
        require["onError"] = on_error.into();
        require
    }

    /// An expression that gives a map: one that is written, or one that is sent.
    fn map(&mut self, depth: usize) -> String {
        match self.rng.u8(..8) {
            0 => {
                self.one(&["body.m", "query", "caller", "body.l[0]", "body.m.nested", "body", "body.wrong"]).to_owned()
            }
            1 if depth > 0 => {
                let (test, yes, no) = (self.truth(0), self.map(depth - 1), self.map(depth - 1));
                format!("({test} ? {yes} : {no})")
            }
            2 if depth > 0 => {
                let (first, second) = (self.map(depth - 1), self.map(depth - 1));
                let index = self.rng.u8(..2);
                format!("[{first}, {second}][{index}]")
            }
            3 if depth > 0 => format!("optional.of({}).orValue({})", self.map(depth - 1), self.map(0)),
            _ => self.literal(depth),
        }
    }

    fn literal(&mut self, depth: usize) -> String {
        const TEXTS: [&str; 9] = ["'a'", "'b'", "'c'", "'zz'", "''", "'é'", "'A'", "\"q\"", "'k'"];
        const NUMBERS: [&str; 7] = ["1", "2", "3", "-1", "10", "0", "9223372036854775807"];
        const OTHERS: [&str; 6] = ["1u", "7u", "18446744073709551615u", "true", "false", "5"];
        const MADE: [&str; 7] =
            ["body.s", "body.s + 'b'", "string(body.n)", "body.n", "body.n + 1", "body.t", "body.l[1].k"];
        let mut keys: Vec<&str> = match self.rng.u8(..8) {
            0..=2 => TEXTS.to_vec(),
            3 => NUMBERS.to_vec(),
            4 => OTHERS.to_vec(),
            5 => [&TEXTS[..], &NUMBERS[3..], &OTHERS[1..5]].concat(),
            6 => MADE.to_vec(),
            _ => [&MADE[..], &TEXTS[3..]].concat(),
        };
        self.rng.shuffle(&mut keys);
        keys.truncate(self.rng.usize(..8));
        let entries: Vec<String> = keys
            .into_iter()
            .map(|key| match self.rng.u8(..6) {
                0 => format!(
                    "?{key}: {}",
                    self.one(&["body.?nope", "body.?s", "optional.none()", "body.m.?nested", "optional.of(1)"])
                ),
                _ => format!("{key}: {}", self.value(depth)),
            })
            .collect();
        format!("{{{}}}", entries.join(", "))
    }

    fn value(&mut self, depth: usize) -> String {
        if depth > 0 && self.rng.u8(..3) == 0 {
            return self.map(depth - 1);
        }
        self.one(&[
            "1",
            "2",
            "'x'",
            "'a'",
            "1.0",
            "true",
            "null",
            "[1, 2]",
            "body.s",
            "body.n",
            "body.m.nested",
            "1u",
            "{}",
        ])
        .to_owned()
    }

    /// An expression that gives a boolean.
    fn truth(&mut self, depth: usize) -> String {
        let map = self.map(depth);
        match self.rng.u8(..12) {
            0 => format!("{map}.exists(k, k == 'a')"),
            1 => format!("{map}.all(k, {map}[k] == 1 || k == 'b')"),
            // Of the items that cannot be compared, the order decides which one is told.
            2 => format!("{map}.all(k, k < 'c')"),
            3 => format!("{map}.exists(k, {map}[k] > 1)"),
            4 => format!("{map}.exists_one(k, {map}[k] == 1)"),
            5 => format!("{map}.map(k, k)[0] == 'a'"),
            6 => format!("{map} == {}", self.map(depth)),
            7 => format!("{} in {map}", self.one(&["'a'", "1", "1.0", "7u", "true", "body.s", "2.5"])),
            8 => format!("size({map}) > {}", self.rng.u8(..4)),
            9 => format!("has({map}.a) && {map}.a == 1"),
            10 => format!("[{map}, 1] == [{}, 1] || {map} in [{}]", self.map(depth), self.map(0)),
            _ => format!("{map}.filter(k, k != 'b').map(k, k) == {}.map(k, k)", self.map(depth)),
        }
    }

    /// An expression that gives a text in which the order shows.
    fn text(&mut self, depth: usize) -> String {
        let map = self.map(depth);
        match self.rng.u8(..8) {
            0 => format!("'%s'.format([{map}])"),
            1 => format!("'%s'.format([{map}.map(k, k)])"),
            2 => format!("'%s'.format([{map}.map(k, {map}[k])])"),
            3 => format!("{map}.map(k, '%s'.format([k])).join(', ')"),
            4 => format!("{map}.map(k, string(k)).join()"),
            5 => format!("'%s'.format([{map}.filter(k, k != 'a').map(k, [k, {map}[k]])])"),
            6 => format!("{map}.map(k, {{k: {map}.map(o, [k, o])}}).map(e, '%s'.format([e])).join(';')"),
            _ => format!("string({map}.map(k, k)[0]) + '%s'.format([{map}.map(k, k).reverse()])"),
        }
    }
}

const ITEM: &str = "'%s: %s'.format([index, item])";
