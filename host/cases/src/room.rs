//! The memory that cases may take.

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::yaml::{Node, Value};

/// Memory that cases may take: a file of a few lines can stand for much, by
/// `repeat` and by a large base that many cases share.
pub(crate) struct Room {
    /// In bytes.
    left: usize,
}

impl Room {
    /// Reports that it is used up.
    pub fn take(&mut self, bytes: usize, at: At, report: &mut Report) -> Option<()> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Some(())
            }
            None => {
                report
                    .mistake(at, "the cases up to here need more than 256 MiB of memory")
                    .hint("use fewer long texts, and smaller bases");
                None
            }
        }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self { left: 256 << 20 }
    }
}

/// Roughly the memory that a tree takes, in bytes.
pub(crate) fn weight(node: &Node) -> usize {
    let below: usize = match &node.value {
        Value::List(items) => items.iter().map(weight).fold(0, usize::saturating_add),
        Value::Map(entries) => {
            entries.iter().map(|(key, node)| weight(node).saturating_add(key.name.len())).fold(0, usize::saturating_add)
        }
        _ => node.text.len(),
    };
    below.saturating_add(size_of::<Node>())
}
