//! Backends do what [`Backend`](assay_prover::backend::Backend) says.

#![cfg(test)]

use assay_prover::backend::cpu::CpuBackend;
use assay_prover::testing::check_backend;

#[test]
fn the_cpu_backend_conforms() {
    check_backend(CpuBackend::new);
}
