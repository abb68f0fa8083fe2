//! What a client asks about a place in a file.

use std::fs;
use std::path::{Path, PathBuf};

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, Contents, DocumentSymbol, Documentation, Hover,
    Location, MarkupContent, MarkupKind, Position, SymbolKind, TextEdit, Uri,
};
use solgate_bundle::Lines;
use solgate_bundle::authoring::{Definition, Proposal, ProposalKind, Symbol, place, symbols};
use tempfile::TempDir;

use crate::bundles::{Bundles, home};
use crate::convert::{byte, bytes};
use crate::documents::Documents;

/// What can stand at a place.
pub(crate) fn completion(
    path: &Path,
    position: Position,
    documents: &Documents,
    bundles: &mut Bundles,
) -> Vec<CompletionItem> {
    let mut found = || {
        let text = &documents.get(path)?.text;
        let folder = home(path, documents)?;
        let at = byte(&Lines::of(text), position);
        let proposals = bundles.knowledge(&folder, documents)?.complete(&name(path, &folder)?, text, at);
        let lines = Lines::of(text);
        Some(proposals.into_iter().enumerate().map(|(place, one)| item(place, one, &lines)).collect())
    };
    found().unwrap_or_default()
}

fn item(place: usize, proposal: Proposal, lines: &Lines<'_>) -> CompletionItem {
    let kind = match proposal.kind {
        ProposalKind::Member => CompletionItemKind::Property,
        ProposalKind::Value => CompletionItemKind::Value,
        ProposalKind::Root => CompletionItemKind::Variable,
        ProposalKind::Field => CompletionItemKind::Field,
        ProposalKind::Function => CompletionItemKind::Function,
        ProposalKind::Name => CompletionItemKind::Reference,
    };
    let edit = TextEdit { range: bytes(lines, &proposal.replaces), new_text: proposal.insert };
    let documentation = (!proposal.doc.is_empty()).then(|| Documentation::MarkupContent(markdown(proposal.doc)));
    CompletionItem {
        label: proposal.label,
        kind: Some(kind),
        detail: Some(proposal.detail).filter(|detail| !detail.is_empty()),
        documentation,
        // In the order in which they come.
        sort_text: Some(format!("{place:05}")),
        text_edit: Some(CompletionItemTextEdit::TextEdit(edit)),
        ..CompletionItem::default()
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

/// What stands at a place.
pub(crate) fn hover(path: &Path, position: Position, documents: &Documents, bundles: &mut Bundles) -> Option<Hover> {
    let text = &documents.get(path)?.text;
    let folder = home(path, documents)?;
    let lines = Lines::of(text);
    let file = name(path, &folder)?;
    let found = bundles.knowledge(&folder, documents)?.explain(&file, text, byte(&lines, position))?;
    let range = Some(bytes(&lines, &found.about));
    Some(Hover { contents: Contents::MarkupContent(markdown(found.markdown)), range })
}

/// Where that is defined which stands at a place. Files that are built into the program are
/// laid out in a folder, which is made when it is needed.
pub(crate) fn definition(
    path: &Path,
    position: Position,
    documents: &Documents,
    bundles: &mut Bundles,
    built_in: &mut Option<TempDir>,
) -> Option<Location> {
    let text = &documents.get(path)?.text;
    let folder = home(path, documents)?;
    let file = name(path, &folder)?;
    let at = byte(&Lines::of(text), position);
    let found = bundles.knowledge(&folder, documents)?.definition(&file, text, at)?;
    let target = match place(&folder, &found.file) {
        Some(path) => path,
        None => laid_out(&found, built_in)?,
    };
    let range = bytes(&Lines::of(&found.text), &found.bytes);
    Some(Location { uri: Uri(documents.uri(&target)), range })
}

fn laid_out(found: &Definition, built_in: &mut Option<TempDir>) -> Option<PathBuf> {
    let name = found.file.strip_prefix("built-in:")?;
    if built_in.is_none() {
        *built_in = tempfile::Builder::new().prefix("solgate-built-in-").tempdir().ok();
    }
    let path = built_in.as_ref()?.path().join(name);
    if !path.exists() {
        fs::create_dir_all(path.parent()?).ok()?;
        fs::write(&path, &found.text).ok()?;
        // Who changes it changes nothing.
        let mut permissions = fs::metadata(&path).ok()?.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).ok()?;
    }
    Some(path)
}

/// The parts of a file.
pub(crate) fn outline(path: &Path, documents: &Documents) -> Vec<DocumentSymbol> {
    let found = || {
        let text = &documents.get(path)?.text;
        let folder = home(path, documents)?;
        let lines = Lines::of(text);
        Some(symbols(&name(path, &folder)?, text).into_iter().map(|one| symbol(one, &lines)).collect())
    };
    found().unwrap_or_default()
}

fn symbol(symbol: Symbol, lines: &Lines<'_>) -> DocumentSymbol {
    let children: Vec<DocumentSymbol> = symbol.children.into_iter().map(|child| self::symbol(child, lines)).collect();
    #[allow(deprecated, reason = "a member of the type, which has to be given")]
    DocumentSymbol {
        name: symbol.name,
        detail: Some(symbol.detail).filter(|detail| !detail.is_empty()),
        kind: SymbolKind::Object,
        tags: None,
        deprecated: None,
        range: bytes(lines, &symbol.whole),
        selection_range: bytes(lines, &symbol.named),
        children: Some(children).filter(|children| !children.is_empty()),
    }
}

/// The name of a file of a bundle, as messages have it.
fn name(path: &Path, folder: &Path) -> Option<String> {
    path.strip_prefix(folder).ok()?.to_str().map(str::to_owned)
}

/// The folder of what is laid out: nothing in it is a bundle that anybody works on.
pub(crate) fn is_laid_out(path: &Path, built_in: Option<&TempDir>) -> bool {
    built_in.is_some_and(|folder| path.starts_with(folder.path()))
}
