//! `solgate bench`: what the cases of a policy cost: each case in the sandbox, as a gateway
//! judges, and each rule by itself, without the sandbox.

mod measure;
mod told;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use solgate_engine::Engine;

use super::output::print;
use super::policies::{Loader, with_spinner};
use super::test::subject::Subject;
use super::test::{Format as TestFormat, TestArgs};

/// Measure what the cases of a policy cost: time and memory of each case in the sandbox, and the
/// time of each rule.
///
/// Each case is judged several times; the fastest counts, so that what else the machine does
/// disturbs little. A case's share is the part that its slowest evaluation takes of the time that
/// a gate grants by default. Rules are measured one by one without the sandbox, where they are
/// several times as fast; their times compare rules with each other. Of a policy in another language
/// only the cases are measured.
#[derive(clap::Args, Debug, Clone)]
#[command(after_help = "\
Examples:
  solgate bench policies/my-policy
  solgate bench my-policy.wasm --top 5 --max-share 10
  solgate bench policies/my-policy --format json > bench.json

Exit status: 0 measured, 1 a case takes a larger share than --max-share, 2 nothing could be measured.")]
pub struct BenchArgs {
    /// Folder of a bundle, or a policy file
    #[arg(value_name = "DIR|FILE.wasm", default_value = ".")]
    pub policy: PathBuf,

    /// Measure only cases with this text in their file or name; several are alternatives
    #[arg(long, value_name = "TEXT")]
    pub filter: Vec<String>,

    /// How often each case is judged
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rounds: u32,

    /// How many cases and rules are listed, the slowest first; JSON has all of them
    #[arg(long, default_value_t = 10)]
    pub top: usize,

    /// Fail if a case takes more than this percentage of the time that a gate grants
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub max_share: Option<u8>,

    /// How the figures are printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: super::check::Format,
}

/// Runs the command.
///
/// # Errors
/// If the policy cannot be loaded, or has no cases.
pub fn run(arguments: &BenchArgs) -> anyhow::Result<ExitCode> {
    let loader = Loader::for_author()?;
    let subject = Subject::load(
        &loader,
        &TestArgs {
            policy: arguments.policy.clone(),
            cases: None,
            filter: arguments.filter.clone(),
            coverage: false,
            coverage_html: None,
            min_coverage: None,
            mutate: None,
            set: Vec::new(),
            format: TestFormat::default(),
            watch: false,
        },
    )?;
    let engine = match subject.bundle_if_any()?.map(Engine::new).transpose() {
        Ok(engine) => engine,
        Err(error) => bail!("the engine refuses the compiled bundle: {error}"),
    };
    let message = format!("measuring {} cases", subject.cases.len());
    let measured = with_spinner(&message, || measure::measure(&subject, engine.as_ref(), arguments.rounds));
    match arguments.format {
        super::check::Format::Text => print(&told::text(&measured, arguments))?,
        super::check::Format::Json => print(&format!("{:#}\n", told::json(&measured)))?,
    }
    let most = f64::from(arguments.max_share.unwrap_or(u8::MAX)) / 100.0;
    let is_slow = arguments.max_share.is_some() && measured.cases.iter().any(|case| case.share > most);
    Ok(if is_slow { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
