//! Expressions made by chance over a body whose members are all there, and such bodies.

use fastrand::Rng;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Bool,
    Number,
    Text,
    Numbers,
    Texts,
    Object,
    Instant,
    Length,
}

const KINDS: [Kind; 8] =
    [Kind::Bool, Kind::Number, Kind::Text, Kind::Numbers, Kind::Texts, Kind::Object, Kind::Instant, Kind::Length];

/// Makes expressions.
pub struct Maker<'r> {
    pub random: &'r mut Rng,
    /// One of so many parts is of another kind than it should be; 0 for none.
    pub slips: usize,
    /// Parts that some values have no result for are made as well, half of them guarded.
    pub risks: bool,
    /// Values that the schema leaves open are read as well.
    pub opens: bool,
    /// Names of macros' variables in reach.
    bound: Vec<(String, Kind)>,
}

impl<'r> Maker<'r> {
    pub fn new(random: &'r mut Rng, slips: usize) -> Self {
        Self { random, slips, risks: false, opens: false, bound: Vec::new() }
    }

    pub fn one(&mut self, of: &[&str]) -> String {
        of[self.random.usize(..of.len())].to_owned()
    }

    /// An expression of that kind, or, by a slip, of another.
    pub fn part(&mut self, kind: Kind, depth: usize) -> String {
        if self.slips > 0 && self.random.usize(..self.slips) == 0 {
            let kind = KINDS[self.random.usize(..KINDS.len())];
            return self.expression(kind, depth);
        }
        self.expression(kind, depth)
    }

