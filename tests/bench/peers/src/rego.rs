//! Regorus: its interpreter of compiled policies, and its virtual machine.

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{CompiledPolicy, Engine, Value};
use solgate_slices::Peer;

const RULES: &str = include_str!("../../rules/rules.rego");
const ENTRY: &str = "data.bench.broken";

/// A compiled policy, as several threads would share it.
pub struct Interpreter {
    policy: CompiledPolicy,
}

/// The register machine, which is used again for every document.
pub struct Machine {
    machine: RegoVM,
}

fn compiled() -> anyhow::Result<CompiledPolicy> {
    let mut engine = Engine::new();
    engine.add_policy("rules.rego".to_owned(), RULES.to_owned())?;
    engine.compile_with_entrypoint(&ENTRY.into())
}

fn names(value: &Value) -> anyhow::Result<Vec<String>> {
    value.as_set()?.iter().map(|name| Ok(name.as_string()?.to_string())).collect()
}

impl Interpreter {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { policy: compiled()? })
    }
}

impl Peer for Interpreter {
    fn name(&self) -> String {
        "Regorus 0.14.1, interpreter".to_owned()
    }

    fn broken(&mut self, document: &str) -> anyhow::Result<Vec<String>> {
        names(&self.policy.eval_with_input(Value::from_json_str(document)?)?)
    }
}

impl Machine {
    pub fn new() -> anyhow::Result<Self> {
        let mut machine = RegoVM::new();
        machine.load_program(Compiler::compile_from_policy(&compiled()?, &[ENTRY])?);
        Ok(Self { machine })
    }
}

impl Peer for Machine {
    fn name(&self) -> String {
        "Regorus 0.14.1, RVM".to_owned()
    }

    fn broken(&mut self, document: &str) -> anyhow::Result<Vec<String>> {
        self.machine.set_input(Value::from_json_str(document)?);
        names(&self.machine.execute()?)
    }
}
