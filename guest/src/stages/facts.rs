//! What the VNFM knows: which facts are needed, and the rules that look at them.

use super::{
    call::Call,
    content::Content,
    expressions::{self, Hindrance},
    given,
    known::{Answer, State},
};
use crate::{
    catalogue::rule,
    findings::Report,
    ir::Stage,
    media_type::elements,
    rules::Expression,
    text,
    trace::{Because, Lacking, RuleResult},
    verdict::{FactQuery, Location},
};

impl<'a> State<'a> {
    /// The facts that are still to be fetched.
    pub(super) fn needed(&mut self, call: &Call<'a>, content: &Content<'_>, report: &mut Report<'_>) -> Vec<FactQuery> {
        given::settle(self, call, content);
        let rules = &call.compiled.rules;
        let mut needed: Vec<usize> = Vec::new();
        let need = |rule: usize, facts: &[usize], needed: &mut Vec<usize>, report: &mut Report<'_>| {
            let unknown = || facts.iter().copied().filter(|fact| self.is_unknown(fact));
            for fact in unknown() {
                if !needed.contains(&fact) {
                    needed.push(fact);
                }
            }
            if unknown().next().is_some() {
                report.settle(rule, || RuleResult::Waits { facts: unknown().map(|fact| name(call, fact)).collect() });
            }
        };
        let if_match = if call.fields("if-match").next().is_some() { rules.if_match.as_slice() } else { &[] };
        for about in rules.exists.iter().chain(if_match) {
            if report.is_active(about.rule) {
                need(about.rule, &[about.fact], &mut needed, report);
            }
        }
        let activation = call.activation(content.value(), &self.values);
        let sight = expressions::Sight::new(&activation);
        for expression in active(call, content, report, &[Stage::Existence, Stage::State]) {
            let late = if rules.asks_at_once { expression.on_demand.as_slice() } else { &[] };
            if expression.guard_facts.iter().any(|fact| self.is_unknown(fact)) {
                need(expression.rule, &expression.guard_facts, &mut needed, report);
                // For what others need there is no round after the next.
                needed.extend(expression.facts.iter().flat_map(|fact| given::first(self, call, *fact)));
            } else if expression.facts.iter().chain(late).any(|fact| self.is_unknown(fact))
                && expression.guard_facts.iter().all(|fact| self.is_found(fact))
                && expressions::applies(expression, &sight) == Ok(true)
            {
                // A guard that fails to evaluate is dealt with when the rule runs.
                need(expression.rule, &expression.facts, &mut needed, report);
                need(expression.rule, late, &mut needed, report);
            }
        }
        drop(sight);
        drop(activation);
        given::queries(self, call, content, &needed)
    }

    /// What an operation is about must exist.
    pub(super) fn check_existence(&mut self, call: &Call<'_>, report: &mut Report<'_>) {
        for exists in &call.compiled.rules.exists {
            if !report.is_active(exists.rule) {
                report.settle(exists.rule, || RuleResult::Off);
                continue;
            }
            match self.answer(exists.fact) {
                Some(Answer::Absent) => {
                    let variables = given::of_path(call, exists.fact);
                    let names: Vec<String> =
                        variables.iter().map(|(name, value)| format!("{name} {}", text::quote(value))).collect();
                    let detail = format!(
                        "The VNFM or NFVO does not know {}; check the identifier in the path.",
                        text::all(&names)
                    );
                    let location = variables.last().map_or(Location::Request, |(name, _)| Location::Path(name.clone()));
                    report.fail(exists.rule, location, detail);
                }
                Some(Answer::Withheld | Answer::Unavailable | Answer::Unfit | Answer::Unasked(_)) => {
                    self.leave_out(call, exists.rule, exists.fact, report)
                }
                Some(Answer::Found { .. }) | None => report.looks_at(&[exists.rule]),
            }
        }
    }

    /// If-Match must hold the current ETag (RFC 9110, 13.1.1).
    pub(super) fn check_if_match(&mut self, call: &Call<'_>, report: &mut Report<'_>) {
        let fields = call.fields("if-match");
        let absent = fields.clone().next().is_none();
        for if_match in &call.compiled.rules.if_match {
            if absent || !report.is_active(if_match.rule) {
                report.settle(if_match.rule, || RuleResult::NotApplicable(Because::NoIfMatch));
                continue;
            }
            let current = match self.answer(if_match.fact) {
                Some(Answer::Found { etag: Some(etag) }) => etag,
                Some(Answer::Found { etag: None }) | None => {
                    report.settle(if_match.rule, || RuleResult::NotApplicable(Because::NoEtag));
                    continue;
                }
                Some(_) => {
                    self.leave_out(call, if_match.rule, if_match.fact, report);
                    continue;
                }
            };
            report.looks_at(&[if_match.rule]);
            let location = Location::Header("If-Match".to_owned());
            let matches = |same: fn(&str, &str) -> bool| {
                fields.clone().flat_map(elements).any(|tag| tag == "*" || same(tag, current))
            };
            if matches(is_same) {
                continue;
            }
            let shown = text::quote(current);
            if matches(is_weakly_same) {
                let detail = format!(
                    "If-Match holds the current ETag {shown} of the resource, but as a weak one, which does not match in a strong comparison."
                );
                report.warn(if_match.rule, location, detail);
            } else {
                let detail = format!(
                    "If-Match does not hold the current ETag {shown} of the resource; read the resource again, and repeat the request with its ETag."
                );
                report.fail(if_match.rule, location, detail);
            }
        }
    }

    /// Rules of one stage that look at facts. Gives those facts that an expression
    /// has come to and that nobody has asked for.
    pub(super) fn check_rules(
        &mut self,
        call: &Call<'_>,
        stage: Stage,
        content: &Content<'_>,
        report: &mut Report<'_>,
    ) -> Vec<FactQuery> {
        let mut needed: Vec<usize> = Vec::new();
        if call.compiled.rules.at(stage).is_empty() {
            return Vec::new();
        }
        let values = std::mem::take(&mut self.values);
        let activation = call.activation(content.value(), &values);
        let sight = expressions::Sight::new(&activation);
        trace_inactive(call, stage, content, report);
        for expression in active(call, content, report, &[stage]) {
            // Without the guard's facts nobody knows whether the rule applies.
            let guard_known = expression.guard_facts.iter().all(|fact| self.is_found(fact));
            if expression.facts.iter().all(|fact| self.is_found(fact)) {
                if let Some(hindrance) = expressions::judge(call, expression, &sight, Some(content), report) {
                    self.hindered(call, expression.rule, hindrance, &mut needed, report);
                }
                continue;
            }
            match if guard_known { expressions::applies(expression, &sight) } else { Ok(true) } {
                Ok(false) => report.settle(expression.rule, || RuleResult::Excluded),
                Ok(true) => {
                    for fact in expression.facts.iter().filter(|fact| !self.is_found(fact)).copied().collect::<Vec<_>>()
                    {
                        self.leave_out(call, expression.rule, fact, report);
                    }
                }
                // Judging fails in the same way, and says so.
                Err(_) => {
                    if let Some(hindrance) = expressions::judge(call, expression, &sight, Some(content), report) {
                        self.hindered(call, expression.rule, hindrance, &mut needed, report);
                    }
                }
            }
        }
        drop(sight);
        drop(activation);
        // For the next stage.
        self.values = values;
        given::queries(self, call, content, &needed)
    }

    /// A rule has come to a fact that is asked for on demand and is not there, or to one
    /// that it was not written for.
    fn hindered(
        &mut self,
        call: &Call<'_>,
        rule: usize,
        hindrance: Hindrance,
        needed: &mut Vec<usize>,
        report: &mut Report<'_>,
    ) {
        let fact = match hindrance {
            Hindrance::Wanted(fact) => fact,
            Hindrance::Unfit(fact) => {
                self.leave_out_for(call, rule, fact, Answer::Unfit, report);
                return;
            }
        };
        if !self.is_unknown(&fact) {
            self.leave_out(call, rule, fact, report);
            return;
        }
        report.settle(rule, || RuleResult::Waits { facts: vec![name(call, fact)] });
        if !needed.contains(&fact) {
            needed.push(fact);
        }
    }

    /// Leaves out a rule because a fact cannot be looked at.
    fn leave_out(&mut self, call: &Call<'_>, rule: usize, fact: usize, report: &mut Report<'_>) {
        if let Some(answer) = self.answer(fact) {
            self.leave_out_for(call, rule, fact, answer, report);
        }
    }

    fn leave_out_for(
        &mut self,
        call: &Call<'_>,
        rule: usize,
        fact: usize,
        answer: Answer<'_>,
        report: &mut Report<'_>,
    ) {
        let lacking = match answer {
            Answer::Absent => Lacking::Absent,
            Answer::Withheld => Lacking::Withheld,
            Answer::Unavailable | Answer::Unfit => Lacking::Unavailable,
            Answer::Unasked(_) => Lacking::Unasked,
            Answer::Found { .. } => return,
        };
        report.settle(rule, || RuleResult::LeftOut { fact: name(call, fact), answer: lacking });
        self.mention(call, fact, answer, report);
    }

    /// Says once that rules were left out because a fact cannot be looked at.
    fn mention(&mut self, call: &Call<'_>, fact: usize, answer: Answer<'_>, report: &mut Report<'_>) {
        if self.mentioned.contains(&fact) {
            return;
        }
        self.mentioned.push(fact);
        let name = call.bundle.ir.facts.get(fact).map_or("", |fact| fact.name.as_str());
        let unasked;
        let (rule, reason) = match answer {
            Answer::Withheld => (rule::FACT_WITHHELD, "the caller may not read it"),
            Answer::Unavailable => (rule::FACT_UNAVAILABLE, "the VNFM or NFVO gave no usable answer"),
            Answer::Unfit => {
                (rule::FACT_UNAVAILABLE, "the answer of the VNFM or NFVO does not have the form that the API describes")
            }
            Answer::Unasked(variable) => {
                unasked = format!("there is no usable {variable} to ask for it by");
                (rule::FACT_UNASKED, unasked.as_str())
            }
            Answer::Absent => {
                let covered = call
                    .compiled
                    .rules
                    .exists
                    .iter()
                    .any(|exists| exists.fact == fact && report.is_active(exists.rule));
                if covered {
                    return;
                }
                (rule::FACT_ABSENT, "the VNFM or NFVO does not know it")
            }
            Answer::Found { .. } => return,
        };
        report.warn(
            rule,
            Location::Request,
            format!("Rules that look at {name} were left out, because {reason}; the VNFM or NFVO decides."),
        );
    }
}

