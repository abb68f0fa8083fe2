//! Functions that bundles define, and libraries that they import.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::Path;

use solgate_bundle::authoring::Knowledge;
use solgate_bundle::{BuildOptions, compile_dir, expanded, rule_book};
use solgate_engine::Engine;
use solgate_engine::ir::Function;
use support::{bundle, compiled, copy, is_allowed};

fn function(usage: &str, value: &str) -> Function {
    let (name, parameters) = usage.trim_end_matches(')').split_once('(').unwrap();
    let parameters = parameters.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Function { name: name.to_owned(), parameters, value: value.to_owned(), doc: String::new() }
}

#[test]
fn a_value_stands_in_the_place_of_a_call() {
    let functions = [
        function("isOpen(o)", "o.state in ['STARTING', 'PROCESSING']"),
        function("countOf(list, kind)", "size(list.filter(o, o.kind == kind))"),
        function("twice(n)", "n + n"),
        function("fourTimes(n)", "twice(twice(n))"),
        function("role(name)", "name in caller.roles"),
        function("isLong()", "size(body.name) > 9 // in characters"),
        function("nothing(text)", "text == '' || text == 'twice(1)'"),
    ];
    for (source, expected) in [
        ("isOpen(op)", "(op.state in ['STARTING', 'PROCESSING'])"),
        ("ops.exists(x, isOpen(x))", "ops.exists(x, (x.state in ['STARTING', 'PROCESSING']))"),
        ("isOpen(a ? b : c)", "((a ? b : c).state in ['STARTING', 'PROCESSING'])"),
        ("isOpen(a.?b)", "((a.?b).state in ['STARTING', 'PROCESSING'])"),
        ("countOf(body.list, 'x')", "(size(body.list.filter(o, o.kind == 'x')))"),
        // What the argument reads stays what it is.
        ("ops.exists(o, countOf(body.list, o) > 1)", "ops.exists(o, (size(body.list.filter(o_, o_.kind == o))) > 1)"),
        ("ops.exists(o_, countOf(o_, o))", "ops.exists(o_, (size(o_.filter(o__, o__.kind == o))))"),
        ("fourTimes(2)", "(((2 + 2) + (2 + 2)))"),
        ("twice(twice(1 + 1))", "(((1 + 1) + (1 + 1)) + ((1 + 1) + (1 + 1)))"),
        ("role('admin') && role( \"x\" )", "('admin' in caller.roles) && (\"x\" in caller.roles)"),
        ("isLong() || true", "(size(body.name) > 9 // in characters\n) || true"),
        ("nothing(body.twice)", "(body.twice == '' || body.twice == 'twice(1)')"),
        // No calls of them: a member, a text, a function of CEL with another name.
        ("body.isOpen", "body.isOpen"),
        ("'isOpen(x)' == body.role", "'isOpen(x)' == body.role"),
        ("x.twice(1)", "x.twice(1)"),
        ("twiceAsMuch(1)", "twiceAsMuch(1)"),
        // Wrong, and said elsewhere.
        ("twice(1, 2)", "twice(1, 2)"),
        ("twice(", "twice("),
    ] {
        assert_eq!(expanded(source, &functions), expected, "{source}");
    }
}

#[test]
fn rules_and_shared_variables_call_functions() {
    let more = "functions:
  isForced(kind): kind == 'FORCEFUL'
  isOneOf(kind, others):
    value: others.exists(other, other == kind) || isForced(kind)
    doc: Whether a termination is of a kind that we know.
variables:
  isKnown: isOneOf(body.terminationType, ['FORCEFUL', 'GRACEFUL'])
";
    let dir = bundle(more, "variables.isKnown && !isForced(body.terminationType)", &[]);
    let compiled = compiled(dir.path());
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    for engine in
        [Engine::new(compiled.bundle.clone()).unwrap(), Engine::new(compiled.bundle.clone()).unwrap().by_cel_alone()]
    {
        assert!(is_allowed(&engine, "GRACEFUL"));
        assert!(!is_allowed(&engine, "FORCEFUL"));
    }
    let book = rule_book(&compiled.bundle);
    let row = "| `isOneOf(kind, others)` | `others.exists(other, other == kind) \\|\\| isForced(kind)` | Whether a termination is of a kind that we know. |";
    assert!(book.contains(row), "{book}");
}

