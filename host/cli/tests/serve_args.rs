//! The command line and the configuration file, as the operator meets them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, SystemTime};

use clap::{CommandFactory, Parser};
use solgate::gate::{FactFailure, Setting, Severity};
use solgate::policy::{EvaluationLimits, PolicyFile};
use solgate_cli::args::serve::ServeArgs;
use solgate_config::{FileError, GateMode, ListenAddress, LogFormat};
use solgate_gateway::error::GatewayError;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    serve: ServeArgs,
}

fn parse(arguments: &str) -> Result<ServeArgs, String> {
    Cli::try_parse_from(std::iter::once("serve").chain(arguments.split_whitespace()))
        .map(|cli| cli.serve)
        .map_err(|error| error.to_string())
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn one_upstream_on_the_command_line() {
    let args = parse(
        "--listen 127.0.0.1:1 --upstream http://vnfm:9890 --policy a.wasm --policy b.wasm --shadow c.wasm --set strict=true --set name=text \
         --set supportedVersions=[\"2.0.0\"] --severity query.unknown=warn --mode monitor --isolation recycle:64 --evaluation-time 1s --evaluation-violations 40 --facts-ttl 500ms --fact-failure pass --admin 127.0.0.1:2",
    )
    .unwrap();
    let config = args.config(None).unwrap();
    assert_eq!(
        (config.listen.tcp(), config.admin.as_ref().and_then(ListenAddress::tcp), config.log),
        (Some("127.0.0.1:1"), Some("127.0.0.1:2"), LogFormat::Json)
    );
    let upstream = &config.upstreams[0];
    assert_eq!(upstream.url, "http://vnfm:9890/");
    assert_eq!((upstream.gate.policies.files.len(), upstream.shadow.len()), (2, 1));
    assert_eq!(
        (upstream.gate.mode, upstream.gate.fact_failure, upstream.gate.facts.ttl.as_millis()),
        (GateMode::Monitor, FactFailure::Pass, 500)
    );
    assert_eq!(upstream.gate.isolation.to_string(), "recycle:64");
    let limits = EvaluationLimits { time: Duration::from_secs(1), violations: 40, ..EvaluationLimits::default() };
    assert_eq!(upstream.gate.evaluation, Some(limits));
    let option = |name: &str, value: serde_json::Value| Setting::Option { name: name.to_owned(), value };
    assert_eq!(
        upstream.gate.settings(SystemTime::now()),
        [
            option("strict", true.into()),
            option("name", "text".into()),
            option("supportedVersions", serde_json::json!(["2.0.0"])),
            Setting::Severity { rule: "query.unknown".to_owned(), severity: Severity::Warn },
        ]
    );
}

#[test]
fn mistakes_are_explained() {
    let table = [
        ("--upstream vnfm:9890", "expected http://HOST[:PORT]"),
        ("--upstream http://vnfm/../vnflcm", "without user, query and dot segments"),
        ("--upstream http://a --severity query.unknown=loud", "severities are deny, warn, audit and off"),
        ("--upstream http://a --set strict", "such as strict=true"),
        ("--upstream http://a --mode audit", "expected enforce, monitor or off"),
        ("--upstream http://a --isolation recycle", "such as recycle:64"),
        ("--upstream http://a --config b.yaml", "cannot be used with"),
        ("--upstream http://a --evaluation-time 0s", "expected a duration from 1ms to 1m"),
        ("--upstream http://a --evaluation-memory 64MiB", "expected a whole number from 1048576 to 1073741824"),
        ("--upstream http://a --evaluation-output 1", "expected a whole number from 4096 to 67108864"),
        ("--upstream http://a --evaluation-violations 0", "expected a whole number from 1 to 10000"),
        ("--demo --upstream http://a", "cannot be used with"),
    ];
    for (arguments, message) in table {
        let error = parse(arguments).unwrap_err();
        assert!(error.contains(message), "{arguments}: {error}");
    }
    let error = parse("").unwrap().config(None).unwrap_err().to_string();
    assert!(error.contains("--upstream") && error.contains("--demo"), "{error}");
}

#[test]
fn a_file_that_is_missing_or_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("solgate.yaml");
    let args = parse(&format!("--config {}", path.display())).unwrap();
    assert!(matches!(args.config(None), Err(GatewayError::File(FileError::Read { .. }))));
    std::fs::write(&path, "upstreams:\n  - url: http://a\n    polices: [x]\n").unwrap();
    let error = args.config(None).unwrap_err().to_string();
    assert_eq!(error, format!("{}:3:5: unknown member polices; did you mean policies?", path.display()));
    std::fs::write(&path, "listen: 127.0.0.1:3\nupstreams:\n  - url: http://a\n    policies: [x.wasm]\n").unwrap();
    let config = args.config(None).unwrap();
    let policy = PolicyFile::from(folder.path().join("x.wasm"));
    assert_eq!(config.upstreams[0].gate.policies.files, [policy], "paths are relative to the file");
    let config = parse(&format!("--config {} --listen 127.0.0.1:4", path.display())).unwrap().config(None).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:4", "the command line has the last word");
}
