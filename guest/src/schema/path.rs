//! Where in a body a walk is.

use crate::json::push_segment;

/// The steps from a body as a whole to a value in it.
#[derive(Debug, Default)]
pub(super) struct Path<'d>(Vec<Step<'d>>);

#[derive(Debug)]
enum Step<'d> {
    Member(&'d str),
    Item(usize),
}

impl<'d> Path<'d> {
    pub(super) fn enter_member(&mut self, name: &'d str) {
        self.0.push(Step::Member(name));
    }

    pub(super) fn enter_item(&mut self, index: usize) {
        self.0.push(Step::Item(index));
    }

    pub(super) fn leave(&mut self) {
        self.0.pop();
    }

    /// As a JSON Pointer.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.0 {
            match step {
                Step::Member(name) => push_segment(&mut pointer, name),
                Step::Item(index) => push_segment(&mut pointer, &index.to_string()),
            }
        }
        pointer
    }
}
