//! What stands at a place.

use std::ops::Range;

use super::complete::{Within, function_doc, part_doc, parts};
use super::expression::{self, MACROS, TextOf, Writing};
use super::names::{self, Kind as Names, Name};
use super::shape::Shape;
use super::spot::{self, Kind, Spot, Step};
use super::{Explanation, Scene, kind_of, word};
use crate::types::reference::NAMES;
use crate::types::{Lookup, Part, Surroundings};

/// What was found at a place.
pub(super) enum Thing {
    /// A member of a file.
    Member(String),
    /// A name of the bundle.
    Named(Name),
    /// A root of expressions, or a variable of a macro.
    Root {
        name: String,
        is: String,
        doc: String,
    },
    Function(String),
    Part(Part),
    /// A variable of the rule.
    Variable {
        name: String,
        is: String,
    },
}

pub(super) fn explanation(scene: &Scene<'_>, file: &str, text: &str, at: usize) -> Option<Explanation> {
    let (thing, about) = thing(scene, file, text, at)?;
    let markdown = match thing {
        Thing::Member(doc) => doc,
        Thing::Named(name) => match name.doc.is_empty() {
            true => format!("`{}`: {}", name.name, name.detail),
            false => format!("`{}`\n\n{}", name.name, name.doc),
        },
        Thing::Root { name, is, doc } => {
            let is = if is.is_empty() { String::new() } else { format!(": {is}") };
            format!("`{name}`{is}\n\n{doc}")
        }
        Thing::Function(name) => {
            let (calls, doc) = function_doc(&name);
            format!("```cel\n{}\n```\n\n{doc}", calls.replace("), ", ")\n"))
        }
        Thing::Part(part) => {
            let absent = match part.is_required {
                Some(true) => ", always there",
                Some(false) => ", may be absent",
                None => "",
            };
            format!("`{}`: {}{absent}\n\n{}", part.name, part.is, part_doc(&part))
        }
        Thing::Variable { name, is } => format!("`variables.{name}`: {is}"),
    };
    Some(Explanation { markdown: markdown.trim().to_owned(), about })
}

/// What stands at a place, and the bytes that name it.
pub(super) fn thing(scene: &Scene<'_>, file: &str, text: &str, at: usize) -> Option<(Thing, Range<usize>)> {
    let of_name = word(text, at, |c| c.is_ascii_alphanumeric() || c == '_');
    let of_value = word(text, at, |c| !c.is_whitespace() && !matches!(c, '"' | '\'' | ',' | '[' | ']' | '{' | '}'));
    // A place at the end of the word has all of it before.
    let spot = spot::find(text, of_value.end).filter(|_| !of_value.is_empty());
    if let Some(spot) = spot.filter(|spot| !is_in_expression(file, spot)) {
        return match &spot.kind {
            Kind::Scalar(before, behind) => {
                let name = format!("{}{}", before, behind);
                let kind = names::of_value(file, &spot.path)?;
                Some((Thing::Named(scene.name(kind, name.trim())?), of_value))
            }
            Kind::Name(_) => {
                let word = text.get(of_value.clone())?;
                let name = word.trim_end_matches(':');
                let about = of_value.start..of_value.start.saturating_add(name.len());
                member(scene, file, &spot, name).map(|thing| (thing, about))
            }
        };
    }
    let spot = spot::find(text, of_name.end).filter(|_| !of_name.is_empty())?;
    match &spot.kind {
        Kind::Scalar(before, behind) if is_in_expression(file, &spot) => {
            in_expression(scene, &spot, before, behind).map(|thing| (thing, of_name))
        }
        Kind::Name(_) => {
            let name = text.get(of_name.clone())?;
            member(scene, file, &spot, name).map(|thing| (thing, of_name))
        }
        Kind::Scalar(..) => None,
    }
}

fn is_in_expression(file: &str, spot: &Spot) -> bool {
    matches!(spot.kind, Kind::Scalar(..))
        && kind_of(file).is_some_and(|kind| Shape::at(kind, &spot.tree, &spot.path).is_expression())
}

