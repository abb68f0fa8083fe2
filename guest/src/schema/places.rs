//! What a schema declares for each value of a body, so that a body can be walked
//! beside it.
//!
//! A place stands for all schema nodes that may apply to a value, whatever the
//! alternatives around them say: references, alternatives and conditions are followed
//! when the schema is compiled. The walk of a body then looks each name up once, and
//! leaves out what the schema leaves free.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::Value;

use super::{releases::is_limited, trace::resolve};
use crate::json::alike;

/// Most places of a schema. Each is a set of nodes, so that a schema with alternatives
/// that refer to one another could have very many.
const MOST_PLACES: usize = 4096;
/// Most patterns of names in one place that are told apart; of more, all apply to
/// every name.
const MOST_PATTERNS: usize = 4;

/// A schema has more than [`MOST_PLACES`].
#[derive(Debug)]
pub(super) struct TooMany;

/// The places of a schema; the first is that of the body as a whole.
pub(super) struct Places(Vec<Place>);

/// What is declared for a value. `None`: nothing.
pub(super) type Below<'p> = Option<&'p Place>;
type Index = Option<usize>;

/// What a schema says about the values of one place.
pub(super) struct Place {
    /// Names of members: shorter ones first.
    declared: Vec<(Box<str>, Index)>,
    patterns: Vec<Pattern>,
    /// Of members that are not declared: by the patterns that a name matches, with
    /// one bit for each.
    others: Vec<Index>,
    first_items: Vec<Index>,
    items: Index,
    /// It may be an integer or a number.
    pub number: bool,
    /// Names are declared here or further down.
    pub names: bool,
    /// The [`shape`] of each declared name, one bit for each.
    shapes: u64,
    /// All declared names are ASCII.
    ascii: bool,
    /// Names that some versions of the API have beside a declared one in another case.
    twins: Vec<Box<str>>,
}

/// None stands for a pattern that only the schema's own compiler understands: every
/// name may match it.
struct Pattern(Option<Regex>);

impl Pattern {
    fn matches(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|pattern| pattern.is_match(name))
    }
}

/// A member as its place sees it.
pub(super) struct Member<'p> {
    pub below: Below<'p>,
    /// The declared name that it has in another case.
    pub declared_as: Option<&'p str>,
}

impl Places {
    pub(super) fn of(schema: &Value) -> Result<Self, TooMany> {
        let mut builder = Builder::default();
        builder.place(schema, [schema])?;
        // Making one may find others.
        while let Some(nodes) = builder.sets.get(builder.places.len()).cloned() {
            let place = builder.expand(schema, &nodes)?;
            builder.places.push(place);
        }
        let mut places = Self(builder.places);
        places.mark_names();
        Ok(places)
    }

    pub(super) fn root(&self) -> Below<'_> {
        self.0.first()
    }

    fn get(&self, index: Index) -> Below<'_> {
        self.0.get(index?)
    }

    /// A member of an object at a place.
    pub(super) fn member<'p>(&'p self, place: &'p Place, name: &str) -> Member<'p> {
        if let Ok(at) = place.declared.binary_search_by(|(known, _)| order(known, name)) {
            let below = place.declared.get(at).and_then(|(_, index)| self.get(*index));
            return Member { below, declared_as: None };
        }
        let mut matched = 0_usize;
        for (bit, pattern) in (0..).zip(&place.patterns) {
            matched |= usize::from(pattern.matches(name)).wrapping_shl(bit);
        }
        let others = if place.others.len() > 1 { place.others.get(matched) } else { place.others.first() };
        // What matches a pattern is declared in this case.
        let declared_as = if matched == 0 { place.in_another_case(name) } else { None };
        Member { below: others.and_then(|index| self.get(*index)), declared_as }
    }

    /// An item of an array at a place.
    pub(super) fn item<'p>(&'p self, place: &'p Place, index: usize) -> Below<'p> {
        self.get(*place.first_items.get(index).unwrap_or(&place.items))
    }

    /// Says of each place whether there are names in it or below.
    fn mark_names(&mut self) {
        loop {
            let marked: Vec<bool> = self.0.iter().map(|place| place.names).collect();
            let mut changed = false;
            for place in self.0.iter_mut().filter(|place| !place.names) {
                let below = place.below().any(|index| marked.get(index) == Some(&true));
                place.names = below;
                changed |= below;
            }
            if !changed {
                return;
            }
        }
    }
}

