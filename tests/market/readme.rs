//! The example's README, line by line.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::anvil::{ACCOUNTS, Anvil};
use crate::sandbox::Sandbox;
use crate::scene::{MODEL, OWNER};
use crate::verify_onchain;

/// The lines of a README that are commands: indented by four.
fn commands(readme: &str) -> Vec<&str> {
    readme.lines().filter_map(|line| line.strip_prefix("    ")).collect()
}

#[test]
fn the_examples_readme_leads_from_a_model_to_a_paid_proof() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("examples/verify_onchain/README.md")).unwrap();
    let (sandbox, anvil) = (Sandbox::new("market-readme"), Anvil::start());
    // The user's own model and the binary under test.
    fs::rename(sandbox.path(MODEL), sandbox.path("model.onnx")).unwrap();
    fs::create_dir(sandbox.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_assay"), sandbox.path("bin/assay")).unwrap();
    let example = "cargo run --release --example verify_onchain -- ";
    let mut script = Vec::new();
    for line in commands(&readme) {
        // What is installed, running or tested already is not done again; the market's address comes from what `assay deploy` says.
        let line = match line {
            "(cd contracts && npm ci)" => continue,
            line if line.ends_with("/bin/anvil &") => continue,
            line if line.starts_with(example) => {
                let model = root.join(&line[example.len()..]);
                let report = verify_onchain::run(&model, &anvil.url, ACCOUNTS[OWNER].1).unwrap();
                assert!(report.gas > 100_000 && report.refusal.contains("InvalidProof"), "{report:?}");
                continue;
            }
            line => line.replace("assay deploy", "assay deploy > deployed"),
        };
        script.push(line.replace("ADDRESS", r"$(sed -n 's/^market \(0x[^,]*\),.*/\1/p' deployed)"));
    }
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script.join("\n")])
        .current_dir(&sandbox.folder)
        .env("PATH", format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap()))
        .env("XDG_DATA_HOME", sandbox.path("data"))
        .env("XDG_CACHE_HOME", sandbox.path("cache"))
        .env("ASSAY_RPC", &anvil.url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("paid: 0.008 ether of 0.01 ether") && said.contains("paid out: 0.01 ether"), "{said}");
}
