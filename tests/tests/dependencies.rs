//! Which crate may know which: dependencies point down only, and whoever embeds the
//! library gets no door, no command line and no server with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use solgate_tests::workspace;

/// Our crates from the ground up. Each may know those of the lists before it that it
/// names here, and no others.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("solgate-contract", &[]),
    ("solgate-document", &[]),
    ("solgate-files", &[]),
    ("solgate-upstream", &[]),
    ("solgate-watch", &[]),
    ("solgate-certificates", &[]),
    ("solgate-engine", &["solgate-contract"]),
    ("solgate-cases", &["solgate-contract", "solgate-document"]),
    ("solgate-unsandboxed", &["solgate-contract", "solgate-engine"]),
    ("solgate-packed", &[]),
    ("solgate-native", &["solgate-packed"]),
    ("solgate-default", &["solgate-native", "solgate-packed"]),
    ("solgate-policy", &["solgate-contract", "solgate-default", "solgate-files", "solgate-native", "solgate-packed"]),
    ("solgate", &["solgate-contract", "solgate-policy", "solgate-upstream"]),
    ("solgate-registry", &["solgate", "solgate-files", "solgate-upstream"]),
    (
        "solgate-bundle",
        &[
            "solgate-cases",
            "solgate-contract",
            "solgate-document",
            "solgate-engine",
            "solgate-files",
            "solgate-native",
            "solgate-packed",
        ],
    ),
    ("solgate-import", &["solgate-bundle", "solgate-contract", "solgate-document", "solgate-engine", "solgate-files"]),
    ("solgate-language-server", &["solgate-bundle"]),
    ("solgate-page-data", &["solgate-bundle", "solgate-cases", "solgate-contract", "solgate-engine"]),
    ("solgate-page-compiler", &["solgate-bundle", "solgate-engine", "solgate-page-data"]),
    (
        "solgate-playground",
        &["solgate-bundle", "solgate-cases", "solgate-contract", "solgate-packed", "solgate-page-data"],
    ),
    ("solgate-config", &["solgate", "solgate-contract", "solgate-document", "solgate-files"]),
    ("solgate-doctor", &["solgate", "solgate-config", "solgate-contract", "solgate-upstream"]),
    ("solgate-embedded", &["solgate", "solgate-config", "solgate-contract"]),
    ("libsolgate", &["solgate", "solgate-config", "solgate-contract", "solgate-embedded"]),
    ("solgate-telemetry", &["solgate", "solgate-config", "solgate-contract", "solgate-files"]),
    // Beside the library it writes lines and records as the doors do, and follows files.
    (
        "solgate-envoy",
        &[
            "solgate",
            "solgate-cases",
            "solgate-certificates",
            "solgate-config",
            "solgate-contract",
            "solgate-embedded",
            "solgate-telemetry",
            "solgate-watch",
        ],
    ),
    (
        "solgate-access",
        &[
            "solgate",
            "solgate-certificates",
            "solgate-config",
            "solgate-contract",
            "solgate-files",
            "solgate-telemetry",
            "solgate-upstream",
            "solgate-watch",
        ],
    ),
    ("solgate-turn-store", &["solgate-config", "solgate-files"]),
    (
        "solgate-gateway",
        &[
            "solgate",
            "solgate-access",
            "solgate-cases",
            "solgate-config",
            "solgate-contract",
            "solgate-registry",
            "solgate-telemetry",
            "solgate-turn-store",
            "solgate-upstream",
            "solgate-watch",
        ],
    ),
    ("solgate-serve", DOOR),
    ("solgate-ext-authz", DOOR),
    ("solgate-forward-auth", DOOR),
    ("solgate-author", &["solgate", "solgate-contract", "solgate-engine", "solgate-unsandboxed"]),
    ("solgate-trial", &["solgate", "solgate-author", "solgate-bundle", "solgate-cases", "solgate-engine"]),
    (
        "solgate-workbench",
        &[
            "solgate",
            "solgate-author",
            "solgate-bundle",
            "solgate-cases",
            "solgate-contract",
            "solgate-engine",
            "solgate-page-data",
            "solgate-trial",
            "solgate-unsandboxed",
        ],
    ),
    (
        "solgate-cli",
        &[
            "solgate",
            "solgate-author",
            "solgate-bundle",
            "solgate-cases",
            "solgate-config",
            "solgate-contract",
            "solgate-doctor",
            "solgate-document",
            "solgate-engine",
            "solgate-ext-authz",
            "solgate-files",
            "solgate-forward-auth",
            "solgate-gateway",
            "solgate-import",
            "solgate-language-server",
            "solgate-playground",
            "solgate-registry",
            "solgate-serve",
            "solgate-telemetry",
            "solgate-trial",
            "solgate-unsandboxed",
            "solgate-upstream",
            "solgate-workbench",
        ],
    ),
];

/// Doors know the gateway and what is below it, and not each other.
const DOOR: &[&str] = &[
    "solgate",
    "solgate-access",
    "solgate-certificates",
    "solgate-config",
    "solgate-contract",
    "solgate-gateway",
    "solgate-telemetry",
    "solgate-upstream",
];

