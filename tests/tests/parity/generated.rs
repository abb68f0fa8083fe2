//! The same on many generated requests.
//!
//! `SOLGATE_PARITY_REQUESTS` is their number (100,000), `SOLGATE_PARITY_SEED` gives
//! other ones, `SOLGATE_PARITY_FIRST` starts with a later one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use solgate::policy::{Engine as Sandbox, EngineConfig, EvaluateError, EvaluationLimits, Policy};
use solgate_bundle::bake::loadable_engine;
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_cases::{Case, FactGiven};
use solgate_engine::Engine;
use solgate_engine::verdict::{Context, FactAnswer, FactQuery, Outcome, Request};
use solgate_tests::domain::{self, Vnfm};
use solgate_tests::workspace;

use super::generator::{Generator, Plan};
use super::subject::{Subject, borrowed};

const REQUESTS: u64 = 100_000;
/// How many numbers a thread takes at a time.
const SHARE: u64 = 256;

struct Engines {
    native: Engine,
    /// As a gateway runs it, and as its author does, in instances that serve one
    /// request after another.
    sandboxed: [(&'static str, Policy); 4],
}

/// What must not be.
enum Fault {
    Differs {
        sandbox: &'static str,
        native: Outcome,
        sandboxed: Result<Outcome, EvaluateError>,
    },
    /// What the VNFM says may be nonsense to a rule; a request must not be.
    PolicyFails(Outcome),
}

/// What the requests came to.
#[derive(Default)]
struct Spread {
    allowed: u64,
    /// By status.
    denied: BTreeMap<u16, u64>,
    /// Facts asked for, by name.
    asked: BTreeMap<String, u64>,
    undecided: u64,
    evaluations: u64,
    /// Rules that denied, and those with findings.
    rules: BTreeSet<String>,
    findings: BTreeSet<String>,
}

#[test]
fn on_generated_requests() {
    let compiled = compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default()).expect("it compiles");
    // The sandboxes take the quick way where there is one.
    let native = Engine::new(compiled.bundle).expect("it starts").by_cel_alone();
    let generator = Generator::new(seeds(&native, &compiled.cases), native.bundle());
    // Nothing here is about time: a busy machine must not fail it.
    let patient = EngineConfig {
        evaluation: EvaluationLimits { time: Duration::from_secs(60), ..EvaluationLimits::default() },
        cache: Some(workspace().join("target/solgate/cache")),
        ..EngineConfig::default()
    };
    let sandbox = Sandbox::new(patient).expect("it starts");
    let baked = Policy::vnflcm_v2(&sandbox).expect("it loads");
    let recycled = Policy::vnflcm_v2(&sandbox).expect("it loads").with_isolation("recycle:64".parse().unwrap());
    let bundle = serde_json::to_vec(native.bundle()).expect("it is plain data");
    let loaded = Policy::from_bundle(&sandbox, &loadable_engine().expect("it is encoded"), bundle).expect("it loads");
    // What an evaluation may not read does not hold what was there before it.
    let poisoned = Sandbox::new(EngineConfig { filler: 0xa5, ..sandbox.config().clone() }).expect("it starts");
    let rewound = Policy::vnflcm_v2(&poisoned).expect("it loads").with_isolation("rewound".parse().unwrap());
    let engines = Engines {
        native,
        sandboxed: [("baked", baked), ("recycled", recycled), ("loaded", loaded), ("rewound", rewound)],
    };

    let requests = number("SOLGATE_PARITY_REQUESTS").unwrap_or(REQUESTS);
    let seed = number("SOLGATE_PARITY_SEED").unwrap_or(0);
    let first = number("SOLGATE_PARITY_FIRST").unwrap_or(0);
    let next = AtomicU64::new(first);
    let failed = AtomicBool::new(false);
    let spread = Mutex::new(Spread::default());
    let failure = Mutex::new(None);
    let end = first + requests;
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(2, |count| count.get()) {
            threads.spawn(|| {
                let mut own = Spread::default();
                while !failed.load(Ordering::Relaxed) {
                    let share = next.fetch_add(SHARE, Ordering::Relaxed);
                    for number in share..(share + SHARE).min(end) {
                        let plan = generator.plan(seed, number);
                        if engines.compare(&generator, &generator.subject(&plan), &mut own).is_err() {
                            failed.store(true, Ordering::Relaxed);
                            failure.lock().unwrap().get_or_insert((number, plan));
                        }
                    }
                    if share >= end {
                        break;
                    }
                }
                spread.lock().unwrap().add(own);
            });
        }
    });
    if let Some((number, plan)) = failure.into_inner().unwrap() {
        panic!("{}", engines.explain(&generator, plan, seed, number));
    }
    let spread = spread.into_inner().unwrap();
    println!("{requests} requests, seed {seed}: {}", spread.told());
    if requests >= REQUESTS {
        spread.check(&engines.native);
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}: expected a number, found {text:?}")))
}

