//! Reads a decision log, and says what is wrong with its chain.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use serde::Deserialize;
use solgate::record::RecordedChain;
use solgate_trial::recorded;

use super::links::{Links, Place};
use crate::commands::output::note;

/// Places that are named one by one; more are counted.
const NAMED: usize = 50;

/// What of a record says where it stands.
#[derive(Deserialize)]
struct Linked {
    /// Every record has it.
    #[serde(rename = "format")]
    _format: u32,
    #[serde(default)]
    chain: Option<RecordedChain>,
}

pub fn verify(files: &[PathBuf], digests: &[String]) -> anyhow::Result<ExitCode> {
    let mut missing: BTreeSet<String> = digests.iter().map(|digest| digest.to_ascii_lowercase()).collect();
    let mut links = Links::default();
    for (file, path) in files.iter().enumerate() {
        recorded::lines(path, |line, bytes| {
            let linked = serde_json::from_slice::<Linked>(bytes).ok();
            let digest = links.line(Place { file, line }, bytes, linked.map(|linked| linked.chain));
            missing.remove(&digest);
        })?;
    }
    let found = links.end();
    let name = |place: Place| {
        let file = files.get(place.file).map(|path| recorded::name(path)).unwrap_or_default();
        format!("{file}:{}", place.line)
    };
    if found.records == 0 {
        bail!("no record is in a chain; a gate makes one with --log-chain");
    }
    for (place, remark) in found.remarks.iter().take(NAMED) {
        note(&format!("solgate: {}: {remark}", name(*place)));
    }
    for (place, flaw) in found.flaws.iter().take(NAMED) {
        note(&format!("solgate: {}: {flaw}", name(*place)));
    }
    if let Some(more) = found.flaws.len().checked_sub(NAMED).filter(|more| *more > 0) {
        note(&format!("solgate: {more} more"));
    }
    for digest in &missing {
        note(&format!("solgate: the record with the digest {digest} is missing"));
    }
    let counted = format!("records {}, chains {}", found.records, found.chains);
    if !found.flaws.is_empty() || !missing.is_empty() {
        note(&format!("solgate: {counted}: this is not the log as the gate has written it"));
        return Ok(ExitCode::from(1));
    }
    note(&format!("solgate: {counted}: none is missing, changed or in another place"));
    note(&format!("solgate: the last one has the digest {}", found.last));
    Ok(ExitCode::SUCCESS)
}
