//! Numbers whose value not every reader keeps: where a schema asks for a number, and
//! where the user is free.

use super::{
    path::Path,
    places::{Below, Places},
};
use crate::json::{Kind, LargeNumber, Node};

/// A [`LargeNumber`], and what the schema says about its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedNumber<'t> {
    pub pointer: String,
    pub literal: &'t str,
    /// An integer or a number may stand there.
    pub declared: bool,
    /// No double can hold it, so that expressions cannot read it either.
    pub beyond_doubles: bool,
}

impl PlacedNumber<'_> {
    /// Whether a rule may read it as another number than the VNFM does.
    pub(crate) fn matters(&self) -> bool {
        self.declared || self.beyond_doubles
    }
}

/// Says of numbers, in the order of the text, where they are: of those that matter and
/// of the others, at most `limit` each.
pub(super) fn placed<'t>(
    places: &Places,
    body: Node<'_>,
    numbers: &[LargeNumber<'t>],
    limit: usize,
) -> Vec<PlacedNumber<'t>> {
    let mut search =
        Search { places, path: Path::default(), left: numbers.iter(), limit, counts: [0; 2], found: Vec::new() };
    search.visit(body, places.root());
    search.found
}

struct Search<'s, 'd, 't> {
    places: &'s Places,
    path: Path<'d>,
    left: std::slice::Iter<'s, LargeNumber<'t>>,
    limit: usize,
    /// How many are found that matter, and that do not.
    counts: [usize; 2],
    found: Vec<PlacedNumber<'t>>,
}

impl<'s, 'd> Search<'s, 'd, '_> {
    /// As deep as the body is, which the parser limits.
    fn visit(&mut self, node: Node<'d>, place: Below<'s>) {
        if !self.left.as_slice().first().is_some_and(|next| node.holds(next.entry)) {
            return;
        }
        match node.kind() {
            Kind::Array(array) => {
                for (index, item) in array.items().enumerate() {
                    let below = place.and_then(|place| self.places.item(place, index));
                    self.path.enter_item(index);
                    self.visit(item, below);
                    self.path.leave();
                }
            }
            Kind::Object(object) => {
                for (name, value) in object.members() {
                    let below = place.and_then(|place| self.places.member(place, name).below);
                    self.path.enter_member(name);
                    self.visit(value, below);
                    self.path.leave();
                }
            }
            _ => self.report(place.is_some_and(|place| place.number)),
        }
    }

    fn report(&mut self, declared: bool) {
        let Some(number) = self.left.next() else { return };
        let beyond_doubles = number.is_beyond_doubles();
        let found = PlacedNumber { pointer: String::new(), literal: number.literal, declared, beyond_doubles };
        let [that_matter, others] = &mut self.counts;
        let count = if found.matters() { that_matter } else { others };
        if *count < self.limit {
            *count = count.saturating_add(1);
            self.found.push(PlacedNumber { pointer: self.path.pointer(), ..found });
        }
    }
}
