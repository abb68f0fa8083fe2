//! `x-ages`: which faults of a body are faults by a list that later versions of an
//! API add to. They deny only where the list of the request's version is known.

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value;

use super::trace::{Trace, resolve};

const X_AGES: &str = "x-ages";

/// Keywords that list what there is. They age where a schema has no `x-ages`.
const AGEING: &[&str] = &[
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "not",
    "dependentRequired",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
];

/// Whether a keyword of the node at the end of a trace ages.
pub(super) fn ages(trace: &Trace<'_>, keyword: &str) -> bool {
    let own = trace.last().and_then(|step| step.node.get(X_AGES));
    own.map_or_else(|| AGEING.contains(&keyword), |own| names(own, keyword))
}

/// Whether a later version may do without a member: its own schema says so, else
/// the object's.
pub(super) fn ages_missing(root: &Value, trace: &Trace<'_>, property: &str) -> bool {
    let own = trace.innermost().any(|step| {
        let mut schema = step.node.get("properties").and_then(|properties| properties.get(property));
        // A member's schema may be a chain of references.
        for _ in 0..8 {
            let Some(node) = schema else { break };
            if node.get(X_AGES).is_some_and(|own| names(own, "required")) {
                return true;
            }
            schema = node.get("$ref").and_then(Value::as_str).and_then(|target| resolve(root, target));
        }
        false
    });
    own || ages(trace, "required")
}

/// The keywords that `x-ages` names.
fn names(own: &Value, keyword: &str) -> bool {
    own.as_array().is_some_and(|names| names.iter().any(|name| name == keyword))
}

/// Whether a value is of a right kind, and only none of those that are listed: a
/// text where numbers are listed is wrong in every version, and so is a value that
/// each alternative refuses for its type.
pub(super) fn is_of_list(error: &ValidationError<'_>) -> bool {
    let is_like = |known: &Value| std::mem::discriminant(known) == std::mem::discriminant(error.instance().as_ref());
    match error.kind() {
        Kind::Enum { options } => options.as_array().is_some_and(|options| options.iter().any(is_like)),
        Kind::Constant { expected_value } => is_like(expected_value),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            context.iter().any(|branch| branch.iter().all(is_of_list))
        }
        Kind::Required { .. }
        | Kind::OneOfMultipleValid { .. }
        | Kind::Not { .. }
        | Kind::AdditionalProperties { .. }
        | Kind::UnevaluatedProperties { .. }
        | Kind::PropertyNames { .. }
        | Kind::FalseSchema => true,
        _ => false,
    }
}
