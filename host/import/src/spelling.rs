//! Words that are spelt otherwise than everywhere else in the files.

use std::collections::BTreeMap;

use solgate_document::source::At;
use solgate_document::yaml::{Node, Value};

use crate::context::Context;
use crate::words::words;

/// Shorter words are too often like another by chance.
const SHORTEST: usize = 6;
/// So many times as often the right word occurs.
const TIMES: usize = 4;

struct Name<'d> {
    text: &'d str,
    at: At,
    /// A value of an enumeration, which requests have to spell so.
    is_value: bool,
}

impl<'d> Context<'d> {
    /// Warns of names that look like a slip of the hand, and notes how values were meant.
    pub fn look_for_misspellings(&mut self, entry: &'d Node) {
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        let mut seen = Vec::new();
        let mut open = vec![entry];
        while let Some(root) = open.pop() {
            if seen.contains(&root.at) {
                continue;
            }
            seen.push(root.at);
            gather(root, &mut names, &mut texts);
            open.extend(self.documents.named_by(root));
        }
        self.spaces(&names);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut distinct: BTreeMap<&str, ()> = BTreeMap::new();
        for name in &names {
            if distinct.insert(name.text, ()).is_none() {
                for word in words(name.text).into_iter().filter(|word| word.len() >= SHORTEST) {
                    let count = counts.entry(word).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        // What the files say in words shows how a word is spelt, too.
        let mut all = counts.clone();
        for word in texts.iter().flat_map(|text| words(text)).filter(|word| word.len() >= SHORTEST) {
            let count = all.entry(word).or_default();
            *count = count.saturating_add(1);
        }
        let mut right: BTreeMap<String, String> = BTreeMap::new();
        for (word, _) in counts.iter().filter(|(_, count)| **count <= 2) {
            let count = all.get(word).copied().unwrap_or(1);
            let is_right =
                |(other, often): &(&String, &usize)| **often >= count.saturating_mul(TIMES) && is_slip(word, other);
            if let Some((other, _)) = all.iter().find(is_right) {
                right.insert(word.clone(), other.clone());
            }
        }
        let mut told: BTreeMap<&str, ()> = BTreeMap::new();
        for name in &names {
            let Some((wrong, right)) = words(name.text).into_iter().find_map(|word| right.get_key_value(&word)) else {
                continue;
            };
            let Some(meant) = replaced(name.text, wrong, right) else { continue };
            if name.is_value {
                self.meant.insert(name.at, meant.clone());
            }
            if told.insert(name.text, ()).is_none() {
                let message = format!("`{}` looks misspelt: elsewhere it is `{right}`", name.text);
                let hint = match name.is_value {
                    true => format!("kept, and `{meant}` is accepted as well"),
                    false => "kept, because requests are to have the file's names".to_owned(),
                };
                self.report.warning(name.at, message).hint(hint);
            }
        }
    }

    /// Values with a blank where the others of the same kind have `_`.
    fn spaces(&mut self, names: &[Name<'d>]) {
        let is_upper =
            |text: &str| text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "_ ".contains(c));
        let has_others = names.iter().any(|name| name.is_value && name.text.contains('_') && is_upper(name.text));
        for name in names.iter().filter(|name| name.is_value && has_others && is_upper(name.text)) {
            if name.text.trim().contains(' ') {
                let meant = name.text.replace(' ', "_");
                self.report
                    .warning(name.at, format!("`{}` has a blank where other values have `_`", name.text))
                    .hint(format!("kept, and `{meant}` is accepted as well"));
                self.meant.insert(name.at, meant);
            }
        }
    }
}

/// The names of members and schemas, values of enumerations, and descriptions.
fn gather<'d>(node: &'d Node, found: &mut Vec<Name<'d>>, texts: &mut Vec<&'d str>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| gather(item, found, texts)),
        Value::Map(members) => {
            for (key, value) in members {
                match key.name.as_str() {
                    "example" | "examples" | "default" => continue,
                    "description" => texts.extend(value.as_str()),
                    "properties" | "definitions" | "schemas" => {
                        let named = value.as_map().unwrap_or_default().iter();
                        found.extend(named.map(|(key, _)| Name { text: &key.name, at: key.at, is_value: false }));
                    }
                    "enum" => {
                        let values = value.as_list().unwrap_or_default().iter().filter(|item| item.as_str().is_some());
                        found.extend(values.map(|item| Name { text: &item.text, at: item.at, is_value: true }));
                    }
                    _ => {}
                }
                gather(value, found, texts);
            }
        }
        _ => {}
    }
}

/// Whether a word is another with two letters exchanged, one missing, one too many or one
/// wrong, and not a form of it.
fn is_slip(word: &str, other: &str) -> bool {
    let (short, long) = if word.len() <= other.len() { (word, other) } else { (other, word) };
    if long.len().saturating_sub(short.len()) > 1 || word.contains(|c: char| c.is_ascii_digit()) {
        return false;
    }
    // Plural and participle, and what differs at the beginning only: another word.
    let is_form = long.strip_prefix(short).is_some() || long.strip_suffix(short).is_some();
    let same = word.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let same_end = word.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
    let short_rest = short.len().saturating_sub(same.saturating_add(same_end));
    // Neither the first nor the last letter is the slip.
    !is_form && same > 1 && same_end > 0 && (short_rest == 0 || is_exchange(word, other, same))
}

/// Whether the two letters from there on are exchanged, and the rest is the same.
fn is_exchange(word: &str, other: &str, at: usize) -> bool {
    let rest = |text: &'_ str| text.get(at..).map(str::as_bytes).map(<[u8]>::to_vec).unwrap_or_default();
    let (one, two) = (rest(word), rest(other));
    match (one.as_slice(), two.as_slice()) {
        ([a, b, one @ ..], [c, d, two @ ..]) => a == d && b == c && one == two,
        _ => false,
    }
}

/// A name with a word of it replaced, in the case in which it is written.
fn replaced(name: &str, wrong: &str, right: &str) -> Option<String> {
    let at = name.to_ascii_lowercase().find(wrong)?;
    let end = at.saturating_add(wrong.len());
    let (before, found, after) = (name.get(..at)?, name.get(at..end)?, name.get(end..)?);
    let right = if found.chars().all(|c| c.is_ascii_uppercase()) {
        right.to_ascii_uppercase()
    } else if found.starts_with(|c: char| c.is_ascii_uppercase()) {
        let mut chars = right.chars();
        chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
    } else {
        right.to_owned()
    };
    Some(format!("{before}{right}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_other_words() {
        for (word, other, expected) in [
            ("occurence", "occurrence", true),
            ("affiinty", "affinity", true),
            ("instnace", "instance", true),
            ("instances", "instance", false),
            ("instantiate", "instantiated", false),
            ("external", "internal", false),
            ("created", "creates", false),
        ] {
            assert_eq!(is_slip(word, other), expected, "{word} {other}");
        }
        assert_eq!(
            replaced("NsLcmOperationOccurenceNotification", "occurence", "occurrence").as_deref(),
            Some("NsLcmOperationOccurrenceNotification")
        );
    }
}
