//! The files of a bundle.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use solgate_document::yaml;

use crate::cases::{Cases, Skeleton};
use crate::context::Context;
use crate::facts::{Fact, facts};
use crate::operations::{self, Resource};
use crate::parameters::Parameter;
use crate::root::{About, major};
use crate::rules::{self, Rules};
use crate::tree::without_words;
use crate::{Counts, Imported, Options, object};

pub(crate) fn bundle<'d>(
    mut context: Context<'d>,
    resources: Vec<Resource<'d>>,
    about: About,
    options: &Options,
    all_schemas: usize,
) -> Imported {
    let mut facts = facts(&resources);
    let answers = context.answers(&resources, &mut facts);
    context.convert_components();
    context.look_at_the_rest();
    let mut components = std::mem::take(&mut context.components.done);
    let rules = rules::annotate(&resources, &mut components, &about, options.fine);
    let paths = operations::written(&resources, &answers);
    let reached = rules::reached(paths.values(), &components);
    components.retain(|name, _| reached.contains(name));
    if options.without_descriptions {
        components.values_mut().for_each(without_words);
    }
    let version = version(&about);
    let found = Skeleton {
        resources: &resources,
        facts: &facts,
        answers: &answers,
        components: &components,
        rules: &rules,
        version: &version,
        fine: options.fine,
    }
    .cases();
    let of_parameters = rules::of_parameters(&resources);
    let of_existence = rules::of_existence(&facts);
    let counts = Counts {
        operations: resources.iter().map(|resource| resource.operations.len()).sum(),
        schemas: components.len(),
        unreached: all_schemas.saturating_sub(components.len()),
        rules: rules.len().saturating_add(of_parameters.len()).saturating_add(of_existence.len()),
        facts: facts.len(),
        cases: found.cases.len(),
    };
    let files = vec![
        ("policy.yaml".to_owned(), policy(&context, &resources, &facts, &about, options)),
        ("openapi.yaml".to_owned(), openapi(&about, paths, components)),
        (IMPORTED.to_owned(), String::new()),
        ("rules/body.yaml".to_owned(), of_schemas(&rules, options.fine)),
        ("rules/parameters.yaml".to_owned(), list(PARAMETERS, &of_parameters)),
        ("rules/existence.yaml".to_owned(), list(EXISTENCE, &of_existence)),
        ("tests/operations.yaml".to_owned(), tests(&found)),
    ];
    let openapi =
        files.iter().find(|(name, _)| name == "openapi.yaml").map(|(_, text)| text.clone()).unwrap_or_default();
    let files = files
        .into_iter()
        .map(|(name, text)| if name == IMPORTED { (name, openapi.clone()) } else { (name, text) })
        .filter(|(_, text)| !text.is_empty())
        .collect();
    Imported { files, counts, root: about.root, defects: context.report.finish(), without_case: found.without }
}

/// What openapi.yaml was when it was imported, for `--update`.
pub(crate) const IMPORTED: &str = ".solgate/imported.yaml";

const EXISTENCE: &str = "\
# What a request acts on has to be there. The gate asks for the facts of policy.yaml.
";
const PARAMETERS: &str = "\
# What the API asks for and the engine does not look at by itself.
";

/// What requests of the cases send as Version.
fn version(about: &About) -> String {
    match (&about.version, major(&about.root)) {
        (Some(version), _) => version.clone(),
        (None, Some((_, number))) => format!("{number}.0.0"),
        (None, None) => "2.0.0".to_owned(),
    }
}

