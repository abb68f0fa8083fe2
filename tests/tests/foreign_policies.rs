//! Policies that our compiler has not made: what a host takes, by the version of the contract
//! that they are made for, and what it says of the others before it compiles them. The
//! components are made here; those of real toolchains are in languages.rs.

use std::sync::Arc;

use solgate::facts::MapFacts;
use solgate::gate::{Gate, Verdict};
use solgate::policy::{LoadError, Policy};
use solgate_tests::process::solgate;
use solgate_tests::{artifact, engine, request, workspace};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where the manifest lies, which is zero but for name, version and digest; and where the
/// outcome lies, which is zero: allow, without findings.
const MANIFEST: u32 = 64;
const OUTCOME: u32 = 512;
const TEXT: u32 = 1024;

/// The contract, or another form of it.
fn contract(change: impl Fn(String) -> String) -> String {
    change(std::fs::read_to_string(workspace().join("wit/policy.wit")).expect("it is readable"))
}

/// A policy that allows everything, made for that contract.
fn policy(contract: &str, digest: &str) -> Vec<u8> {
    let version =
        contract.split_once("solgate:policy@").and_then(|(_, rest)| rest.split(';').next()).expect("a version");
    let name = "allows";
    let (mut types, mut functions, mut exports, mut code) =
        (TypeSection::new(), FunctionSection::new(), ExportSection::new(), CodeSection::new());
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I32], [ValType::I32]);
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    let mut add = |name: &str, ty: u32, result: u32| {
        let index = functions.len();
        functions.function(ty);
        exports.export(name, ExportKind::Func, index);
        let mut function = Function::new([]);
        function.instructions().i32_const(result.cast_signed()).end();
        code.function(&function);
    };
    let judge = format!("solgate:policy/judge@{version}");
    add(&format!("{judge}#describe"), 0, MANIFEST);
    add(&format!("{judge}#evaluate"), 1, OUTCOME);
    // What comes in is written there, and nobody reads it.
    add("cabi_realloc", 2, 4096);
    if contract.contains("explain: func") {
        add(&format!("{judge}#explain"), 0, 0);
    }
    exports.export("memory", ExportKind::Memory, 0);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 2, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let texts = format!("{name}1.0.0{digest}");
    let mut manifest = Vec::new();
    let mut at = TEXT;
    for text in [name, "1.0.0", digest] {
        let length = u32::try_from(text.len()).expect("it is short");
        manifest.extend([at.to_le_bytes(), length.to_le_bytes()].concat());
        at += length;
    }
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(MANIFEST.cast_signed()), manifest);
    data.active(0, &ConstExpr::i32_const(TEXT.cast_signed()), texts.into_bytes());
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code).section(&data);
    let mut module = module.finish();

    let mut resolve = Resolve::new();
    let package = resolve.push_str("policy.wit", contract).expect("it is WIT");
    let world = resolve.select_world(&[package], None).expect("it has a world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("it is embedded");
    let encoder = ComponentEncoder::default().validate(true).module(&module);
    encoder.and_then(|mut encoder| encoder.encode()).expect("it is a component")
}

fn version(version: &str) -> String {
    contract(|text| text.replace("solgate:policy@1.0.0", &format!("solgate:policy@{version}")))
}

fn with_another_function(contract: String) -> String {
    contract.replace("    describe: func", "    explain: func() -> u32;\n    describe: func")
}

fn with_another_member(contract: String) -> String {
    contract.replace("        depth: u32,\n", "        depth: u32,\n        width: u32,\n")
}

