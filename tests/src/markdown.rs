//! Runs what a page of documentation shows.
//!
//! A fenced block marked `console` is a session: a line that starts with `$ ` is a
//! command for the shell (continued while it ends in a backslash), the lines after
//! it are what it must print, standard output and standard error together. In
//! them, `[..]` stands for any text within a line, and a line `...` for any number
//! of lines. A block marked `yaml file=NAME` (or any other language) is written to
//! that file first. Blocks are run in the order of the page, in one folder.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

/// One step of a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write a file.
    File { name: String, text: String },
    /// Run a command and compare what it prints.
    /// `line` counts from 1, `shown` are the lines (from 0) of what it prints.
    Command { line: usize, command: String, expected: Vec<String>, shown: Range<usize> },
}

/// The steps that a page shows.
#[must_use]
pub fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let info = info.trim().to_owned();
        let block: Vec<(usize, String)> = lines
            .by_ref()
            .take_while(|(_, line)| line.trim() != "```")
            .map(|(number, line)| (number + 1, line.to_owned()))
            .collect();
        if info == "console" {
            session(&block, &mut steps);
        } else if let Some((_, name)) = info.split_once("file=") {
            let text = block.iter().fold(String::new(), |mut text, (_, line)| {
                let _ = writeln!(text, "{line}");
                text
            });
            steps.push(Step::File { name: name.to_owned(), text });
        }
    }
    steps
}

fn session(block: &[(usize, String)], steps: &mut Vec<Step>) {
    let mut lines = block.iter().peekable();
    while let Some((line, text)) = lines.next() {
        let Some(first) = text.strip_prefix("$ ") else { continue };
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            let Some((_, more)) = lines.next() else { break };
            command.push('\n');
            command.push_str(more);
        }
        let first = line + command.matches('\n').count();
        let mut expected = Vec::new();
        while let Some((_, text)) = lines.next_if(|(_, text)| !text.starts_with("$ ")) {
            expected.push(text.trim_end().to_owned());
        }
        while expected.last().is_some_and(String::is_empty) {
            expected.pop();
        }
        let shown = first..first + expected.len();
        steps.push(Step::Command { line: *line, command, expected, shown });
    }
}

/// The cells of the table in a section of a page; none if there is no such section.
#[must_use]
pub fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let Some((_, section)) = page.split_once(&format!("\n## {heading}\n")) else { return Vec::new() };
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')).skip(2);
    rows.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What became of a page.
pub struct Outcome {
    /// How many steps it has.
    pub steps: usize,
    /// What each command printed that is not what is shown.
    pub reports: Vec<String>,
    /// The page with what was printed in place of what is shown.
    pub blessed: String,
}

/// Runs a page's steps in `folder` with `rewrite` applied to each command and
/// `restore` to what it prints.
///
/// # Panics
/// If the shell cannot be started or a file not be written.
pub fn run(
    page: &str,
    folder: &Path,
    path: &str,
    rewrite: impl Fn(&str) -> String,
    restore: impl Fn(&str) -> String,
) -> Outcome {
    let steps = steps(page);
    let mut reports = Vec::new();
    let mut replaced = Vec::new();
    for step in &steps {
        match step {
            Step::File { name, text } => {
                let file = folder.join(name);
                std::fs::create_dir_all(file.parent().expect("it is in a folder")).expect("it is created");
                std::fs::write(file, text).expect("it is written");
            }
            Step::Command { line, command, expected, shown } => {
                let output = Command::new("bash")
                    .args(["-c", &format!("exec 2>&1\n{}", rewrite(command))])
                    .current_dir(folder)
                    .env("PATH", path)
                    .env("NO_COLOR", "1")
                    .stdin(std::process::Stdio::null())
                    .output()
                    .expect("bash runs");
                let printed = restore(&String::from_utf8_lossy(&output.stdout).replace('\r', ""));
                let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
                let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
                if !agree(&expected, &printed) {
                    reports.push(format!(
                        "line {line}: $ {command}\n--- shown\n{}\n--- printed\n{}\n",
                        expected.join("\n"),
                        printed.join("\n")
                    ));
                    replaced.push((shown.clone(), printed.into_iter().map(str::to_owned).collect::<Vec<_>>()));
                }
            }
        }
    }
    let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
    for (shown, printed) in replaced.into_iter().rev() {
        lines.splice(shown, printed);
    }
    lines.push(String::new());
    Outcome { steps: steps.len(), reports, blessed: lines.join("\n") }
}

/// Whether what was printed is what is shown.
fn agree(shown: &[&str], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], []) => true,
        (["...", rest @ ..], _) => (0..=printed.len()).any(|skipped| agree(rest, &printed[skipped..])),
        ([shown, more @ ..], [printed, rest @ ..]) => line_agrees(shown, printed) && agree(more, rest),
        _ => false,
    }
}

fn line_agrees(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart() {
        let page =
            "x\n```yaml file=a/b.yaml\nk: 1\n```\ntext\n```console\n$ echo \\\n  a\na\n\n$ true\n```\n```sh\nrm\n```\n";
        assert_eq!(
            steps(page),
            [
                Step::File { name: "a/b.yaml".into(), text: "k: 1\n".into() },
                Step::Command { line: 7, command: "echo \\\n  a".into(), expected: vec!["a".into()], shown: 8..9 },
                Step::Command { line: 11, command: "true".into(), expected: vec![], shown: 11..11 },
            ]
        );
    }

    #[test]
    fn wildcards_match_and_the_rest_must_be_equal() {
        for (shown, printed, equal) in [
            (&["a"][..], &["a"][..], true),
            (&["a"], &["b"], false),
            (&["a"], &["a", "b"], false),
            (&["a", "..."], &["a", "b", "c"], true),
            (&["...", "c"], &["a", "b", "c"], true),
            (&["...", "d"], &["a", "b", "c"], false),
            (&["x [..] z"], &["x y z"], true),
            (&["x [..] z"], &["x y"], false),
            (&["[..]b[..]"], &["abc"], true),
            (&["..."], &[], true),
        ] {
            assert_eq!(agree(shown, printed), equal, "{shown:?} {printed:?}");
        }
    }

    #[test]
    fn a_command_that_prints_something_else_is_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = std::env::var("PATH").expect("it is set");
        let run = |page| run(page, folder.path(), &path, str::to_owned, str::to_owned);
        let wrong = run("```console\n$ echo b\na\n\n$ true\n```\n");
        let [report] = wrong.reports.as_slice() else { panic!("{:?}", wrong.reports) };
        assert!(report.contains("line 2") && report.contains("--- printed\nb"), "{report}");
        assert_eq!(wrong.blessed, "```console\n$ echo b\nb\n\n$ true\n```\n");
        assert_eq!(run(&wrong.blessed).reports, [""; 0]);
    }
}