/// What the compiler says, without excerpts.
fn said(dir: &Path) -> String {
    match compile_dir(dir, &BuildOptions { checks_types: true, ..BuildOptions::default() }) {
        Ok(compiled) => solgate_bundle::render(&compiled.warnings, &compiled.sources, false),
        Err(failure) => failure.to_string(),
    }
}

#[test]
fn what_is_wrong_with_a_function_or_a_call_is_said() {
    for (functions, require, expected) in [
        ("f(a): a == g(a)\n  g(a): a == f(a)", "f(1)", "the function `f` needs itself: f calls g calls f"),
        ("f(a): a\n  f(a, b): a == b", "f(true)", "the function `f` is here twice"),
        ("f: true", "f(1)", "`f` is not the name of a function with its parameters"),
        ("f(1): true", "f(1)", "is not the name of a function with its parameters"),
        ("size(a): true", "true", "expressions have a function `size` already"),
        ("f(a, a): a == a", "true", "the function `f` has the parameter `a` twice"),
        ("f(in): true", "true", "`in` cannot be the name of a parameter"),
        ("f(a): '[1].exists(a, a == 1)'", "f(1)", "`a` is a parameter, and the name of an item in the value"),
        ("f(a): a = 1", "f(1)", "the expression is not accepted"),
        ("f(a): isOpn(a)\n  isOpen(a): a", "f(true) && isOpen(true)", "did you mean `isOpen`?"),
        ("f(a): a", "f()", "`f` takes 1 argument"),
        ("f(a, b): a == b", "f(1, 2, 3)", "write f(a, b)"),
        ("f(a): a", "ff(true)", "there is no function ff"),
        ("f(a): a == 1", "true", "nothing calls the function `f`"),
        ("f(a): body.x == 1", "f(1)", "the function `f` does not read its parameter `a`"),
        (
            "f(a): a == body.terminationType",
            "['x'].exists(body, f('x'))",
            "reads `body`, which is the name of an item here",
        ),
        ("f(a): '[a]'", "f(1).exists(x, x == 1)", ""),
        // Types, in the place of the function.
        ("f(a): a.startsWith('x')", "f(1)", "`startsWith` takes text, but this is a number"),
        ("f(a): a.nope == 1", "f(vnfInstance)", "does not declare the member `nope`"),
        ("f(a): a == 'terminat'", "f(operation)", "'terminat'"),
    ] {
        let dir = bundle(&format!("functions:\n  {functions}\n"), require, &[]);
        let said = said(dir.path());
        assert!(said.contains(expected), "{functions}: {require}: {said}");
    }
    // A long way round is cut off.
    let mut functions = "functions:\n  f0(a): a + a\n".to_owned();
    for n in 1..40 {
        functions += &format!("  f{n}(a): f{}(a) + f{}(a)\n", n - 1, n - 1);
    }
    let said = said(bundle(&functions, "f39(1) > 0", &[]).path());
    assert!(said.contains("the expression is too long"), "{said}");
}

