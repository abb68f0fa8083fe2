//! Where something is defined.

use solgate_document::yaml::Node;

use super::explain::{Thing, thing};
use super::spot::{self, Kind, Step};
use super::{Definition, Scene, kind_of};
use crate::schemas::FileKind;

pub(super) fn definition(scene: &Scene<'_>, file: &str, text: &str, at: usize) -> Option<Definition> {
    let (thing, _) = thing(scene, file, text, at)?;
    match thing {
        Thing::Named(name) => name.at.map(|at| scene.place(at)),
        Thing::Part(part) => part.at.map(|at| scene.place(at)),
        Thing::Variable { name, .. } => variable(file, text, at, &name),
        Thing::Member(_) | Thing::Root { .. } | Thing::Function(_) => None,
    }
}

/// A variable of the rule at the place, in the text as it is now.
fn variable(file: &str, text: &str, at: usize, name: &str) -> Option<Definition> {
    if kind_of(file) != Some(FileKind::Rules) {
        return None;
    }
    let spot = spot::find(text, at)?;
    let Some(Step::Item(index)) = spot.path.first() else { return None };
    matches!(spot.kind, Kind::Scalar(..)).then_some(())?;
    let mut report = solgate_document::diagnostic::Report::default();
    let id = report.sources.add(file, text);
    let tree = solgate_document::yaml::parse(id, &mut report)?;
    let rule = tree.as_list()?.get(*index)?;
    let (key, _) = rule.get("variables").and_then(|variables: &Node| variables.entry(name))?;
    Some(Definition { file: file.to_owned(), text: text.to_owned(), bytes: key.at.start..key.at.end })
}
