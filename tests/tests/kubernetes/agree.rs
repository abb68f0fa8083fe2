//! The manifests agree with each other and with the gate's own settings.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use solgate_tests::markdown::{Step, steps};
use solgate_tests::servers::guide;
use solgate_tests::workspace;

use super::manifests::{Folder, GATEWAYS, PODS, duration, list, parse, read, root, seconds, selects, text};

/// Names of Kubernetes objects count against this with everything else in etcd.
const CONFIG_MAP_LIMIT: usize = 1 << 20;

#[test]
fn every_resource_is_in_the_namespace_and_named_by_its_folder() {
    for folder in Folder::all() {
        for resource in folder.resources.iter().filter(|resource| resource["kind"] != "IstioOperator") {
            let metadata = &resource["metadata"];
            assert_eq!(metadata["namespace"], "nfv", "{metadata}");
            assert_eq!(metadata["labels"]["app.kubernetes.io/component"], folder.name.as_str(), "{metadata}");
        }
    }
}

#[test]
fn every_case_with_pods_has_what_belongs_to_them() {
    for folder in PODS.map(Folder::read) {
        for kind in ["ServiceAccount", "ConfigMap", "Service", "PodDisruptionBudget", "NetworkPolicy"] {
            assert!(folder.of_kind(kind).next().is_some(), "{} has no {kind}", folder.name);
        }
        let replicas = folder.one("Deployment")["spec"].get("replicas");
        let scaled = folder.of_kind("HorizontalPodAutoscaler").next();
        assert_ne!(replicas.is_some(), scaled.is_some(), "{}: one of them has the number", folder.name);
        if let Some(scaled) = scaled {
            let target = &scaled["spec"]["scaleTargetRef"];
            assert_eq!(target["name"], folder.one("Deployment")["metadata"]["name"]);
            assert_eq!(scaled["spec"]["metrics"][0]["resource"]["name"], "cpu");
        }
    }
}

#[test]
fn selectors_select_the_pods() {
    for folder in PODS.map(Folder::read) {
        let labels = &folder.pod()["metadata"]["labels"];
        let deployment = &folder.one("Deployment")["spec"];
        let mut selectors = vec![&deployment["selector"]["matchLabels"]];
        selectors.extend(folder.of_kind("Service").map(|service| &service["spec"]["selector"]));
        selectors
            .extend(folder.of_kind("PodDisruptionBudget").map(|budget| &budget["spec"]["selector"]["matchLabels"]));
        selectors.extend(
            list(&folder.pod()["spec"]["topologySpreadConstraints"])
                .iter()
                .map(|one| &one["labelSelector"]["matchLabels"]),
        );
        for selector in selectors {
            assert!(selects(selector, labels), "{}: {selector} does not select {labels}", folder.name);
        }
        assert_eq!(
            folder.of_kind("NetworkPolicy").filter(|policy| about(policy, labels)).count(),
            1,
            "{}",
            folder.name
        );
    }
    // The gateways' policies are about the gate that they ask.
    let gate = Folder::read("ext-authz");
    for folder in GATEWAYS.map(Folder::read) {
        let policies =
            folder.of_kind("NetworkPolicy").filter(|policy| about(policy, &gate.pod()["metadata"]["labels"]));
        let lets_in =
            policies.flat_map(|policy| list(&policy["spec"]["ingress"])).flat_map(|rule| list(&rule["ports"]));
        assert_eq!(lets_in.map(|port| &port["port"]).collect::<Vec<_>>(), ["grpc"], "{}", folder.name);
    }
}

fn about(policy: &Value, labels: &Value) -> bool {
    selects(&policy["spec"]["podSelector"]["matchLabels"], labels)
}

/// Names and numbers of the ports of a container.
fn ports(container: &Value) -> Vec<(&str, u64)> {
    list(&container["ports"])
        .iter()
        .map(|port| (text(&port["name"]), port["containerPort"].as_u64().expect("a number")))
        .collect()
}

/// Ports to which the configuration of a folder listens on every address.
fn listened_to(folder: &Folder) -> BTreeSet<u64> {
    let data = folder.one("ConfigMap")["data"].as_object().expect("files");
    let port = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a port");
    let texts = data.values().map(text);
    let found = texts.flat_map(|file| file.split("0.0.0.0").skip(1));
    found.map(|rest| port(rest.trim_start_matches([':', ',', ' ']).trim_start_matches("port_value: "))).collect()
}

