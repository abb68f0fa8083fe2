//! What the gate costs the VNFM: nothing for a request that is denied for what it
//! is, and two requests at most for any other. `make bench` reports the figures.

use solgate_bundle::{BuildOptions, compile_dir};
use solgate_tests::asked::Asked;
use solgate_tests::workspace;

#[tokio::test]
async fn the_vnfm_is_asked_only_where_its_state_decides_and_then_twice_at_most() {
    let compiled = compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default());
    let asked = Asked::count(&compiled.unwrap_or_else(|error| panic!("{error}"))).await;
    assert!(asked.too_many.is_empty(), "{}", asked.too_many.join("\n"));
    // The cases are of every kind, and those that need facts are among them.
    for counts in [&asked.allowed, &asked.denied_by_request, &asked.denied_by_state] {
        assert!(counts.len() > 20, "{asked:?}");
    }
    assert!(asked.allowed.contains(&Asked::MOST), "{asked:?}");
}
