//! What each API of the demo calls things, and what its resources look like.

use serde_json::{Value, json};

/// An API that the demo serves.
#[derive(Debug)]
pub struct Terms {
    /// The name of the API, the first segment of its own root.
    pub api: &'static str,
    /// API roots under which the resources are found; the first is its own.
    pub roots: &'static [&'static str],
    /// The version of the API, in `Version` and in `api_versions`.
    pub version: &'static str,
    /// Path segment of instances.
    pub instances: &'static str,
    /// Path segment of operation occurrences.
    pub occurrences: &'static str,
    /// Member of an instance: whether it is instantiated.
    pub state: &'static str,
    /// Member of an occurrence: the instance.
    pub instance: &'static str,
    /// Member of an occurrence: the operation.
    pub operation: &'static str,
    /// Member of an occurrence: when it entered its state.
    pub entered: &'static str,
    /// The state in which operations begin.
    pub begins: &'static str,
    /// Tasks of an instance, with their operations.
    pub tasks: &'static [(&'static str, &'static str)],
    /// Tasks of an occurrence, with the state that they lead to.
    pub handling: &'static [(&'static str, &'static str)],
    /// Whether PATCH modifies instances and POST creates snapshots; where not, tasks do.
    pub direct: bool,
    /// Members of the body that creates an instance which the instance calls otherwise.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Members of every instance that is there from the start.
    pub described: fn() -> Value,
    /// A member that an instance has while it is instantiated.
    pub instantiated: fn() -> (&'static str, Value),
    /// The snapshot that is there from the start.
    pub snapshot: Option<&'static str>,
}

/// ETSI GS NFV-SOL 003, 5.4.
pub static VNF: Terms = Terms {
    api: "vnflcm",
    roots: &["/vnflcm/v2", "/telco/api/vnflcm/v2"],
    version: "2.0.0",
    instances: "vnf_instances",
    occurrences: "vnf_lcm_op_occs",
    state: "instantiationState",
    instance: "vnfInstanceId",
    operation: "operation",
    entered: "stateEnteredTime",
    begins: "STARTING",
    tasks: &[
        ("instantiate", "INSTANTIATE"),
        ("scale", "SCALE"),
        ("scale_to_level", "SCALE_TO_LEVEL"),
        ("change_flavour", "CHANGE_FLAVOUR"),
        ("terminate", "TERMINATE"),
        ("heal", "HEAL"),
        ("operate", "OPERATE"),
        ("change_ext_conn", "CHANGE_EXT_CONN"),
        ("change_vnfpkg", "CHANGE_VNFPKG"),
        ("create_snapshot", "CREATE_SNAPSHOT"),
        ("revert_to_snapshot", "REVERT_TO_SNAPSHOT"),
    ],
    handling: &[("retry", "PROCESSING"), ("rollback", "ROLLING_BACK"), ("fail", "FAILED"), ("cancel", "FAILED_TEMP")],
    direct: true,
    renamed: &[],
    described: vnf,
    instantiated: instantiated_vnf,
    snapshot: None,
};

/// ETSI GS NFV-SOL 005, 6.4.
pub static NS: Terms = Terms {
    api: "nslcm",
    roots: &["/nslcm/v2"],
    version: "2.3.0",
    instances: "ns_instances",
    occurrences: "ns_lcm_op_occs",
    state: "nsState",
    instance: "nsInstanceId",
    operation: "lcmOperationType",
    entered: "statusEnteredTime",
    begins: "PROCESSING",
    tasks: &[
        ("instantiate", "INSTANTIATE"),
        ("scale", "SCALE"),
        ("update", "UPDATE"),
        ("heal", "HEAL"),
        ("terminate", "TERMINATE"),
    ],
    handling: &[
        ("retry", "PROCESSING"),
        ("rollback", "ROLLING_BACK"),
        ("continue", "PROCESSING"),
        ("fail", "FAILED"),
        ("cancel", "FAILED_TEMP"),
    ],
    direct: false,
    renamed: &[("nsName", "nsInstanceName"), ("nsDescription", "nsInstanceDescription")],
    described: ns,
    instantiated: instantiated_ns,
    snapshot: Some(super::ids::SNAPSHOT),
};

fn vnf() -> Value {
    json!({
        "vnfdId": "d0000000-0000-4000-8000-000000000001",
        "vnfProvider": "Example",
        "vnfProductName": "Demo VNF",
        "vnfSoftwareVersion": "1.0",
        "vnfdVersion": "1.0",
    })
}

fn instantiated_vnf() -> (&'static str, Value) {
    (
        "instantiatedVnfInfo",
        json!({
            "flavourId": "default",
            "vnfState": "STARTED",
            "extCpInfo": [],
            "scaleStatus": [{ "aspectId": "worker", "scaleLevel": 1 }],
            "maxScaleLevels": [{ "aspectId": "worker", "scaleLevel": 3 }],
            "vnfcResourceInfo": [{ "id": "vnfc-1", "vduId": "worker" }],
        }),
    )
}

fn ns() -> Value {
    json!({
        "nsInstanceName": "Demo NS",
        "nsInstanceDescription": "A network service of the demo",
        "nsdId": "e0000000-0000-4000-8000-000000000001",
        "nsdInfoId": "e0000000-0000-4000-8000-000000000002",
    })
}

fn instantiated_ns() -> (&'static str, Value) {
    ("flavourId", json!("default"))
}
