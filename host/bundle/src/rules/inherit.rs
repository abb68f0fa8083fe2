//! The rules of a bundle and of the bundles that it extends, after all overrides.

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Node, Value};

use super::rule_id;

/// What an override may change.
const CHANGEABLE: [&str; 4] = ["severity", "otherwise", "clause", "doc"];

/// A rule as it is written.
#[derive(Debug)]
pub(crate) struct Written {
    id: String,
    /// Of the id.
    at: At,
    /// With what overrides have put into it.
    node: Node,
    /// The bundle that is compiled declares or overrides it.
    is_own: bool,
}

impl Written {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn at(&self) -> At {
        self.at
    }

    pub fn node(&self) -> &Node {
        &self.node
    }

    pub(super) fn node_mut(&mut self) -> &mut Node {
        &mut self.node
    }

    /// Whether the rule is just as a bundle that is extended has it.
    pub fn is_inherited(&self) -> bool {
        !self.is_own
    }
}

/// Collects the rules of all layers, that of the bundle which extends nothing
/// first. A layer is the content of its files.
pub(crate) fn collect<'n>(layers: impl ExactSizeIterator<Item = &'n [Node]>, report: &mut Report) -> Vec<Written> {
    let mut sources: Vec<Written> = Vec::new();
    let last = layers.len().saturating_sub(1);
    for (layer, files) in layers.enumerate() {
        // Those of the bundles that this one extends; later ones are its own.
        let inherited = sources.len();
        let files: Vec<&[Node]> =
            files.iter().filter_map(|file| reader::list(file, "a file of rules", report)).collect();
        for item in files.into_iter().flatten() {
            if item.get("override").is_some() && item.get("id").is_none() {
                if let Some(source) = change(item, &mut sources, inherited, report) {
                    source.is_own = layer == last;
                }
            } else if let Some((id, at)) = declared(item, report) {
                if let Some((index, first)) = sources.iter().enumerate().find(|(_, source)| source.id == id) {
                    let is_inherited = index < inherited;
                    let draft = if is_inherited {
                        report.mistake(at, format!("the bundle that is extended has a rule `{id}`"))
                    } else {
                        report.mistake(at, format!("two rules have the id `{id}`"))
                    };
                    if is_inherited {
                        draft.hint(format!(
                            "change that one with `override: {id}` in place of `id`, put this one in its place with `replace: {id}`, or choose another id"
                        ));
                    }
                    draft.related(first.at, if is_inherited { "there" } else { "the first" });
                    continue;
                }
                sources.push(Written { id, at, node: item.clone(), is_own: layer == last });
            }
        }
    }
    sources
}

/// The id of a rule that is declared here.
fn declared(item: &Node, report: &mut Report) -> Option<(String, At)> {
    let mut members = Members::open(item, "a rule", report)?;
    if let Some((key, _)) = item.entry("override") {
        report
            .mistake(key.at, "a rule has an `id`, or it is an `override` of an inherited one")
            .hint("leave one of them out");
        return None;
    }
    let node = members.require("id", report)?;
    rule_id(node, report).map(|id| (id.to_owned(), node.at))
}

/// Puts what an override says into the rule that it names.
fn change<'s>(
    item: &Node,
    sources: &'s mut [Written],
    inherited: usize,
    report: &mut Report,
) -> Option<&'s mut Written> {
    let mut members = Members::open(item, "an override", report)?;
    let node = members.require("override", report)?;
    let changes: Vec<_> = CHANGEABLE.iter().filter_map(|name| members.get(name).map(|_| *name)).collect();
    let id = rule_id(node, report)?;
    let Some(index) = sources.iter().position(|source| source.id == id) else {
        let ids = sources.iter().take(inherited).map(|source| source.id.as_str());
        report
            .mistake(node.at, format!("no bundle that is extended has a rule `{id}`"))
            .maybe_hint(did_you_mean(id, ids))
            .hint_if_none(
                "a rule of this bundle itself has an `id`; so has a rule of the engine that no bundle declares",
            );
        return None;
    };
    let source = sources.get_mut(index)?;
    if index >= inherited {
        report
            .mistake(node.at, format!("the rule `{id}` is this bundle's own"))
            .hint("change it where it is")
            .related(source.at, "here");
        return None;
    }
    let own = [
        "when",
        "variables",
        "forEach",
        "require",
        "exists",
        "ifMatch",
        "operations",
        "pointer",
        "header",
        "parameter",
        "onError",
        "stage",
        "ages",
    ];
    if let Some((key, _)) = own.iter().find_map(|name| item.entry(name)) {
        report
            .mistake(key.at, format!("an override cannot change `{}`", key.name))
            .hint(format!("put a whole rule in the place of the inherited one with `replace: {id}`"));
        return None;
    }
    members.finish(report);
    if changes.is_empty() {
        report
            .mistake(item.at, "the override changes nothing")
            .hint("it can give `severity`, `otherwise`, `clause` and `doc`");
        return None;
    }
    for name in changes {
        let Some((key, value)) = item.entry(name) else { continue };
        match source.node.get_mut(name) {
            // Title, status and detail one by one.
            Some(known)
                if name == "otherwise" && matches!((&known.value, &value.value), (Value::Map(_), Value::Map(_))) =>
            {
                for (key, value) in value.as_map().unwrap_or_default() {
                    known.set(key.clone(), value.clone());
                }
            }
            _ => source.node.set(key.clone(), value.clone()),
        }
    }
    Some(source)
}
