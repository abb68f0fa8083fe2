//! The `solgate` command: its command line, and the modules that carry out each
//! command.
//!
//! Exit status of every command: 0 it worked and nothing was refused, 1 a request was
//! refused or a case failed, 2 the command could not do what it was asked.

#![forbid(unsafe_code)]

pub mod args;
pub mod commands;
mod doors;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use solgate_gateway::listen::inherited::Inherited;
use solgate_telemetry::log;

use args::defaults::with_defaults;
use args::ext_authz::ExtAuthzArgs;
use args::forward_auth::ForwardAuthArgs;
use args::serve::ServeArgs;
use commands::{
    bench, build, check, completions, diff, docs, doctor, eval, explain, fleet, fmt, import, import_cases, inspect,
    keygen, lint, lsp, new, playground, policies, pull, push, replay, report, schema, sign, tag, test, ui, upgrade,
    verify,
};
use doors::{ext_authz, forward_auth, serve};

const AFTER_HELP: &str = "\
Examples:
  solgate serve --demo
  solgate check request.http --facts facts.yaml
  solgate explain request.http --facts facts.yaml
  solgate test policies/my-policy
  solgate build policies/my-policy -o my-policy.wasm

Exit status: 0 it worked and nothing was refused, 1 a request was refused or a case failed, 2 the command could not do what it was asked.";

/// Judge ETSI NFV lifecycle-management requests before they reach a VNFM.
#[derive(Parser)]
#[command(name = "solgate", version, about, disable_help_subcommand = true, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(ServeArgs),
    ExtAuthz(ExtAuthzArgs),
    ForwardAuth(ForwardAuthArgs),
    Doctor(doctor::DoctorArgs),
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Eval(eval::EvalArgs),
    New(new::NewArgs),
    Import(import::ImportArgs),
    Lint(lint::LintArgs),
    Fmt(fmt::FmtArgs),
    Lsp(lsp::LspArgs),
    Upgrade(upgrade::UpgradeArgs),
    Test(test::TestArgs),
    Ui(ui::UiArgs),
    Bench(bench::BenchArgs),
    Build(build::BuildArgs),
    Keygen(keygen::KeygenArgs),
    Sign(sign::SignArgs),
    Verify(verify::VerifyArgs),
    Push(push::PushArgs),
    Pull(pull::PullArgs),
    Tag(tag::TagArgs),
    Fleet(fleet::FleetArgs),
    Diff(diff::DiffArgs),
    Docs(docs::DocsArgs),
    Playground(playground::PlaygroundArgs),
    Inspect(inspect::InspectArgs),
    Schema(schema::SchemaArgs),
    ImportCases(import_cases::ImportArgs),
    Replay(replay::ReplayArgs),
    Report(report::ReportArgs),
    Completions(completions::CompletionsArgs),
}

/// Reads the command line and does what it says. Returns the exit status.
pub fn main() -> ExitCode {
    let arguments = match command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => {
            let printed = error.print();
            // Help and version are answers, not errors. A reader that has gone away wanted
            // no more of them.
            let good = !error.use_stderr()
                && printed.map_or_else(|error| error.kind() == std::io::ErrorKind::BrokenPipe, |()| true);
            return if good { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
    };
    let status = run(arguments.command).unwrap_or_else(|error| {
        // Each error names its cause in its own text.
        log::say(&format!("solgate: {error}"));
        ExitCode::from(2)
    });
    log::finish();
    status
}

/// The command line.
fn command() -> clap::Command {
    with_defaults(Arguments::command())
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Build(arguments) => build::run(&arguments),
        Command::Keygen(arguments) => keygen::run(&arguments),
        Command::Sign(arguments) => sign::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Push(arguments) => push::run(&arguments),
        Command::Pull(arguments) => pull::run(&arguments),
        Command::Tag(arguments) => tag::run(&arguments),
        Command::Fleet(arguments) => fleet::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Lsp(arguments) => lsp::run(&arguments),
        Command::Upgrade(arguments) => upgrade::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Docs(arguments) => docs::run(&arguments),
        Command::Playground(arguments) => playground::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, self::command()),
        Command::ImportCases(arguments) => import_cases::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments, &runtime()?),
        Command::Report(arguments) => report::run(&arguments),
        Command::Serve(arguments) => {
            let inherited = Inherited::take();
            log::start()?;
            Ok(runtime()?.block_on(serve::run(arguments, inherited))?)
        }
        Command::ForwardAuth(arguments) => {
            let inherited = Inherited::take();
            log::start()?;
            Ok(runtime()?.block_on(forward_auth::run(arguments, inherited))?)
        }
        Command::ExtAuthz(arguments) => {
            let inherited = Inherited::take();
            log::start()?;
            Ok(runtime()?.block_on(ext_authz::run(arguments, inherited))?)
        }
        Command::Check(arguments) => runtime()?.block_on(async {
            let loader = policies::Loader::for_author()?;
            Ok(check::run(arguments, |order| loader.gate(order)).await?)
        }),
        Command::Doctor(arguments) => runtime()?.block_on(doctor::run(arguments)),
        Command::Eval(arguments) => runtime()?.block_on(eval::run(arguments)),
        Command::Ui(arguments) => {
            let runtime = runtime()?;
            let ended = runtime.block_on(ui::run(arguments));
            // Whoever ends the page does not wait for what it has asked for.
            runtime.shutdown_background();
            ended
        }
        Command::Explain(arguments) => runtime()?.block_on(explain::run(arguments)),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_help_has_the_defaults_of_the_file() {
        let mut command = command();
        let mut help = |door: &str| command.find_subcommand_mut(door).unwrap().render_long_help().to_string();
        // Lines may be broken anywhere.
        let mut help = |door: &str| help(door).split_whitespace().collect::<Vec<_>>().join(" ");
        let serve = help("serve");
        for shown in [
            "[default: 127.0.0.1:8080]",
            "Time limit for the VNFM's answer, such as 90s [default: 60s]",
            "[default: 250ms]",
            "[default: 67108864]",
            "[default: 1048576]",
            "[default: 256]",
            "[default: rewound]",
            "[default: 0s]",
            "[default: deny]",
            "[default: json]",
            "[default: 1]",
            "[default: required]",
        ] {
            assert!(serve.contains(shown), "{shown}: {serve}");
        }
        assert!(help("ext-authz").contains("[default: 127.0.0.1:9191]"));
        assert!(help("forward-auth").contains("[default: 127.0.0.1:9192]"));
    }
}