/// What an embedding program does not want: command lines, servers, gRPC, metrics,
/// spans, watchers of files, and the tools of those who write rules.
const NOT_IN_THE_LIBRARY: &[&str] = &[
    "clap",
    "indicatif",
    "notify",
    "tonic",
    "envoy-types",
    "opentelemetry",
    "redis",
    "prometheus-client",
    "tracing-subscriber",
    "axum",
    "jsonschema",
    "cel",
    "annotate-snippets",
    "wasmtime-wizer",
    "solgate-engine",
    "solgate-bundle",
    "solgate-cases",
    "solgate-config",
    "solgate-registry",
];

/// What only connections need.
const ONLY_WITH_HTTP_FACTS: &[&str] = &["hyper", "hyper-util", "rustls", "ring", "socket2", "solgate-upstream"];

/// Crates that a program gets, itself among them, when it embeds the library alone.
const MOST_OF_LIBRARY: usize = 150;
/// The same for the C library.
const MOST_OF_LIBSOLGATE: usize = 160;
/// The same for the module in Envoy.
const MOST_OF_ENVOY_MODULE: usize = 210;

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).current_dir(workspace()).args(arguments).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// What Cargo knows of the crates of this workspace.
fn metadata() -> Value {
    let metadata = cargo(&["metadata", "--offline", "--locked", "--no-deps", "--format-version", "1"]);
    serde_json::from_str(&metadata).expect("JSON")
}

/// The crates that a package gets, by name and version, without those for tests and builds.
fn tree(package: &str, features: &[&str]) -> BTreeSet<String> {
    let mut arguments =
        vec!["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none", "--package", package];
    arguments.extend(features);
    let text = cargo(&arguments);
    text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).filter(|line| !line.is_empty()).collect()
}

fn names(tree: &BTreeSet<String>) -> BTreeSet<&str> {
    tree.iter().filter_map(|line| line.split(' ').next()).collect()
}

#[test]
fn dependencies_point_down() {
    let metadata = metadata();
    let mut found = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let path = package["manifest_path"].as_str().expect("a path");
        let below = path.strip_prefix(&format!("{}/", metadata["workspace_root"].as_str().expect("a root")));
        if below.is_some_and(|path| path.starts_with("tests/")) {
            continue;
        }
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let ours = dependencies.filter(|one| one["kind"].is_null()).filter_map(|one| one["name"].as_str());
        let ours: BTreeSet<&str> = ours.filter(|name| name.contains("solgate")).collect();
        found.insert(package["name"].as_str().expect("a name"), ours);
    }
    let listed: BTreeSet<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    let there: BTreeSet<&str> = found.keys().copied().collect();
    assert_eq!(there, listed, "a crate is new or gone: say in this file whom it may know");

    let mut below = BTreeSet::new();
    for (name, allowed) in MAY_KNOW {
        for one in *allowed {
            assert!(below.contains(one), "{name} may know {one}, which does not stand before it");
        }
        for one in &found[name] {
            assert!(allowed.contains(one), "{name} knows {one}, and should not");
        }
        below.insert(*name);
    }
}

#[test]
fn the_library_brings_no_door_along() {
    for features in [&["--no-default-features"][..], &["--all-features"]] {
        let tree = tree("solgate", features);
        let names = names(&tree);
        for unwanted in NOT_IN_THE_LIBRARY {
            assert!(!names.contains(unwanted), "{features:?}: the library brings {unwanted} along");
        }
        for only in ONLY_WITH_HTTP_FACTS {
            assert_eq!(names.contains(only), features == ["--all-features"], "{features:?}: {only}");
        }
    }
}

#[test]
fn the_libraries_stay_small() {
    let library = tree("solgate", &["--no-default-features"]).len();
    assert!(library <= MOST_OF_LIBRARY, "the library brings {library} crates along, itself among them");
    // A VNFM with that library, and one with the layer.
    for program in ["vnfm-plain", "vnfm-tower"] {
        let tree = tree(program, &[]);
        for unwanted in ["clap", "tonic", "mio", "hyper", "rustls"] {
            assert!(!names(&tree).contains(unwanted), "{program} brings {unwanted} along");
        }
    }
    let c = tree("libsolgate", &[]);
    assert!(c.len() <= MOST_OF_LIBSOLGATE, "the C library brings {} crates along, itself among them", c.len());
    for unwanted in
        ["clap", "tonic", "hyper", "solgate-gateway", "solgate-registry", "solgate-engine", "solgate-bundle"]
    {
        assert!(!names(&c).contains(unwanted), "the C library brings {unwanted} along");
    }
    let module = tree("solgate-envoy", &[]);
    let count = module.len();
    assert!(count <= MOST_OF_ENVOY_MODULE, "the module in Envoy brings {count} crates along, itself among them");
    for unwanted in ["clap", "tonic", "opentelemetry", "hyper", "rustls", "solgate-gateway", "solgate-engine"] {
        assert!(!names(&module).contains(unwanted), "the module in Envoy brings {unwanted} along");
    }
}

