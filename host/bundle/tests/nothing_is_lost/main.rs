//! What goes into the compiler comes out: counted by another reader of YAML.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod generate;
mod said;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_engine::ir::{Require, RuleKind};
use support::folder;

/// How many there are of each kind.
type Counts = BTreeMap<&'static str, usize>;

/// What came out, apart from the options of the engine, which every bundle has.
fn compiled_counts(compiled: &Compiled, own: &BTreeSet<String>) -> Counts {
    let bundle = &compiled.bundle;
    let requires: Vec<&Require> = bundle
        .rules
        .iter()
        .filter_map(|rule| match &rule.kind {
            RuleKind::Require(require) => Some(&**require),
            _ => None,
        })
        .collect();
    let others =
        bundle.rules.iter().filter(|rule| matches!(rule.kind, RuleKind::Exists { .. } | RuleKind::IfMatch { .. }));
    let guards = requires.iter().filter(|require| require.when.is_some()).count();
    let lists = requires.iter().filter(|require| require.for_each.is_some()).count();
    let options = bundle.options.iter().filter(|option| !said::OF_ENGINE.contains(&option.name.as_str()));
    BTreeMap::from([
        ("rules", bundle.rules.len()),
        ("overrides", bundle.rules.iter().filter(|rule| !rule.inherited && !own.contains(&rule.id)).count()),
        ("conditions", requires.len() + others.count() + guards + lists),
        ("variables", requires.iter().map(|require| require.variables.len()).sum()),
        ("details", requires.iter().filter(|require| require.detail.is_some()).count()),
        ("facts", bundle.facts.len()),
        ("members of facts", bundle.facts.iter().map(|fact| fact.members.len()).sum()),
        ("options", options.count()),
        ("lists", bundle.lists.len()),
        ("windows", bundle.windows.len()),
        // Those that are inherited are in the files of the base.
        ("cases", compiled.cases.iter().filter(|case| case.file.starts_with("tests/")).count()),
    ])
}

fn assert_complete(dir: &Path) -> Counts {
    let compiled = compile_dir(dir, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
    let said = said::read(dir);
    let found = compiled_counts(&compiled, &said.own);
    assert_eq!(found, said.counts, "{}", dir.display());
    // By name, too: one that is lost does not make up for one that is there twice.
    let ids: BTreeSet<String> = compiled.bundle.rules.iter().map(|rule| rule.id.clone()).collect();
    assert_eq!(ids, said.ids, "{}", dir.display());
    found
}

#[test]
fn generated_bundles_come_out_as_they_went_in() {
    let mut random = fastrand::Rng::with_seed(14);
    let mut all = Counts::new();
    for _ in 0..40 {
        let home = tempfile::tempdir().unwrap();
        let top = generate::bundle(home.path(), &mut random);
        for (kind, count) in assert_complete(&top) {
            *all.entry(kind).or_default() += count;
        }
    }
    // The generator has made enough of everything.
    for (kind, least) in [
        ("rules", 500),
        ("overrides", 40),
        ("conditions", 500),
        ("variables", 200),
        ("details", 150),
        ("facts", 80),
        ("options", 100),
        ("lists", 10),
        ("windows", 10),
        ("cases", 80),
    ] {
        assert!(all[kind] >= least, "{kind}: {all:?}");
    }
}

#[test]
fn the_bundles_that_we_ship_and_test_with_come_out_as_they_went_in() {
    let mut bundles =
        ["minimal", "child", "careful", "optional", "reduced"].map(|name| folder(&format!("bundles/{name}"))).to_vec();
    let policies = std::fs::read_dir(folder("../../../policies")).unwrap().map(|entry| entry.unwrap().path());
    bundles.extend(policies.filter(|path| path.is_dir()));
    assert!(bundles.len() > 5);
    for bundle in bundles {
        assert_complete(&bundle);
    }
}
