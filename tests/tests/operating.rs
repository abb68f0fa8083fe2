//! docs/operating.md and what the gate reports: names are compared in both
//! directions.

use std::collections::{BTreeMap, BTreeSet};

use envoy_types::ext_authz::v3::pb::CheckRequest;
use envoy_types::pb::envoy::config::core::v3::Metadata;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{ListValue, Struct, Value as Claim};
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;
use solgate_tests::doors::{ext_authz, transport};
use solgate_tests::process::{DecisionLines, Serving, free_address, lines};
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::{artifact, workspace};

/// Breaks a rule that is not relaxed.
const WRONG: &str = r#"{"terminationType":"FORCEFUL","gracefulTerminationTimeout":"x"}"#;
const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";

fn page(name: &str) -> String {
    std::fs::read_to_string(workspace().join("docs").join(name)).expect("the page exists")
}

/// The rows of the table whose head begins so, cell by cell.
fn table<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let rows = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert!(!rows.is_empty(), "there is no table {head}");
    rows
}

/// The names in backquotes of a cell.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// A gate that relaxes rules, records, and has a shadow.
struct Gate {
    serving: Serving,
    lines: DecisionLines,
    admin: std::net::SocketAddr,
    /// The name of the VNFM that is not there.
    gone: String,
    folder: tempfile::TempDir,
}

fn gate(vnfm: &Vnfm) -> Gate {
    let folder = tempfile::tempdir().expect("a folder");
    let (admin, gone) = (free_address(), free_address().to_string());
    let text = format!(
        "admin: {admin}\ndecisionLog: {{ file: decisions.jsonl, bodies: true, chain: true }}\nupstreams:\n  - url: {}\n    shadow: [{}]\n    \
         severity:\n      terminate.type.enum: {{ severity: warn, reason: until May, until: 2100-05-31 }}\n      \
         header.version.required: {{ severity: warn, reason: never used here }}\n  \
         - url: http://{gone}\n    pathPrefix: /gone\n    set: {{ outsideApiRoot: pass }}\n",
        vnfm.url(),
        artifact("vnflcm-v2.wasm").display(),
    );
    let file = folder.path().join("solgate.yaml");
    std::fs::write(&file, text).expect("it is written");
    let (serving, lines) = Serving::start_with_log(&["--config", file.to_str().expect("it is text")]);
    Gate { serving, lines, admin, gone, folder }
}

impl Gate {
    /// Requests that are denied, allowed with findings by an override, and not found.
    fn ask(&mut self) -> Vec<Value> {
        let fields = [
            "Version: 2.0.0",
            "Accept: application/json",
            "Content-Type: application/json",
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ];
        let target = format!("/vnflcm/v2/vnf_instances/{ID}/terminate");
        for body in [r#"{"terminationType":"NOW"}"#, WRONG, r#"{"terminationType":"FORCEFUL"}"#] {
            let _ = send(self.serving.address, &message("POST", &target, &fields, body));
        }
        let _ = send(self.serving.address, &message("GET", "/nowhere", &[], ""));
        // Allowed, and then its VNFM is not there.
        let _ = send(self.serving.address, &message("GET", "/gone", &[], ""));
        (0..5).map(|_| self.lines.next_line()).collect()
    }

    /// So many records of decisions.
    fn records(&self, count: usize) -> Vec<Value> {
        let lines = lines(&self.folder.path().join("decisions.jsonl"), count);
        assert_eq!(lines.len(), count);
        lines.iter().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
    }
}

fn vnfm() -> Vnfm {
    let vnfm = Vnfm::start();
    vnfm.instance(ID, "INSTANTIATED", &serde_json::json!([]));
    vnfm
}

