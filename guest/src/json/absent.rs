//! Members that are null, for APIs whose clients send null for what they leave out.

use super::document::{Document, Entry, Extent, short};

impl Document<'_> {
    /// The same without the members of objects that are null. Items of arrays stay.
    pub(crate) fn without_null_members(mut self) -> Self {
        if self.entries.iter().any(|entry| matches!(entry, Entry::Null)) {
            let mut kept = Vec::with_capacity(self.entries.len());
            copy(&self.entries, 0, &mut kept);
            self.entries = kept;
        }
        self
    }
}

/// Copies the value at `at` and says where the next one is. Bodies nest only so deep.
fn copy<'t>(from: &[Entry<'t>], at: usize, to: &mut Vec<Entry<'t>>) -> usize {
    let mut next = at.saturating_add(1);
    let place = to.len();
    let Some(entry) = from.get(at) else { return next };
    to.push(entry.clone());
    let copied = match entry {
        Entry::Array(extent) => {
            for _ in 0..extent.len {
                next = copy(from, next, to);
            }
            Entry::Array(Extent { len: extent.len, end: short(to.len()) })
        }
        Entry::Object(extent) => {
            let mut len = 0u32;
            for _ in 0..extent.len {
                let value = next.saturating_add(1);
                if matches!(from.get(value), Some(Entry::Null)) {
                    next = value.saturating_add(1);
                    continue;
                }
                to.extend(from.get(next).cloned());
                next = copy(from, value, to);
                len = len.saturating_add(1);
            }
            Entry::Object(Extent { len, end: short(to.len()) })
        }
        _ => return next,
    };
    if let Some(open) = to.get_mut(place) {
        *open = copied;
    }
    next
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use crate::json::parse;

    #[test]
    fn members_that_are_null_are_gone_at_every_depth() {
        let cases = [
            (r#"{"a":null}"#, json!({})),
            (r#"{"a":1,"b":null,"c":{"d":null,"e":[null,{"f":null,"g":2}]}}"#, json!({"a":1,"c":{"e":[null,{"g":2}]}})),
            (r#"{"a":[{"b":null},[],{}],"c":"null","\u0064":null}"#, json!({"a":[{},[],{}],"c":"null"})),
            ("null", json!(null)),
            ("[null]", json!([null])),
            (r#"{"a":1}"#, json!({"a":1})),
        ];
        for (text, expected) in cases {
            let document = parse(text.as_bytes(), 64).unwrap().document.without_null_members();
            assert_eq!(document.root().to_value(), expected, "{text}");
        }
        let read = parse(br#"{"a":{"b":null},"c":{"d":3}}"#, 64).unwrap().document.without_null_members();
        assert_eq!(read.root().at("/c/d").unwrap().to_value(), json!(3));
    }
}
