//! The rules of a bundle, compiled and sorted by operation and stage.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalogue::ENGINE_RULES,
    cel_env::{Compiler, ExprError, ExprInfo, Program},
    error::InitError,
    ir::{Bundle, FactDef, OnError, Require, Rule, RuleKind, SeveritySpec, Stage},
    router::template_variables,
    settings::RuleEntry,
};

/// Variables that every expression may read, besides facts.
const VARIABLES: &[&str] = &[
    "body",
    "headers",
    "query",
    "path",
    "method",
    "operation",
    "apiRoot",
    "caller",
    "receivedAt",
    "options",
];

/// A rule in CEL, compiled.
pub(crate) struct Expression {
    /// Index in the rule table.
    pub rule: usize,
    pub stage: Stage,
    pub when: Option<Program>,
    /// `when` reads variables, so that they are evaluated first.
    pub variables_first: bool,
    /// Qualified names, such as `variables.blocking`.
    pub variables: Vec<(String, Program)>,
    pub for_each: Option<Program>,
    pub require: Program,
    pub pointer: Option<String>,
    pub header: Option<String>,
    pub detail: Option<Program>,
    pub on_error: OnError,
    /// Facts, by index in the bundle, that the guard reads.
    pub guard_facts: Vec<usize>,
    /// All facts that the rule reads.
    pub facts: Vec<usize>,
    pub reads_body: bool,
}

/// A rule about one fact.
pub(crate) struct FactRule {
    pub rule: usize,
    pub fact: usize,
}

/// What is to be checked for one operation.
#[derive(Default)]
pub(crate) struct OperationRules {
    /// Indices of [`Expression`]s by stage, in the order of the bundle.
    access: Vec<usize>,
    head: Vec<usize>,
    query: Vec<usize>,
    body: Vec<usize>,
    state: Vec<usize>,
    pub exists: Vec<FactRule>,
    pub if_match: Vec<FactRule>,
}

impl OperationRules {
    pub(crate) fn at(&self, stage: Stage) -> &[usize] {
        match stage {
            Stage::Access => &self.access,
            Stage::Head => &self.head,
            Stage::Query => &self.query,
            Stage::Body => &self.body,
            Stage::State => &self.state,
        }
    }

    fn at_mut(&mut self, stage: Stage) -> &mut Vec<usize> {
        match stage {
            Stage::Access => &mut self.access,
            Stage::Head => &mut self.head,
            Stage::Query => &mut self.query,
            Stage::Body => &mut self.body,
            Stage::State => &mut self.state,
        }
    }

    /// Whether anything may have to be fetched from the VNFM.
    pub(crate) fn needs_facts(&self) -> bool {
        !(self.state.is_empty() && self.exists.is_empty() && self.if_match.is_empty())
    }
}

/// The rule table: the engine's own rules first, as the bundle declares them,
/// then the bundle's.
pub(crate) fn table(
    bundle: &Bundle,
) -> Result<(Vec<RuleEntry>, BTreeMap<String, usize>), InitError> {
    let mut entries: Vec<RuleEntry> = ENGINE_RULES
        .iter()
        .map(|rule| RuleEntry {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            status: rule.status,
            clause: None,
            severity: SeveritySpec {
                default: rule.severity,
                by_option: Vec::new(),
            },
        })
        .collect();
    let mut index: BTreeMap<String, usize> = entries
        .iter()
        .enumerate()
        .map(|(at, entry)| (entry.id.clone(), at))
        .collect();
    let mut declared = BTreeSet::new();
    for rule in &bundle.rules {
        if !declared.insert(rule.id.as_str()) {
            return Err(InitError::Duplicate {
                kind: "rule",
                name: rule.id.clone(),
            });
        }
        let entry = RuleEntry {
            id: rule.id.clone(),
            title: rule.title.clone(),
            status: rule.status,
            clause: rule.clause.clone(),
            severity: rule.severity.clone(),
        };
        match index.get(&rule.id).and_then(|at| entries.get_mut(*at)) {
            // The status of what the engine decides is not the author's choice.
            Some(known) => {
                *known = RuleEntry {
                    status: known.status,
                    ..entry
                }
            }
            None => {
                index.insert(rule.id.clone(), entries.len());
                entries.push(entry);
            }
        }
    }
    Ok((entries, index))
}

/// Compiles the rules of a bundle.
pub(crate) struct RuleCompiler<'b> {
    bundle: &'b Bundle,
    index: &'b BTreeMap<String, usize>,
    compiler: Compiler,
    pub expressions: Vec<Expression>,
    pub operations: Vec<OperationRules>,
    /// Header fields that expressions read, in lower case.
    pub fields: BTreeSet<String>,
}

