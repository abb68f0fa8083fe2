//! `solgate test`: runs the cases of a policy.
//!
//! A [subject] is loaded, and its cases are [run](tested). What they show about the rules
//! is [measured](measure). The report is printed as the command line asks: [pretty],
//! [JSON](tested::value) or [junit].

mod args;
mod html;
mod junit;
mod measure;
pub(super) mod notation;
mod pretty;
pub(super) mod subject;
mod watch;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{anyhow, bail};

use crate::commands::output::Output;
use crate::commands::policies::{Loader, with_spinner};
pub use args::{Format, TestArgs};
use solgate_trial::tested::{self, Measured, Report};
use subject::Subject;

/// Runs the command.
///
/// # Errors
/// If the cases cannot be run, or the result not be written.
pub fn run(arguments: &TestArgs) -> anyhow::Result<ExitCode> {
    let loader = Loader::for_author()?;
    if arguments.watch {
        if arguments.format == Format::Junit {
            bail!("--watch gives a result after every change, and JUnit's XML holds one; leave either out");
        }
        return watch::run(&loader, arguments);
    }
    let report = test(&loader, arguments)?;
    match print(&report, arguments.format) {
        // A reader that has gone away wanted no more: the exit status tells the rest.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        written => written.map_err(|error| anyhow!("the result cannot be written to standard output: {error}"))?,
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Loads the policy and runs its cases once.
fn test(loader: &Loader, arguments: &TestArgs) -> anyhow::Result<Report> {
    let mut subject = Subject::load(loader, arguments)?;
    let measured = if arguments.measures() {
        let bundle = subject.bundle()?;
        let measured = measure::measure(&bundle, &subject.cases, arguments)?;
        if let (Some(path), Some(measure)) = (&arguments.coverage_html, &measured.coverage) {
            let page = html::render(&bundle, &measure.coverage, subject.compiled())?;
            Output::create(path)?.write(page.as_bytes())?;
        }
        measured
    } else {
        Measured::default()
    };
    let (policy, not_selected) = (Arc::clone(&subject.policy), subject.not_selected);
    let cases = std::mem::take(&mut subject.cases);
    let message = format!("running {} cases", cases.len());
    let bundle = || subject.bundle().ok();
    Ok(with_spinner(&message, || tested::run(&policy, bundle, cases, not_selected, measured)))
}

fn print(report: &Report, format: Format) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match format {
        Format::Pretty => pretty::render(report, &mut out)?,
        Format::Json => writeln!(out, "{:#}", tested::value(report))?,
        Format::Junit => junit::write(report, &mut out)?,
    }
    out.flush()
}