    pub fn expression(&mut self, kind: Kind, depth: usize) -> String {
        if depth == 0 || self.random.usize(..5) == 0 {
            return self.leaf(kind);
        }
        let d = depth - 1;
        if self.risks
            && self.random.usize(..3) == 0
            && let Some(risky) = self.risky(kind, d)
        {
            return risky;
        }
        if self.opens
            && self.random.usize(..3) == 0
            && let Some(open) = self.open(kind, d)
        {
            return open;
        }
        let choice = self.random.usize(..14);
        match (kind, choice) {
            (Kind::Bool, 0) => format!("({} && {})", self.part(Kind::Bool, d), self.part(Kind::Bool, d)),
            (Kind::Bool, 1) => format!("({} || {})", self.part(Kind::Bool, d), self.part(Kind::Bool, d)),
            (Kind::Bool, 2) => format!("!({})", self.part(Kind::Bool, d)),
            (Kind::Bool, 3) => {
                let operator = self.one(&["<", "<=", ">", ">="]);
                format!("({} {operator} {})", self.part(Kind::Number, d), self.part(Kind::Number, d))
            }
            (Kind::Bool, 4) => {
                let operator = self.one(&["<", ">=", "==", "!="]);
                format!("({} {operator} {})", self.part(Kind::Text, d), self.part(Kind::Text, d))
            }
            (Kind::Bool, 5) => {
                let function = self.one(&["contains", "startsWith", "endsWith"]);
                format!("({}).{function}({})", self.part(Kind::Text, d), self.part(Kind::Text, d))
            }
            (Kind::Bool, 6) => format!("({} in {})", self.part(Kind::Number, d), self.part(Kind::Numbers, d)),
            (Kind::Bool, 7) => {
                let function = self.one(&["exists", "all", "exists_one"]);
                self.over(Kind::Texts, &function, Kind::Bool, d)
            }
            (Kind::Bool, 8) => format!("sets.intersects({}, {})", self.part(Kind::Texts, d), self.part(Kind::Texts, d)),
            (Kind::Bool, 9) => {
                let operator = self.one(&["<", "<=", ">", ">=", "==", "!="]);
                format!("({} {operator} {})", self.part(Kind::Instant, d), self.part(Kind::Instant, d))
            }
            (Kind::Bool, 10) => {
                let operator = self.one(&["<", "<=", ">", ">=", "==", "!="]);
                format!("({} {operator} {})", self.part(Kind::Length, d), self.part(Kind::Length, d))
            }
            (Kind::Bool, 11) => {
                let function = self.one(&["isTimestamp", "isDuration", "isSemver", "isQuantity", "isBase64", "isIP"]);
                format!("{function}({})", self.part(Kind::Text, d))
            }
            (Kind::Bool, _) => format!("({} == {})", self.part(Kind::Number, d), self.part(Kind::Number, d)),
            (Kind::Number, 0..=3) => {
                let operator = self.one(&["+", "-", "*"]);
                format!("({} {operator} {})", self.part(Kind::Number, d), self.part(Kind::Number, d))
            }
            (Kind::Number, 4) => format!("-({})", self.part(Kind::Number, d)),
            (Kind::Number, 5) => format!("size({})", self.part(Kind::Texts, d)),
            (Kind::Number, 6) => format!("({}).sum()", self.part(Kind::Numbers, d)),
            (Kind::Number, 7) => format!("size({})", self.part(Kind::Text, d)),
            (Kind::Number, 8) => {
                let part =
                    self.one(&["getHours('Europe/Berlin')", "getFullYear('+02:00')", "getDayOfWeek()", "getDate()"]);
                format!("({}).{part}", self.part(Kind::Instant, d))
            }
            (Kind::Number, 9) => format!("({}).getMinutes()", self.part(Kind::Length, d)),
            (Kind::Number, 10) => {
                let function = self.one(&["port", "ipFamily"]);
                format!("{function}({})", self.part(Kind::Text, d))
            }
            (Kind::Number, 11) => format!("({}).indexOf({})", self.part(Kind::Text, d), self.part(Kind::Text, d)),
            (Kind::Number, _) => self.choice(Kind::Number, d),
            (Kind::Text, 0..=2) => format!("({} + {})", self.part(Kind::Text, d), self.part(Kind::Text, d)),
            (Kind::Text, 3) => {
                let function = self.one(&["lowerAscii", "upperAscii", "trim", "reverse"]);
                format!("({}).{function}()", self.part(Kind::Text, d))
            }
            (Kind::Text, 4) => format!("string({})", self.part(Kind::Number, d)),
            (Kind::Text, 5) => format!("({}).join('-')", self.part(Kind::Texts, d)),
            (Kind::Text, 6) => format!("host({})", self.part(Kind::Text, d)),
            (Kind::Text, 7) => format!("string({})", self.part(Kind::Instant, d)),
            (Kind::Text, 8) => format!("'%s'.format([{}])", self.part(Kind::Length, d)),
            (Kind::Text, 9) => format!("regex.extract({}, '[a-z](.)').orValue('')", self.part(Kind::Text, d)),
            (Kind::Text, 10) => {
                let function = self.one(&["uriPath", "ip", "base64.encode"]);
                format!("{function}({})", self.part(Kind::Text, d))
            }
            (Kind::Text, 11) => format!("uriParameter({}, 'a').orValue('b')", self.part(Kind::Text, d)),
            (Kind::Text, _) => self.choice(Kind::Text, d),
            (Kind::Numbers, 0..=2) => self.over(Kind::Numbers, "filter", Kind::Bool, d),
            (Kind::Numbers, 3..=5) => self.over(Kind::Texts, "map", Kind::Number, d),
            (Kind::Numbers, 6) => format!("({}).sort()", self.part(Kind::Numbers, d)),
            (Kind::Numbers, _) => format!("({} + {})", self.part(Kind::Numbers, d), self.part(Kind::Numbers, d)),
            (Kind::Texts, 0..=2) => self.over(Kind::Texts, "filter", Kind::Bool, d),
            (Kind::Texts, 3..=4) => self.over(Kind::Numbers, "map", Kind::Text, d),
            (Kind::Texts, 5) => format!("({}).split(',')", self.part(Kind::Text, d)),
            (Kind::Texts, 6) => format!("({}).distinct()", self.part(Kind::Texts, d)),
            (Kind::Texts, _) => format!("({} + {})", self.part(Kind::Texts, d), self.part(Kind::Texts, d)),
            (Kind::Object, _) => self.choice(Kind::Object, d),
            (Kind::Instant, 0..=4) => {
                let operator = self.one(&["+", "-"]);
                format!("({} {operator} {})", self.part(Kind::Instant, d), self.part(Kind::Length, d))
            }
            (Kind::Instant, 5..=6) => format!("({} + {})", self.part(Kind::Length, d), self.part(Kind::Instant, d)),
            (Kind::Instant, _) => self.choice(Kind::Instant, d),
            (Kind::Length, 0..=3) => format!("({} - {})", self.part(Kind::Instant, d), self.part(Kind::Instant, d)),
            (Kind::Length, 4..=7) => {
                let operator = self.one(&["+", "-"]);
                format!("({} {operator} {})", self.part(Kind::Length, d), self.part(Kind::Length, d))
            }
            (Kind::Length, _) => self.choice(Kind::Length, d),
        }
    }

