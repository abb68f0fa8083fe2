//! The conversation with the client.

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use gen_lsp_types::json_rpc::{Error, Id, RequestObject, ResponseObject};
use gen_lsp_types::{
    CompletionOptions, CompletionRequest, Definition, DefinitionRequest, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentSymbolParams, DocumentSymbolRequest, ErrorCodes,
    FileSystemWatcher, HoverRequest, InitializeRequest, InitializeResult, Position, PublishDiagnosticsNotification,
    PublishDiagnosticsParams, Registration, RegistrationParams, RegistrationRequest, SaveOptions, ServerCapabilities,
    ServerInfo, ShutdownRequest, TextDocumentIdentifier, TextDocumentPositionParams, TextDocumentSyncKind,
    TextDocumentSyncOptions, Uri,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use crate::answers;
use crate::bundles::{Bundles, home};
use crate::check::{Checked, check};
use crate::documents::{Document, Documents};
use crate::frame::{self, FrameError};
use crate::uri;

/// How a conversation has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As the protocol has it: `shutdown`, then `exit`.
    Proper,
    /// The client has gone away.
    Abrupt,
}

/// What the server waits for.
enum Event {
    Body(Vec<u8>),
    /// Nothing more will come; why, if that is an error.
    End(Option<FrameError>),
    /// `None` if the compiler has failed: a fault of ours, which must not end the server.
    Checked(Box<Option<Checked>>),
}

/// Speaks the Language Server Protocol until the client ends the conversation.
///
/// # Errors
///
/// If the client's messages cannot be told apart, or nothing can be written to it.
pub fn run(input: impl BufRead + Send + 'static, output: impl Write) -> Result<Ending, FrameError> {
    let (sender, receiver) = channel();
    let bodies = sender.clone();
    let mut input = input;
    std::thread::spawn(move || {
        loop {
            let (event, is_last) = match frame::read(&mut input) {
                Ok(Some(body)) => (Event::Body(body), false),
                Ok(None) => (Event::End(None), true),
                Err(error) => (Event::End(Some(error)), true),
            };
            if bodies.send(event).is_err() || is_last {
                return;
            }
        }
    });
    let server = Server {
        output,
        sender,
        documents: Documents::default(),
        bundles: Bundles::default(),
        stage: Stage::New,
        is_checking: false,
        watches: false,
        built_in: None,
    };
    server.run(&receiver)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Initialized,
    ShutDown,
}

struct Server<W> {
    output: W,
    /// Where checks say what they have found.
    sender: Sender<Event>,
    documents: Documents,
    bundles: Bundles,
    stage: Stage,
    is_checking: bool,
    /// The client tells of files that others change, if it is asked to.
    watches: bool,
    /// Where files that are built into the program are laid out.
    built_in: Option<TempDir>,
}

/// Where a client says whether it can be asked to watch files.
const WATCHES: &str = "/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration";

/// How long the server waits if it has nothing to do.
const IDLE: Duration = Duration::from_secs(3600);