#[test]
fn ports_are_those_of_the_configuration_and_everything_names_ports_that_exist() {
    for folder in PODS.map(Folder::read) {
        let all: Vec<(&str, u64)> = folder.containers().into_iter().flat_map(ports).collect();
        assert_eq!(
            all.iter().map(|(_, number)| *number).collect::<BTreeSet<_>>(),
            listened_to(&folder),
            "{}",
            folder.name
        );
        let names: BTreeSet<&str> = all.iter().map(|(name, _)| *name).collect();
        for service in folder.of_kind("Service") {
            for port in list(&service["spec"]["ports"]) {
                let target = text(&port["targetPort"]);
                let number = all.iter().find(|(name, _)| *name == target).map(|(_, number)| *number);
                assert_eq!(number, port["port"].as_u64(), "{}: {port}", folder.name);
            }
        }
        let own = folder.of_kind("NetworkPolicy").filter(|policy| about(policy, &folder.pod()["metadata"]["labels"]));
        for port in own.flat_map(|policy| list(&policy["spec"]["ingress"])).flat_map(|rule| list(&rule["ports"])) {
            assert!(names.contains(text(&port["port"])), "{}: {port}", folder.name);
        }
        for container in folder.containers() {
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                let port = &container[probe]["httpGet"]["port"];
                match (port.as_str(), port.as_u64()) {
                    (None, None) => assert!(container.get(probe).is_none(), "{container}"),
                    // A name is one of the container's own, a number any of the pod.
                    (Some(name), _) => assert!(ports(container).iter().any(|(own, _)| *own == name), "{name}"),
                    (_, Some(number)) => assert!(all.iter().any(|(_, port)| *port == number), "{number}"),
                }
            }
        }
    }
}

/// Metrics, probes and the configuration are not for those who send requests.
#[test]
fn clients_reach_neither_the_admin_address_nor_the_vnfm() {
    for folder in PODS.map(Folder::read) {
        for service in folder.of_kind("Service") {
            let for_clients = service["spec"].get("clusterIP").is_none();
            let names: Vec<&str> = list(&service["spec"]["ports"]).iter().map(|port| text(&port["name"])).collect();
            let admin = names == ["admin"] || names == ["probes"];
            assert_ne!(for_clients, admin, "{}: {names:?}", folder.name);
        }
        let own = folder.of_kind("NetworkPolicy").filter(|policy| about(policy, &folder.pod()["metadata"]["labels"]));
        for rule in own.flat_map(|policy| list(&policy["spec"]["ingress"])) {
            let admin = list(&rule["ports"]).iter().any(|port| port["port"] == "admin" || port["port"] == "probes");
            assert!(!admin || !list(&rule["from"]).is_empty(), "{}: {rule}", folder.name);
        }
    }
    let sidecar = Folder::read("sidecar");
    assert_eq!(sidecar.configuration()["upstreams"][0]["url"], "http://127.0.0.1:9890");
    assert!(sidecar.container("vnfm").get("ports").is_none());
    // Where the VNFM is a pod of its own, a policy lets in who has been judged.
    for name in ["envoy-gateway", "envoy-module"] {
        let folder = Folder::read(name);
        let vnfm = serde_json::json!({"app.kubernetes.io/name": "vnfm"});
        let policy = folder.of_kind("NetworkPolicy").find(|policy| about(policy, &vnfm)).expect("there is one");
        for rule in list(&policy["spec"]["ingress"]) {
            assert!(!list(&rule["from"]).is_empty() && rule["ports"][0]["port"] == 9890, "{rule}");
        }
    }
}

/// The port that a URL of the configuration names, or that of its scheme.
fn port_of(url: &str) -> u64 {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let authority = rest.split('/').next().expect("an authority");
    let named = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    named.unwrap_or(match scheme {
        "http" => 80,
        "redis" => 6379,
        _ => 443,
    })
}

#[test]
fn what_the_gate_needs_is_let_out() {
    for folder in PODS.map(Folder::read) {
        let own = folder.of_kind("NetworkPolicy").filter(|policy| about(policy, &folder.pod()["metadata"]["labels"]));
        let rules = own.flat_map(|policy| list(&policy["spec"]["egress"]));
        let open: BTreeSet<u64> =
            rules.flat_map(|rule| list(&rule["ports"])).filter_map(|port| port["port"].as_u64()).collect();
        let mut needed = BTreeSet::from([53, 443]);
        if folder.name == "envoy-module" {
            needed.insert(9890);
        } else {
            let configuration = folder.configuration();
            needed.insert(port_of(text(&configuration["turns"]["store"])));
            let url = text(&configuration["upstreams"][0]["url"]);
            needed.extend((!url.contains("127.0.0.1")).then(|| port_of(url)));
        }
        assert_eq!(open, needed, "{}", folder.name);
    }
}

