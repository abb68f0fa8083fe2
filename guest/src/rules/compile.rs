//! From the rules of a bundle to what the stages run.

use std::collections::{BTreeMap, BTreeSet};

use solgate_contract::router::template_variables;

use super::{
    Expression, FactRule, OperationRules, fact_variables,
    given::{Dependent, dependents, is_given},
};
use crate::{
    cel_env::{Compiler, DATA, Direct, ExprError, ExprInfo, Parts, Program, Runtime, Tables},
    error::InitError,
    ir::{Bundle, Require, Rule, RuleKind, Stage},
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
    "bodyBytes",
];

/// Compiles the rules of a bundle.
pub(crate) struct RuleCompiler<'b> {
    bundle: &'b Bundle,
    index: &'b BTreeMap<String, usize>,
    compiler: Compiler,
    pub expressions: Vec<Expression>,
    pub operations: Vec<OperationRules>,
    /// Header fields that expressions read, in lower case.
    pub fields: BTreeSet<String>,
    /// Facts that need more than the path.
    pub dependents: Vec<Dependent>,
}

impl<'b> RuleCompiler<'b> {
    pub(crate) fn new(bundle: &'b Bundle, index: &'b BTreeMap<String, usize>) -> Result<Self, InitError> {
        let compiler = Compiler::new(Tables::new(bundle)?).map_err(|error| InitError::Expression {
            rule: String::new(),
            member: "environment".to_owned(),
            error,
        })?;
        let operations = bundle.operations.iter().map(|_| OperationRules::default()).collect();
        let dependents = dependents(bundle)?;
        Ok(Self { bundle, index, compiler, expressions: Vec::new(), operations, fields: BTreeSet::new(), dependents })
    }

