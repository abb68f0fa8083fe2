//! A bundle is edited on its site, in Node and in Chromium, as `make test-workbench` installs them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use solgate_tests::process::solgate;
use solgate_tests::workspace;

use super::browser::{Judged, node};
use super::compiler::{bundle, linted, texts};
use super::site::Site;

/// An edit of a built-in bundle, and a slip: which file, what is there, what takes its place.
const FILE: &str = "rules/body.yaml";
const EDIT: (&str, &str) = ("Request body is too large", "The body has too many bytes");
const SLIP: (&str, &str) = ("status: 413", "status: 999");

/// A bundle's folder with an edit, and the policy that is built of it.
fn edited(from: &Path, home: &Path, file: &str, (found, put): (&str, &str)) -> (PathBuf, PathBuf) {
    let folder = home.join("edited");
    for (name, text) in texts(from) {
        let path = folder.join(&name);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it is made");
        let text = if name == file { text.replacen(found, put, 1) } else { text };
        std::fs::write(path, text).expect("it is written");
    }
    let policy = home.join("edited.wasm");
    let built = solgate().arg("build").arg(&folder).arg("-o").arg(&policy).output().expect("it runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    (folder, policy)
}

fn written(path: PathBuf, value: &Value) -> PathBuf {
    std::fs::write(&path, value.to_string()).expect("it is written");
    path
}

#[test]
#[ignore = "it needs Node; make test-workbench"]
fn every_verdict_on_an_edited_bundle_is_that_of_the_library() {
    let home = tempfile::tempdir().expect("a folder");
    let site = Site::to_edit(Path::new("vnflcm-v2"));
    let (folder, built) = edited(&workspace().join("policies/vnflcm-v2"), home.path(), FILE, EDIT);
    let changed: BTreeMap<String, String> = texts(&folder).into_iter().filter(|(name, _)| name == FILE).collect();
    let edits = written(home.path().join("edits.json"), &json!(changed));
    let baked = home.path().join("baked.wasm");
    let path = |path: &Path| path.to_str().expect("text").to_owned();
    let (folder, edits, policy) = (path(&site.folder), path(&edits), path(&baked));
    let said = node("edit-in-node.mjs", &["--site", &folder, "--edits", &edits, "--policy", &policy]);
    let same = std::fs::read(baked).expect("it is written") == std::fs::read(&built).expect("it is there");
    assert!(same, "the page bakes what `solgate build` writes");
    let judged = Judged::by_the_library(built);
    assert!(judged.cases.len() > 700);
    judged.is_what_was_said("edit-in-node.mjs", &said);
}

/// What a person sees: `slip` and `edit` are made in `file`.
struct Plan {
    file: &'static str,
    slip: (&'static str, &'static str),
    edit: (&'static str, &'static str),
}

impl Plan {
    /// Of the bundle in that folder. Returns the plan's file, and the policy that is built of the edit.
    fn of(&self, bundle: &Path, home: &Path) -> (PathBuf, PathBuf) {
        let (folder, built) = edited(bundle, home, self.file, self.edit);
        let judged = Judged::by_the_library(built.clone());
        let wrong = home.join("wrong");
        for (name, text) in texts(bundle) {
            let path = wrong.join(&name);
            std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it is made");
            let text = if name == self.file { text.replacen(self.slip.0, self.slip.1, 1) } else { text };
            std::fs::write(path, text).expect("it is written");
        }
        assert!(linted(&folder).is_empty());
        let lint = linted(&wrong);
        let mistakes = lint.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(mistakes, 1, "{lint}");
        let manifest = &judged.manifest;
        let plan = json!({
            "file": self.file,
            "slip": { "find": self.slip.0, "type": self.slip.1, "heading": "1 mistake", "lint": lint },
            "edit": { "find": self.edit.0, "type": self.edit.1 },
            "cases": judged.cases.len(),
            "digest": manifest.digest,
            "name": format!("{}-{}.wasm", manifest.name, manifest.version),
        });
        (written(home.join("plan.json"), &plan), built)
    }
}

#[test]
#[ignore = "it needs Chromium; make test-workbench"]
fn people_can_edit_a_bundle_on_the_page() {
    let home = tempfile::tempdir().expect("a folder");
    let pictures = workspace().join("target/pages/pictures");
    std::fs::create_dir_all(&pictures).expect("a folder");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    let site = Site::to_edit(Path::new("vnflcm-v2"));
    let plan = Plan { file: FILE, slip: SLIP, edit: EDIT };
    let (plan, built) = plan.of(&workspace().join("policies/vnflcm-v2"), home.path());
    let (folder, plan, pictures) = (text(&site.folder), text(&plan), text(&pictures));
    for width in ["1440", "390"] {
        let policy = home.path().join(format!("downloaded-{width}.wasm"));
        let arguments = ["--site", &folder, "--width", width, "--pictures", &pictures, "--plan", &plan, "--policy"];
        let said = node("edit.mjs", &[&arguments[..], &[&text(&policy)]].concat());
        println!("{width} px: {said}");
        let same = std::fs::read(policy).expect("it is written") == std::fs::read(&built).expect("it is there");
        assert!(same, "what is downloaded is what `solgate build` writes");
    }
}

#[test]
#[ignore = "it needs Chromium; make test-workbench"]
fn a_keyboard_suffices_to_edit_a_bundle() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = bundle(home.path(), &[]);
    let site = Site::to_edit(&folder);
    let plan = Plan {
        file: "rules/terminate.yaml",
        slip: ("status: 400", "status: 999"),
        edit: ("The VNF instance is not instantiated", "Only what runs can be terminated"),
    };
    let (plan, _) = plan.of(&folder, home.path());
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    node("edit-keyboard.mjs", &["--site", &text(&site.folder), "--plan", &text(&plan)]);
}
