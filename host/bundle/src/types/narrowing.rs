//! What conditions tell of the types of values: `type(x) == string`, `isNumber(x)`.

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue};

use super::kinds::Kinds;
use super::roots::Names;
use super::sure::{Fact, ITEM, Property, Told};
use super::value::Value;
use crate::expression::Known;

impl Names<'_, '_> {
    /// A value without the kinds of which it is certain that it is not.
    pub fn narrowed<'n>(&self, node: &IdedExpr, value: Value<'n>) -> Value<'n> {
        let is_one = value.kinds.each().nth(1).is_none();
        if is_one || !self.sure.iter().any(|(_, property)| matches!(property, Property::Of(_))) {
            return value;
        }
        match self.key(node) {
            Some(key) => of_kinds(value, self.sure.iter().filter(|(of, _)| *of == key).map(|(_, property)| property)),
            None => value,
        }
    }

    /// The kinds of a list's items, without those of which it is certain that they are not.
    pub fn item_kinds(&mut self, list: &IdedExpr, item: Kinds) -> Kinds {
        let facts = self.of_item(list, ITEM);
        let of_item = facts.iter().filter(|(of, _)| of == ITEM).map(|(_, property)| property);
        of_kinds(Value::of(item), of_item).kinds
    }

    /// Of `type(node) == named`.
    pub(super) fn of_type(&self, of: &IdedExpr, named: &IdedExpr) -> Option<Told> {
        let key = self.key(typed(of)?)?;
        let (kinds, are_all) = self.named_type(named)?;
        let not = are_all.then(|| (key.clone(), Property::Of(Kinds::ANY.without(kinds))));
        Some(Told { when_true: Known::of([(key, Property::Of(kinds))]), when_false: Known::of(not) })
    }

    /// What is of a type, and whether nothing else is of these kinds: numbers have several types.
    fn named_type(&self, node: &IdedExpr) -> Option<(Kinds, bool)> {
        if let Some(of) = typed(node) {
            return of_constant(of).map(|kinds| (kinds, kinds != Kinds::NUMBER));
        }
        let Expr::Ident(name) = &node.expr else { return None };
        let name = name.trim_start_matches('.');
        if self.bound.iter().any(|(known, _)| known == name) {
            return None;
        }
        Some(match name {
            "string" => (Kinds::TEXT, true),
            "int" | "uint" | "double" => (Kinds::NUMBER, false),
            "bool" => (Kinds::BOOL, true),
            "list" => (Kinds::LIST, true),
            "map" => (Kinds::MAP, true),
            "bytes" => (Kinds::BYTES, true),
            "null_type" => (Kinds::NULL, true),
            _ => return None,
        })
    }

    /// Of `item in list`, where the list is written out.
    pub(super) fn among(&self, item: &IdedExpr, list: &[IdedExpr]) -> Option<Fact> {
        let all = |kinds: Vec<Kinds>| kinds.into_iter().fold(Kinds::NONE, |all, kinds| all | kinds);
        if let Some(of) = typed(item) {
            let named = list.iter().map(|node| self.named_type(node).map(|(kinds, _)| kinds));
            return Some((self.key(of)?, Property::Of(all(named.collect::<Option<_>>()?))));
        }
        let kinds = list.iter().map(of_constant).collect::<Option<Vec<_>>>()?;
        Some((self.key(item)?, Property::Of(all(kinds))))
    }
}

fn of_kinds<'n, 'p>(value: Value<'n>, properties: impl Iterator<Item = &'p Property>) -> Value<'n> {
    let kinds = properties.fold(Kinds::ANY, |kinds, property| match property {
        Property::Of(more) => kinds & *more,
        Property::NotNull => kinds.without(Kinds::NULL),
        _ => kinds,
    });
    // What an unknown value is not does not tell what it is.
    if value.kinds.is_unknown() && kinds.meets(Kinds::TYPE) {
        return value;
    }
    match value.kinds & kinds {
        // There is no such value, so that nothing can fail.
        Kinds::NONE => Value::ANY,
        kinds => Value { kinds, ..value },
    }
}

/// What `type(...)` is asked of.
fn typed(node: &IdedExpr) -> Option<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) if call.func_name == "type" && call.target.is_none() => call.args.first(),
        _ => None,
    }
}

/// What a value is that is written out.
pub(super) fn of_constant(node: &IdedExpr) -> Option<Kinds> {
    Some(match &node.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => Kinds::BOOL,
        Expr::Literal(LiteralValue::Bytes(_)) => Kinds::BYTES,
        Expr::Literal(LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_)) => Kinds::NUMBER,
        Expr::Literal(LiteralValue::Null) => Kinds::NULL,
        Expr::Literal(LiteralValue::String(_)) => Kinds::TEXT,
        Expr::List(_) => Kinds::LIST,
        Expr::Map(_) => Kinds::MAP,
        _ => return None,
    })
}
