//! Runs the CEL rules of a stage.

use std::cell::OnceCell;

use cel::{
    Context, ExecutionError,
    common::{
        types::{CelInt, CelString},
        value::CowVal,
    },
};

use super::{
    call::Call,
    content::{Content, schema_status},
    fault,
    misfit::{self, Misfit},
};
use crate::{
    cel_env::{Activation, Applied},
    findings::Report,
    ir::{OnError, Severity, Stage},
    json::push_segment,
    rules::Expression,
    text,
    trace::{Because, RuleResult},
    verdict::Location,
};

/// What expressions see in a stage, for both ways of evaluating them.
pub(super) struct Sight<'x> {
    activation: &'x Activation<'x>,
    /// Made when a rule needs it: most do not.
    context: OnceCell<Context<'x, 'x>>,
}

impl<'x> Sight<'x> {
    pub(super) fn new(activation: &'x Activation<'x>) -> Self {
        Self { activation, context: OnceCell::new() }
    }

    fn context(&self) -> &Context<'x, 'x> {
        self.context.get_or_init(|| self.activation.context())
    }
}

/// Runs the rules of one stage before any fact is known.
pub(super) fn run(call: &Call<'_>, stage: Stage, content: Option<&Content<'_>>, report: &mut Report<'_>) {
    let rules = call.compiled.rules.at(stage);
    if rules.is_empty() {
        return;
    }
    let activation = call.activation(content.and_then(|content| content.value()), &[]);
    let sight = Sight::new(&activation);
    for expression in rules.iter().filter_map(|index| call.bundle.expressions.get(*index)) {
        judge(call, expression, &sight, content, report);
    }
}

/// Runs those rules of a stage that do not read the body, which is not there.
pub(super) fn run_without_body(call: &Call<'_>, stage: Stage, report: &mut Report<'_>) {
    let activation: Activation<'_> = call.activation(None, &[]);
    let sight = Sight::new(&activation);
    let rules = call.compiled.rules.at(stage).iter().filter_map(|index| call.bundle.expressions.get(*index));
    for expression in rules {
        if expression.reads_body {
            report.settle(expression.rule, || RuleResult::NotApplicable(Because::UnreadableBody));
        } else {
            judge(call, expression, &sight, None, report);
        }
    }
}

/// A fact because of which a rule cannot be judged.
pub(super) enum Hindrance {
    /// It is asked for on demand, and the rule has come to it.
    Wanted(usize),
    /// The VNFM's answer does not have the form that the API describes.
    Unfit(usize),
}

/// Judges by one rule. One that cannot be evaluated is left out if the values are to
/// blame: a body that is known to break its schema, or a fact.
pub(super) fn judge(
    call: &Call<'_>,
    expression: &Expression,
    sight: &Sight<'_>,
    content: Option<&Content<'_>>,
    report: &mut Report<'_>,
) -> Option<Hindrance> {
    if !report.is_active(expression.rule) {
        report.settle(expression.rule, || RuleResult::Off);
        return None;
    }
    let direct = expression.direct.as_ref().and_then(|direct| direct.judge(sight.activation));
    let evaluated = direct.map_or_else(
        || {
            evaluate(expression, sight.context(), call.violations(), &mut |item, context| {
                let entry = call.bundle.rules.get(expression.rule);
                let detail = expression
                    .detail
                    .as_ref()
                    .and_then(|detail| detail.text(context).ok())
                    .map(|detail| text::clean(&detail))
                    // A detail that says nothing does not count.
                    .filter(|detail| !detail.is_empty());
                let detail =
                    detail.unwrap_or_else(|| entry.map_or_else(String::new, |entry| format!("{}.", entry.title)));
                let status = match expression.stage {
                    Stage::Body => schema_status(call, expression.rule),
                    _ => entry.map_or(500, |entry| entry.status),
                };
                report.values(expression.rule, || expression.require.parts(context));
                report.fail_as(expression.rule, status, location(call, expression, item), detail);
            })
        },
        Ok,
    );
    if report.keeps_values() && evaluated.is_ok() {
        report.values(expression.rule, || fault::values(expression, sight.context()));
    }
    match evaluated {
        Ok(Applied::No) => report.settle(expression.rule, || RuleResult::Excluded),
        Ok(Applied::Once) => report.looks_at(&[expression.rule]),
        Ok(Applied::To(items)) => report.settle(expression.rule, || RuleResult::Held { items: Some(items) }),
        Err(ExecutionError::UndeclaredReference(name)) if let Some(fact) = on_demand(call, expression, &name) => {
            return Some(Hindrance::Wanted(fact));
        }
        Err(_) if content.is_some_and(Content::is_invalid) => {
            report.settle(expression.rule, || RuleResult::NotApplicable(Because::InvalidBody));
        }
        Err(error) => {
            // With `onError` the author says what becomes of the rule.
            if expression.on_error == OnError::Deny {
                match misfit::find(call, expression, content, sight.activation.facts) {
                    Some(Misfit::Body(pointer)) => {
                        left_out(call, expression, &pointer, report);
                        return None;
                    }
                    Some(Misfit::Fact(fact)) => return Some(Hindrance::Unfit(fact)),
                    None => {}
                }
            }
            let fault = report.is_traced().then(|| fault::find(expression, sight.context())).flatten();
            let (place, values) = fault.map_or_else(Default::default, |fault| (Some(fault.place), fault.values));
            report.values(expression.rule, || values);
            not_evaluated(call, expression, report);
            report.settle(expression.rule, || RuleResult::NotEvaluated { error: error.to_string(), place });
        }
    }
    None
}

