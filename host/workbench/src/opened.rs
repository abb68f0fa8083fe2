//! What is looked at: the bundle in a folder, which can be edited, or a policy's file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use solgate::policy::Policy;
use solgate_bundle::bake::bundle_of;
use solgate_bundle::{BuildOptions, Compiled, Diagnostics, Failure, compile_unsaved};
use solgate_cases::{Case, Source};
use solgate_contract::manifest::Manifest;
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;
use solgate_page_data::compiled;

use crate::fault::Fault;
use crate::folder::{Folder, OpenError};
use crate::program::Program;

/// Texts that the page holds and has not saved, by the names of their files.
pub(crate) type Files = BTreeMap<String, String>;

/// What the workbench shows.
pub struct Opened(pub(crate) Kind);

pub(crate) enum Kind {
    Folder(Folder),
    Policy(Box<Carried>),
}

/// A policy's file and what it carries.
pub(crate) struct Carried {
    /// As it was named.
    pub named: String,
    pub component: Vec<u8>,
    pub policy: Arc<Policy>,
    /// `None` of a policy in another language.
    pub bundle: Option<Bundle>,
    pub cases: Vec<Case>,
    /// Its files of cases.
    pub files: Vec<Source>,
}

/// What is judged, tested and described: the bundle with the texts of the page, or the policy
/// of the file.
pub(crate) struct Subject {
    pub bundle: Option<Bundle>,
    pub manifest: Manifest,
    pub cases: Vec<Case>,
    /// Of a folder.
    pub compiled: Option<Compiled>,
}

impl Opened {
    /// A bundle, to be edited.
    ///
    /// # Errors
    /// If there is no bundle in the folder.
    pub fn folder(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(Kind::Folder(Folder::open(path)?)))
    }

    /// A policy, to be looked at: its file and the policy that was loaded of it.
    ///
    /// # Errors
    /// If the cases that it carries cannot be read.
    pub fn policy(named: &Path, component: Vec<u8>, policy: Arc<Policy>) -> Result<Self, OpenError> {
        let refused = |why: String| OpenError::Policy { path: named.to_owned(), why };
        let files = solgate_cases::embedded_files(&component).map_err(|error| refused(error.to_string()))?;
        let cases = solgate_cases::embedded(&component, &policy.manifest().into())
            .map_err(|error| refused(format!("its cases: {}", error.to_string().trim_end())))?;
        let bundle = bundle_of(&component).ok();
        let named = named.display().to_string();
        Ok(Self(Kind::Policy(Box::new(Carried { named, component, policy, bundle, cases, files }))))
    }

    /// What people know it by: the whole path of a folder, which may have been named by a dot.
    pub(crate) fn named(&self) -> PathBuf {
        match &self.0 {
            Kind::Folder(folder) => folder.root().to_owned(),
            Kind::Policy(carried) => PathBuf::from(&carried.named),
        }
    }

    /// The bundle as the page has it.
    pub(crate) fn subject(&self, files: Files) -> Result<Subject, Fault> {
        match &self.0 {
            Kind::Folder(folder) => {
                let compiled = compile(folder, files)?.map_err(Fault::Mistakes)?;
                Ok(Subject {
                    manifest: engine(&compiled.bundle)?.manifest(),
                    bundle: Some(compiled.bundle.clone()),
                    cases: compiled.cases.clone(),
                    compiled: Some(compiled),
                })
            }
            Kind::Policy(carried) => Ok(Subject {
                bundle: carried.bundle.clone(),
                manifest: carried.policy.manifest().clone(),
                cases: carried.cases.clone(),
                compiled: None,
            }),
        }
    }

    /// The policy of a subject in its sandbox, as `solgate test` has it.
    pub(crate) fn sandboxed(&self, subject: &Subject, program: &dyn Program) -> Result<Arc<Policy>, Fault> {
        match &self.0 {
            Kind::Folder(folder) => program.sandboxed(&folder.named, subject.rules()?).map_err(Fault::Failed),
            Kind::Policy(carried) => Ok(Arc::clone(&carried.policy)),
        }
    }

    /// The same without a sandbox if it is a folder's, as `solgate replay` has it.
    pub(crate) fn unsandboxed(&self, subject: &Subject) -> Result<Arc<Policy>, Fault> {
        match &self.0 {
            Kind::Folder(_) => {
                let judge = solgate_unsandboxed::judge(subject.rules()?.clone());
                let policy = Policy::without_sandbox(judge.map_err(|error| Fault::Failed(error.to_string()))?);
                Ok(Arc::new(policy))
            }
            Kind::Policy(carried) => Ok(Arc::clone(&carried.policy)),
        }
    }
}

impl Subject {
    /// The compiled bundle.
    pub fn rules(&self) -> Result<&Bundle, Fault> {
        self.bundle.as_ref().ok_or(Fault::NoBundle)
    }

    /// Where each rule stands, by id; nothing of a policy's file.
    pub fn places(&self) -> Value {
        self.compiled.as_ref().map_or_else(|| json!({}), compiled::places)
    }
}

/// Compiles the bundle in a folder with the texts of the page; the inner error is what is
/// wrong with it.
pub(crate) fn compile(folder: &Folder, files: Files) -> Result<Result<Compiled, Diagnostics>, Fault> {
    let unsaved = Arc::new(folder.unsaved(files)?);
    match compile_unsaved(folder.root(), &BuildOptions::default(), unsaved) {
        Ok(compiled) => Ok(Ok(compiled)),
        Err(Failure::Mistakes(mistakes)) => Ok(Err(mistakes)),
        Err(failure) => Err(Fault::Failed(failure.to_string())),
    }
}

pub(crate) fn engine(bundle: &Bundle) -> Result<Engine, Fault> {
    Engine::new(bundle.clone()).map_err(|error| Fault::Failed(format!("the engine refuses the bundle: {error}")))
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("path", &self.named()).finish_non_exhaustive()
    }
}
