//! What values are called in messages.

use cel::IdedExpr;
use cel::common::ast::{Expr, operators};
use solgate_document::suggest::did_you_mean;

use super::value::Value;
use crate::expression::literal;

/// What a node is called in a message.
pub(super) fn what(node: &IdedExpr, value: &Value<'_>) -> String {
    match chain(node) {
        Some(chain) => format!("`{chain}`"),
        None => match (literal(node), value.kinds) {
            (Some(text), _) if text.chars().count() <= 40 => format!("'{text}'"),
            _ => "this".to_owned(),
        },
    }
}

/// The same, with its kind.
pub(super) fn with_kind(node: &IdedExpr, value: &Value<'_>) -> String {
    let kind = value.kinds.name();
    match what(node, value) {
        what if what == "this" => kind,
        what => format!("{what} ({kind})"),
    }
}

/// A short chain of members, as it is written.
pub(crate) fn chain(node: &IdedExpr) -> Option<String> {
    let text = match &node.expr {
        Expr::Ident(name) if !name.starts_with('@') => name.clone(),
        Expr::Select(select) if !select.test => format!("{}.{}", chain(&select.operand)?, select.field),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::OPT_SELECT, [of, name]) => format!("{}.?{}", chain(of)?, literal(name)?),
            (operators::INDEX, [of, name]) => match literal(name) {
                Some(name) => format!("{}['{name}']", chain(of)?),
                None => format!("{}[...]", chain(of)?),
            },
            _ => return None,
        },
        _ => return None,
    };
    (text.chars().count() <= 60).then_some(text)
}

/// The known text that is nearest to one that is not among them.
pub(super) fn meant(text: &str, known: &[String]) -> Option<String> {
    did_you_mean(text, known.iter().map(String::as_str))
}
