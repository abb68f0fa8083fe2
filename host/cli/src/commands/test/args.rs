//! The command line of `solgate test`.

use std::path::PathBuf;

use crate::commands::build::setting;

/// Run the cases of a policy, in the sandbox in which a gateway runs it.
///
/// A folder is compiled and tested as it stands. A policy file is tested with the
/// cases that `solgate build` has put into it. docs/policy-tests.md shows how cases
/// are written.
#[derive(clap::Args, Debug, Clone)]
#[command(after_help = "\
Examples:
  solgate test policies/my-policy
  solgate test policies/my-policy --watch --filter terminate
  solgate test my-policy.wasm --format junit > results.xml
  solgate test policies/my-policy --min-coverage 100 --mutate

Exit status: 0 all cases passed, 1 a case failed, the coverage is too small or a mutant survived,
2 the cases could not be run.")]
pub struct TestArgs {
    /// Folder of a bundle, or a policy file
    #[arg(value_name = "DIR|FILE.wasm", default_value = ".")]
    pub policy: PathBuf,

    /// Run only cases with this text in their file or name; several are alternatives
    #[arg(long, value_name = "TEXT")]
    pub filter: Vec<String>,

    /// Say which rules no case breaks, and which rules no case passes
    #[arg(long)]
    pub coverage: bool,

    /// Fail if the rule coverage is below this percentage; includes --coverage
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100), conflicts_with = "filter")]
    pub min_coverage: Option<u8>,

    /// Disable or invert each rule that may deny, and fail if no case notices
    #[arg(long, conflicts_with = "filter")]
    pub mutate: bool,

    /// Give an option another default, as `solgate build --set` does; only for a folder
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,

    /// How the result is reported, on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,

    /// Run again whenever a file changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

impl TestArgs {
    /// Whether the bundle itself is needed beside the policy.
    pub fn measures(&self) -> bool {
        self.coverage || self.min_coverage.is_some() || self.mutate
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The cases that failed and what differs, for people
    #[default]
    Pretty,
    /// One JSON object
    Json,
    /// JUnit's XML, for build servers
    Junit,
}
