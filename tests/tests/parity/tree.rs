//! JSON as a tree that keeps what a parser would not: members that occur twice,
//! numbers and texts as they are written.

use serde_json::Value;

#[derive(Debug, Clone)]
pub enum Tree {
    /// A scalar, or whatever else shall stand in its place.
    Text(String),
    Array(Vec<Tree>),
    /// Names with their quotes.
    Object(Vec<(String, Tree)>),
}

/// What becomes of one node. Names and texts are JSON, with their quotes.
#[derive(Debug, Clone)]
pub enum Edit {
    Remove,
    Replace(String),
    /// A further member, or item.
    Add(String, String),
    Duplicate,
    /// The same value below another name.
    Rename(String),
    /// A text, or a name, with an escape for every character.
    Escape,
    /// Within that many arrays.
    Nest(u16),
}

impl Tree {
    /// The tree of a JSON text; `None` if it is none.
    pub fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Value>(json).ok().map(|value| Self::from(&value))
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        1 + match self {
            Self::Text(_) => 0,
            Self::Array(items) => items.iter().map(Self::len).sum(),
            Self::Object(members) => members.iter().map(|(_, value)| value.len()).sum(),
        }
    }

    /// Edits the node with this number, counted from the root, which is 0.
    pub fn edit(&mut self, number: usize, edit: &Edit) {
        let mut left = number % self.len();
        if left == 0 {
            return self.edit_here(edit);
        }
        left -= 1;
        self.edit_below(&mut left, edit);
    }

    fn edit_below(&mut self, left: &mut usize, edit: &Edit) -> bool {
        let count = match self {
            Self::Text(_) => 0,
            Self::Array(items) => items.len(),
            Self::Object(members) => members.len(),
        };
        for index in 0..count {
            if *left == 0 {
                self.edit_entry(index, edit);
                return true;
            }
            *left -= 1;
            let below = match self {
                Self::Array(items) => &mut items[index],
                Self::Object(members) => &mut members[index].1,
                Self::Text(_) => return false,
            };
            if below.edit_below(left, edit) {
                return true;
            }
        }
        false
    }

    fn edit_entry(&mut self, index: usize, edit: &Edit) {
        match (self, edit) {
            (Self::Array(items), Edit::Remove) => drop(items.remove(index)),
            (Self::Object(members), Edit::Remove) => drop(members.remove(index)),
            (Self::Array(items), Edit::Duplicate) => items.push(items[index].clone()),
            (Self::Object(members), Edit::Duplicate) => members.push(members[index].clone()),
            (Self::Object(members), Edit::Rename(name)) => members[index].0.clone_from(name),
            (Self::Object(members), Edit::Escape) if !matches!(members[index].1, Self::Text(_)) => {
                members[index].0 = escaped(&members[index].0);
            }
            (Self::Array(items), edit) => items[index].edit_here(edit),
            (Self::Object(members), edit) => members[index].1.edit_here(edit),
            (Self::Text(_), _) => {}
        }
    }

    fn edit_here(&mut self, edit: &Edit) {
        match (&mut *self, edit) {
            (_, Edit::Replace(json)) => *self = Self::Text(json.clone()),
            (_, Edit::Remove) => *self = Self::Text(String::new()),
            (Self::Object(members), Edit::Add(name, json)) => members.push((name.clone(), Self::Text(json.clone()))),
            (Self::Array(items), Edit::Add(_, json)) => items.push(Self::Text(json.clone())),
            (Self::Text(text), Edit::Escape) => *text = escaped(text),
            (_, Edit::Nest(levels)) => {
                let levels = usize::from(*levels);
                *self = Self::Text(format!("{}{}{}", "[".repeat(levels), self.text(), "]".repeat(levels)));
            }
            (_, Edit::Add(..) | Edit::Duplicate | Edit::Rename(_) | Edit::Escape) => {}
        }
    }

    /// The JSON text.
    pub fn text(&self) -> String {
        let list = |items: Vec<String>| items.join(",");
        match self {
            Self::Text(text) => text.clone(),
            Self::Array(items) => format!("[{}]", list(items.iter().map(Self::text).collect())),
            Self::Object(members) => {
                format!(
                    "{{{}}}",
                    list(members.iter().map(|(name, value)| format!("{name}:{}", value.text())).collect())
                )
            }
        }
    }
}

impl From<&Value> for Tree {
    fn from(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members.iter().map(|(name, value)| (Value::from(name.as_str()).to_string(), value.into())).collect(),
            ),
            scalar => Self::Text(scalar.to_string()),
        }
    }
}

/// A JSON text with an escape for every character; anything else stays.
fn escaped(json: &str) -> String {
    let Ok(text) = serde_json::from_str::<String>(json) else { return json.to_owned() };
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}
