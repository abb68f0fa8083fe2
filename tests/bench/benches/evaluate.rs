//! Criterion over single evaluations: for comparing two versions of the code, each
//! with what it was before. `cd tests/bench && cargo bench` runs it. The targets are
//! checked by `make bench`, which times the variants in turn.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use solgate_bench::subjects::Subjects;
use solgate_bench::workload;

fn evaluate(criterion: &mut Criterion) {
    let subjects = Subjects::vnflcm_v2().expect("the default policy loads");
    let mut group = criterion.benchmark_group("evaluate");
    let works = [workload::terminate(), workload::denied(), workload::retry(), workload::instantiate(16)];
    for work in &works {
        for (how, policy) in subjects.all() {
            let prepared = work.prepare(policy);
            group.bench_function(BenchmarkId::new(work.name, how), |bencher| {
                bencher.iter(|| black_box(prepared.with_facts()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
