//! What a page asks of the compiler.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use solgate_bundle::authoring::Knowledge;
use solgate_bundle::bake::{self, BakeError, Prepared};
use solgate_bundle::{BuildOptions, Compiled, Failure, Texts, compile_texts, render};
use solgate_engine::{Engine, InitError};
use solgate_page_data::assistance::{self, At};
use solgate_page_data::{Book, Given, compiled};
use wasmparser::{Parser, Payload};

use crate::instance::Told;

/// The bundle that a page edits, and the engine that it is baked with.
#[derive(Debug, Default)]
pub struct Desk {
    texts: Arc<Texts>,
    /// The last bundle without mistakes.
    compiled: Option<Compiled>,
    engine: Vec<u8>,
}

/// Why there is no answer. What is wrong with the bundle is an answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the question cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("the question ends early")]
    Short,
    #[error(transparent)]
    Compiler(#[from] Failure),
    #[error("a file cannot be read: {0}")]
    Files(#[from] solgate_bundle::IoError),
    #[error("the page has not told the state of the engine as a whole")]
    State,
    #[error("no bundle has been compiled")]
    NoBundle,
    #[error("the engine refuses the bundle: {0}")]
    Refused(#[from] InitError),
    #[error(transparent)]
    Bake(#[from] BakeError),
    #[error("the component that was baked cannot be read: {0}")]
    Component(#[from] wasmparser::BinaryReaderError),
}

/// A bundle to be compiled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    files: BTreeMap<String, String>,
    set: Vec<(String, String)>,
}

/// A place in a file, with the text that the file has now.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: String,
    text: String,
    position: At,
}

/// A policy file.
#[derive(Debug)]
pub struct Baked {
    pub component: Vec<u8>,
    /// Where its core module stands in it.
    pub module: Range<usize>,
}

impl Desk {
    /// Compiles a bundle: `{ files, set }`. The answer says what is wrong with it, also in the
    /// words of `solgate lint`.
    ///
    /// # Errors
    /// If the question cannot be read, or the compiler is at fault.
    pub fn compile(&mut self, question: &[u8]) -> Result<Value, Fault> {
        let Bundle { files, set } = serde_json::from_slice(question)?;
        self.texts = Arc::new(files.into_iter().collect());
        let options = BuildOptions { set, ..BuildOptions::default() };
        let (mut answer, lint) = match compile_texts(&self.texts, &options) {
            Ok(compiled) => {
                let lint = render(&compiled.warnings, &compiled.sources, false);
                let answer = compiled::good(&compiled);
                self.compiled = Some(compiled);
                (answer, lint)
            }
            Err(Failure::Mistakes(mistakes)) => {
                let lint = mistakes.render(false);
                (compiled::bad(mistakes), lint)
            }
            Err(other) => return Err(other.into()),
        };
        if let Value::Object(members) = &mut answer {
            members.insert("lint".to_owned(), lint.into());
        }
        Ok(answer)
    }

    /// What can stand at a place: `{ path, text, position }`.
    ///
    /// # Errors
    /// If the question cannot be read.
    pub fn complete(&self, question: &[u8]) -> Result<Value, Fault> {
        self.look(question, assistance::complete)
    }

    /// What stands at a place.
    ///
    /// # Errors
    /// If the question cannot be read.
    pub fn explain(&self, question: &[u8]) -> Result<Value, Fault> {
        self.look(question, assistance::explain)
    }

    fn look(&self, question: &[u8], found: fn(Option<Knowledge>, &str, &str, At) -> Value) -> Result<Value, Fault> {
        let Place { path, text, position } = serde_json::from_slice(question)?;
        let known = self.texts.iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
        let texts: Texts = known.chain([(path.clone(), text.clone())]).collect();
        Ok(found(Knowledge::of_texts(&Arc::new(texts))?, &path, &text, position))
    }

    /// The cases and the rule book of the bundle that was compiled last, as a site has them.
    ///
    /// # Errors
    /// If no bundle has been compiled.
    pub fn subject(&self) -> Result<Value, Fault> {
        let compiled = self.compiled()?;
        let manifest = Engine::new(compiled.bundle.clone())?.manifest();
        let cases: Vec<Given<'_>> = compiled.cases.iter().map(Given::from).collect();
        Ok(json!({ "cases": cases, "book": Book::of_bundle(&compiled.bundle, &manifest) }))
    }

    /// Takes the module of the engine, and gives the one that is to be run in its place.
    ///
    /// # Errors
    /// If it is not the module of an engine.
    pub fn prepare(&mut self, engine: &[u8]) -> Result<Vec<u8>, Fault> {
        engine.clone_into(&mut self.engine);
        Ok(Prepared::of(&self.engine)?.instrumented)
    }

    /// What an instance of that module is to be told: the bundle that was compiled last.
    ///
    /// # Errors
    /// If no bundle has been compiled.
    pub fn data(&self) -> Result<Vec<u8>, Fault> {
        Ok(bake::data(&self.compiled()?.bundle)?)
    }

    /// The policy file, of an instance that has been told the bundle. `state` has the number of bytes
    /// of the following JSON (four bytes, the lowest first), its globals by name as JSON, and its memory.
    ///
    /// # Errors
    /// If the state is not that of such an instance.
    pub fn bake(&self, state: &[u8]) -> Result<Baked, Fault> {
        let (length, rest) = state.split_first_chunk().ok_or(Fault::Short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (globals, memory) = rest.split_at_checked(length).ok_or(Fault::Short)?;
        let mut instance = Told { globals: serde_json::from_slice(globals)?, memory, is_incomplete: false };
        let compiled = self.compiled()?;
        let prepared = Prepared::of(&self.engine)?;
        let component = prepared.component(&mut instance, &bake::data(&compiled.bundle)?)?;
        if instance.is_incomplete {
            return Err(Fault::State);
        }
        let component = compiled.with_cases(component)?;
        let module = core_module(&component)?;
        Ok(Baked { component, module })
    }

    fn compiled(&self) -> Result<&Compiled, Fault> {
        self.compiled.as_ref().ok_or(Fault::NoBundle)
    }
}

/// Where the one core module of a policy stands.
fn core_module(component: &[u8]) -> Result<Range<usize>, Fault> {
    for part in Parser::new(0).parse_all(component) {
        if let Payload::ModuleSection { unchecked_range, .. } = part? {
            return Ok(unchecked_range);
        }
    }
    Err(Fault::Short)
}