/// The rules of these stages that are to be looked at.
fn active<'c>(call: &Call<'c>, content: &Content<'_>, report: &Report<'_>, stages: &[Stage]) -> Vec<&'c Expression> {
    let indices = stages.iter().flat_map(|stage| call.compiled.rules.at(*stage));
    let expressions = indices.filter_map(|index| call.bundle.expressions.get(*index));
    expressions
        .filter(|expression| report.is_active(expression.rule) && !(expression.reads_body && content.is_unreadable()))
        .collect()
}

/// Says for the trace why rules of a stage are not looked at.
fn trace_inactive(call: &Call<'_>, stage: Stage, content: &Content<'_>, report: &mut Report<'_>) {
    if report.traced().is_none() {
        return;
    }
    let expressions = call.compiled.rules.at(stage).iter().filter_map(|index| call.bundle.expressions.get(*index));
    for expression in expressions {
        if expression.reads_body && content.is_unreadable() {
            report.settle(expression.rule, || RuleResult::NotApplicable(Because::UnreadableBody));
        } else if !report.is_active(expression.rule) {
            report.settle(expression.rule, || RuleResult::Off);
        }
    }
}

fn name(call: &Call<'_>, fact: usize) -> String {
    call.bundle.ir.facts.get(fact).map_or_else(String::new, |fact| fact.name.clone())
}

/// Strong comparison (RFC 9110, 8.8.3.2).
fn is_same(left: &str, right: &str) -> bool {
    left == right && !left.starts_with("W/")
}

fn is_weakly_same(left: &str, right: &str) -> bool {
    left.strip_prefix("W/").unwrap_or(left) == right.strip_prefix("W/").unwrap_or(right)
}
