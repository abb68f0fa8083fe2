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
    /// Names of macros' variables in reach.
    bound: Vec<(String, Kind)>,
}

impl<'r> Maker<'r> {
    pub fn new(random: &'r mut Rng, slips: usize) -> Self {
        Self { random, slips, bound: Vec::new() }
    }

    fn one(&mut self, of: &[&str]) -> String {
        of[self.random.usize(..of.len())].to_owned()
    }

    /// An expression of that kind, or, by a slip, of another.
    fn part(&mut self, kind: Kind, depth: usize) -> String {
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

    fn leaf(&mut self, kind: Kind) -> String {
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
