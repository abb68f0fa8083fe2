//! What the end-to-end suites share.

pub mod asked;
pub mod busy_vnfm;
pub mod certificates;
pub mod collector;
pub mod domain;
pub mod doors;
pub mod faulty_vnfm;
pub mod file_server;
pub mod kept;
pub mod markdown;
pub mod minimal;
pub mod process;
pub mod registry;
pub mod servers;
pub mod tls;
pub mod tokens;
pub mod vnfm;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use solgate::Request;
use solgate::policy::{Engine, EngineConfig, EvaluationLimits, Policy, VNFLCM_V2};

/// The root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A build product that `make artifacts` leaves.
///
/// # Panics
/// If it is missing.
#[must_use]
pub fn artifact(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("SOLGATE_ARTIFACTS").map_or_else(|| workspace().join("target/solgate"), PathBuf::from);
    let path = folder.join(name);
    assert!(path.is_file(), "{} is missing: run `make artifacts`", path.display());
    path
}

/// The default policy, as a component.
///
/// # Panics
/// If the library carries it damaged.
#[must_use]
pub fn default_component() -> &'static [u8] {
    static POLICY: LazyLock<Vec<u8>> = LazyLock::new(|| VNFLCM_V2.unpack().expect("it is packed"));
    &POLICY
}

/// The policy of tests/hostile as a file in `folder`.
///
/// # Panics
/// If it was not built, or cannot be written.
#[must_use]
pub fn hostile_policy(folder: &Path) -> PathBuf {
    let module = std::fs::read(artifact("hostile.wasm")).expect("it is readable");
    let path = folder.join("hostile.wasm");
    std::fs::write(&path, solgate_bundle::bake::encode(&module).expect("it is a component")).expect("it is written");
    path
}

/// One engine for all tests of a process, with a cache of compiled policies
/// beside the build products.
///
/// # Panics
/// If it cannot be set up.
#[must_use]
pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = Some(workspace().join("target/solgate/cache"));
        // Tests run beside each other on machines that are busy: what is tested here is
        // verdicts, not how soon they come.
        let evaluation = EvaluationLimits { time: Duration::from_secs(10), ..EvaluationLimits::default() };
        Engine::new(EngineConfig { cache, evaluation, ..EngineConfig::default() }).expect("the engine starts")
    })
}

/// The policies of a gate that is given none.
///
/// # Panics
/// If one does not load.
#[must_use]
pub fn built_in_policies() -> Vec<Arc<Policy>> {
    static POLICIES: OnceLock<Vec<Arc<Policy>>> = OnceLock::new();
    let load = || {
        let policies = Policy::all_built_in(engine()).unwrap_or_else(|(policy, error)| panic!("{policy:?}: {error}"));
        policies.into_iter().map(Arc::new).collect()
    };
    POLICIES.get_or_init(load).clone()
}

/// The default policy as a component.
///
/// # Panics
/// If it does not load.
#[must_use]
pub fn default_policy() -> Arc<Policy> {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    Arc::clone(POLICY.get_or_init(|| Arc::new(Policy::vnflcm_v2(engine()).expect("the default policy loads"))))
}

/// The same, with instances that are used for 64 evaluations each.
///
/// # Panics
/// If it does not load.
#[must_use]
pub fn recycled_policy() -> Arc<Policy> {
    let policy = Policy::vnflcm_v2(engine()).expect("the default policy loads");
    Arc::new(policy.with_isolation("recycle:64".parse().expect("it is an isolation")))
}

/// The same, with instances that are put back after each evaluation.
///
/// # Panics
/// If it does not load.
#[must_use]
pub fn rewound_policy() -> Arc<Policy> {
    let policy = Policy::vnflcm_v2(engine()).expect("the default policy loads");
    Arc::new(policy.with_isolation("rewound".parse().expect("it is an isolation")))
}

/// A request without credentials, received now.
///
/// # Panics
/// If a header field is malformed.
#[must_use]
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            http::HeaderName::try_from(*name).expect("a field name"),
            http::HeaderValue::try_from(*value).expect("a field value"),
        );
    }
    Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: map,
        body: Bytes::copy_from_slice(body),
        body_complete: true,
        caller: None,
        received_at: SystemTime::now(),
    }
}

/// Copies a folder with what is below it.
///
/// # Panics
/// If it cannot be read, or the copy not be written.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("it is made");
    for entry in std::fs::read_dir(from).expect("it is readable") {
        let entry = entry.expect("it is readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("it is copied");
        }
    }
}
