//! The documents that all engines must judge alike.

use anyhow::Context;
use serde::Deserialize;

/// A document and the rules that it breaks, sorted.
pub(super) struct Example {
    pub document: String,
    pub broken: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    broken: Vec<String>,
    document: serde_json::Value,
}

/// All of them.
pub(super) fn read() -> anyhow::Result<Vec<Example>> {
    let lines = include_str!("../../rules/documents.jsonl").lines().enumerate();
    lines
        .map(|(number, line)| {
            let line: Line = serde_json::from_str(line)
                .with_context(|| format!("tests/bench/rules/documents.jsonl, line {}", number + 1))?;
            Ok(Example { document: line.document.to_string(), broken: line.broken })
        })
        .collect()
}

/// The first that is allowed.
pub(super) fn allowed(examples: &[Example]) -> anyhow::Result<&Example> {
    examples.iter().find(|example| example.broken.is_empty()).context("no document is allowed")
}

/// The first that breaks one rule.
pub(super) fn denied(examples: &[Example]) -> anyhow::Result<&Example> {
    examples.iter().find(|example| example.broken.len() == 1).context("no document breaks exactly one rule")
}
