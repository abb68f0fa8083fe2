//! Schemas that say what their author can hardly have meant: members that are required and
//! described nowhere, and values that no request can send.

use std::collections::BTreeSet;

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::suggest::nearest;
use solgate_document::yaml::{Node, Value};

use super::{Api, reference};
use crate::sound::{Fault, Members, dead_branches, fault, undeclared};

/// Warns of what is suspicious in any schema of the document.
pub(super) fn check_all(api: &Api<'_>, report: &mut Report) {
    let mut walk = Walk { root: api.root, seen: BTreeSet::new(), told: BTreeSet::new(), report };
    for schema in api.schemas.values() {
        walk.schema(schema, None, true);
    }
}

struct Walk<'n, 'r> {
    root: &'n Node,
    seen: BTreeSet<At>,
    told: BTreeSet<At>,
    report: &'r mut Report,
}

impl<'n> Walk<'n, '_> {
    /// `around` describes the same object; `holds` if the schema is no alternative.
    fn schema(&mut self, schema: &'n Node, around: Option<&Members<'n>>, holds: bool) {
        let Value::Map(keywords) = &schema.value else { return };
        if !self.seen.insert(schema.at) {
            return;
        }
        let root = self.root;
        let follow = move |node: &'n Node| reference::follow(root, node);
        let members = Members::of(schema, around, &follow);
        if holds {
            for name in undeclared(schema, &members) {
                let names: Vec<&str> = members.names.iter().copied().collect();
                let meant = nearest(&name.text, &names).map(|meant| format!("did you mean `{meant}`?"));
                self.report
                    .warning(name.at, format!("`{}` is required, and no such member is described", name.text))
                    .maybe_hint(meant)
                    .hint_if_none("describe it below `properties`, or do not require it");
            }
        }
        if let Some(Fault { at, message }) = fault(schema, &follow)
            && self.told.insert(at)
        {
            let draft = self.report.warning(at, format!("{message}: no request passes this schema"));
            if schema.get("$ref").is_some() {
                draft.hint("beside `$ref`, a keyword holds as well; before OpenAPI 3.1 it said nothing");
            } else {
                draft.hint("change one of the keywords that exclude each other");
            }
        }
        for (key, node) in keywords {
            match key.name.as_str() {
                "anyOf" | "oneOf" => {
                    let (all, dead) = dead_branches(schema, &key.name, &members, &follow);
                    if all > 0 && all == dead {
                        self.report
                            .warning(
                                key.at,
                                format!("each alternative of `{}` requires a member that is not described", key.name),
                            )
                            .hint("put the alternatives beside the `properties` that they name");
                    }
                    self.list(node, Some(&members), false);
                }
                "allOf" => self.list(node, Some(&members), holds),
                "then" | "else" => self.schema(node, Some(&members), false),
                "discriminator" => {
                    self.report
                        .warning(key.at, "`discriminator` decides nothing: the schemas alone say which of them holds")
                        .hint("remove it; a `const` in each alternative tells them apart");
                }
                "properties" | "patternProperties" => {
                    for (_, node) in node.as_map().unwrap_or_default() {
                        self.schema(node, None, true);
                    }
                }
                "dependentSchemas" => {
                    for (_, node) in node.as_map().unwrap_or_default() {
                        self.schema(node, Some(&members), false);
                    }
                }
                "prefixItems" => self.list(node, None, true),
                "items" | "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems" | "contains" => {
                    self.schema(node, None, true);
                }
                // Nothing is asked for in `not` and `if`.
                _ => {}
            }
        }
    }

    fn list(&mut self, node: &'n Node, around: Option<&Members<'n>>, holds: bool) {
        for schema in node.as_list().unwrap_or_default() {
            self.schema(schema, around, holds);
        }
    }
}
