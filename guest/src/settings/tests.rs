use serde_json::json;

use super::*;

fn rule(id: &str, by_option: &[(&str, Severity)]) -> RuleEntry {
    RuleEntry {
        id: id.to_owned(),
        title: id.to_owned(),
        status: 400,
        clause: None,
        severity: SeveritySpec {
            default: Severity::Deny,
            by_option: by_option.iter().map(|(name, severity)| ((*name).to_owned(), *severity)).collect(),
        },
        ages: false,
    }
}

/// What a context sets gives what the same values give as defaults, whatever it sets, in
/// whatever order and how often.
#[test]
fn settings_are_as_good_as_defaults() {
    let rules = [
        rule("plain", &[]),
        rule("switched", &[("strict", Severity::Warn), ("lenient", Severity::Off)]),
        rule("valued", &[("role.vnfm", Severity::Off), ("strict", Severity::Warn)]),
    ];
    let index = rules.iter().enumerate().map(|(index, rule)| (rule.id.clone(), index)).collect();
    let defaults = json!({
        "strict": false, "lenient": true, "role": "nfvo", "supportedVersions": ["2.0.0"], "knownVersions": ["2.*.*"],
        "requireAuthorization": false, "schemaErrorStatus": 400, "outsideApiRoot": "deny", "own": [1, "a"],
    });
    let values = [
        ("strict", vec![json!(true), json!(false)]),
        ("lenient", vec![json!(true), json!(false)]),
        ("role", vec![json!("vnfm"), json!("nfvo")]),
        ("supportedVersions", vec![json!(["2.1.0", "2.3.0 - 2.5.0"]), json!([])]),
        ("knownVersions", vec![json!(["2.0.0"]), json!(["no version"])]),
        ("requireAuthorization", vec![json!(true)]),
        ("schemaErrorStatus", vec![json!(422), json!(400)]),
        ("outsideApiRoot", vec![json!("pass"), json!("deny")]),
        ("own", vec![json!([]), json!(["b", "c"])]),
        ("nobodys", vec![json!(1)]),
    ];
    let Value::Object(defaults) = defaults else { unreachable!() };
    let base = Profile::from_options(defaults.clone(), &rules, &Dialects::default());
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..2_000 {
        let mut merged = defaults.clone();
        let mut settings = Vec::new();
        let mut of_rules = Vec::new();
        for _ in 0..random.usize(0..6) {
            let (name, values) = &values[random.usize(0..values.len())];
            let value = values[random.usize(0..values.len())].clone();
            settings.push(Setting::Option { name: (*name).to_owned(), value: value.clone() });
            if let Some(known) = merged.get_mut(*name) {
                *known = value;
            }
        }
        if random.bool() {
            let rule = random.usize(0..rules.len());
            settings.insert(
                random.usize(0..=settings.len()),
                Setting::Severity { rule: rules[rule].id.clone(), severity: Severity::Warn },
            );
            of_rules.push(rule);
        }
        let overlaid = base.overlaid(&settings, &rules, &index, &Dialects::default());
        let mut plain = Profile::from_options(merged.clone(), &rules, &Dialects::default());
        for rule in of_rules {
            plain.severities[rule] = Severity::Warn;
        }
        let told = |profile: &Profile| {
            let options = profile.options.root().to_value();
            let flags = (profile.require_authorization, profile.schema_error_status, profile.pass_outside);
            let versions = (profile.supported_versions.clone(), profile.known_versions.clone());
            (options, profile.severities.clone(), versions, profile.supported_names.clone(), flags)
        };
        assert_eq!(told(&overlaid), told(&plain), "round {round}: {settings:?}");
        assert_eq!(overlaid.options.root().to_value(), Value::Object(merged), "round {round}");
    }
}