impl<'b> RuleCompiler<'b> {
    pub(crate) fn new(
        bundle: &'b Bundle,
        index: &'b BTreeMap<String, usize>,
    ) -> Result<Self, InitError> {
        let compiler = Compiler::new().map_err(|error| InitError::Expression {
            rule: String::new(),
            member: "environment".to_owned(),
            error,
        })?;
        let operations = bundle
            .operations
            .iter()
            .map(|_| OperationRules::default())
            .collect();
        Ok(Self {
            bundle,
            index,
            compiler,
            expressions: Vec::new(),
            operations,
            fields: BTreeSet::new(),
        })
    }

    pub(crate) fn runtime(
        self,
    ) -> (
        crate::cel_env::Runtime,
        Vec<Expression>,
        Vec<OperationRules>,
    ) {
        (self.compiler.finish(), self.expressions, self.operations)
    }

    pub(crate) fn compile(&mut self) -> Result<(), InitError> {
        for rule in &self.bundle.rules {
            let index = self.index.get(&rule.id).copied().unwrap_or_default();
            let operations = self.operations_of(rule)?;
            match &rule.kind {
                RuleKind::Engine | RuleKind::Schema => {}
                RuleKind::Exists { fact } => {
                    let fact = self.fact(rule, fact)?;
                    for operation in operations {
                        self.check_template(rule, fact, operation)?;
                        if let Some(rules) = self.operations.get_mut(operation) {
                            rules.exists.push(FactRule { rule: index, fact });
                        }
                    }
                }
                RuleKind::IfMatch { fact } => {
                    let fact = self.fact(rule, fact)?;
                    for operation in operations {
                        self.check_template(rule, fact, operation)?;
                        if let Some(rules) = self.operations.get_mut(operation) {
                            rules.if_match.push(FactRule { rule: index, fact });
                        }
                    }
                }
                RuleKind::Require(require) => {
                    let expression = self.expression(rule, index, require)?;
                    for operation in operations {
                        for fact in &expression.facts {
                            self.check_template(rule, *fact, operation)?;
                        }
                        let at = self.expressions.len();
                        if let Some(rules) = self.operations.get_mut(operation) {
                            rules.at_mut(expression.stage).push(at);
                        }
                    }
                    self.expressions.push(expression);
                }
            }
        }
        Ok(())
    }

    fn operations_of(&self, rule: &Rule) -> Result<Vec<usize>, InitError> {
        if rule.operations.is_empty() {
            return Ok((0..self.bundle.operations.len()).collect());
        }
        let find = |id: &String| {
            let found = self
                .bundle
                .operations
                .iter()
                .position(|operation| operation.id == *id);
            found.ok_or_else(|| InitError::UnknownOperation {
                rule: rule.id.clone(),
                operation: id.clone(),
            })
        };
        rule.operations.iter().map(find).collect()
    }

    fn fact(&self, rule: &Rule, name: &str) -> Result<usize, InitError> {
        let found = self.bundle.facts.iter().position(|fact| fact.name == name);
        found.ok_or_else(|| InitError::UnknownFact {
            rule: rule.id.clone(),
            fact: name.to_owned(),
        })
    }

