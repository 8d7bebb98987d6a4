//! Properties of the fixed columns that the attacks rely on: tables are functions, carries have starts, padding is zero.

use std::collections::HashMap;

use assay_circuits::{Advice, Columns, Fixed, Gate, Lanes, Layout, Pinned, Wire};
use assay_models::Op;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::networks::{self, CONTEXT, challenges};

#[test]
fn no_table_holds_two_results_for_one_argument() {
    for case in networks::all() {
        let layout = &case.layout;
        let output_tags: Vec<Fr> =
            (0..case.activations_end()).map(|row| layout.fixed_at(Fixed::TagOutput, row)).collect();
        let mut results: HashMap<(Fr, Vec<Fr>), Vec<Fr>> = HashMap::new();
        let rows =
            layout.shape.lanes.of_tables().flat_map(|stack| (0..layout.usable_rows()).map(move |row| (stack, row)));
        for (stack, row) in rows {
            let [tag, v1, v2, v3] = Fixed::entry(stack).map(|column| layout.fixed_at(column, row));
            assert_ne!(tag, Fr::ZERO, "a zero row would be an entry");
            let (argument, result) = match (output_tags.contains(&tag), tag == Fr::ONE || layout.shape.lanes.parts == 1)
            {
                (true, _) => (vec![v1, v2], vec![v3]),
                (false, true) => (vec![v1], vec![v2, v3]),
                // Of a remainder in parts, b follows from all of them (`uniqueness`).
                (false, false) => continue,
            };
            let known = results.entry((tag, argument)).or_insert_with(|| result.clone());
            assert_eq!(*known, result, "{}: row {row} of stack {stack}", case.graph.name);
        }
    }
}

#[test]
fn unused_table_rows_repeat_the_last_entry_and_every_entry_is_counted() {
    for case in networks::all() {
        let (layout, end) = (&case.layout, case.layout.report().table_rows);
        assert!(end < layout.usable_rows(), "the last usable row counts nothing");
        for column in layout.shape.lanes.of_tables().flat_map(Fixed::entry) {
            let last = layout.fixed_at(column, end - 1);
            assert!((end..layout.usable_rows()).chain([0]).all(|row| layout.fixed_at(column, row) == last));
        }
    }
}

#[test]
fn row_0_and_the_last_usable_row_carry_nothing_from_or_to_blinding_rows() {
    for case in networks::all() {
        let (layout, last) = (&case.layout, case.layout.usable_rows() - 1);
        let constant = |column: &Fixed| matches!(column, Fixed::Use | Fixed::Edge | Fixed::Entry(..));
        for column in layout.shape.fixed.iter().filter(|column| !constant(column)) {
            assert_eq!(layout.fixed_at(*column, 0), Fr::ZERO, "{column:?} in row 0");
            assert_eq!(layout.fixed_at(*column, last), Fr::ZERO, "{column:?} in the last usable row");
        }
        for row in 0..=last {
            assert_eq!(layout.fixed_at(Fixed::Use, row) == Fr::ONE, row < last);
            assert_eq!(layout.fixed_at(Fixed::Edge, row) == Fr::ONE, row == 0 || row == last);
        }
        assert!(layout.fixed.iter().all(|column| column.len() <= last + 1), "no fixed cell in a blinding row");
    }
}

#[test]
fn copies_join_equality_enabled_cells_of_usable_rows_and_every_public_word_once() {
    for case in networks::all() {
        let mut words = vec![0; case.layout.instances()];
        for copy in &case.layout.copies {
            for wire in [copy.left, copy.right] {
                match wire {
                    Wire::Advice(column, row) => {
                        assert!(column.equality() && case.layout.shape.advice_index(column).is_some());
                        assert!(row < case.layout.usable_rows());
                    }
                    Wire::Instance(row) => words[row] += 1,
                }
            }
        }
        assert!(words.iter().all(|count| *count == 1), "{words:?}");
        assert_eq!(case.instances.len(), words.len());
    }
}

/// Front padding is zero and stays so for any number of lanes: the folds that leave a weights row do not depend on it.
#[test]
fn weights_folds_do_not_depend_on_the_number_of_lanes() {
    for case in networks::all() {
        let sides = [1, 2, 4, 8].map(|lanes| {
            let layout = Layout::with_lanes(&case.graph, Lanes { weights: lanes, ..case.layout.shape.lanes }).unwrap();
            let mut columns = Columns::phase_zero(&layout, &case.trace, Fr::from(CONTEXT)).unwrap();
            columns.complete(&layout, &challenges(1), &Pinned::new()).unwrap();
            let ends = |row: &usize| {
                [Fixed::Take, Fixed::StartX, Fixed::ContX].iter().any(|flag| layout.fixed_at(*flag, *row) == Fr::ONE)
            };
            let rows = 0..=layout.report().weight_rows;
            rows.filter(ends).map(|row| columns.get(&layout, Advice::Acc1, row)).collect::<Vec<_>>()
        });
        assert!(sides.windows(2).all(|pair| pair[0] == pair[1]), "{}", case.graph.name);
        let weighted = case.graph.nodes.iter().any(|node| matches!(node.op, Op::Conv(_) | Op::Dense(_)));
        assert_eq!(sides[0].len() > 4, weighted);
    }
}

#[test]
fn gates_switch_on_with_a_flag_of_0_or_1() {
    for case in networks::all() {
        let (layout, columns, challenges) = (&case.layout, &case.columns, &challenges(1));
        for row in 0..layout.usable_rows() {
            let at = assay_circuits::Row { layout, columns, challenges, row };
            for (gate, _) in Gate::DEFINING {
                let on = gate.on(&at);
                assert!(on == Fr::ZERO || on == Fr::ONE, "{} in row {row}", gate.name());
            }
        }
    }
}
