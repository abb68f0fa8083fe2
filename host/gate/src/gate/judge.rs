//! How a request is judged: rounds of evaluations, and facts between them.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::future::join_all;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use solgate_contract::catalogue::{ENGINE_RULES, rule};
use solgate_contract::verdict::{self, Context, Denial, FactQuery, Finding, Mode, Outcome, Severity};

use super::aside::Place;
use super::decision::{Decision, FactTrace, Verdict};
use super::operations::Path;
use super::ownership::{Asked, Member, Whose};
use super::{FactFailure, Gate, Observer};
use crate::Request;
use crate::ambiguity;
use crate::facts::{Fact, FactAnswer, FactRequest, FactSource, FactTemplate};
use crate::fault::{self, Fault};
use crate::policy::{EvaluateError, Policy};
use crate::problem::Problem;

/// Most evaluations of one policy for one request.
const ROUNDS: usize = 3;

/// What one policy came to.
enum Judged {
    Allowed,
    Denied(Denial),
    Faulted(Fault),
}

/// The facts of one policy for one request.
#[derive(Default)]
struct Known {
    facts: Vec<(FactQuery, Fact)>,
}

/// A fact that was fetched for this request, and what was asked.
struct Fetched {
    template: FactTemplate,
    api_root: String,
    variables: Vec<(String, String)>,
    fact: Fact,
}

/// The state of judging one request.
struct Hearing<'a> {
    gate: &'a Gate,
    request: &'a Request,
    facts: &'a dyn FactSource,
    observer: &'a mut dyn Observer,
    asked: Asked<'a>,
    /// Milliseconds since the epoch.
    received_at: u64,
    /// What has been fetched for any of the policies.
    fetched: Vec<Fetched>,
    decision: Decision,
}

pub(super) async fn judge(
    gate: &Gate,
    request: &Request,
    facts: &dyn FactSource,
    observer: &mut dyn Observer,
) -> Decision {
    let received_at = request.received_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let path = Path::of(&request.target);
    let asked = gate.owners.asked(&path);
    let about = gate.about_path(&request.method, &path, &asked);
    let policies = gate.members(&asked.members).map(|member| Arc::clone(member.policy.id())).collect();
    let mut hearing = Hearing {
        gate,
        request,
        facts,
        observer,
        asked,
        received_at: u64::try_from(received_at.as_millis()).unwrap_or(u64::MAX),
        fetched: Vec::new(),
        decision: Decision {
            verdict: Verdict::Allow,
            findings: Vec::new(),
            fault: false,
            operation: about.operation.map(str::to_owned),
            resource: about.resource,
            api: about.api.cloned(),
            facts: Vec::new(),
            evaluation: Duration::ZERO,
            waiting: Duration::ZERO,
            policies,
        },
    };
    if let Some(problem) = hearing.hear().await {
        hearing.decision.verdict = Verdict::Deny(Box::new(problem));
    }
    hearing.decision
}

impl<'a> Hearing<'a> {
    /// Asks the policies; what needs no facts comes first for all of them.
    async fn hear(&mut self) -> Option<Problem> {
        if let Err(fault) = ambiguity::check(self.request) {
            return self.conclude(Judged::Faulted(fault));
        }
        let fields = match self.fields() {
            Ok(fields) => fields,
            Err(fault) => return self.conclude(Judged::Faulted(fault)),
        };
        let gate = self.gate;
        let mut open = Vec::new();
        let mut members = std::mem::take(&mut self.asked.members);
        if self.asked.whose == Whose::AnyOnes {
            members = self.any_one(&members, &fields).await.into();
        }
        for (index, member) in gate.members(&members).enumerate() {
            let before = self.decision.findings.len();
            match self.evaluate(member, &fields, &Known::default()).await {
                Ok(Outcome::Need(queries)) => open.push((member, queries)),
                other => {
                    let judged = self.settle(other, member.policy);
                    if let Some(problem) = self.conclude(judged) {
                        return Some(problem);
                    }
                }
            }
            // In monitor mode the first denial would also have ended it.
            let mut findings = self.decision.findings.iter().skip(before);
            if self.asked.whose == Whose::Nobodys && findings.any(|finding| finding.severity == Severity::Deny) {
                self.decision.policies.truncate(index.saturating_add(1));
                return None;
            }
        }
        for (member, queries) in open {
            let judged = self.with_facts(member, &fields, queries).await;
            if let Some(problem) = self.conclude(judged) {
                return Some(problem);
            }
        }
        None
    }

