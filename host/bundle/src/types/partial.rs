//! What cannot be evaluated for some values: a place that a list does not have, a text
//! that is no number, a division by zero. It is found unless a condition before it, or
//! beside it, rules these values out.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, operators};

use super::guards::number;
use super::kinds::Kinds;
use super::patterns::is_of_numbers;
use super::sure::Property;
use super::value::{Parts, Value};
use super::walk::Walker;
use super::words::what;
use crate::expression::{keeps_items, literal};

/// Functions that fail for some values of the right kinds: what the page of functions says of
/// each is compared with it.
#[cfg(test)]
pub(super) const PARTIAL: [&str; 19] = [
    "base64.decode",
    "bool",
    "charAt",
    "double",
    "duration",
    "format",
    "inCIDR",
    "indexOf",
    "int",
    "lastIndexOf",
    "max",
    "min",
    "quantity",
    "semver",
    "string",
    "substring",
    "timestamp",
    "uint",
    "value",
];

impl<'n> Walker<'_, '_, 'n, '_> {
    /// `of[index]`, by something else than the name of a member.
    pub(super) fn check_index(&mut self, node: &IdedExpr, of: &IdedExpr, held: &Value<'n>, index: &IdedExpr) {
        let shown = what(of, held);
        let name = written(&shown);
        if held.kinds.is_within(Kinds::MAP) || (!held.kinds.is_within(Kinds::LIST) && number(index).is_none()) {
            let is_sure = self.names.key(index).is_some_and(|key| self.names.is_sure(of, Property::Holds(key)));
            if !is_sure && !self.has_all(held, index) {
                let message = format!("{shown} may have no member of this name");
                self.can_fail(
                    node,
                    message,
                    format!("write {name}[?...].orValue(...), or test it first: `... in {name} && ...`"),
                );
            }
            return;
        }
        if self.is_place(index, of, 1) {
            return;
        }
        let place = literal_place(index);
        let at = place.map_or_else(|| "...".to_owned(), |place| place.to_string());
        let test = match place {
            Some(place) => format!("size({name}) > {place}"),
            None => format!("... >= 0 && ... < size({name})"),
        };
        let message = format!("{shown} may have no item at this place");
        self.can_fail(node, message, format!("write {name}[?{at}].orValue(...), or test it first: `{test} && ...`"));
    }

    /// Whether an object that is written out has every member that the index can name.
    fn has_all(&mut self, object: &Value<'n>, index: &IdedExpr) -> bool {
        let Parts::Members(members) = &object.parts else { return false };
        let names = self.quietly(index).texts;
        names.is_some_and(|names| names.iter().all(|name| members.iter().any(|(known, _)| known == name)))
    }

    /// `/` and `%`.
    pub(super) fn check_division(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) {
        // A quotient of doubles is infinite.
        if self.is_double(left) || self.is_double(right) || self.is_not_zero(right) {
            return;
        }
        let value = self.quietly(right);
        let shown = what(right, &value);
        let name = written(&shown);
        if number(right).is_some() {
            let hint = "write another divisor; of doubles, as in `... / 0.0`, the quotient is infinite".to_owned();
            self.can_fail(node, "a division by zero has no value".to_owned(), hint);
            return;
        }
        let message = format!("{shown} may be 0, and a division by zero has no value");
        self.can_fail(node, message, format!("test it first: `{name} != 0 && ...`"));
    }

    /// A call whose parts are of the right kinds.
    pub(super) fn check_call(&mut self, name: &str, call: &CallExpr, node: &IdedExpr, values: &[&Value<'n>]) {
        let parts: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        match (name, parts.as_slice(), values) {
            ("int" | "double", [text], [value])
                if value.kinds.meets(Kinds::TEXT) && !self.is_numeric(text, value, name == "double") =>
            {
                let (shown, total, pattern) = match name {
                    "int" => ("an integer", "toInt", "^-?[0-9]+$"),
                    _ => ("a number", "toDouble", "^-?[0-9]+([.][0-9]+)?$"),
                };
                let text = what(text, value);
                let name = written(&text);
                self.can_fail(
                    node,
                    format!("{text} may be a text that is not {shown}"),
                    format!("write {total}({name}).orValue(0), or test it first: `{name}.matches('{pattern}') && ...`"),
                );
            }
            ("uint", [of], [value]) => {
                let is_right = number(of).is_some_and(|number| number >= 0.0);
                let is_small =
                    value.texts.as_ref().is_some_and(|texts| texts.iter().all(|text| text.parse::<u32>().is_ok()));
                if !is_right && !is_small {
                    let message = "what is negative, or not a number, has no unsigned integer".to_owned();
                    self.can_fail(
                        node,
                        message,
                        "leave uint(...) out: numbers compare whatever their types".to_owned(),
                    );
                }
            }
            ("bool", [text], [value]) => {
                let texts = ["true".to_owned(), "false".to_owned()];
                let is_right = value.texts.as_ref().is_some_and(|known| known.iter().all(|text| texts.contains(text)));
                let is_tested = self.names.is_sure(text, Property::OneOf(texts.to_vec()));
                if value.kinds.meets(Kinds::TEXT) && !is_right && !is_tested {
                    let message = format!("{} may be a text that is not a truth value", what(text, value));
                    self.can_fail(node, message, "compare it: `... == 'true'`".to_owned());
                }
            }
            ("string", [_], [value]) if value.kinds == Kinds::BYTES => {
                self.can_fail(node, "octets may not be UTF-8".to_owned(), "leave bytes out".to_owned());
            }
            ("min" | "max", [list], [value]) if !self.is_longer(list, 0) => {
                let shown = what(list, value);
                let list = written(&shown);
                let hint = format!("write ([0] + {list}).{name}(), or test it first: `size({list}) > 0 && ...`");
                self.can_fail(node, format!("{shown} may be empty"), hint);
            }
            ("charAt" | "substring" | "indexOf" | "lastIndexOf", [text, rest @ ..], [value, ..]) => {
                let places = match (name, rest) {
                    ("charAt" | "substring", places) => places,
                    (_, [_, places @ ..]) => places,
                    _ => &[],
                };
                let is_ordered = match places {
                    [from, to] => literal_place(from)
                        .is_some_and(|from| from == 0 || literal_place(to).is_some_and(|to| from <= to)),
                    _ => true,
                };
                if !is_ordered || !places.iter().all(|place| self.is_place(place, text, 0)) {
                    let shown = what(text, value);
                    let text = written(&shown);
                    let hint =
                        format!("test it first: `size({text}) >= ... && ...`, or use startsWith, matches or split");
                    self.can_fail(node, format!("{shown} may be too short for this place"), hint);
                }
            }
            ("inCIDR", [_, network], [_, value]) => {
                let is_written = literal(network).is_some();
                if !is_written && !self.names.is_sure(network, Property::Is("isCIDR".to_owned())) {
                    let shown = what(network, value);
                    let network = written(&shown);
                    let hint = format!("test it first: `isCIDR({network}) && ...`");
                    self.can_fail(node, format!("{shown} may be a text that is not a network"), hint);
                }
            }
            ("timestamp" | "duration" | "semver" | "quantity" | "base64.decode", [text, ..], [value, ..]) => {
                self.check_readable(name, node, text, value);
            }
            ("format", [template, list], [_, values]) if !self.is_format(template, list, values) => {
                let message = "the values may not fit the places in the text".to_owned();
                self.can_fail(
                    node,
                    message,
                    "join texts with `+`, and make text of what is none with string(...)".to_owned(),
                );
            }
            ("value", [of], [value]) if !self.is_present(of) => {
                let shown = what(of, value);
                let of = written(&shown);
                let hint = format!("write {of}.orValue(...), or test it first: `{of}.hasValue() && ...`");
                self.can_fail(node, format!("{shown} may hold nothing"), hint);
            }
            _ => {}
        }
    }

    /// A text, or a number, of which a function makes something else.
    fn check_readable(&mut self, name: &str, node: &IdedExpr, text: &IdedExpr, value: &Value<'n>) {
        let (thing, test) = match name {
            "timestamp" => ("a date and time", "isTimestamp"),
            "duration" => ("a length of time", "isDuration"),
            "semver" => ("a version", "isSemver"),
            "quantity" => ("a quantity", "isQuantity"),
            _ => ("base64", "isBase64"),
        };
        let is_made = value.kinds.is_within(Kinds::TIMESTAMP | Kinds::DURATION);
        // What is written out is looked at when the policy is built.
        let is_written = literal(text).is_some() || number(text).is_some();
        let is_dated = name == "timestamp"
            && matches!(&value.parts, Parts::Schemas(schemas)
                if schemas.all(|schema| schema.get("format").is_some_and(|format| format.text == "date-time")));
        // Milliseconds are another mistake, which has been said.
        let is_received = matches!(&text.expr, Expr::Ident(name) if name == "receivedAt");
        if is_made || is_written || is_dated || is_received || self.names.is_sure(text, Property::Is(test.to_owned())) {
            return;
        }
        let shown = what(text, value);
        let text = written(&shown);
        self.can_fail(
            node,
            format!("{shown} may be something else than {thing}"),
            format!("test it first: `{test}({text}) && ...`"),
        );
    }

    /// The type of a node of which all has been said.
    fn quietly(&mut self, node: &IdedExpr) -> Value<'n> {
        let before = std::mem::replace(&mut self.findings.is_quiet, true);
        let value = self.value(node);
        self.findings.is_quiet = before;
        value
    }

    /// Whether a text is one that `int`, or `double`, reads.
    fn is_numeric(&mut self, node: &IdedExpr, value: &Value<'n>, decimal: bool) -> bool {
        let reads = |text: &String| match decimal {
            true => text.parse::<f64>().is_ok(),
            false => text.parse::<i64>().is_ok(),
        };
        if value.texts.as_ref().is_some_and(|texts| texts.iter().all(reads)) {
            return true;
        }
        if let Parts::Schemas(schemas) = &value.parts
            && schemas.all(|schema| schema.get("pattern").is_some_and(|pattern| is_of_numbers(&pattern.text, decimal)))
        {
            return true;
        }
        let sure = &self.names.sure;
        let Some(key) = self.names.key(node) else { return false };
        sure.is_unreached()
            || sure.iter().any(|(of, property)| {
                *of == key
                    && match property {
                        Property::Found(pattern) => is_of_numbers(pattern, decimal),
                        Property::OneOf(texts) => texts.iter().all(reads),
                        _ => false,
                    }
            })
    }

    /// Whether a list or text has more than so many parts.
    pub(super) fn is_longer(&mut self, node: &IdedExpr, parts: usize) -> bool {
        if self.names.is_sure(node, Property::LongerThan(parts)) {
            return true;
        }
        if self.names.defined(node).is_some_and(|defined| defined.least > parts) {
            return true;
        }
        match &node.expr {
            Expr::List(list) => list.elements.len().saturating_sub(list.optional_indices.len()) > parts,
            Expr::Literal(_) => literal(node).is_some_and(|text| text.chars().count() > parts),
            Expr::Comprehension(comprehension) => {
                // Of `map` the list is as long as the one that is gone through.
                let is_map = matches!(&comprehension.loop_step.expr,
                    Expr::Call(step) if step.func_name == operators::ADD)
                    && !keeps_items(comprehension);
                is_map && self.is_longer(&comprehension.iter_range, parts)
            }
            Expr::Call(call) => match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
                (operators::ADD, None, [a, b]) => self.is_longer(a, parts) || self.is_longer(b, parts),
                (operators::CONDITIONAL, None, [_, a, b]) => self.is_longer(a, parts) && self.is_longer(b, parts),
                ("sort" | "reverse", Some(of), []) => self.is_longer(of, parts),
                ("distinct", Some(of), []) => parts == 0 && self.is_longer(of, 0),
                ("split", Some(_), [_]) => parts == 0,
                _ => false,
            },
            Expr::Ident(_) | Expr::Select(_) => {
                let value = self.quietly(node);
                let is_long = |texts: &Vec<String>| texts.iter().all(|text| text.chars().count() > parts);
                let Parts::Schemas(schemas) = &value.parts else {
                    return value.texts.as_ref().is_some_and(is_long);
                };
                let named = if value.kinds.is_within(Kinds::LIST) { "minItems" } else { "minLength" };
                schemas.all(|schema| {
                    schema
                        .get(named)
                        .and_then(|node| node.text.parse::<usize>().ok())
                        .is_some_and(|least| least > parts)
                })
            }
            _ => false,
        }
    }

    /// Whether a text or list has this place. At the end is one, too, unless something
    /// has to be `there`.
    fn is_place(&mut self, place: &IdedExpr, of: &IdedExpr, there: usize) -> bool {
        if let Some(place) = literal_place(place) {
            return match place.saturating_add(there).checked_sub(1) {
                Some(parts) => self.is_longer(of, parts),
                None => true,
            };
        }
        if let Some(key) = self.names.key(of)
            && self.names.is_sure(place, Property::Below(key))
        {
            return self.is_not_negative(place);
        }
        let Expr::Call(call) = &place.expr else { return false };
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            // At most the end, and before the begin if there is nothing to be found.
            ("indexOf" | "lastIndexOf", Some(text), [_]) => {
                self.is_same(text, of) && there == 0 && self.is_not_negative(place)
            }
            (operators::ADD, None, [found, one]) if number(one) == Some(1.0) => match &found.expr {
                Expr::Call(call) if matches!(call.func_name.as_str(), "indexOf" | "lastIndexOf") => {
                    there == 0 && call.target.as_deref().is_some_and(|text| self.is_same(text, of))
                }
                _ => false,
            },
            ("size", Some(text), []) | ("size", None, [text]) => there == 0 && self.is_same(text, of),
            (operators::SUBSTRACT, None, [size, less]) => match (&size.expr, literal_place(less)) {
                (Expr::Call(call), Some(less)) if call.func_name == "size" && less >= there => {
                    let text = call.target.as_deref().or(call.args.first());
                    let is_of = text.is_some_and(|text| self.is_same(text, of));
                    is_of && less.checked_sub(1).is_none_or(|parts| self.is_longer(of, parts))
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn is_same(&self, one: &IdedExpr, other: &IdedExpr) -> bool {
        self.names.key(one).is_some_and(|key| Some(key) == self.names.key(other))
    }

    fn is_not_negative(&mut self, node: &IdedExpr) -> bool {
        if number(node).is_some_and(|number| number >= 0.0) || self.names.is_sure(node, Property::NotNegative) {
            return true;
        }
        match &node.expr {
            Expr::Ident(name) => matches!(name.as_str(), "index" | "bodyBytes" | "receivedAt"),
            Expr::Call(call) => call.func_name == "size",
            _ => self.has_least(node, |least, _| least >= 0.0),
        }
    }

    fn is_not_zero(&mut self, node: &IdedExpr) -> bool {
        if number(node).is_some_and(|number| number != 0.0) || self.names.is_sure(node, Property::NotZero) {
            return true;
        }
        match &node.expr {
            Expr::Call(call) if call.func_name == "size" => {
                let of = call.target.as_deref().or(call.args.first());
                of.is_some_and(|of| self.is_longer(of, 0))
            }
            _ => self.has_least(node, |least, is_strict| least > 0.0 || (least == 0.0 && is_strict)),
        }
    }

    /// Whether the schemas of a number name a least one that is right.
    fn has_least(&mut self, node: &IdedExpr, is_right: fn(f64, bool) -> bool) -> bool {
        if !matches!(&node.expr, Expr::Select(_) | Expr::Ident(_)) {
            return false;
        }
        let Parts::Schemas(schemas) = self.quietly(node).parts else { return false };
        schemas.all(|schema| {
            [("minimum", false), ("exclusiveMinimum", true)].iter().any(|(name, is_strict)| {
                let least = schema.get(name).and_then(|node| node.text.parse::<f64>().ok());
                least.is_some_and(|least| is_right(least, *is_strict))
            })
        })
    }

    /// Whether a number is certain to be a double.
    pub(super) fn is_double(&self, node: &IdedExpr) -> bool {
        use cel::common::ast::LiteralValue::Double;
        match &node.expr {
            Expr::Literal(literal) => matches!(literal, Double(_)),
            Expr::Select(_) => self.names.defined(node).is_some_and(|defined| defined.is_double),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                ("double", [_]) => true,
                (
                    operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO,
                    [a, b],
                ) => self.is_double(a) || self.is_double(b),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether an optional value holds one; of a chain with `.?` the reads are looked at
    /// elsewhere.
    fn is_present(&self, node: &IdedExpr) -> bool {
        let Expr::Call(call) = &node.expr else { return self.names.is_sure(node, Property::Present) };
        let is_of = matches!(call.func_name.as_str(), "of")
            && matches!(call.target.as_deref().map(|node| &node.expr), Some(Expr::Ident(name)) if name == "optional");
        is_of || call.func_name == operators::OPT_SELECT || self.names.is_sure(node, Property::Present)
    }

    /// Whether a template that is written out fits a list that is.
    fn is_format(&mut self, template: &IdedExpr, list: &IdedExpr, values: &Value<'n>) -> bool {
        let (Some(template), Expr::List(list)) = (literal(template), &list.expr) else { return false };
        let mut clauses = Vec::new();
        let mut rest = template.chars();
        while let Some(char) = rest.next() {
            if char == '%' {
                match rest.next() {
                    Some('%') => {}
                    Some(clause @ ('s' | 'd' | 'f' | 'e')) => clauses.push(clause),
                    _ => return false,
                }
            }
        }
        let shown = Kinds::SHOWN | Kinds::NULL | Kinds::LIST | Kinds::MAP;
        let is_known = values.kinds.is_within(Kinds::LIST) && list.optional_indices.is_empty();
        is_known
            && clauses.len() <= list.elements.len()
            && clauses.iter().zip(&list.elements).all(|(clause, item)| {
                let kinds = self.quietly(item).kinds;
                if *clause == 's' {
                    kinds.is_unknown() || kinds.is_within(shown)
                } else {
                    kinds.is_within(Kinds::NUMBER)
                }
            })
    }
}

/// A place that is written out.
fn literal_place(node: &IdedExpr) -> Option<usize> {
    use cel::common::ast::LiteralValue::Int;
    match &node.expr {
        Expr::Literal(Int(place)) => usize::try_from(*place.inner()).ok(),
        _ => None,
    }
}

/// A value's name as it stands in an expression.
pub(super) fn written(what: &str) -> &str {
    match what.trim_matches('`') {
        "this" => "VALUE",
        name => name,
    }
}
