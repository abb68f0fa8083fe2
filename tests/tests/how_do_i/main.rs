//! The rules of docs/how-do-i.md: each fits on a screen, all of them make one bundle, and its
//! cases keep to each rule and break it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::format_push_string)]

use std::collections::BTreeMap;
use std::fs;

use solgate_bundle::coverage::{Coverage, Standing};
use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_engine::Engine;
use solgate_tests::workspace;

/// Most lines of an answer.
const LONGEST: usize = 15;

/// The files that the page's blocks of YAML are, by their names. Of policy.yaml each member that
/// stands in several blocks is one with all that they say.
fn files(page: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut policy: Vec<(String, String)> = Vec::new();
    for block in page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        assert!(block.lines().count() <= LONGEST, "more than {LONGEST} lines:\n{block}");
        let mut file = None;
        for line in block.lines() {
            match line.strip_prefix("# ") {
                Some("rules") => file = Some("rules/all.yaml".to_owned()),
                Some(name) if name == "policy.yaml" || name.contains('/') => file = Some(name.to_owned()),
                _ if file.as_deref() == Some("policy.yaml") => {
                    let line = format!("{line}\n");
                    if line.starts_with(' ') {
                        policy.last_mut().unwrap().1.push_str(&line);
                    } else {
                        policy.push((line, String::new()));
                    }
                }
                _ => {
                    let name = file.clone().expect("a block begins with the name of a file");
                    files.entry(name).or_default().push_str(&format!("{line}\n"));
                }
            }
        }
    }
    let mut text = String::new();
    for (place, (member, _)) in policy.iter().enumerate() {
        if policy[..place].iter().all(|(before, _)| before != member) {
            text.push_str(member);
            policy.iter().filter(|(other, _)| other == member).for_each(|(_, lines)| text.push_str(lines));
        }
    }
    files.insert("policy.yaml".to_owned(), text);
    files
}

#[test]
fn every_answer_is_a_rule_that_works() {
    let page = fs::read_to_string(workspace().join("docs/how-do-i.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut files = files(&page);
    files.insert("tests/cases.yaml".to_owned(), include_str!("cases.yaml").to_owned());
    for (name, text) in &files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let compiled = compile_dir(folder.path(), &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
    let Compiled { bundle, cases, warnings, sources, .. } = compiled;
    assert!(warnings.is_empty(), "{}", solgate_bundle::render(&warnings, &sources, false));

    let engine = Engine::new(bundle).unwrap();
    for case in &cases {
        let (_, different) =
            solgate_cases::run(&engine, case).unwrap_or_else(|reason| panic!("{}: {reason}", case.name));
        assert!(different.is_empty(), "{}: {different:?}", case.name);
    }
    let coverage = Coverage::measure(&engine, &cases);
    let counted = coverage.rules.iter().filter(|rule| rule.standing == Standing::Counted);
    assert_eq!(counted.filter(|rule| rule.rule.starts_with("my.")).count(), 17);
    assert_eq!(coverage.permille(), 1000, "a rule is never broken, or never kept to");
}