impl<W: Write> Server<W> {
    fn run(mut self, events: &Receiver<Event>) -> Result<Ending, FrameError> {
        loop {
            self.start_check();
            let due = self.bundles.due().filter(|_| !self.is_checking);
            let wait = due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()));
            match events.recv_timeout(wait) {
                Ok(Event::Body(body)) => {
                    if self.message(&body)? {
                        return Ok(self.ending());
                    }
                }
                Ok(Event::Checked(checked)) => {
                    self.is_checking = false;
                    if let Some(checked) = *checked {
                        let files = self.bundles.checked(checked);
                        self.publish(files)?;
                    }
                }
                Ok(Event::End(None)) | Err(RecvTimeoutError::Disconnected) => return Ok(self.ending()),
                Ok(Event::End(Some(error))) => {
                    // Where the next message begins is not known any more.
                    self.refuse(Id::Null, ErrorCodes::ParseError, error.to_string())?;
                    return Err(error);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn ending(&self) -> Ending {
        if self.stage == Stage::ShutDown { Ending::Proper } else { Ending::Abrupt }
    }

    /// Starts the check that is due, if none is running: the client is not kept waiting.
    fn start_check(&mut self) {
        if self.is_checking {
            return;
        }
        let Some(folder) = self.bundles.take_due() else { return };
        self.is_checking = true;
        let (sender, unsaved) = (self.sender.clone(), self.documents.unsaved());
        std::thread::spawn(move || {
            let checked = catch_unwind(AssertUnwindSafe(|| check(&folder, unsaved)));
            // Without a receiver the server has ended.
            let _ = sender.send(Event::Checked(Box::new(checked.ok())));
        });
    }

    /// Says what is found in files now.
    fn publish(&mut self, files: impl IntoIterator<Item = PathBuf>) -> io::Result<()> {
        for path in files {
            let params = PublishDiagnosticsParams {
                uri: Uri(self.documents.uri(&path)),
                // The text may have changed since the check began.
                version: None,
                diagnostics: self.bundles.found(&path),
            };
            let message = RequestObject::from_notification::<PublishDiagnosticsNotification>(params);
            frame::write(&mut self.output, &message)?;
        }
        Ok(())
    }

    /// Asks the client to tell of files that others change.
    fn watch(&mut self) -> io::Result<()> {
        let watcher = |pattern: &str| FileSystemWatcher { glob_pattern: pattern.to_owned().into(), kind: None };
        let watchers = vec![watcher("**/*.{yaml,yml,txt}")];
        let options = serde_json::to_value(DidChangeWatchedFilesRegistrationOptions { watchers })?;
        let registration = Registration {
            id: "files".to_owned(),
            method: "workspace/didChangeWatchedFiles".to_owned(),
            register_options: Some(options),
        };
        let params = RegistrationParams { registrations: vec![registration] };
        let request = RequestObject::from_request::<RegistrationRequest>(Id::String("watch".to_owned()), params);
        frame::write(&mut self.output, &request)
    }

    /// Takes one message. The result is whether it was the last.
    fn message(&mut self, body: &[u8]) -> io::Result<bool> {
        let message = match serde_json::from_slice::<Value>(body) {
            Ok(message) => message,
            Err(error) => {
                let message = format!("the message is not JSON: {error}");
                self.refuse(Id::Null, ErrorCodes::ParseError, message)?;
                return Ok(false);
            }
        };
        // An answer of the client to one of ours.
        if message.get("method").is_none() && (message.get("result").is_some() || message.get("error").is_some()) {
            return Ok(false);
        }
        let id = message.get("id").and_then(|id| Id::deserialize(id).ok());
        let request = match serde_json::from_value::<RequestObject>(message) {
            Ok(request) if !request.method().is_empty() => request,
            Ok(_) => {
                self.refuse(id.unwrap_or(Id::Null), ErrorCodes::InvalidRequest, "the message has no method".into())?;
                return Ok(false);
            }
            Err(error) => {
                let message = format!("the message is not a request of JSON-RPC 2.0: {error}");
                self.refuse(id.unwrap_or(Id::Null), ErrorCodes::InvalidRequest, message)?;
                return Ok(false);
            }
        };
        let (method, id, params) = request.into_parts();
        match id {
            Some(id) => self.request(&method, id, params.unwrap_or_default()).map(|()| false),
            None => self.notification(&method, params.unwrap_or_default()),
        }
    }

    fn refuse(&mut self, id: Id, code: ErrorCodes, message: String) -> io::Result<()> {
        let error = Error { code, message, data: None };
        frame::write(&mut self.output, &ResponseObject::from_error(id, error))
    }

    fn request(&mut self, method: &str, id: Id, params: Value) -> io::Result<()> {
        let refusal = match (self.stage, method) {
            (Stage::New, "initialize") => None,
            (Stage::New, _) => Some((ErrorCodes::ServerNotInitialized, "the first request is `initialize`")),
            (Stage::Initialized, "initialize") => {
                Some((ErrorCodes::InvalidRequest, "the server is initialized already"))
            }
            (Stage::Initialized, _) => None,
            (Stage::ShutDown, _) => Some((ErrorCodes::InvalidRequest, "the server has been shut down")),
        };
        if let Some((code, message)) = refusal {
            return self.refuse(id, code, message.to_owned());
        }
        let answered = catch_unwind(AssertUnwindSafe(|| self.answer(method, id.clone(), params)));
        match answered {
            Ok(Ok(response)) => frame::write(&mut self.output, &response),
            Ok(Err((code, message))) => self.refuse(id, code, message),
            Err(_) => self.refuse(id, ErrorCodes::InternalError, format!("the server has failed in `{method}`")),
        }
    }

    fn answer(&mut self, method: &str, id: Id, params: Value) -> Result<ResponseObject, (ErrorCodes, String)> {
        match method {
            "initialize" => {
                self.stage = Stage::Initialized;
                self.watches = params.pointer(WATCHES).and_then(Value::as_bool).unwrap_or_default();
                Ok(ResponseObject::from_success::<InitializeRequest>(id, initialized()))
            }
            "shutdown" => {
                self.stage = Stage::ShutDown;
                Ok(ResponseObject::from_success::<ShutdownRequest>(id, ()))
            }
            "textDocument/completion" => {
                let (path, position) = asked(params)?;
                let found = answers::completion(&path, position, &self.documents, &mut self.bundles);
                Ok(ResponseObject::from_success::<CompletionRequest>(id, Some(found.into())))
            }
            "textDocument/hover" => {
                let (path, position) = asked(params)?;
                let found = answers::hover(&path, position, &self.documents, &mut self.bundles);
                Ok(ResponseObject::from_success::<HoverRequest>(id, found))
            }
            "textDocument/definition" => {
                let (path, position) = asked(params)?;
                let Self { documents, bundles, built_in, .. } = self;
                let found = answers::definition(&path, position, documents, bundles, built_in);
                let found = found.map(|location| Definition::Location(location).into());
                Ok(ResponseObject::from_success::<DefinitionRequest>(id, found))
            }
            "textDocument/documentSymbol" => {
                let params: DocumentSymbolParams = of(params)?;
                let path = file(&params.text_document)?;
                let found = answers::outline(&path, &self.documents);
                Ok(ResponseObject::from_success::<DocumentSymbolRequest>(id, Some(found.into())))
            }
            _ => Err((ErrorCodes::MethodNotFound, format!("there is no method `{method}` here"))),
        }
    }

    /// Notifications have no answer: one that is not understood is passed over.
    fn notification(&mut self, method: &str, params: Value) -> io::Result<bool> {
        if method == "exit" {
            return Ok(true);
        }
        if self.stage != Stage::Initialized {
            return Ok(false);
        }
        match method {
            "initialized" if self.watches => self.watch()?,
            "textDocument/didOpen" => {
                let Some(opened) = read::<DidOpenTextDocumentParams>(params) else { return Ok(false) };
                let document = opened.text_document;
                let Some(path) = uri::path(document.uri.as_ref()) else { return Ok(false) };
                let held = Document { uri: document.uri.0, text: document.text };
                self.documents.open(path.clone(), held);
                self.bundles.change(&path);
                let folder = home(&path, &self.documents);
                // What is built into the program is shown, and not worked on.
                if let Some(folder) = folder.filter(|_| !answers::is_laid_out(&path, self.built_in.as_ref())) {
                    self.bundles.open(folder);
                }
            }
            "textDocument/didChange" => {
                let Some(changed) = read::<DidChangeTextDocumentParams>(params) else { return Ok(false) };
                let document = changed.text_document;
                let Some(path) = uri::path(document.text_document_identifier.uri.as_ref()) else { return Ok(false) };
                self.documents.change(&path, changed.content_changes);
                self.bundles.change(&path);
            }
            "textDocument/didSave" => {
                let Some(saved) = read::<DidSaveTextDocumentParams>(params) else { return Ok(false) };
                if let Some(path) = uri::path(saved.text_document.uri.as_ref()) {
                    self.bundles.change(&path);
                }
            }
            "textDocument/didClose" => {
                let Some(closed) = read::<DidCloseTextDocumentParams>(params) else { return Ok(false) };
                let Some(path) = uri::path(closed.text_document.uri.as_ref()) else { return Ok(false) };
                self.documents.close(&path);
                self.bundles.change(&path);
                let files = self.bundles.forget_closed(&self.documents);
                self.publish(files)?;
            }
            "workspace/didChangeWatchedFiles" => {
                let Some(changed) = read::<DidChangeWatchedFilesParams>(params) else { return Ok(false) };
                for path in changed.changes.iter().filter_map(|change| uri::path(change.uri.as_ref())) {
                    self.bundles.change(&path);
                }
            }
            _ => {}
        }
        Ok(false)
    }
}

/// The file and the place that a request is about.
fn asked(params: Value) -> Result<(PathBuf, Position), (ErrorCodes, String)> {
    let params: TextDocumentPositionParams = of(params)?;
    Ok((file(&params.text_document)?, params.position))
}

fn file(document: &TextDocumentIdentifier) -> Result<PathBuf, (ErrorCodes, String)> {
    let uri = document.uri.as_ref();
    uri::path(uri)
        .ok_or_else(|| (ErrorCodes::InvalidParams, format!("`{uri}` is not the URI of a file on this machine")))
}

fn of<P: DeserializeOwned>(params: Value) -> Result<P, (ErrorCodes, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCodes::InvalidParams, error.to_string()))
}

fn read<P: DeserializeOwned>(params: Value) -> Option<P> {
    serde_json::from_value(params).ok()
}

fn initialized() -> InitializeResult {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::Incremental),
        save: Some(SaveOptions::default().into()),
        ..TextDocumentSyncOptions::default()
    };
    let triggers = [".", "?", "'", "\"", "["].map(str::to_owned);
    let capabilities = ServerCapabilities {
        text_document_sync: Some(sync.into()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.into()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(true.into()),
        definition_provider: Some(true.into()),
        document_symbol_provider: Some(true.into()),
        ..ServerCapabilities::default()
    };
    let version = Some(env!("CARGO_PKG_VERSION").to_owned());
    InitializeResult { capabilities, server_info: Some(ServerInfo { name: "solgate".to_owned(), version }) }
}
