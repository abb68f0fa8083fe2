//! What a WebAssembly file consists of, found without running it.

use serde::Serialize;
use sha2::{Digest, Sha256};
use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

/// The parts of a file.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Anatomy {
    pub kind: Kind,
    /// Size of the file.
    pub bytes: usize,
    /// Lower-case hexadecimal, over the whole file.
    pub sha256: String,
    /// Size of all functions, in bytes.
    pub code: usize,
    /// Size of the initial memory that is not zero, in bytes.
    pub data: usize,
    /// Names of what the file itself imports; parts of it may import from others.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// Custom sections of the file itself.
    pub custom_sections: Vec<Section>,
    /// Where it stops being WebAssembly, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Section {
    pub name: String,
    pub bytes: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Not WebAssembly.
    #[default]
    Other,
    Module,
    Component,
}

impl Anatomy {
    pub fn of(bytes: &[u8]) -> Self {
        let mut found = Self { bytes: bytes.len(), sha256: hexadecimal(&Sha256::digest(bytes)), ..Self::default() };
        // Of the parts within parts only the sizes count.
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload {
                Ok(Payload::Version { encoding, .. }) => {
                    depth = depth.saturating_add(1);
                    if depth == 1 {
                        found.kind = match encoding {
                            Encoding::Module => Kind::Module,
                            Encoding::Component => Kind::Component,
                        };
                    }
                }
                Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
                Ok(payload) => {
                    if let Err(error) = found.add(&payload, depth == 1) {
                        found.fault = Some(error.to_string());
                    }
                }
                Err(error) => found.fault = Some(error.to_string()),
            }
        }
        // A file that is not WebAssembly has no fault as such.
        found.fault = found.fault.filter(|_| found.kind != Kind::Other);
        found
    }

    fn add(&mut self, payload: &Payload<'_>, is_outermost: bool) -> wasmparser::Result<()> {
        match payload {
            Payload::CodeSectionStart { size, .. } => {
                self.code = self.code.saturating_add(usize::try_from(*size).unwrap_or(usize::MAX));
            }
            Payload::DataSection(section) => {
                self.data = self.data.saturating_add(section.range().len());
            }
            _ if !is_outermost => {}
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    self.imports.push(format!("{} {}", import.module, import.name));
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    self.exports.push(export?.name.to_owned());
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    self.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    // Types are exported beside the instance that uses them.
                    if export.kind != ComponentExternalKind::Type {
                        self.exports.push(export.name.name.to_owned());
                    }
                }
            }
            Payload::CustomSection(section) => {
                self.custom_sections.push(Section { name: section.name().to_owned(), bytes: section.data().len() });
            }
            _ => {}
        }
        Ok(())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
