//! Expressions about values that the schema leaves open, or allows several types, with and
//! without a condition on the type.

use crate::generate::{Kind, Maker};

/// The open values that are written out; `body.inner.` becomes a fact in half of the rules.
const OPEN: [&str; 12] = [
    "body.free",
    "body.inner.free",
    "body.either",
    "body.inner.either",
    "body.bag.?a.orValue('x')",
    "body.inner.bag.?b",
    "body.bag",
    "body.inner.mixed",
    "body.?bag.orValue({}).?a.orValue(1)",
    "body.mixed[?0].orValue(null)",
    // See `bundle`.
    "variables.any",
    "item",
];

impl Maker<'_> {
    /// A condition, text, number or list of an open value.
    pub fn open(&mut self, kind: Kind, depth: usize) -> Option<String> {
        let f = self.one(&OPEN);
        let g = self.one(&OPEN);
        let text = self.leaf(Kind::Text);
        let number = self.leaf(Kind::Number);
        let other = self.part(kind, depth);
        let o = other.as_str();
        let choices: Vec<String> = match kind {
            Kind::Text => vec![
                f.clone(),
                format!("(type({f}) == string ? {f} : {o})"),
                format!("({f} == 'x' || type({f}) != string ? {o} : {f})"),
                format!("(string == type({f}) ? {f}.lowerAscii() : {o})"),
                format!("toText({f}).orValue({o})"),
                format!("string({f})"),
                format!("({f} + {text})"),
                format!("({f} in ['x', 'y'] ? {f} : {o})"),
                format!("'%s'.format([{f}])"),
                format!("dyn({f})"),
            ],
            Kind::Number => vec![
                f.clone(),
                format!("(isNumber({f}) ? {f} : {o})"),
                format!("(!isNumber({f}) ? {o} : {f} * 2)"),
                format!("(type({f}) in [int, double] ? {f} + {number} : {o})"),
                format!("(type({f}) == double ? {f} : {o})"),
                format!("toInt({f}).orValue({o})"),
                format!("toDouble({f}).orValue({o})"),
                format!("(type({f}) == list ? size({f}) : {o})"),
                format!("size({f})"),
                format!("-({f})"),
                format!("int({f})"),
                format!("(type({f}) == list && {f}.all(x, isNumber(x)) ? {f}.sum() : {o})"),
                format!("(type({f}) == list ? {f}.filter(x, isNumber(x)).sum() : {o})"),
                format!("{f}.filter(x, isNumber(x)).sum()"),
                format!("({f} - {g})"),
            ],
            Kind::Texts => vec![
                f.clone(),
                format!("(type({f}) == list ? {f}.filter(x, type(x) == string) : {o})"),
                format!("(type({f}) == list ? {f} : {o})"),
                format!("(type({f}) == list ? {f}.map(x, toText(x).orValue('')) : {o})"),
                format!("(type({f}) == map ? {f}.map(x, x) : {o})"),
            ],
            Kind::Numbers => vec![
                format!("(type({f}) == list ? {f}.filter(x, isNumber(x)) : {o})"),
                format!("(type({f}) == list ? {f}.filter(x, type(x) == int).sort() : {o})"),
                format!("{f}.sort()"),
                format!("({f} + {o})"),
            ],
            Kind::Bool => vec![
                f.clone(),
                format!("!({f})"),
                format!("({f} == true)"),
                format!("({f} ? {o} : true)"),
                format!("({f} && {o})"),
                format!("({f} == {text})"),
                format!("({f} != {g})"),
                format!("(isNumber({f}) && {f} < {number})"),
                format!("({f} >= {number} || !isNumber({f}))"),
                format!("({f} < {g})"),
                format!("(type({f}) == string && type({g}) == string && {f} < {g})"),
                format!("has({f}.a)"),
                format!("(type({f}) == map && has({f}.a))"),
                format!("(type({f}) == map && has({f}.a) && {f}.a == {number})"),
                format!("(type({f}) != map || !has({f}.a) || type({f}.a) != string || {f}.a.contains('x'))"),
                format!("(type({f}) == map && has({f}.a) && {f}.a < 3)"),
                format!("(type({f}) == map && {f}['a'] == 1)"),
                format!("({f}.?a.orValue(1) == {number})"),
                format!("(has({f}.a) && {f}.a.b == 1)"),
                format!("({f}.?a.b.orValue(1) == 1)"),
                format!("({f}[0] == 1)"),
                format!("({f}[?0].orValue(1) == 1)"),
                format!("(type({f}) == list && size({f}) > 0 && {f}[0] == 1)"),
                format!("(type({f}) == map && {f}.exists(k, {f}[k] == 1))"),
                format!("(type({f}) == map && {f}.exists(k, {f}[k] > 1))"),
                format!("(type({f}) == map && {f}.all(k, type({f}[k]) != string || size({f}[k]) < 3))"),
                format!("{f}.exists(x, x == 1)"),
                format!("(type({f}) in [list, map] && {f}.exists(x, x == 'x'))"),
                format!("(type({f}) == list && {f}.exists(x, x > 1))"),
                format!("(type({f}) == list && {f}.all(x, type(x) == string) && {f}.join(',') == {text})"),
                format!("(type({f}) == list && {f}.all(x, type(x) == string && x.contains('x')))"),
                format!("(type({f}) == list && {f}.join(',') == {text})"),
                format!("({number} in {f})"),
                format!("(type({f}) in [list, map] && {text} in {f})"),
                format!("({f} in body.counts)"),
                format!("({f} in body.bag)"),
                format!("(type({f}) == string && {f} in body.bag)"),
                format!("(body.counts[{f}] == 1)"),
                format!("(body.counts[?{f}].orValue(1) == 1)"),
                format!("(body.bag[{f}] == 1)"),
                format!("({f} == 'x' && {f}.startsWith({text}))"),
                format!("(isTimestamp({f}) && timestamp({f}) < now)"),
                format!("(isSemver({f}) && semver({f}) > semver('1.0.0'))"),
                "(variables.is && variables.any.contains('x'))".to_owned(),
                "(!variables.is || variables.any.contains('x'))".to_owned(),
                "(variables.text != variables.any || variables.text.contains('x'))".to_owned(),
                format!("isIP({f})"),
                format!("inCIDR({f}, '10.0.0.0/8')"),
                format!("{f}.matches('^x')"),
                format!("(type({f}) == string && {f}.matches('^x'))"),
                format!("(type({f}) == null_type || type({f}) != string || {f}.matches('^x'))"),
                format!("sets.contains([{f}], [{g}])"),
                format!("([{f}, {g}].distinct() == [])"),
                format!("([{f}, {g}].max() == 1)"),
                format!("[{f}].exists(x, x.contains('x'))"),
                format!("[{f}].exists(x, type(x) == string && x.contains('x'))"),
                format!("({{'k': {f}}}.k + 1 == 2)"),
            ],
            Kind::Object | Kind::Instant | Kind::Length => return None,
        };
        let place = self.random.usize(..choices.len());
        choices.into_iter().nth(place)
    }
}
