//! Follows every name of an expression to what it stands for.

use std::net::Ipv6Addr;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, SelectExpr, operators};
use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::suggest::{did_you_mean, nearest};

use super::parsed::{Expression, literal};
use super::scope::{Scope, Type};
use super::slips;
use crate::variables::{CALLER, DATA};
use crate::zones;

pub(super) fn walk(expression: &Expression<'_>, scope: &mut Scope<'_>, report: &mut Report) -> Type {
    let mut walker = Walker { expression, scope, report };
    walker.node(expression.parsed.tree())
}

struct Walker<'w, 'a, 'n> {
    expression: &'w Expression<'n>,
    scope: &'w mut Scope<'a>,
    report: &'w mut Report,
}

/// Most entries of a list that are told to be in vain.
const ODD_ENTRIES: usize = 100;

/// Whether `host()` can give this entry of a list, or a name below it.
fn is_host(entry: &str) -> bool {
    if let Ok(address) = entry.parse::<Ipv6Addr>() {
        return address.to_string() == entry;
    }
    let name = entry.strip_prefix("*.").unwrap_or(entry);
    // What a name may hold by RFC 3986, but for encoded octets.
    let is_of_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._~!$&'()*+,;=".contains(&byte);
    name.bytes().all(is_of_name) && !name.ends_with('.')
}

