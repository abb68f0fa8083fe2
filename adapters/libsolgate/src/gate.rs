//! The gate as C holds it: policies, settings, and its own sandbox.

use std::path::PathBuf;

use solgate::Request;
use solgate::fault::Fault;
use solgate::policy::{Engine, EngineConfig, PolicySources};
use solgate_config::GateMode;
use solgate_embedded::{EmbedError, EmbeddedGate, load};

use crate::answer::{About, Answer};
use crate::configuration;
use crate::evaluation::Evaluation;
use crate::received::Unreadable;

/// Policies and settings.
pub struct Gate {
    gate: EmbeddedGate,
    /// The process that made it.
    process: u32,
}

impl Gate {
    /// Loads the policies that the configuration names.
    ///
    /// # Errors
    /// The text is not understood, a policy cannot be loaded, or a setting names
    /// what no policy has.
    pub fn new(configuration: &[u8]) -> Result<Self, EmbedError> {
        let config = configuration::parse(configuration)?;
        let engine = Engine::new(EngineConfig { cache: cache(), ..EngineConfig::default() })?;
        let load = |sources: &PolicySources, isolation| load(&engine, sources, isolation);
        Ok(Self { gate: EmbeddedGate::new(config, None, &load)?, process: std::process::id() })
    }

    /// Begins to judge a request.
    pub fn evaluation(&self, request: Result<Request, Unreadable>) -> Evaluation {
        let request = match request {
            Ok(request) => request,
            Err(Unreadable { fault, target }) => return self.refused(target, &fault),
        };
        let gate = self.gate.current();
        if self.gate.config().mode == GateMode::Off {
            return Evaluation::decided(Answer::unjudged(&gate, &About::from(&request)));
        }
        // Threads do not survive a fork: nothing would end a policy that loops.
        if self.process != std::process::id() {
            let fault = Fault::Internal("it was made before the process forked".to_owned());
            return Evaluation::decided(Answer::failed(&gate, &About::from(&request), &fault));
        }
        Evaluation::new(gate, self.gate.delegation(), request)
    }

    /// A request that the server itself refuses or fails on.
    pub fn refused(&self, target: String, fault: &Fault) -> Evaluation {
        Evaluation::decided(Answer::refused(&self.gate.current(), &About::unreadable(target), fault, None))
    }

    /// Most bytes of a body that any policy reads.
    pub fn body_limit(&self) -> usize {
        self.gate.current().body_limit()
    }

    /// Milliseconds that one fact may take.
    pub fn facts_timeout(&self) -> u32 {
        u32::try_from(self.gate.config().facts.timeout.as_millis()).unwrap_or(u32::MAX)
    }
}

/// A program is not to find files that it did not ask for.
fn cache() -> Option<PathBuf> {
    std::env::var_os("SOLGATE_CACHE_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}
