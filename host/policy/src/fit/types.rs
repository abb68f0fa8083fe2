//! The types of what a component exports, as lines, to be compared with those of the contract.
//! They are found in the component's types alone: no function of it is looked at.

use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId, ComponentItem, ComponentValType,
};
use wasmparser::types::{Types, TypesRef};
use wasmparser::{Parser, ValidPayload, Validator, WasmFeatures};

/// The contract, as [`lines`] gives those of a component that keeps it.
pub(super) const CONTRACT: &str = include_str!("judge.txt");

/// Types that refer to each other again and again are as large as one likes.
const MOST_LINES: usize = 1024;

/// What the function of an exported interface takes and gives, a line for each type in it:
/// where it is, a colon, a space, and what it is. None if the component does not validate.
pub(super) fn lines(component: &[u8], interface: &str) -> Option<Vec<String>> {
    let types = types(component)?;
    let types = types.as_ref();
    let ComponentEntityType::Instance(interface) = types.component_item_for_export(interface)?.ty else {
        return Some(Vec::new());
    };
    let mut walk = Walk { types, lines: Vec::new() };
    for function in ["describe", "evaluate"] {
        if let Some(ComponentItem { ty: ComponentEntityType::Func(id), .. }) =
            types.get(interface)?.exports.get(function)
        {
            walk.function(function, *id);
        }
    }
    Some(walk.lines)
}

/// The first place where a component is not what the contract has, in words.
pub(super) fn difference(found: &[String]) -> Option<String> {
    let mut found = found.iter().map(String::as_str);
    let contract = CONTRACT.lines().find_map(|expected| {
        let line = found.next();
        (line != Some(expected)).then(|| {
            let (place, expected) = expected.split_once(": ").unwrap_or((expected, ""));
            match line.and_then(|line| line.split_once(": ")) {
                Some((other, found)) if other == place => {
                    format!("{place} is {found}, and the contract has {expected}")
                }
                _ => format!("{place} is not there; the contract has {expected}"),
            }
        })
    });
    contract.or_else(|| found.next().map(|line| format!("{line}, which the contract does not have")))
}

fn types(component: &[u8]) -> Option<Types> {
    // What wasmtime does not run, it says itself.
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut last = None;
    for payload in Parser::new(0).parse_all(component) {
        if let ValidPayload::End(types) = validator.payload(&payload.ok()?).ok()? {
            last = Some(types);
        }
    }
    last
}

struct Walk<'t> {
    types: TypesRef<'t>,
    lines: Vec<String>,
}

impl Walk<'_> {
    fn function(&mut self, name: &str, id: ComponentFuncTypeId) {
        let Some(function) = self.types.get(id) else { return };
        let parameters = function.params.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>().join(", ");
        let kind = if function.async_ { "an async function" } else { "a function" };
        self.lines.push(format!("{name}: {kind} of ({parameters})"));
        for (parameter, ty) in &function.params {
            self.value(&format!("{name}({parameter})"), *ty);
        }
        if let Some(result) = function.result {
            self.value(&format!("{name}()"), result);
        }
    }

    fn value(&mut self, place: &str, ty: ComponentValType) {
        if self.lines.len() >= MOST_LINES {
            return;
        }
        let id = match ty {
            ComponentValType::Primitive(primitive) => return self.lines.push(format!("{place}: {primitive}")),
            ComponentValType::Type(id) => id,
        };
        let Some(defined) = self.types.get(id) else { return };
        let listed = |names: Vec<String>| names.join(", ");
        match defined {
            ComponentDefinedType::Primitive(primitive) => self.lines.push(format!("{place}: {primitive}")),
            ComponentDefinedType::Record(record) => {
                let names = record.fields.keys().map(ToString::to_string).collect();
                self.lines.push(format!("{place}: a record of {}", listed(names)));
                for (name, ty) in &record.fields {
                    self.value(&format!("{place}.{name}"), *ty);
                }
            }
            ComponentDefinedType::Variant(variant) => {
                let names = variant.cases.keys().map(ToString::to_string).collect();
                self.lines.push(format!("{place}: a variant of {}", listed(names)));
                for (name, case) in &variant.cases {
                    if let Some(ty) = case.ty {
                        self.value(&format!("{place}.{name}"), ty);
                    }
                }
            }
            ComponentDefinedType::Enum(names) => {
                let names = names.iter().map(ToString::to_string).collect();
                self.lines.push(format!("{place}: an enum of {}", listed(names)));
            }
            ComponentDefinedType::Tuple(tuple) => {
                self.lines.push(format!("{place}: a tuple of {}", tuple.types.len()));
                for (index, ty) in tuple.types.iter().enumerate() {
                    self.value(&format!("{place}.{index}"), *ty);
                }
            }
            ComponentDefinedType::List { element, .. } => {
                self.lines.push(format!("{place}: a list"));
                self.value(&format!("{place}[]"), *element);
            }
            ComponentDefinedType::Option { ty, .. } => {
                self.lines.push(format!("{place}: an option"));
                self.value(&format!("{place}?"), *ty);
            }
            // The contract has no others.
            _ => self.lines.push(format!("{place}: of another kind")),
        }
    }
}

#[cfg(all(test, feature = "default-policy"))]
mod tests {
    use super::*;

    /// Engine and host read wit/policy.wit; this file follows from it.
    #[test]
    fn the_lines_of_the_contract_are_those_of_the_policies_that_keep_it() {
        let component = solgate_default::VNFLCM_V2.unpack().unwrap_or_default();
        let lines = lines(&component, "solgate:policy/judge@1.0.0").unwrap_or_default();
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fit/judge.txt");
            assert!(std::fs::write(path, &text).is_ok(), "it is written");
        } else {
            assert_eq!(text, CONTRACT, "BLESS=1 writes it");
            assert_eq!(difference(&lines), None);
        }
    }
}
