//! The compiler that a page runs says what `solgate lint` says, and bakes what `solgate build`
//! writes. Here its engine is run by wasmtime in the place of a browser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use solgate_page_compiler::Desk;
use solgate_tests::process::solgate;
use solgate_tests::workspace;
use wasmtime::{Config, Engine, Extern, Instance, Module, OptLevel, Store};

use super::made::{keeps_to_its_own_files, sha256};
use super::site::{Site, run};

/// A bundle that `solgate new` has made, with a text of it replaced by another.
pub fn bundle(home: &Path, replaced: &[(&str, &str, &str)]) -> PathBuf {
    let made =
        solgate().current_dir(home).args(["new", "my-rules", "--template", "minimal"]).output().expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let folder = home.join("my-rules");
    for (file, from, to) in replaced {
        let text = std::fs::read_to_string(folder.join(file)).expect("it is there");
        assert!(text.contains(from), "{from}");
        std::fs::write(folder.join(file), text.replacen(from, to, 1)).expect("it is written");
    }
    folder
}

/// The texts of a bundle's files.
pub fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("it is a folder") {
            let path = entry.expect("it is readable").path();
            let name = path.strip_prefix(folder).expect("below it").to_str().expect("text").to_owned();
            if path.is_dir() && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".yaml") {
                files.insert(name, std::fs::read_to_string(path).expect("it is text"));
            }
        }
    }
    files
}

/// What `solgate lint` says, without its last line, which counts.
pub fn linted(folder: &Path) -> String {
    let said = solgate().arg("lint").arg(folder).output().expect("it runs");
    let said = String::from_utf8(said.stdout).expect("text");
    let (_, found) = said.trim_end().rsplit_once('\n').map_or(("", ""), |(found, last)| (last, found));
    found.trim_end().to_owned()
}

fn built(folder: &Path) -> Vec<u8> {
    let file = folder.with_extension("wasm");
    let built = solgate().arg("build").arg(folder).arg("-o").arg(&file).output().expect("it runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    std::fs::read(file).expect("it is written")
}

fn compiled(desk: &mut Desk, folder: &Path) -> Value {
    let question = json!({ "files": texts(folder), "set": [] });
    desk.compile(question.to_string().as_bytes()).expect("it answers")
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_solgate_lint() {
    let home = tempfile::tempdir().expect("a folder");
    // One slip in each file, a warning among them.
    let folder = bundle(
        home.path(),
        &[
            ("rules/terminate.yaml", "body.", "body.nonsense."),
            ("policy.yaml", "version:", "versoin:"),
            ("tests/terminate.yaml", "method:", "mehtod:"),
        ],
    );
    let answer = compiled(&mut Desk::default(), &folder);
    assert_eq!(answer["ok"], false);
    let found = answer["diagnostics"].as_array().expect("a list");
    assert!(found.len() > 1, "{found:?}");
    assert_eq!(answer["lint"].as_str().expect("text").trim_end(), linted(&folder));

    let lint = solgate().arg("lint").arg(&folder).args(["--format", "json"]).output().expect("it runs");
    let lint: Value = serde_json::from_slice(&lint.stdout).expect("it is JSON");
    let said = lint["diagnostics"].as_array().expect("a list").iter();
    for (said, found) in said.zip(found) {
        assert_eq!((&said["message"], &said["file"]), (&found["message"], &found["path"]));
        assert_eq!(said.get("hint").unwrap_or(&Value::Null), &found["help"]);
    }
}

/// What a page tells of an instance of the engine that it has told a bundle.
fn state(instrumented: &[u8], data: &[u8]) -> Vec<u8> {
    let mut config = Config::new();
    config.cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config).expect("wasmtime starts");
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, instrumented).expect("it is valid");
    let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
    let reserve = instance.get_typed_func::<u32, u32>(&mut store, "solgate-reserve").expect("it is there");
    let init = instance.get_typed_func::<(), u32>(&mut store, "solgate-init").expect("it is there");
    let memory = instance.get_memory(&mut store, "memory").expect("it has one");
    let at = reserve.call(&mut store, u32::try_from(data.len()).expect("it is small")).expect("there is room");
    memory.write(&mut store, at as usize, data).expect("there is room");
    assert_eq!(init.call(&mut store, ()).expect("it ends"), 0);
    let exports: Vec<(String, Extern)> =
        instance.exports(&mut store).map(|export| (export.name().to_owned(), export.into_extern())).collect();
    let globals = exports.into_iter().filter_map(|(name, export)| Some((name, export.into_global()?)));
    let globals: BTreeMap<String, String> =
        globals.map(|(name, global)| (name, global.get(&mut store).unwrap_i32().to_string())).collect();
    let globals = serde_json::to_vec(&globals).expect("it is JSON");
    let length = u32::try_from(globals.len()).expect("it is short").to_le_bytes();
    [&length[..], &globals, memory.data(&store)].concat()
}

#[test]
fn what_is_baked_is_the_file_that_solgate_build_writes() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = bundle(home.path(), &[("policy.yaml", "version:", "# Edited.\nversion:")]);
    let mut desk = Desk::default();
    assert!(desk.data().is_err(), "no bundle has been compiled");
    let answer = compiled(&mut desk, &folder);
    assert_eq!((&answer["ok"], &answer["lint"]), (&json!(true), &json!("")));
    let instrumented = desk.prepare(&solgate_bundle::bake::engine().expect("it is whole")).expect("it is an engine");
    let state = state(&instrumented, &desk.data().expect("it is compiled"));
    let baked = desk.bake(&state).expect("it is baked");
    let expected = built(&folder);
    assert!(baked.component == expected, "the files differ");

    let subject = desk.subject().expect("it is compiled");
    assert_eq!(subject["cases"].as_array().map(Vec::len), Some(8));
    // With less than the state there is no policy.
    for wrong in [&state[..3], &state[..40], &[&2_u32.to_le_bytes()[..], b"{}"].concat()] {
        assert!(desk.bake(wrong).is_err());
    }
}

#[test]
fn the_site_has_what_editing_needs() {
    let site = Site::to_edit(Path::new("vnflcm-v1"));
    keeps_to_its_own_files(&site);
    let about = site.about();
    let editing = &about["editing"];
    let path = |part: &Value| part.as_str().expect("a path").to_owned();
    let kept: Value = serde_json::from_slice(&site.unpacked(&path(&editing["files"]))).expect("it is JSON");
    assert_eq!(kept, json!({ "files": texts(&workspace().join("policies/vnflcm-v1")), "set": [] }));
    for name in ["compiler", "engine"] {
        let part = &editing[name];
        let module = site.unpacked(&path(&part["path"]));
        assert_eq!((&part["sha256"], &part["bytes"]), (&json!(sha256(&module)), &json!(module.len())), "{name}");
        assert!(module.starts_with(b"\0asm"), "{name}");
    }
}

#[test]
fn a_file_of_a_policy_cannot_be_edited() {
    let home = tempfile::tempdir().expect("a folder");
    let file = solgate_tests::artifact("vnflcm-v1.wasm");
    let refused = run(&file, &home.path().join("site"), &["--edit"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("with --edit, name the bundle's folder or a built-in policy"), "{said}");
    assert!(!home.path().join("site").exists());
}
