//! Whether a schema means what it says: members that it requires and does not have, and
//! values that no request can send. Used by `solgate lint` and by the importer, which
//! follow a `$ref` each in their own way.

mod impossible;
mod members;

use solgate_document::yaml::Node;

pub use impossible::{Fault, fault};
pub use members::{Members, dead_branches, undeclared};

/// What a `$ref`, given as the node of its text, leads to.
pub type Follow<'a, 'n> = &'a dyn Fn(&'n Node) -> Option<&'n Node>;

/// Deepest chain of schemas that hold beside each other.
const MAX_DEPTH: usize = 16;

/// The schema itself, and all that hold beside it in any case: through `$ref` and `allOf`.
fn beside<'n>(schema: &'n Node, follow: Follow<'_, 'n>) -> Vec<&'n Node> {
    let mut found = Vec::new();
    collect(schema, follow, 0, &mut found);
    found
}

fn collect<'n>(schema: &'n Node, follow: Follow<'_, 'n>, depth: usize, found: &mut Vec<&'n Node>) {
    if depth > MAX_DEPTH || found.iter().any(|known| std::ptr::eq(*known, schema)) {
        return;
    }
    found.push(schema);
    let target = schema.get("$ref").and_then(follow);
    let all = schema.get("allOf").and_then(Node::as_list).unwrap_or_default();
    for other in target.into_iter().chain(all) {
        collect(other, follow, depth.saturating_add(1), found);
    }
}

/// The schemas of a list keyword.
fn branches<'n>(schema: &'n Node, keyword: &str) -> &'n [Node] {
    schema.get(keyword).and_then(Node::as_list).unwrap_or_default()
}
