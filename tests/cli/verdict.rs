//! What `assay verify` takes for granted: the ONNX file, and nothing that lies in the model's folder.

use std::fs;
use std::path::{Path, PathBuf};

use assay_prover::{PUBLISHED_SEED, Srs};
use assay_verifier::{KeyParts, Opening, VerifyingKey};
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::{INVALID_PROOF, WRONG_REQUEST};

const MODEL: &str = "mnist-mlp.onnx";
const PROVE: [&str; 4] = ["prove", MODEL, "--input", "input.json"];

/// Two networks of one shape, compiled, with keys and a proof each.
struct Pair {
    sandbox: Sandbox,
}

impl Pair {
    fn new(name: &str) -> Self {
        let sandbox = Sandbox::new(name);
        fs::copy(zoo("mnist-mlp-seed-2.onnx"), sandbox.path("other.onnx")).unwrap();
        sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
        for model in [MODEL, "other.onnx"] {
            sandbox.succeeds(&["compile", model]);
            sandbox.succeeds(&["setup", model]);
            sandbox.succeeds(&["prove", model, "--input", "input.json"]);
        }
        Self { sandbox }
    }

    fn own(&self, name: &str) -> PathBuf {
        self.sandbox.path("mnist-mlp.assay").join(name)
    }

    fn other(&self, name: &str) -> PathBuf {
        self.sandbox.path("other.assay").join(name)
    }

    /// A key with parts of the other network's that says it is of this one's graph, with the other's proof, which is valid for it.
    fn forge(&self, change: impl FnOnce(&mut KeyParts)) -> VerifyingKey {
        let key = |path: PathBuf| VerifyingKey::from_bytes(&fs::read(path).unwrap()).unwrap();
        let (own, other) = (key(self.own("vk")), key(self.other("vk")));
        let mut parts = KeyParts {
            k: other.k(),
            instances: other.instances(),
            constraints: other.constraints().clone(),
            opening: other.opening(),
            commitments: other.commitments().to_vec(),
            representative: other.representative(),
            graph_digest: own.graph_digest(),
            srs: *other.srs(),
        };
        change(&mut parts);
        let forged = VerifyingKey::new(parts).unwrap();
        let mut proof: Value = serde_json::from_slice(&fs::read(self.other("proof.json")).unwrap()).unwrap();
        proof["vk_digest"] = hex::encode(forged.digest()).into();
        proof["graph_digest"] = hex::encode(own.graph_digest()).into();
        fs::write(self.own("vk"), forged.bytes()).unwrap();
        fs::write(self.own("proof.json"), proof.to_string()).unwrap();
        forged
    }
}

fn zoo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo/mnist-mlp").join(name)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn another_models_key_and_proof_in_the_folder_are_refused() {
    let pair = Pair::new("other-key");
    pair.sandbox.succeeds(&["verify", MODEL]);
    for name in ["vk", "proof.json"] {
        fs::copy(pair.other(name), pair.own(name)).unwrap();
    }
    let says = ["mnist-mlp.assay/vk is the key of another model", "next: assay setup mnist-mlp.onnx"];
    pair.sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &says);
    // With its graph as well, which says it was compiled from this ONNX file.
    let (own, other) = (fs::read(pair.own("graph.bin")).unwrap(), fs::read(pair.other("graph.bin")).unwrap());
    fs::write(pair.own("graph.bin"), [&own[..40], &other[40..]].concat()).unwrap();
    let says = ["mnist-mlp.onnx compiles to graph", "next: assay compile mnist-mlp.onnx"];
    pair.sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &says);
}