fn policy(
    context: &Context<'_>,
    resources: &[Resource<'_>],
    facts: &[Fact],
    about: &About,
    options: &Options,
) -> String {
    let name = context.report.sources.iter().next().map(|source| source.name.clone()).unwrap_or_default();
    let name: String = name.rsplit('/').next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    let title: String = about.title.chars().filter(|c| !c.is_control()).collect();
    let title = if title.is_empty() { title } else { format!(": {title}") };
    let mut out =
        format!("# yaml-language-server: $schema=.solgate/policy.schema.json\n#\n# Imported from {name}{title}.\n");
    let mut head = Map::new();
    head.insert("name".to_owned(), json!(options.name));
    head.insert("version".to_owned(), json!("0.1.0"));
    head.insert("language".to_owned(), json!(2));
    head.insert("apiRoots".to_owned(), json!([{ "path": about.root }]));
    let knows_versions = resources.iter().any(|resource| {
        let is_version = |parameter: &Parameter| parameter.is("version");
        resource.operations.iter().any(|operation| resource.parameters_of(operation).any(is_version))
    });
    if knows_versions {
        let version = version(about);
        let first = version.split('.').next().unwrap_or("2");
        head.insert(
            "options".to_owned(),
            json!({
                "supportedVersions": {
                    "type": "strings", "default": [format!("{first}.*.*")],
                    "doc": "Values of the Version header field that the server understands; `*` stands for any number.",
                },
                "knownVersions": {
                    "type": "strings", "default": [version],
                    "doc": "Versions whose lists of values this policy knows. In another, what is in none of them is a warning.",
                },
            }),
        );
    }
    if !facts.is_empty() {
        let facts = facts.iter().map(|fact| (fact.name.clone(), json!({ "get": fact.path, "members": fact.members })));
        head.insert("facts".to_owned(), Json::Object(facts.collect()));
    }
    for (name, value) in head {
        let breaks = matches!(name.as_str(), "apiRoots" | "options" | "facts");
        out.push_str(if breaks { "\n" } else { "" });
        yaml::entries(&object(json!({ name: value })), 0, &mut out);
    }
    out
}

fn openapi(about: &About, paths: Map<String, Json>, components: Map<String, Json>) -> String {
    let mut out = String::from("openapi: 3.1.0\n");
    let version = about.version.clone().unwrap_or_else(|| "0".to_owned());
    let title = if about.title.is_empty() { "API" } else { &about.title };
    let mut info = object(json!({ "title": title, "version": version }));
    if let Some(license) = &about.license {
        info.insert("license".to_owned(), license.clone());
    }
    yaml::entries(&object(json!({ "info": info })), 0, &mut out);
    yaml::entries(&object(json!({ "paths": paths })), 0, &mut out);
    let sorted: BTreeMap<String, Json> = components.into_iter().collect();
    if !sorted.is_empty() {
        out.push_str("components:\n  schemas:\n");
        for (name, schema) in sorted {
            yaml::entries(&object(json!({ name: schema })), 4, &mut out);
        }
    }
    out
}

fn of_schemas(rules: &Rules, fine: bool) -> String {
    let rules: Vec<Json> = rules.written().into_iter().cloned().collect();
    let about = if fine {
        "# A rule for each member of a request, named by `x-rule` in openapi.yaml.\n"
    } else {
        "# A rule for each request type, named by `x-rule` in openapi.yaml. A member gets one of its own when its\n\
         # schema has an `x-rule`, too.\n"
    };
    list(about, &rules)
}

/// A file of rules; empty if there are none.
fn list(about: &str, rules: &[Json]) -> String {
    if rules.is_empty() {
        return String::new();
    }
    let mut out = format!("# yaml-language-server: $schema=../.solgate/rules.schema.json\n#\n{about}");
    for rule in rules {
        let mut lines = String::new();
        yaml::entries(&object(rule.clone()), 2, &mut lines);
        out.push_str("\n- ");
        out.push_str(lines.trim_start());
    }
    out
}

fn tests(found: &Cases) -> String {
    if found.cases.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "# yaml-language-server: $schema=../.solgate/tests.schema.json\n#\n\
         # A skeleton: each operation with the smallest body that its schema allows, and what it lacks.\nbases:\n",
    );
    for (name, base) in &found.bases {
        yaml::entries(&object(json!({ name: base })), 2, &mut out);
    }
    out.push_str("\ncases:\n");
    for case in &found.cases {
        let mut lines = String::new();
        yaml::entries(&object(case.clone()), 4, &mut lines);
        out.push_str("  - ");
        out.push_str(lines.trim_start());
    }
    out
}
