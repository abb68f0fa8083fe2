//! Whether clients must show who they are, on the command line.

use solgate_config::Presence;

/// Whether a client may come without what it could show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PresenceArg {
    Required,
    Optional,
}

impl From<PresenceArg> for Presence {
    fn from(argument: PresenceArg) -> Self {
        match argument {
            PresenceArg::Required => Self::Required,
            PresenceArg::Optional => Self::Optional,
        }
    }
}
