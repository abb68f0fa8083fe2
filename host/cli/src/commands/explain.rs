//! `solgate explain`: judges one request, or one case of a bundle, and shows how the
//! verdict came about.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::{anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use solgate_author::check::{Asked, CheckError};
use solgate_author::explain::{Explanation, explain};
use solgate_cases::{Case, Difference};
use solgate_engine::Engine;
use solgate_trial::tested::difference;

use super::cases::{self, Tested};
use super::check::{Format, RequestArgs};
use super::policies::{traced_bundles, traced_gate};
use super::test::notation::{shown, sides};

const EXAMPLE: &str = "\
Examples:
  solgate explain terminate.http --facts facts.yaml
  solgate explain terminate.http --policy my-policy --caller caller.yaml
  solgate explain requests.http --name heal --format json
  solgate explain --case tests/retry.yaml:14 --policy my-policy
  solgate explain --case 'one that still runs may not' --policy my-policy.wasm

The files, options and settings are those of `solgate check`, and so is the verdict.

Exit status: 0 allowed, 1 denied, 2 not judged (bad file, missing fact).";

const EXPECTED: Style = AnsiColor::Red.on_default();
const FOUND: Style = AnsiColor::Green.on_default();
const HEADING: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// Show why a request gets its verdict, stage by stage.
///
/// The request is judged as by `solgate check`. The output shows the stages that the request
/// came through, the result of every rule in them, the facts that rules asked for, and the rule that decided.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLE)]
pub struct ExplainArgs {
    /// The request: an .http or .rest file as editors know it, any other file as
    /// plain HTTP/1.1, or - for standard input
    #[arg(required_unless_present = "case")]
    pub file: Option<PathBuf>,

    /// A case of the bundle instead of a request: FILE#NAME, FILE:LINE as `solgate test`
    /// shows it, or its name or a part of it. The bundle is that of --policy, or the folder
    /// that you are in
    #[arg(long, value_name = "CASE", conflicts_with_all = ["file", "input", "name", "variables", "facts", "caller", "at", "mode"])]
    pub case: Option<String>,

    #[command(flatten)]
    pub request: RequestArgs,
}

/// Judges a request and explains the verdict: 0 if it is allowed, 1 if it is
/// denied. An error means that there is no verdict; if facts are missing, what is known is
/// printed first.
///
/// # Errors
/// If a file is bad, the gate cannot be built, or a fact is missing.
pub async fn run(args: ExplainArgs) -> anyhow::Result<ExitCode> {
    let format = args.request.format;
    let (explanation, case) = match (args.file, args.case) {
        (Some(file), _) => {
            let asked = Asked::read(args.request.question(file))?;
            (explain(asked, traced_gate).await?, None)
        }
        (None, Some(wanted)) => of_case(&wanted, args.request).await?,
        (None, None) => bail!("name a request, or a case with --case"),
    };
    let written = match format {
        Format::Text => {
            let mut out = anstream::stdout().lock();
            explanation
                .render(&mut out)
                .and_then(|()| case.iter().try_for_each(|case| case.render(&mut out)))
                .and_then(|()| out.flush())
        }
        Format::Json => {
            let mut document = explanation.json();
            if let (Value::Object(members), Some(case)) = (&mut document, &case) {
                members.insert("case".to_owned(), case.json());
            }
            let mut out = io::stdout().lock();
            writeln!(out, "{document:#}").and_then(|()| out.flush())
        }
    };
    match written {
        // A reader that has gone away wanted no more: the exit status tells the rest.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(CheckError::Write(error).into()),
        _ => {}
    }
    if !explanation.missing.is_empty() {
        return Err(CheckError::MissingFacts(explanation.missing).into());
    }
    Ok(if explanation.report.problem().is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// The explanation of a case, and whether the case passes.
async fn of_case(wanted: &str, request: RequestArgs) -> anyhow::Result<(Explanation, Option<Told>)> {
    let path = match request.policies.as_slice() {
        [] => Path::new("."),
        [one] => one.as_path(),
        _ => bail!("a case belongs to one policy; give --policy once"),
    };
    let Tested { bundle, cases } = Tested::load(path)?;
    let case = cases::find(&cases, wanted, path)?.clone();
    let engine = Engine::new(bundle.clone())
        .map_err(|error| anyhow!("{}: the engine refuses the bundle: {error}", path.display()))?;
    let asked =
        solgate_trial::asked::of_case(&case, request.options.iter().chain(&request.severities).cloned().collect())
            .map_err(|error| anyhow!("the facts of the case: {error}"))?;
    let told = Told::new(&engine, case);
    let path = path.to_owned();
    let explanation = explain(asked, |order| traced_bundles(vec![(path, bundle)], &order)).await?;
    Ok((explanation, Some(told)))
}

/// Whether a case passes.
struct Told {
    case: Case,
    /// Why there is no verdict to compare with, or what differs.
    result: Result<Vec<Difference>, String>,
}

impl Told {
    fn new(engine: &Engine, case: Case) -> Self {
        let result = solgate_cases::run(engine, &case);
        Self { result: result.map(|(_, differences)| differences).map_err(|reason| reason.to_string()), case }
    }

    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        let Case { file, line, name, .. } = &self.case;
        writeln!(out, "\n{HEADING}case{HEADING:#} {}:{line} {}", shown(file), shown(name))?;
        match &self.result {
            Err(reason) => writeln!(out, "  no verdict: {}", shown(reason)),
            Ok(differences) if differences.is_empty() => writeln!(out, "  {QUIET}passes{QUIET:#}"),
            Ok(differences) => {
                writeln!(out, "  fails")?;
                for sides in differences.iter().map(sides) {
                    for line in sides.expected {
                        writeln!(out, "  {EXPECTED}- {}{EXPECTED:#}", shown(&line))?;
                    }
                    for line in sides.found {
                        writeln!(out, "  {FOUND}+ {}{FOUND:#}", shown(&line))?;
                    }
                }
                Ok(())
            }
        }
    }

    fn json(&self) -> Value {
        let (result, differences, reason) = match &self.result {
            Err(reason) => ("noVerdict", Vec::new(), Some(reason)),
            Ok(differences) if differences.is_empty() => ("passed", Vec::new(), None),
            Ok(differences) => ("failed", differences.iter().map(difference).collect(), None),
        };
        let Case { file, line, name, .. } = &self.case;
        let mut document = json!({ "file": file, "line": line, "name": name, "result": result });
        if let Value::Object(members) = &mut document {
            if !differences.is_empty() {
                members.insert("differences".to_owned(), differences.into());
            }
            if let Some(reason) = reason {
                members.insert("reason".to_owned(), reason.as_str().into());
            }
        }
        document
    }
}
