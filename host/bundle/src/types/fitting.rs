//! Values that may be of other kinds than those that are needed where they stand: what a
//! schema leaves open, what it allows several types, or null.

use cel::IdedExpr;
use cel::common::ast::Expr;

use super::arithmetic::ORDERED;
use super::kinds::Kinds;
use super::partial::written;
use super::sure::Property;
use super::value::Value;
use super::walk::Walker;
use super::words::{chain, what};

impl<'n> Walker<'_, '_, 'n, '_> {
    /// A value that may be of other kinds than those that are needed.
    pub(super) fn check_kinds(&mut self, node: &IdedExpr, value: &Value<'n>, needed: Kinds) {
        let others = value.kinds.without(needed);
        if value.kinds.is_unknown() || others.is_none() {
            return;
        }
        let shown = what(node, value);
        let name = written(&shown);
        if others == Kinds::NULL {
            if !self.names.have_nulls() && !self.names.is_sure(node, Property::NotNull) {
                self.can_fail(node, format!("{shown} may be null"), format!("test it first: `{name} != null && ...`"));
            }
            return;
        }
        let is = shown_kinds(value.kinds, others);
        let needed = needed & value.kinds;
        let (shown, hint) = match or_value(node) {
            Some(optional) => (format!("`{optional}`"), narrowed_optional(&optional, needed)),
            None => (shown.clone(), narrowed(name, needed, others)),
        };
        self.can_fail(node, format!("{shown} may be {is}, and has to be {} here", needed.name()), hint);
    }

    /// A function of a list that needs items of one kind.
    pub(super) fn check_items(&mut self, name: &str, node: &IdedExpr, list: &Value<'n>) {
        let kinds: &[Kinds] = match name {
            "join" => &[Kinds::TEXT],
            "sum" => &[Kinds::NUMBER],
            "sort" | "min" | "max" => &ORDERED,
            "distinct" | "sets.contains" | "sets.equivalent" | "sets.intersects" => &[COMPARABLE],
            _ => return,
        };
        let item = list.items();
        let items = self.names.item_kinds(node, item.kinds);
        if items.is_unknown() || kinds.iter().any(|kind| items.is_within(*kind)) {
            return;
        }
        let shown = what(node, list);
        let Some(needed) = kinds.iter().find(|kind| items.meets(**kind)) else {
            let wanted = match name {
                "join" => "texts",
                "sum" => "numbers",
                "sort" | "min" | "max" => "numbers, or of texts",
                _ => "values",
            };
            let message = format!("`{name}` takes a list of {wanted}, but an item of {shown} is {}", items.name());
            self.find(node, message, None);
            return;
        };
        let is = shown_kinds(items, items);
        let list = written(&shown);
        let test = test_of("i", *needed);
        let hint = format!(
            "test them first: `{list}.all(i, {test}) && ...`, or leave out the others: `{list}.filter(i, {test})`"
        );
        self.can_fail(node, format!("an item of {shown} may be {is}, and `{name}` needs all to be of one type"), hint);
    }
}

/// What can be an item of a set.
const COMPARABLE: Kinds = Kinds::ANY.without(Kinds::OPTIONAL).without(Kinds::TYPE);

/// The kinds that a value may have, `others` if it is not all that JSON has.
fn shown_kinds(kinds: Kinds, others: Kinds) -> String {
    if Kinds::JSON.is_within(kinds) { "of any type".to_owned() } else { others.name() }
}

/// Of `optional.orValue(...)` the optional value, as it is written.
fn or_value(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Call(call) if call.func_name == "orValue" => call.target.as_deref().and_then(chain),
        _ => None,
    }
}

/// What to write of a value that was an optional one.
fn narrowed_optional(optional: &str, needed: Kinds) -> String {
    if needed == Kinds::BOOL {
        format!("compare it: `{optional}.orValue(false) == true`")
    } else if needed.meets(Kinds::NUMBER) && !needed.meets(Kinds::TEXT) {
        format!("write toDouble({optional}).orValue(0)")
    } else if needed.meets(Kinds::TEXT) {
        format!("write toText({optional}).orValue('')")
    } else {
        let kind = if needed.meets(Kinds::LIST) { Kinds::LIST } else { Kinds::MAP };
        format!("make it a variable, and test that first: `{} && ...`", test_of("variables.NAME", kind))
    }
}

/// How a value is asked for its kind.
fn test_of(name: &str, kind: Kinds) -> String {
    let named = match kind {
        Kinds::NUMBER => return format!("isNumber({name})"),
        Kinds::BOOL => "bool",
        Kinds::LIST => "list",
        Kinds::MAP => "map",
        Kinds::NULL => "null_type",
        Kinds::BYTES => "bytes",
        _ => "string",
    };
    format!("type({name}) == {named}")
}

/// What to write of a value that may be of `others`, too.
fn narrowed(name: &str, needed: Kinds, others: Kinds) -> String {
    if others.meets(Kinds::OPTIONAL) {
        return "write .orValue(...) behind what is optional".to_owned();
    }
    let shown = Kinds::BOOL | Kinds::NUMBER | Kinds::TEXT;
    let (kind, total) = if needed == Kinds::BOOL {
        return format!("compare it: `{name} == true`");
    } else if needed == Kinds::NUMBER {
        (Kinds::NUMBER, Some(format!("toDouble({name}).orValue(0)")))
    } else if needed.meets(Kinds::TEXT) {
        (Kinds::TEXT, needed.is_within(shown).then(|| format!("toText({name}).orValue('')")))
    } else if needed.meets(Kinds::LIST) {
        (Kinds::LIST, Some(format!("`type({name}) == list ? {name} : []`")))
    } else {
        (needed, None)
    };
    let test = format!("test it first: `{} && ...`", test_of(name, kind));
    total.map_or(test.clone(), |total| format!("{test}, or write {total}"))
}
