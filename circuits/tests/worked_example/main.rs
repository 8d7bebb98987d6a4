//! The worked example of `docs/circuit.md`: its tables are made here from a real layout and its honest witness, and must stand in the document
//! word for word.

#[cfg(test)]
mod example;
#[cfg(test)]
mod formula;
#[cfg(test)]
mod tables;

#[cfg(test)]
use assay_circuits::{Advice, Pinned};
#[cfg(test)]
use example::Example;
#[cfg(test)]
use halo2curves::bn256::Fr;

#[cfg(test)]
const DOCUMENT: &str = include_str!("../../../docs/circuit.md");

#[test]
fn the_document_shows_this_circuit() {
    let example = Example::new();
    let tables = example.tables();
    for table in &tables {
        assert!(DOCUMENT.contains(table), "docs/circuit.md must show all of\n\n{}", tables.join("\n"));
    }
    let [input, output] = [4, 6].map(|row| example.value(Advice::G2, row));
    assert!(DOCUMENT.contains(&format!("{input} is 0x{input:08x}, and {output} is 0x{output:04x}")));
}

/// The lie that the document tells of: 6 for the first score, with cells that the tables hold.
#[test]
fn another_output_is_caught_by_the_identity_alone() {
    let mut example = Example::new();
    for (column, value) in [(Advice::C(0), 3), (Advice::Z(0), 6)] {
        example.columns.set(&example.layout, column, 5, Fr::from(value));
    }
    assert!(example.columns.count_lookups(&example.layout).is_empty(), "the tables hold the lie");
    example.columns.complete(&example.layout, &example.challenges, &Pinned::new()).unwrap();
    let sides = (example.value(Advice::P, 5), example.value(Advice::F2, 6));
    assert_eq!(sides, (16_014, 24_014));
    assert!(DOCUMENT.contains("`f2` in row 6 is then 24014, and `p` in row 5 is still 16014"));
}
