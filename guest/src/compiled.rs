//! A bundle, compiled: all that the stages of an evaluation read.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use solgate_contract::{
    api_root,
    router::{RouteError, Router},
    spoken::Spoken,
    verdict::Context,
};

use crate::{
    catalogue::ENGINE_RULES,
    cel_env::Runtime,
    dialects::Dialects,
    error::InitError,
    ir::{self, Bundle},
    rules::{self, Dependent, Expression, OperationRules, RuleCompiler},
    schema::{BodySchema, check_annotations},
    settings::{Profile, RuleEntry},
};

/// Header fields that the engine reads whatever the bundle says.
const FIELDS: &[&str] = &["accept", "authorization", "content-type", "if-match", "version"];
/// Deepest nesting of a body that can be judged on a small stack.
const MOST_DEPTH: u32 = 256;

/// A compiled bundle: immutable.
pub(crate) struct CompiledBundle {
    /// As it was given.
    pub ir: Bundle,
    /// Header fields that are read, in lower case and sorted.
    pub wanted_fields: Vec<String>,
    pub router: Router,
    dialects: Dialects,
    pub rules: Vec<RuleEntry>,
    rule_index: BTreeMap<String, usize>,
    /// By index of the API root.
    pub profiles: Vec<Profile>,
    /// Outside all API roots.
    pub outside: Profile,
    pub runtime: Runtime,
    pub expressions: Vec<Expression>,
    /// By index of the operation.
    pub operations: Vec<CompiledOperation>,
    /// Names of the variables of each fact's template.
    pub fact_variables: Vec<Vec<String>>,
    /// The facts whose templates take more than the path.
    pub dependents: Vec<Dependent>,
}

/// What the engine knows of one operation beside its [`ir::Operation`].
pub(crate) struct CompiledOperation {
    pub rules: OperationRules,
    pub body: Option<CompiledBody>,
    /// Rules of the header parameters, in their order.
    pub header_rules: Vec<usize>,
    /// Names of the header parameters in lower case.
    pub header_names: Vec<String>,
}

pub(crate) struct CompiledBody {
    /// An operation and a dialect of it may have the same.
    pub schema: Arc<BodySchema>,
    pub media_type_rule: usize,
    /// Rule of each media type that is only tolerated.
    pub tolerated: Vec<Option<usize>>,
}

impl CompiledBundle {
    /// Compiles schemas, expressions, routes and severities.
    pub(crate) fn new(bundle: Bundle) -> Result<Self, InitError> {
        if bundle.format != ir::FORMAT {
            return Err(InitError::Format { found: bundle.format, expected: ir::FORMAT });
        }
        if bundle.limits.depth > MOST_DEPTH {
            return Err(InitError::Limit { name: "depth", value: bundle.limits.depth.into(), most: MOST_DEPTH.into() });
        }
        let dialects = Dialects::of(&bundle)?;
        unique_operations(&bundle.operations)?;
        unique("fact", bundle.facts.iter().map(|fact| &fact.name))?;
        unique("option", bundle.options.iter().map(|option| &option.name))?;
        // The names of variables do not tell roots apart.
        let shapes: Vec<String> = bundle.api_roots.iter().map(|root| api_root::shape(&root.path)).collect();
        unique("API root", shapes.iter())?;
        let router = router(&bundle, &dialects)?;
        let (rules, rule_index) = rules::table(&bundle)?;
        let profiles = bundle
            .api_roots
            .iter()
            .map(|root| Profile::build(&bundle, Some(root), &rules, &dialects))
            .collect::<Result<_, _>>()?;
        let outside = Profile::build(&bundle, None, &rules, &dialects)?;

        let mut compiler = RuleCompiler::new(&bundle, &rule_index)?;
        compiler.compile()?;
        let mut wanted: BTreeSet<String> = FIELDS.iter().map(|name| (*name).to_owned()).collect();
        wanted.extend(
            bundle
                .operations
                .iter()
                .flat_map(|operation| &operation.headers)
                .map(|header| header.name.to_ascii_lowercase()),
        );
        wanted.extend(bundle.operations.iter().flat_map(|operation| operation.credentials.iter().cloned()));
        wanted.extend(std::mem::take(&mut compiler.fields));
        let dependents = std::mem::take(&mut compiler.dependents);
        let (runtime, expressions, operation_rules) = compiler.runtime();

        let mapped: BTreeSet<&String> =
            bundle.operations.iter().flat_map(|operation| operation.rule_map.keys()).collect();
        for (name, schema) in &bundle.schemas {
            let known = |id: &str| rule_index.contains_key(id) || mapped.iter().any(|name| *name == id);
            check_annotations(schema, &format!("#/components/schemas/{name}"), &known)?;
        }
        let mut operations: Vec<CompiledOperation> = Vec::with_capacity(bundle.operations.len());
        for (operation, rules) in bundle.operations.iter().zip(operation_rules) {
            let schema = body_schema(operation, &bundle, &operations, &rule_index)?;
            operations.push(CompiledOperation::new(operation, rules, schema, &rule_index)?);
        }
        Ok(Self {
            wanted_fields: wanted.into_iter().collect(),
            router,
            dialects,
            rules,
            rule_index,
            profiles,
            outside,
            runtime,
            expressions,
            operations,
            dependents,
            fact_variables: bundle
                .facts
                .iter()
                .map(|fact| rules::fact_variables(fact).into_iter().map(str::to_owned).collect())
                .collect(),
            ir: bundle,
        })
    }

