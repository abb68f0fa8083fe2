//! One line for each request that a candidate judged differently from the live
//! policies.
//!
//! The line is written like the decision lines, and holds no more than they do: no
//! body, no query, no header value.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde::Serialize;
use solgate::gate::Gate;
use solgate::record::{RecordedCaller, RecordedPolicy, RecordedVerdict};
use solgate_config::LogFormat;
use solgate_telemetry::decisions::Outgoing;
use solgate_telemetry::line;
use solgate_telemetry::outcome_counter::Counted;

use super::Job;
use super::compare::{Compared, Comparison};

/// The format of the line. It grows by members that a reader may ignore; when it
/// changes in any other way, so does this number.
const FORMAT: u32 = 1;

#[derive(Serialize)]
pub struct Line<'a> {
    /// [`FORMAT`]; no decision line has this member.
    shadow: u32,
    /// Of the request, as in its decision line.
    time: String,
    id: &'a str,
    peer: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a RecordedCaller>,
    method: &'a str,
    path: &'a str,
    operation: Option<&'a str>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    live: &'a RecordedVerdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<&'a RecordedVerdict>,
    /// Those of the candidate.
    policies: Vec<RecordedPolicy>,
}

/// The line about a request; `None` if both judged alike.
pub fn line<'a>(job: &'a Job, candidate: &Gate, comparison: &'a Comparison) -> Option<Line<'a>> {
    if matches!(comparison.outcome, Compared::Agree | Compared::Skipped) {
        return None;
    }
    let policies = candidate.policies().iter().map(|policy| policy.id());
    Some(Line {
        shadow: FORMAT,
        time: humantime::format_rfc3339_micros(job.time).to_string(),
        id: &job.id,
        peer: job.peer,
        caller: job.caller.as_ref(),
        method: &job.method,
        path: &job.path,
        operation: job.decision.operation.as_deref(),
        outcome: comparison.outcome.name(),
        reason: comparison.reason.as_deref(),
        live: &comparison.live,
        candidate: comparison.candidate.as_ref(),
        policies: policies.map(|id| RecordedPolicy { name: id.name.clone(), digest: id.digest.clone() }).collect(),
    })
}

impl Line<'_> {
    /// Writes it as the decision lines are, and sends it if it goes elsewhere as well.
    pub fn write(&self, format: LogFormat, outgoing: Option<Outgoing>) {
        // Texts and numbers only: serialising cannot fail.
        let json = || serde_json::to_string(self).unwrap_or_default();
        match format {
            LogFormat::Off => {}
            LogFormat::Json => line::write(&json()),
            LogFormat::Text => line::write(&self.text()),
        }
        if let Some(outgoing) = outgoing {
            outgoing.send(json());
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{} shadow {:<9} {} {}", self.time, self.outcome, self.method, self.path);
        let _ = write!(text, "  live {}", said(self.live));
        if let Some(candidate) = self.candidate {
            let _ = write!(text, "  candidate {}", said(candidate));
        }
        if let Some(reason) = self.reason {
            let _ = write!(text, "  {reason}");
        }
        text
    }
}

fn said(verdict: &RecordedVerdict) -> String {
    let mut text = match (verdict.status, &verdict.rule) {
        (Some(status), Some(rule)) => format!("{status} {rule}"),
        _ => "allow".to_owned(),
    };
    for finding in &verdict.findings {
        let _ = write!(text, " [{} {}]", finding.severity.name(), finding.violation.rule);
    }
    text
}
