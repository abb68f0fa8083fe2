//! The answers in docs/gateway-operators.md, "When something fails".

use solgate_tests::workspace;

/// The page names this answer.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn names(status: u16, rule: &str) {
    says(&format!("{status} `{rule}`"));
}

/// The page has this text in the table.
///
/// # Panics
/// If it has not.
#[track_caller]
pub fn says(text: &str) {
    let page = std::fs::read_to_string(workspace().join("docs/gateway-operators.md")).expect("it is readable");
    let section = page.split("\n## When something fails\n").nth(1).expect("the page has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let named = section.lines().any(|line| line.starts_with('|') && line.contains(text));
    assert!(named, "docs/gateway-operators.md does not name {text}");
}