#[test]
fn a_decision_names_what_it_is_about_and_what_it_rests_on() {
    let vnfm = vnfm();
    let mut gate = gate(&vnfm);
    let lines = gate.ask();
    let [relaxed, denied, allowed, elsewhere, gone] = lines.as_slice() else { panic!("{lines:?}") };
    let used = serde_json::json!([{
        "rule": "terminate.type.enum", "severity": "warn", "reason": "until May", "until": "2100-06-01T00:00:00Z",
    }]);
    assert_eq!((&relaxed["verdict"], &relaxed["overrides"]), (&"allow".into(), &used), "{relaxed}");
    assert_eq!((&denied["verdict"], &denied["rule"]), (&"deny".into(), &"terminate.timeout.type".into()), "{denied}");
    assert_eq!((allowed.get("overrides"), elsewhere.get("overrides")), (None, None));
    for line in [relaxed, denied, allowed] {
        assert_eq!((&line["api"], &line["resource"]), (&"vnflcm/v2".into(), &format!("vnf_instances/{ID}").into()));
        assert_eq!(line["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(line["settingsDigest"], elsewhere["settingsDigest"], "one gate, one set of settings");
        assert_eq!(line["settingsDigest"].as_str().map(str::len), Some(64));
    }
    assert_eq!((elsewhere.get("resource"), elsewhere.get("traceId")), (None, None));
    assert_eq!((&relaxed["upstreamStatus"], &denied["upstreamStatus"]), (&202.into(), &Value::Null));

    // The record says the same.
    let records = gate.records(lines.len());
    for (line, record) in lines.iter().zip(&records) {
        for member in ["id", "traceId", "operation", "resource", "settingsDigest", "overrides"] {
            // One leaves out what the other calls null.
            assert_eq!(
                line.get(member).unwrap_or(&Value::Null),
                record.get(member).unwrap_or(&Value::Null),
                "{member}"
            );
        }
        assert_eq!(line["upstreamStatus"], record.get("upstreamStatus").cloned().unwrap_or(Value::Null));
    }

    let failed = records.last().map(|record| (&record["verdict"]["allowed"], &record["upstreamFault"]));
    assert_eq!(failed, Some((&true.into(), &gone["rule"])), "{gone}");
    assert_eq!(gone["rule"], "upstream.unreachable");

    // Another setting, another digest.
    let url = vnfm.url();
    let (other, mut other_lines) = Serving::start_with_log(&["--upstream", &url, "--mode", "monitor"]);
    let _ = send(other.address, &message("GET", "/nowhere", &[], ""));
    assert_ne!(other_lines.next_line()["settingsDigest"], elsewhere["settingsDigest"]);
}

/// A line of `solgate ext-authz` about a caller whose token Envoy has verified.
fn line_with_caller(vnfm: &Vnfm) -> Value {
    let (serving, mut lines) = Serving::start_door_with_log("ext-authz", &["--facts", &vnfm.url()]);
    let asked = transport::requests().into_iter().find(|asked| asked.label == "a retry").expect("it is there");
    let mut check: CheckRequest = ext_authz::check(&asked, "vnfm.example");
    let text = |text: &str| Claim { kind: Some(Kind::StringValue(text.to_owned())) };
    let fields = |fields: Vec<(&str, Claim)>| Struct {
        fields: fields.into_iter().map(|(name, claim)| (name.to_owned(), claim)).collect(),
    };
    let roles = Claim { kind: Some(Kind::ListValue(ListValue { values: vec![text("operator")] })) };
    let claims = fields(vec![
        ("sub", text("anna")),
        ("tenant", text("t1")),
        ("roles", roles),
        ("scope", text("vnflcm:v2")),
        ("jti", text("hunter2")),
    ]);
    let payload = fields(vec![("jwt_payload", Claim { kind: Some(Kind::StructValue(claims)) })]);
    let mut attributes = check.attributes.take().unwrap_or_default();
    attributes.metadata_context = Some(Metadata {
        filter_metadata: [("envoy.filters.http.jwt_authn".to_owned(), payload)].into(),
        ..Metadata::default()
    });
    attributes.source.get_or_insert_default().principal = "spiffe://nfvo".to_owned();
    check.attributes = Some(attributes);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    runtime.block_on(async {
        let mut client = AuthorizationClient::connect(format!("http://{}", serving.address)).await.expect("it listens");
        client.check(check).await.expect("it answers");
    });
    lines.next_line()
}

/// The paths of all members, those of objects in lists among them.
fn members(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, member) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                members(member, &path, found);
                found.insert(path);
            }
        }
        Value::Array(list) => list.iter().for_each(|item| members(item, path, found)),
        _ => {}
    }
}

#[test]
fn every_member_of_a_line_is_on_the_page() {
    let vnfm = vnfm();
    let mut lines = gate(&vnfm).ask();
    let of_caller = line_with_caller(&vnfm);
    assert_eq!(of_caller["caller"]["subject"], "anna");
    assert!(!of_caller.to_string().contains("hunter2"), "{of_caller}");
    lines.push(of_caller);
    let mut found = BTreeSet::new();
    lines.iter().for_each(|line| members(line, "", &mut found));
    let page = page("operating.md");
    let rows = table(&page, "| member | always |");
    let described: BTreeSet<String> = rows.iter().flat_map(|row| names(row[0])).map(str::to_owned).collect();
    assert_eq!(found, described);
    // What is always there is in each of them.
    for member in rows.iter().filter(|row| row[1] == "yes").flat_map(|row| names(row[0])) {
        assert!(lines.iter().all(|line| line.get(member).is_some()), "{member}");
    }
}

