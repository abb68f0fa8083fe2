//! `make bench`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use solgate_bench::arguments::{Arguments, Format};
use solgate_bench::progress::Progress;
use solgate_bench::report::{Report, Section, Status};
use solgate_bench::{SUITES, Settings, Suite};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match (arguments.probe, arguments.vnfm) {
        (Some(probe), _) => probe.run().map(|()| ExitCode::SUCCESS),
        (None, Some(address)) => solgate_bench::load::serve_vnfm(address).map(|()| ExitCode::SUCCESS),
        (None, None) => run(&arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("solgate-bench: {error:#}");
        ExitCode::from(2)
    })
}

/// Measures, and prints and writes the report. A suite that fails costs its own rows.
fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let suites = chosen(&arguments.only)?;
    let settings = Settings { quick: arguments.quick };
    let mut report = Report::new(arguments.quick);
    {
        let progress = Progress::new(suites.len());
        for suite in suites {
            progress.suite(suite.name);
            match (suite.run)(settings, &progress) {
                Ok(rows) => report.add(Section { name: suite.name, title: suite.title, rows }),
                Err(error) => report.failures.push(format!("the suite `{}` failed: {error:#}", suite.name)),
            }
            progress.suite_done();
        }
    }
    let path = arguments.report.clone().unwrap_or_else(|| solgate_tests::workspace().join("target/bench/report.json"));
    let json = serde_json::to_string_pretty(&report.json())?;
    std::fs::write(&path, format!("{json}\n")).with_context(|| {
        format!("the report cannot be written to {}; name another file with --report", path.display())
    })?;
    match arguments.format {
        Format::Table => print!("{}", report.table()),
        Format::Markdown => print!("{}", report.markdown()),
        Format::Json => println!("{json}"),
    }
    for failure in &report.failures {
        eprintln!("solgate-bench: {failure}");
    }
    Ok(match report.status() {
        Status::Done => ExitCode::SUCCESS,
        Status::Missed => ExitCode::from(1),
        Status::NotMeasured => ExitCode::from(2),
    })
}

/// The suites named, or all.
fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Suite>> {
    if let Some(unknown) = names.iter().find(|name| !SUITES.iter().any(|suite| suite.name == **name)) {
        let known: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
        bail!("there is no suite `{unknown}`; --only takes {}", known.join(", "));
    }
    Ok(SUITES.iter().filter(|suite| names.is_empty() || names.iter().any(|name| name == suite.name)).collect())
}
