//! From the questions to the configuration.

use std::collections::BTreeSet;
use std::time::Duration;

use http::header::AUTHORIZATION;
use serde_json::Value;
use solgate::facts::CREDENTIALS;
use solgate::policy::BUILT_IN;
use solgate_config::UpstreamConfig;
use solgate_contract::version::ApiVersion;

use crate::apis::{OTHERS, Root};
use crate::ask::{Answer, Asker, NoAnswer, Question};
use crate::habits::{self, Habits};
use crate::report::{Findings, Presence, Report, RootReport, Topic};
use crate::suggestion::{Setting, Suggestion};
use crate::versions::{self, Versions};

/// An answer that takes longer than this needs another limit than the default of a fact.
const SLOW: Duration = Duration::from_secs(1);
/// An answer that is longer than this does.
const LARGE: usize = 2 << 20;

/// The options of built-in policies, in the order in which they are told. Why each of them
/// may be unknown; what is found out is left out there.
const OPTIONS: [(&str, &str); 10] = [
    ("supportedVersions", "no API that was found says or shows its versions"),
    ("tacker", "nothing shows that the upstream is OpenStack Tacker"),
    (
        "vendor",
        "it is on by itself below the API roots of VMware Telco Cloud Automation, and nothing shows it elsewhere",
    ),
    (
        "requireAuthorization",
        "whether each client sends Authorization does not show, unless a question with --header is answered and one without is not",
    ),
    ("role", "whether clients are NFVOs or element managers does not show at the upstream"),
    ("failedTempAllowed", "what may start after an operation that is in FAILED_TEMP shows only when it is started"),
    ("schemaErrorStatus", "the status for a wrong body shows only when one is sent"),
    ("knownVersions", "how strictly versions are judged that are known at second hand is for you to decide"),
    ("strict", "whether recommendations of the standard are enforced is for you to decide"),
    ("outsideApiRoot", "whether requests for other APIs may pass unjudged is for you to decide"),
];

/// Asks an upstream, and says what fits. What it does not answer after the first question
/// is unknown.
///
/// # Errors
/// It does not answer the first question.
pub async fn examine(asker: &mut Asker, upstream: &UpstreamConfig) -> Result<Report, NoAnswer> {
    let mut findings = Findings::default();
    let stranger = asker.ask(Question::get("/solgate-doctor/nothing", None)).await?;
    let mut roots = Vec::new();
    let mut suggestion =
        Suggestion { url: upstream.url.to_string().trim_end_matches('/').to_owned(), ..Suggestion::default() };
    suggestion.ca_file.clone_from(&upstream.ca_file);
    let own = upstream.own_certificate.as_ref();
    suggestion.cert_file = own.map(|own| own.certificate.clone());
    suggestion.key_file = own.map(|own| own.key.clone());
    let mut all = Habits { wants_credentials: true, ..Habits::default() };
    for policy in BUILT_IN {
        let mut supported = BTreeSet::new();
        for path in policy.roots() {
            if path.contains('{') {
                findings.cannot_tell("the API", Some(path), "the path has a part that only clients know");
                continue;
            }
            let Some(root) = Root::of(path) else { continue };
            let found = match versions::find(asker, root, &stranger, &mut findings).await {
                Ok(found) => found,
                Err(error) => {
                    findings.cannot_tell("the API", Some(path), format!("the upstream {error}"));
                    continue;
                }
            };
            if found.presence == Presence::Answers {
                supported.extend(found.supported());
                let mut habits = Habits::default();
                if let Err(error) = habits::find(asker, root, found.best(), &mut findings, &mut habits).await {
                    findings.cannot_tell("the rest of what it does", Some(path), format!("the upstream {error}"));
                }
                all.elsewhere.extend(habits.elsewhere);
                all.facts_fail |= habits.facts_fail;
                all.wants_credentials &= habits.wants_credentials;
            }
            if found.presence == Presence::Unclear {
                let why = "every path gets the same answer, or no version is taken; name the caller with --header if one is needed";
                findings.cannot_tell("the API", Some(path), why);
            }
            let Versions { presence, status, declared, answered } = found;
            roots.push(RootReport { root: path, policy: policy.name(), presence, status, declared, answered });
        }
        if roots.iter().any(|root| root.policy == policy.name() && is_there(root.presence)) {
            suggestion.policies.push(policy.name());
        }
        if !supported.is_empty() {
            suggestion.set.push(supports(policy.name(), &supported));
        }
    }
    if let Err(error) = others(asker, &stranger, &mut findings, &mut suggestion).await {
        findings.cannot_tell("other APIs", None, format!("the upstream {error}"));
    }
    let has_vnf = roots.iter().any(|root| root.presence == Presence::Answers && root.root.contains("/vnflcm/"));
    dialect(asker, has_vnf, &mut findings, &mut suggestion);
    credentials(asker, &all, &mut suggestion);
    limits(asker, &mut findings, &mut suggestion);
    decisions(&all, upstream, &mut findings, &mut suggestion);
    for (name, why) in OPTIONS {
        let is_set = suggestion.set.iter().any(|setting| setting.name.rsplit('.').next() == Some(name));
        if !is_set {
            findings.cannot_tell(name, None, why);
        }
    }
    let Findings { observations, unknown } = findings;
    let configuration = Some(suggestion).filter(|suggestion| !suggestion.policies.is_empty());
    Ok(Report {
        upstream: upstream.url.to_string(),
        requests: asker.asked(),
        roots,
        observations,
        unknown,
        configuration,
    })
}

