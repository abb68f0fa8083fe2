//! Typed access to YAML mappings, which notices members that nobody asked for.

use crate::diagnostic::Report;
use crate::suggest::{did_you_mean, nearest};
use crate::yaml::{Key, Node, Value};

/// The members of one mapping, as far as they have been asked for.
pub struct Members<'n> {
    node: &'n Node,
    /// What the mapping describes, for messages: "an option".
    what: &'static str,
    known: Vec<&'static str>,
}

impl<'n> Members<'n> {
    /// Reports anything but a mapping.
    pub fn open(node: &'n Node, what: &'static str, report: &mut Report) -> Option<Self> {
        if node.as_map().is_none() {
            report.mistake(node.at, format!("{what} is a mapping, but here is {}", node.kind()));
            return None;
        }
        Some(Self { node, what, known: Vec::new() })
    }

    pub fn get(&mut self, name: &'static str) -> Option<&'n Node> {
        self.known.push(name);
        self.node.get(name)
    }

    pub fn require(&mut self, name: &'static str, report: &mut Report) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() {
            report.mistake(self.node.at, format!("{} needs `{name}`", self.what));
        }
        found
    }

    /// Reports the members that were not asked for.
    pub fn finish(self, report: &mut Report) {
        self.finish_except(&[], report);
    }

    /// The same, apart from some.
    pub fn finish_except(self, others: &[&Key], report: &mut Report) {
        report.keep_names(self.what, self.known.iter().copied());
        for (key, _) in self.node.as_map().unwrap_or_default() {
            let is_other = others.iter().any(|other| other.name == key.name);
            if !is_other && !self.known.contains(&key.name.as_str()) {
                report
                    .mistake(key.at, format!("{} has no `{}`", self.what, key.name))
                    .maybe_hint(did_you_mean(&key.name, self.known.iter().copied()));
            }
        }
    }

    /// The same for a mapping some of whose members are for other readers: those are
    /// ignored, but a slip of the hand in a name is not, and neither is one of `ours`,
    /// names that mean something elsewhere, where it means nothing.
    pub fn finish_open(self, others: &[&'static str], ours: &[&str], report: &mut Report) {
        let mut known = self.known.clone();
        known.extend(others);
        for (key, _) in self.node.as_map().unwrap_or_default() {
            let name = key.name.as_str();
            if known.contains(&name) {
                continue;
            }
            let meant = nearest(name, &known);
            if meant.is_some() || ours.contains(&name) {
                report
                    .mistake(key.at, format!("{} has no `{name}`", self.what))
                    .maybe_hint(meant.map(|meant| format!("did you mean `{meant}`?")));
            }
        }
    }
}

/// Text without control characters, not empty.
pub fn text<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n str> {
    let Some(text) = node.as_str() else {
        let draft = report.mistake(node.at, format!("{what} is text, but here is {}", node.kind()));
        if matches!(node.value, Value::Number(_) | Value::Bool(_)) {
            draft.hint(format!("put it in quotes: \"{}\"", node.text));
        }
        return None;
    };
    if text.trim().is_empty() {
        report.mistake(node.at, format!("{what} is empty"));
        return None;
    }
    Some(text)
}

/// Text of one line, fit for an answer's header or title.
pub fn line<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n str> {
    let text = text(node, what, report)?;
    if text.trim_end().chars().any(char::is_control) {
        report
            .mistake(node.at, format!("{what} holds a line break or another control character"))
            .hint("keep it on one line; `>-` folds several lines into one");
        return None;
    }
    Some(text.trim_end())
}

pub fn boolean(node: &Node, what: &str, report: &mut Report) -> Option<bool> {
    if let Value::Bool(value) = node.value {
        return Some(value);
    }
    let draft = report.mistake(node.at, format!("{what} is true or false, but here is {}", shown(node)));
    if matches!(node.text.as_str(), "yes" | "no" | "on" | "off") {
        draft.hint("in YAML 1.2 only true and false are booleans");
    }
    None
}

pub fn integer(node: &Node, what: &str, range: std::ops::RangeInclusive<u64>, report: &mut Report) -> Option<u64> {
    if let Value::Number(number) = &node.value
        && let Some(value) = number.as_u64()
        && range.contains(&value)
    {
        return Some(value);
    }
    report.mistake(
        node.at,
        format!("{what} is an integer from {} to {}, but here is {}", range.start(), range.end(), shown(node)),
    );
    None
}

pub fn list<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n [Node]> {
    if node.as_list().is_none() {
        report
            .mistake(node.at, format!("{what} is a list, but here is {}", node.kind()))
            .maybe_hint(node.as_str().map(|text| format!("write [{text}]")));
    }
    node.as_list()
}

pub fn map<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n [(Key, Node)]> {
    if node.as_map().is_none() {
        report.mistake(node.at, format!("{what} is a mapping, but here is {}", node.kind()));
    }
    node.as_map()
}

/// One of a few names.
pub fn choice<T: Copy>(node: &Node, what: &str, choices: &[(&str, T)], report: &mut Report) -> Option<T> {
    report.keep_names(what, choices.iter().map(|(name, _)| *name));
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == node.text)
        && !matches!(node.value, Value::List(_) | Value::Map(_))
    {
        return Some(*value);
    }
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    report
        .mistake(node.at, format!("{what} is one of {}, but here is {}", crate::suggest::list(&names), shown(node)))
        .maybe_hint(nearest(&node.text, &names).map(|n| format!("did you mean `{n}`?")));
    None
}

/// A scalar by its text, a collection by its kind.
pub fn shown(node: &Node) -> String {
    match node.value {
        Value::List(_) | Value::Map(_) | Value::Null => node.kind().to_owned(),
        _ if node.text.chars().count() > 60 => node.kind().to_owned(),
        _ => format!("`{}`", node.text),
    }
}