/// Bundles of this test beside each other: those of `bundle` in `own`, and others.
fn beside(own: &tempfile::TempDir, files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(own.path(), &dir.path().join("own"));
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

const LIBRARY: (&str, &str) = (
    "library/policy.yaml",
    "name: library\nversion: '1'\nfunctions:\n  isKnown(kind): inList('kinds', kind)\n  unused(x): x\nlists: { kinds: kinds.txt }\n",
);

#[test]
fn bundles_import_libraries() {
    let own = bundle("imports: [../library, ../words]\n", "isKnown(body.terminationType)", &[]);
    let words = ("words/policy.yaml", "name: words\nversion: '1'\nimports: [../library]\n");
    let dir = beside(&own, &[LIBRARY, ("library/kinds.txt", "GRACEFUL\n"), words]);
    let compiled = compiled(&dir.path().join("own"));
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    let engine = Engine::new(compiled.bundle.clone()).unwrap();
    assert!(is_allowed(&engine, "GRACEFUL"));
    assert!(!is_allowed(&engine, "FORCEFUL"));
    // What a library says is part of what the policy is.
    fs::write(dir.path().join("library/kinds.txt"), "FORCEFUL\n").unwrap();
    assert_ne!(support::compiled(&dir.path().join("own")).bundle.digest, compiled.bundle.digest);
    // So is what a base imports, for those that extend it.
    let child = "name: child\nversion: '1'\nextends: ../own\nimports: [../library]\n";
    let rule = "- id: child\n  operations: [retry]\n  stage: body\n  require: isKnown('FORCEFUL')\n  otherwise: { status: 403, title: T }\n";
    for (name, text) in [("child/policy.yaml", child), ("child/rules/a.yaml", rule)] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    support::compiled(&dir.path().join("child"));
}

#[test]
fn what_is_wrong_with_a_library_is_said() {
    let library = |more: &str| format!("{}{more}", LIBRARY.1);
    let kinds = ("library/kinds.txt", "GRACEFUL\n");
    for (own, files, expected) in [
        ("imports: [../librari]\n", vec![], "there is no folder `../librari`"),
        ("imports: [library]\n", vec![], "`imports` names folders, but here is `library`"),
        ("imports: ../library\n", vec![], "`imports` is a list"),
        (
            "imports: [../library]\n",
            vec![("library/policy.yaml", library("imports: [../library]\n"))],
            "the library imports itself",
        ),
        (
            "imports: [../library]\n",
            vec![("library/policy.yaml", library("apiRoots: [{ path: /x }]\n"))],
            "a library has no `apiRoots`",
        ),
        ("imports: [../library]\n", vec![("library/rules/a.yaml", "- id: a\n".to_owned())], "a library has no rules"),
        (
            "imports: [../library]\nlists: { kinds: kinds.txt }\n",
            vec![("own/kinds.txt", "x\n".to_owned())],
            "has a list `kinds`",
        ),
        ("imports: [../library]\nfunctions: { isKnown(a): a }\n", vec![], "another bundle has a function `isKnown`"),
        ("imports: [../own]\n", vec![], "imports itself"),
    ] {
        let bundle = bundle(own, "isKnown(body.terminationType)", &[]);
        let mut all = vec![LIBRARY, kinds];
        all.extend(files.iter().map(|(name, text)| (*name, text.as_str())));
        let said = said(&beside(&bundle, &all).path().join("own"));
        assert!(said.contains(expected), "{own}: {said}");
    }
}

#[test]
fn what_does_not_fit_a_function_of_a_library_is_wrong_where_it_is_called() {
    let own = bundle("imports: [../library]\n", "isLow(body.terminationType)", &[]);
    let library = format!("{}functions:\n  isLow(text): text == 'low'\n", "name: library\nversion: '1'\n");
    let said = said(&beside(&own, &[("library/policy.yaml", &library)]).path().join("own"));
    assert!(
        said.contains("`body.terminationType` is never 'low'") && said.contains("--> rules/more.yaml:5:"),
        "{said}"
    );
}

#[test]
fn an_editor_knows_the_functions() {
    let dir = bundle(
        "functions:\n  isForced(kind): { value: kind == 'FORCEFUL', doc: Not graceful. }\n",
        "isForced(body.terminationType)",
        &[],
    );
    let mut knowledge = Knowledge::read(dir.path(), std::sync::Arc::default()).unwrap().unwrap();
    let text = fs::read_to_string(dir.path().join("rules/more.yaml")).unwrap();
    let at = text.find("isForced").unwrap();
    let proposals = knowledge.complete("rules/more.yaml", &text, at + 3);
    let found = proposals.iter().find(|proposal| proposal.label == "isForced").unwrap();
    assert_eq!((found.detail.as_str(), found.insert.as_str()), ("isForced(kind)", "isForced"));
    let explained = knowledge.explain("rules/more.yaml", &text, at + 3).unwrap().markdown;
    assert!(
        explained.contains("isForced(kind) = kind == 'FORCEFUL'") && explained.contains("Not graceful."),
        "{explained}"
    );
    let defined = knowledge.definition("rules/more.yaml", &text, at + 3).unwrap();
    assert_eq!((defined.file.as_str(), &defined.text[defined.bytes.clone()]), ("policy.yaml", "isForced(kind)"));
}
