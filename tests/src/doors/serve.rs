//! `solgate serve`: one process in front of a scripted VNFM.

use super::asked::{Asked, Said};
use super::http::{self, Fate};
use super::library::Given;
use super::settings::Settings;
use crate::process::Serving;

/// The running process.
pub struct Serve {
    serving: Serving,
    settings: Settings,
}

impl Serve {
    /// Starts it for these requests, and with these arguments.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(asked: &[Asked], arguments: &[&str]) -> Self {
        let settings = Settings::write(asked);
        let serving = Serving::start(&[&["--config", &settings.file()], arguments].concat());
        Self { serving, settings }
    }

    /// What it answers; `None` if the request arrives at the VNFM, which is checked
    /// to be as it was sent.
    ///
    /// # Panics
    /// If it is not, or there is no answer.
    #[must_use]
    pub fn judge(&self, asked: &Asked, facts: &[Given]) -> Option<Said> {
        match http::ask(self.serving.address, self.settings.host(asked), &self.settings.vnfm, asked, facts) {
            Fate::Passed => None,
            Fate::Changed(how) => panic!("{}: {how}", asked.label),
            Fate::Answered(said) => Some(said),
        }
    }
}
