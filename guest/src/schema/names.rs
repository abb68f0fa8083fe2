//! Member names that are declared ones in another case: unknown to the schema, and
//! to some readers the declared member.

use super::{
    path::Path,
    places::{Place, Places},
};
use crate::json::{Kind, Node};

/// A member whose name only differs in case from one that is declared for its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameInAnotherCase {
    pub pointer: String,
    pub name: String,
    pub declared: String,
}

/// The members of a body whose names are declared for their object in another case,
/// at most `limit`. Maps whose keys are the user's declare none.
pub(super) fn in_another_case(places: &Places, body: Node<'_>, limit: usize) -> Vec<NameInAnotherCase> {
    let mut search = Search { places, path: Path::default(), limit, found: Vec::new() };
    if let Some(place) = places.root().filter(|place| place.names) {
        search.visit(body, place);
    }
    search.found
}

struct Search<'s, 'd> {
    places: &'s Places,
    path: Path<'d>,
    limit: usize,
    found: Vec<NameInAnotherCase>,
}

impl<'s, 'd> Search<'s, 'd> {
    /// As deep as the body is, which the parser limits.
    fn visit(&mut self, node: Node<'d>, place: &'s Place) {
        match node.kind() {
            Kind::Array(array) => {
                for (index, item) in array.items().enumerate() {
                    if let Some(below) = self.places.item(place, index).filter(|below| below.names) {
                        self.path.enter_item(index);
                        self.visit(item, below);
                        self.path.leave();
                    }
                }
            }
            Kind::Object(object) => {
                for (name, value) in object.members() {
                    let member = self.places.member(place, name);
                    if let Some(declared) = member.declared_as {
                        self.report(name, declared);
                    }
                    if let Some(below) = member.below.filter(|below| below.names) {
                        self.path.enter_member(name);
                        self.visit(value, below);
                        self.path.leave();
                    }
                }
            }
            _ => {}
        }
    }

    #[cold]
    fn report(&mut self, name: &'d str, declared: &str) {
        if self.found.len() < self.limit {
            self.path.enter_member(name);
            let pointer = self.path.pointer();
            self.path.leave();
            let found = NameInAnotherCase { pointer, name: name.to_owned(), declared: declared.to_owned() };
            self.found.push(found);
        }
    }
}
