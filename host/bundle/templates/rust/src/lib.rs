//! What the policy is, and how it judges: `wit/policy.wit`, which says what each member means,
//! in Rust. Names in kebab-case are in `snake_case` here, and types in `CamelCase`.

mod percent;
mod rules;

wit_bindgen::generate!({ path: "wit", world: "policy" });

use exports::solgate::policy::judge::{
    Context, FactAnswer, FactQuery, FactTemplate, Guest, Limits, Location, Manifest, Operation, OptionDefinition,
    Outcome, Pair, Request,
};
use rules::Rules;
use serde_json::{Map, Value};

const API_ROOT: &str = "/vnflcm/v2";
const BODY_BYTES: u64 = 1 << 20;

struct Policy;

export!(Policy);

impl Guest for Policy {
    fn describe() -> Manifest {
        Manifest {
            name: "my-policy".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            // Empty: the host takes the SHA-256 of the file.
            digest: String::new(),
            // The header fields that `evaluate` reads, in lower case.
            fields: vec![],
            api_roots: vec![API_ROOT.to_owned()],
            operations: vec![Operation {
                id: "terminate".to_owned(),
                method: "POST".to_owned(),
                path: "/vnf_instances/{vnfInstanceId}/terminate".to_owned(),
            }],
            facts: vec![FactTemplate {
                name: "vnfInstance".to_owned(),
                path: "/vnf_instances/{vnfInstanceId}".to_owned(),
                query: vec![],
                plain_on_400: false,
                members: vec!["id".to_owned(), "instantiationState".to_owned()],
                is_list: false,
            }],
            options: vec![OptionDefinition {
                name: "allowForceful".to_owned(),
                default: "false".to_owned(),
                values: vec![],
                doc: "Whether terminationType may be FORCEFUL.".to_owned(),
            }],
            rules: rules::summaries(),
            limits: Limits { body_bytes: BODY_BYTES, target_bytes: 8192, depth: 64 },
            secrets: vec![],
        }
    }

    fn evaluate(request: Request, context: Context) -> Outcome {
        let mut rules = Rules::new(&context.settings);
        judge(&request, &context, &mut rules).unwrap_or_else(|| Outcome::Allow(rules.findings))
    }
}

/// What speaks against the request, or which fact is needed.
fn judge(request: &Request, context: &Context, rules: &mut Rules) -> Option<Outcome> {
    // The VNFM judges what this policy has no rules for.
    let id = terminated(request)?;
    let whole = || Location::Body(String::new());
    if !request.body_complete {
        let detail = format!("The body has more than {BODY_BYTES} bytes. Send less.");
        return rules.broken("terminate.size", whole(), detail);
    }
    let Some(body) = object(&request.body) else {
        let detail = "The body is not a JSON object. Send a TerminateVnfRequest.".to_owned();
        return rules.broken("terminate.body", whole(), detail);
    };
    if body.get("terminationType").is_some_and(|kind| kind == "FORCEFUL") && !rules.allow_forceful {
        let detail = "terminationType is FORCEFUL, which is not allowed here. Send GRACEFUL.".to_owned();
        let denied = rules.broken("terminate.forceful", Location::Body("/terminationType".to_owned()), detail);
        if denied.is_some() {
            return denied;
        }
    }

    let Some(fact) = context.facts.iter().find(|fact| fact.name == "vnfInstance") else {
        // The host asks the VNFM, and calls again with the answer.
        let variables = vec![Pair { name: "vnfInstanceId".to_owned(), value: id }];
        return Some(Outcome::Need(vec![FactQuery { name: "vnfInstance".to_owned(), variables }]));
    };
    let path = Location::Path("vnfInstanceId".to_owned());
    match &fact.answer {
        FactAnswer::Absent => {
            rules.broken("terminate.exists", path, format!("The VNFM knows no VNF instance {id}."))
        }
        FactAnswer::Found(found) => {
            let state = object(&found.body)?.remove("instantiationState")?;
            if state != "NOT_INSTANTIATED" {
                return None;
            }
            let detail = format!("VNF instance {id} is NOT_INSTANTIATED. Instantiate it first.");
            rules.broken("terminate.state", path, detail)
        }
        // Nothing is known, so nothing is wrong.
        FactAnswer::Withheld | FactAnswer::Unavailable => None,
    }
}

/// The instance that the request would terminate.
fn terminated(request: &Request) -> Option<String> {
    let path = request.target.split('?').next()?.strip_prefix(API_ROOT)?;
    let id = path.strip_prefix("/vnf_instances/")?.strip_suffix("/terminate")?;
    let is_asked = request.method == "POST" && !id.is_empty() && !id.contains('/');
    is_asked.then(|| percent::decoded(id))
}

/// The JSON object that a text is.
fn object(text: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(text).ok()
}
