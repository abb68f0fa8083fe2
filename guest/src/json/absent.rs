//! Members that are null, for APIs whose clients send null for what they leave out.

use super::{
    Strict,
    document::{Entry, Extent, long, short},
    names::{NOWHERE, Slot, moved},
};

impl Strict<'_> {
    /// The same without the members of objects that are null. Items of arrays stay.
    pub(crate) fn without_null_members(mut self) -> Self {
        let document = &mut self.document;
        if !document.entries.iter().any(|entry| matches!(entry, Entry::Null)) {
            return self;
        }
        let mut kept = Kept {
            entries: Vec::with_capacity(document.entries.len()),
            order: Vec::with_capacity(document.order.len()),
            places: vec![NOWHERE; document.entries.len()],
        };
        kept.copy(&document.entries, &document.order, 0);
        document.entries = kept.entries;
        document.order = kept.order;
        // A number is not null, but may be in a member that is gone with what is around it.
        self.numbers.retain_mut(|number| {
            number.entry = kept.places.get(long(number.entry)).copied().unwrap_or(NOWHERE);
            number.entry != NOWHERE
        });
        self
    }
}

/// What is kept of a document.
struct Kept<'t> {
    entries: Vec<Entry<'t>>,
    order: Vec<Slot>,
    /// Where each entry is now.
    places: Vec<u32>,
}

impl<'t> Kept<'t> {
    /// Copies the value at `at` and says where the next one is. Bodies nest only so deep.
    fn copy(&mut self, from: &[Entry<'t>], order: &[Slot], at: usize) -> usize {
        let mut next = at.saturating_add(1);
        let place = self.entries.len();
        let Some(entry) = from.get(at) else { return next };
        self.keep(entry, at);
        let copied = match entry {
            Entry::Array(extent) => {
                for _ in 0..extent.len {
                    next = self.copy(from, order, next);
                }
                Entry::Array(Extent { end: short(self.entries.len()), ..*extent })
            }
            Entry::Object(extent) => {
                let mut len = 0u32;
                for _ in 0..extent.len {
                    let value = next.saturating_add(1);
                    if matches!(from.get(value), Some(Entry::Null)) {
                        next = value.saturating_add(1);
                        continue;
                    }
                    if let Some(name) = from.get(next) {
                        self.keep(name, next);
                    }
                    next = self.copy(from, order, value);
                    len = len.saturating_add(1);
                }
                Entry::Object(Extent { len, end: short(self.entries.len()), order: self.sorted(order, *extent) })
            }
            _ => return next,
        };
        if let Some(open) = self.entries.get_mut(place) {
            *open = copied;
        }
        next
    }

    fn keep(&mut self, entry: &Entry<'t>, at: usize) {
        if let Some(place) = self.places.get_mut(at) {
            *place = short(self.entries.len());
        }
        self.entries.push(entry.clone());
    }

    /// The names of a large object that are kept: they are sorted as they were.
    fn sorted(&mut self, order: &[Slot], object: Extent) -> u32 {
        if object.order == NOWHERE {
            return NOWHERE;
        }
        let begin = short(self.order.len());
        let names = order.iter().skip(long(object.order)).take(long(object.len));
        self.order.extend(names.filter_map(|name| moved(*name, &self.places)));
        begin
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use crate::json::{Bounds, Strict};

    fn read(text: &str) -> Strict<'_> {
        crate::json::parse(text.as_bytes(), Bounds { depth: 64, members: 64 }).unwrap().without_null_members()
    }

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
            assert_eq!(read(text).document.root().to_value(), expected, "{text}");
        }
        let nested = read(r#"{"a":{"b":null},"c":{"d":3}}"#);
        assert_eq!(nested.document.root().at("/c/d").unwrap().to_value(), json!(3));
    }

    #[test]
    fn names_of_large_objects_and_large_numbers_are_found_where_they_are_now() {
        let members: Vec<String> =
            (0..40).map(|n| format!(r#""n{n}":{}"#, if n % 3 == 0 { "null" } else { "[1e19]" })).collect();
        let text = format!(r#"{{"x":null,"large":{{{}}},"y":null,"last":1e20}}"#, members.join(","));
        let strict = read(&text);
        let root = strict.document.root();
        for n in 0..40 {
            let found = root.at(&format!("/large/n{n}")).map(|node| node.to_value());
            assert_eq!(found, (n % 3 != 0).then(|| json!([1e19])), "n{n}");
        }
        assert_eq!(root.at("/large/n40").map(|node| node.to_value()), None);
        assert_eq!(strict.numbers.len(), 27);
        let last = strict.numbers.last().unwrap();
        assert_eq!((last.literal, last.entry), ("1e20", root.at("/last").unwrap().entry_index()));
    }
}
