//! Ways through a schema: from its root to the node that a fault is about, with
//! every node passed.

use serde_json::Value;

/// Most ways that are followed for one value; schemas may refer to themselves.
const MOST_WAYS: usize = 256;
/// Deepest chain of nodes that apply to one value.
const DEEPEST: usize = 128;

/// A schema node on the way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'s> {
    pub node: &'s Value,
    /// Members and items passed so far: nodes of one depth are about one value.
    pub depth: usize,
}

/// A way through a schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace<'s> {
    pub steps: Vec<Step<'s>>,
    /// The keyword at its end.
    pub keyword: Option<String>,
}

impl<'s> Trace<'s> {
    /// The node that holds the keyword.
    pub(super) fn last(&self) -> Option<&Step<'s>> {
        self.steps.last()
    }

    /// Nodes about the same value as the last one, innermost first.
    pub(super) fn innermost(&self) -> impl Iterator<Item = &Step<'s>> {
        let depth = self.last().map(|step| step.depth);
        self.steps.iter().rev().take_while(move |step| Some(step.depth) == depth)
    }

    /// Whether the last node's `type` is, or may be, `name`.
    pub(super) fn declares(&self, name: &str) -> bool {
        match self.last().and_then(|step| step.node.get("type")) {
            Some(Value::String(kind)) => kind == name,
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
            _ => false,
        }
    }

    pub(super) fn is_secret(&self) -> bool {
        self.steps.iter().any(|step| {
            step.node.get("writeOnly") == Some(&Value::Bool(true))
                || step.node.get("format").and_then(Value::as_str) == Some("password")
        })
    }
}

/// Follows an evaluation path, which passes through references.
pub(super) fn trace<'s>(root: &'s Value, path: &str) -> Trace<'s> {
    let mut trace = Trace { steps: vec![Step { node: root, depth: 0 }], keyword: None };
    let mut segments = path.split('/').skip(1).map(unescape).peekable();
    while let Some(keyword) = segments.next() {
        let Some(Step { node, depth }) = trace.last().copied() else {
            break;
        };
        let Some(value) = node.get(&keyword) else {
            trace.keyword = Some(keyword);
            break;
        };
        let deeper = depth.saturating_add(1);
        let next = match keyword.as_str() {
            "$ref" | "$dynamicRef" => {
                value.as_str().and_then(|target| resolve(root, target)).map(|node| Step { node, depth })
            }
            "properties" | "patternProperties" => child(value, &mut segments).map(|node| Step { node, depth: deeper }),
            "prefixItems" => child(value, &mut segments).map(|node| Step { node, depth: deeper }),
            "allOf" | "anyOf" | "oneOf" | "dependentSchemas" => {
                child(value, &mut segments).map(|node| Step { node, depth })
            }
            // Faults of these keywords themselves end with them.
            _ if segments.peek().is_none() => None,
            "items"
            | "additionalProperties"
            | "contains"
            | "unevaluatedItems"
            | "unevaluatedProperties"
            | "propertyNames" => Some(Step { node: value, depth: deeper }),
            "if" | "then" | "else" | "not" => Some(Step { node: value, depth }),
            _ => None,
        };
        match next {
            Some(step) => trace.steps.push(step),
            None => {
                trace.keyword = Some(keyword);
                break;
            }
        }
    }
    trace
}

fn child<'s>(value: &'s Value, segments: &mut impl Iterator<Item = String>) -> Option<&'s Value> {
    let segment = segments.next()?;
    match value {
        Value::Object(members) => members.get(&segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Every way to the nodes that apply to the value at an instance pointer,
/// whatever the alternatives around it say.
pub(super) fn occurrences<'s>(root: &'s Value, pointer: &str) -> Vec<Trace<'s>> {
    let segments: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
    let mut search = Search { root, found: Vec::new() };
    search.visit(root, &segments, &mut Vec::new(), 0);
    search.found
}

struct Search<'s> {
    root: &'s Value,
    found: Vec<Trace<'s>>,
}

impl<'s> Search<'s> {
    fn visit(&mut self, node: &'s Value, segments: &[String], steps: &mut Vec<Step<'s>>, depth: usize) {
        if steps.len() >= DEEPEST
            || self.found.len() >= MOST_WAYS
            || steps.iter().any(|step| step.depth == depth && std::ptr::eq(step.node, node))
        {
            return;
        }
        steps.push(Step { node, depth });
        if segments.is_empty() {
            self.found.push(Trace { steps: steps.clone(), keyword: None });
        }
        if let Some(target) = node.get("$ref").and_then(Value::as_str).and_then(|target| resolve(self.root, target)) {
            self.visit(target, segments, steps, depth);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for branch in node.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.visit(branch, segments, steps, depth);
            }
        }
        for keyword in ["if", "then", "else"] {
            if let Some(branch) = node.get(keyword) {
                self.visit(branch, segments, steps, depth);
            }
        }
        if let Some((segment, rest)) = segments.split_first() {
            let deeper = depth.saturating_add(1);
            let named = node.get("properties").and_then(|properties| properties.get(segment));
            let patterns = node
                .get("patternProperties")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|patterns| patterns.values());
            let item = segment.parse::<usize>().ok();
            let prefix = item.and_then(|index| node.get("prefixItems").and_then(|items| items.get(index)));
            let items = item.and_then(|_| node.get("items"));
            let others = node.get("additionalProperties").filter(|_| named.is_none());
            for next in named.into_iter().chain(patterns).chain(prefix).chain(items).chain(others) {
                self.visit(next, rest, steps, deeper);
            }
        }
        steps.pop();
    }
}

/// A reference within the document.
pub(super) fn resolve<'s>(root: &'s Value, target: &str) -> Option<&'s Value> {
    root.pointer(target.strip_prefix('#')?)
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}