    /// What cannot be evaluated for some values, with or without a condition that rules
    /// them out.
    fn risky(&mut self, kind: Kind, depth: usize) -> Option<String> {
        // A long part is not recognised in the condition.
        let text = self.leaf(Kind::Text);
        let numbers = self.leaf(Kind::Numbers);
        let texts = self.leaf(Kind::Texts);
        let number = self.leaf(Kind::Number);
        let place = self.random.usize(..4);
        let other = |maker: &mut Self| maker.part(kind, depth);
        Some(match (kind, self.random.usize(..8)) {
            (Kind::Number, 0) => format!("{numbers}[{place}]"),
            (Kind::Number, 1) => format!("(size({numbers}) > {place} ? {numbers}[{place}] : {})", other(self)),
            (Kind::Number, 2) => format!("int({text})"),
            (Kind::Number, 3) => format!("({text}.matches('^-?[0-9]+$') ? int({text}) : {})", other(self)),
            (Kind::Number, 4) => {
                let operator = self.one(&["/", "%"]);
                format!("({} {operator} {number})", other(self))
            }
            (Kind::Number, 5) => format!("({number} != 0 ? {} / {number} : {number})", other(self)),
            (Kind::Number, 6) => {
                let function = self.one(&["min", "max"]);
                match self.random.bool() {
                    true => format!("({} + {numbers}).{function}()", self.one(&["[0]", "[]", "body.counts"])),
                    false => format!("(size({numbers}) == 0 ? 0 : {numbers}.{function}())"),
                }
            }
            (Kind::Number, _) => {
                let function = self.one(&["toInt", "toDouble", "uint", "double"]);
                match function.as_str() {
                    "toInt" | "toDouble" if self.random.bool() => format!("{function}({text}).orValue(0)"),
                    "toInt" | "toDouble" => format!("{function}({text}).value()"),
                    _ => format!("{function}({text})"),
                }
            }
            (Kind::Text, 0) => format!("{texts}[{place}]"),
            (Kind::Text, 1) => format!("{texts}[?{place}].orValue({})", other(self)),
            (Kind::Text, 2) => format!("{text}.substring({place})"),
            (Kind::Text, 3) => format!("(size({text}) >= {place} ? {text}.substring({place}) : {text})"),
            (Kind::Text, 4) => format!("{text}.charAt({place})"),
            (Kind::Text, 5) => format!("({}).split(',')[0]", other(self)),
            (Kind::Text, 6) => format!("{text}.substring({text}.indexOf(',') + 1)"),
            (Kind::Text, _) => format!("'%s %d'.format([{text}, {number}])"),
            (Kind::Bool, 0) => format!("(size({texts}) > {place} && {texts}[{place}] == {text})"),
            (Kind::Bool, 1) => format!("({texts}[{place}] == {text} || size({texts}) <= {place})"),
            (Kind::Bool, 2) => {
                format!("{texts}.filter(t, t.matches('^[0-9]+$')).exists(n, int(n) > {number})")
            }
            (Kind::Bool, 3) => format!("{texts}.exists(t, int(t) > {number})"),
            _ => return None,
        })
    }

    fn choice(&mut self, kind: Kind, depth: usize) -> String {
        let condition = self.part(Kind::Bool, depth);
        format!("({condition} ? {} : {})", self.part(kind, depth), self.part(kind, depth))
    }

    fn over(&mut self, list: Kind, function: &str, result: Kind, depth: usize) -> String {
        let range = self.part(list, depth);
        let name = format!("v{}", self.bound.len());
        self.bound.push((name.clone(), if list == Kind::Texts { Kind::Text } else { Kind::Number }));
        let result = self.part(result, depth);
        self.bound.pop();
        format!("({range}).{function}({name}, {result})")
    }

