//! What can stand at a place.

use std::ops::Range;

use solgate_document::yaml::Node;

use super::expression::{self, MACROS, TextOf, Writing};
use super::names::{self, Kind as Names, Name};
use super::shape::Shape;
use super::spot::{self, Kind, Spot, Step};
use super::{Proposal, ProposalKind, Scene, kind_of, word};
use crate::openapi::Op;
use crate::types::functions::{Signature, function_named, signatures};
use crate::types::reference::NAMES;
use crate::types::{Lookup, Part, Surroundings};
use crate::variables::CALLER;

pub(super) fn proposals(scene: &Scene<'_>, file: &str, text: &str, at: usize) -> Vec<Proposal> {
    let Some(spot) = spot::find(text, at) else { return Vec::new() };
    match &spot.kind {
        Kind::Name(before) => {
            let found = members(scene, file, &spot, text, at);
            // `- ter` in a list of texts looks like a name.
            if found.is_empty() && matches!(spot.path.last(), Some(Step::Item(_))) {
                return values(scene, file, &spot, before, at);
            }
            found
        }
        Kind::Scalar(before, _) => {
            let is_expression =
                kind_of(file).is_some_and(|kind| Shape::at(kind, &spot.tree, &spot.path).is_expression());
            match is_expression {
                true => in_expression(scene, &spot, before, at),
                false => values(scene, file, &spot, before, at),
            }
        }
    }
}

/// The word before the place, which a proposal stands in for.
fn replaced(before: &str, at: usize, is_part: impl Fn(char) -> bool) -> Range<usize> {
    let length = before.len().saturating_sub(before.trim_end_matches(is_part).len());
    at.saturating_sub(length)..at
}

fn members(scene: &Scene<'_>, file: &str, spot: &Spot, text: &str, at: usize) -> Vec<Proposal> {
    let replaces = word(text, at, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
    let has_colon = text.get(replaces.end..).is_some_and(|rest| rest.trim_start_matches(' ').starts_with(':'));
    let parent = spot.value(spot.path.len());
    let is_new = |name: &str| parent.is_none_or(|parent| parent.get(name).is_none());
    let mut found = Vec::new();
    if let Some(kind) = kind_of(file) {
        for member in Shape::at(kind, &spot.tree, &spot.path).members() {
            if is_new(member.name) {
                let end = if has_colon {
                    ""
                } else if member.is_nested {
                    ":"
                } else {
                    ": "
                };
                found.push(Proposal {
                    label: member.name.to_owned(),
                    kind: ProposalKind::Member,
                    detail: String::new(),
                    doc: member.doc.unwrap_or_default().to_owned(),
                    insert: format!("{}{end}", member.name),
                    replaces: replaces.clone(),
                });
            }
        }
    }
    if let Some(kind) = names::of_members(file, &spot.path) {
        let end = if has_colon { "" } else { ": " };
        for name in scene.names(kind, Some(&spot.tree)).into_iter().filter(|name| is_new(&name.name)) {
            let insert = format!("{}{end}", name.name);
            found.push(Proposal { insert, ..named(name, replaces.clone()) });
        }
    }
    found
}

fn values(scene: &Scene<'_>, file: &str, spot: &Spot, before: &str, at: usize) -> Vec<Proposal> {
    let replaces = replaced(before, at, |c: char| !c.is_whitespace());
    if let Some(kind) = names::of_value(file, &spot.path) {
        return scene.names(kind, Some(&spot.tree)).into_iter().map(|name| named(name, replaces.clone())).collect();
    }
    let Some(kind) = kind_of(file) else { return Vec::new() };
    let shape = Shape::at(kind, &spot.tree, &spot.path);
    let default = shape.default().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let value = |value: String| Proposal {
        detail: if default.as_ref() == Some(&value) { "default".to_owned() } else { String::new() },
        doc: shape.doc().unwrap_or_default().to_owned(),
        kind: ProposalKind::Value,
        insert: value.clone(),
        label: value,
        replaces: replaces.clone(),
    };
    shape.values().into_iter().map(value).collect()
}

fn named(name: Name, replaces: Range<usize>) -> Proposal {
    Proposal {
        label: name.name.clone(),
        kind: ProposalKind::Name,
        detail: name.detail,
        doc: name.doc,
        insert: name.name,
        replaces,
    }
}

/// A rule's expression at a place.
pub(super) struct Within<'k> {
    pub rule: Option<&'k Node>,
    pub operations: Vec<&'k Op<'k>>,
    /// The variable of the rule whose expression it is.
    pub variable: Option<&'k str>,
    /// It comes after `forEach`.
    pub has_item: bool,
}

