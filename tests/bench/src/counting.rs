//! What the gate asks of the VNFM. The rule itself is guarded by
//! `tests/tests/vnfm_requests.rs`.

use std::collections::BTreeSet;

use solgate_bundle::{BuildOptions, compile_dir};
use solgate_tests::asked::Asked;
use solgate_tests::workspace;

use crate::Settings;
use crate::progress::Progress;
use crate::report::{Row, Target};

/// The suite.
///
/// # Errors
/// If the default policy cannot be compiled.
pub fn rows(_: Settings, progress: &Progress) -> anyhow::Result<Vec<Row>> {
    progress.step("the default policy's cases");
    let compiled = compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let asked = runtime.block_on(Asked::count(&compiled));
    let row = |what: &str, counts: &[usize], most: usize| {
        let largest = counts.iter().max().copied().unwrap_or_default();
        let sum: usize = counts.iter().sum();
        let mean = sum as f64 / counts.len().max(1) as f64;
        let what = format!("most requests to the VNFM for one that is {what}");
        Row::against(what, largest as f64, "requests", Target::AtMost(most as f64)).note(format!(
            "{} cases, {mean:.2} on average{}",
            counts.len(),
            over(&asked, largest, most)
        ))
    };
    Ok(vec![
        row("denied for what it is", &asked.denied_by_request, 0),
        row("denied for the VNFM's state", &asked.denied_by_state, Asked::MOST),
        row("allowed", &asked.allowed, Asked::MOST),
    ])
}

/// Which operations cost more than they may.
fn over(asked: &Asked, largest: usize, most: usize) -> String {
    if largest <= most {
        return String::new();
    }
    let operations: BTreeSet<&str> = asked.too_many.iter().map(|case| case.operation.as_str()).collect();
    format!("; too many for {}", Vec::from_iter(operations).join(", "))
}
