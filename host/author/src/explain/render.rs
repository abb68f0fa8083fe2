//! An explanation for people.

use std::io::{self, Write};

use anstyle::Style;
use solgate::gate::{FactTrace, Severity};
use solgate_engine::ir::{Rule, RuleKind};
use solgate_engine::trace::{Because, Lacking, RuleResult, RuleTrace, Stage, StageTrace, Trace};

use super::{Explained, Explanation};
use crate::check::render::{ALLOWED, DENIED, PLACE, QUIET, WARN, place};

/// Column in which the texts beside a mark begin, and the last one.
const TEXT: usize = 16;
const LAST: usize = 100;

const STAGES: [(Stage, &str); 14] = [
    (Stage::UriLength, "uri length"),
    (Stage::Route, "route"),
    (Stage::Version, "version"),
    (Stage::Authorization, "authorization"),
    (Stage::Access, "access"),
    (Stage::Head, "head"),
    (Stage::Query, "query"),
    (Stage::Content, "content"),
    (Stage::Json, "json"),
    (Stage::Body, "body"),
    (Stage::Facts, "facts"),
    (Stage::Existence, "existence"),
    (Stage::IfMatch, "if-match"),
    (Stage::State, "state"),
];

impl Explanation {
    /// # Errors
    /// What `out` reports.
    pub fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        self.verdict(out)?;
        for policy in &self.policies {
            if self.policies.len() > 1 {
                writeln!(out, "\n{PLACE}policy{PLACE:#} {}", shown(&policy.traced.bundle().name))?;
            }
            let Some(trace) = policy.last() else { continue };
            matched(trace, out)?;
            writeln!(out)?;
            for stage in &trace.stages {
                write!(out, "{PLACE}{}{PLACE:#}", name(stage.stage))?;
                if stage.stage == Stage::Facts {
                    self.facts(policy, out)?;
                } else {
                    policy.stage(stage, out)?;
                }
            }
        }
        self.decision(out)
    }

    fn verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.report.problem() {
            _ if !self.missing.is_empty() => writeln!(out, "{WARN}not judged{WARN:#} facts are missing")?,
            None => writeln!(out, "{ALLOWED}allowed{ALLOWED:#}")?,
            Some(problem) => {
                let status = problem.status.as_u16();
                writeln!(out, "{DENIED}denied {status}{DENIED:#} {PLACE}{}{PLACE:#}", shown(&problem.title))?;
            }
        }
        writeln!(out, "  {QUIET}{} {}{QUIET:#}", self.report.method, self.report.target)
    }

    fn facts(&self, policy: &Explained, out: &mut dyn Write) -> io::Result<()> {
        let asked = policy.asked();
        if asked.is_empty() {
            return writeln!(out, " {QUIET}(no fact is needed){QUIET:#}");
        }
        writeln!(out)?;
        for fact in asked {
            let known = self.report.decision.facts.iter().find(|known| known.name == fact.name);
            let missing = self.missing.iter().any(|missing| missing.name == fact.name);
            let outcome = if missing { "not given" } else { known.map_or("not asked for", FactTrace::outcome) };
            let style = if missing { WARN } else { Style::new() };
            line(out, outcome, style, &format!("{}, for {}", fact.name, fact.rules.join(", ")))?;
        }
        Ok(())
    }

    fn decision(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{PLACE}decision{PLACE:#}")?;
        if !self.missing.is_empty() {
            let names: Vec<&str> = self.missing.iter().map(|fact| fact.name.as_str()).collect();
            return line(out, "not judged", WARN, &format!("the stages from here on look at {}", names.join(" and ")));
        }
        let Some(problem) = self.report.problem() else {
            let denying = self.report.decision.findings.iter().any(|finding| finding.severity == Severity::Deny);
            let reason = if denying {
                "nothing is denied in monitor mode; in the mode enforce, the rules that failed with the severity deny would have denied"
            } else {
                "no rule that denies has failed"
            };
            return line(out, "allowed", ALLOWED, reason);
        };
        match self.denied_in() {
            Some(stage) => {
                line(out, "denied", DENIED, &format!("by {} in the stage {}", problem.rule, name(stage)))?;
                let rule = self.decisive().and_then(|policy| policy.rule(&problem.rule));
                for (mark, text) in [
                    ("clause", rule.and_then(|rule| rule.clause.as_deref())),
                    ("why", rule.map(|rule| rule.doc.as_str()).filter(|doc| !doc.is_empty())),
                ] {
                    if let Some(text) = text {
                        line(out, mark, QUIET, text)?;
                    }
                }
                let later: Vec<&str> =
                    STAGES.iter().filter(|(other, _)| *other > stage).map(|(_, name)| *name).collect();
                if !later.is_empty() {
                    line(out, "not reached", QUIET, &later.join(", "))?;
                }
                Ok(())
            }
            None => line(
                out,
                "denied",
                DENIED,
                &format!("by the gate itself, not by a rule of the policy: {}", problem.detail),
            ),
        }
    }
}

