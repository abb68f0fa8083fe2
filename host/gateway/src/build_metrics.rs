//! What program this is.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    /// Of the processor, such as `x86_64`.
    arch: &'static str,
}

/// Enters version and processor into a registry, as a metric that is always 1.
pub fn register(registry: &mut Registry) {
    let info = Family::<BuildLabels, Gauge>::default();
    registry.register("build_info", "The program, by version and processor", info.clone());
    info.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION"), arch: std::env::consts::ARCH }).set(1);
}
