//! The crate `cel` as its documentation has it: the whole document becomes a value,
//! and every rule is a program.

use ::cel::{Context, Program, Value, to_value};
use anyhow::{Context as _, bail};
use solgate_slices::Peer;

const RULES: &str = include_str!("../../rules/rules.cel");

/// Compiled rules, and the functions that they may call.
pub struct Cel {
    rules: Vec<(&'static str, Program)>,
    root: Context<'static, 'static>,
}

impl Cel {
    pub fn new() -> anyhow::Result<Self> {
        let lines = RULES.lines().filter(|line| !line.starts_with('#'));
        let rules = lines.map(|line| {
            let (name, expression) = line.split_once(": ").with_context(|| format!("a rule without a name: {line}"))?;
            Ok((name, Program::compile(expression).with_context(|| format!("the rule {name}"))?))
        });
        Ok(Self { rules: rules.collect::<anyhow::Result<_>>()?, root: Context::default() })
    }
}

impl Peer for Cel {
    fn name(&self) -> String {
        "cel 0.15.0, eager conversion".to_owned()
    }

    fn broken(&mut self, document: &str) -> anyhow::Result<Vec<String>> {
        let document: serde_json::Value = serde_json::from_str(document)?;
        let mut context = self.root.new_inner_scope();
        context.add_variable_from_value("body", to_value(document)?);
        let mut broken = Vec::new();
        for (name, rule) in &self.rules {
            match rule.execute(&context)? {
                Value::Bool(true) => {}
                Value::Bool(false) => broken.push((*name).to_owned()),
                other => bail!("the rule {name} is {other:?}"),
            }
        }
        Ok(broken)
    }
}