    /// The settings below an API root, or outside all of them, under a context.
    pub(crate) fn profile(&self, root: Option<usize>, context: &Context<'_>) -> Cow<'_, Profile> {
        let built = root.and_then(|root| self.profiles.get(root)).unwrap_or(&self.outside);
        if context.settings.is_empty() {
            Cow::Borrowed(built)
        } else {
            Cow::Owned(built.overlaid(context.settings, &self.rules, &self.rule_index, &self.dialects))
        }
    }

    /// The dialects that are on below an API root under a context.
    pub(crate) fn spoken(&self, root: usize, context: &Context<'_>) -> Spoken {
        let built = self.profiles.get(root).unwrap_or(&self.outside);
        self.dialects.overlaid(built.spoken, context.settings)
    }
}

impl CompiledOperation {
    fn new(
        operation: &ir::Operation,
        rules: OperationRules,
        schema: Option<Arc<BodySchema>>,
        index: &BTreeMap<String, usize>,
    ) -> Result<Self, InitError> {
        let find = |rule: &String, place: &str| {
            let unknown = || InitError::UnknownRule {
                rule: rule.clone(),
                place: format!("{place} of the operation {}", operation.id),
            };
            index.get(rule).copied().ok_or_else(unknown)
        };
        let body = match operation.body.as_ref().zip(schema) {
            None => None,
            Some((body, schema)) => Some(CompiledBody {
                schema,
                media_type_rule: find(&body.media_type_rule, "the request body")?,
                tolerated: body
                    .media_types
                    .iter()
                    .map(|media| media.rule.as_ref().map(|rule| find(rule, "a media type")).transpose())
                    .collect::<Result<_, _>>()?,
            }),
        };
        Ok(Self {
            rules,
            body,
            header_rules: operation
                .headers
                .iter()
                .map(|header| find(&header.rule, "a header parameter"))
                .collect::<Result<_, _>>()?,
            header_names: operation.headers.iter().map(|header| header.name.to_ascii_lowercase()).collect(),
        })
    }
}

/// The ways to the operations.
fn router(bundle: &Bundle, dialects: &Dialects) -> Result<Router, InitError> {
    if let Some(root) = bundle.api_roots.iter().find(|root| !api_root::is_root(&root.path)) {
        return Err(InitError::ApiRoot { path: root.path.clone() });
    }
    let mut router = Router::new(bundle.api_roots.iter().map(|root| root.path.as_str()));
    for (index, operation) in bundle.operations.iter().enumerate() {
        let dialect = operation.dialect.as_ref().and_then(|name| dialects.index(name));
        router.add(index, &operation.method, &operation.path, dialect).map_err(|error| match error {
            RouteError::Template => InitError::Path { operation: operation.id.clone(), path: operation.path.clone() },
            RouteError::Variable(name) => InitError::Duplicate { kind: "path variable", name },
            RouteError::Taken => {
                InitError::Duplicate { kind: "method and path of the operation", name: operation.id.clone() }
            }
        })?;
    }
    Ok(router)
}

/// The schema of an operation's body: that of an earlier one, if it would be the same.
fn body_schema(
    operation: &ir::Operation,
    bundle: &Bundle,
    compiled: &[CompiledOperation],
    index: &BTreeMap<String, usize>,
) -> Result<Option<Arc<BodySchema>>, InitError> {
    let Some(body) = &operation.body else { return Ok(None) };
    let of = |known: &&(&ir::Operation, &CompiledOperation)| {
        known.0.body.as_ref().is_some_and(|known| known.schema == body.schema)
    };
    let all: Vec<_> = bundle.operations.iter().zip(compiled).filter(|known| of(&known)).collect();
    let mut same = all.iter().filter(|(known, _)| known.rule_map == operation.rule_map);
    if let Some(same) = same.find_map(|(_, compiled)| compiled.body.as_ref()) {
        return Ok(Some(Arc::clone(&same.schema)));
    }
    let shape = all.iter().find_map(|(_, compiled)| Some(compiled.body.as_ref()?.schema.shape()));
    BodySchema::compile(&body.schema, operation, &bundle.schemas, index, shape).map(|schema| Some(Arc::new(schema)))
}

/// One id is one method and path, with at most one operation in each dialect.
fn unique_operations(operations: &[ir::Operation]) -> Result<(), InitError> {
    for (index, operation) in operations.iter().enumerate() {
        let mut namesakes = operations.iter().take(index).filter(|known| known.id == operation.id);
        let is_other = |known: &ir::Operation| {
            known.dialect == operation.dialect || known.method != operation.method || known.path != operation.path
        };
        if namesakes.any(is_other) {
            return Err(InitError::Duplicate { kind: "operation", name: operation.id.clone() });
        }
    }
    Ok(())
}

fn unique<'n>(kind: &'static str, names: impl Iterator<Item = &'n String>) -> Result<(), InitError> {
    let mut known = BTreeSet::new();
    for name in names {
        if !known.insert(name) {
            return Err(InitError::Duplicate { kind, name: name.clone() });
        }
    }
    Ok(())
}

// The table is indexed by the constants beside it.
const _: () = assert!(ENGINE_RULES.len() == crate::catalogue::rule::FACT_UNASKED + 1);
