//! What became of an expression, for people and programs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value, json};
use solgate_author::eval::{Scene, SceneError};
use solgate_bundle::VARIABLES;
use solgate_document::suggest::did_you_mean;
use solgate_engine::cel_env::{EvalError, Evaluated, PartValue};

use super::Ended;
use crate::commands::output::{note, print};
use crate::commands::test::notation::shown;

const VALUE: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
const FAILED: Style = AnsiColor::Red.on_default().bold();

/// Names that mean something in a rule only.
pub(super) const OF_RULES: [&str; 3] = ["variables", "item", "index"];

/// An expression and what became of it.
pub struct Told {
    expression: String,
    /// With the values of functions in the place of their calls, as it is evaluated.
    evaluated: String,
    operation: Option<String>,
    result: Result<Evaluated, SceneError>,
    hint: Option<String>,
}

impl Told {
    pub async fn new(scene: &Scene, expression: &str) -> Self {
        let evaluated = solgate_bundle::expanded(expression, scene.functions());
        let result = scene.evaluate(&evaluated).await;
        let hint = result.as_ref().err().and_then(|error| hint(scene, &evaluated, error));
        let operation = scene.operation().map(str::to_owned);
        Self { expression: expression.to_owned(), evaluated, operation, result, hint }
    }

    pub fn ended(&self) -> Ended {
        match &self.result {
            Ok(_) => Ended::WithValue,
            Err(SceneError::Expression(EvalError::Failed { .. }) | SceneError::Lacking { .. }) => Ended::Failed,
            Err(_) => Ended::NotAccepted,
        }
    }

    /// The value on standard output, an error on standard error.
    pub fn print(&self) -> anyhow::Result<()> {
        match &self.result {
            Ok(Evaluated { value, kind, parts }) => {
                let mut text = format!("{VALUE}{}{VALUE:#} {QUIET}({kind}){QUIET:#}\n", shown(value));
                // The whole is no part.
                let parts: Vec<&PartValue> = parts.iter().filter(|part| !self.is_whole(part)).collect();
                write_parts(&parts, &mut text);
                print(&text)
            }
            Err(error) => {
                note(&self.fault(error));
                Ok(())
            }
        }
    }

    fn is_whole(&self, part: &PartValue) -> bool {
        let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        plain(&part.expression) == plain(&self.evaluated)
    }

    /// An error with its place.
    fn fault(&self, error: &SceneError) -> String {
        let mut text = format!("{FAILED}error{FAILED:#} {}\n", shown(&message(error)));
        if let Some((line, column)) = place(error)
            && let Some(source) = self.evaluated.lines().nth(line.saturating_sub(1))
        {
            let before: String = source.chars().take(column.saturating_sub(1)).map(|_| ' ').collect();
            let _ = writeln!(text, "  {}\n  {before}{FAILED}^{FAILED:#}", shown(source));
        }
        if let SceneError::Expression(EvalError::Failed { part, parts, .. }) = error {
            if let Some(part) = part {
                let _ = writeln!(text, "  this cannot be evaluated: {}", shown(part));
            }
            write_parts(&parts.iter().collect::<Vec<_>>(), &mut text);
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "  {QUIET}help:{QUIET:#} {}", shown(hint));
        }
        text
    }

    pub fn json(&self) -> Value {
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        add("expression", json!(self.expression));
        add("operation", json!(self.operation));
        match &self.result {
            Ok(Evaluated { value, kind, parts }) => {
                // What is no JSON is a text that says what it is.
                add("value", serde_json::from_str(value).unwrap_or_else(|_| Value::from(value.as_str())));
                add("type", json!(kind));
                add("parts", parts.iter().map(part).collect());
            }
            Err(error) => {
                if let SceneError::Expression(EvalError::Failed { parts, .. }) = error {
                    add("parts", parts.iter().map(part).collect());
                }
                add("error", self.error(error));
            }
        }
        Value::Object(members)
    }

    fn error(&self, error: &SceneError) -> Value {
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        add("message", json!(message(error)));
        if let Some((line, column)) = place(error) {
            add("line", json!(line));
            add("column", json!(column));
        }
        if let SceneError::Expression(EvalError::Failed { part: Some(part), .. }) = error {
            add("part", json!(part));
        }
        if let Some(hint) = &self.hint {
            add("help", json!(hint));
        }
        Value::Object(members)
    }
}

fn part(part: &PartValue) -> Value {
    json!({ "expression": part.expression, "value": part.value })
}

fn write_parts(parts: &[&PartValue], text: &mut String) {
    for part in parts {
        let _ = writeln!(text, "  {QUIET}{} is {}{QUIET:#}", shown(&part.expression), shown(&part.value));
    }
}

fn message(error: &SceneError) -> String {
    match error {
        SceneError::Expression(EvalError::Refused(refused)) => {
            let message = solgate_bundle::brief_message(&refused.message);
            let (line, column) = (refused.line, refused.column);
            format!("the expression is not accepted: {message} (line {line}, column {column})")
        }
        error => error.to_string(),
    }
}

fn place(error: &SceneError) -> Option<(usize, usize)> {
    match error {
        SceneError::Expression(EvalError::Refused(error)) => Some((error.line, error.column)),
        SceneError::Expression(EvalError::Unknown { line, column, .. } | EvalError::Failed { line, column, .. }) => {
            Some((*line, *column))
        }
        SceneError::Missing(_) | SceneError::Lacking { .. } => None,
    }
}

fn hint(scene: &Scene, expression: &str, error: &SceneError) -> Option<String> {
    match error {
        SceneError::Expression(EvalError::Refused(error)) => {
            let ours = scene.functions().iter().map(|function| function.name.as_str());
            let meant = error.unknown_function.as_ref().and_then(|name| did_you_mean(name, ours));
            meant.or_else(|| solgate_bundle::expression_hint(expression, error))
        }
        SceneError::Expression(EvalError::Unknown { name, .. }) => {
            if OF_RULES.contains(&name.as_str()) {
                return Some(
                    "a rule's own variables and items are not known here; write what they stand for".to_owned(),
                );
            }
            let named = scene.names().find(|(known, _)| known == name).map(|(_, written)| written);
            named.filter(|written| written != name).map(|written| format!("did you mean `{written}`?")).or_else(|| {
                let names: Vec<String> = scene.names().map(|(known, _)| known).collect();
                let roots = VARIABLES.into_iter().filter(|name| !OF_RULES.contains(name));
                did_you_mean(name, roots.chain(names.iter().map(String::as_str)))
            })
        }
        SceneError::Missing(missing) => {
            let asks = missing.target.as_ref().map_or_else(String::new, |target| format!(" (GET {target})"));
            let example = json!({ (missing.name.as_str()): missing.example });
            Some(format!("put what the VNFM would answer{asks} into the file of --facts, for example {example}"))
        }
        SceneError::Expression(EvalError::Failed { .. }) if !scene.has_request() => {
            Some("there is no request; give one with --request, or a case with --case".to_owned())
        }
        _ => None,
    }
}
