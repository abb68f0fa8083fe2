//! Which part of a rule cannot be evaluated, for whoever asks.

use cel::{Context, common::types::CelInt, common::value::CowVal};

use crate::{
    cel_env::{PartValue, Program},
    rules::Expression,
    trace::FaultPlace,
};

/// What of a rule cannot be evaluated.
pub(super) struct Fault {
    pub place: FaultPlace,
    /// The parts of the expression that cannot be evaluated.
    pub values: Vec<PartValue>,
}

/// Goes through a rule in the order of its evaluation, as far as it can be evaluated.
pub(super) fn find(expression: &Expression, context: &Context<'_, '_>) -> Option<Fault> {
    let mut scope = context.new_inner_scope();
    let guard = |scope: &Context<'_, '_>| match &expression.when {
        Some(when) if when.holds(scope).is_err() => Err(Box::new(fault("when", when, None, scope))),
        Some(when) => Ok(when.holds(scope) == Ok(true)),
        None => Ok(true),
    };
    if !expression.variables_first {
        match guard(&scope) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(fault) => return Some(*fault),
        }
    }
    for (name, program) in &expression.variables {
        match program.value(&scope) {
            Ok(value) => scope.add_variable_as_val(name.as_str(), value),
            Err(_) => return Some(fault(name, program, None, &scope)),
        }
    }
    if expression.variables_first {
        match guard(&scope) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(fault) => return Some(*fault),
        }
    }
    let require = &expression.require;
    let Some(for_each) = &expression.for_each else {
        return require.holds(&scope).is_err().then(|| fault("require", require, None, &scope));
    };
    let list = for_each.value(&scope).ok();
    let Some(items) = list.as_ref().and_then(|list| list.as_iterable()) else {
        return Some(fault("forEach", for_each, None, &scope));
    };
    let mut items = items.iter();
    let mut index = 0_usize;
    while let Some(item) = items.next() {
        let mut scope = scope.new_inner_scope();
        scope.add_variable_as_val("item", item.clone_as_boxed());
        let at = CelInt::from(i64::try_from(index).unwrap_or(i64::MAX));
        scope.add_variable_as_val("index", CowVal::owned(at).into_owned());
        if require.holds(&scope).is_err() {
            return Some(fault("require", require, Some(index), &scope));
        }
        index = index.saturating_add(1);
    }
    None
}

/// The parts of a rule that can be evaluated: of its guard, if that excludes it.
pub(super) fn values(expression: &Expression, context: &Context<'_, '_>) -> Vec<PartValue> {
    let mut scope = context.new_inner_scope();
    let excludes = |scope: &Context<'_, '_>| expression.when.as_ref().filter(|when| when.holds(scope) == Ok(false));
    if !expression.variables_first
        && let Some(when) = excludes(&scope)
    {
        return when.parts(&scope);
    }
    for (name, program) in &expression.variables {
        if let Ok(value) = program.value(&scope) {
            scope.add_variable_as_val(name.as_str(), value);
        }
    }
    let shown = excludes(&scope).or(expression.for_each.as_ref()).unwrap_or(&expression.require);
    shown.parts(&scope)
}

fn fault(member: &str, program: &Program, item: Option<usize>, scope: &Context<'_, '_>) -> Fault {
    let place = FaultPlace { member: member.to_owned(), part: program.failing_part(scope), item };
    Fault { place, values: program.parts(scope) }
}