    pub fn leaf(&mut self, kind: Kind) -> String {
        let bound: Vec<String> =
            self.bound.iter().filter(|(_, known)| *known == kind).map(|(name, _)| name.clone()).collect();
        if !bound.is_empty() && self.random.bool() {
            return bound[self.random.usize(..bound.len())].clone();
        }
        match kind {
            Kind::Bool => self.one(&["body.flag", "options.strict", "has(body.more)", "body.inner.flag", "true"]),
            Kind::Number => self.one(&[
                "body.count",
                "body.ratio",
                "body.inner.count",
                "bodyBytes",
                "receivedAt",
                "1",
                "2.5",
                "9007199254740993",
                "body.?more.orValue(3)",
            ]),
            Kind::Text => self.one(&[
                "body.name",
                "body.inner.name",
                "operation",
                "method",
                "apiRoot",
                "'x'",
                "'https://a.example/b,c'",
                "path.vnfInstanceId",
                "caller.?tenant.orValue('none')",
            ]),
            Kind::Numbers => self.one(&["body.counts", "[1, 2.5]", "[]", "body.inner.counts"]),
            Kind::Texts => self.one(&["body.names", "['x', 'y']", "caller.roles", "options.names"]),
            Kind::Object => self.one(&["body.inner", "body"]),
            // None far from the others, so that no sum leaves the calendar.
            Kind::Instant => self.one(&["now", "(now + duration('90m'))"]),
            Kind::Length => self.one(&["duration('1h30m')", "duration('-0.5s')", "(now - now)"]),
        }
    }
}

/// A value of any kind.
fn any(random: &mut Rng) -> Value {
    let all = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-2.5),
        json!(u64::MAX),
        json!("x"),
        json!(""),
        json!("2026-12-24T18:00:00Z"),
        json!("1.2.3"),
        json!([]),
        json!(["x", "xy"]),
        json!([1, 2.5]),
        json!([null, "x", 3, {}]),
        json!({}),
        json!({"a": 1}),
        json!({"a": {"b": 1}}),
        json!({"a": "x", "x": [1]}),
    ];
    all[random.usize(..all.len())].clone()
}

fn bag(random: &mut Rng) -> Value {
    let names = ["a", "b", "x"].into_iter().filter(|_| random.bool()).collect::<Vec<_>>();
    names.into_iter().map(|name| (name.to_owned(), any(random))).collect::<serde_json::Map<_, _>>().into()
}

/// A body that its schema allows.
pub fn body(random: &mut Rng) -> Value {
    let numbers = [json!(0), json!(-1), json!(2.5), json!(9_007_199_254_740_991_i64), json!(0.1), json!(7.0)];
    let texts = ["", "x", "X,y", "https://A.example/", "\u{e4}\u{1f600}", "none"];
    let number = |random: &mut Rng| numbers[random.usize(..numbers.len())].clone();
    let text = |random: &mut Rng| texts[random.usize(..texts.len())].to_owned();
    let inner = |random: &mut Rng| {
        json!({
            "flag": random.bool(), "count": number(random), "name": text(random),
            "counts": (0..random.usize(..4)).map(|_| number(random)).collect::<Vec<_>>(),
            "free": any(random), "either": if random.bool() { number(random) } else { text(random).into() },
            "bag": bag(random), "mixed": (0..random.usize(..3)).map(|_| any(random)).collect::<Vec<_>>(),
        })
    };
    let mut body = inner(random);
    body["ratio"] = number(random);
    body["inner"] = inner(random);
    body["names"] = (0..random.usize(..4)).map(|_| text(random)).collect::<Vec<_>>().into();
    if random.bool() {
        body["more"] = number(random);
    }
    body
}

/// The same, with something that its schema does not allow.
pub fn broken(random: &mut Rng, mut body: Value) -> Value {
    const MEMBERS: [&str; 7] = ["flag", "count", "name", "counts", "ratio", "inner", "names"];
    let wrong = [json!(null), json!("x"), json!(7), json!([]), json!({}), json!([{"a": 1}, null, "y"]), json!("big")];
    for _ in 0..=random.usize(..3) {
        let member = MEMBERS[random.usize(..MEMBERS.len())];
        let inside = random.bool() && body["inner"].is_object();
        let of = if inside { &mut body["inner"] } else { &mut body };
        let Some(members) = of.as_object_mut() else { continue };
        match random.usize(..3) {
            0 => drop(members.remove(member)),
            _ => drop(members.insert(member.to_owned(), wrong[random.usize(..wrong.len())].clone())),
        }
    }
    if random.usize(..20) == 0 { json!([body]) } else { body }
}
