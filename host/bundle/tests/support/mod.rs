//! What the tests of this crate share.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

use solgate_bundle::{BuildOptions, Compiled, Failure, Texts, compile_dir};
use solgate_engine::Engine;
use solgate_engine::verdict::{Context, Mode, Outcome, Request};

/// A folder of this crate's tests.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The complete bundle that the tests vary.
pub fn minimal() -> PathBuf {
    folder("bundles/minimal")
}

/// Copies a folder over another.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The minimal bundle with more in policy.yaml, and a rule for `terminate`.
pub fn bundle(more: &str, require: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&minimal(), dir.path());
    let path = dir.path().join("policy.yaml");
    let policy = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{policy}{more}")).unwrap();
    let rule = format!(
        "- id: terminate.more\n  operations: [terminate]\n  stage: body\n  require: >-\n    {require}\n  otherwise: {{ status: 403, title: Not allowed }}\n"
    );
    fs::write(dir.path().join("rules/more.yaml"), rule).unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

pub fn compiled(dir: &Path) -> Compiled {
    compile_dir(dir, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

/// The files of a folder, held in memory. `None` if it holds what texts cannot be.
pub fn texts_of(dir: &Path) -> Option<Texts> {
    let mut files = Vec::new();
    collect(dir, "", &mut files)?;
    Some(files.into_iter().collect())
}

fn collect(dir: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> Option<()> {
    let mut entries = fs::read_dir(dir).unwrap().peekable();
    // Only the bundle itself can be an empty folder.
    if entries.peek().is_none() && !prefix.is_empty() {
        return None;
    }
    for entry in entries {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str()?);
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.push((name, String::from_utf8(fs::read(entry.path()).ok()?).ok()?));
        } else {
            return None;
        }
    }
    Some(())
}

/// What the policy says to a termination of that type.
pub fn is_allowed(engine: &Engine, kind: &str) -> bool {
    let body = format!(r#"{{"terminationType": "{kind}"}}"#);
    let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")];
    let request = Request {
        method: "POST",
        target: "/vnflcm/v2/vnf_instances/1/terminate",
        fields: &fields,
        body: body.as_bytes(),
        body_complete: true,
    };
    let context = Context { received_at: 0, mode: Mode::Enforce, caller: None, facts: &[], settings: &[] };
    match engine.evaluate(&request, &context) {
        // All that is left are facts.
        Outcome::Allow(_) | Outcome::Need(_) => true,
        Outcome::Deny(denial) => {
            assert_eq!((denial.status, denial.rule.as_str()), (403, "terminate.more"), "{denial:?}");
            false
        }
    }
}

/// Compares with a golden file, or writes it if `BLESS=1`.
pub fn assert_golden(path: &Path, actual: &str) {
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == actual,
        "{} differs (BLESS=1 accepts what is there now)\n--- expected\n{expected}\n--- found\n{actual}",
        path.display()
    );
}

/// Compiles a bundle with files damaged, each in sixty ways: whatever happens is
/// reported, without a panic, and at a place that is in its file. How many of the
/// bundles were refused, and how many accepted.
pub fn damage(home: &Path, files: &[&str], bundle: &Path) -> (usize, usize) {
    const PARTS: [&str; 19] = [
        "{", "]", ": ", "- ", "\n", "  ", "&a ", "*a", "'", "\"", "|", ">-", "#", "\u{e4}", "x-rule: ", "~", "0",
        "$ref", "\t",
    ];
    let mut random = 1_u64;
    let mut below = |limit: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(random >> 33).unwrap() % limit
    };
    let (mut refused, mut accepted) = (0, 0);
    for name in files {
        let path = home.join(name);
        let text = fs::read_to_string(&path).unwrap();
        for _ in 0..60 {
            let mut damaged: Vec<char> = text.chars().collect();
            let at = below(damaged.len());
            let end = at + below(30).min(damaged.len() - at);
            damaged.splice(at..end, PARTS.get(below(PARTS.len())).unwrap().chars());
            fs::write(&path, damaged.iter().collect::<String>()).unwrap();
            match compile_dir(bundle, &BuildOptions::default()) {
                Ok(_) => accepted += 1,
                Err(Failure::Mistakes(mistakes)) => {
                    assert!(!mistakes.is_empty());
                    assert!(mistakes.render(false).starts_with(['e', 'w']));
                    refused += 1;
                }
                Err(failure) => panic!("{failure}"),
            }
        }
        fs::write(&path, text).unwrap();
    }
    (refused, accepted)
}
