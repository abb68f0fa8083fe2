//! A document with other values in some places.

use serde_json::Value;

use super::document::{Document, Entry, behind, long, short};
use super::names::{NOWHERE, moved};

impl Document<'static> {
    /// The same with these values instead of those that are the entries with these indices:
    /// members' values, in ascending order, none of them within another.
    pub(crate) fn with_values(&self, values: &[(u32, &Value)]) -> Self {
        let mut places = vec![NOWHERE; self.entries.len()];
        let mut changed = Self {
            entries: Vec::with_capacity(self.entries.len()),
            decoded: self.decoded.clone(),
            order: self.order.clone(),
            ..Self::default()
        };
        let mut values = values.iter().peekable();
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            if let Some((_, value)) = values.next_if(|(replaced, _)| long(*replaced) == at) {
                changed.push(value);
                at = behind(entry, at);
                continue;
            }
            if let Some(place) = places.get_mut(at) {
                *place = short(changed.entries.len());
            }
            changed.entries.push(entry.clone());
            at = at.wrapping_add(1);
        }
        changed.move_ends(&places);
        // Those of the new values are behind the old ones; of a replaced value they are kept in
        // vain.
        for slot in changed.order.iter_mut().take(self.order.len()) {
            *slot = moved(*slot, &places).unwrap_or(*slot);
        }
        changed
    }

    /// Sets where the arrays and objects that were copied end now. What is behind one is
    /// nothing, a name or an item, and none of these has been replaced.
    fn move_ends(&mut self, places: &[u32]) {
        let all = short(self.entries.len());
        for place in places.iter().filter(|place| **place != NOWHERE) {
            if let Some(Entry::Array(extent) | Entry::Object(extent)) = self.entries.get_mut(long(*place)) {
                extent.end = places.get(long(extent.end)).copied().unwrap_or(all);
            }
        }
    }
}