#[tokio::test]
async fn a_host_takes_what_is_made_for_its_major_version() {
    for contract in [
        contract(|text| text),
        version("1.0.7"),
        version("1.4.2"),
        with_another_function(version("1.1.0")),
        with_another_function(version("1.0.0")),
    ] {
        let component = policy(&contract, "");
        let policy = Policy::from_bytes(engine(), &component).unwrap_or_else(|error| panic!("{error}"));
        // It gives no digest of its own.
        assert_eq!(policy.id().digest, solgate::policy::FileDigest::of(&component).to_string());
        let gate = Gate::new(
            vec![Arc::new(policy)],
            Arc::new(MapFacts::from_value(&serde_json::json!({})).expect("no facts")),
        );
        let decision = gate.judge(&request("GET", "/anything", &[], b"")).await;
        assert!(matches!(decision.verdict, Verdict::Allow), "{:?}", decision.verdict);
    }
}

#[test]
fn a_component_may_export_two_major_versions() {
    let mut component = policy(&contract(|text| text), "");
    // The instance of judge@1.0.0 under another name.
    let name = b"solgate:policy/judge@2.0.0";
    let mut export = vec![1, 0, u8::try_from(name.len()).expect("it is short")];
    export.extend(name);
    export.extend([5, 0, 0]);
    component.extend([11, u8::try_from(export.len()).expect("it is short")]);
    component.extend(export);
    let policy = Policy::from_bytes(engine(), &component).expect("it loads");
    assert_eq!(policy.id().name, "allows");
}

/// What a file is, and what is said of it.
#[test]
fn what_a_host_cannot_take_is_said_before_it_is_compiled() {
    let named = |import: &str, mark: &str| {
        let mut component = b"\0asm\x0d\0\x01\0\x07\x05\x01\x40\0\x01\0".to_vec();
        component.extend([10, u8::try_from(import.len() + 5).expect("it is short"), 1, 0]);
        component.push(u8::try_from(import.len()).expect("it is short"));
        component.extend(import.as_bytes());
        component.extend([1, 0]);
        // A custom section, in which a toolchain is named.
        component.extend([0, u8::try_from(mark.len() + 1).expect("it is short"), 0]);
        component.extend(mark.as_bytes());
        component
    };
    let refused: [(&str, Vec<u8>, &str); 12] = [
        (
            "a later major version",
            policy(&version("2.0.0"), ""),
            "it exports solgate:policy/judge@2.0.0; use a later version of solgate, or let the component export judge@1.0.0 beside it",
        ),
        (
            "an earlier one",
            policy(&version("0.9.0"), ""),
            "it exports solgate:policy/judge@0.9.0; build the policy for judge@1.0.0",
        ),
        (
            "one before a release",
            policy(&version("1.0.0-rc.1"), ""),
            "it exports solgate:policy/judge@1.0.0-rc.1, which is not a version of it",
        ),
        (
            "another record",
            policy(&with_another_member(version("1.0.0")), ""),
            "describe().limits is a record of body-bytes, target-bytes, depth, width, and the contract has a record of body-bytes, target-bytes, depth",
        ),
        (
            "another record of a later minor version",
            policy(&with_another_member(version("1.2.0")), ""),
            "it is made for solgate:policy/judge@1.2.0: use a later version of solgate",
        ),
        (
            "another type",
            policy(&contract(|text| text.replace("received-at: u64", "received-at: s64")), ""),
            "evaluate(context).received-at is s64, and the contract has u64",
        ),
        ("an empty component", b"\0asm\x0d\0\x01\0".to_vec(), "it exports no interface"),
        (
            "WASI left in",
            named("wasi:io/poll@0.2.6", ""),
            "imports wasi:io/poll@0.2.6; a policy imports nothing; build it without WASI: in Rust for the target wasm32-unknown-unknown",
        ),
        (
            "WASI left in by Python",
            named("wasi:io/poll@0.2.6", "componentize_py"),
            "`componentize-py componentize --stub-wasi`",
        ),
        (
            "WASI left in by QuickJS",
            named("wasi:io/poll@0.2.6", "componentize_qjs"),
            "`componentize-qjs --stub-wasi --sync`",
        ),
        (
            "WASI left in by JavaScript",
            named("wasi:io/poll@0.2.6", "ComponentizeJS"),
            "`componentize-js -d stdio random clocks http fetch-event`",
        ),
        ("a core module", b"\0asm\x01\0\0\0".to_vec(), "this is a core module and not yet a component"),
    ];
    let before = engine().compilations();
    for (what, component, words) in refused {
        let Err(error) = Policy::from_bytes(engine(), &component) else { panic!("{what} loads") };
        assert!(error.to_string().contains(words), "{what}: {error}");
    }
    assert_eq!(engine().compilations(), before, "nothing of this is compiled");
    let error = Policy::from_bytes(engine(), &policy(&contract(|text| text), "main")).map(|_| ());
    assert!(matches!(&error, Err(LoadError::Manifest(text)) if text.contains("\"main\"")), "{error:?}");
}

