//! How long does it take to open an SRS, and to make the Lagrange basis of one that is cut to size?
//!
//! `open` maps the file and checks its checksum and every point; `cut` transforms the powers; `cut by halo2` is
//! halo2-axiom's own transform of the same points, for the ratio.
#![expect(clippy::unwrap_used, missing_docs, reason = "a bench stops at the first surprise")]

use std::time::Duration;

use assay_prover::{PUBLISHED_SEED, Srs};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use halo2_proofs::arithmetic::g_to_lagrange;
use halo2curves::bn256::G1Affine;

fn srs(c: &mut Criterion) {
    let mut group = c.benchmark_group("srs");
    group.sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(500));
    let folder = std::env::temp_dir().join(format!("assay-bench-srs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("srs");
    for k in [12, 14, 16, 18] {
        let large = Srs::insecure(k + 1, PUBLISHED_SEED).unwrap();
        std::fs::write(&path, large.truncated(k).unwrap().to_bytes().unwrap()).unwrap();
        group.bench_function(BenchmarkId::new("open", k), |b| b.iter(|| Srs::open(&path).unwrap()));
        group.bench_function(BenchmarkId::new("cut", k), |b| b.iter(|| large.truncated(k).unwrap()));
        if k <= 14 {
            let powers = large.powers().iter().take(1 << k);
            let projective: Vec<_> = powers.map(|point| (*point).into()).collect();
            group.bench_function(BenchmarkId::new("cut by halo2", k), |b| {
                b.iter(|| g_to_lagrange::<G1Affine>(projective.clone(), k));
            });
        }
    }
    group.finish();
    std::fs::remove_dir_all(&folder).unwrap();
}

criterion_group!(benches, srs);
criterion_main!(benches);