    /// Checks that an operation's path gives a fact's variables.
    fn check_template(&self, rule: &Rule, fact: usize, operation: usize) -> Result<(), InitError> {
        let (Some(fact), Some(operation)) = (
            self.bundle.facts.get(fact),
            self.bundle.operations.get(operation),
        ) else {
            return Ok(());
        };
        for variable in fact_variables(fact) {
            if !template_variables(&operation.path).any(|known| known == variable) {
                return Err(InitError::FactVariable {
                    rule: rule.id.clone(),
                    fact: fact.name.clone(),
                    operation: operation.id.clone(),
                    variable: variable.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn expression(
        &mut self,
        rule: &Rule,
        index: usize,
        require: &Require,
    ) -> Result<Expression, InitError> {
        let mut reads = Reads {
            rule,
            require,
            defined: Vec::new(),
            facts: BTreeSet::new(),
            guard: false,
            body: false,
            variables: false,
        };
        let when = require
            .when
            .as_deref()
            .map(|source| self.program("when", source, &mut reads))
            .transpose()?;
        let mut guard_facts = std::mem::take(&mut reads.facts);
        let variables_first = std::mem::take(&mut reads.variables);
        let mut variables = Vec::new();
        for (name, source) in &require.variables {
            variables.push((
                format!("variables.{name}"),
                self.program(&format!("variables.{name}"), source, &mut reads)?,
            ));
            reads.defined.push(name);
        }
        if variables_first {
            guard_facts.extend(reads.facts.iter().copied());
        }
        let for_each = require
            .for_each
            .as_deref()
            .map(|source| self.program("forEach", source, &mut reads))
            .transpose()?;
        reads.guard = true;
        let program = self.program("require", &require.require, &mut reads)?;
        let detail = require
            .detail
            .as_deref()
            .map(|source| self.program("detail", source, &mut reads))
            .transpose()?;
        let facts: BTreeSet<usize> = reads.facts.union(&guard_facts).copied().collect();
        let expression = Expression {
            rule: index,
            stage: require.stage,
            when,
            variables_first,
            variables,
            for_each,
            require: program,
            pointer: require.pointer.clone(),
            header: require.header.clone(),
            detail,
            on_error: require.on_error,
            guard_facts: guard_facts.into_iter().collect(),
            facts: facts.into_iter().collect(),
            reads_body: reads.body,
        };
        let early = match require.stage {
            Stage::State => None,
            _ if !expression.facts.is_empty() => Some("a fact is read, so the stage must be state"),
            Stage::Access | Stage::Head | Stage::Query if expression.reads_body => {
                Some("the body is read, so the stage must be body or state")
            }
            _ => None,
        };
        match early {
            Some(message) => Err(expression_error(rule, "stage", message)),
            None => Ok(expression),
        }
    }

    fn program(
        &mut self,
        member: &str,
        source: &str,
        reads: &mut Reads<'_>,
    ) -> Result<Program, InitError> {
        let rule = reads.rule;
        let (program, info) =
            self.compiler
                .compile(source)
                .map_err(|error| InitError::Expression {
                    rule: rule.id.clone(),
                    member: member.to_owned(),
                    error,
                })?;
        self.check(member, &info, reads)?;
        Ok(program)
    }

    /// Checks the variables that an expression reads, and notes facts and fields.
    fn check(
        &mut self,
        member: &str,
        info: &ExprInfo,
        reads: &mut Reads<'_>,
    ) -> Result<(), InitError> {
        let rule = reads.rule;
        for variable in &info.variables {
            match variable.as_str() {
                "body" => reads.body = true,
                "headers" => self.check_headers(member, info, rule)?,
                "variables" => {
                    reads.variables = true;
                    let names = info.selections.iter().filter(|selection| {
                        selection
                            .path
                            .first()
                            .is_some_and(|root| root == "variables")
                    });
                    let known = |name: &String| match member {
                        "when" => reads
                            .require
                            .variables
                            .iter()
                            .any(|(known, _)| known == name),
                        _ => reads.defined.contains(&name.as_str()),
                    };
                    let unknown = names
                        .filter_map(|selection| selection.path.get(1))
                        .find(|name| !known(name));
                    if let Some(name) = unknown {
                        return Err(expression_error(
                            rule,
                            member,
                            &format!("there is no variable variables.{name} before it"),
                        ));
                    }
                    if info.whole.iter().any(|name| name == "variables") {
                        return Err(expression_error(
                            rule,
                            member,
                            "variables can only be read one by one, as in variables.name",
                        ));
                    }
                }
                "item" | "index" if reads.guard && reads.require.for_each.is_some() => {}
                name if VARIABLES.contains(&name) || TYPES.contains(&name) => {}
                name => match self.bundle.facts.iter().position(|fact| fact.name == name) {
                    Some(fact) => {
                        reads.facts.insert(fact);
                    }
                    None => {
                        return Err(expression_error(
                            rule,
                            member,
                            &format!("there is no variable {name}"),
                        ));
                    }
                },
            }
        }
        Ok(())
    }

    fn check_headers(
        &mut self,
        member: &str,
        info: &ExprInfo,
        rule: &Rule,
    ) -> Result<(), InitError> {
        let names = info
            .selections
            .iter()
            .filter(|selection| selection.path.first().is_some_and(|root| root == "headers"));
        for name in names.filter_map(|selection| selection.path.get(1)) {
            if name == "[]" || name.chars().any(char::is_uppercase) {
                return Err(expression_error(
                    rule,
                    member,
                    "header fields are read by a literal name in lower case, as in headers['if-match']",
                ));
            }
            self.fields.insert(name.clone());
        }
        if info.whole.iter().any(|name| name == "headers") {
            return Err(expression_error(
                rule,
                member,
                "headers can only be read one by one, as in headers['if-match']",
            ));
        }
        Ok(())
    }
}

/// Names of types, which expressions may compare with `type(x)`.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

struct Reads<'r> {
    rule: &'r Rule,
    require: &'r Require,
    /// Names of variables defined so far.
    defined: Vec<&'r str>,
    facts: BTreeSet<usize>,
    /// `item` and `index` may be read.
    guard: bool,
    body: bool,
    variables: bool,
}

fn expression_error(rule: &Rule, member: &str, message: &str) -> InitError {
    let error = ExprError {
        message: message.to_owned(),
        line: 1,
        column: 1,
    };
    InitError::Expression {
        rule: rule.id.clone(),
        member: member.to_owned(),
        error,
    }
}

/// Variables of a fact's template, in its path and in the values of its query.
pub(crate) fn fact_variables(fact: &FactDef) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let templates = std::iter::once(fact.path.as_str())
        .chain(fact.query.iter().filter_map(|(_, value)| value.as_deref()));
    for name in templates.flat_map(template_variables) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