/// A fact of that name that the rule asks for on demand.
fn on_demand(call: &Call<'_>, expression: &Expression, name: &str) -> Option<usize> {
    let facts = &call.bundle.ir.facts;
    expression.on_demand.iter().copied().find(|fact| facts.get(*fact).is_some_and(|fact| fact.name == name))
}

/// Says that a rule does not judge a body that breaks its schema there.
fn left_out(call: &Call<'_>, expression: &Expression, pointer: &str, report: &mut Report<'_>) {
    let id = call.bundle.rules.get(expression.rule).map_or("", |entry| entry.id.as_str());
    let place = if pointer.is_empty() { "the request body" } else { pointer };
    let detail = format!(
        "The rule {id} was left out: it reads {}, which does not have the form that its schema describes.",
        text::clean(place)
    );
    report.warn(expression.rule, Location::Body(pointer.to_owned()), detail);
}

/// What a rule that cannot be evaluated means.
fn not_evaluated(call: &Call<'_>, expression: &Expression, report: &mut Report<'_>) {
    let severity = match expression.on_error {
        OnError::Deny => report.severity(expression.rule),
        OnError::Warn => report.severity(expression.rule).min(Severity::Warn),
        OnError::Skip => return,
    };
    let id = call.bundle.rules.get(expression.rule).map_or("", |entry| entry.id.as_str());
    let detail = format!(
        "The rule {id} could not be evaluated for this request. This is a fault of the policy: tell its operator the id of the rule."
    );
    report.not_evaluated(expression.rule, severity, location(call, expression, None), detail);
}

/// One item of `forEach`: its index, and itself if it is a string.
struct Item {
    index: usize,
    text: Option<String>,
}

fn location(call: &Call<'_>, expression: &Expression, item: Option<Item>) -> Location {
    if let Some(name) = &expression.parameter {
        let is_in_path = call.path.iter().any(|(variable, _)| variable == name);
        return if is_in_path { Location::Path(name.clone()) } else { Location::Query(name.clone()) };
    }
    match (&expression.header, &expression.pointer) {
        (Some(header), _) => Location::Header(header.clone()),
        (None, Some(pointer)) => Location::Body(match item {
            Some(Item { index, text }) => {
                let mut segment = String::new();
                text.iter().for_each(|text| push_segment(&mut segment, text));
                pointer.replace("{index}", &index.to_string()).replace("/{item}", &segment)
            }
            None => pointer.replace("/{index}", "").replace("/{item}", ""),
        }),
        (None, None) if expression.stage == Stage::Body => Location::Body(String::new()),
        (None, None) => Location::Request,
    }
}

/// Whether a rule's guard holds. It must not read facts that are not known.
pub(super) fn applies(expression: &Expression, sight: &Sight<'_>) -> Result<bool, ExecutionError> {
    match expression.direct.as_ref().and_then(|direct| direct.applies(sight.activation)) {
        Some(applies) => Ok(applies),
        None => guard(expression, sight.context()),
    }
}

fn guard(expression: &Expression, context: &Context<'_, '_>) -> Result<bool, ExecutionError> {
    let Some(when) = &expression.when else {
        return Ok(true);
    };
    if !expression.variables_first {
        return when.holds(context);
    }
    let mut scope = context.new_inner_scope();
    define(expression, &mut scope)?;
    when.holds(&scope)
}

fn define(expression: &Expression, scope: &mut Context<'_, '_>) -> Result<(), ExecutionError> {
    for (name, program) in &expression.variables {
        let value = program.value(scope)?;
        scope.add_variable_as_val(name.as_str(), value);
    }
    Ok(())
}

/// Calls `failed` every time that the requirement does not hold, at most `limit` times:
/// with the item, if there are items.
fn evaluate(
    expression: &Expression,
    context: &Context<'_, '_>,
    limit: usize,
    failed: &mut dyn FnMut(Option<Item>, &Context<'_, '_>),
) -> Result<Applied, ExecutionError> {
    if expression.variables.is_empty() && expression.for_each.is_none() {
        if !guard(expression, context)? {
            return Ok(Applied::No);
        }
        if !expression.require.holds(context)? {
            failed(None, context);
        }
        return Ok(Applied::Once);
    }
    let mut scope = context.new_inner_scope();
    if expression.variables_first {
        define(expression, &mut scope)?;
    }
    if let Some(when) = &expression.when
        && !when.holds(&scope)?
    {
        return Ok(Applied::No);
    }
    if !expression.variables_first {
        define(expression, &mut scope)?;
    }
    let Some(for_each) = &expression.for_each else {
        if !expression.require.holds(&scope)? {
            failed(None, &scope);
        }
        return Ok(Applied::Once);
    };
    let list = for_each.value(&scope)?;
    let mut items = list
        .as_iterable()
        .ok_or_else(|| ExecutionError::UnexpectedType {
            got: list.get_type().name().to_owned(),
            want: "list".to_owned(),
        })?
        .iter();
    let mut index = 0usize;
    let mut failures = 0usize;
    while failures < limit
        && let Some(item) = items.next()
    {
        scope.add_variable_as_val("item", item.clone_as_boxed());
        scope.add_variable_as_val(
            "index",
            CowVal::owned(CelInt::from(i64::try_from(index).unwrap_or(i64::MAX))).into_owned(),
        );
        if !expression.require.holds(&scope)? {
            let text = item.downcast_ref::<CelString>().map(|text| text.inner().to_owned());
            failed(Some(Item { index, text }), &scope);
            failures = failures.saturating_add(1);
        }
        index = index.saturating_add(1);
    }
    Ok(Applied::To(index))
}