#[test]
fn every_member_of_a_record_is_on_the_page() {
    let vnfm = vnfm();
    let mut gate = gate(&vnfm);
    let asked = gate.ask().len();
    let records = gate.records(asked);
    let objects = records.iter().filter_map(Value::as_object);
    let mut found: BTreeSet<String> = objects.flat_map(|record| record.keys().cloned()).collect();
    // Only where there is no room for all of it: see audit.
    assert!(found.insert("partial".to_owned()));
    let page = page("gateway-operators.md");
    let described: BTreeSet<String> =
        table(&page, "| member | meaning |").iter().flat_map(|row| names(row[0])).map(str::to_owned).collect();
    assert_eq!(found, described);
}

/// A metric as it is scraped: its type, and the labels of its samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Metric {
    kind: String,
    labels: BTreeSet<String>,
    /// It is there with some configurations only, says the page.
    optional: bool,
}

/// What `/metrics` has, by the name that Prometheus knows it by.
fn scraped(metrics: &str) -> BTreeMap<String, Metric> {
    let mut found: BTreeMap<String, Metric> = BTreeMap::new();
    let mut current = (String::new(), String::new());
    for line in metrics.lines() {
        if let Some(of) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of.split_once(' ').expect("name and type");
            let known = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            current = (name.to_owned(), known.clone());
            found.entry(known).or_default().kind = kind.to_owned();
        } else if !line.starts_with('#') {
            assert!(line.starts_with(&current.0), "{line}");
            let labels =
                line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
            let labels = labels.split("\",").filter_map(|label| label.split_once('=')).map(|(name, _)| name.to_owned());
            // How a histogram says which bucket it is.
            let labels = labels.filter(|name| name != "le");
            found.get_mut(&current.1).expect("it has a type").labels.extend(labels);
        }
    }
    found
}

fn described() -> BTreeMap<String, Metric> {
    let page = page("operating.md");
    let rows = table(&page, "| metric | type |");
    let metrics = rows.iter().flat_map(|row| {
        let labels = row[2].split(',').map(str::trim).filter(|label| !label.is_empty());
        let labels: BTreeSet<String> = labels.map(str::to_owned).collect();
        let metric = Metric { kind: row[1].to_owned(), labels, optional: row[3].starts_with("with ") };
        names(row[0]).map(move |name| (name.to_owned(), metric.clone()))
    });
    metrics.collect()
}

#[test]
fn every_metric_is_on_the_page() {
    let vnfm = vnfm();
    let mut gate = gate(&vnfm);
    gate.ask();
    let metrics = send(gate.admin, &message("GET", "/metrics", &[], "")).body;
    let metrics = String::from_utf8(metrics).expect("it is text");
    let (scraped, mut described) = (scraped(&metrics), described());
    // Those of TLS and of tokens are there only with them: see tests/tests/access.
    described.retain(|name, metric| scraped.contains_key(name) || !metric.optional);
    described.values_mut().for_each(|metric| metric.optional = false);
    assert_eq!(scraped, described, "{metrics}");
    let (upstream, gone) = (vnfm.url().replace("http://", ""), &gate.gone);
    let unreachable = "api=\"\",operation=\"unknown\",status=\"503\",verdict=\"fault\",rule=\"upstream.unreachable\"";
    for (name, least) in [
        (format!("solgate_facts_total{{upstream=\"{upstream}\",fact=\"vnfInstance\",outcome=\"found\"}}"), 2),
        ("solgate_policy_instances_limit".to_owned(), 1),
        ("solgate_policy_faults_total{policy=\"vnflcm-v2\",rule=\"gate.policy-trap\"}".to_owned(), 0),
        (
            format!("solgate_findings_total{{upstream=\"{upstream}\",rule=\"terminate.type.enum\",severity=\"warn\"}}"),
            1,
        ),
        (format!("solgate_requests_total{{upstream=\"{gone}\",{unreachable}}}"), 1),
        (
            format!(
                "solgate_request_duration_seconds_count{{upstream=\"{upstream}\",door=\"serve\",verdict=\"deny\"}}"
            ),
            1,
        ),
        (format!("solgate_request_duration_seconds_count{{upstream=\"{gone}\",door=\"serve\",verdict=\"fault\"}}"), 1),
        (format!("solgate_vnfm_duration_seconds_count{{upstream=\"{upstream}\"}}"), 2),
        (format!("solgate_upstream_answers_total{{upstream=\"{upstream}\",class=\"2xx\"}}"), 2),
    ] {
        let value = metrics.lines().find_map(|line| line.strip_prefix(name.as_str())?.trim().parse::<u64>().ok());
        assert!(value.is_some_and(|value| value >= least), "{name}: {metrics}");
    }
    // It has never answered.
    assert!(!metrics.contains(&format!("solgate_vnfm_duration_seconds_count{{upstream=\"{gone}\"}}")), "{metrics}");
    for purpose in ["forward", "facts"] {
        let start =
            format!("solgate_upstream_connections{{upstream=\"{upstream}\",purpose=\"{purpose}\",state=\"idle\"}} ");
        let idle = metrics.lines().find_map(|line| line.strip_prefix(&start)?.parse::<u64>().ok());
        assert!(idle.is_some_and(|idle| idle > 0), "{start}: {metrics}");
    }
}