/// The policy's own cases, and those of the domain if they are there.
fn seeds(native: &Engine, own: &[Case]) -> Vec<Subject> {
    let mut seeds: Vec<Subject> = own.iter().filter_map(|case| Subject::of(case, &case.facts)).collect();
    for case in domain::read(&domain::folder()).expect("it is readable").into_iter().flatten() {
        let vnfm = Vnfm::new(&case.state);
        let asked = Mutex::new(BTreeMap::new());
        let request = case.case().expect("it is a case");
        let answer = |query: &FactQuery| -> Option<FactGiven> {
            let fact = native.bundle().facts.iter().find(|fact| fact.name == query.name)?;
            let given = vnfm.answer(&fact.path, &fact.query, &query.variables);
            asked.lock().unwrap().insert(query.name.clone(), given.clone());
            Some(given)
        };
        solgate_cases::judge(native, &request, &answer).expect("it is judged");
        let asked = asked.into_inner().unwrap();
        seeds.extend(Subject::of(&request, &asked));
    }
    seeds
}

impl Engines {
    /// Judges a request to its end, with the facts that are asked for.
    fn compare(&self, generator: &Generator, subject: &Subject, spread: &mut Spread) -> Result<(), Box<Fault>> {
        // As the gate does: only what the manifest asks for enters the sandbox.
        let wanted = self.native.wanted_fields();
        let fields: Vec<(&str, &str)> = subject
            .fields
            .iter()
            .filter(|(name, _)| wanted.contains(name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let request = Request {
            method: &subject.method,
            target: &subject.target,
            fields: &fields,
            body: &subject.body,
            body_complete: subject.body_complete,
        };
        let mut known: BTreeMap<String, FactAnswer<Vec<u8>>> = BTreeMap::new();
        for _ in 0..3 {
            let facts: Vec<_> = known.iter().map(|(name, answer)| (name.as_str(), borrowed(answer))).collect();
            let context = Context {
                received_at: subject.at,
                mode: subject.mode,
                caller: subject.caller.as_ref(),
                facts: &facts,
                settings: &subject.settings,
            };
            let native = self.native.evaluate(&request, &context);
            spread.evaluations += 1;
            for (sandbox, policy) in &self.sandboxed {
                let sandboxed = policy.evaluate(&request, &context);
                if !matches!(&sandboxed, Ok(sandboxed) if *sandboxed == native) {
                    return Err(Box::new(Fault::Differs { sandbox, native, sandboxed }));
                }
            }
            // Who relaxes a rule of a schema may find that another one relied on it.
            let as_built = known.is_empty() && subject.settings.is_empty();
            if as_built && matches!(&native, Outcome::Deny(denial) if denial.status >= 500) {
                return Err(Box::new(Fault::PolicyFails(native)));
            }
            let Outcome::Need(queries) = native else {
                spread.count(&native);
                return Ok(());
            };
            for query in queries {
                *spread.asked.entry(query.name.clone()).or_default() += 1;
                let answer = subject.facts.get(&query.name).cloned();
                let answer = answer.unwrap_or_else(|| generator.fact(&query.name, subject));
                known.insert(query.name, answer);
            }
        }
        spread.undecided += 1;
        Ok(())
    }

    /// The fault, with no mutation that it does not need.
    fn explain(&self, generator: &Generator, mut plan: Plan, seed: u64, number: u64) -> String {
        let fault = |plan: &Plan| self.compare(generator, &generator.subject(plan), &mut Spread::default()).err();
        let mut at = 0;
        while at < plan.mutations.len() {
            let mut fewer = plan.clone();
            fewer.mutations.remove(at);
            if fault(&fewer).is_some() { plan = fewer } else { at += 1 }
        }
        let what = match fault(&plan).as_deref() {
            Some(Fault::Differs { sandbox, native, sandboxed }) => {
                format!("native\n  {native:?}\nbut in the sandbox ({sandbox})\n  {sandboxed:?}")
            }
            Some(Fault::PolicyFails(outcome)) => format!("a request makes the policy fail\n  {outcome:?}"),
            None => "the fault does not come again".to_owned(),
        };
        format!(
            "{what}\non request {number} of seed {seed}; to repeat it:\n  \
             SOLGATE_PARITY_SEED={seed} SOLGATE_PARITY_FIRST={number} SOLGATE_PARITY_REQUESTS=1\n\
             mutations that it takes: {:?}\n\n{}",
            plan.mutations,
            generator.subject(&plan),
        )
    }
}

impl Spread {
    fn count(&mut self, outcome: &Outcome) {
        let findings = match outcome {
            Outcome::Allow(findings) => {
                self.allowed += 1;
                findings
            }
            Outcome::Deny(denial) => {
                *self.denied.entry(denial.status).or_default() += 1;
                for violation in &denial.violations {
                    if !self.rules.contains(&violation.rule) {
                        self.rules.insert(violation.rule.clone());
                    }
                }
                &denial.findings
            }
            Outcome::Need(_) => return,
        };
        for finding in findings {
            if !self.findings.contains(&finding.violation.rule) {
                self.findings.insert(finding.violation.rule.clone());
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.allowed += other.allowed;
        self.undecided += other.undecided;
        self.evaluations += other.evaluations;
        for (status, count) in other.denied {
            *self.denied.entry(status).or_default() += count;
        }
        for (fact, count) in other.asked {
            *self.asked.entry(fact).or_default() += count;
        }
        self.rules.extend(other.rules);
        self.findings.extend(other.findings);
    }

    fn told(&self) -> String {
        format!(
            "{} evaluations; {} allowed; denied, by status, {:?}; undecided {}; facts asked for {:?}; {} rules denied, {} had findings",
            self.evaluations,
            self.allowed,
            self.denied,
            self.undecided,
            self.asked,
            self.rules.len(),
            self.findings.len()
        )
    }

    /// Requests that all go the same way show nothing.
    fn check(&self, engine: &Engine) {
        let requests = self.allowed + self.denied.values().sum::<u64>() + self.undecided;
        assert!(self.allowed * 20 > requests, "hardly any request is allowed: {}", self.told());
        for status in [400, 401, 404, 405, 406, 409, 412, 413, 414, 415, 422] {
            assert!(self.denied.contains_key(&status), "no request is denied with {status}: {}", self.told());
        }
        for fact in &engine.bundle().facts {
            assert!(self.asked.contains_key(&fact.name), "nobody asks for {}: {}", fact.name, self.told());
        }
        let rules = engine.bundle().rules.len();
        let never: Vec<&str> = engine
            .bundle()
            .rules
            .iter()
            .map(|rule| rule.id.as_str())
            .filter(|id| !self.rules.contains(*id) && !self.findings.contains(*id))
            .collect();
        println!("rules that no request breaks: {}", never.join(", "));
        assert!(never.len() * 10 < rules, "{} of {rules} rules are never broken: {never:?}", never.len());
    }
}
