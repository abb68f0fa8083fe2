//! What the Pod Security Standard "restricted" asks of pods, and what we ask beyond it.

use serde_json::json;

use super::manifests::{Folder, PODS, list, read, root, text};

#[test]
fn the_namespace_refuses_pods_that_are_not_restricted() {
    let namespace = read(&root().join("namespace.yaml")).remove(0);
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
}

#[test]
fn every_pod_is_restricted() {
    for folder in PODS.map(Folder::read) {
        let spec = &folder.pod()["spec"];
        let context = &spec["securityContext"];
        assert_eq!(context["runAsNonRoot"], true, "{}", folder.name);
        assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{}", folder.name);
        assert_eq!(context["runAsUser"], 65532, "{}: the user of the image", folder.name);
        assert_eq!(context["fsGroup"], context["runAsGroup"], "{}: who reads secrets", folder.name);
        for name in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"] {
            assert!(spec.get(name).is_none(), "{}: {name}", folder.name);
        }
        for volume in list(&spec["volumes"]) {
            let kinds: Vec<&String> =
                volume.as_object().expect("a volume").keys().filter(|key| *key != "name").collect();
            assert!(
                matches!(kinds[..], [kind] if ["configMap", "secret", "projected", "emptyDir"].contains(&kind.as_str())),
                "{volume}"
            );
        }
        for container in folder.containers() {
            let name = text(&container["name"]);
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{name}");
            assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
            assert!(context.get("privileged").is_none() && context.get("runAsUser").is_none(), "{name}");
            for port in list(&container["ports"]) {
                assert!(port.get("hostPort").is_none(), "{name}: {port}");
            }
        }
    }
}

#[test]
fn no_pod_has_a_token_of_the_api_server() {
    for folder in PODS.map(Folder::read) {
        assert_eq!(folder.one("ServiceAccount")["automountServiceAccountToken"], false, "{}", folder.name);
        let spec = &folder.pod()["spec"];
        assert_eq!(spec["automountServiceAccountToken"], false, "{}", folder.name);
        assert_eq!(spec["serviceAccountName"], folder.one("ServiceAccount")["metadata"]["name"], "{}", folder.name);
    }
}

#[test]
fn secrets_are_for_the_user_of_the_pod_only() {
    for folder in PODS.map(Folder::read) {
        let volumes = list(&folder.pod()["spec"]["volumes"]);
        let secret = volumes.iter().find(|volume| volume["name"] == "secrets").expect("there are secrets");
        let mode = secret["projected"]["defaultMode"].as_u64().or_else(|| secret["secret"]["defaultMode"].as_u64());
        assert_eq!(mode, Some(0o400), "{}", folder.name);
    }
}

/// A limit of processor time stops a process in the middle of requests.
#[test]
fn every_container_asks_for_what_it_needs() {
    for folder in PODS.map(Folder::read) {
        for container in folder.containers() {
            let (requests, limits) = (&container["resources"]["requests"], &container["resources"]["limits"]);
            assert!(requests["cpu"].is_string() && requests["memory"].is_string(), "{container}");
            assert!(limits["memory"].is_string() && limits.get("cpu").is_none(), "{container}");
        }
    }
}
