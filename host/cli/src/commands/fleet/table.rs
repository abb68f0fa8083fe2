//! The table of gates.

use super::found::{Found, Kind, short};
use super::status::{Gate, Status};

const HEAD: [&str; 8] = ["GATE", "SOLGATE", "UPSTREAM", "ROLE", "POLICY", "DIGEST", "SINCE", "SOURCE"];

/// One line for each policy of each gate, and what was found below.
pub fn render(gates: &[Gate], found: &[Found]) -> String {
    let mut rows: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).to_vec()];
    for gate in gates {
        match &gate.status {
            Ok((_, status)) => lines(gate, status, &mut rows),
            Err(_) => rows.push(vec![gate.name.clone(), "no answer".to_owned()]),
        }
    }
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..HEAD.len()).map(|column| width(column).unwrap_or_default()).collect();
    let mut page = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        page.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        page.push('\n');
    }
    if !found.is_empty() {
        page.push('\n');
    }
    for Found { kind, gate, text } in found {
        let gate = gate.as_ref().map(|gate| format!("{gate}: ")).unwrap_or_default();
        page.push_str(&format!("{}: {gate}{}\n", name(*kind), printable(text)));
    }
    page
}

fn lines(gate: &Gate, status: &Status, rows: &mut Vec<Vec<String>>) {
    for judging in &status.gates {
        let mode = if judging.mode == "enforce" { String::new() } else { format!(" ({})", judging.mode) };
        for policy in &judging.policies {
            let cells = [
                gate.name.clone(),
                status.version.clone(),
                judging.upstream.clone(),
                format!("{}{mode}", judging.role),
                format!("{} {}", policy.name, policy.version),
                short(policy.loaded()),
                judging.since.clone(),
                policy.source.clone().unwrap_or_else(|| "built in".to_owned()),
            ];
            rows.push(cells.iter().map(|cell| printable(cell)).collect());
        }
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Silent => "no answer",
        Kind::Drift => "drift",
        Kind::Versions => "versions",
        Kind::Refused => "refused",
        Kind::Away => "away",
        Kind::Differs => "candidate",
    }
}

/// What a gate says cannot steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