#[test]
fn a_key_that_only_says_it_is_of_this_model_is_refused_with_a_proof_that_is_valid_for_it() {
    let pair = Pair::new("forged-key");
    let forged = pair.forge(|_| ());
    let digest = hex::encode(forged.digest());
    // The proof is valid for the forged key, which is all that can be said without the model.
    let vouched = pair.sandbox.succeeds(&["verify", MODEL, "--vk-digest", &digest]);
    assert!(vouched.contains("valid") && vouched.contains("not compared: that the key"), "{vouched}");
    let says = [
        "is not the key of mnist-mlp.onnx",
        "made from the model and the same SRS",
        "next: assay setup mnist-mlp.onnx",
    ];
    pair.sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &says);
    pair.sandbox.fails(&["contract", MODEL], WRONG_REQUEST, &says);
    // Nothing in the folder vouches for it: neither the powers, nor what an earlier comparison has found.
    pair.sandbox.fails(&["verify", MODEL, "--srs", "mnist-mlp.assay/srs"], WRONG_REQUEST, &says);
}

#[test]
fn a_key_that_checks_next_to_nothing_is_refused() {
    let pair = Pair::new("vacuous-key");
    pair.forge(|parts| parts.constraints.gates[0].polynomials.truncate(1));
    pair.sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &["is not the key of mnist-mlp.onnx", "another circuit"]);
}

/// Under a wrong basis, a wrong key could be what is made again from the right model.
#[test]
fn powers_beside_the_key_are_checked_before_the_key_is_made_again_with_them() {
    let pair = Pair::new("wrong-powers");
    fs::remove_dir_all(pair.sandbox.path("data/assay/models")).unwrap();
    let srs = Srs::from_bytes(&fs::read(pair.own("srs")).unwrap()).unwrap();
    let mut raw = srs.to_bytes().unwrap();
    let last = raw.len() - 32;
    // Two points of the basis, exchanged: each is on the curve.
    raw[last - 128..last].rotate_left(64);
    let sum = <sha2::Sha256 as sha2::Digest>::digest(&raw[..last]);
    raw[last..].copy_from_slice(&sum);
    fs::write(pair.own("srs"), raw).unwrap();
    pair.sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &["mnist-mlp.assay/srs", "Lagrange basis"]);
    let said = pair.sandbox.succeeds(&["verify", MODEL, "--srs", "data/assay/srs"]);
    assert!(said.contains("compared in"), "{said}");
}

