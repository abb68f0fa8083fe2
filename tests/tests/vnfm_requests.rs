//! What the gate costs the VNFM: nothing for a request that is denied for what it
//! is, and two requests at most for any other. `make bench` reports the figures.

use std::collections::BTreeSet;

use solgate_bundle::{BuildOptions, compile_dir};
use solgate_tests::asked::Asked;
use solgate_tests::workspace;

/// Operations with a rule that looks at the instance a second time, for members of
/// it that are large or secret: with the option `tacker`, and for a VIM connection
/// without vimType. Nothing else may cost more than two requests.
const SECOND_LOOK: [&str; 2] = ["modify", "scale"];

/// Cases in which the path spells an identifier in another way than the VNFM: its
/// filter may then have found nothing.
const RESPELLED: &str = "tests/spelling.yaml:";

#[tokio::test]
async fn the_vnfm_is_asked_only_where_its_state_decides_and_then_twice_at_most() {
    let compiled = compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default());
    let asked = Asked::count(&compiled.unwrap_or_else(|error| panic!("{error}"))).await;
    let (respelled, others): (Vec<_>, Vec<_>) =
        asked.too_many.iter().partition(|case| case.case.starts_with(RESPELLED));
    assert!(!respelled.is_empty(), "{:#?}", asked.too_many);
    let operations: BTreeSet<&str> = others.iter().map(|case| case.operation.as_str()).collect();
    assert_eq!(operations, BTreeSet::from(SECOND_LOOK), "{others:#?}");
    assert!(asked.too_many.iter().all(|case| case.requests == Asked::MOST + 1), "{:#?}", asked.too_many);
    assert!(asked.denied_by_request.iter().all(|count| *count == 0), "{asked:?}");
    // The cases are of every kind, and those that need facts are among them.
    for counts in [&asked.allowed, &asked.denied_by_request, &asked.denied_by_state] {
        assert!(counts.len() > 20, "{asked:?}");
    }
    assert!(asked.allowed.contains(&Asked::MOST), "{asked:?}");
}
