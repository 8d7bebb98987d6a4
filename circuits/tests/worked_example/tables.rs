//! The tables of the document, made from the example.

use assay_circuits::{Advice, Fixed, Gate, Group, Region, Wire};

use crate::example::{Example, small};
use crate::formula::{Symbolic, cell_name};

/// The rows that hold cells of the network: row 0 and those of elements, weights and scalars.
const ROWS: usize = 8;

impl Example {
    /// All tables, in the order of the document.
    pub(crate) fn tables(&self) -> [String; 6] {
        let narrow = [Advice::C(0), Advice::T(0), Advice::B(0), Advice::Z(0)];
        [
            self.places(),
            self.fixed(),
            self.cells(&narrow, &[Gate::F1, Gate::F2, Gate::G1, Gate::G2], 1..7),
            self.cells(&[Advice::X], &[Gate::Acc1, Gate::U, Gate::Acc2, Gate::P], 1..ROWS),
            self.copies(),
            self.entries(),
        ]
    }

    /// Which rows are whose.
    fn places(&self) -> String {
        let (tables, others): (Vec<_>, Vec<_>) =
            self.layout.regions().into_iter().partition(|region| region.group == Group::Tables);
        let row = |group: Group, first: usize, rows: usize, whose: &str| {
            let last = first + rows - 1;
            let rows = if last == first { last.to_string() } else { format!("{first} to {last}") };
            vec![format!("{group:?}").to_lowercase(), rows, whose.to_owned()]
        };
        let of = |region: &Region| row(region.group, region.first, region.rows, self.layout.name_of(region.owner));
        let entries = tables.iter().map(|region| region.rows).sum();
        let rows = others.iter().map(of).chain([row(Group::Tables, 0, entries, "all")]);
        table(&["columns of", "rows", "whose"], rows)
    }

    /// The fixed cells that are not 0, but those of the tables, and `Use`, which is 1 in every row.
    fn fixed(&self) -> String {
        let row = |row: usize| {
            let columns = self.layout.shape.fixed.iter().copied();
            let columns = columns.filter(|column| !matches!(column, Fixed::Entry(..) | Fixed::Use));
            let cells = columns.filter_map(|column| {
                let name = format!("{column:?}").replace(['(', ')'], "");
                match small(self.layout.fixed_at(column, row)) {
                    0 => None,
                    1 => Some(name),
                    value => Some(format!("{name} = {value}")),
                }
            });
            vec![row.to_string(), cells.collect::<Vec<_>>().join(", ")]
        };
        table(&["row", "fixed cells: a name alone is 1, the others are 0"], (0..ROWS).map(row))
    }

    /// Phase-0 cells as they are, and phase-1 cells with what their gates leave of themselves in the row.
    fn cells(&self, narrow: &[Advice], sums: &[Gate], rows: std::ops::Range<usize>) -> String {
        let names = narrow.iter().map(|column| cell_name(*column));
        let names: Vec<String> = names.chain(sums.iter().map(|gate| gate.name().to_owned())).collect();
        let header: Vec<&str> = ["row"].into_iter().chain(names.iter().map(String::as_str)).collect();
        let row = |row: usize| {
            let narrow = narrow.iter().map(|column| self.value(*column, row).to_string());
            let sums = sums.iter().map(|gate| self.sum(*gate, row));
            [row.to_string()].into_iter().chain(narrow).chain(sums).collect()
        };
        table(&header, rows.map(row))
    }

    fn sum(&self, gate: Gate, row: usize) -> String {
        let (_, column) = Gate::DEFINING.into_iter().find(|(defining, _)| *defining == gate).unwrap();
        let at = Symbolic(&self.layout, row);
        let (value, formula) = (self.value(column, row), gate.value(&at).show());
        match gate.on(&at).show().as_str() {
            "0" if value == 0 => String::new(),
            "0" => format!("copied: {value}"),
            _ if formula == value.to_string() => formula,
            _ => format!("{} = {value}", code(&formula)),
        }
    }

    fn copies(&self) -> String {
        let cell = |wire: Wire| match wire {
            Wire::Advice(column, row) => {
                (format!("{} in row {row}", code(&cell_name(column))), self.value(column, row))
            }
            Wire::Instance(row) => (format!("public word {row}"), small(self.instances()[row])),
        };
        let rows = self.layout.copies.iter().map(|copy| {
            let ((left, value), (right, same)) = (cell(copy.left), cell(copy.right));
            assert_eq!(value, same);
            vec![left, right, value.to_string(), self.layout.copy_name(copy)]
        });
        table(&["cell", "is equal to", "value", "which says"], rows)
    }

    /// The entries of the tables that are looked up.
    fn entries(&self) -> String {
        let looked_up = (0..self.layout.usable_rows()).filter(|row| self.value(Advice::M(0), *row) != 0);
        let rows = looked_up.map(|row| {
            let entry = Fixed::entry(0).map(|column| small(self.layout.fixed_at(column, row)).to_string());
            vec![row.to_string(), format!("({})", entry.join(", ")), self.value(Advice::M(0), row).to_string()]
        });
        table(&["row", "entry: tag and three values", "m"], rows)
    }
}

/// A table of the document: a header and rows of cells.
fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let names: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    let mut table = line(&names) + &format!("|{}\n", "---|".repeat(header.len()));
    for row in rows {
        assert_eq!(row.len(), header.len());
        table += &line(&row);
    }
    table
}

fn code(what: &str) -> String {
    format!("`{what}`")
}