#[test]
fn a_pod_that_is_told_to_stop_has_the_time_that_the_gate_takes() {
    for name in ["ext-authz", "sidecar"] {
        let folder = Folder::read(name);
        let limits = &folder.configuration()["limits"];
        let (lame_duck, drain) = (duration(&limits["lameDuck"]), duration(&limits["drain"]));
        let probe = &folder.container("solgate")["readinessProbe"];
        let fails = seconds(&probe["periodSeconds"])
            * u32::try_from(probe["failureThreshold"].as_u64().expect("a number")).expect("small");
        let noticed = fails + seconds(&probe["timeoutSeconds"]);
        assert!(lame_duck >= noticed + Duration::from_secs(2), "{name}: {lame_duck:?}, {noticed:?}");
        let grace = seconds(&folder.pod()["spec"]["terminationGracePeriodSeconds"]);
        assert!(grace >= lame_duck + drain + Duration::from_secs(5), "{name}: {grace:?}");
    }
    let sidecar = Folder::read("sidecar");
    let limits = &sidecar.configuration()["limits"];
    let stays = seconds(&sidecar.container("vnfm")["lifecycle"]["preStop"]["sleep"]["seconds"]);
    assert!(stays >= duration(&limits["lameDuck"]) + duration(&limits["drain"]), "{stays:?}");
    assert!(seconds(&sidecar.pod()["spec"]["terminationGracePeriodSeconds"]) >= stays + Duration::from_secs(10));
    let module = Folder::read("envoy-module");
    let script = module.file("drain.sh");
    let waits = script.lines().find_map(|line| line.strip_prefix("sleep ")).expect("it waits");
    let sleeps: u64 = waits.parse().expect("a number");
    assert!(script.contains("for _ in {1..40}; do") && script.contains("sleep 0.5"), "{script}");
    let grace = seconds(&module.pod()["spec"]["terminationGracePeriodSeconds"]);
    assert!(grace >= Duration::from_secs(sleeps + 20 + 10), "{grace:?}");
}

/// Who asks waits longer than the gate may take, and hands over more than the policy takes.
#[test]
fn gateways_wait_long_enough_and_hand_over_whole_bodies() {
    let claim = duration(&Folder::read("ext-authz").configuration()["turns"]["claim"]);
    let gateway = Folder::read("envoy-gateway");
    let asks = &gateway.one("SecurityPolicy")["spec"]["extAuth"];
    let mesh = Folder::read("istio");
    let provider = &mesh.one("IstioOperator")["spec"]["meshConfig"]["extensionProviders"][0];
    let istio = &provider["envoyExtAuthzGrpc"];
    let page = guide("envoy.md");
    let body =
        page.split("max_request_bytes: &max_body ").nth(1).and_then(|rest| rest.lines().next()).expect("it says so");
    for (timeout, bytes, fails_open) in [
        (&asks["timeout"], &asks["bodyToExtAuth"]["maxRequestBytes"], &asks["failOpen"]),
        (&istio["timeout"], &istio["includeRequestBodyInCheck"]["maxRequestBytes"], &istio["failOpen"]),
    ] {
        assert!(duration(timeout) > claim + Duration::from_secs(2), "{timeout}");
        assert_eq!((bytes.to_string().as_str(), fails_open), (body, &Value::Bool(false)));
    }
    let buffered = text(&gateway.one("BackendTrafficPolicy")["spec"]["requestBuffer"]["limit"]);
    let mib: u64 = buffered.strip_suffix("Mi").and_then(|mib| mib.parse().ok()).expect("in MiB");
    assert!((mib << 20).to_string() == body, "{buffered}");
    assert_eq!(istio["includeRequestBodyInCheck"]["allowPartialMessage"], false);
    assert_eq!(istio["includeRequestBodyInCheck"]["packAsBytes"], true);
    // Each asks the Service of the gate, at its port.
    let gate = Folder::read("ext-authz");
    let service = gate.of_kind("Service").next().expect("for gateways");
    let (name, port) = (text(&service["metadata"]["name"]), &service["spec"]["ports"][0]["port"]);
    assert_eq!(istio["service"], format!("{name}.nfv.svc.cluster.local"));
    let route = Folder::read("gateway-api");
    let filter = &route.one("HTTPRoute")["spec"]["rules"][0]["filters"][0]["externalAuth"]["backendRef"];
    for (asked, at) in [
        (&asks["grpc"]["backendRefs"][0]["name"], &asks["grpc"]["backendRefs"][0]["port"]),
        (&filter["name"], &filter["port"]),
    ] {
        assert_eq!((asked, at), (&Value::from(name), port));
    }
    assert_eq!(istio["port"], *port);
    assert_eq!(mesh.one("AuthorizationPolicy")["spec"]["provider"]["name"], provider["name"]);
    let account = text(&gate.one("ServiceAccount")["metadata"]["name"]);
    let excepted = &mesh.one("AuthorizationPolicy")["spec"]["rules"][0]["from"][0]["source"]["notPrincipals"][0];
    assert_eq!(excepted, &format!("cluster.local/ns/nfv/sa/{account}"));
}