fn is_there(presence: Presence) -> bool {
    matches!(presence, Presence::Answers | Presence::Withheld)
}

fn supports(policy: &str, versions: &BTreeSet<ApiVersion>) -> Setting {
    Setting {
        name: format!("{policy}.supportedVersions"),
        value: versions.iter().map(ToString::to_string).collect::<Vec<_>>().into(),
        why: "as api_versions lists them, and as requests are answered".to_owned(),
    }
}

/// Looks for other APIs of the standards: a gate judges none of them. One is there if it
/// says which versions it has, or if its collection is not answered like what nobody has.
async fn others(
    asker: &mut Asker,
    stranger: &Answer,
    findings: &mut Findings,
    suggestion: &mut Suggestion,
) -> Result<(), NoAnswer> {
    let mut found = Vec::new();
    for (name, collection) in OTHERS {
        let versions = asker.ask(Question::get(&format!("/{name}/api_versions"), None)).await?;
        let mut is_there = !versions::listed(&versions).is_empty();
        for major in 1..=2 {
            if !is_there {
                let answer = asker.ask(Question::get(&format!("/{name}/v{major}/{collection}"), None)).await?;
                let status = answer.status;
                is_there = status != stranger.status && status.as_u16() != 404 && !status.is_server_error();
            }
        }
        if is_there {
            found.push(name);
        }
    }
    if !found.is_empty() {
        let names = found.join(", ");
        findings.saw(
            Topic::OtherApis,
            None,
            None,
            format!("there are other APIs, which no built-in policy judges: {names}"),
        );
        suggestion.decisions.push(format!(
            "requests for {names} get 404; with outsideApiRoot: pass in `set` they reach the upstream, unjudged"
        ));
    }
    Ok(())
}

fn dialect(asker: &Asker, has_vnf: bool, findings: &mut Findings, suggestion: &mut Suggestion) {
    if asker.is_openstack() && has_vnf {
        let text = "answers carry X-OpenStack-Request-Id: of the services of OpenStack, Tacker has this API";
        findings.saw(Topic::Dialect, None, None, text);
        suggestion.set.push(Setting { name: "tacker".to_owned(), value: true.into(), why: text.to_owned() });
    }
}

fn credentials(asker: &Asker, all: &Habits, suggestion: &mut Suggestion) {
    if !asker.has_fields() {
        return;
    }
    let has_authorization = asker.field_names().any(|name| *name == AUTHORIZATION);
    if has_authorization
        && all.wants_credentials
        && suggestion.set.iter().any(|setting| setting.name.ends_with("supportedVersions"))
    {
        suggestion.set.push(Setting {
            name: "requireAuthorization".to_owned(),
            value: true.into(),
            why: "without Authorization the upstream answers 401".to_owned(),
        });
    }
    let given = asker.field_names().filter(|name| solgate_config::parse_credential_field(name.as_str()).is_some());
    let more: Vec<&str> = given.filter(|name| !CREDENTIALS.contains(name)).map(|name| name.as_str()).collect();
    if !more.is_empty() {
        let known = CREDENTIALS;
        let all: Vec<&str> = known.iter().map(|name| name.as_str()).chain(more).collect();
        suggestion.facts.push(Setting {
            name: "credentials".to_owned(),
            value: all.into(),
            why: "the fields of --header say who asks, so the gate asks with them as well".to_owned(),
        });
    }
}

/// What takes longer, or is larger, than the defaults for facts are meant for.
fn limits(asker: &Asker, findings: &mut Findings, suggestion: &mut Suggestion) {
    let (slowest, largest) = (asker.slowest(), asker.largest());
    findings.saw(Topic::AnswerTime, None, None, format!("the slowest answer took {} ms", slowest.as_millis()));
    findings.saw(Topic::AnswerSize, None, None, format!("the largest answer has {largest} bytes of JSON"));
    if slowest > SLOW {
        let seconds = slowest.saturating_mul(3).as_secs().saturating_add(1);
        suggestion.facts.push(Setting {
            name: "timeout".to_owned(),
            value: format!("{seconds}s").into(),
            why: format!("an answer took {} ms; the default is 2s", slowest.as_millis()),
        });
    }
    if largest > LARGE {
        suggestion.facts.push(Setting {
            name: "maxBytes".to_owned(),
            value: Value::from(largest.saturating_mul(4)),
            why: format!("an answer has {largest} bytes; the default is 4194304"),
        });
    }
}

fn decisions(all: &Habits, upstream: &UpstreamConfig, findings: &mut Findings, suggestion: &mut Suggestion) {
    if !all.elsewhere.is_empty() {
        let names = all.elsewhere.iter().cloned().collect::<Vec<_>>().join(", ");
        findings.saw(
            Topic::References,
            None,
            None,
            format!("links in answers name {names}: clients that follow them go around the gate, which does not change bodies"),
        );
        suggestion.decisions.push(format!(
            "links lead to {names}: tell the upstream the address of the gate as its public one (in Tacker the option endpoint)"
        ));
    }
    if all.facts_fail {
        suggestion.decisions.push(
            "the gate cannot learn what some rules need, and answers 503 there; with factFailure: pass such requests go on with a warning"
                .to_owned(),
        );
    }
    if upstream.addresses.is_empty() {
        findings.cannot_tell("addresses", None, "whether the upstream is at more than one address does not show");
    }
    let references = "Location is in answers to POST only, which are not asked for";
    findings.cannot_tell("the server that Location names", None, references);
}
