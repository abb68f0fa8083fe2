//! The site as it is made: which files it has, that they are of that very policy, and what is
//! said where there can be none.

use std::path::Path;

use serde_json::Value;
use solgate::policy::Policy;
use solgate_cases::embedded;
use solgate_tests::{artifact, engine, hostile_policy};
use wasm_encoder::{ComponentBuilder, ComponentExportKind, ValType};

use super::site::{Site, run};

/// Bytes of the whole site, compressed, that a visitor fetches at most.
const MOST: usize = 4_000_000;

pub fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// Whether a part stands in a whole as it is.
fn holds(whole: &[u8], part: &[u8]) -> bool {
    let begins = part.get(..64).unwrap_or(part);
    whole.windows(begins.len()).enumerate().any(|(at, window)| window == begins && whole[at..].starts_with(part))
}

#[test]
fn the_site_runs_the_core_module_of_that_very_file() {
    let file = artifact("vnflcm-v2.wasm");
    let component = std::fs::read(&file).expect("it is readable");
    let (site, again) = std::thread::scope(|scope| {
        let again = scope.spawn(|| Site::of(Path::new("vnflcm-v2")));
        (Site::of(&file), again.join().expect("it ends"))
    });
    let files = site.files();
    assert_eq!(files, again.files(), "the same policy gives the same site");

    let about = site.about();
    let modules = site.modules();
    assert_eq!(modules.len(), 1);
    assert!(holds(&component, &modules[0]), "the module is that of the component, byte for byte");
    assert_eq!(about["modules"][0]["sha256"], sha256(&modules[0]));
    assert_eq!(about["file"]["sha256"], sha256(&component));
    let policy = Policy::from_bytes(engine(), &component).expect("it loads");
    assert_eq!(about["digest"], policy.id().digest, "it is the one in decision lines");

    let part = |name: &str| -> Value {
        serde_json::from_slice(&site.unpacked(about[name].as_str().expect("a path"))).expect("it is JSON")
    };
    let cases = embedded(&component, &policy.manifest().into()).expect("they are readable");
    let names = |name: Option<&str>| name.map(str::to_owned);
    let found = part("cases");
    let found = found.as_array().expect("a list").iter().map(|case| names(case["name"].as_str()));
    assert!(found.eq(cases.iter().map(|case| names(Some(&case.name)))), "the cases of the file, in its order");
    let rules = part("book")["rules"].as_array().map_or(0, Vec::len);
    assert!(rules >= policy.manifest().rules.len(), "{rules} rules");

    // What is not compressed yet, most servers compress.
    let size: usize = files.values().map(Vec::len).sum();
    assert!(size <= MOST, "{size} bytes");
    assert!(about["editing"].is_null() && !files.keys().any(|name| name.contains("compiler")), "nobody edits it");
    for (name, bytes) in &files {
        println!("{name}: {} bytes", bytes.len());
    }
    println!("together {size} bytes");
}

#[test]
fn the_page_keeps_to_its_own_files() {
    // A policy that carries neither a bundle nor cases.
    let home = tempfile::tempdir().expect("a folder");
    let site = Site::of(&hostile_policy(home.path()));
    assert_eq!(site.about()["caseCount"], 0);
    keeps_to_its_own_files(&site);
}

/// Fails if the page could load or tell anything from or to elsewhere.
pub fn keeps_to_its_own_files(site: &Site) {
    let files = site.files();
    let page = String::from_utf8(files["index.html"].clone()).expect("text");
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).expect("it has one");
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
    for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with(".gz") && *name != "licences.txt") {
        let text = String::from_utf8_lossy(bytes);
        // The name of a namespace is not an address.
        let text = text.replace("http://www.w3.org/", "");
        assert!(!text.contains("http://") && !text.contains("https://"), "{name} names another server");
    }
}

/// A component that holds another and exports what that one exports.
fn around(inner: &[u8], prepare: impl FnOnce(&mut ComponentBuilder)) -> Vec<u8> {
    const JUDGE: &str = "solgate:policy/judge@1.0.0";
    let mut builder = ComponentBuilder::default();
    prepare(&mut builder);
    let component = builder.component_raw(None, inner);
    let instance = builder.instantiate(None, component, std::iter::empty::<(&str, ComponentExportKind, u32)>());
    let judge = builder.alias_export(instance, JUDGE, ComponentExportKind::Instance);
    builder.export(JUDGE, ComponentExportKind::Instance, judge, None);
    builder.finish()
}

#[test]
fn a_policy_of_several_components_is_put_together_or_refused_with_the_way_out() {
    let home = tempfile::tempdir().expect("a folder");
    let inner = std::fs::read(hostile_policy(home.path())).expect("it is readable");
    let file = home.path().join("composed.wasm");
    std::fs::write(&file, around(&inner, |_| {})).expect("it is written");
    let site = Site::of(&file);
    assert!(holds(&inner, &site.modules()[0]));

    // As componentize-qjs makes them: one component keeps something for another.
    let keeps = around(&inner, |builder| {
        builder.type_resource(None, ValType::I32, None);
    });
    std::fs::write(&file, keeps).expect("it is written");
    let refused = run(&file, &home.path().join("site"), &[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("components that call each other") && said.contains("`solgate check`"), "{said}");
    assert!(!home.path().join("site").exists());
}

#[test]
fn a_folder_with_something_in_it_stays_as_it_is() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("site");
    std::fs::create_dir(&folder).expect("it is made");
    std::fs::write(folder.join("mine.txt"), "mine").expect("it is written");
    let refused = run(Path::new("vnflcm-v2"), &folder, &[]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(said, format!("solgate: {} is not empty; name another folder, or remove it first\n", folder.display()));
    assert_eq!(std::fs::read_dir(home.path()).expect("it is readable").count(), 1, "nothing else was made");

    let refused = run(Path::new("vnflcm-v2"), &folder.join("mine.txt"), &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("mine.txt is a file; name a folder"));
}

#[test]
fn what_is_not_a_policy_is_said_to_be_none() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).expect("it is written");
        path
    };
    let core = std::fs::read(artifact("hostile.wasm")).expect("it is readable");
    for (path, expected) in [
        (write("text.wasm", b"text"), "this is not a WebAssembly component"),
        (write("core.wasm", &core), "this is a core module and not yet a component"),
        (write("empty.wasm", b"\0asm\x0d\0\x01\0"), "does not export solgate:policy/judge@1.0.0"),
        (home.path().join("none.wasm"), "cannot read"),
    ] {
        let refused = run(&path, &home.path().join("site"), &[]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(!home.path().join("site").exists());
    }
}