    /// Of policies that each would do, the first that does not deny without facts; if all
    /// deny, the first.
    async fn any_one(&mut self, members: &[usize], fields: &[(&str, &str)]) -> Vec<usize> {
        let gate = self.gate;
        let mut chosen = members.first().copied();
        for index in members.iter().copied() {
            let Some(member) = gate.member(index) else { continue };
            let denies = match self.evaluate(member, fields, &Known::default()).await {
                Ok(Outcome::Deny(_)) | Err(_) => true,
                Ok(Outcome::Allow(findings)) => findings.iter().any(|finding| finding.severity == Severity::Deny),
                Ok(Outcome::Need(_)) => false,
            };
            if !denies {
                chosen = Some(index);
                break;
            }
        }
        let chosen = Vec::from_iter(chosen);
        self.decision.policies = gate.members(&chosen).map(|member| Arc::clone(member.policy.id())).collect();
        chosen
    }

    /// The further rounds of a policy that needs facts.
    async fn with_facts(&mut self, member: Member<'_>, fields: &[(&str, &str)], mut queries: Vec<FactQuery>) -> Judged {
        let policy = member.policy;
        let mut known = Known::default();
        for _ in 1..ROUNDS {
            if let Some(twice) =
                queries.iter().find(|query| known.facts.iter().any(|(have, _)| have.name == query.name))
            {
                let reason = format!("it asks again for the fact {:?}, which it has", twice.name);
                return Judged::Faulted(Fault::PolicyOutcome { policy: policy.manifest().name.clone(), reason });
            }
            if let Err(fault) = self.fetch(policy, queries, &mut known, false).await {
                return Judged::Faulted(fault);
            }
            let mut outcome = self.evaluate(member, fields, &known).await;
            // The VNFM changes state by itself: no denial rests on a cached fact.
            if matches!(outcome, Ok(Outcome::Deny(_))) && known.facts.iter().any(|(_, fact)| fact.cached) {
                let asked = known.facts.drain(..).map(|(query, _)| query);
                // What was asked for by a member of another fact may be another thing by now.
                let (later, asked): (Vec<_>, Vec<_>) = asked.partition(|query| takes_a_fact(policy, query));
                if let Err(fault) = self.fetch(policy, asked, &mut known, true).await {
                    return Judged::Faulted(fault);
                }
                outcome = self.evaluate(member, fields, &known).await;
                if let (false, Ok(Outcome::Need(more))) = (later.is_empty(), &outcome) {
                    if let Err(fault) = self.fetch(policy, more.clone(), &mut known, true).await {
                        return Judged::Faulted(fault);
                    }
                    outcome = self.evaluate(member, fields, &known).await;
                }
            }
            match outcome {
                Ok(Outcome::Need(more)) => queries = more,
                Ok(Outcome::Allow(findings)) if let Some(fault) = self.unusable(&findings, &known) => {
                    self.decision.findings.extend(findings);
                    return Judged::Faulted(fault);
                }
                outcome => return self.settle(outcome, policy),
            }
        }
        let reason = format!("it still needs facts after {ROUNDS} evaluations");
        Judged::Faulted(Fault::PolicyOutcome { policy: policy.manifest().name.clone(), reason })
    }

    /// A policy says of an answer of the VNFM that it is not one that rules can look at:
    /// as if there were none.
    fn unusable(&self, findings: &[Finding], known: &Known) -> Option<Fault> {
        if self.gate.fact_failure != FactFailure::Deny {
            return None;
        }
        let unavailable = ENGINE_RULES.get(rule::FACT_UNAVAILABLE).map(|rule| rule.id);
        let found = findings.iter().find(|finding| Some(finding.violation.rule.as_str()) == unavailable)?;
        let facts: Vec<&str> = known.facts.iter().map(|(query, _)| query.name.as_str()).collect();
        Some(Fault::FactUnavailable { fact: facts.join(", "), reason: found.violation.detail.clone() })
    }

