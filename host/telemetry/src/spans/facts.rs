//! Facts with a span around each.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry::trace::{Span, SpanKind, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};

use super::remote;

/// The facts of one request, fetched in its trace.
pub struct TracedFacts {
    inner: Arc<dyn FactSource>,
    tracer: SdkTracer,
    /// The request's span.
    parent: Context,
}

impl TracedFacts {
    /// Facts from `inner`, fetched as part of `parent`.
    pub fn new(inner: Arc<dyn FactSource>, tracer: SdkTracer, parent: Context) -> Self {
        Self { inner, tracer, parent }
    }

    async fn answer(&self, request: FactRequest<'_>) -> Fact {
        let name = request.template.name.clone();
        let builder = self.tracer.span_builder(format!("fact {name}")).with_kind(SpanKind::Client);
        let mut span = builder.start_with_context(&self.tracer, &self.parent);
        let mut headers = request.headers.clone();
        remote::put(span.span_context(), &mut headers);
        let fact = self.inner.fetch(FactRequest { headers: &headers, ..request }).await;
        span.set_attribute(KeyValue::new("solgate.fact", name));
        span.set_attribute(KeyValue::new("solgate.fact.outcome", fact.answer.outcome()));
        span.set_attribute(KeyValue::new("solgate.fact.cached", fact.cached));
        if matches!(fact.answer, FactAnswer::Unavailable(_)) {
            span.set_attribute(KeyValue::new("error.type", "unavailable"));
            span.set_status(opentelemetry::trace::Status::error(""));
        }
        fact
    }
}

impl FactSource for TracedFacts {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        self.answer(request).boxed()
    }
}
