//! One bundle of those that make up a policy, as it was read.

use solgate_document::yaml::Node;

use crate::files::Home;

/// One bundle of the chain, its files parsed.
pub(crate) struct Layer {
    pub home: Home,
    pub policy: Option<Node>,
    pub openapi: Option<Node>,
    pub dialects: Vec<Dialect>,
    pub rules: Vec<Node>,
    /// None of the files of rules is broken.
    pub all_rules_read: bool,
    /// Other bundles import it: it has no API of its own.
    pub is_library: bool,
}

/// An OpenAPI document that holds while an option is on.
pub(crate) struct Dialect {
    /// The name of its file, without the extension.
    pub option: String,
    pub document: Node,
}
