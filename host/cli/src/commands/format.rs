//! How results are reported, where several commands say it alike.

/// A page for people, or JSON.
#[derive(Clone, Copy, Default, clap::ValueEnum)]
pub enum Page {
    /// For people
    #[default]
    Pretty,
    /// One JSON object
    Json,
}

/// Lines for people, or JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Lines {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object
    Json,
}