impl Walker<'_, '_, '_> {
    fn at(&self, id: u64) -> At {
        self.expression.at(id, &self.report.sources)
    }

    fn node(&mut self, node: &IdedExpr) -> Type {
        match &node.expr {
            Expr::Ident(name) => self.variable(name.trim_start_matches('.'), node.id),
            Expr::Select(select) => self.select(select, node.id),
            Expr::Call(call) => self.call(call, node.id),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(list) => {
                for item in &list.elements {
                    self.node(item);
                }
                Type::Any
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.node(&entry.key);
                        self.node(&entry.value);
                    }
                }
                Type::Any
            }
            Expr::Struct(structure) => {
                for entry in &structure.entries {
                    if let EntryExpr::StructField(field) = &entry.expr {
                        self.node(&field.value);
                    }
                }
                Type::Any
            }
            Expr::Literal(_) | Expr::Unspecified => Type::Any,
        }
    }

    fn variable(&mut self, name: &str, id: u64) -> Type {
        if name.starts_with('@') {
            return Type::Any;
        }
        let bound = self.scope.bound.iter().rev().find(|(known, _)| known == name);
        if let Some((_, found)) = bound {
            return found.clone();
        }
        let at = self.at(id);
        let fact = self.scope.policy.facts.iter().enumerate().find(|(_, fact)| fact.def.name == name);
        if let Some((index, fact)) = fact {
            self.scope.reads.fact(name, at);
            return if fact.def.list { Type::Facts(index) } else { Type::Fact(index) };
        }
        match name {
            "body" => {
                self.scope.reads.body = true;
                Type::Body(Vec::new())
            }
            "query" => {
                self.scope.reads.query = true;
                Type::Query
            }
            "headers" => Type::Headers,
            "path" => Type::Path,
            "caller" => Type::Caller,
            "options" => Type::Options,
            "variables" => Type::Variables,
            "method" | "operation" | "apiRoot" | "receivedAt" | "now" | "bodyBytes" => Type::Any,
            DATA if self.scope.has_data() => Type::Data,
            "item" if self.scope.item.is_some() => self.scope.item.clone().unwrap_or(Type::Any),
            "index" if self.scope.item.is_some() => Type::Any,
            "item" | "index" => {
                self.report
                    .mistake(at, format!("there is no `{name}` outside of `forEach`"))
                    .hint("give the rule a `forEach:` with the list to go through");
                Type::Any
            }
            // Names of types are values in CEL, as in type(x) == string.
            "int" | "uint" | "double" | "bool" | "string" | "bytes" | "list" | "map" | "null_type" | "type" => {
                Type::Any
            }
            _ => {
                let is_all = self.expression.parsed.tree().id == id;
                let hint = slips::name(name, self.scope)
                    .or_else(|| nearest(name, &self.scope.names()).map(|known| format!("did you mean `{known}`?")))
                    .or_else(|| is_all.then(|| slips::PROSE.to_owned()));
                self.report
                    .mistake(at, format!("`{name}` is neither a fact nor a variable of expressions"))
                    .maybe_hint(hint)
                    .hint_if_none("facts are defined in policy.yaml, under `facts:`");
                Type::Any
            }
        }
    }

    fn select(&mut self, select: &SelectExpr, id: u64) -> Type {
        let of = self.node(&select.operand);
        let at = self.expression.member_at(id, &select.operand, &select.field, &self.report.sources);
        self.member(&of, &select.field, at)
    }

    fn call(&mut self, call: &CallExpr, id: u64) -> Type {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (name @ (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT), [of, index]) => {
                let found = self.node(of);
                if let Some(field) = literal(index) {
                    let at = match name {
                        operators::OPT_SELECT => self.expression.member_at(index.id, of, field, &self.report.sources),
                        _ => self.at(index.id),
                    };
                    return self.member(&found, field, at);
                }
                self.node(index);
                match found {
                    Type::Facts(fact) => Type::Fact(fact),
                    Type::Body(mut path) => {
                        path.push("[]".to_owned());
                        Type::Body(path)
                    }
                    Type::Data => {
                        let names = self.scope.policy.data.iter().map(|data| data.def.name.clone());
                        self.scope.reads.data.extend(names);
                        Type::Any
                    }
                    Type::Headers => {
                        let at = self.at(id);
                        self.report
                            .mistake(at, "a header field is read by a name in the source")
                            .hint("write headers['name']: only fields that are named reach the policy");
                        Type::Any
                    }
                    _ => Type::Any,
                }
            }
            (operators::IN, [name, of]) => {
                let found = self.node(of);
                match (literal(name), &found) {
                    // In a list it is a value that is looked for.
                    (Some(_), Type::Facts(_)) | (None, _) => {
                        self.node(name);
                    }
                    (Some(field), _) => {
                        let at = self.at(name.id);
                        self.member(&found, field, at);
                    }
                }
                Type::Any
            }
            (operators::CONDITIONAL, [condition, then, other]) => {
                self.node(condition);
                let then = self.node(then);
                let other = self.node(other);
                if then == other { then } else { Type::Any }
            }
            ("inList", [name, text]) => {
                self.list(name, text);
                self.node(text);
                Type::Any
            }
            ("inWindow", [name, instant]) => {
                self.window(name);
                self.node(instant);
                Type::Any
            }
            _ => {
                if let Some(target) = call.target.as_deref().filter(|t| !is_namespace(t)) {
                    self.node(target);
                    if let [zone] = call.args.as_slice()
                        && call.func_name.starts_with("get")
                    {
                        self.zone(zone);
                    }
                }
                for argument in &call.args {
                    self.node(argument);
                }
                Type::Any
            }
        }
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Type {
        let range = self.node(&comprehension.iter_range);
        self.node(&comprehension.accu_init);
        let item = match &range {
            Type::Facts(fact) => Type::Fact(*fact),
            Type::Body(path) => {
                let mut path = path.clone();
                path.push("[]".to_owned());
                Type::Body(path)
            }
            _ => Type::Any,
        };
        let depth = self.scope.bound.len();
        self.scope.bound.push((comprehension.accu_var.clone(), Type::Any));
        match &comprehension.iter_var2 {
            // Of two variables the first is the index.
            Some(second) => {
                self.scope.bound.push((comprehension.iter_var.clone(), Type::Any));
                self.scope.bound.push((second.clone(), item));
            }
            None => self.scope.bound.push((comprehension.iter_var.clone(), item)),
        }
        self.node(&comprehension.loop_cond);
        self.node(&comprehension.loop_step);
        self.node(&comprehension.result);
        self.scope.bound.truncate(depth);
        if keeps_items(comprehension) { range } else { Type::Any }
    }

    /// The member of a value, if the value can have it.
    fn member(&mut self, of: &Type, field: &str, at: At) -> Type {
        match of {
            Type::Fact(index) => self.fact_member(*index, field, at),
            Type::Facts(index) => {
                let name = self.fact_name(*index);
                self.report
                    .mistake(at, format!("`{name}` is a list and has no `{field}`"))
                    .hint(format!("go through its items, as in {name}.exists(o, o.{field} == ...)"));
            }
            Type::Body(path) => {
                let mut path = path.clone();
                path.push(field.to_owned());
                return Type::Body(path);
            }
            Type::Headers => {
                if field.chars().any(|c| c.is_ascii_uppercase()) {
                    self.report
                        .mistake(at, "names of header fields are in lower case here")
                        .hint(format!("write headers['{}']", field.to_ascii_lowercase()));
                }
            }
            Type::Path => {
                let known = self.scope.path_variables();
                if !known.contains(field) && !self.scope.operations.is_empty() {
                    let hint = did_you_mean(field, known.iter().copied());
                    let message = match self
                        .scope
                        .operations
                        .iter()
                        .find(|op| !op.path_variables.iter().any(|name| name == field))
                    {
                        Some(op) => format!("the path of the operation `{}` has no variable `{field}`", op.def.id),
                        None => format!("no path has a variable `{field}`"),
                    };
                    self.report.mistake(at, message).maybe_hint(hint);
                }
            }
            Type::Caller => {
                if !CALLER.contains(&field) {
                    self.report
                        .mistake(at, format!("`caller` has no `{field}`"))
                        .maybe_hint(did_you_mean(field, CALLER));
                }
            }
            Type::Options => {
                let options = &self.scope.policy.options;
                if !options.iter().any(|option| option.name == field) {
                    self.report
                        .mistake(at, format!("policy.yaml defines no option `{field}`"))
                        .maybe_hint(did_you_mean(field, options.iter().map(|option| option.name.as_str())));
                }
            }
            Type::Data => {
                let data = &self.scope.policy.data;
                if data.iter().any(|data| data.def.name == field) {
                    self.scope.reads.data.push(field.to_owned());
                } else {
                    self.report
                        .mistake(at, format!("policy.yaml defines no data `{field}`"))
                        .maybe_hint(did_you_mean(field, data.iter().map(|data| data.def.name.as_str())));
                }
            }
            Type::Variables => {
                let variables = &self.scope.variables;
                match variables.iter().find(|(name, _)| name == field) {
                    Some((_, found)) => return found.clone(),
                    None => {
                        self.report
                            .mistake(at, format!("`variables` has no `{field}` here"))
                            .maybe_hint(did_you_mean(field, variables.iter().map(|(name, _)| name.as_str())))
                            .hint_if_none("a variable is defined before it is used");
                    }
                }
            }
            Type::Query | Type::Any => {}
        }
        Type::Any
    }

    /// The list that `inList` names.
    fn list(&mut self, name: &IdedExpr, text: &IdedExpr) {
        let Some(field) = literal(name) else { return };
        let at = self.at(name.id);
        let policy = self.scope.policy;
        let Some(list) = policy.lists.iter().find(|list| list.def.name == field) else {
            self.report
                .mistake(at, format!("policy.yaml defines no list `{field}`"))
                .maybe_hint(did_you_mean(field, policy.lists.iter().map(|list| list.def.name.as_str())))
                .hint_if_none("lists are defined under `lists:`, as in `lists: { callbackHosts: lists/hosts.txt }`");
            return;
        };
        self.scope.reads.lists.push(field.to_owned());
        // The one slip that would go unnoticed until the host is refused.
        if !matches!(&text.expr, Expr::Call(call) if call.func_name == "host") {
            return;
        }
        let odd = list.def.entries.iter().zip(&list.places).filter(|(entry, _)| !is_host(entry));
        for (entry, place) in odd.take(ODD_ENTRIES) {
            self.report
                .warning(*place, format!("host() never gives `{entry}`"))
                .hint("write the host only: without port, in lower case, an IPv6 address in its shortest form and without brackets")
                .related(at, "looked up here");
        }
    }

    /// The window that `inWindow` names.
    fn window(&mut self, name: &IdedExpr) {
        let Some(field) = literal(name) else { return };
        let at = self.at(name.id);
        let windows = &self.scope.policy.windows;
        if windows.iter().any(|window| window.def.name == field) {
            self.scope.reads.windows.push(field.to_owned());
            return;
        }
        self.report
            .mistake(at, format!("policy.yaml defines no window `{field}`"))
            .maybe_hint(did_you_mean(field, windows.iter().map(|window| window.def.name.as_str())))
            .hint_if_none("windows are defined under `windows:`, each with zone, days or dates, from and to");
    }

    /// The zone that `getHours` or one of its like names.
    fn zone(&mut self, name: &IdedExpr) {
        let Some(zone) = literal(name).filter(|zone| !solgate_engine::cel_env::is_fixed_zone(zone)) else { return };
        match zones::known(zone) {
            Ok(()) => self.scope.reads.zones.push(zone.to_owned()),
            Err(meant) => {
                let at = self.at(name.id);
                self.report.mistake(at, format!("there is no time zone `{zone}`")).maybe_hint(meant).hint_if_none(
                    "write its name in the time zone database, such as Europe/Berlin or UTC, or an offset such as +02:00",
                );
            }
        }
    }

    fn fact_name(&self, index: usize) -> String {
        let fact = self.scope.policy.facts.get(index);
        fact.map(|fact| fact.def.name.clone()).unwrap_or_default()
    }

    fn fact_member(&mut self, index: usize, field: &str, at: At) {
        let Some(fact) = self.scope.policy.facts.get(index) else {
            return;
        };
        if fact.def.members.is_empty() || fact.def.members.iter().any(|known| known == field) {
            return;
        }
        let hint = did_you_mean(field, fact.def.members.iter().map(String::as_str));
        let is_inherited = self.report.sources.is_inherited(fact.at.file);
        let draft = self
            .report
            .mistake(
                at,
                format!("the fact `{}` does not declare the member `{field}`, so it is never there", fact.def.name),
            )
            .maybe_hint(hint);
        if is_inherited {
            let name = &fact.def.name;
            draft.hint(format!(
                "widen the inherited fact in policy.yaml: `facts: {{ {name}: {{ addMembers: [{field}] }} }}`"
            ));
        } else {
            draft.related(fact.at, "add it to `members` here");
        }
    }
}

/// `optional.of(x)`, `sets.contains(x, y)` and `strings.quote(x)`: no variables.
pub(crate) fn is_namespace(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if solgate_engine::cel_env::is_namespace(name))
}

/// Whether this is `filter`, whose result holds items of its range: each step
/// adds the item or nothing.
pub(crate) fn keeps_items(comprehension: &ComprehensionExpr) -> bool {
    let Expr::Call(step) = &comprehension.loop_step.expr else {
        return false;
    };
    let [_, added, _] = step.args.as_slice() else {
        return false;
    };
    let Expr::Call(add) = &added.expr else {
        return false;
    };
    let [_, items] = add.args.as_slice() else {
        return false;
    };
    let Expr::List(items) = &items.expr else {
        return false;
    };
    matches!(items.elements.as_slice(), [IdedExpr { expr: Expr::Ident(name), .. }] if *name == comprehension.iter_var)
}