impl<'k> Within<'k> {
    pub fn of(scene: &Scene<'k>, spot: &'k Spot) -> Self {
        let rule = spot.value(1);
        let member = |at: usize| match spot.path.get(at) {
            Some(Step::Member(name)) => Some(name.as_str()),
            _ => None,
        };
        let variable = member(2).filter(|_| member(1) == Some("variables"));
        let has_item = rule.is_some_and(|rule| rule.get("forEach").is_some())
            && !matches!(member(1), Some("variables" | "when" | "forEach"));
        Self { rule, operations: scene.operations(rule), variable, has_item }
    }
}

fn in_expression(scene: &Scene<'_>, spot: &Spot, before: &str, at: usize) -> Vec<Proposal> {
    let within = Within::of(scene, spot);
    let surroundings = Surroundings { policy: scene.policy, api: scene.api, operations: &within.operations };
    let mut lookup = Lookup::new(within.rule, within.variable, &surroundings);
    let place = expression::place(before);
    for bound in &place.bound {
        lookup.bind(&bound.name, &bound.range);
    }
    match &place.writing {
        Writing::Root(name) => {
            let replaces = replaced(name, at, |_| true);
            let mut found: Vec<Proposal> = place
                .bound
                .iter()
                .rev()
                .map(|bound| root(&bound.name, &lookup.is(&bound.name), String::new(), &replaces))
                .collect();
            found.extend(roots(scene, &within, &replaces));
            found
        }
        Writing::Member { of, name } => {
            let replaces = replaced(name, at, |_| true);
            let mut found: Vec<Proposal> =
                parts(scene, &mut lookup, of, &place.bound).into_iter().map(|part| field(part, &replaces)).collect();
            found.extend(once(lookup.methods(of)).into_iter().map(|name| function(name, &replaces)));
            if lookup.has_items(of) {
                let made = |(name, gives): (&str, &str)| Proposal {
                    label: name.to_owned(),
                    kind: ProposalKind::Function,
                    detail: format!("LIST.{name}(item, ...)"),
                    doc: gives.to_owned(),
                    insert: name.to_owned(),
                    replaces: replaces.clone(),
                };
                found.extend(MACROS.into_iter().map(made));
            }
            found
        }
        Writing::Text { of, text } => {
            let replaces = replaced(text, at, |_| true);
            match of {
                TextOf::List => all(scene, Names::List, &replaces),
                TextOf::Window => all(scene, Names::Window, &replaces),
                TextOf::MemberOf(of) => {
                    parts(scene, &mut lookup, of, &place.bound).into_iter().map(|part| field(part, &replaces)).collect()
                }
                TextOf::ComparedWith(of) => {
                    let text = |text: String| Proposal {
                        label: text.clone(),
                        kind: ProposalKind::Value,
                        detail: format!("a value of {of}"),
                        doc: String::new(),
                        insert: text,
                        replaces: replaces.clone(),
                    };
                    lookup.texts(of).into_iter().map(text).collect()
                }
                TextOf::Unknown => Vec::new(),
            }
        }
        Writing::Other => Vec::new(),
    }
}

fn all(scene: &Scene<'_>, kind: Names, replaces: &Range<usize>) -> Vec<Proposal> {
    scene.names(kind, None).into_iter().map(|name| named(name, replaces.clone())).collect()
}

fn roots(scene: &Scene<'_>, within: &Within<'_>, replaces: &Range<usize>) -> Vec<Proposal> {
    let has_variables =
        !scene.policy.shared.is_empty() || within.rule.is_some_and(|rule| rule.get("variables").is_some());
    let is_known = |name: &str| match name {
        "item" | "index" => within.has_item,
        "variables" => has_variables,
        "data" => !scene.policy.data.is_empty(),
        _ => true,
    };
    let mut found: Vec<Proposal> = NAMES
        .iter()
        .filter(|known| is_known(known.name))
        .map(|known| root(known.name, "", format!("{}\n\nabsent: {}", known.is, known.absent), replaces))
        .collect();
    found.extend(
        scene.names(Names::Fact, None).into_iter().map(|name| root(&name.name, &name.detail, name.doc, replaces)),
    );
    let free = signatures().filter(|known| known.receiver.is_none()).collect();
    found.extend(once(free).into_iter().map(|name| function(name, replaces)));
    let ours = scene.names(Names::Function, None).into_iter();
    found.extend(ours.map(|name| Proposal { kind: ProposalKind::Function, ..named(name, replaces.clone()) }));
    found.push(Proposal {
        label: "has".to_owned(),
        kind: ProposalKind::Function,
        detail: "has(OBJECT.MEMBER)".to_owned(),
        doc: "whether there is such a member".to_owned(),
        insert: "has".to_owned(),
        replaces: replaces.clone(),
    });
    found
}

