//! From a bundle whose types are only warned of to one in which they are checked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use solgate_document::diagnostic::{Diagnostic, Diagnostics, Report, Severity};
use solgate_document::source::Sources;
use solgate_document::yaml::{self, Node, Style, Value};

use crate::compile::{BuildOptions, Failure, compile_reporting};
use crate::files::Home;
use crate::folders::Unsaved;
use crate::mend;

/// What becomes of a bundle.
#[derive(Debug)]
pub struct Upgrade {
    /// The files that are other than before, in the order of their names.
    pub changed: Vec<Changed>,
    /// What is left to mend by hand, with warnings. Without mistakes, policy.yaml says
    /// `language: 2`, unless [`by_hand`](Self::by_hand).
    pub left: Diagnostics,
    pub has_mistakes: bool,
    /// Nothing is in the way, but policy.yaml is written in a way in which a line cannot be
    /// added: its author has to add `language: 2`.
    pub by_hand: bool,
}

/// A file that is other than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Relative to the bundle's folder.
    pub name: String,
    pub before: String,
    pub after: String,
}

/// Most times that a bundle is looked at: what is mended first may show what is behind it.
const ROUNDS: usize = 30;

/// Mends in the expressions of a bundle what can be mended, and, if all types fit then, says
/// of the bundle that it is written for them.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn upgrade(dir: &Path) -> Result<Upgrade, Failure> {
    let options = BuildOptions { checks_types: true, ..BuildOptions::default() };
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut round = 0_usize;
    let (found, sources) = loop {
        let mut report = Report::default();
        let mut unsaved = Unsaved::default();
        for (name, text) in &texts {
            unsaved.set(&dir.join(name), text.clone());
        }
        compile_reporting(Home::folder(dir, Arc::new(unsaved))?, &options, &mut report)?;
        let (found, sources) = report.finish().into_parts();
        round = round.saturating_add(1);
        let mended = if round < ROUNDS { mend_all(&found, &sources) } else { BTreeMap::new() };
        if mended.is_empty() {
            break (found, sources);
        }
        texts.extend(mended);
    };
    let has_mistakes = found.iter().any(|diagnostic| diagnostic.severity == Severity::Mistake);
    let mut by_hand = false;
    if !has_mistakes && let Some(policy) = sources.find("policy.yaml") {
        let text = policy.text.as_str();
        if language(text).as_deref() != Some("2") {
            match with_language(text).filter(|new| language(new).as_deref() == Some("2")) {
                Some(new) => drop(texts.insert("policy.yaml".to_owned(), new)),
                None => by_hand = true,
            }
        }
    }
    let mut report = Report::default();
    compile_reporting(Home::folder(dir, Arc::default())?, &options, &mut report)?;
    let (_, originals) = report.finish().into_parts();
    let changed = texts.into_iter().filter_map(|(name, after)| {
        let before = originals.find(&name)?.text.clone();
        Some(Changed { name, before, after })
    });
    let changed = changed.filter(|file| file.before != file.after).collect();
    Ok(Upgrade { changed, left: Diagnostics::new(found, sources), has_mistakes, by_hand })
}

/// The texts of files in which something is mended: in each expression the last thing, so
/// that the places of the others hold.
fn mend_all(found: &[Diagnostic], sources: &Sources) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut mends: Vec<_> = found
        .iter()
        .filter_map(|diagnostic| {
            let span = diagnostic.span.as_ref()?;
            Some((diagnostic.file.as_str(), span.bytes.clone(), diagnostic.or_value?))
        })
        .collect();
    mends.sort_by_key(|(file, bytes, _)| (*file, std::cmp::Reverse(bytes.start)));
    mends.dedup_by_key(|(file, bytes, _)| (*file, bytes.start));
    let mut trees: BTreeMap<&str, Option<Node>> = BTreeMap::new();
    let mut reached: Option<(&str, usize)> = None;
    for (file, bytes, value) in mends {
        let Some(source) = sources.find(file) else { continue };
        let known = trees.entry(file).or_insert_with(|| tree(&source.text));
        let Some((node, style)) = known.as_ref().and_then(|tree| scalar(tree, bytes.start)) else { continue };
        // One for each scalar; the others are for the next round.
        if reached == Some((file, node)) {
            continue;
        }
        reached = Some((file, node));
        let text = texts.get(file).unwrap_or(&source.text);
        if let Some(mended) = mend::with_value(text, bytes, value, style)
            // A scalar without quotes may end sooner than before.
            && (style != Style::Plain || tree(&mended).is_some())
        {
            texts.insert(file.to_owned(), mended);
        }
    }
    texts
}

/// A file of YAML in which nothing is wrong.
fn tree(text: &str) -> Option<Node> {
    let mut report = Report::default();
    let file = report.sources.add("mended", text);
    yaml::parse(file, &mut report).filter(|_| !report.has_mistakes())
}

/// The scalar that holds this place: where it begins, and how it is written.
fn scalar(node: &Node, at: usize) -> Option<(usize, Style)> {
    match &node.value {
        Value::List(items) => items.iter().find_map(|item| scalar(item, at)),
        Value::Map(members) => members.iter().find_map(|(_, member)| scalar(member, at)),
        _ => (node.at.start..node.at.end).contains(&at).then_some((node.at.start, node.style)),
    }
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
