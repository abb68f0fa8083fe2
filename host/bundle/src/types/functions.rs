//! What functions take and give.

use super::kinds::Kinds;

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

const TEXT: Kinds = Kinds::TEXT;
const NUMBER: Kinds = Kinds::NUMBER;
const BOOL: Kinds = Kinds::BOOL;
const LIST: Kinds = Kinds::LIST;
const ANY: Kinds = Kinds::ANY;
const OPTIONAL: Kinds = Kinds::OPTIONAL;

/// All functions, in the order of their names; operators are told elsewhere.
pub(crate) const SIGNATURES: &[Signature] = &[
    function("bool", &[BOOL], BOOL),
    function("bool", &[TEXT], BOOL),
    function("bytes", &[TEXT], Kinds::BYTES),
    function("bytes", &[Kinds::BYTES], Kinds::BYTES),
    method("charAt", TEXT, &[NUMBER], TEXT),
    method("contains", TEXT, &[TEXT], BOOL),
    function("double", &[NUMBER], NUMBER),
    function("double", &[TEXT], NUMBER),
    function("dyn", &[ANY], ANY),
    method("distinct", LIST, &[], LIST),
    method("endsWith", TEXT, &[TEXT], BOOL),
    method("flatten", LIST, &[], LIST),
    method("format", TEXT, &[LIST], TEXT),
    method("hasValue", OPTIONAL, &[], BOOL),
    function("host", &[TEXT], TEXT),
    function("inCIDR", &[TEXT, TEXT], BOOL),
    function("inList", &[ANY, TEXT], BOOL),
    function("inWindow", &[ANY, NUMBER], BOOL),
    method("indexOf", TEXT, &[TEXT], NUMBER),
    method("indexOf", TEXT, &[TEXT, NUMBER], NUMBER),
    function("int", &[NUMBER], NUMBER),
    function("int", &[TEXT], NUMBER),
    function("isCIDR", &[TEXT], BOOL),
    function("isIP", &[TEXT], BOOL),
    method("join", LIST, &[], TEXT),
    method("join", LIST, &[TEXT], TEXT),
    method("lastIndexOf", TEXT, &[TEXT], NUMBER),
    method("lastIndexOf", TEXT, &[TEXT, NUMBER], NUMBER),
    method("lowerAscii", TEXT, &[], TEXT),
    function("matches", &[TEXT, ANY], BOOL),
    method("matches", TEXT, &[ANY], BOOL),
    method("max", LIST, &[], ANY),
    method("min", LIST, &[], ANY),
    function("optional.none", &[], OPTIONAL),
    function("optional.of", &[ANY], OPTIONAL),
    function("optional.ofNonZeroValue", &[ANY], OPTIONAL),
    method("or", OPTIONAL, &[OPTIONAL], OPTIONAL),
    method("orValue", OPTIONAL, &[ANY], ANY),
    method("replace", TEXT, &[TEXT, TEXT], TEXT),
    method("replace", TEXT, &[TEXT, TEXT, NUMBER], TEXT),
    method("reverse", TEXT, &[], TEXT),
    function("scheme", &[TEXT], TEXT),
    function("sets.contains", &[LIST, LIST], BOOL),
    function("sets.equivalent", &[LIST, LIST], BOOL),
    function("sets.intersects", &[LIST, LIST], BOOL),
    function("size", &[Kinds::SIZED], NUMBER),
    method("size", Kinds::SIZED, &[], NUMBER),
    method("sort", LIST, &[], LIST),
    method("split", TEXT, &[TEXT], LIST),
    method("split", TEXT, &[TEXT, NUMBER], LIST),
    method("startsWith", TEXT, &[TEXT], BOOL),
    function("string", &[Kinds::SHOWN], TEXT),
    function("strings.quote", &[TEXT], TEXT),
    method("substring", TEXT, &[NUMBER], TEXT),
    method("substring", TEXT, &[NUMBER, NUMBER], TEXT),
    method("sum", LIST, &[], NUMBER),
    function("toDouble", &[NUMBER], OPTIONAL),
    function("toDouble", &[TEXT], OPTIONAL),
    function("toInt", &[NUMBER], OPTIONAL),
    function("toInt", &[TEXT], OPTIONAL),
    method("trim", TEXT, &[], TEXT),
    function("type", &[ANY], Kinds::TYPE),
    function("uint", &[NUMBER], NUMBER),
    function("uint", &[TEXT], NUMBER),
    method("upperAscii", TEXT, &[], TEXT),
    method("value", OPTIONAL, &[], ANY),
];

/// The ways to call a function of that name.
pub(crate) fn named(name: &str) -> impl Iterator<Item = &'static Signature> {
    SIGNATURES.iter().filter(move |signature| signature.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use solgate_engine::cel_env::FUNCTIONS;

    use super::SIGNATURES;

    #[test]
    fn every_function_has_a_signature() {
        let ours: BTreeSet<&str> = SIGNATURES.iter().map(|signature| signature.name).collect();
        assert_eq!(ours, FUNCTIONS.iter().copied().collect());
    }
}