impl Place {
    fn in_another_case(&self, name: &str) -> Option<&str> {
        let mut declared = self.declared.iter().map(|(known, _)| &**known);
        if !self.ascii || !name.is_ascii() {
            return declared.find(|known| alike(known, name));
        }
        if self.shapes & shape(name) == 0 || self.twins.iter().any(|twin| **twin == *name) {
            return None;
        }
        declared.find(|known| known.eq_ignore_ascii_case(name))
    }

    fn below(&self) -> impl Iterator<Item = usize> {
        let members = self.declared.iter().map(|(_, index)| index).chain(&self.others);
        members.chain(&self.first_items).chain([&self.items]).filter_map(|index| *index)
    }
}

/// Cheaper than the order of texts, as most names differ in length.
fn order(left: &str, right: &str) -> std::cmp::Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// A bit that is the same for names of ASCII that differ in case only.
fn shape(name: &str) -> u64 {
    let first = name.bytes().next().map_or(0, |byte| u32::from(byte | 0x20));
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    1_u64.wrapping_shl(length.wrapping_mul(7).wrapping_add(first))
}

/// Sets of schema nodes become places.
#[derive(Default)]
struct Builder<'s> {
    /// The nodes met so far, and which each of them is, by its address.
    nodes: Vec<&'s Value>,
    numbers: BTreeMap<usize, usize>,
    /// The nodes of each place, in the order in which the places are met.
    sets: Vec<Vec<usize>>,
    known: BTreeMap<Vec<usize>, usize>,
    places: Vec<Place>,
}

impl<'s> Builder<'s> {
    /// The place of values to which these nodes apply, and those that they refer to.
    fn place(&mut self, root: &'s Value, nodes: impl IntoIterator<Item = &'s Value>) -> Result<Index, TooMany> {
        let mut open: Vec<&Value> = nodes.into_iter().collect();
        let mut set = BTreeSet::new();
        let mut met = BTreeSet::new();
        while let Some(node) = open.pop() {
            let number = self.number(node);
            if !met.insert(number) {
                continue;
            }
            if speaks(node) {
                set.insert(number);
            }
            open.extend(node.get("$ref").and_then(Value::as_str).and_then(|target| resolve(root, target)));
            for keyword in ["allOf", "anyOf", "oneOf"] {
                open.extend(node.get(keyword).and_then(Value::as_array).into_iter().flatten());
            }
            for keyword in ["if", "then", "else"] {
                open.extend(node.get(keyword));
            }
        }
        if set.is_empty() && !self.sets.is_empty() {
            return Ok(None);
        }
        let set: Vec<usize> = set.into_iter().collect();
        if let Some(index) = self.known.get(&set) {
            return Ok(Some(*index));
        }
        let index = self.sets.len();
        if index == MOST_PLACES {
            return Err(TooMany);
        }
        self.known.insert(set.clone(), index);
        self.sets.push(set);
        Ok(Some(index))
    }

    fn number(&mut self, node: &'s Value) -> usize {
        let next = self.nodes.len();
        let number = *self.numbers.entry(std::ptr::from_ref(node).addr()).or_insert(next);
        if number == next {
            self.nodes.push(node);
        }
        number
    }

