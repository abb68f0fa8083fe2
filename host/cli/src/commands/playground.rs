//! `solgate playground`: a static site, in which a browser judges requests by a policy's file.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use solgate::policy::{EvaluationLimits, Policy};
use solgate_bundle::{BuildOptions, built_in_texts, compile_dir};
use solgate_playground::{File, Sources, site};

use crate::commands::build::setting;
use crate::commands::output::{note, print};
use crate::commands::policies::{Loader, bake, built_in, bundle_error};

/// Make a static site in which a browser judges requests by a policy.
///
/// The site runs that very file: the core modules in it are those of the component, byte for byte,
/// and the page shows the digest that decision logs show. Requests to try and cases to run are those
/// that the file carries; the rule book is beside them. Any server of files can host it, below any
/// path. Nothing leaves the browser. docs/playground.md says which header fields matter.
///
/// With --edit the bundle can be edited on the site: its files, the compiler and the engine are there
/// as well. What is edited is judged by the file that `solgate build` makes of it, byte for byte.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate playground my-policy.wasm -o site
  solgate playground policies/my-policy -o site
  solgate playground vnflcm-v2 -o site
  solgate playground policies/my-policy --edit -o site

Exit status: 0 made, 2 the policy cannot be read or cannot run in a browser, or the folder is not empty or cannot be written.")]
pub struct PlaygroundArgs {
    /// The policy's file, a bundle's folder, which is baked first, or the name of a built-in policy
    #[arg(value_name = "FILE|DIR|NAME")]
    policy: PathBuf,

    /// The folder of the site, which is made; an empty one may be there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,

    /// Let people edit the bundle on the site: of a bundle's folder, or of a built-in policy
    #[arg(long)]
    edit: bool,

    /// Give an option of the bundle's folder another default, as in `solgate build`
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// One line for people, on standard error
    #[default]
    Text,
    /// One JSON object on standard output
    Json,
}

/// Why a folder cannot become the site.
#[derive(Debug, thiserror::Error)]
enum FolderError {
    #[error("{} is not empty; name another folder, or remove it first", .0.display())]
    NotEmpty(PathBuf),
    #[error("{} is a file; name a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("cannot write {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

pub fn run(arguments: &PlaygroundArgs) -> anyhow::Result<ExitCode> {
    // Before the work that takes seconds.
    check_folder(&arguments.output)?;
    let sources = if arguments.edit { Some(sources(arguments)?) } else { None };
    let loader = Loader::for_author()?;
    let (policy, component) = load(&loader, arguments)?;
    let cases = solgate_cases::embedded(&component, &policy.manifest().into())
        .map_err(|error| anyhow!("the cases in {}: {error}", arguments.policy.display()))?;
    let files = site(&solgate_playground::Policy {
        component: &component,
        manifest: policy.manifest(),
        cases: &cases,
        most_violations: EvaluationLimits::default().violations,
        release: env!("CARGO_PKG_VERSION"),
        sources: sources.as_ref(),
    })
    .map_err(|error| anyhow!("{}: {error}", arguments.policy.display()))?;
    write(&arguments.output, &files)?;
    report(arguments, &policy, cases.len(), &files)?;
    Ok(ExitCode::SUCCESS)
}

fn load(loader: &Loader, arguments: &PlaygroundArgs) -> anyhow::Result<(Policy, Vec<u8>)> {
    let path = arguments.policy.as_path();
    if path.is_dir() {
        let options = BuildOptions { set: arguments.set.clone(), ..BuildOptions::default() };
        let compiled = compile_dir(path, &options).map_err(|failure| bundle_error(path, failure))?;
        if !compiled.warnings.is_empty() {
            note(&solgate_bundle::render(&compiled.warnings, &compiled.sources, true));
        }
        let component = bake(&compiled)?;
        let policy = loader.bytes(Some(path), &component)?;
        return Ok((policy, component));
    }
    if !arguments.set.is_empty() {
        return Err(anyhow!("--set goes with a bundle's folder; the options of {} are built in", path.display()));
    }
    if let Some(policy) = built_in(path) {
        let component = policy.unpack()?;
        return Ok((loader.bytes(None, &component)?, component));
    }
    Ok(loader.component_with_bytes(path)?)
}

/// The files that can be edited on the site.
fn sources(arguments: &PlaygroundArgs) -> anyhow::Result<Sources> {
    let path = arguments.policy.as_path();
    let set = arguments.set.clone();
    if path.is_dir() {
        let options = BuildOptions { set: set.clone(), ..BuildOptions::default() };
        let texts = solgate_bundle::texts(path, &options).map_err(|failure| bundle_error(path, failure))?;
        return Ok(Sources { texts, set });
    }
    let texts = built_in(path).and_then(|policy| built_in_texts(policy.name()));
    let texts = texts.ok_or_else(|| {
        anyhow!(
            "{}: a policy's file has no bundle that can be edited; with --edit, name the bundle's folder or a built-in policy",
            path.display()
        )
    })?;
    Ok(Sources { texts, set })
}

/// Whether the site can become this folder.
fn check_folder(path: &Path) -> Result<(), FolderError> {
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    match fs::read_dir(path) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(Ok(_)) => Err(FolderError::NotEmpty(path.to_owned())),
            Some(Err(error)) => Err(io(error)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Err(FolderError::NotAFolder(path.to_owned())),
        Err(error) => Err(io(error)),
    }
}

/// Makes the folder with these files; it is there whole or not at all.
fn write(path: &Path, files: &[File]) -> Result<(), FolderError> {
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(io)?;
    let made = tempfile::Builder::new().prefix(".solgate-playground-").tempdir_in(parent).map_err(io)?;
    let site = made.path().join("site");
    fs::create_dir(&site).map_err(io)?;
    for File { path, bytes } in files {
        let file = site.join(path);
        fs::create_dir_all(file.parent().unwrap_or(&site)).map_err(io)?;
        fs::write(&file, bytes).map_err(io)?;
    }
    // A server that runs as somebody else reads it.
    fs::set_permissions(&site, Permissions::from_mode(0o755)).map_err(io)?;
    // An empty folder gives way.
    fs::rename(&site, path).map_err(io)
}

fn report(arguments: &PlaygroundArgs, policy: &Policy, cases: usize, files: &[File]) -> anyhow::Result<()> {
    let manifest = policy.manifest();
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    match arguments.format {
        Format::Text => note(&format!(
            "solgate: {} is a site for {} {} with {cases} cases: {} files, {bytes} bytes; open it with a server of files, \
             such as `python3 -m http.server -d {}`",
            arguments.output.display(),
            manifest.name,
            manifest.version,
            files.len(),
            arguments.output.display(),
        )),
        Format::Json => print(&format!(
            "{}\n",
            serde_json::json!({
                "folder": arguments.output,
                "name": manifest.name,
                "version": manifest.version,
                "digest": manifest.digest,
                "cases": cases,
                "files": files.len(),
                "bytes": bytes,
            })
        ))?,
    }
    Ok(())
}
