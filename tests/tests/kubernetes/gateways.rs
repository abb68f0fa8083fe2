//! What gateways make of the manifests: the real Envoy, configured as they configure it.
//!
//! No gateway runs here. The listeners are those of their sources: Envoy Gateway v1.9.0
//! (internal/xds/translator: listener.go, extauth.go) and Cilium
//! (operator/pkg/model/translation: envoy_http_connection_manager.go, as of 1.20).

use std::net::SocketAddr;
use std::process::Command;

use serde_json::{Value, json};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::{Server, installed};
use solgate_tests::vnfm::{Answer, Vnfm, message, send_and_leave};

use super::manifests::{Folder, duration, list, text};
use super::patches::apply;

const FIELDS: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
const TYPE: &str = "type.googleapis.com/envoy.extensions.filters";
/// That of Envoy Gateway, for each connection.
const BUFFERED: usize = 32_768;

/// The filter that Envoy Gateway makes of a SecurityPolicy.
fn envoy_gateway_filter(policy: &Value) -> Value {
    let asks = &policy["spec"]["extAuth"];
    let (namespace, name) = (text(&policy["metadata"]["namespace"]), text(&policy["metadata"]["name"]));
    json!({
        "name": format!("envoy.filters.http.ext_authz/securitypolicy/{namespace}/{name}"),
        "typed_config": {
            "@type": format!("{TYPE}.http.ext_authz.v3.ExtAuthz"),
            "failure_mode_allow": asks["failOpen"],
            "status_on_error": {"code": asks["statusOnError"]},
            "grpc_service": {
                "envoy_grpc": {"cluster_name": "gate", "authority": "solgate-ext-authz.nfv:9191"},
                "timeout": format!("{}s", duration(&asks["timeout"]).as_secs()),
            },
            "transport_api_version": "V3",
            "with_request_body": {"max_request_bytes": asks["bodyToExtAuth"]["maxRequestBytes"]},
        }
    })
}

/// The listener that Envoy Gateway makes of a Gateway and a ClientTrafficPolicy; upgrades are
/// allowed on every route on which a BackendTrafficPolicy buffers no requests.
fn envoy_gateway() -> Value {
    let folder = Folder::read("envoy-gateway");
    let clients = &folder.one("ClientTrafficPolicy")["spec"];
    assert_eq!(clients["path"], json!({"escapedSlashesAction": "KeepUnchanged", "disableMergeSlashes": true}));
    assert_eq!(clients["headers"]["withUnderscoresAction"], "Allow");
    let mut filter = envoy_gateway_filter(folder.one("SecurityPolicy"));
    filter["disabled"] = true.into();
    assert_eq!(folder.one("BackendTrafficPolicy")["spec"]["requestBuffer"]["limit"], "2Mi");
    let buffer = json!({
        "name": "envoy.filters.http.buffer",
        "typed_config": {"@type": format!("{TYPE}.http.buffer.v3.Buffer"), "max_request_bytes": 2 << 20},
    });
    json!({
        "name": "nfv/nfv/http",
        "per_connection_buffer_limit_bytes": BUFFERED,
        "default_filter_chain": {"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": format!("{TYPE}.network.http_connection_manager.v3.HttpConnectionManager"),
                "stat_prefix": "http-10080",
                "normalize_path": true,
                "merge_slashes": false,
                "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
                "common_http_protocol_options": {"headers_with_underscores_action": "ALLOW"},
                "use_remote_address": true,
                "server_header_transformation": "PASS_THROUGH",
                "http_filters": [filter.clone(), buffer, router()],
                "route_config": route(&filter, &format!("{TYPE}.http.ext_authz.v3.ExtAuthzPerRoute")),
            }
        }]}
    })
}

