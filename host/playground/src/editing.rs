//! What a site has in addition where the bundle can be edited: its files, the compiler, and the
//! engine that policies are baked from.

use std::collections::BTreeMap;

use serde::Serialize;
use solgate_bundle::Texts;
use solgate_bundle::bake::engine;
use solgate_packed::Packed;

use crate::site::{File, SiteError, json, packed, sha256};

/// The compiler of bundles as a core module for browsers, compressed.
static COMPILER: Packed<'static> = Packed::new(include_bytes!(env!("SOLGATE_PAGE_COMPILER")));

/// A bundle that can be edited in the page.
#[derive(Debug)]
pub struct Sources {
    /// Its files, and those of the folders that it extends and imports.
    pub texts: Texts,
    /// The options that it was built with.
    pub set: Vec<(String, String)>,
}

/// Where the parts are. Paths are below the site's folder.
#[derive(Serialize)]
pub(crate) struct Editing {
    files: String,
    compiler: Part,
    engine: Part,
}

/// A core module: its size and digest are those of its bytes.
#[derive(Serialize)]
struct Part {
    path: String,
    sha256: String,
    bytes: usize,
}

/// What is edited.
#[derive(Serialize)]
struct Bundle<'s> {
    /// By name, as in messages.
    files: BTreeMap<&'s str, &'s str>,
    set: &'s [(String, String)],
}

/// Adds the files to the site. `folder` is that of the policy.
pub(crate) fn put(sources: &Sources, release: &str, folder: &str, files: &mut Vec<File>) -> Result<Editing, SiteError> {
    let bundle = Bundle { files: sources.texts.iter().collect(), set: &sources.set };
    let path = format!("{folder}/bundle.json.gz");
    files.push(File { path: path.clone(), bytes: packed(&json(&bundle)?)? });
    let mut part = |name: &str, module: &[u8]| {
        let sha256 = sha256(module);
        // The same for all policies of a release.
        let path = format!("compiler-{release}-{}/{name}.wasm.gz", sha256.get(..16).unwrap_or(&sha256));
        files.push(File { path: path.clone(), bytes: packed(module)? });
        Ok::<_, SiteError>(Part { path, sha256, bytes: module.len() })
    };
    Ok(Editing { compiler: part("compiler", &COMPILER.unpack()?)?, engine: part("engine", &engine()?)?, files: path })
}
