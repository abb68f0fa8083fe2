//! From a bundle whose types are only warned of to one in which they are checked.

use std::path::Path;

use solgate_document::diagnostic::Report;
use solgate_document::yaml;

use crate::compile::{BuildOptions, Failure, compile_dir};

/// What becomes of policy.yaml.
#[derive(Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// It says `language: 2` already.
    Done,
    /// Its text as it says so, everything else as it is.
    Text(String),
    /// Nothing is in the way, but it is written in a way in which a line cannot be added:
    /// its author has to add `language: 2`.
    ByHand,
}

/// Says of a bundle in whose expressions all types fit that it is written for them.
///
/// # Errors
///
/// As [`compile_dir`]; expressions whose types do not fit are mistakes.
pub fn upgrade(dir: &Path) -> Result<Upgrade, Failure> {
    let compiled = compile_dir(dir, &BuildOptions { checks_types: true, ..BuildOptions::default() })?;
    let Some(source) = compiled.sources.find("policy.yaml") else { return Ok(Upgrade::ByHand) };
    let text = source.text.as_str();
    if language(text).as_deref() == Some("2") {
        return Ok(Upgrade::Done);
    }
    let new = with_language(text).filter(|new| language(new).as_deref() == Some("2"));
    Ok(new.map_or(Upgrade::ByHand, Upgrade::Text))
}

/// The text with `language: 2`, behind the version or in place of another language.
fn with_language(text: &str) -> Option<String> {
    let mut report = Report::default();
    let file = report.sources.add("policy.yaml", text);
    let policy = yaml::parse(file, &mut report)?;
    if let Some(language) = policy.get("language") {
        return Some(format!("{}2{}", text.get(..language.at.start)?, text.get(language.at.end..)?));
    }
    let end = policy.get("version")?.at.end;
    let line = text.get(end..)?.find('\n').map_or(text.len(), |at| end.saturating_add(at));
    Some(format!("{}\nlanguage: 2{}", text.get(..line)?, text.get(line..)?))
}

/// What a policy.yaml says of its language.
fn language(text: &str) -> Option<String> {
    let mut report = Report::default();
    let file = report.sources.add("policy.yaml", text);
    Some(yaml::parse(file, &mut report)?.get("language")?.text.clone())
}

#[cfg(test)]
mod tests {
    use super::{language, with_language};

    #[test]
    fn a_line_is_added_and_nothing_else_changes() {
        for (before, after) in [
            (
                "name: a\nversion: 1.0.0 # of today\nfacts: {}\n",
                Some("name: a\nversion: 1.0.0 # of today\nlanguage: 2\nfacts: {}\n"),
            ),
            ("version: \"1\"\nname: a", Some("version: \"1\"\nlanguage: 2\nname: a")),
            ("name: a\nversion: 1.0.0", Some("name: a\nversion: 1.0.0\nlanguage: 2")),
            ("name: a\nlanguage: 1\nversion: 1.0.0\n", Some("name: a\nlanguage: 2\nversion: 1.0.0\n")),
            // Nowhere to put a line.
            ("{name: a, version: 1.0.0}\n", None),
        ] {
            let made = with_language(before).filter(|new| language(new).as_deref() == Some("2"));
            assert_eq!(made.as_deref(), after, "{before}");
        }
    }
}