fn member(scene: &Scene<'_>, file: &str, spot: &Spot, name: &str) -> Option<Thing> {
    let mut path = spot.path.clone();
    if let Some(kind) = names::of_members(file, &path)
        && let Some(found) = scene.name(kind, name)
    {
        return Some(Thing::Named(found));
    }
    // `- name` in a list of texts looks like a member.
    if let Some(kind) = names::of_value(file, &path) {
        return scene.name(kind, name).map(Thing::Named);
    }
    path.push(Step::Member(name.to_owned()));
    let shape = Shape::at(kind_of(file)?, &spot.tree, &path);
    let mut doc = format!("`{name}`\n\n{}", shape.doc()?);
    let values: Vec<String> = shape.values().iter().map(|value| format!("`{value}`")).collect();
    if !values.is_empty() {
        doc += &format!("\n\none of {}", values.join(", "));
    }
    if let Some(default) = shape.default() {
        doc += &format!("\n\ndefault `{default}`");
    }
    Some(Thing::Member(doc))
}

fn in_expression(scene: &Scene<'_>, spot: &Spot, before: &str, behind: &str) -> Option<Thing> {
    let within = Within::of(scene, spot);
    let surroundings = Surroundings { policy: scene.policy, api: scene.api, operations: &within.operations };
    let mut lookup = Lookup::new(within.rule, within.variable, &surroundings);
    let place = expression::place(before);
    for bound in &place.bound {
        lookup.bind(&bound.name, &bound.range);
    }
    let is_called = behind.starts_with('(');
    match place.writing {
        Writing::Root(name) if is_called && !name.is_empty() => {
            scene.name(Names::Function, &name).map(Thing::Named).or_else(|| called(&name))
        }
        Writing::Root(name) => {
            if place.bound.iter().any(|bound| bound.name == name) {
                let is = lookup.is(&name);
                return Some(Thing::Root { is, name, doc: "a variable of the macro around it".to_owned() });
            }
            if let Some(fact) = scene.name(Names::Fact, &name) {
                return Some(Thing::Named(fact));
            }
            let known = NAMES.iter().find(|known| known.name == name)?;
            Some(Thing::Root { name, is: known.is.to_owned(), doc: format!("absent: {}", known.absent) })
        }
        Writing::Member { name, .. } if is_called => called(&name),
        Writing::Member { of, name } if of == "variables" => {
            let is = lookup.is(&format!("variables.{name}"));
            Some(Thing::Variable { name, is })
        }
        Writing::Member { of, name } => {
            // `optional.of` is no member of anything.
            let whole = format!("{of}.{name}");
            if solgate_engine::cel_env::is_namespace(&of) {
                return called(&whole);
            }
            part(scene, &mut lookup, &of, &name, &place.bound)
        }
        Writing::Text { of: TextOf::List, .. } => within_quotes(scene, Names::List, before, behind),
        Writing::Text { of: TextOf::Window, .. } => within_quotes(scene, Names::Window, before, behind),
        Writing::Text { of: TextOf::MemberOf(of), text } => part(scene, &mut lookup, &of, &text, &place.bound),
        Writing::Text { of: TextOf::ComparedWith(of), text } if of == "operation" => {
            scene.name(Names::Operation, &text).map(Thing::Named)
        }
        Writing::Text { .. } | Writing::Other => None,
    }
}

fn part(
    scene: &Scene<'_>,
    lookup: &mut Lookup<'_, '_>,
    of: &str,
    name: &str,
    bound: &[expression::Bound],
) -> Option<Thing> {
    parts(scene, lookup, of, bound).into_iter().find(|part| part.name == name).map(Thing::Part)
}

fn called(name: &str) -> Option<Thing> {
    if let Some((name, gives)) = MACROS.iter().find(|(known, _)| *known == name) {
        let doc = format!("```cel\nLIST.{name}(item, ...)\n```\n\n{gives}");
        return Some(Thing::Member(doc));
    }
    if name == "has" {
        return Some(Thing::Member("```cel\nhas(OBJECT.MEMBER)\n```\n\nwhether there is such a member".to_owned()));
    }
    crate::types::functions::named(name).next().map(|_| Thing::Function(name.to_owned()))
}

fn within_quotes(scene: &Scene<'_>, kind: Names, before: &str, behind: &str) -> Option<Thing> {
    let start = before.rfind(['\'', '"']).map_or(0, |at| at.saturating_add(1));
    let end = behind.find(['\'', '"']).unwrap_or(behind.len());
    let name = format!("{}{}", before.get(start..)?, behind.get(..end)?);
    scene.name(kind, &name).map(Thing::Named)
}