/// The listener that Cilium makes of an HTTPRoute with the filter ExternalAuth.
fn cilium() -> Value {
    let folder = Folder::read("gateway-api");
    let filter = &list(&folder.one("HTTPRoute")["spec"]["rules"])[0]["filters"][0]["externalAuth"];
    assert_eq!((&filter["protocol"], filter.get("grpc")), (&json!("GRPC"), None));
    let filter = json!({
        "name": "envoy.filters.http.ext_authz/GRPC:nfv:solgate-ext-authz:9191",
        "typed_config": {
            "@type": format!("{TYPE}.http.ext_authz.v3.ExtAuthz"),
            "grpc_service": {"envoy_grpc": {"cluster_name": "gate", "authority": "solgate-ext-authz:9191"}},
            "transport_api_version": "V3",
            "decoder_header_mutation_rules": {"disallow_expression": {"regex": "^(:authority|host)$"}},
            "with_request_body": {"max_request_bytes": filter["forwardBody"]["maxSize"], "allow_partial_message": true},
        }
    });
    json!({
        "name": "listener",
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": format!("{TYPE}.network.http_connection_manager.v3.HttpConnectionManager"),
                "stat_prefix": "listener-insecure",
                "use_remote_address": true,
                "upgrade_configs": [{"upgrade_type": "websocket"}],
                "http_filters": [filter, router()],
                "route_config": route(&filter, &format!("{TYPE}.http.ext_authz.v3.ExtAuthzPerRoute")),
            }
        }]}]
    })
}

fn router() -> Value {
    json!({"name": "envoy.filters.http.router", "typed_config": {"@type": format!("{TYPE}.http.router.v3.Router")}})
}

fn route(filter: &Value, of_route: &str) -> Value {
    json!({"virtual_hosts": [{"name": "vnfm", "domains": ["*"], "routes": [{
        "match": {"prefix": "/"},
        "route": {"cluster": "vnfm"},
        "typed_per_filter_config": {text(&filter["name"]): {"@type": of_route, "check_settings": {}}},
    }]}]})
}

/// Envoy with a listener, the gate that it asks, and the VNFM of both.
struct Gateway {
    address: SocketAddr,
    vnfm: Vnfm,
    _gate: Server,
    _envoy: Server,
    _folder: tempfile::TempDir,
}

impl Gateway {
    fn start(mut listener: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let vnfm = Vnfm::start();
        vnfm.instance("i", "INSTANTIATED", &json!([]));
        let (address, asked) = (free_address(), free_address());
        let mut gate = solgate();
        gate.args(["ext-authz", "--listen", &asked.to_string(), "--facts", &vnfm.url()]);
        let gate = Server::start(gate, asked, folder.path());
        let at =
            |address: SocketAddr| json!({"socket_address": {"address": "127.0.0.1", "port_value": address.port()}});
        listener["address"] = at(address);
        let cluster = |name: &str, address: SocketAddr| {
            json!({"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": at(address)}}]}
            ]}})
        };
        let mut asks = cluster("gate", asked);
        let options = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
        asks["typed_extension_protocol_options"] = json!({"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": options, "explicit_http_config": {"http2_protocol_options": {}}
        }});
        let upstream: SocketAddr = vnfm.url().replace("http://", "").parse().expect("an address");
        let config =
            json!({"static_resources": {"listeners": [listener], "clusters": [asks, cluster("vnfm", upstream)]}});
        let file = folder.path().join("envoy.json");
        std::fs::write(&file, config.to_string()).expect("it is written");
        let mut command = Command::new(installed("bin/envoy"));
        command.arg("--config-path").arg(&file);
        command.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning"]);
        let envoy = Server::start(command, address, folder.path());
        Self { address, vnfm, _gate: gate, _envoy: envoy, _folder: folder }
    }

    fn terminate(&self, more: &[&str], body: &str) -> Answer {
        let fields = [&FIELDS[..], more].concat();
        send_and_leave(self.address, &message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &fields, body))
    }

    fn get(&self, target: &str) -> Answer {
        send_and_leave(self.address, &message("GET", target, &FIELDS[..2], ""))
    }

    fn operations(&self) -> usize {
        self.vnfm.received().iter().filter(|request| request.line.starts_with("POST ")).count()
    }
}