/// Of two operations that arrive together at two replicas one must not pass.
#[test]
fn replicas_share_turns() {
    for name in ["ext-authz", "sidecar"] {
        let folder = Folder::read(name);
        let replicas = folder.one("Deployment")["spec"]["replicas"].as_u64();
        let least = replicas.or_else(|| folder.one("HorizontalPodAutoscaler")["spec"]["minReplicas"].as_u64());
        assert!(least >= Some(2) && folder.configuration()["turns"]["store"].is_string(), "{name}");
    }
    // Each VNFM is 127.0.0.1 to its own gates: only the name tells them apart.
    assert!(Folder::read("sidecar").configuration()["upstreams"][0]["turnsName"].is_string());
}

#[test]
fn policies_are_named_by_digest_or_must_be_signed() {
    for name in ["ext-authz", "sidecar"] {
        for policy in list(&Folder::read(name).configuration()["upstreams"][0]["policies"]) {
            let digest = text(policy).split_once("@sha256:").map(|(_, digest)| digest.len());
            assert_eq!(digest, Some(64), "{policy}");
        }
    }
    let module = Folder::read("envoy-module");
    let follows: Vec<&Value> = list(&module.pod()["spec"]["initContainers"]).iter().collect();
    assert_eq!(follows.len(), 2);
    for container in follows {
        let arguments = list(&container["args"]);
        assert!(arguments.iter().any(|argument| text(argument).starts_with("--public-key=/")), "{container}");
        let follow = arguments.contains(&Value::from("--follow"));
        assert_eq!(follow, container["restartPolicy"] == "Always", "{container}");
    }
}

#[test]
fn what_is_named_in_a_container_is_mounted_there() {
    for folder in PODS.map(Folder::read) {
        let volumes = list(&folder.pod()["spec"]["volumes"]);
        for container in folder.containers().into_iter().filter(|container| container["name"] != "vnfm") {
            let mounts = list(&container["volumeMounts"]);
            // Commands and environment, and the files that they name in a ConfigMap.
            let said =
                [&container["args"], &container["env"], &container["lifecycle"]].map(Value::to_string).join("\n");
            let data = folder.one("ConfigMap")["data"].as_object().expect("files");
            let read = data.iter().filter(|(name, _)| said.contains(&format!("/{name}"))).map(|(_, file)| text(file));
            let all = read.fold(said.clone(), |all, file| all + "\n" + file);
            for path in paths(&all) {
                let mount = mounts.iter().find(|mount| path.starts_with(text(&mount["mountPath"])));
                let mount = mount.unwrap_or_else(|| panic!("{}: nothing is mounted for {path}", folder.name));
                let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]).expect("it is a volume");
                let file = path.trim_start_matches(text(&mount["mountPath"])).trim_start_matches('/');
                assert!(holds(&folder, volume, file), "{}: {path} is not in {volume}", folder.name);
                // The kubelet's own folder belongs to root: the gate needs one of its own.
                assert!(!file.is_empty(), "{}: {path}", folder.name);
            }
        }
    }
}

/// Paths of ours in a text.
fn paths(text: &str) -> BTreeSet<&str> {
    let starts = ["/etc/solgate", "/etc/envoy/", "/run/secrets", "/var/lib"]
        .map(|start| text.match_indices(start))
        .into_iter()
        .flatten();
    let end = |rest: &str| {
        rest.find(|next: char| !(next.is_ascii_alphanumeric() || "/._-".contains(next))).unwrap_or(rest.len())
    };
    starts.map(|(at, _)| &text[at..][..end(&text[at..])]).collect()
}

fn holds(folder: &Folder, volume: &Value, file: &str) -> bool {
    if let Some(map) = volume.get("configMap") {
        // That of keys is made of the user's files.
        return map["name"] == "solgate-keys" || folder.one("ConfigMap")["data"].get(file).is_some();
    }
    let secrets =
        list(&volume["projected"]["sources"]).iter().map(|source| &source["secret"]).chain(volume.get("secret"));
    volume.get("emptyDir").is_some()
        || secrets.flat_map(|secret| list(&secret["items"])).any(|item| item["path"] == file)
}