#[test]
fn what_a_policy_does_wrong_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = solgate_tests::hostile_policy(folder.path());
    let (vnfm, admin) = (Vnfm::start(), free_address());
    let policy = policy.to_str().expect("it is text");
    let arguments = ["--log", "off", "--upstream", &vnfm.url(), "--policy", policy, "--admin", &admin.to_string()];
    let serving = Serving::start(&arguments);
    for path in ["panic", "panic", "loop", "memory", "status", "count", "well"] {
        let _ = send(serving.address, &message("GET", &format!("/hostile/{path}"), &[], ""));
    }
    let metrics = String::from_utf8(send(admin, &message("GET", "/metrics", &[], "")).body).expect("it is text");
    for (rule, count) in [("trap", 2), ("deadline", 1), ("memory", 1), ("outcome", 1)] {
        let sample = format!("rule=\"gate.policy-{rule}\"}} {count}\n");
        let found = metrics
            .split_inclusive('\n')
            .any(|line| line.starts_with("solgate_policy_faults_total{policy=\"hostile\",") && line.ends_with(&sample));
        assert!(found, "{sample}{metrics}");
    }
    let denied = "operation=\"unknown\",status=\"401\",verdict=\"deny\",rule=\"hostile\"} 1\n";
    assert!(metrics.contains(denied), "{metrics}");
}

/// An expression of Prometheus names metrics, and only those that there are.
fn about_known_metrics(what: &str, expression: &str, known: &BTreeMap<String, Metric>) {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics: Vec<&str> =
        words.filter(|word| word.starts_with("solgate_") || word.starts_with("process_")).collect();
    assert!(!metrics.is_empty(), "{what}");
    for metric in metrics {
        let histogram = metric.strip_suffix("_bucket").and_then(|name| known.get(name));
        let exists = known.contains_key(metric) || histogram.is_some_and(|metric| metric.kind == "histogram");
        assert!(exists, "{what}: there is no {metric}");
    }
}

/// The dashboard shows metrics that there are, each panel in a place of its own.
#[test]
fn every_panel_of_the_dashboard_is_about_metrics_that_exist() {
    let text = std::fs::read_to_string(workspace().join("deploy/grafana-dashboard.json")).expect("it exists");
    let dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
    let (known, mut places) = (described(), BTreeSet::new());
    let panels = dashboard["panels"].as_array().expect("a list");
    assert!(panels.len() > 5);
    for panel in panels {
        let title = panel["title"].as_str().expect("a title");
        assert!(places.insert(panel["gridPos"].to_string()), "{title} lies on another panel");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        for target in panel["targets"].as_array().expect("a list") {
            about_known_metrics(title, target["expr"].as_str().expect("an expression"), &known);
        }
    }
}

/// The alerts of the page are rules of Prometheus, about metrics that there are.
#[test]
fn every_alert_is_about_metrics_that_exist() {
    let page = page("operating.md");
    let alerts = page.split("```yaml\n").skip(1).find(|block| block.starts_with("groups:")).expect("there are alerts");
    let alerts = alerts.split("```").next().expect("it ends");
    let documents = Yaml::load_from_str(alerts).expect("it is YAML");
    let rules = documents[0]["groups"][0]["rules"].as_vec().expect("a list of rules");
    let known = described();
    let mut named = BTreeSet::new();
    for rule in rules {
        let name = rule["alert"].as_str().expect("a name");
        assert!(named.insert(name), "{name} is there twice");
        assert!(rule["annotations"]["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
        let expression = rule["expr"].as_str().expect("an expression");
        about_known_metrics(name, expression, &known);
    }
    // And the runbooks are about alerts that there are.
    for (_, runbook) in page.split("\n## ").map(|part| part.split_once('\n').unwrap_or_default()) {
        for alert in names(runbook).filter(|name| name.starts_with("Solgate")) {
            assert!(named.contains(alert), "there is no {alert}");
        }
    }
}