#[test]
fn a_key_is_compared_once_and_remembered_by_the_user_and_not_by_the_folder() {
    let pair = Pair::new("remembered");
    let said = pair.sandbox.succeeds(&["verify", MODEL]);
    assert!(said.contains("compared before"), "setup made it: {said}");
    // Another user, with the same folder.
    let stranger = || {
        let mut command = pair.sandbox.command(&["verify", MODEL]);
        let output = command.env("XDG_DATA_HOME", pair.sandbox.path("stranger")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = stranger();
    assert!(first.contains("made again from the model") && first.contains("compared in"), "{first}");
    assert!(stranger().contains("compared before"));
    // An environment that names no folder does not make one of the working directory, where anybody's findings may lie.
    let findings = pair.sandbox.path("assay/models");
    fs::create_dir_all(&findings).unwrap();
    for found in fs::read_dir(pair.sandbox.path("stranger/assay/models")).unwrap() {
        let found = found.unwrap();
        fs::copy(found.path(), findings.join(found.file_name())).unwrap();
    }
    let mut command = pair.sandbox.command(&["verify", MODEL]);
    let output = command.env("XDG_DATA_HOME", "").env("HOME", pair.sandbox.path("nobody")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("compared in"), "{said}");
    // Without powers it cannot be compared, and says what helps.
    fs::remove_file(pair.own("srs")).unwrap();
    fs::remove_dir_all(pair.sandbox.path("stranger")).unwrap();
    let mut command = pair.sandbox.command(&["verify", MODEL]);
    let output = command.env("XDG_DATA_HOME", pair.sandbox.path("stranger")).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(WRONG_REQUEST), "{message}");
    for words in ["2^12 powers of the SRS", "--srs FILE", "--vk-digest HEX"] {
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn the_answer_is_decoded_and_compared_with_what_was_asked_for() {
    let sandbox = Sandbox::new("answer");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    sandbox.succeeds(&["compile", MODEL]);
    sandbox.succeeds(&["setup", MODEL]);
    sandbox.succeeds(&[&PROVE[..], &["--context", "c0ffee"]].concat());
    let answer = sandbox.succeeds(&["infer", MODEL, "--input", "input.json", "--json"]);
    fs::write(sandbox.path("answer.json"), &answer).unwrap();
    let (answer, verdict) = (json(&answer), json(&sandbox.succeeds(&["verify", MODEL, "--json"])));
    for field in ["output", "output_real", "label"] {
        assert_eq!(verdict[field], answer[field], "{field}");
    }
    assert_eq!(verdict["context"], format!("0x{:0>64}", "c0ffee"));
    assert_eq!((&verdict["valid"], &verdict["key_compared_with"]), (&true.into(), &"model".into()));
    let key = VerifyingKey::from_bytes(&fs::read(sandbox.path("mnist-mlp.assay/vk")).unwrap()).unwrap();
    assert_eq!(verdict["vk_digest"], hex::encode(key.digest()));
    assert_eq!(verdict["srs"]["digest"], hex::encode(key.srs().digest()));
    let said = sandbox.succeeds(&["verify", MODEL, "--integers"]);
    let values = answer["output"].as_array().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for words in [&format!("[{values}]"), "answer   6\n", "c0ffee", &hex::encode(key.digest()), "as the proof says"] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }

    let typed = values.replace(' ', "");
    let asked = ["verify", MODEL, "--input", "input.json", "--output", &typed, "--context", "0xc0ffee"];
    let said = sandbox.succeeds(&asked);
    assert!(!said.contains("as the proof says"), "{said}");
    sandbox.succeeds(&["verify", MODEL, "--input", "input.npy", "--output", "answer.json"]);

    let mut other = answer["output"].as_array().unwrap().clone();
    // A file of that name does not stand in for what was typed.
    let right = Value::from(other.clone()).to_string();
    other[3] = (other[3].as_i64().unwrap() ^ 1).into();
    let other = Value::from(other).to_string();
    let mut pixels: Value = json(&fs::read_to_string(sandbox.path("input.json")).unwrap());
    pixels["input_data"][0][400] = 0.75.into();
    fs::write(sandbox.path("other.json"), pixels.to_string()).unwrap();
    let differs = |arguments: &[&str], what: &str| {
        sandbox.fails(&[&["verify", MODEL], arguments].concat(), INVALID_PROOF, &["not what was asked for", what]);
    };
    differs(&["--output", &other], "another output");
    fs::write(sandbox.path(&other), right).unwrap();
    differs(&["--output", &other], "another output");
    differs(&["--input", "other.json"], "another input");
    differs(&["--context", "c0ffef"], "another context");
    differs(&["--input", "other.json", "--context", "0"], "another input and another context");
    let refused = |arguments: &[&str], what: &str| {
        sandbox.fails(&[&["verify", MODEL], arguments].concat(), WRONG_REQUEST, &[what]);
    };
    refused(&["--output", "1,2"], "expects 10 values, got 2");
    refused(&["--output", "six"], "integers of the output tensor");
    refused(&["--output", "[0.5]"], "integers of the output tensor");
    refused(&["--context", "xyz"], "hexadecimal");
}

#[test]
fn a_strangers_key_is_taken_by_its_digest_without_the_model() {
    let pair = Pair::new("stranger");
    let key = VerifyingKey::from_bytes(&fs::read(pair.own("vk")).unwrap()).unwrap();
    let digest = hex::encode(key.digest());
    fs::create_dir(pair.sandbox.path("alone")).unwrap();
    for name in ["vk", "proof.json"] {
        fs::copy(pair.own(name), pair.sandbox.path("alone").join(name)).unwrap();
    }
    let files = ["verify", "--key", "alone/vk", "--proof", "alone/proof.json"];
    let vouched = [&files[..], &["--vk-digest", &digest]].concat();
    let said = pair.sandbox.succeeds(&vouched);
    for words in ["as --vk-digest says", "not compared: that the key", &hex::encode(key.graph_digest())] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(json(&pair.sandbox.succeeds(&[&vouched[..], &["--json"]].concat()))["key_compared_with"], "vk-digest");
    pair.sandbox.fails(&files, WRONG_REQUEST, &["MODEL"]);
    let ones = "11".repeat(32);
    let wrong = [&files[..], &["--vk-digest", &ones]].concat();
    pair.sandbox.fails(&wrong, WRONG_REQUEST, &["alone/vk is the key", &digest, &ones]);
    pair.sandbox.fails(&[&files[..], &["--vk-digest", "11"]].concat(), WRONG_REQUEST, &["64 digits"]);
}

#[test]
fn every_fault_of_a_proof_exits_with_1_and_what_is_no_proof_of_this_key_with_2() {
    let pair = Pair::new("exit-codes");
    let proof: Value = serde_json::from_slice(&fs::read(pair.own("proof.json")).unwrap()).unwrap();
    let exits = |name: &str, code: i32, says: &[&str], change: &dyn Fn(&mut Value)| {
        let mut changed = proof.clone();
        change(&mut changed);
        assert_ne!(changed, proof, "{name}");
        fs::write(pair.sandbox.path(name), changed.to_string()).unwrap();
        pair.sandbox.fails(&["verify", MODEL, "--proof", name], code, says);
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let modulus = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    exits("instance", INVALID_PROOF, &["invalid"], &|p| p["instances"][0] = format!("0x{:064x}", 1).into());
    exits("more", INVALID_PROOF, &["expected 28 instances, got 29"], &|p| {
        p["instances"].as_array_mut().unwrap().push(modulus.replace("f0000001", "f0000000").into());
    });
    exits("fewer", INVALID_PROOF, &["instances, got 27"], &|p| drop(p["instances"].as_array_mut().unwrap().pop()));
    exits("not-canonical", INVALID_PROOF, &["not a field element"], &|p| p["instances"][0] = modulus.into());
    exits("no-word", INVALID_PROOF, &["an instance", "32 bytes"], &|p| p["instances"][0] = "0x12".into());
    exits("no-hex", INVALID_PROOF, &["hexadecimal"], &|p| p["proof"] = format!("{}zz", text(&p["proof"])).into());
    exits("short", INVALID_PROOF, &["truncated"], &|p| p["proof"] = text(&p["proof"])[..130].into());
    exits("point", INVALID_PROOF, &["malformed", "point 0"], &|p| {
        p["proof"] = format!("0x{}{}", "ff".repeat(64), &text(&p["proof"])[130..]).into();
    });
    exits("scalar", INVALID_PROOF, &["malformed", "scalar"], &|p| {
        // The scalars lie before the two points of the opening.
        let whole = text(&p["proof"]);
        let at = whole.len() - 2 * (2 * 64 + 32);
        p["proof"] = format!("{}{}{}", &whole[..at], "ff".repeat(32), &whole[at + 64..]).into();
    });
    exits("flipped", INVALID_PROOF, &["not accepted"], &|p| {
        let whole = text(&p["proof"]);
        let last = if whole.ends_with('0') { "1" } else { "0" };
        p["proof"] = format!("{}{last}", &whole[..whole.len() - 1]).into();
    });
    exits("other-key", WRONG_REQUEST, &["cannot check the proof", "belongs to the verifying key"], &|p| {
        p["vk_digest"] = "11".repeat(32).into();
    });
    exits("other-graph", WRONG_REQUEST, &["of graph 1111111111111111"], &|p| {
        p["graph_digest"] = "11".repeat(32).into();
    });
    exits("other-version", WRONG_REQUEST, &["version 1"], &|p| p["version"] = 1.into());
    exits("judges-itself", WRONG_REQUEST, &["insecure"], &|p| p["insecure"] = false.into());
    fs::write(pair.sandbox.path("half.json"), &proof.to_string()[..90]).unwrap();
    pair.sandbox.fails(&["verify", MODEL, "--proof", "half.json"], WRONG_REQUEST, &["not a proof file"]);
    pair.sandbox.fails(&["verify", MODEL, "--proof", "none.json"], WRONG_REQUEST, &["cannot read none.json"]);
}

#[test]
fn an_srs_that_is_named_is_looked_at_although_the_key_was_compared_before() {
    let pair = Pair::new("named-srs");
    let verify = |file| ["verify", MODEL, "--srs", file];
    pair.sandbox.succeeds(&["verify", MODEL]);
    pair.sandbox.succeeds(&verify("mnist-mlp.assay/srs"));
    pair.sandbox.fails(&verify("input.json"), WRONG_REQUEST, &["input.json"]);
    let other = Srs::insecure_for(12, Opening::Shplonk, [1; 32]).unwrap();
    fs::write(pair.sandbox.path("other.srs"), other.to_bytes().unwrap()).unwrap();
    pair.sandbox.fails(&verify("other.srs"), WRONG_REQUEST, &["other.srs is another SRS"]);
}

#[test]
fn whether_an_srs_is_good_is_what_the_user_says_and_never_what_a_file_says() {
    let sandbox = Sandbox::new("standing");
    sandbox.succeeds(&["compile", MODEL]);
    let verify = |arguments: &[&str]| {
        let output = sandbox.run(&[&["verify", MODEL, "--json"], arguments].concat());
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{message}");
        let verdict = json(&String::from_utf8(output.stdout).unwrap());
        (verdict["srs"]["standing"].clone(), verdict["srs"]["ceremony"].clone(), verdict["insecure"].clone(), message)
    };
    let keys_of = |seed: [u8; 32]| {
        let srs = Srs::insecure_for(12, Opening::Shplonk, seed).unwrap();
        fs::write(sandbox.path("powers"), srs.to_bytes().unwrap()).unwrap();
        sandbox.succeeds(&["setup", MODEL, "--srs", "powers"]);
        sandbox.succeeds(&PROVE);
        srs
    };

    let srs = keys_of([1; 32]);
    let digest = hex::encode(srs.digest());
    let (standing, ceremony, insecure, message) = verify(&[]);
    assert_eq!((standing, ceremony, insecure), ("unnamed".into(), Value::Null, false.into()));
    assert!(message.contains("not one you named: whoever made it may know its secret"), "{message}");
    let (standing, _, _, message) = verify(&["--srs-digest", &digest]);
    assert_eq!((standing, message.as_str()), ("named".into(), ""));
    assert_eq!(verify(&["--srs-digest", &"22".repeat(32)]).0, "unnamed");

    // The user's own list.
    let list = sandbox.path("data/assay/ceremonies");
    fs::write(&list, format!("# mine\n\n{digest} our own ceremony\n")).unwrap();
    let (standing, ceremony, ..) = verify(&[]);
    assert_eq!((standing, ceremony), ("named".into(), "our own ceremony".into()));
    fs::write(&list, "nonsense\n").unwrap();
    sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &["ceremonies, line 1", "64 digits"]);

    // Published secrets are published, also when somebody lists them.
    for (seed, origin) in [(PUBLISHED_SEED, "assay srs generate"), ([0; 32], "gen_srs")] {
        let _ = fs::remove_file(&list);
        let digest = hex::encode(keys_of(seed).digest());
        fs::write(&list, format!("{digest} a fine ceremony\n")).unwrap();
        let (standing, ceremony, insecure, message) = verify(&["--srs-digest", &digest]);
        assert_eq!((standing, insecure), ("published".into(), true.into()));
        assert!(
            ceremony.as_str().unwrap().contains(origin) && message.contains("its secret is published"),
            "{message}"
        );
    }
}
