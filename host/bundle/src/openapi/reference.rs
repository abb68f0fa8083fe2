//! `$ref` within openapi.yaml.

use solgate_document::diagnostic::Report;
use solgate_document::pointer::steps;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::Node;

/// Most references that lead from one to the next.
const MAX_STEPS: usize = 32;

/// The node itself, or what its `$ref` leads to. A reference that leads nowhere
/// is reported.
pub(super) fn resolve<'n>(root: &'n Node, node: &'n Node, report: &mut Report) -> Option<&'n Node> {
    let mut current = node;
    for _ in 0..MAX_STEPS {
        match current.get("$ref") {
            None => return Some(current),
            Some(reference) => current = target(root, reference, "", report)?,
        }
    }
    report.mistake(node.at, "this `$ref` leads back to itself");
    None
}

/// Silently: where the same reference has been reported elsewhere.
pub(super) fn follow<'n>(root: &'n Node, reference: &Node) -> Option<&'n Node> {
    let pointer = reference.text.strip_prefix("#/")?;
    root.follow(steps(pointer))
}

/// What a `$ref` leads to, which must lie below `within` ("" for anywhere).
pub(super) fn target<'n>(root: &'n Node, reference: &Node, within: &str, report: &mut Report) -> Option<&'n Node> {
    let Some(text) = reference.as_str() else {
        report.mistake(reference.at, format!("`$ref` is text, but here is {}", reference.kind()));
        return None;
    };
    let Some(pointer) = text.strip_prefix("#/") else {
        report.mistake(reference.at, format!("`{text}` leads out of openapi.yaml")).hint(
            "a bundle is complete in itself: copy the definition below `components`, and write #/components/...; \
                 `solgate import` does so for published documents",
        );
        return None;
    };
    let Some(found) = root.follow(steps(pointer)) else {
        let (parent, last) = text.rsplit_once('/').unwrap_or(("", text));
        let siblings = parent
            .strip_prefix("#/")
            .and_then(|parent| root.follow(steps(parent)))
            .and_then(Node::as_map)
            .unwrap_or_default();
        report
            .mistake(reference.at, format!("`{text}` leads nowhere"))
            .maybe_hint(did_you_mean(last, siblings.iter().map(|(key, _)| key.name.as_str())));
        return None;
    };
    if !text.starts_with(within) {
        report.mistake(reference.at, format!("`{text}` does not lead to `{within}`")).hint("move the definition there");
        return None;
    }
    Some(found)
}