    /// The header fields that a policy which is asked wants to see.
    fn fields(&self) -> Result<Vec<(&'a str, &'a str)>, Fault> {
        let request = self.request;
        let wanted = |name: &str| {
            let mut asked = self.gate.members(&self.asked.members);
            asked.any(|member| member.policy.manifest().fields.iter().any(|field| field == name))
        };
        let mut fields = Vec::new();
        for (name, value) in &request.headers {
            // CGI and WSGI cannot tell `If_Match` from `If-Match`.
            if name.as_str().contains('_') && !wanted(name.as_str()) {
                let alias = name.as_str().replace('_', "-");
                if wanted(&alias) || alias == CONTENT_ENCODING.as_str() {
                    return Err(Fault::FieldAlias { name: name.as_str().to_owned(), alias });
                }
            }
            // The policy reads the content as it is; with a coding, the VNFM
            // would read another one.
            if name == CONTENT_ENCODING && !value.as_bytes().eq_ignore_ascii_case(b"identity") {
                return Err(Fault::ContentCoding);
            }
            if wanted(name.as_str()) {
                let text = std::str::from_utf8(value.as_bytes())
                    .map_err(|_| Fault::BadFieldValue { name: name.as_str().to_owned() })?;
                fields.push((name.as_str(), text));
            }
        }
        Ok(fields)
    }

    async fn evaluate(
        &mut self,
        Member { policy, settings }: Member<'_>,
        fields: &[(&str, &str)],
        known: &Known,
    ) -> Result<Outcome, EvaluateError> {
        let input = known.facts.iter().fold(self.request.body.len(), |sum, (_, fact)| match &fact.answer {
            FactAnswer::Found { body, .. } => sum.saturating_add(body.len()),
            _ => sum,
        });
        let place = Place::find(input).await.ok_or(EvaluateError::Busy)?;
        let facts: Vec<_> = known.facts.iter().map(|(query, fact)| (query.name.as_str(), answer(fact))).collect();
        let request = verdict::Request {
            method: &self.request.method,
            target: &self.request.target,
            fields,
            body: &self.request.body,
            body_complete: self.request.body_complete,
        };
        let context = Context {
            received_at: self.received_at,
            mode: self.gate.mode,
            caller: self.request.caller.as_ref(),
            facts: &facts,
            settings,
        };
        let begun = Instant::now();
        let outcome = place.run(|| policy.evaluate_within(self.gate.limits.as_ref(), &request, &context));
        let ended = Instant::now();
        self.decision.evaluation = self.decision.evaluation.saturating_add(ended.duration_since(begun));
        self.observer.evaluated(policy, begun, ended);
        outcome
    }

    /// Takes the findings out of an outcome that is not `Need`.
    fn settle(&mut self, outcome: Result<Outcome, EvaluateError>, policy: &Policy) -> Judged {
        let name = || policy.manifest().name.clone();
        match outcome {
            Ok(Outcome::Allow(findings)) => {
                self.decision.findings.extend(findings);
                Judged::Allowed
            }
            Ok(Outcome::Deny(mut denial)) => {
                self.decision.findings.append(&mut denial.findings);
                Judged::Denied(denial)
            }
            Ok(Outcome::Need(_)) => Judged::Faulted(Fault::PolicyOutcome {
                policy: name(),
                reason: "it asks for facts when it has them".to_owned(),
            }),
            Err(error) => {
                tracing::error!(policy = policy.manifest().name, %error, "a policy gave no verdict");
                self.observer.gave_no_verdict(policy, &error);
                Judged::Faulted(match error {
                    EvaluateError::Trap(_) => Fault::PolicyTrap { policy: name() },
                    EvaluateError::Deadline => Fault::PolicyDeadline { policy: name() },
                    EvaluateError::Memory => Fault::PolicyMemory { policy: name() },
                    EvaluateError::Busy => Fault::Overload,
                    EvaluateError::Outcome(reason) => Fault::PolicyOutcome { policy: name(), reason },
                })
            }
        }
    }

    /// The answer that ends the hearing, if there is one: in monitor mode there is
    /// none, and what would have been answered is a finding.
    fn conclude(&mut self, judged: Judged) -> Option<Problem> {
        let problem = match judged {
            Judged::Allowed => return None,
            Judged::Denied(denial) => problem(denial, &self.request.target),
            Judged::Faulted(fault) => {
                self.decision.fault = true;
                self.observer.failed(&fault);
                fault.problem(Some(&self.request.target))
            }
        };
        if self.gate.mode == Mode::Enforce {
            return Some(problem);
        }
        let status = problem.status.as_u16();
        self.decision.findings.extend(problem.violations.into_iter().map(|violation| Finding {
            severity: Severity::Deny,
            status,
            violation,
        }));
        None
    }

