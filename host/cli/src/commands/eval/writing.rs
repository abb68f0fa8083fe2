//! How an expression is written at the prompt: names are completed, and one that is not finished
//! goes on in the next line.

use rustyline::Context;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use solgate_author::eval::Scene;
use solgate_bundle::{VARIABLES, is_unfinished};
use solgate_engine::cel_env::FUNCTIONS;

use super::told::OF_RULES;

/// What can be completed.
pub struct Writing {
    /// Sorted, each once.
    names: Vec<String>,
}

impl Writing {
    pub fn new(scene: &Scene) -> Self {
        let roots = VARIABLES.into_iter().filter(|name| !OF_RULES.contains(name)).map(str::to_owned);
        let functions = FUNCTIONS.iter().map(|name| format!("{name}("));
        let ours = scene.functions().iter().map(|function| format!("{}(", function.name));
        let mut names: Vec<String> =
            roots.chain(scene.names().map(|(_, written)| written)).chain(functions).chain(ours).collect();
        names.sort();
        names.dedup();
        Self { names }
    }
}

impl Completer for Writing {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..at).unwrap_or(line);
        let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')).len();
        let word = before.get(start..).unwrap_or_default();
        let found: Vec<String> =
            self.names.iter().filter(|name| !word.is_empty() && name.starts_with(word)).cloned().collect();
        // Behind a value there may be a function, as in now.getHours().
        let behind = before.rfind('.').map_or(start, |dot| dot.saturating_add(1));
        let part = before.get(behind..).filter(|part| found.is_empty() && behind > start && !part.is_empty());
        Ok(match part {
            Some(part) => {
                let functions = FUNCTIONS.iter().filter(|name| name.starts_with(part) && !name.contains('.'));
                (behind, functions.map(|name| format!("{name}(")).collect())
            }
            None => (start, found),
        })
    }
}

impl Validator for Writing {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let written = context.input();
        // An empty line ends it, whatever is missing.
        let goes_on = is_unfinished(written) && !written.trim_end_matches(' ').ends_with('\n');
        Ok(if goes_on { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Hinter for Writing {
    type Hint = String;
}

impl Highlighter for Writing {}

impl rustyline::Helper for Writing {}
