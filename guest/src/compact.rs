//! Laying a compiled bundle out for snapshots.
//!
//! Of the megabytes that compiling a bundle leaves in memory, one evaluation reads
//! some tens of kilobytes. Where they lie far apart, each of them brings its
//! neighbours into the page table, and the host looks at every page in it after
//! every evaluation. So what most evaluations read is copied once more, side by side.

use crate::{
    compiled::{CompiledBundle, CompiledOperation},
    rules::Expression,
};

impl CompiledBundle {
    /// The same, with what evaluations read most in memory that is allocated
    /// one after another.
    pub(crate) fn compacted(mut self) -> Self {
        self.router = self.router.clone();
        self.profiles = self.profiles.clone();
        self.outside = self.outside.clone();
        self.ir.api_roots = self.ir.api_roots.clone();
        self.ir.operations = self.ir.operations.clone();
        self.ir.facts = self.ir.facts.clone();
        self.fact_variables = self.fact_variables.clone();
        // Collecting would keep the old list's place.
        let mut expressions = Vec::with_capacity(self.expressions.len());
        for expression in self.expressions {
            expressions.push(Expression {
                guard_facts: expression.guard_facts.clone(),
                facts: expression.facts.clone(),
                direct: expression.direct.clone(),
                ..expression
            });
        }
        self.expressions = expressions;
        let mut operations = Vec::with_capacity(self.operations.len());
        for operation in self.operations {
            operations.push(CompiledOperation {
                rules: operation.rules.clone(),
                header_rules: operation.header_rules.clone(),
                header_names: operation.header_names.clone(),
                ..operation
            });
        }
        self.operations = operations;
        self
    }
}
