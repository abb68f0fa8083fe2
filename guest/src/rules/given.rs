//! What the template of a fact takes from elsewhere than the path: from the caller, the
//! body, or another fact.

use super::fact_variables;
use crate::{
    error::InitError,
    ir::{Bundle, FactDef},
};

/// A fact whose template takes more than variables of the path.
#[derive(Clone)]
pub(crate) struct Dependent {
    /// By index in the bundle.
    pub fact: usize,
    pub needs: Vec<Given>,
}

impl Dependent {
    /// The facts that are needed first.
    pub(crate) fn facts(&self) -> impl Iterator<Item = usize> {
        self.needs.iter().filter_map(|given| match given.source {
            Source::Fact(fact) => Some(fact),
            Source::Caller | Source::Body => None,
        })
    }

    pub(crate) fn needs_a_fact(&self) -> bool {
        self.facts().next().is_some()
    }
}

/// One variable of a template that is not one of the path.
#[derive(Clone)]
pub(crate) struct Given {
    /// As the template has it, such as `caller.tenant`.
    pub name: String,
    pub source: Source,
    /// The members that lead to it.
    pub steps: Vec<String>,
    /// It stands in the path of the template, and not only in its query.
    pub is_in_path: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Caller,
    Body,
    /// By index in the bundle.
    Fact(usize),
}

/// The members that a variable names, if it is none of the path.
pub(crate) fn is_given(variable: &str) -> bool {
    variable.contains('.')
}

/// The facts of a bundle that need more than the path.
pub(crate) fn dependents(bundle: &Bundle) -> Result<Vec<Dependent>, InitError> {
    let mut all = Vec::new();
    for (index, fact) in bundle.facts.iter().enumerate() {
        let needs: Vec<Given> = fact_variables(fact)
            .into_iter()
            .filter(|variable| is_given(variable))
            .map(|variable| given(bundle, fact, variable))
            .collect::<Result<_, _>>()?;
        if !needs.is_empty() {
            all.push(Dependent { fact: index, needs });
        }
    }
    // There are two rounds of questions: a fact that another needs comes in the first.
    let needs_a_fact = |fact: usize| all.iter().any(|known: &Dependent| known.fact == fact && known.needs_a_fact());
    let late = all.iter().find(|dependent| dependent.facts().any(&needs_a_fact));
    match late.and_then(|dependent| bundle.facts.get(dependent.fact)) {
        Some(fact) => Err(InitError::FactOrder { fact: fact.name.clone() }),
        None => Ok(all),
    }
}

fn given(bundle: &Bundle, fact: &FactDef, variable: &str) -> Result<Given, InitError> {
    let mut steps = variable.split('.').map(str::to_owned);
    let root = steps.next().unwrap_or_default();
    let source = match root.as_str() {
        "caller" => Source::Caller,
        "body" => Source::Body,
        name => {
            let found = bundle.facts.iter().position(|known| known.name == name && !known.list);
            Source::Fact(
                found
                    .ok_or_else(|| InitError::FactSource { fact: fact.name.clone(), variable: variable.to_owned() })?,
            )
        }
    };
    let is_in_path = fact.path.contains(&format!("{{{variable}}}"));
    Ok(Given { name: variable.to_owned(), source, steps: steps.collect(), is_in_path })
}
