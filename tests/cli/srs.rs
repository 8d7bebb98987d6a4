//! A ceremony's powers are not replaced without a word, and are said to be whose they are.

use std::fs;

use assay_prover::Srs;
use serde_json::Value;

use crate::WRONG_REQUEST;
use crate::sandbox::Sandbox;

/// halo2's raw parameters of a seed that is nobody's.
fn raw(sandbox: &Sandbox, name: &str, k: u32, seed: [u8; 32]) {
    let srs = Srs::insecure(k, seed).unwrap().to_bytes().unwrap();
    let g2 = {
        use halo2curves::serde::SerdeObject as _;
        halo2curves::bn256::G2Affine::generator().to_raw_bytes()
    };
    let bytes = [&k.to_le_bytes(), &srs[192..srs.len() - 32], &g2, &srs[64..192]].concat();
    fs::write(sandbox.path(name), bytes).unwrap();
}

/// A powers-of-tau file with these contributions: names, and whether each is a beacon's.
fn ptau(sandbox: &Sandbox, name: &str, contributions: &[(&str, bool)]) {
    let number = u32::to_le_bytes;
    let srs = Srs::insecure(3, [5; 32]).unwrap().to_bytes().unwrap();
    let whole = Srs::insecure(4, [5; 32]).unwrap().to_bytes().unwrap();
    let prime = hex::decode("47fd7cd8168c203c8dca7168916a81975d588181b64550b829a031e1724e6430").unwrap();
    let header = [&number(32), prime.as_slice(), &number(3), &number(28)].concat();
    let g2 = {
        use halo2curves::serde::SerdeObject as _;
        halo2curves::bn256::G2Affine::generator().to_raw_bytes()
    };
    let in_g2 = [g2.as_slice(), &srs[64..192], &[0; 6 * 128]].concat();
    let mut listed = number(contributions.len() as u32).to_vec();
    for (name, beacon) in contributions {
        let parameters = [&[1, name.len() as u8], name.as_bytes()].concat();
        listed.extend([0; 1496]);
        listed.extend([&number(u32::from(*beacon)), &number(parameters.len() as u32), parameters.as_slice()].concat());
    }
    let mut file = [b"ptau".as_slice(), &number(1), &number(4)].concat();
    for (kind, content) in [(1, header.as_slice()), (2, &whole[192..192 + 64 * 15]), (3, &in_g2), (7, &listed)] {
        file.extend([&number(kind), (content.len() as u64).to_le_bytes().as_slice(), content].concat());
    }
    fs::write(sandbox.path(name), file).unwrap();
}

#[test]
fn a_ceremonys_powers_are_replaced_by_nothing_less_without_force() {
    let sandbox = Sandbox::new("replace");
    let generate = ["srs", "generate", "--insecure", "-k", "5"];
    let own = sandbox.path("data/assay/srs");
    sandbox.succeeds(&generate);
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "4"]);
    raw(&sandbox, "ceremony", 5, [3; 32]);
    raw(&sandbox, "another", 6, [4; 32]);
    sandbox.succeeds(&["srs", "import", "ceremony"]);
    let kept = fs::read(&own).unwrap();
    let digest = hex::encode(Srs::from_bytes(&kept).unwrap().digest());
    let refused = |arguments: &[&str], by: &str| {
        sandbox.fails(arguments, WRONG_REQUEST, &["32 powers of the ceremony", &digest, by, "--output", "--force"]);
        assert_eq!(fs::read(&own).unwrap(), kept);
    };
    refused(&generate, "an insecure SRS");
    refused(&["srs", "import", "ceremony", "-k", "4"], "fewer powers");
    refused(&["srs", "import", "another"], "another ceremony");
    sandbox.succeeds(&["srs", "import", "ceremony"]);
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "4", "--output", "elsewhere"]);
    assert_eq!(fs::read(&own).unwrap(), kept);
    sandbox.succeeds(&[&generate[..], &["--force"]].concat());
    assert_ne!(fs::read(&own).unwrap(), kept);
    fs::write(sandbox.path("thesis.txt"), "three years of work").unwrap();
    let over = [&generate[..], &["--output", "thesis.txt"]].concat();
    sandbox.fails(&over, WRONG_REQUEST, &["thesis.txt is no SRS", "--force"]);
}

