//! Calls of functions, and macros.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr};
use solgate_engine::cel_env::FUNCTIONS;

use super::functions::{self, Signature};
use super::guards::variable_key;
use super::kinds::Kinds;
use super::sure::{Fact, Property};
use super::value::Value;
use super::walk::Walker;
use super::words::what;
use crate::expression::{Known, is_namespace};

impl<'n> Walker<'_, '_, 'n, '_> {
    pub(super) fn function(&mut self, call: &CallExpr, node: &IdedExpr) -> Value<'n> {
        let namespace = call.target.as_deref().filter(|target| is_namespace(target));
        let name = match namespace.map(|target| &target.expr) {
            Some(Expr::Ident(namespace)) => format!("{namespace}.{}", call.func_name),
            _ => call.func_name.clone(),
        };
        let target = call.target.as_deref().filter(|_| namespace.is_none());
        let receiver = target.map(|target| self.value(target));
        let arguments: Vec<_> = call.args.iter().map(|argument| self.value(argument)).collect();
        if !FUNCTIONS.contains(&name.as_str()) {
            return Value::ANY;
        }
        let called: Vec<&Signature> = functions::named(&name)
            .filter(|known| known.receiver.is_some() == target.is_some() && known.arguments.len() == arguments.len())
            .collect();
        if called.is_empty() {
            let hint = functions::named(&name).map(Signature::shown).collect::<Vec<_>>().join(", or ");
            let message = format!("`{name}` is not called like this");
            self.find(node, message, Some(format!("write {hint}")));
            return Value::ANY;
        }
        if let ("timestamp", [IdedExpr { expr: Expr::Ident(argument), .. }]) = (name.as_str(), call.args.as_slice())
            && argument == "receivedAt"
        {
            let message = "`timestamp` takes seconds since 1970, but receivedAt is in milliseconds".to_owned();
            self.find(node, message, Some("write now, which is the timestamp of receivedAt".to_owned()));
        }
        let takes = |known: &&&Signature| {
            let is_of = known.receiver.zip(receiver.as_ref()).is_none_or(|(kinds, value)| value.kinds.meets(kinds));
            is_of && known.arguments.iter().zip(&arguments).all(|(kinds, value)| value.kinds.meets(*kinds))
        };
        let fitting: Vec<&Signature> = called.iter().filter(takes).copied().collect();
        let Some(found) = fitting.first() else {
            self.misfit(&name, &called, target.zip(receiver.as_ref()), call, &arguments);
            return called.first().map_or(Value::ANY, |known| Value::of(known.result));
        };
        if let (Some(target), Some(list)) = (target, &receiver) {
            self.check_items(&name, target, list);
        }
        if name.starts_with("sets.") {
            for (list, value) in call.args.iter().zip(&arguments) {
                self.check_items(&name, list, value);
            }
        }
        let values: Vec<&Value<'n>> = receiver.iter().chain(&arguments).collect();
        let parts = target.into_iter().chain(&call.args);
        for (place, (part, value)) in parts.zip(&values).enumerate() {
            // Several ways to call it may take what the value can be.
            let taken = fitting.iter().filter_map(|known| known.receiver.iter().chain(known.arguments).nth(place));
            let taken = taken.fold(Kinds::NONE, |all, kinds| all | *kinds);
            self.check_kinds(part, value, taken);
        }
        self.check_call(&name, call, node, &values);
        match (name.as_str(), receiver, arguments.as_slice()) {
            ("orValue", Some(of), [other]) => of.held().or(other.clone()),
            ("value", Some(of), []) => of.held(),
            ("or", Some(of), [_]) => of,
            ("optional.of" | "optional.ofNonZeroValue", None, [held]) => Value::optional(held.clone()),
            ("dyn", None, [value]) => value.clone(),
            ("toInt" | "toDouble", None, [_]) => Value::optional(Value::of(Kinds::NUMBER)),
            ("toText", None, [_]) => Value::optional(Value::of(Kinds::TEXT)),
            ("distinct" | "sort", Some(of), []) => of,
            ("flatten", Some(of), []) => Value::list(match of.item() {
                item if item.kinds.is_within(Kinds::LIST) => item.item(),
                item if item.kinds.meets(Kinds::LIST) => Value::ANY,
                item => item,
            }),
            ("min" | "max", Some(of), []) => of.item(),
            ("split", ..) => Value::list(Value::of(Kinds::TEXT)),
            ("regex.extract" | "uriParameter", ..) => Value::optional(Value::of(Kinds::TEXT)),
            _ => Value::of(found.result),
        }
    }

    /// Says which part of a call is of the wrong kind.
    fn misfit(
        &mut self,
        name: &str,
        called: &[&Signature],
        target: Option<(&IdedExpr, &Value<'n>)>,
        call: &CallExpr,
        arguments: &[Value<'n>],
    ) {
        let all = |kinds: Vec<Kinds>| kinds.into_iter().fold(Kinds::NONE, |all, kinds| all | kinds);
        let mut parts: Vec<(&IdedExpr, &Value<'n>, Kinds)> = Vec::new();
        if let Some((node, value)) = target {
            parts.push((node, value, all(called.iter().filter_map(|known| known.receiver).collect())));
        }
        for (place, (node, value)) in call.args.iter().zip(arguments).enumerate() {
            let taken = called.iter().filter_map(|known| known.arguments.get(place).copied());
            parts.push((node, value, all(taken.collect())));
        }
        if let Some((node, value, taken)) = parts.into_iter().find(|(_, value, taken)| !value.kinds.meets(*taken)) {
            let message =
                format!("`{name}` takes {}, but {} is {}", taken.name(), what(node, value), value.kinds.name());
            let hint = if value.kinds.meets(Kinds::OPTIONAL) {
                Some("write .orValue(...) behind it".to_owned())
            } else if taken == Kinds::TEXT && value.kinds.meets(Kinds::SHOWN) {
                Some("write string(...) around it".to_owned())
            } else {
                None
            };
            self.find(node, message, hint);
        }
    }

    pub(super) fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Value<'n> {
        let range = self.value(&comprehension.iter_range);
        if !range.kinds.meets(Kinds::LIST | Kinds::MAP) {
            let message = format!(
                "{} is {}, and not a list that could be gone through",
                what(&comprehension.iter_range, &range),
                range.kinds.name()
            );
            let hint = range.kinds.meets(Kinds::OPTIONAL).then(|| "write .orValue([]) behind it".to_owned());
            self.find(&comprehension.iter_range, message, hint);
        } else {
            self.check_kinds(&comprehension.iter_range, &range, Kinds::LIST | Kinds::MAP);
        }
        let init = self.value(&comprehension.accu_init);
        // With one variable, an object gives its names.
        let (first, second) = match &comprehension.iter_var2 {
            None => (range.passed(), None),
            Some(name) if range.kinds.is_within(Kinds::MAP) => (Value::of(Kinds::TEXT), Some((name, range.item()))),
            Some(name) => (Value::ANY, Some((name, range.item()))),
        };
        let depth = self.names.bound.len();
        self.names.bound.push((comprehension.accu_var.clone(), init.clone()));
        self.names.bound.push((comprehension.iter_var.clone(), first));
        if let Some((name, value)) = second {
            self.names.bound.push((name.clone(), value));
        }
        let of_items = self.of_items_in(comprehension, depth);
        self.value(&comprehension.loop_cond);
        let step = self.knowing(Known::of(of_items), |walker| walker.value(&comprehension.loop_step));
        self.names.bound.truncate(depth);
        let collected = if init.kinds.is_within(Kinds::LIST) && step.kinds.is_within(Kinds::LIST) {
            Value::list(init.items().or(step.items()))
        } else {
            init.or(step)
        };
        self.names.bound.push((comprehension.accu_var.clone(), collected));
        let result = self.value(&comprehension.result);
        self.names.bound.truncate(depth);
        result
    }

    /// What is certain of the variables of a macro in each of its steps.
    fn of_items_in(&mut self, comprehension: &ComprehensionExpr, depth: usize) -> Vec<Fact> {
        let range = &comprehension.iter_range;
        // The list is outside of the macro's variables.
        let inner = self.names.bound.split_off(depth);
        let list = self.names.key(range);
        let first = variable_key(&comprehension.iter_var, depth.saturating_add(1));
        let mut facts = match &comprehension.iter_var2 {
            None => self.names.of_item(range, &first),
            Some(_) => vec![(first.clone(), Property::NotNegative)],
        };
        if let Some(list) = list {
            facts.push((list.clone(), Property::Holds(first.clone())));
            if comprehension.iter_var2.is_some() {
                facts.push((first, Property::Below(list)));
            }
        }
        self.names.bound.extend(inner);
        facts
    }
}