    /// Fetches the facts asked for, at the same time.
    async fn fetch(
        &mut self,
        policy: &Policy,
        queries: Vec<FactQuery>,
        known: &mut Known,
        fresh: bool,
    ) -> Result<(), Fault> {
        let manifest = policy.manifest();
        let Some(api_root) = manifest.api_root(&self.request.target) else {
            let reason = "it asks for facts about a request below none of its API roots".to_owned();
            return Err(Fault::PolicyOutcome { policy: manifest.name.clone(), reason });
        };
        let begun = Instant::now();
        let mut fetches = Vec::with_capacity(queries.len());
        for query in &queries {
            let Some(template) = manifest.facts.get(&query.name) else {
                let reason = format!("it asks for the undeclared fact {:?}", query.name);
                return Err(Fault::PolicyOutcome { policy: manifest.name.clone(), reason });
            };
            fetches.push(self.fetch_one(template, &query.variables, &api_root, fresh));
        }
        let answers = join_all(fetches).await;
        self.decision.waiting = self.decision.waiting.saturating_add(begun.elapsed());
        for (query, (fact, new)) in queries.into_iter().zip(answers) {
            let fault = match &fact.answer {
                FactAnswer::Unavailable(reason) if self.gate.fact_failure == FactFailure::Deny => {
                    Some(Fault::FactUnavailable { fact: query.name.clone(), reason: reason.clone() })
                }
                _ => None,
            };
            if new {
                self.decision.facts.push(FactTrace {
                    name: query.name.clone(),
                    variables: query.variables.clone(),
                    answer: fact.answer.clone(),
                    cached: fact.cached,
                });
                if let Some(template) = manifest.facts.get(&query.name) {
                    self.fetched.push(Fetched {
                        template: template.clone(),
                        api_root: api_root.to_string(),
                        variables: query.variables.clone(),
                        fact: fact.clone(),
                    });
                }
            }
            known.facts.push((query, fact));
            if let Some(fault) = fault {
                return Err(fault);
            }
        }
        Ok(())
    }

    /// One fact, and whether it was fetched now: policies that ask the same share
    /// the answer.
    async fn fetch_one(
        &self,
        template: &FactTemplate,
        variables: &[(String, String)],
        api_root: &str,
        fresh: bool,
    ) -> (Fact, bool) {
        let same =
            |have: &&Fetched| have.template == *template && have.variables == variables && have.api_root == api_root;
        if let Some(have) = self.fetched.iter().rev().find(same)
            && !(fresh && have.fact.cached)
        {
            return (have.fact.clone(), false);
        }
        let request = FactRequest { template, variables, api_root, headers: &self.request.headers, fresh };
        (self.facts.fetch(request).await, true)
    }
}

/// Whether a fact is asked for by a member of another: `{vnfInstance.vnfdId}`.
fn takes_a_fact(policy: &Policy, query: &FactQuery) -> bool {
    let facts = &policy.manifest().facts;
    query.variables.iter().any(|(name, _)| name.split_once('.').is_some_and(|(root, _)| facts.contains_key(root)))
}

fn answer(fact: &Fact) -> verdict::FactAnswer<&[u8]> {
    match &fact.answer {
        FactAnswer::Found { etag, body } => {
            verdict::FactAnswer::Found { etag: etag.clone(), body: Bytes::as_ref(body) }
        }
        FactAnswer::Absent => verdict::FactAnswer::Absent,
        FactAnswer::Withheld => verdict::FactAnswer::Withheld,
        FactAnswer::Unavailable(_) => verdict::FactAnswer::Unavailable,
    }
}

fn problem(denial: Denial, target: &str) -> Problem {
    let mut headers = HeaderMap::new();
    for (name, value) in denial.fields {
        // Both were checked when they left the sandbox.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    // Which rule it was does not matter: these two go with their status.
    match denial.status {
        401 if !headers.contains_key(WWW_AUTHENTICATE) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        503 => {
            headers.insert(RETRY_AFTER, HeaderValue::from(fault::RETRY_AFTER));
        }
        _ => {}
    }
    Problem {
        status: StatusCode::from_u16(denial.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        rule: denial.rule,
        title: denial.title,
        detail: denial.detail,
        instance: Some(target.split('?').next().unwrap_or(target).to_owned()),
        violations: denial.violations,
        headers,
    }
}
