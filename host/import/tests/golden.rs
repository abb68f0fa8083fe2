//! Documents that hold each feature and each kind of defect, and the bundles made of them.
//! `BLESS=1` writes what is found in place of what is expected.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use solgate_bundle::difference::Kind;
use solgate_bundle::{BuildOptions, compile_dir, templates};
use solgate_import::{ImportError, Imported, Options, import, update};

fn fixture(name: &str) -> PathBuf {
    Path::new("tests/fixtures").join(name)
}

fn imported(document: &str, options: &Options) -> Imported {
    import(&[fixture(document)], options).unwrap_or_else(|error| panic!("{document}: {error}"))
}

fn options(name: &str) -> Options {
    Options { name: name.to_owned(), ..Options::default() }
}

/// Compares the files of a bundle, and what is said of the documents, with those kept.
fn check(name: &str, imported: &Imported) {
    let mut defects = String::new();
    for defect in imported.defects.iter() {
        let line = defect.span.as_ref().map_or(0, |span| span.line);
        let hint = defect.hint.as_deref().unwrap_or_default();
        let _ = writeln!(defects, "{}:{line}: {}\n    {hint}", defect.file, defect.message);
    }
    let files = imported.files.iter().filter(|(file, _)| !file.starts_with(".solgate/"));
    let files = files.map(|(file, text)| (file.as_str(), text.as_str())).chain([("defects.txt", defects.as_str())]);
    for (file, text) in files {
        let path = Path::new("tests/golden").join(name).join(file);
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, expected, "{}", path.display());
    }
}

/// Makes the bundle and lints it.
fn lint(imported: &Imported) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("bundle");
    templates::make(&dir, imported.files.iter().cloned()).unwrap();
    let compiled = compile_dir(&dir, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    assert_eq!(compiled.cases.len(), imported.counts.cases);
}

#[test]
fn documents_become_bundles() {
    for (name, document, fine) in [
        ("shop", "shop/shop.yaml", false),
        ("shop-fine", "shop/shop.yaml", true),
        ("swagger", "swagger/old.json", false),
        ("modern", "modern/modern.yaml", false),
    ] {
        let options = Options { fine, without_descriptions: fine, ..options(name) };
        let found = imported(document, &options);
        check(name, &found);
        lint(&found);
    }
}

#[test]
fn what_is_no_document_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let said = |paths: &[PathBuf]| match import(paths, &options("x")) {
        Err(ImportError::Mistakes(found)) => found.to_string(),
        other => panic!("{other:?}"),
    };
    let definitions = file("a.yaml", "definitions: {}");
    assert!(said(std::slice::from_ref(&definitions)).contains("it has no `paths`"));
    assert!(said(&[file("b.yaml", "paths: {}")]).contains("which OpenAPI"));
    assert!(said(&[file("c.yaml", "openapi: 4.0.0\npaths: {}")]).contains("not a version"));
    let rootless = file("d.yaml", "openapi: 3.0.0\npaths: { /x: { get: { responses: {} } } }");
    assert!(said(std::slice::from_ref(&rootless)).contains("--api-root"));
    let given = Options { api_root: Some("/x/v1".to_owned()), ..options("x") };
    let found = import(&[rootless, definitions], &given).unwrap();
    assert_eq!((found.root.as_str(), found.counts.operations), ("/x/v1", 1));
    let empty = file("e.yaml", "openapi: 3.0.0\nservers: [{ url: /x/v1 }]\npaths: {}");
    assert!(said(&[empty]).contains("no operation"));
    let other = file("f.yaml", "openapi: 3.0.0\nservers: [{ url: /x/v1 }]\npaths: { /x: { get: {} } }");
    let another = file("g.yaml", "openapi: 3.0.0\nservers: [{ url: /y/v1 }]\npaths: { /y: { get: {} } }");
    assert!(said(&[other, another]).contains("one by one"));
    assert!(said(&[file("h.yaml", "a: [")]).contains("not YAML"));
    assert!(matches!(import(&[folder.path().join("none.yaml")], &options("x")), Err(ImportError::Read { .. })));
}

#[test]
fn an_update_shows_what_the_file_changes_and_not_what_was_edited() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let document = |order: &str, paths: &str| {
        format!(
            "openapi: 3.0.0\nservers: [{{ url: /x/v1 }}]\ninfo: {{ title: X, version: 1.0.0 }}\npaths:\n  /orders:\n    post:\n      \
             requestBody: {{ content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Order' }} }} }} }}\n\
             {paths}components:\n  schemas:\n    Order: {{ type: object, properties: {{ {order} }} }}\n"
        )
    };
    let old =
        write("old.yaml", &document("name: { type: string }, count: { type: integer }, kind: { type: string }", ""));
    let dir = folder.path().join("orders");
    templates::make(&dir, import(std::slice::from_ref(&old), &options("orders")).unwrap().files.into_iter()).unwrap();
    let unchanged = import(&[old], &options("orders")).unwrap();
    assert!(update(&dir, &unchanged).unwrap().is_empty());

    // The author narrows two members.
    let path = dir.join("openapi.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let edited = text
        .replace("name: { type: string }", "name: { type: string, maxLength: 9, x-rule: orders.name }")
        .replace("count: { type: integer }", "count: { type: integer, minimum: 1 }");
    assert_ne!(text, edited);
    std::fs::write(&path, edited).unwrap();
    assert!(update(&dir, &unchanged).unwrap().is_empty());

    let new = document(
        "name: { type: string }, count: { type: number }, kind: { type: string, enum: [A] }, note: { type: string }",
        "  /orders/{id}: { delete: { responses: { '204': { description: gone } } } }\n",
    );
    let new = import(&[write("new.yaml", &new)], &options("orders")).unwrap();
    let found = update(&dir, &new).unwrap();
    let found: Vec<(&str, Kind, bool)> =
        found.iter().map(|update| (update.change.name.as_str(), update.change.kind, update.edited)).collect();
    assert_eq!(
        found,
        [
            ("DELETE /orders/{id}", Kind::Added, false),
            ("Order/count", Kind::Changed, true),
            ("Order/kind", Kind::Changed, false),
            ("Order/note", Kind::Added, false),
        ]
    );
}