impl Explained {
    fn stage(&self, stage: &StageTrace, out: &mut dyn Write) -> io::Result<()> {
        if stage.rules.is_empty() {
            return writeln!(out, " {QUIET}(no rule has anything to look at){QUIET:#}");
        }
        writeln!(out)?;
        let (mut held, mut schema, mut off) = (Vec::new(), 0_usize, Vec::new());
        for rule in &stage.rules {
            let definition = self.rule(&rule.rule);
            match &rule.result {
                RuleResult::Held { .. } if definition.is_some_and(|rule| rule.kind == RuleKind::Schema) => {
                    schema = schema.saturating_add(1);
                }
                RuleResult::Held { items: Some(0) } => held.push(format!("{} (for no items)", rule.rule)),
                RuleResult::Held { .. } => held.push(rule.rule.clone()),
                RuleResult::Off => off.push(rule.rule.clone()),
                _ => special(rule, definition, out)?,
            }
        }
        if schema > 0 {
            held.push(format!("{schema} of the schema"));
        }
        for (mark, rules) in [("held", held), ("off", off)] {
            if !rules.is_empty() {
                line(out, mark, QUIET, &rules.join(", "))?;
            }
        }
        Ok(())
    }
}

fn matched(trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    let Some(operation) = &trace.operation else {
        return Ok(());
    };
    writeln!(out, "\n{PLACE}matched{PLACE:#}")?;
    line(out, "operation", QUIET, operation)?;
    line(out, "API root", QUIET, trace.api_root.as_deref().unwrap_or_default())?;
    for (name, value) in &trace.variables {
        line(out, "path", QUIET, &format!("{name} = {value}"))?;
    }
    Ok(())
}

/// A rule that neither held nor is off.
fn special(rule: &RuleTrace, definition: Option<&Rule>, out: &mut dyn Write) -> io::Result<()> {
    let require = definition.and_then(|rule| match &rule.kind {
        RuleKind::Require(require) => Some(require),
        _ => None,
    });
    let (mark, style, text) = match &rule.result {
        RuleResult::Failed => {
            let severity = rule.failures.iter().map(|failure| failure.severity).max();
            match severity.unwrap_or(rule.severity) {
                Severity::Deny => ("failed", DENIED, rule.rule.clone()),
                Severity::Warn => ("failed", WARN, format!("{} (warn)", rule.rule)),
                Severity::Audit | Severity::Off => ("failed", QUIET, format!("{} (audit)", rule.rule)),
            }
        }
        RuleResult::NotEvaluated { error } => ("not evaluated", DENIED, format!("{}: {error}", rule.rule)),
        RuleResult::Excluded => ("excluded", QUIET, rule.rule.clone()),
        RuleResult::NotApplicable(because) => {
            let reason = match because {
                Because::NoIfMatch => "the request has no If-Match field",
                Because::NoEtag => "the VNFM sent no ETag",
                Because::UnreadableBody => "the body could not be read",
                Because::InvalidBody => "it cannot be evaluated on a body that its schema refuses",
            };
            ("not looked at", QUIET, format!("{}: {reason}", rule.rule))
        }
        RuleResult::LeftOut { fact, answer } => {
            let reason = match answer {
                Lacking::Absent => "the VNFM does not know it",
                Lacking::Withheld => "the caller may not read it",
                Lacking::Unavailable => "the VNFM gave no usable answer",
                Lacking::Unasked => "what it is asked for by is not there",
            };
            ("left out", WARN, format!("{}: it looks at {fact}, and {reason}", rule.rule))
        }
        RuleResult::Waits { facts } => ("waits", QUIET, format!("{} for {}", rule.rule, facts.join(", "))),
        RuleResult::Held { .. } | RuleResult::Off => return Ok(()),
    };
    line(out, mark, style, &text)?;
    match (&rule.result, require) {
        (RuleResult::Excluded, Some(require)) => {
            if let Some(when) = &require.when {
                line(out, "", QUIET, &format!("when {}", flat(when)))?;
            }
        }
        (RuleResult::Failed | RuleResult::NotEvaluated { .. }, Some(require)) => {
            for (name, expression) in &require.variables {
                line(out, "", QUIET, &format!("{name} = {}", flat(expression)))?;
            }
            if let Some(list) = &require.for_each {
                line(out, "", QUIET, &format!("for each of {}", flat(list)))?;
            }
            line(out, "", QUIET, &format!("require {}", flat(&require.require)))?;
            for part in &rule.values {
                line(out, "", QUIET, &format!("{} is {}", part.expression, part.value))?;
            }
        }
        _ => {}
    }
    for failure in &rule.failures {
        line(out, "", Style::new(), &format!("{}: {}", place(&failure.location), failure.detail))?;
    }
    Ok(())
}

/// Text of a policy, which may be anybody's, such that it cannot steer the
/// terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// An expression on one line.
fn flat(expression: &str) -> String {
    expression.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A mark and the text beside it, broken between words.
fn line(out: &mut dyn Write, mark: &str, style: Style, text: &str) -> io::Result<()> {
    write!(out, "  {style}{mark:<width$}{style:#}", width = TEXT.saturating_sub(2))?;
    let mut column = TEXT;
    for (at, word) in shown(text).split(' ').enumerate() {
        let width = word.chars().count();
        if at > 0 && column.saturating_add(width) >= LAST {
            write!(out, "\n{:TEXT$}", "")?;
            column = TEXT;
        } else if at > 0 {
            write!(out, " ")?;
            column = column.saturating_add(1);
        }
        write!(out, "{word}")?;
        column = column.saturating_add(width);
    }
    writeln!(out)
}

fn name(stage: Stage) -> &'static str {
    STAGES.iter().find(|(known, _)| *known == stage).map_or("", |(_, name)| name)
}
