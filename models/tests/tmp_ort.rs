//! Temporary.
use assay_models::*;
#[test]
fn ort() {
    let (mut n, mut exact, mut p2, mut p2exact, mut worst, mut errs) = (0, 0, 0, 0, 0, std::collections::BTreeMap::<String, (usize, String)>::new());
    let (mut elems, mut off) = (0usize, 0usize);
    for k in 0..600 {
        let Ok(b) = std::fs::read(format!("/tmp/ortcases/{k}.onnx")) else { continue };
        let j: serde_json::Value = serde_json::from_slice(&std::fs::read(format!("/tmp/ortcases/{k}.json")).unwrap()).unwrap();
        let g = match import(&b, "x") { Ok(g) => g, Err(e) => { let m = e.to_string(); let e = errs.entry(m.chars().skip_while(|c| *c != ':').take(50).collect()).or_default(); e.0 += 1; e.1 = format!("{k} {m} {}", j["ops"]); continue } };
        assert_eq!(QuantizedGraph::from_bytes(&g.to_bytes()).unwrap(), g);
        let iv = intervals(&g).unwrap();
        let mut ok = true; let pow2 = j["pow2"].as_bool().unwrap();
        for r in j["runs"].as_array().unwrap() {
            let v = |f: &str| r[f].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect::<Vec<_>>();
            if let Some(real) = r["real"].as_array() { let real: Vec<f64> = real.iter().map(|v| v.as_f64().unwrap()).collect(); assert_eq!(quantise_input(&g, &real).unwrap(), v("q"), "{k}"); }
            let t = interpret(&g, &v("q")).unwrap();
            for (vals, (lo, hi)) in t.values.iter().zip(&iv.tensors) { assert!(vals.iter().all(|v| v >= lo && v <= hi)); }
            for (vals, b) in t.accumulators.iter().zip(&iv.accumulators) { if let Some((lo, hi)) = b { assert!(vals.iter().all(|v| v >= lo && v <= hi)); } else { assert!(vals.is_empty()) } }
            let shape: Vec<i64> = v("shape"); assert_eq!(g.tensors[g.output.0].shape.iter().map(|s| *s as i64).collect::<Vec<_>>(), shape, "{k}");
            for (a, b) in t.output(&g).iter().zip(v("y")) { elems += 1; if *a != b { ok = false; off += 1; worst = worst.max((a - b).abs()); if pow2 || (a - b).abs() > 1 { println!("case {k} pow2 {pow2} {a} {b} {}", j["ops"]); } } }
        }
        n += 1; exact += usize::from(ok); if pow2 { p2 += 1; p2exact += usize::from(ok); }
    }
    println!("{n} cases, {exact} exact, pow2 {p2exact}/{p2}, worst {worst}, elems {elems} off {off}");
    for (e, (c, s)) in errs { println!("{c} x {e} :: {s}"); }
}