    pub(crate) fn runtime(self) -> (Runtime, Vec<Expression>, Vec<OperationRules>) {
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
                RuleKind::IfMatch { facts } => {
                    for operation in operations {
                        let fact = self.fitting(rule, facts, operation)?;
                        if let Some(rules) = self.operations.get_mut(operation) {
                            rules.if_match.push(FactRule { rule: index, fact });
                        }
                    }
                }
                RuleKind::Require(require) => {
                    let (expression, reads_query) = self.expression(rule, index, require)?;
                    for operation in operations {
                        for fact in expression.facts.iter().chain(&expression.on_demand) {
                            self.check_template(rule, *fact, operation)?;
                        }
                        let at = self.expressions.len();
                        let asks_at_once = expression.facts.iter().any(|fact| self.needs_a_fact(*fact));
                        if let Some(rules) = self.operations.get_mut(operation) {
                            rules.at_mut(expression.stage).push(at);
                            rules.reads_query |= reads_query;
                            rules.asks_at_once |= asks_at_once;
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
        let mut found = Vec::new();
        for id in &rule.operations {
            let operations = self.bundle.operations.iter().enumerate();
            let before = found.len();
            found.extend(operations.filter(|(_, operation)| operation.id == *id).map(|(index, _)| index));
            if found.len() == before {
                return Err(InitError::UnknownOperation { rule: rule.id.clone(), operation: id.clone() });
            }
        }
        Ok(found)
    }

    fn fact(&self, rule: &Rule, name: &str) -> Result<usize, InitError> {
        let found = self.bundle.facts.iter().position(|fact| fact.name == name);
        found.ok_or_else(|| InitError::UnknownFact { rule: rule.id.clone(), fact: name.to_owned() })
    }

    /// The first of the facts whose variables an operation's path gives.
    fn fitting(&self, rule: &Rule, names: &[String], operation: usize) -> Result<usize, InitError> {
        let mut unfit = InitError::UnknownFact { rule: rule.id.clone(), fact: String::new() };
        for name in names {
            let fact = self.fact(rule, name)?;
            match self.check_template(rule, fact, operation) {
                Ok(()) => return Ok(fact),
                Err(error) => unfit = error,
            }
        }
        Err(unfit)
    }

    /// Checks that an operation's path gives a fact's variables.
    fn check_template(&self, rule: &Rule, fact: usize, operation: usize) -> Result<(), InitError> {
        for dependent in self.dependents.iter().filter(|dependent| dependent.fact == fact) {
            dependent.facts().try_for_each(|needed| self.check_template(rule, needed, operation))?;
        }
        let (Some(fact), Some(operation)) = (self.bundle.facts.get(fact), self.bundle.operations.get(operation)) else {
            return Ok(());
        };
        for variable in fact_variables(fact) {
            if is_given(variable) {
                continue;
            }
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

    fn needs_a_fact(&self, fact: usize) -> bool {
        self.dependents.iter().any(|dependent| dependent.fact == fact && dependent.needs_a_fact())
    }

    /// A rule's expression, and whether it reads the query.
    fn expression(&mut self, rule: &Rule, index: usize, require: &Require) -> Result<(Expression, bool), InitError> {
        let mut reads = Reads {
            rule,
            require,
            defined: Vec::new(),
            facts: BTreeSet::new(),
            guard: false,
            body: false,
            query: false,
            variables: false,
        };
        let when = require.when.as_deref().map(|source| self.program("when", source, &mut reads)).transpose()?;
        let mut guard_facts = std::mem::take(&mut reads.facts);
        let variables_first = std::mem::take(&mut reads.variables);
        let mut variables = Vec::new();
        for (name, source) in &require.variables {
            variables
                .push((format!("variables.{name}"), self.program(&format!("variables.{name}"), source, &mut reads)?));
            reads.defined.push(name);
        }
        if variables_first {
            guard_facts.extend(reads.facts.iter().copied());
        }
        let for_each =
            require.for_each.as_deref().map(|source| self.program("forEach", source, &mut reads)).transpose()?;
        reads.guard = true;
        let program = self.program("require", &require.require, &mut reads)?;
        let detail = require.detail.as_deref().map(|source| self.program("detail", source, &mut reads)).transpose()?;
        let direct = Direct::compile(&Parts {
            when: when.as_ref(),
            variables_first,
            variables: &variables,
            for_each: for_each.as_ref(),
            require: &program,
        });
        // A guard that needs two rounds leaves none for the other facts of the rule.
        if guard_facts.iter().any(|fact| self.needs_a_fact(*fact)) {
            guard_facts.extend(reads.facts.iter().copied());
        }
        // Without what the guard reads nobody knows whether the rule applies.
        let is_late = |fact: &usize| {
            !guard_facts.contains(fact)
                && !self.needs_a_fact(*fact)
                && self.bundle.facts.get(*fact).is_some_and(|fact| fact.on_demand)
        };
        let (on_demand, facts): (Vec<usize>, Vec<usize>) =
            reads.facts.union(&guard_facts).copied().partition(|fact| is_late(fact));
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
            parameter: require.parameter.clone(),
            detail,
            direct,
            on_error: require.on_error,
            guard_facts: guard_facts.into_iter().collect(),
            facts,
            on_demand,
            reads_body: reads.body,
        };
        let early = match require.stage {
            Stage::Existence | Stage::State => None,
            _ if !(expression.facts.is_empty() && expression.on_demand.is_empty()) => {
                Some("a fact is read, so the stage must be existence or state")
            }
            Stage::Access | Stage::Head | Stage::Query if expression.reads_body => {
                Some("the body is read, so the stage must be body or state")
            }
            _ => None,
        };
        match early {
            Some(message) => Err(expression_error(rule, "stage", message)),
            None => Ok((expression, reads.query)),
        }
    }

    fn program(&mut self, member: &str, source: &str, reads: &mut Reads<'_>) -> Result<Program, InitError> {
        let rule = reads.rule;
        let (program, info) = self.compiler.compile(source).map_err(|error| InitError::Expression {
            rule: rule.id.clone(),
            member: member.to_owned(),
            error,
        })?;
        self.check(member, &info, reads)?;
        Ok(program)
    }

    /// Checks the variables that an expression reads, and notes facts and fields.
    fn check(&mut self, member: &str, info: &ExprInfo, reads: &mut Reads<'_>) -> Result<(), InitError> {
        let rule = reads.rule;
        for variable in &info.variables {
            match variable.as_str() {
                "body" => reads.body = true,
                "query" => reads.query = true,
                "headers" => self.check_headers(member, info, rule)?,
                "variables" => {
                    reads.variables = true;
                    let names = info
                        .selections
                        .iter()
                        .filter(|selection| selection.path.first().is_some_and(|root| root == "variables"));
                    let known = |name: &String| match member {
                        "when" => reads.require.variables.iter().any(|(known, _)| known == name),
                        _ => reads.defined.contains(&name.as_str()),
                    };
                    let unknown = names.filter_map(|selection| selection.path.get(1)).find(|name| !known(name));
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
                DATA if !self.bundle.data.is_empty() => {}
                name => match self.bundle.facts.iter().position(|fact| fact.name == name) {
                    Some(fact) => {
                        reads.facts.insert(fact);
                    }
                    // A bundle of before may have a fact of that name.
                    None if name == "now" => {}
                    None => {
                        return Err(expression_error(rule, member, &format!("there is no variable {name}")));
                    }
                },
            }
        }
        Ok(())
    }

    fn check_headers(&mut self, member: &str, info: &ExprInfo, rule: &Rule) -> Result<(), InitError> {
        let names =
            info.selections.iter().filter(|selection| selection.path.first().is_some_and(|root| root == "headers"));
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
const TYPES: &[&str] = &["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

struct Reads<'r> {
    rule: &'r Rule,
    require: &'r Require,
    /// Names of variables defined so far.
    defined: Vec<&'r str>,
    facts: BTreeSet<usize>,
    /// `item` and `index` may be read.
    guard: bool,
    body: bool,
    query: bool,
    variables: bool,
}

fn expression_error(rule: &Rule, member: &str, message: &str) -> InitError {
    let error = ExprError { message: message.to_owned(), line: 1, column: 1, unknown_function: None };
    InitError::Expression { rule: rule.id.clone(), member: member.to_owned(), error }
}
