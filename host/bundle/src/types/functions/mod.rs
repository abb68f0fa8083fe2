//! All functions: how they are called, what they give, and when they cannot be evaluated.
//! The checker and the documentation read the same table.

mod lists;
mod names;
mod texts;
mod times;
mod values;

use super::kinds::Kinds;

/// A function, and what people are told of it.
pub(crate) struct Function {
    /// The ways to call it; one at least.
    pub calls: &'static [Signature],
    /// What it gives, in words.
    pub gives: &'static str,
    /// Values of the right kinds for which it cannot be evaluated, in words; `None` if
    /// there are none.
    pub fails: Option<&'static str>,
    /// An expression that is true, or one that needs a list or a window of policy.yaml.
    pub example: &'static str,
}

/// One way to call a function.
pub(crate) struct Signature {
    pub name: &'static str,
    /// Of `text.trim()` the text; `None` for functions that are called with all
    /// arguments in parentheses.
    pub receiver: Option<Kinds>,
    pub arguments: &'static [Kinds],
    pub result: Kinds,
}

impl Signature {
    /// How it is called, for a message.
    pub fn shown(&self) -> String {
        let name = |kinds: &Kinds| match *kinds {
            Kinds::TEXT => "TEXT",
            Kinds::NUMBER => "NUMBER",
            Kinds::LIST => "LIST",
            Kinds::OPTIONAL => "OPTIONAL",
            Kinds::BYTES => "BYTES",
            Kinds::TIMESTAMP => "TIMESTAMP",
            Kinds::DURATION => "DURATION",
            Kinds::VERSION => "VERSION",
            _ => "VALUE",
        };
        let arguments = self.arguments.iter().map(name).collect::<Vec<_>>().join(", ");
        match &self.receiver {
            Some(receiver) => format!("{}.{}({arguments})", name(receiver), self.name),
            None => format!("{}({arguments})", self.name),
        }
    }
}

const fn method(name: &'static str, receiver: Kinds, arguments: &'static [Kinds], result: Kinds) -> Signature {
    Signature { name, receiver: Some(receiver), arguments, result }
}

const fn function(name: &'static str, arguments: &'static [Kinds], result: Kinds) -> Signature {
    Signature { name, receiver: None, arguments, result }
}

/// A function that can always be evaluated.
const fn total(calls: &'static [Signature], gives: &'static str, example: &'static str) -> Function {
    Function { calls, gives, fails: None, example }
}

/// A function that cannot be evaluated for some values.
const fn partial(
    calls: &'static [Signature],
    gives: &'static str,
    fails: &'static str,
    example: &'static str,
) -> Function {
    Function { calls, gives, fails: Some(fails), example }
}

const TEXT: Kinds = Kinds::TEXT;
const NUMBER: Kinds = Kinds::NUMBER;
const BOOL: Kinds = Kinds::BOOL;
const BYTES: Kinds = Kinds::BYTES;
const LIST: Kinds = Kinds::LIST;
const ANY: Kinds = Kinds::ANY;
const OPTIONAL: Kinds = Kinds::OPTIONAL;
const TIMESTAMP: Kinds = Kinds::TIMESTAMP;
const DURATION: Kinds = Kinds::DURATION;
const VERSION: Kinds = Kinds::VERSION;

/// All functions; operators are told elsewhere.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    [texts::FUNCTIONS, lists::FUNCTIONS, values::FUNCTIONS, names::FUNCTIONS, times::FUNCTIONS].into_iter().flatten()
}

/// All ways to call functions.
pub(crate) fn signatures() -> impl Iterator<Item = &'static Signature> {
    all().flat_map(|function| function.calls)
}

/// The function of that name.
pub(crate) fn function_named(name: &str) -> Option<&'static Function> {
    all().find(|function| function.calls.first().is_some_and(|call| call.name == name))
}

/// The ways to call a function of that name.
pub(crate) fn named(name: &str) -> impl Iterator<Item = &'static Signature> {
    all().flat_map(|function| function.calls).filter(move |signature| signature.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use solgate_engine::cel_env::FUNCTIONS;

    use super::all;

    #[test]
    fn every_function_is_in_the_table_once() {
        let names: Vec<&str> =
            all().filter_map(|function| function.calls.first()).map(|signature| signature.name).collect();
        let ours: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(ours, FUNCTIONS.iter().copied().collect());
        assert_eq!(ours.len(), names.len());
        for function in all() {
            let mut names = function.calls.iter().map(|signature| signature.name);
            let first = names.next();
            assert!(first.is_some() && names.all(|name| Some(name) == first), "{first:?}");
        }
    }
}
