//! The texts that the client has open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types::TextDocumentContentChangeEvent;
use solgate_bundle::{Lines, Unsaved};

use crate::convert::byte;
use crate::uri;

/// A file as the client holds it.
#[derive(Debug)]
pub(crate) struct Document {
    /// As the client writes it.
    pub uri: String,
    pub text: String,
}

/// All of them, by path.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    open: BTreeMap<PathBuf, Document>,
}

impl Documents {
    pub fn open(&mut self, path: PathBuf, document: Document) {
        self.open.insert(path, document);
    }

    pub fn close(&mut self, path: &Path) {
        self.open.remove(path);
    }

    pub fn get(&self, path: &Path) -> Option<&Document> {
        self.open.get(path)
    }

    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.open.keys().map(PathBuf::as_path)
    }

    /// Makes changes, one after another.
    pub fn change(&mut self, path: &Path, changes: Vec<TextDocumentContentChangeEvent>) {
        let Some(document) = self.open.get_mut(path) else { return };
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => {
                    let lines = Lines::of(&document.text);
                    let (start, end) = (byte(&lines, change.range.start), byte(&lines, change.range.end));
                    document.text.replace_range(start..end.max(start), &change.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    document.text = whole.text;
                }
            }
        }
    }

    /// The URI by which the client knows a file.
    pub fn uri(&self, path: &Path) -> String {
        self.get(path).map_or_else(|| uri::of_path(path), |document| document.uri.clone())
    }

    /// The texts, for the compiler.
    pub fn unsaved(&self) -> Arc<Unsaved> {
        let mut unsaved = Unsaved::default();
        for (path, document) in &self.open {
            unsaved.set(path, document.text.clone());
        }
        Arc::new(unsaved)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use gen_lsp_types::{Position, Range, TextDocumentContentChangePartial};

    use super::*;

    #[test]
    fn changes_are_made_where_the_client_says() {
        let path = PathBuf::from("/a");
        let mut documents = Documents::default();
        let text = "one\n\u{1f600}two\n".to_owned();
        documents.open(path.clone(), Document { uri: "file:///a".to_owned(), text });
        let at = |line, character| Position { line, character };
        let change = |start, end, text: &str| {
            let change = TextDocumentContentChangePartial::new(Range { start, end }, None, text.to_owned());
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change)
        };
        let changes = vec![
            change(at(1, 2), at(1, 3), "T"),
            change(at(0, 3), at(1, 0), " "),
            // From its end to its start, and behind the text: no reason to fail.
            change(at(0, 2), at(0, 0), "-"),
            change(at(9, 9), at(9, 9), "!"),
        ];
        documents.change(&path, changes);
        let document = documents.get(&path).unwrap();
        assert_eq!(document.text, "on-e \u{1f600}Two\n!");
    }
}
