//! The prompt, with a history of expressions.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use anyhow::anyhow;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use solgate_author::eval::Scene;

use super::told::Told;
use super::writing::Writing;
use crate::commands::output::note;

/// Most expressions that the history keeps.
const MOST: usize = 1000;

/// Reads and evaluates until the end of the input.
pub async fn run(scene: &Scene) -> anyhow::Result<()> {
    let failed = |error: ReadlineError| anyhow!("the terminal: {error}");
    let config = Config::builder()
        .max_history_size(MOST)
        .map_err(failed)?
        .auto_add_history(true)
        .completion_type(CompletionType::List)
        .build();
    let mut editor: Editor<Writing, FileHistory> = Editor::with_config(config).map_err(failed)?;
    editor.set_helper(Some(Writing::new(scene)));
    let history = history_file();
    if let Some(path) = &history {
        // There is none at first.
        let _ = editor.load_history(path);
    }
    let what = match scene.operation() {
        Some(operation) => format!("a request for {operation}"),
        None if scene.has_request() => "a request that leads to no operation".to_owned(),
        None => "no request".to_owned(),
    };
    note(&format!("{what}; Tab completes names, Ctrl-D ends"));
    loop {
        match editor.readline("> ") {
            Ok(line) if line.trim().is_empty() => {}
            // What people type who know other prompts; no expression means anything by it.
            Ok(line) if matches!(line.trim(), "exit" | "quit") => break,
            Ok(line) => Told::new(scene, line.trim()).await.print()?,
            // The line is given up, as in a shell.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(failed(error)),
        }
    }
    if let Some(path) = &history
        && let Err(error) = editor.save_history(path)
    {
        note(&format!("solgate: the history is not kept in {}: {error}", path.display()));
    }
    Ok(())
}

/// `solgate/eval-history` in the user's folder of state, which is made if need be.
fn history_file() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")))?;
    let folder = state.join("solgate");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    Some(folder.join("eval-history"))
}