#[test]
fn a_file_of_powers_is_not_replaced_by_what_is_imported_from_it() {
    let sandbox = Sandbox::new("itself");
    raw(&sandbox, "ceremony", 5, [3; 32]);
    let before = fs::read(sandbox.path("ceremony")).unwrap();
    for force in [&[][..], &["--force"]] {
        let import = [&["srs", "import", "ceremony", "-k", "4", "--output", "./ceremony"], force].concat();
        sandbox.fails(&import, WRONG_REQUEST, &["would be replaced", "--output"]);
    }
    std::fs::hard_link(sandbox.path("ceremony"), sandbox.path("link")).unwrap();
    sandbox.fails(&["srs", "import", "link", "--output", "ceremony"], WRONG_REQUEST, &["is no SRS", "--force"]);
    assert_eq!(fs::read(sandbox.path("ceremony")).unwrap(), before);
}

#[test]
fn setup_does_not_suggest_to_replace_a_ceremonys_powers_by_insecure_ones() {
    let sandbox = Sandbox::new("suggest");
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    raw(&sandbox, "ceremony", 5, [3; 32]);
    sandbox.succeeds(&["srs", "import", "ceremony"]);
    let output = sandbox.run(&["setup", "mnist-mlp.onnx"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(WRONG_REQUEST), "{message}");
    assert!(message.contains("a file of the ceremony with 2^12 powers or more: `assay srs import FILE`"), "{message}");
    assert!(!message.contains("generate"), "{message}");
}

#[test]
fn an_import_prints_who_contributed_and_says_when_it_was_one_person() {
    let sandbox = Sandbox::new("contributions");
    let import = |file: &str| {
        let output = sandbox.run(&["srs", "import", file, "--output", "imported"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let list = || fs::read_to_string(sandbox.path("data/assay/ceremonies")).unwrap();
    ptau(&sandbox, "mine.ptau", &[("Eve", false), ("drand", true)]);
    let (said, warned) = import("mine.ptau");
    assert!(said.contains("1  Eve\n") && said.contains("2  drand, a public beacon"), "{said}");
    assert!(warned.contains("these powers are one person's"), "{warned}");
    assert!(list().contains("mine.ptau, one person's powers"), "{}", list());

    fs::remove_file(sandbox.path("data/assay/ceremonies")).unwrap();
    ptau(&sandbox, "nobodys.ptau", &[("drand", true)]);
    let (said, _) = import("nobodys.ptau");
    assert!(!said.contains("named in") && !sandbox.path("data/assay/ceremonies").exists(), "{said}");

    ptau(&sandbox, "ours.ptau", &[("Ann", false), ("Bob\u{1b}[2J", false), ("", false)]);
    let (said, warned) = import("ours.ptau");
    assert!(said.contains("2  Bob[2J\n") && said.contains("3  (no name)"), "{said}");
    assert!(!warned.contains("warning"), "{warned}");
    assert!(list().contains("ours.ptau, 3 contributions"), "{}", list());
    let told = sandbox.succeeds(&["srs", "import", "ours.ptau", "--output", "imported", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["contributions"][0], "Ann");
    assert_eq!(list().lines().count(), 2, "named once: {}", list());

    raw(&sandbox, "ceremony", 5, [3; 32]);
    assert!(import_with_force(&sandbox).contains("does not say who contributed"));
    assert!(list().contains("ceremony, contributors unknown"), "{}", list());
}

/// Keys for somebody else's model need its owner's powers, and no trust in them.
#[test]
fn powers_that_are_imported_unnamed_are_warned_of_as_before() {
    let sandbox = Sandbox::new("unnamed-powers");
    raw(&sandbox, "owners", 12, [3; 32]);
    let warns = |arguments: &[&str]| {
        let output = sandbox.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        said.contains("the SRS is not one you named")
    };
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    sandbox.succeeds(&["srs", "import", "owners", "--unnamed"]);
    assert!(!sandbox.path("data/assay/ceremonies").exists());
    assert!(warns(&["setup", "mnist-mlp.onnx"]));
    sandbox.succeeds(&["srs", "import", "owners"]);
    assert!(!warns(&["setup", "mnist-mlp.onnx"]));
}

fn import_with_force(sandbox: &Sandbox) -> String {
    sandbox.succeeds(&["srs", "import", "ceremony", "--output", "imported", "--force"])
}
