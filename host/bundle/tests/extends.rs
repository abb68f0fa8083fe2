//! Bundles that extend others.
//!
//! A folder below `extends/` holds a bundle with mistakes (and perhaps the bases
//! that it needs), and in `stderr` what is reported. It lies beside a copy of
//! `bundles/minimal`. `BLESS=1` writes it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use solgate_bundle::{BuildOptions, Compiled, Failure, compile_dir, render};
use solgate_engine::ir::{Bundle, Rule, RuleKind, Severity, Stage};
use support::{assert_golden, copy, damage, folder, minimal};

fn compile(dir: &Path) -> Compiled {
    compile_dir(dir, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

/// What a build says: its mistakes, or its warnings.
fn said(dir: &Path) -> String {
    match compile_dir(dir, &BuildOptions::default()) {
        Ok(compiled) => render(&compiled.warnings, &compiled.sources, false),
        Err(Failure::Mistakes(mistakes)) => mistakes.render(false),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn a_bundle_is_what_it_extends_and_what_it_says_itself() {
    let compiled = compile(&folder("bundles/child"));
    let warnings = render(&compiled.warnings, &compiled.sources, false);
    assert_eq!(warnings, "");
    assert_golden(&folder("bundles/child.json"), &(serde_json::to_string_pretty(&compiled.bundle).unwrap() + "\n"));

    let base = compile(&minimal());
    let (bundle, base) = (&compiled.bundle, &base.bundle);
    assert_eq!(bundle.api_roots, base.api_roots);
    assert_eq!((bundle.limits.depth, bundle.limits.body_bytes), (32, base.limits.body_bytes));
    let operations: Vec<_> = bundle.operations.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!(operations, ["terminate", "read_retry", "retry", "heal"]);

    let rule = |id: &str| bundle.rules.iter().find(|rule| rule.id == id).unwrap();
    let inherited = rule("terminate.state.no-other-op");
    let as_in_base = Rule { inherited: false, ..inherited.clone() };
    assert_eq!(base.rules.iter().find(|rule| rule.id == inherited.id), Some(&as_in_base));
    let severity = &rule("terminate.timeout.only-graceful").severity;
    assert_eq!(
        (severity.default, severity.by_option.as_slice()),
        (Severity::Off, &[("strict".to_owned(), Severity::Warn)][..])
    );
    let overridden = rule("terminate.state.instantiated");
    assert_eq!((overridden.title.as_str(), overridden.status), ("Nothing to terminate", 409));
    let RuleKind::Require(require) = &rule("child.site").kind else { panic!() };
    assert_eq!(require.stage, Stage::Existence);
}

#[test]
fn an_override_makes_a_rule_the_bundles_own() {
    let compiled = compile(&folder("bundles/child"));
    let own: Vec<_> = compiled.bundle.rules.iter().filter(|rule| !rule.inherited).map(|rule| &rule.id).collect();
    assert_eq!(
        own,
        [
            "terminate.timeout.only-graceful",
            "body.size",
            "terminate.state.instantiated",
            "access.role",
            "child.heal.cause",
            "child.site",
            "child.hours"
        ]
    );
    assert!(compile(&minimal()).bundle.rules.iter().all(|rule| !rule.inherited));
}

#[test]
fn what_is_dropped_or_replaced_is_as_if_the_base_had_never_had_it() {
    let Compiled { bundle, warnings, sources, .. } = compile(&folder("bundles/reduced"));
    assert_eq!(render(&warnings, &sources, false), "");
    let operations: Vec<_> = bundle.operations.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!(operations, ["terminate"]);
    // The parameters of its path are inherited, those of the operation are not.
    assert!(bundle.operations[0].version && bundle.operations[0].headers.is_empty());
    assert_eq!(bundle.schemas["TerminateVnfRequest"]["properties"]["terminationType"]["enum"][0], "NOW");
    assert!(bundle.schemas["TerminateVnfRequest"].get("x-override").is_none());
    assert!(bundle.facts.iter().all(|fact| fact.name != "opOcc"));
    assert!(bundle.options.iter().all(|option| option.name != "vendor"));
    let base = compile(&minimal()).bundle;
    let ids = |bundle: &Bundle| bundle.rules.iter().map(|rule| rule.id.clone()).collect::<BTreeSet<_>>();
    let gone: Vec<_> = ids(&base).difference(&ids(&bundle)).cloned().collect();
    assert_eq!(gone, ["access.role", "header.priority.integer", "retry.state.failed-temp"]);
    let own: Vec<_> = bundle.rules.iter().filter(|rule| !rule.inherited).collect();
    assert_eq!(own.len(), 1);
    let RuleKind::Require(require) = &own[0].kind else { panic!() };
    assert_eq!(
        (own[0].severity.default, require.pointer.as_deref()),
        (Severity::Deny, None),
        "nothing of the old rule"
    );
}

#[test]
fn what_a_bundle_drops_is_gone_for_those_that_extend_it() {
    let home = tempfile::tempdir().unwrap();
    copy(&folder("bundles/reduced"), &home.path().join("reduced"));
    let rule = "- { replace: access.role, require: 'true', otherwise: { status: 403, title: T } }";
    chain(home.path(), &[("top", "extends: ../reduced", rule)]);
    let refused = said(&home.path().join("top"));
    assert!(refused.contains("no bundle that is extended has a rule `access.role`"), "{refused}");
    let rule = rule.replace("replace", "id");
    chain(home.path(), &[("top", "extends: ../reduced", &rule)]);
    assert!(compile(&home.path().join("top")).bundle.rules.iter().any(|rule| rule.id == "access.role"));
}

/// A base with cases, and a bundle that extends it with `inherited` in its own.
fn said_of_inherited(inherited: &str) -> Result<Vec<String>, String> {
    let home = tempfile::tempdir().unwrap();
    copy(&minimal(), &home.path().join("minimal"));
    copy(&folder("bundles/reduced"), &home.path().join("reduced"));
    let put = |file: &str, text: &str| {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put(
        "minimal/tests/cases.yaml",
        "bases:
  terminate: { method: POST, path: /vnf_instances/v/terminate, headers: { version: 2.0.0 } }
cases:
  - { name: no body, base: terminate, expect: { status: 400 } }
  - { name: a retry, method: POST, path: /vnf_lcm_op_occs/o/retry, headers: { Version: 2.0.0 }, expect: { status: 400 } }
  - { name: a retry by GET, path: /vnf_lcm_op_occs/o/retry, expect: { status: 405 } }
  - { name: the vendor, base: terminate, options: { vendor: true }, expect: { status: 400 } }
  - { name: the role, base: terminate, expect: { status: 403, rules: [access.role] } }
  - { name: the fact, base: terminate, facts: { opOcc: { id: o } }, expect: { status: 400 } }
  - { name: an old value, base: terminate, body: { terminationType: FORCEFUL }, expect: { status: 409 } }
",
    );
    put("minimal/tests/others.yaml", "cases: [{ name: elsewhere, path: /x, expect: { status: 404 } }]");
    put("reduced/tests/all.yaml", inherited);
    match compile_dir(&home.path().join("reduced"), &BuildOptions::default()) {
        Ok(compiled) => Ok(compiled.cases.iter().map(|case| format!("{} {:?}", case.name, case.fields)).collect()),
        Err(Failure::Mistakes(mistakes)) => Err(mistakes.render(false)),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn cases_of_the_base_are_run_as_far_as_they_are_about_what_is_left() {
    assert_eq!(
        said_of_inherited(
            "inherited:\n  headers: { Version: { 2.0.0: 1.3.0 } }\n  drop: { cases.yaml: [an old value] }"
        ),
        Ok(vec![r#"no body [("version", "1.3.0")]"#.to_owned(), "elsewhere []".to_owned()])
    );
    let all = said_of_inherited(
        "cases: [{ name: own, path: /y, expect: { status: 404 } }]\ninherited: { drop: { cases.yaml: all } }",
    );
    assert_eq!(all, Ok(vec!["own []".to_owned(), "elsewhere []".to_owned()]));
}

#[test]
fn what_is_said_of_inherited_cases_in_vain_is_a_mistake() {
    for (inherited, mistake) in [
        ("headers: { Version: { 2.1.0: 1.3.0 } }", "no case of the extended bundle sends `Version: 2.1.0`"),
        ("drop: { cases.yaml: [no bdoy] }", "did you mean `no body`?"),
        ("drop: { case.yaml: [no body] }", "did you mean `cases.yaml`?"),
        ("drop: { cases.yaml: [a retry] }", "the case `a retry` is not run anyway"),
        ("drop: { others.yaml: [elsewhere, elsewhere] }", "the case `elsewhere` is here twice"),
        ("drop: { others.yaml: any }", "the cases of a file is a list, but here is text"),
        ("from: there", "`inherited` has no `from`"),
    ] {
        let said = said_of_inherited(&format!("inherited:\n  {inherited}\n")).unwrap_err();
        assert!(said.contains(mistake), "{inherited}: {said}");
    }
    let home = tempfile::tempdir().unwrap();
    copy(&minimal(), home.path());
    fs::create_dir(home.path().join("tests")).unwrap();
    fs::write(home.path().join("tests/a.yaml"), "inherited: {}\n").unwrap();
    assert!(said(home.path()).contains("there are no cases to inherit"));
}

/// Lays out a chain of bundles, each a policy.yaml and rules.
fn chain(home: &Path, bundles: &[(&str, &str, &str)]) {
    copy(&minimal(), &home.join("minimal"));
    for (name, policy, rules) in bundles {
        fs::create_dir_all(home.join(name).join("rules")).unwrap();
        fs::write(home.join(name).join("policy.yaml"), format!("name: x\nversion: '1'\n{policy}\n")).unwrap();
        fs::write(home.join(name).join("rules/r.yaml"), rules).unwrap();
    }
}

#[test]
fn a_base_may_have_a_base_and_the_last_word_counts() {
    let home = tempfile::tempdir().unwrap();
    chain(
        home.path(),
        &[
            (
                "middle",
                "extends: ../minimal\noptions: { strict: { default: true } }",
                "- { override: access.role, severity: warn, doc: Middle. }\n- { id: m, require: 'true', otherwise: { status: 403, title: M } }",
            ),
            (
                "deep/top",
                "extends: ../../middle\noptions: { strict: { doc: Ours. } }",
                "- { override: access.role, severity: deny }\n- { override: m, otherwise: { title: T } }",
            ),
        ],
    );
    let compiled = compile(&home.path().join("deep/top"));
    let rule = |id: &str| compiled.bundle.rules.iter().find(|rule| rule.id == id).unwrap();
    assert_eq!((rule("access.role").severity.default, rule("access.role").doc.as_str()), (Severity::Deny, "Middle."));
    assert_eq!((rule("m").title.as_str(), rule("m").status), ("T", 403));
    let strict = compiled.bundle.options.iter().find(|option| option.name == "strict").unwrap();
    assert_eq!((strict.default.clone(), strict.doc.as_str()), (serde_json::json!(true), "Ours."));
    let names: Vec<_> = compiled.sources.iter().map(|source| source.name.as_str()).collect();
    assert!(names.contains(&"../../middle/rules/r.yaml") && names.contains(&"../../minimal/openapi.yaml"), "{names:?}");
}

#[test]
fn the_built_in_bundle_is_found_by_name() {
    let home = tempfile::tempdir().unwrap();
    chain(home.path(), &[("own", "extends: vnflcm-v2", "- { override: header.accept.required, severity: deny }")]);
    let compiled = compile(&home.path().join("own"));
    let original = compile(&folder("../../../policies/vnflcm-v2"));
    assert_eq!(compiled.bundle.schemas, original.bundle.schemas);
    assert_eq!(compiled.bundle.operations, original.bundle.operations);
    assert_eq!(compiled.bundle.rules.len(), original.bundle.rules.len());
    let own: Vec<_> = compiled.bundle.rules.iter().filter(|rule| !rule.inherited).map(|rule| &rule.id).collect();
    assert_eq!(own, ["header.accept.required"]);
    assert!(compiled.warnings.is_empty());
}

#[test]
fn the_digest_covers_bases_and_lists() {
    let home = tempfile::tempdir().unwrap();
    copy(&minimal(), &home.path().join("minimal"));
    let child = home.path().join("child");
    copy(&folder("bundles/child"), &child);
    let mut digests = vec![compile(&child).bundle.digest];
    assert_eq!(digests, [compile(&folder("bundles/child")).bundle.digest], "the place does not enter");
    let mut append = |file: &str| {
        let path = home.path().join(file);
        fs::write(&path, fs::read_to_string(&path).unwrap() + "# a comment\n").unwrap();
        digests.push(compile(&child).bundle.digest);
    };
    for file in ["minimal/policy.yaml", "minimal/openapi.yaml", "minimal/rules/body.yaml", "child/lists/sites.txt"] {
        append(file);
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 5);
}

#[test]
fn every_mistake_is_shown_with_its_place_and_what_to_do() {
    let mut cases: Vec<_> = fs::read_dir(folder("extends")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 10);
    for case in cases {
        let home = tempfile::tempdir().unwrap();
        copy(&minimal(), &home.path().join("minimal"));
        copy(&case, &home.path().join("bundle"));
        let said = said(&home.path().join("bundle"));
        assert!(!said.is_empty(), "{} is accepted", case.display());
        assert_golden(&case.join("stderr"), &said);
    }
}

#[test]
fn damaged_files_are_reported_wherever_they_are() {
    let home = tempfile::tempdir().unwrap();
    copy(&minimal(), &home.path().join("minimal"));
    copy(&folder("bundles/child"), &home.path().join("child"));
    let files = [
        "child/policy.yaml",
        "child/openapi.yaml",
        "child/rules/own.yaml",
        "child/rules/overrides.yaml",
        "child/lists/sites.txt",
        "minimal/policy.yaml",
        "minimal/rules/state.yaml",
    ];
    let (refused, accepted) = damage(home.path(), &files, &home.path().join("child"));
    assert!(refused > 200 && accepted > 5, "{refused} {accepted}");
}

#[test]
fn a_chain_ends() {
    let home = tempfile::tempdir().unwrap();
    chain(home.path(), &[("a", "extends: ../b", "[]"), ("b", "extends: ../c/../a", "[]"), ("c", "extends: .", "[]")]);
    for name in ["a", "b", "c"] {
        let said = said(&home.path().join(name));
        assert!(said.contains("the bundle extends itself"), "{name}: {said}");
    }
    for number in 0..10 {
        let policy = format!("extends: ../n{}", number + 1);
        chain(home.path(), &[(&format!("n{number}"), &policy, "[]")]);
    }
    let said = said(&home.path().join("n0"));
    assert!(said.contains("more than 8 bundles") && said.contains("--> ../n8/policy.yaml:3:10"), "{said}");
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_followed() {
    let home = tempfile::tempdir().unwrap();
    chain(home.path(), &[("own", "extends: ../link", "[]")]);
    std::os::unix::fs::symlink("minimal", home.path().join("link")).unwrap();
    let said_of_base = said(&home.path().join("own"));
    assert!(said_of_base.contains("there is no folder `../link`"), "{said_of_base}");

    let child = home.path().join("child");
    copy(&folder("bundles/child"), &child);
    fs::rename(child.join("lists/sites.txt"), home.path().join("sites.txt")).unwrap();
    std::os::unix::fs::symlink("../../sites.txt", child.join("lists/sites.txt")).unwrap();
    let said_of_list = said(&child);
    assert!(said_of_list.contains("`lists/sites.txt` is a symbolic link"), "{said_of_list}");
    fs::remove_file(child.join("lists/sites.txt")).unwrap();
    fs::rename(child.join("lists"), home.path().join("lists")).unwrap();
    fs::rename(home.path().join("sites.txt"), home.path().join("lists/sites.txt")).unwrap();
    std::os::unix::fs::symlink("../lists", child.join("lists")).unwrap();
    let said_of_folder = said(&child);
    assert!(said_of_folder.contains("leads through something that is not a folder"), "{said_of_folder}");
}

#[test]
fn a_list_has_a_size() {
    let home = tempfile::tempdir().unwrap();
    copy(&minimal(), &home.path().join("minimal"));
    let child = home.path().join("child");
    copy(&folder("bundles/child"), &child);
    fs::write(child.join("lists/sites.txt"), "#".repeat(1024 * 1024 + 1)).unwrap();
    let said_of_bytes = said(&child);
    assert!(said_of_bytes.contains("`lists/sites.txt` is larger than 1048576 bytes"), "{said_of_bytes}");
    let many: String = (0..50_001).map(|number| format!("{number}\n")).collect();
    fs::write(child.join("lists/sites.txt"), many).unwrap();
    let said_of_entries = said(&child);
    assert!(said_of_entries.contains("more than 50000 entries"), "{said_of_entries}");
}
