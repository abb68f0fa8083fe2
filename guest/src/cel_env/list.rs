//! `inList('name', text)`.

use std::{collections::BTreeSet, sync::Arc};

use crate::ir;

/// A set of texts, of which some stand for all that end with them.
#[derive(Debug, Clone)]
pub(crate) struct List(Arc<Entries>);

#[derive(Debug)]
struct Entries {
    whole: BTreeSet<Box<str>>,
    /// Of entries such as `*.example.com`: what follows `*.`.
    below: BTreeSet<Box<str>>,
}

impl List {
    pub(super) fn new(list: &ir::List) -> Self {
        let below = |entry: &String| entry.strip_prefix("*.").map(Box::from);
        Self(Arc::new(Entries {
            whole: list
                .entries
                .iter()
                .filter(|entry| below(entry).is_none())
                .map(|entry| entry.as_str().into())
                .collect(),
            below: list.entries.iter().filter_map(below).collect(),
        }))
    }

    /// Upper and lower case differ. Takes as long as the text has dots, however
    /// long the list is.
    pub(super) fn contains(&self, text: &str) -> bool {
        let is_below = |(dot, _): (usize, &str)| {
            dot > 0 && text.get(dot.saturating_add(1)..).is_some_and(|rest| self.0.below.contains(rest))
        };
        self.0.whole.contains(text) || (!self.0.below.is_empty() && text.match_indices('.').any(is_below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_text_or_all_that_is_below_it() {
        let entries = ["nfvo.example.com", "*.ops.example.com", "192.0.2.1"].map(str::to_owned).to_vec();
        let list = List::new(&ir::List { name: "hosts".to_owned(), entries });
        for (text, expected) in [
            ("nfvo.example.com", true),
            ("192.0.2.1", true),
            ("a.ops.example.com", true),
            ("a.b.ops.example.com", true),
            ("ops.example.com", false),
            (".ops.example.com", false),
            ("*.ops.example.com", true),
            ("devops.example.com", false),
            ("a.ops.example.com.evil.example", false),
            ("x.nfvo.example.com", false),
            ("NFVO.example.com", false),
            ("", false),
        ] {
            assert_eq!(list.contains(text), expected, "{text:?}");
        }
    }
}
