//! JSON Schemas of a bundle's files, with which editors complete, explain and check
//! them. A schema knows the shape of one file. Only [`compile_dir`](crate::compile_dir)
//! can tell whether names exist and expressions are right.

#[cfg(test)]
mod tests;

/// A kind of file that has a schema. That of openapi.yaml is OpenAPI's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// policy.yaml
    Policy,
    /// rules/*.yaml
    Rules,
    /// tests/*.yaml
    Tests,
}

impl FileKind {
    pub const ALL: [Self; 3] = [Self::Policy, Self::Rules, Self::Tests];

    /// The schema: JSON Schema 2020-12, indented, with a line break at the end.
    #[must_use]
    pub fn schema(self) -> &'static str {
        match self {
            Self::Policy => include_str!("../../schemas/policy.schema.json"),
            Self::Rules => include_str!("../../schemas/rules.schema.json"),
            Self::Tests => include_str!("../../schemas/tests.schema.json"),
        }
    }

    /// The file name under which `solgate new` puts the schema.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Policy => "policy.schema.json",
            Self::Rules => "rules.schema.json",
            Self::Tests => "tests.schema.json",
        }
    }
}