    fn expand(&mut self, root: &'s Value, set: &[usize]) -> Result<Place, TooMany> {
        let nodes: Vec<&'s Value> = set.iter().filter_map(|number| self.nodes.get(*number).copied()).collect();
        let under = |keyword: &'static str| nodes.iter().filter_map(move |node| node.get(keyword)?.as_object());
        // A member that not all versions of the API have is as one that is not declared.
        let (limited, declared): (Vec<_>, Vec<_>) =
            under("properties").flatten().partition(|(_, member)| is_limited(member));
        let names: BTreeSet<&'s str> = declared.into_iter().map(|(name, _)| name.as_str()).collect();
        let twins = limited.into_iter().map(|(name, _)| name.as_str());
        let twins = twins.filter(|twin| names.iter().any(|name| name.eq_ignore_ascii_case(twin) && name != twin));
        let sources: BTreeSet<&'s str> = under("patternProperties").flatten().map(|(name, _)| name.as_str()).collect();
        let patterns: Vec<(&'s str, Pattern)> =
            sources.into_iter().map(|source| (source, Pattern(Regex::new(source).ok()))).collect();
        let mut declared = Vec::new();
        for name in &names {
            let matching = patterns.iter().filter(|(_, pattern)| pattern.matches(name)).map(|(source, _)| *source);
            let below = members(&nodes, Some(name), &matching.collect());
            declared.push(((*name).into(), self.place(root, below)?));
        }
        declared.sort_unstable_by(|(left, _): &(Box<str>, _), (right, _)| order(left, right));
        let are_told_apart = patterns.len() <= MOST_PATTERNS;
        let combinations = patterns.iter().filter(|_| are_told_apart).fold(1_usize, |all, _| all.saturating_mul(2));
        let mut others = Vec::new();
        for matched in 0..combinations {
            let matching =
                (0..).zip(&patterns).filter(|(bit, _)| !are_told_apart || matched.wrapping_shr(*bit) & 1 == 1);
            let below = members(&nodes, None, &matching.map(|(_, (source, _))| *source).collect());
            others.push(self.place(root, below)?);
        }
        let most_first = nodes.iter().filter_map(|node| node.get("prefixItems")?.as_array().map(Vec::len)).max();
        let mut first_items = Vec::new();
        for at in 0..most_first.unwrap_or(0) {
            let items = nodes.iter().filter_map(|node| {
                node.get("prefixItems").and_then(|items| items.get(at)).or_else(|| node.get("items"))
            });
            first_items.push(self.place(root, items)?);
        }
        let items = self.place(root, nodes.iter().filter_map(|node| node.get("items")))?;
        Ok(Place {
            patterns: patterns.into_iter().map(|(_, pattern)| pattern).collect(),
            others,
            first_items,
            items,
            number: nodes.iter().any(|node| is_number(node)),
            names: !declared.is_empty(),
            shapes: names.iter().fold(0, |shapes, name| shapes | shape(name)),
            ascii: names.iter().all(|name| name.is_ascii()),
            twins: twins.map(Into::into).collect(),
            declared,
        })
    }
}

/// The nodes for a member of this name, or of one that is not declared, which matches
/// these patterns.
fn members<'s>(nodes: &[&'s Value], name: Option<&str>, matching: &BTreeSet<&str>) -> Vec<&'s Value> {
    let mut found = Vec::new();
    for node in nodes {
        let before = found.len();
        found.extend(name.and_then(|name| node.get("properties")?.get(name)).filter(|member| !is_limited(member)));
        let patterns = node.get("patternProperties").and_then(Value::as_object);
        let matched = patterns.into_iter().flatten().filter(|(source, _)| matching.contains(source.as_str()));
        found.extend(matched.map(|(_, schema)| schema));
        if found.len() == before {
            found.extend(node.get("additionalProperties"));
        }
    }
    found
}

/// Whether a node says anything that a place holds, apart from what it refers to.
fn speaks(node: &Value) -> bool {
    const KEYWORDS: [&str; 5] = ["properties", "patternProperties", "additionalProperties", "items", "prefixItems"];
    is_number(node) || KEYWORDS.iter().any(|keyword| node.get(keyword).is_some())
}

fn is_number(node: &Value) -> bool {
    let named = |kind: &Value| kind == "integer" || kind == "number";
    match node.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(named),
        Some(kind) => named(kind),
        None => false,
    }
}