/// languages.rs runs what the templates' own pages say, where their toolchains are.
#[test]
fn the_page_shows_the_commands_and_versions_of_the_templates() {
    let read = |file: &str| std::fs::read_to_string(workspace().join(file)).expect("it is readable");
    let page = read("docs/other-languages.md");
    let templates = "host/bundle/templates";
    for language in ["rust", "javascript", "python"] {
        let readme = read(&format!("{templates}/{language}/README.md"));
        let block = readme.rsplit("```sh\n").next().and_then(|rest| rest.split("```").next()).expect("a block");
        for line in block.lines() {
            assert!(page.contains(&format!("`{line}`")) || line.starts_with("solgate test"), "{language}: {line}");
        }
    }
    let package: serde_json::Value =
        serde_json::from_str(&read(&format!("{templates}/javascript/package.json"))).expect("JSON");
    let lock: serde_json::Value = serde_json::from_str(&read("tests/languages/package-lock.json")).expect("JSON");
    assert_eq!(package["devDependencies"], lock["packages"][""]["devDependencies"], "what is tested is what is named");
    for (name, version) in package["devDependencies"].as_object().expect("a table") {
        let short = name.rsplit('/').next().expect("a name");
        let version = version.as_str().expect("a version");
        assert!(page.contains(short) && page.contains(version), "{name} {version}");
    }
    let named = read(&format!("{templates}/python/requirements.txt"));
    let tested = read("tests/languages/requirements.txt");
    assert!(tested.contains(named.trim()) && page.contains(named.trim().rsplit("==").next().expect("a version")));
}

#[test]
fn a_core_module_becomes_a_policy_that_carries_its_cases() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(artifact("hostile.wasm"), folder.path().join("core.wasm")).expect("it is copied");
    std::fs::create_dir(folder.path().join("cases")).expect("it is made");
    let cases = "cases:\n  - name: a path that it knows nothing of\n    path: /well\n    expect: allow\n";
    std::fs::write(folder.path().join("cases/well.yaml"), cases).expect("it is written");
    let says = |line: &str, status: i32, words: &str| {
        let done = solgate().current_dir(folder.path()).args(line.split(' ')).output().expect("it runs");
        let said = String::from_utf8([done.stdout, done.stderr].concat()).expect("it is text");
        assert!(done.status.code() == Some(status) && said.contains(words), "{line}: {said}");
    };
    says("inspect core.wasm", 1, "`solgate build FILE.wasm -o POLICY.wasm` makes a policy of it");
    says("build core.wasm --cases cases -o policy.wasm", 0, "policy.wasm holds hostile 1.0.0: 2 rules");
    says("test policy.wasm", 0, "hostile 1.0.0: 1 passed, 0 failed");
    says("bench policy.wasm --rounds 1", 0, "each judged 1 times in the sandbox");
    says("build policy.wasm --cases cases -o again.wasm", 2, "carries cases already");
    says("build policy.wasm -o again.wasm", 0, "again.wasm holds hostile 1.0.0");
    std::fs::write(folder.path().join("cases/well.yaml"), cases.replace("allow", "{ status: 400, rules: [none] }"))
        .expect("it is written");
    says("build core.wasm --cases cases -o policy.wasm", 2, "the cases do not fit core.wasm");
}