#[test]
fn envoy_has_the_configuration_of_its_page() {
    let page = guide("envoy-module.md");
    let shown = steps(&page).into_iter().find_map(|step| match step {
        Step::File { name, text } if name == "envoy.yaml" => Some(text),
        _ => None,
    });
    let shown = parse(&shown.expect("the page shows it")).remove(0);
    let folder = Folder::read("envoy-module");
    let mut ours = parse(folder.file("envoy.yaml")).remove(0);
    // What the cluster needs beyond the page: addresses for probes and metrics, names and the policy.
    ours.as_object_mut().expect("a mapping").remove("admin");
    let resources = &mut ours["static_resources"];
    resources["listeners"].as_array_mut().expect("a list").truncate(1);
    resources["clusters"].as_array_mut().expect("a list").truncate(1);
    let address = "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/address";
    *ours.pointer_mut(address).expect("it has one") = Value::from("vnfm.example");
    let filter = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/filter_config/value";
    let gate = ours.pointer_mut(filter).expect("the gate").as_object_mut().expect("a mapping");
    assert_eq!(gate.remove("policies"), Some(serde_json::json!(["/var/lib/solgate/vnfm.wasm"])));
    assert_eq!(ours, shown, "apply what has changed in docs/doors/envoy-module.md to deploy/kubernetes/envoy-module");
}

#[test]
fn configurations_fit_into_config_maps_and_memory() {
    for folder in PODS.map(Folder::read) {
        let data = folder.one("ConfigMap")["data"].to_string();
        assert!(data.len() < CONFIG_MAP_LIMIT / 2, "{}", folder.name);
    }
    for name in ["ext-authz", "sidecar"] {
        let folder = Folder::read(name);
        let bodies = folder.configuration()["limits"]["bodyMemoryBytes"].as_u64().expect("a number");
        let memory = text(&folder.container("solgate")["resources"]["limits"]["memory"]);
        let memory: u64 = memory.strip_suffix("Mi").and_then(|mib| mib.parse().ok()).expect("in MiB");
        // A policy of another release is compiled within some 200 MiB.
        assert!(bodies + (200 << 20) < memory << 20, "{name}");
    }
}

/// kubectl runs nowhere here: what the page says is at least there.
#[test]
fn the_page_names_files_and_resources_that_exist() {
    let page = std::fs::read_to_string(workspace().join("docs/kubernetes.md")).expect("the page exists");
    let words: BTreeSet<&str> = page.split(|end: char| end.is_whitespace() || "`()|,;".contains(end)).collect();
    let files: Vec<&&str> = words.iter().filter(|word| word.starts_with("deploy/")).collect();
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        assert!(workspace().join(file).exists(), "{file} does not exist");
    }
    let deployment = words.iter().find_map(|word| word.strip_prefix("deployment/")).expect("it is waited for");
    assert_eq!(Folder::read("ext-authz").one("Deployment")["metadata"]["name"], deployment);
    // What users make is what pods mount.
    let mounted: String = PODS.map(|name| Folder::read(name).pod().to_string()).concat();
    for made in ["solgate-redis", "solgate-registry", "solgate-keys"] {
        assert!(mounted.contains(&format!("\"{made}\"")) && words.contains(made), "{made}");
    }
    // The time line of a pod that ends is that of the manifest.
    let folder = Folder::read("ext-authz");
    let limits = &folder.configuration()["limits"];
    let (lame_duck, drain) = (duration(&limits["lameDuck"]), duration(&limits["drain"]));
    let grace = &folder.pod()["spec"]["terminationGracePeriodSeconds"];
    for row in [
        format!("| {} (`limits.lameDuck`) |", lame_duck.as_secs()),
        format!("| {} at most (and `limits.drain`) |", (lame_duck + drain).as_secs()),
        format!("| {grace} (`terminationGracePeriodSeconds`) |"),
    ] {
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn no_file_lies_beside_the_cases() {
    let files = std::fs::read_dir(root()).expect("the folder exists").map(|entry| entry.expect("readable").file_name());
    let mut files: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    files.sort();
    let mut expected: Vec<&str> = PODS.iter().chain(&GATEWAYS).copied().chain(["namespace.yaml"]).collect();
    expected.sort_unstable();
    assert_eq!(files, expected);
    assert_eq!(read(&root().join("namespace.yaml"))[0]["metadata"]["name"], "nfv");
}
