//! What a component imports, and how its toolchain is told to do without.

use std::fmt;

/// Most names that are written out.
const SHOWN: usize = 3;

/// Names of what a component imports; it should import nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imports {
    pub names: Vec<String>,
    toolchain: Toolchain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Toolchain {
    ComponentizeJs,
    ComponentizeQjs,
    ComponentizePy,
    Other,
}

/// What only the files of a toolchain contain.
const MARKS: [(&str, Toolchain); 3] = [
    ("componentize_qjs", Toolchain::ComponentizeQjs),
    ("componentize_py", Toolchain::ComponentizePy),
    ("ComponentizeJS", Toolchain::ComponentizeJs),
];

impl Imports {
    pub(super) fn of(component: &[u8], names: Vec<String>) -> Self {
        let holds = |mark: &str| component.windows(mark.len()).any(|part| part == mark.as_bytes());
        let toolchain =
            MARKS.iter().find(|(mark, _)| holds(mark)).map_or(Toolchain::Other, |(_, toolchain)| *toolchain);
        Self { names, toolchain }
    }

    /// What to do about it.
    fn hint(&self) -> &'static str {
        match self.toolchain {
            Toolchain::ComponentizeJs => {
                "; build it with `componentize-js -d stdio random clocks http fetch-event`, and without fetch or console"
            }
            Toolchain::ComponentizeQjs => "; build it with `componentize-qjs --stub-wasi --sync`",
            Toolchain::ComponentizePy => "; build it with `componentize-py componentize --stub-wasi`",
            Toolchain::Other if self.names.iter().any(|name| name.starts_with("wasi:")) => {
                "; build it without WASI: in Rust for the target wasm32-unknown-unknown, with others by what docs/other-languages.md says"
            }
            Toolchain::Other => "",
        }
    }
}

impl fmt::Display for Imports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, others) = self.names.split_at_checked(SHOWN).unwrap_or((&self.names, &[]));
        f.write_str(&shown.join(", "))?;
        match others.len() {
            0 => {}
            1 => f.write_str(" and another")?,
            count => write!(f, " and {count} others")?,
        }
        write!(f, "; a policy imports nothing{}", self.hint())
    }
}
