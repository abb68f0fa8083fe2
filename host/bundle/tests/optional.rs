//! Optional values: the rules that use them are there, and decide.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod support;

use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_cases::run;
use solgate_engine::Engine;
use support::folder;

fn compiled(bundle: &str) -> Compiled {
    compile_dir(&folder(bundle), &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn rules_with_optional_values_decide_as_their_cases_say() {
    let Compiled { bundle, cases, .. } = compiled("bundles/optional");
    let names = ["require", "when", "for-each", "first", "variables", "fact", "caller", "none"];
    for name in names {
        let id = format!("optional.{name}");
        assert!(bundle.rules.iter().any(|rule| rule.id == id), "{id} is not there");
    }
    let minimal = compiled("bundles/minimal").bundle;
    assert_eq!(bundle.rules.len(), minimal.rules.len() + names.len());
    let engine = Engine::new(bundle.clone()).unwrap();
    let by_cel = Engine::new(bundle).unwrap().by_cel_alone();
    assert!(cases.len() > 12);
    for case in &cases {
        for engine in [&engine, &by_cel] {
            let (ran, different) = run(engine, case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert!(different.is_empty(), "{}: {}\n{:?}", case.name, different.first().unwrap(), ran.details());
        }
    }
}

/// A rule that is gone gives no false alarm, and no true one.
#[test]
fn no_careful_rule_is_gone() {
    let file = |name: &str| std::fs::read_to_string(folder(&format!("bundles/careful/rules/{name}.yaml"))).unwrap();
    let written = file("careful") + &file("typed");
    let written: Vec<&str> = written.lines().filter_map(|line| line.strip_prefix("- id: ")).collect();
    let bundle = compiled("bundles/careful").bundle;
    assert_eq!(bundle.rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), written);
    assert!(written.contains(&"careful.optional"));
}

/// The page shows what the engine takes.
#[test]
fn the_page_shows_expressions_that_are_accepted() {
    let page = std::fs::read_to_string(folder("../../../docs/bundle-format.md")).unwrap();
    let (_, section) = page.split_once("\n### Optional values\n").unwrap();
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let shown: Vec<&str> =
        rows.flat_map(|row| row.split(" | ").next().unwrap().trim_end_matches('`').split("`, `")).collect();
    assert!(shown.len() > 8, "{shown:?}");
    for source in shown {
        if let Err(error) = solgate_engine::cel_env::parse_expression(source) {
            panic!("{source}: {error}");
        }
    }
}