/// What `make build` compiles has the features that `make test` compiles it with, so that
/// it is compiled once.
#[test]
fn what_is_shipped_is_compiled_once() {
    let with_features = |arguments: &[&str]| {
        let mut all = vec!["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p} [{f}]"];
        all.extend(arguments);
        let text = cargo(&all);
        text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect::<BTreeSet<_>>()
    };
    let makefile = std::fs::read_to_string(workspace().join("Makefile")).expect("there is a Makefile");
    let shipped = makefile.lines().find_map(|line| line.strip_prefix("SHIPPED := ")).expect("it says what is shipped");
    let packages = shipped.split(' ').skip_while(|word| *word != "--package");
    let packages: Vec<&str> = ["--edges", "normal,build"].into_iter().chain(packages).collect();
    let tested = with_features(&["--workspace", "--edges", "all"]);
    let differ: Vec<String> = with_features(&packages).into_iter().filter(|one| !tested.contains(one)).collect();
    assert!(differ.is_empty(), "these have other features in `make test`: {differ:#?}");
}

/// Workspaces of their own, which CI does not compile as a whole: what is locked there is
/// what our crates need now.
#[test]
fn the_other_workspaces_are_locked() {
    let metadata = metadata();
    let mut checked = 0;
    for folder in ["tests/fuzz", "tests/bench/peers"] {
        let lock = std::fs::read_to_string(workspace().join(folder).join("Cargo.lock")).expect("there is a Cargo.lock");
        for package in metadata["packages"].as_array().expect("packages") {
            let name = package["name"].as_str().expect("a name");
            let Some(locked) = locked(&lock, name) else { continue };
            let needed = package["dependencies"].as_array().expect("dependencies").iter();
            let needed = needed.filter(|one| one["kind"] != "dev");
            let (optional, needed): (Vec<&Value>, Vec<&Value>) = needed.partition(|one| one["optional"] == true);
            let names =
                |ones: &[&Value]| ones.iter().filter_map(|one| Some(one["name"].as_str()?.to_owned())).collect();
            let (optional, needed): (BTreeSet<String>, BTreeSet<String>) = (names(&optional), names(&needed));
            let update = format!("run `cargo update --workspace` in {folder}");
            let missing: Vec<&String> = needed.difference(&locked).collect();
            assert!(missing.is_empty(), "{folder}/Cargo.lock lacks {missing:?} of {name}: {update}");
            let gone: Vec<&String> =
                locked.iter().filter(|one| !needed.contains(*one) && !optional.contains(*one)).collect();
            assert!(
                gone.is_empty(),
                "{folder}/Cargo.lock has {gone:?} for {name}, which needs them no longer: {update}"
            );
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked} of our crates are locked");
}

/// What has no tests of its own is not compiled for them; nobody puts one there in vain.
#[test]
fn what_is_not_tested_holds_no_tests() {
    let metadata = metadata();
    let mut checked = 0;
    for package in metadata["packages"].as_array().expect("packages") {
        for target in package["targets"].as_array().expect("targets") {
            let path = Path::new(target["src_path"].as_str().expect("a path"));
            if target["test"] == true || !path.ends_with("src/lib.rs") {
                continue;
            }
            for source in sources(path.parent().expect("a folder")) {
                let text = std::fs::read_to_string(&source).expect("it is readable");
                let is_there = ["#[test]", "::test]"].iter().any(|mark| text.contains(mark));
                assert!(!is_there, "{} holds a test, and its Cargo.toml says `test = false`", source.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked} files");
}

/// The files of Rust in a folder, but for programs beside a library.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it is readable").map(|entry| entry.expect("it is readable").path());
    let found = entries.flat_map(|path| match path.extension() {
        None if path.is_dir() && !path.ends_with("bin") => sources(&path),
        Some(extension) if extension == "rs" => vec![path],
        _ => Vec::new(),
    });
    found.collect()
}

/// The names of what a package of ours needs, by a Cargo.lock.
fn locked(lock: &str, package: &str) -> Option<BTreeSet<String>> {
    let head = format!("name = \"{package}\"");
    let block = lock.split("[[package]]").find(|block| block.lines().any(|line| line == head))?;
    let lines = block.lines().filter_map(|line| line.trim().strip_prefix('"'));
    Some(lines.filter_map(|line| Some(line.split(['"', ' ']).next()?.to_owned())).collect())
}

/// The way through the code that CONTRIBUTING.md tells exists.
#[test]
fn the_walk_names_files_that_are_there() {
    let page = std::fs::read_to_string(workspace().join("CONTRIBUTING.md")).expect("there is a CONTRIBUTING.md");
    let (_, walk) = page.split_once("## From a request to its ProblemDetails").expect("the walk");
    let (walk, _) = walk.split_once("\n## ").expect("the next section");
    let files: Vec<&str> = walk.split('`').skip(1).step_by(2).filter(|code| code.ends_with(".rs")).collect();
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        assert!(workspace().join(file).is_file(), "{file} is not there");
    }
}
