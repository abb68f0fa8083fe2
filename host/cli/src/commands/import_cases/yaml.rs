//! Cases as YAML: a list of mappings, whose values are written in the flow style,
//! which is JSON with spaces. So nothing needs to be guessed about quotes.

use solgate_document::yaml::{flow, quoted};

use crate::commands::import_cases::case::ImportedCase;

/// A file of cases.
pub fn document(log: &str, cases: &[ImportedCase]) -> String {
    let log: String = log.chars().filter(|c| !c.is_control()).collect();
    let mut out = format!("# Decisions recorded in {log}, by solgate import-cases.\ncases:\n");
    for (index, case) in cases.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if !case.redacted.is_empty() {
            let places: Vec<String> = case.redacted.iter().map(|place| quoted(place)).collect();
            out.push_str(&format!("  # Not as it was sent: {}\n", places.join(", ")));
        }
        out.push_str(&format!("  - name: {}\n", quoted(&case.name)));
        for (name, value) in &case.members {
            out.push_str(&format!("    {name}: {}\n", flow(value)));
        }
    }
    out
}