const GOOD: &str = r#"{"terminationType":"FORCEFUL"}"#;
const BAD: &str = r#"{"terminationType":"SOON"}"#;

fn refused(answer: &Answer) -> (u16, Vec<String>) {
    (answer.status, answer.rules())
}

/// Why there is an EnvoyPatchPolicy.
#[test]
#[ignore = "needs Envoy: make test-kubernetes"]
fn without_the_patches_envoy_gateways_envoy_hands_bodies_over_as_text_and_the_gate_refuses_them() {
    let gateway = Gateway::start(envoy_gateway());
    assert_eq!(gateway.get("/vnflcm/v2/vnf_instances").status, 202);
    assert_eq!(refused(&gateway.terminate(&[], GOOD)), (500, vec!["gate.handover".to_owned()]));
    assert_eq!(gateway.operations(), 0);
}

#[test]
#[ignore = "needs Envoy: make test-kubernetes"]
fn with_the_patches_envoy_gateways_envoy_hands_over_what_it_forwards() {
    let folder = Folder::read("envoy-gateway");
    let mut listener = envoy_gateway();
    apply(folder.one("EnvoyPatchPolicy"), &mut listener);
    let gateway = Gateway::start(listener);
    assert_eq!(gateway.terminate(&[], GOOD).status, 202);
    assert_eq!(gateway.operations(), 1);
    assert_eq!(refused(&gateway.terminate(&[], BAD)), (400, vec!["terminate.type.enum".to_owned()]));
    // More than Envoy buffers for a connection, and not UTF-8.
    let long = format!(r#"{{"terminationType":"FORCEFUL","additionalParams":{{"x":"{}"}}}}"#, "a".repeat(4 * BUFFERED));
    assert_eq!(gateway.terminate(&[], &long).status, 202);
    let body = [&br#"{"terminationType":"FORCEFUL","additionalParams":{"x":""#[..], b"\xff", br#""}}"#].concat();
    let mut request = message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &FIELDS, &" ".repeat(body.len()));
    request.truncate(request.len() - body.len());
    request.extend(body);
    assert_eq!(refused(&send_and_leave(gateway.address, &request)), (400, vec!["body.json.utf8".to_owned()]));
    // A value with a comma that is one value, and a path that is not resolved.
    assert_eq!(gateway.operations(), 1);
    assert_eq!(gateway.terminate(&["Authorization: Digest username=\"a\", realm=\"b\""], GOOD).status, 202);
    assert_eq!(gateway.get("/vnflcm/v2/x/../vnf_instances").status, 404);
    // Envoy does not wait for the body of an upgrade.
    let upgrade = message("GET", "/vnflcm/v2/vnf_instances", &["Version: 2.0.0", "Upgrade: websocket"], "");
    let upgrade = String::from_utf8(upgrade).expect("text").replace("Connection: close", "Connection: Upgrade");
    assert_eq!(send_and_leave(gateway.address, upgrade.as_bytes()).status, 403);
}

/// What docs/kubernetes.md says of the filter ExternalAuth: nothing passes unjudged, but
/// operations with a body do not pass either.
#[test]
#[ignore = "needs Envoy: make test-kubernetes"]
fn cilium_hands_bodies_over_as_text_and_the_gate_refuses_them() {
    let gateway = Gateway::start(cilium());
    assert_eq!(gateway.get("/vnflcm/v2/vnf_instances").status, 202);
    for body in [GOOD, &GOOD.replace('}', &format!("{}}}", " ".repeat(70_000)))] {
        assert_eq!(refused(&gateway.terminate(&[], body)), (500, vec!["gate.handover".to_owned()]));
    }
    assert_eq!(gateway.operations(), 0);
}
