//! Whatever is taken out of a result is missed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use solgate_cases::Case;
use solgate_document::diagnostic::Report;
use solgate_document::source::FileId;
use solgate_document::yaml;
use solgate_engine::ir::{Bundle, Require, RuleKind};

use super::{Built, Incomplete, check};
use crate::compile::{BuildOptions, compile_reporting};
use crate::files::Home;
use crate::layers;
use crate::policy::Functions;

/// A bundle with everything that can be lost, on top of another.
const FILES: [(&str, &str); 10] = [
    (
        "base/policy.yaml",
        "name: base
version: '1'
apiRoots: [{ path: /a }, { path: /b, options: { strict: true } }]
limits: { depth: 7, members: 70 }
options:
  strict: { type: boolean, default: false, doc: One. }
  names: { type: strings, default: [a], values: [a, b], doc: Two. }
facts:
  vnfInstance: { get: '/vnf_instances/{vnfInstanceId}', members: [id] }
  openOps: { get: /ops, query: { filter: x, flag: }, list: true, plainOn400: true, onDemand: true, members: [id, state] }
lists: { hosts: hosts.txt }
windows: { night: [{ zone: UTC, from: '22:00', to: '04:00' }, { zone: UTC, from: '12:00', to: '13:00' }] }
",
    ),
    ("base/hosts.txt", "a.example\n"),
    (
        "base/openapi.yaml",
        "openapi: 3.1.0
info: { title: T, version: '1' }
paths:
  /vnf_instances/{vnfInstanceId}:
    get: { operationId: read, responses: { '200': { description: D } } }
    post:
      operationId: write
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/S' } } } }
      x-rule-map: { schema: mapped }
      responses: { '200': { description: D } }
components: { schemas: { S: { type: object, required: [a], x-rule: schema } } }
",
    ),
    (
        "base/dialects/strict.yaml",
        "openapi: 3.1.0
paths:
  /vnf_instances/{vnfInstanceId}:
    post: { operationId: write, responses: { '200': { description: D } } }
    delete: { operationId: remove, responses: { '200': { description: D } } }
components: { schemas: { Other: { type: object } } }
",
    ),
    (
        "base/rules/r.yaml",
        "- { id: schema, otherwise: { title: S } }
- { id: mapped, otherwise: { title: M } }
- id: all
  operations: [write]
  when: has(body.a)
  variables: { one: body.a, two: variables.one }
  forEach: variables.two
  require: item == 'x' && vnfInstance.?id.hasValue()
  pointer: /a/{index}
  onError: skip
  ages: true
  stage: existence
  severity: { default: warn, strict: deny }
  otherwise: { status: 404, title: T, detail: '''no '' + item' }
  clause: C
  doc: D
- { id: head, require: \"headers[?'x-a'].hasValue()\", header: X-A, otherwise: { status: 400, title: H } }
- { id: asked, operations: [read], require: \"'a' in query\", parameter: a, otherwise: { status: 400, title: A } }
- { id: there, operations: [read, write], exists: vnfInstance, otherwise: { title: E } }
- { id: same, operations: [write], ifMatch: [vnfInstance], otherwise: { title: I } }
- { id: body.size, severity: warn }
",
    ),
    (
        "top/policy.yaml",
        "name: top
version: '2'
extends: ../base
options: { strict: { default: true }, more: { type: integer, default: 5 } }
facts: { vnfInstance: { addMembers: [metadata] } }
",
    ),
    (
        "top/openapi.yaml",
        "openapi: 3.1.0
paths: { /ops: { get: { operationId: ops, responses: { '200': { description: D } } } } }
components: { schemas: { More: { type: object } } }
",
    ),
    (
        "top/rules/o.yaml",
        "- { override: all, severity: audit, otherwise: { detail: \"vnfInstance.?metadata.orValue('none')\" }, clause: Ours }
- { override: there, otherwise: { title: Ours, status: 410 }, doc: Ours }
",
    ),
    ("top/rules/own.yaml", "- { id: own, require: options.more > 3, otherwise: { status: 403, title: O } }\n"),
    (
        "top/tests/t.yaml",
        "cases:
  - { name: one, path: /x, apiRoot: all, expect: { status: 404 } }
  - { name: two, target: /c, expect: { status: 404 } }
",
    ),
];

fn require<'b>(bundle: &'b mut Bundle, id: &str) -> &'b mut Require {
    match &mut bundle.rules.iter_mut().find(|rule| rule.id == id).unwrap().kind {
        RuleKind::Require(require) => require,
        other => panic!("{other:?}"),
    }
}

fn rule<'b>(bundle: &'b mut Bundle, id: &str) -> &'b mut solgate_engine::ir::Rule {
    bundle.rules.iter_mut().find(|rule| rule.id == id).unwrap()
}

type Damage = fn(&mut Bundle, &mut Vec<Case>);

/// What is taken away, and what is then said to be lost.
const LOSSES: &[(Damage, &str)] = &[
    (|b, _| b.rules.retain(|rule| rule.id != "own"), "the rule `own`"),
    (|b, _| b.rules.retain(|rule| rule.id != "all"), "the rule `all`"),
    (|b, _| b.rules.retain(|rule| rule.id != "schema"), "the rule `schema`"),
    (|b, _| b.rules.retain(|rule| rule.id != "body.size"), "the rule `body.size`"),
    (|b, _| require(b, "all").require.push(' '), "`require` of the rule `all`"),
    (|b, _| require(b, "all").when = None, "`when` of the rule `all`"),
    (|b, _| require(b, "own").when = Some("true".to_owned()), "`when` of the rule `own`"),
    (|b, _| require(b, "all").for_each = None, "`forEach` of the rule `all`"),
    (|b, _| drop(require(b, "all").variables.pop()), "`variables` of the rule `all`"),
    (|b, _| require(b, "all").variables.swap(0, 1), "`variables` of the rule `all`"),
    (|b, _| require(b, "all").pointer = None, "`pointer` of the rule `all`"),
    (|b, _| require(b, "all").detail = None, "`detail` of the rule `all`"),
    (|b, _| require(b, "all").detail = Some("'no ' + item".to_owned()), "`detail` of the rule `all`"),
    (|b, _| require(b, "all").on_error = Default::default(), "`onError` of the rule `all`"),
    (|b, _| require(b, "all").stage = solgate_engine::ir::Stage::State, "`stage` of the rule `all`"),
    (|b, _| require(b, "head").header = None, "`header` of the rule `head`"),
    (|b, _| require(b, "asked").parameter = None, "`parameter` of the rule `asked`"),
    (|b, _| rule(b, "own").kind = RuleKind::Schema, "`require` of the rule `own`"),
    (|b, _| rule(b, "there").kind = RuleKind::Schema, "`exists` of the rule `there`"),
    (|b, _| rule(b, "same").kind = RuleKind::IfMatch { facts: Vec::new() }, "`ifMatch` of the rule `same`"),
    (|b, _| drop(rule(b, "there").operations.pop()), "`operations` of the rule `there`"),
    (|b, _| rule(b, "there").title = "E".to_owned(), "`title` of the rule `there`"),
    (|b, _| rule(b, "there").status = 404, "`status` of the rule `there`"),
    (|b, _| rule(b, "there").doc.clear(), "`doc` of the rule `there`"),
    (|b, _| rule(b, "all").clause = Some("C".to_owned()), "`clause` of the rule `all`"),
    (|b, _| rule(b, "all").severity.default = solgate_engine::ir::Severity::Warn, "`severity` of the rule `all`"),
    (|b, _| b.options.retain(|option| option.name != "names"), "the option `names`"),
    (|b, _| b.options.retain(|option| option.name != "more"), "the option `more`"),
    (
        |b, _| b.options.iter_mut().filter(|option| option.name == "names").for_each(|option| option.values.clear()),
        "the option `names`",
    ),
    (
        |b, _| {
            b.options
                .iter_mut()
                .filter(|option| option.name == "strict")
                .for_each(|option| option.default = false.into())
        },
        "`default` of the option `strict`",
    ),
    (|b, _| b.facts.retain(|fact| fact.name != "openOps"), "the fact `openOps`"),
    (|b, _| drop(b.facts[0].members.pop()), "the fact `vnfInstance`"),
    (|b, _| drop(b.facts[1].query.pop()), "the fact `openOps`"),
    (|b, _| b.facts[1].list = false, "the fact `openOps`"),
    (|b, _| b.lists.clear(), "the list `hosts`"),
    (|b, _| b.windows.clear(), "the window `night`"),
    (|b, _| drop(b.windows[0].periods.pop()), "a period of the window `night`"),
    (|b, _| drop(b.api_roots.pop()), "one of `apiRoots`"),
    (|b, _| b.api_roots[1].options.clear(), "one of `apiRoots`"),
    (|b, _| b.limits.depth = 64, "the limit `depth`"),
    (|b, _| b.limits.members = 64, "the limit `members`"),
    (|b, _| b.facts[1].on_demand = false, "the fact `openOps`"),
    (|b, _| rule(b, "all").ages = false, "`ages` of the rule `all`"),
    (|b, _| b.operations.retain(|operation| operation.id != "remove"), "the operation `remove`"),
    (
        |b, _| b.operations.retain(|operation| operation.id != "write" || operation.dialect.is_none()),
        "the operation `write`",
    ),
    (|b, _| drop(b.schemas.remove("Other")), "the schema `Other`"),
    (|b, _| b.operations.retain(|operation| operation.id != "ops"), "the operation `ops`"),
    (|b, _| b.operations[1].body = None, "the operation `write`"),
    (|b, _| b.operations[1].rule_map.clear(), "the operation `write`"),
    (|b, _| drop(b.schemas.remove("More")), "the schema `More`"),
    (|b, _| drop(b.schemas.insert("S".to_owned(), true.into())), "the schema `S`"),
    (|_, cases| cases.retain(|case| case.name != "two"), "the case `two`"),
    (|_, cases| cases.retain(|case| case.name == "two"), "the case `one`"),
    (|_, cases| cases.clear(), "the case `one`"),
];

#[test]
fn what_is_taken_out_of_a_result_is_missed() {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let top = home.path().join("top");
    let mut report = Report::default();
    let compiled =
        compile_reporting(Home::folder(&top, Arc::default()).unwrap(), &BuildOptions::default(), &mut report).unwrap();
    let Some(compiled) = compiled else { panic!("{}", report.finish()) };

    let (report, layers, trees) = read(&top);
    assert!(!report.has_mistakes());
    let functions = Functions::default();
    let said = |bundle: &Bundle, cases: &[Case]| {
        check(&layers, &trees, Built { bundle, cases, functions: &functions }, &report.sources)
    };
    assert_eq!(said(&compiled.bundle, &compiled.cases), Ok(()));
    for (damage, lost) in LOSSES {
        let (mut bundle, mut cases) = (compiled.bundle.clone(), compiled.cases.clone());
        damage(&mut bundle, &mut cases);
        match said(&bundle, &cases) {
            Err(Incomplete::Lost { what, .. }) => assert_eq!(what, *lost),
            other => panic!("{lost}: {other:?}"),
        }
    }
}

/// The sources of a bundle once more.
fn read(top: &Path) -> (Report, Vec<crate::layer::Layer>, Vec<(FileId, yaml::Node)>) {
    let mut report = Report::default();
    let read = layers::read(Home::folder(top, Arc::default()).unwrap(), &mut report).unwrap();
    let tests = read.layers.last().unwrap().home.read_tests(&mut report).unwrap();
    let trees = tests.iter().map(|file| (*file, yaml::parse(*file, &mut report).unwrap())).collect();
    (report, read.layers, trees)
}

#[test]
fn a_loss_is_told_with_its_place_and_whose_fault_it_is() {
    let lost = Incomplete::Lost { what: "the rule `a`".to_owned(), file: "rules/a.yaml".to_owned(), line: 3 };
    let said = lost.to_string();
    assert!(said.starts_with("the rule `a` (rules/a.yaml, line 3) was lost"), "{said}");
    assert!(said.contains("nothing is built") && said.contains("a fault of Solgate"), "{said}");
}
