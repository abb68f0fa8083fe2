//! How bad a failure is.

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::yaml::{Node, Value};
use solgate_engine::EngineRule;
use solgate_engine::ir::{OptionDef, OptionKind, Severity, SeveritySpec};

use crate::policy::unknown_option;

/// One severity, or one per option.
pub(super) fn read(
    node: Option<&Node>,
    engine: Option<&EngineRule>,
    options: &[OptionDef],
    report: &mut Report,
) -> Option<SeveritySpec> {
    let natural = engine.map_or(Severity::Deny, |rule| rule.severity);
    let Some(node) = node else {
        return Some(SeveritySpec { default: natural, by_option: Vec::new() });
    };
    let Value::Map(entries) = &node.value else {
        return Some(SeveritySpec {
            default: reader::choice(node, "`severity`", &Severity::NAMES, report)?,
            by_option: Vec::new(),
        });
    };
    let mut spec = SeveritySpec { default: natural, by_option: Vec::new() };
    if node.get("default").is_none() {
        report.mistake(node.at, "`severity` needs `default`").hint("what holds if none of the options is true");
    }
    let mut places = Vec::new();
    for (key, node) in entries {
        let severity = reader::choice(node, "a severity", &Severity::NAMES, report)?;
        if key.name == "default" {
            spec.default = severity;
            continue;
        }
        let name = key.name.split('.').next().unwrap_or(&key.name);
        match options.iter().find(|option| option.name == name) {
            None => unknown_option(key, options, report),
            Some(option) if name != key.name => {
                let value = key.name.split_once('.').map_or("", |(_, value)| value);
                if option.kind == OptionKind::String && option.values.iter().any(|known| known == value) {
                    spec.by_option.push((key.name.clone(), severity));
                    places.push(key.at);
                } else {
                    report
                        .mistake(key.at, format!("the option `{name}` does not have the value `{value}`"))
                        .hint("a severity depends on an option that is true or false, or on a value: `OPTION.VALUE`");
                }
            }
            Some(option) if option.kind != OptionKind::Boolean => {
                report.mistake(key.at, format!("the option `{}` is not true or false", key.name));
            }
            Some(_) => {
                spec.by_option.push((key.name.clone(), severity));
                places.push(key.at);
            }
        }
    }
    // The first option that is true decides, so only what follows matters.
    if node.get("default").is_none() {
        return Some(spec);
    }
    let idle = spec.by_option.iter().zip(places).rev().take_while(|((_, severity), _)| *severity == spec.default);
    for ((option, _), at) in idle {
        report
            .warning(at, format!("the option `{option}` changes nothing: the severity is the default's"))
            .hint("remove it, or give one of the two another severity");
    }
    Some(spec)
}
