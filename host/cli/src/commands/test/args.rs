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
  solgate test my-policy.wasm --cases acceptance/
  solgate test policies/my-policy --min-coverage 100 --mutate

Exit status: 0 all cases passed, 1 a case failed, the coverage is too small or a mutant survived,
2 the cases could not be run.")]
pub struct TestArgs {
    /// Folder of a bundle, or a policy file, or oci://... or https://... of one
    #[arg(value_name = "DIR|FILE.wasm", default_value = ".")]
    pub policy: PathBuf,

    /// Run the cases of this folder instead of the policy's own: a bundle's folder, or one
    /// with files of cases
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,

    /// Run only cases with this text in their file or name; several are alternatives
    #[arg(long, value_name = "TEXT")]
    pub filter: Vec<String>,

    /// Say which rules no case breaks, and which rules no case passes
    #[arg(long)]
    pub coverage: bool,

    /// Write the coverage into this file as a page that needs no other: the rules as they
    /// stand, with what no case breaks and what no case passes marked; includes --coverage
    #[arg(long, value_name = "FILE.html", conflicts_with = "filter")]
    pub coverage_html: Option<PathBuf>,

    /// Fail if the rule coverage is below this percentage; includes --coverage
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100), conflicts_with = "filter")]
    pub min_coverage: Option<u8>,

    /// Change the rules that may deny, and fail if no case notices: whole rules, or with
    /// --mutate=fine also their guards, bounds, comparisons, conditions and lists
    #[arg(long, value_enum, value_name = "GRAIN", num_args = 0..=1, require_equals = true, default_missing_value = "rules", conflicts_with = "filter")]
    pub mutate: Option<Grain>,

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
        self.shows_coverage() || self.mutate.is_some()
    }

    /// Whether the coverage is asked for, in whatever form.
    pub fn shows_coverage(&self) -> bool {
        self.coverage || self.coverage_html.is_some() || self.min_coverage.is_some()
    }
}

/// How fine the changes of mutants are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Grain {
    /// Each rule disabled, and its requirement inverted
    Rules,
    /// Also a guard dropped, a bound one off, a comparison with or without its edge, a
    /// condition dropped or negated, an entry of a list left out, a list emptied
    Fine,
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
