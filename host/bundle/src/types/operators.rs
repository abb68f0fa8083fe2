//! Comparisons that give the same for every request.

use cel::IdedExpr;
use cel::common::ast::Expr;

use super::kinds::Kinds;
use super::value::{Parts, Value};
use super::words::{meant, what, with_kind};
use crate::expression::literal;

/// What is found, and what to do about it.
type Finding = (String, Option<String>);

/// `left == right`, or `!=`.
pub(super) fn comparison(
    left: &IdedExpr,
    a: &Value<'_>,
    right: &IdedExpr,
    b: &Value<'_>,
    is_equal: bool,
) -> Option<Finding> {
    let always = if is_equal { "never true" } else { "always true" };
    if !a.kinds.meets(b.kinds) && !a.kinds.is_none() && !b.kinds.is_none() {
        let side = |node: &IdedExpr, value: &Value<'_>, side: &str| match what(node, value) {
            what if what == "this" => format!("the {side} side"),
            what => what,
        };
        let (one, other) = (side(left, a, "left"), side(right, b, "right"));
        let message = match b.kinds {
            Kinds::NULL => format!("this is {always}: {one} is {}, and never null", a.kinds.name()),
            kinds => format!("this is {always}: {one} is {}, and {other} is {}", a.kinds.name(), kinds.name()),
        };
        return Some((message, hint(left, a, right, b).or_else(|| hint(right, b, left, a))));
    }
    if !a.kinds.is_within(Kinds::TEXT) || !b.kinds.is_within(Kinds::TEXT) {
        return None;
    }
    let (Some(one), Some(other)) = (&a.texts, &b.texts) else { return None };
    if one.iter().any(|text| other.contains(text)) {
        return None;
    }
    // Which side is the constant decides what is said.
    let (node, value, text, known) = match (literal(left), literal(right)) {
        (None, Some(text)) => (left, a, text, one),
        (Some(text), None) => (right, b, text, other),
        // Two constants, or two that have no text in common.
        _ => return None,
    };
    Some((format!("this is {always}: {} is never '{text}'", what(node, value)), meant(text, known)))
}

/// `left in right`.
pub(super) fn membership(left: &IdedExpr, a: &Value<'_>, right: &IdedExpr, b: &Value<'_>) -> Option<Finding> {
    if !b.kinds.meets(Kinds::LIST | Kinds::MAP) {
        let hint = if b.kinds.meets(Kinds::OPTIONAL) {
            Some("write .orValue([]) behind it".to_owned())
        } else if b.kinds.meets(Kinds::TEXT) && a.kinds.meets(Kinds::TEXT) {
            Some("for a part of a text there is .contains('...')".to_owned())
        } else {
            None
        };
        return Some((
            format!("`in` looks into a list or an object, but {} is {}", what(right, b), b.kinds.name()),
            hint,
        ));
    }
    if !b.kinds.is_within(Kinds::LIST) {
        let names = Kinds::TEXT | Kinds::NUMBER | Kinds::BOOL;
        if b.kinds.is_within(Kinds::MAP) && !a.kinds.meets(names) {
            let message = format!("an object has members by name, but {} is {}", what(left, a), a.kinds.name());
            return Some((message, None));
        }
        return None;
    }
    let Parts::Items(item) = &b.parts else {
        let item = b.item();
        return misfit(left, a, &item);
    };
    if let (Some(known), Expr::List(list)) = (&a.texts, &right.expr)
        && a.kinds.is_within(Kinds::TEXT)
        && literal(left).is_none()
    {
        let odd = list.elements.iter().filter_map(literal).find(|text| !known.iter().any(|known| known == text));
        if let Some(text) = odd {
            return Some((format!("{} is never '{text}'", what(left, a)), meant(text, known)));
        }
    }
    misfit(left, a, item)
}

fn misfit(left: &IdedExpr, a: &Value<'_>, item: &Value<'_>) -> Option<Finding> {
    if a.kinds.is_none() || item.kinds.is_none() {
        return None;
    }
    if !a.kinds.meets(item.kinds) {
        let is = with_kind(left, a);
        return Some((format!("this is never true: {is} is not in a list of {}", plural(item.kinds)), None));
    }
    let (Some(text), Some(known)) = (literal(left), &item.texts) else { return None };
    let is_never = item.kinds.is_within(Kinds::TEXT) && !known.iter().any(|known| known == text);
    is_never.then(|| (format!("this is never true: no item is ever '{text}'"), meant(text, known)))
}

fn plural(kinds: Kinds) -> String {
    match kinds {
        Kinds::TEXT => "texts".to_owned(),
        Kinds::NUMBER => "numbers".to_owned(),
        Kinds::MAP => "objects".to_owned(),
        Kinds::LIST => "lists".to_owned(),
        other => other.name(),
    }
}

fn hint(node: &IdedExpr, value: &Value<'_>, other_node: &IdedExpr, other: &Value<'_>) -> Option<String> {
    let name = match what(node, value) {
        what if what == "this" => "...".to_owned(),
        what => what.trim_matches('`').to_owned(),
    };
    if value.kinds.is_within(Kinds::TIMESTAMP | Kinds::DURATION | Kinds::VERSION) && other.kinds.meets(Kinds::TEXT) {
        let function = match value.kinds {
            Kinds::DURATION => "duration",
            Kinds::VERSION => "semver",
            _ => "timestamp",
        };
        return Some(format!("write {function}(...) around the text"));
    }
    let text = literal(other_node);
    if value.kinds.meets(Kinds::OPTIONAL) {
        return Some(match other.kinds {
            Kinds::TEXT if name == "..." => "write .orValue('') behind it".to_owned(),
            Kinds::TEXT => format!("write {name}.orValue('') in its place"),
            _ => "write .orValue(...) behind it".to_owned(),
        });
    }
    if other.kinds == Kinds::NULL {
        return Some(format!("whether it is there is `has({name})`"));
    }
    if value.kinds == Kinds::BOOL && other.kinds == Kinds::TEXT {
        return match text {
            Some("true") => Some(format!("write {name} alone")),
            Some("false") => Some(format!("write !{name}")),
            _ => None,
        };
    }
    if value.kinds == Kinds::LIST && other.kinds == Kinds::TEXT {
        return Some(match text {
            Some(text) => format!("write '{text}' in {name}"),
            None => "write VALUE in LIST".to_owned(),
        });
    }
    if value.kinds == Kinds::NUMBER && other.kinds == Kinds::TEXT {
        let is_number = text.is_some_and(|text| text.parse::<f64>().is_ok());
        return is_number.then(|| "write the number without quotes".to_owned());
    }
    None
}