fn root(name: &str, detail: &str, doc: String, replaces: &Range<usize>) -> Proposal {
    Proposal {
        label: name.to_owned(),
        kind: ProposalKind::Root,
        detail: detail.to_owned(),
        doc,
        insert: name.to_owned(),
        replaces: replaces.clone(),
    }
}

fn field(part: Part, replaces: &Range<usize>) -> Proposal {
    let optional = if part.is_required == Some(false) { ", may be absent" } else { "" };
    Proposal {
        detail: format!("{}{optional}", part.is),
        doc: part_doc(&part),
        kind: ProposalKind::Field,
        insert: part.name.clone(),
        label: part.name,
        replaces: replaces.clone(),
    }
}

/// What is known of a member, in Markdown.
pub(super) fn part_doc(part: &Part) -> String {
    let mut doc = part.doc.clone().unwrap_or_default();
    if let Some(texts) = &part.texts {
        let texts: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
        let gap = if doc.is_empty() { "" } else { "\n\n" };
        doc += &format!("{gap}one of {}", texts.join(", "));
    }
    doc
}

/// The names of functions, each once.
fn once(signatures: Vec<&'static Signature>) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = signatures.iter().map(|known| known.name).collect();
    names.dedup();
    names
}

fn function(name: &'static str, replaces: &Range<usize>) -> Proposal {
    let (detail, doc) = function_doc(name);
    Proposal {
        label: name.to_owned(),
        kind: ProposalKind::Function,
        detail,
        doc,
        insert: name.to_owned(),
        replaces: replaces.clone(),
    }
}

/// The ways to call a function, and what it does, in Markdown.
pub(super) fn function_doc(name: &str) -> (String, String) {
    let calls: Vec<String> = crate::types::functions::named(name).map(Signature::shown).collect();
    let known = function_named(name);
    let doc = known.map_or_else(String::new, |function| {
        let mut doc = function.gives.to_owned();
        if let Some(fails) = function.fails {
            doc += &format!("\n\ncannot be evaluated for: {fails}");
        }
        if !function.example.is_empty() {
            doc += &format!("\n\n```cel\n{}\n```", function.example);
        }
        doc
    });
    (calls.join(", "), doc)
}

/// The members of a value. Of a fact, those that it declares; what a rule can read by name
/// of the request, as the operations have it.
pub(super) fn parts(
    scene: &Scene<'_>,
    lookup: &mut Lookup<'_, '_>,
    of: &str,
    bound: &[expression::Bound],
) -> Vec<Part> {
    let range = bound.iter().rev().find(|bound| bound.name == of).map_or(of, |bound| bound.range.as_str());
    let described = lookup.parts(of);
    let plain = |name: &str, is: &str| Part {
        name: name.to_owned(),
        is: is.to_owned(),
        doc: None,
        is_required: None,
        texts: None,
        at: None,
    };
    if let Some(fact) = scene.policy.fact(range) {
        if fact.def.list && range == of {
            return Vec::new();
        }
        let mut described = described;
        let part = |name: &String| match described.iter().position(|part| part.name == *name) {
            Some(index) => described.swap_remove(index),
            None => plain(name, "a member of the fact"),
        };
        return fact.def.members.iter().map(part).collect();
    }
    match of {
        "path" => {
            let mut names: Vec<&String> = scene.api.operations.iter().flat_map(|op| &op.path_variables).collect();
            names.extend(scene.policy.root_variables.iter().map(|variable| &variable.name));
            names.sort();
            names.dedup();
            names.into_iter().map(|name| plain(name, "text")).collect()
        }
        "query" => {
            let mut names: Vec<&String> =
                scene.api.operations.iter().flat_map(|op| &op.def.query).map(|parameter| &parameter.name).collect();
            names.sort();
            names.dedup();
            names.into_iter().map(|name| plain(name, "text")).collect()
        }
        "options" => {
            let options = scene.names(Names::Option, None).into_iter();
            options.map(|name| Part { doc: Some(name.doc), at: name.at, ..plain(&name.name, &name.detail) }).collect()
        }
        "caller" if described.is_empty() => CALLER.iter().map(|name| plain(name, "")).collect(),
        _ => described,
    }
}
