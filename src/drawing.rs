//! A picture of a layout: one HTML file with an inline SVG, which needs neither scripts nor other files. Columns stand side by side by group, rows
//! run downwards, and every node's rows are a block.
//!
//! Names are a stranger's text: nothing of theirs is written but through [`escaped`].

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};
use std::path::Path;

use assay_circuits::{Group, Layout, LayoutReport, Owner, OwnerReport, Region};

use crate::breakdown::{cut, percent, shares};
use crate::failure::{Advise as _, Outcome, refuse};
use crate::next::Next;
use crate::terminal::cleaned;
use crate::units;

/// How every picture begins, so that no other file is replaced.
const HEAD: &str = "<!doctype html>\n<!-- assay: the layout of a circuit -->\n";
const STYLE: &str = include_str!("drawing/style.css");
/// Colours of the style, for the dearest owners; all others share one.
const COLOURS: usize = 8;

/// Units of the picture. It is drawn for narrow screens and grows on wide ones.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 34.0;
const TOP: f64 = 30.0;
const GAP: f64 = 6.0;
/// Least width of a group.
const LEAST: f64 = 58.0;
/// Height of a block that has room for its name, and width of a character of it.
const LINE: f64 = 11.0;
const CHARACTER: f64 = 5.7;

const GROUPS: [(Group, &str); 4] = [
    (Group::Activations, "activations"),
    (Group::Weights, "weights"),
    (Group::Tables, "tables"),
    (Group::Scalars, "scalars"),
];

/// A name and its value in each column of the numbers on top.
pub(crate) type Figure = (String, Vec<String>);

/// Refuses a file that is there and is no picture, and a folder that is not.
pub(crate) fn replaceable(path: &Path) -> Outcome {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return refuse(format_args!("--picture {}: there is no folder {}", path.display(), folder.display()))
            .next(|| Next::shell("mkdir -p").file(folder));
    }
    if !path.exists() || path.is_file() && std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(HEAD.as_bytes())) {
        return Ok(());
    }
    refuse(format_args!(
        "--picture {} is there already and is no picture of a layout, and would be replaced: name another file",
        path.display()
    ))
}

/// The picture of a layout, with the numbers and the sentences that belong to it.
pub(crate) fn html(model: &str, layout: &Layout, figures: &[Figure], sentences: &[String]) -> String {
    let report = layout.report();
    let ranks = Ranks::of(&report);
    let (name, lanes) = (escaped(model), layout.shape.lanes);
    let mut page = String::from(HEAD);
    // Writing to a string does not fail.
    let _ = write!(
        page,
        "<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{name}: layout</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n\
         <h1>{name}</h1>\n<p class=\"about\">2<sup>{}</sup> rows, {lanes}, {} + {} columns, {} public words</p>\n{}",
        report.k,
        report.advice_columns,
        report.fixed_columns,
        units::count(report.instances),
        numbers(figures),
    );
    for sentence in sentences {
        let _ = writeln!(page, "<p>{}</p>", escaped(sentence));
    }
    let _ = write!(
        page,
        "<h2>Rows</h2>\n<p class=\"about\">{}</p>\n{}{}<h2>Nodes</h2>\n{}</main></body></html>\n",
        escaped(&shares(&report)),
        legend(&report),
        Drawing { layout, report: &report, ranks: &ranks },
        table(&report)
    );
    page
}

/// The place of every owner among the dearest.
struct Ranks(BTreeMap<Owner, usize>);

impl Ranks {
    fn of(report: &LayoutReport) -> Self {
        Self(report.owners.iter().enumerate().map(|(rank, of)| (of.owner, rank)).collect())
    }

    fn rank(&self, owner: Owner) -> usize {
        self.0.get(&owner).copied().unwrap_or(usize::MAX)
    }
}

/// The class of an owner's colour.
fn colour(rank: usize) -> String {
    if rank < COLOURS { format!("c{rank}") } else { "other".to_owned() }
}

/// Text as HTML shows it, in elements and in attributes; what would turn the direction of text is shown and does nothing.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in cleaned(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

fn numbers(figures: &[Figure]) -> String {
    let mut table = String::from("<div class=\"scroll\"><table class=\"numbers\">\n");
    for (at, (name, values)) in figures.iter().enumerate() {
        let cell = if at == 0 { "th" } else { "td" };
        let values =
            values.iter().fold(String::new(), |all, value| format!("{all}<{cell}>{}</{cell}>", escaped(value)));
        let _ = writeln!(table, "<tr><th scope=\"row\">{}</th>{values}</tr>", escaped(name.trim_start()));
    }
    table + "</table></div>\n"
}

fn legend(report: &LayoutReport) -> String {
    let mut list = String::from("<ul class=\"legend\">\n");
    let shown = report.owners.iter().take(COLOURS).filter(|owner| owner.rows() > 0);
    for (rank, owner) in shown.enumerate() {
        let share = if owner.share > 0.0 { percent(owner.share) } else { String::new() };
        let _ = writeln!(list, "<li><i class=\"c{rank}\"></i>{} <small>{share}</small></li>", escaped(&owner.name));
    }
    if report.owners.len() > COLOURS {
        list.push_str("<li><i class=\"other\"></i>all others</li>\n");
    }
    list + "<li><i class=\"unused\"></i>unused</li>\n</ul>\n"
}

fn table(report: &LayoutReport) -> String {
    let names = ["activations", "weights", "scalars", "tables", "cells", "share"];
    let heads = names.iter().fold(String::new(), |all, name| format!("{all}<th>{name}</th>"));
    let mut table = format!("<div class=\"scroll\"><table>\n<tr><th scope=\"row\">rows of</th>{heads}</tr>\n");
    for (rank, owner) in report.owners.iter().enumerate() {
        let op = owner.op.as_deref().map_or_else(String::new, |op| format!(" <small>{}</small>", escaped(op)));
        let counts = [owner.activation_rows, owner.weight_rows, owner.scalar_rows, owner.table_rows, owner.cells];
        let cells = counts.iter().fold(String::new(), |all, rows| format!("{all}<td>{}</td>", units::count(*rows)));
        let _ = writeln!(
            table,
            "<tr><th scope=\"row\"><i class=\"{}\"></i>{}{op}</th>{cells}<td>{}</td></tr>",
            colour(rank),
            escaped(&owner.name),
            percent(owner.share)
        );
    }
    table + "</table></div>\n"
}

/// The SVG.
struct Drawing<'a> {
    layout: &'a Layout,
    report: &'a LayoutReport,
    ranks: &'a Ranks,
}

impl Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = (1u64 << self.layout.k) as f64;
        writeln!(
            f,
            "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"The rows of the circuit, by group of columns and by node\">\n\
             <defs><pattern id=\"free\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect width=\"6\" height=\"6\" class=\"ground\"/><rect width=\"1\" height=\"6\" class=\"hatch\"/></pattern></defs>",
            TOP + HEIGHT + 8.0
        )?;
        for (part, label) in [(0.0, "0".to_owned()), (0.5, power(self.layout.k - 1)), (1.0, power(self.layout.k))] {
            let y = TOP + part * HEIGHT;
            writeln!(f, "<text class=\"axis\" x=\"{}\" y=\"{:.2}\">{label}</text>", LEFT - 5.0, y + 3.5)?;
        }
        let regions = merged(self.layout.regions());
        let mut x = LEFT;
        for ((group, name), (columns, width)) in GROUPS.into_iter().zip(self.widths()) {
            let middle = x + width / 2.0;
            writeln!(f, "<text class=\"group\" x=\"{middle:.2}\" y=\"10\">{name}</text>")?;
            writeln!(f, "<text class=\"count\" x=\"{middle:.2}\" y=\"22\">{columns} columns</text>")?;
            // Scalars stand below the weights, in columns that both have.
            let above = if group == Group::Scalars { self.report.weight_rows + 1 } else { 0 };
            let above = HEIGHT * above as f64 / rows;
            writeln!(
                f,
                "<rect x=\"{x:.2}\" y=\"{:.3}\" width=\"{width:.2}\" height=\"{:.3}\" fill=\"url(#free)\"><title>unused rows</title></rect>",
                TOP + above,
                HEIGHT - above
            )?;
            for region in regions.iter().filter(|region| region.group == group) {
                self.block(f, region, x, width, rows)?;
            }
            x += width + GAP;
        }
        let half = TOP + HEIGHT / 2.0;
        writeln!(f, "<line class=\"half\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{half}\" y2=\"{half}\"/>\n</svg>")
    }
}

impl Drawing<'_> {
    /// Columns and width of each group: some for being there, the rest by the number of columns.
    fn widths(&self) -> Vec<(usize, f64)> {
        let columns: Vec<usize> = GROUPS.iter().map(|(group, _)| group.columns(&self.layout.shape)).collect();
        let (all, groups) = (columns.iter().sum::<usize>().max(1) as f64, GROUPS.len() as f64);
        let free = WIDTH - LEFT - (groups - 1.0) * GAP - groups * LEAST;
        columns.into_iter().map(|columns| (columns, LEAST + free * columns as f64 / all)).collect()
    }

    fn block(&self, f: &mut fmt::Formatter<'_>, region: &Region, x: f64, width: f64, rows: f64) -> fmt::Result {
        let rank = self.ranks.rank(region.owner);
        let owner = self.report.owners.get(rank);
        let (y, height) = (TOP + HEIGHT * region.first as f64 / rows, HEIGHT * region.rows as f64 / rows);
        let name = self.layout.name_of(region.owner);
        writeln!(
            f,
            "<rect class=\"{}\" x=\"{x:.2}\" y=\"{y:.3}\" width=\"{width:.2}\" height=\"{height:.3}\"><title>{}</title></rect>",
            colour(rank),
            escaped(&title(name, owner, region))
        )?;
        if height > 3.0 {
            // A line between blocks of one colour.
            writeln!(f, "<rect class=\"edge\" x=\"{x:.2}\" y=\"{y:.3}\" width=\"{width:.2}\" height=\"0.7\"/>")?;
        }
        if height >= LINE {
            let label = escaped(&cut(&cleaned(name), ((width - 5.0) / CHARACTER) as usize));
            let (x, y) = (x + 3.0, y + height / 2.0 + 3.2);
            writeln!(f, "<text class=\"name\" x=\"{x:.2}\" y=\"{y:.2}\">{label}</text>")?;
        }
        Ok(())
    }
}

/// What is said of a block.
fn title(name: &str, owner: Option<&OwnerReport>, region: &Region) -> String {
    let group = GROUPS.iter().find(|(group, _)| *group == region.group).map_or("", |(_, name)| name);
    let share = owner.map_or_else(String::new, |owner| format!("; {} of what decides the size", percent(owner.share)));
    format!("{name}: {} rows of {group}, from row {}{share}", units::count(region.rows), units::count(region.first))
}

/// A power of two in small print.
fn power(k: u32) -> String {
    format!("2<tspan dy=\"-3\" font-size=\"7\">{k}</tspan>")
}

/// Neighbours of one owner as one: a network has thousands of scalars.
fn merged(regions: Vec<Region>) -> Vec<Region> {
    let mut merged: Vec<Region> = Vec::new();
    for region in regions {
        match merged.last_mut() {
            Some(last)
                if (last.owner, last.group) == (region.owner, region.group)
                    && last.first + last.rows == region.first =>
            {
                last.rows += region.rows;
            }
            _ => merged.push(region),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use assay_circuits::PROFILES;
    use assay_models::samples;

    use super::*;

    #[test]
    fn a_picture_has_every_node_and_needs_nothing_else() {
        for graph in [samples::tiny_cnn(), samples::tiny_mlp()] {
            for lanes in PROFILES {
                let layout = Layout::with_lanes(&graph, lanes).unwrap();
                let page =
                    html("model", &layout, &[("a proof".to_owned(), vec!["1 s".to_owned()])], &["Why.".to_owned()]);
                for node in &graph.nodes {
                    let rows = format!("<title>{}: ", node.name);
                    let report = layout.report();
                    let has_rows = report.owners.iter().any(|owner| owner.name == node.name && owner.rows() > 0);
                    assert_eq!(page.contains(&rows), has_rows, "{}", node.name);
                    assert!(page.contains(&format!("</i>{} <small>{}</small></th>", node.name, node.op.name())));
                }
                assert!(
                    page.starts_with(HEAD)
                        && page.contains("unused rows")
                        && page.contains("<td>")
                        && page.contains("Why.")
                );
                for foreign in ["<script", "http:", "https:", "src=", "href=", "@import", "url(h"] {
                    assert!(!page.contains(foreign), "{foreign}");
                }
            }
        }
    }

    #[test]
    fn names_of_strangers_are_text() {
        let mut graph = samples::tiny_mlp();
        for node in &mut graph.nodes {
            node.name = "\"><script>alert('1')</script>&\u{202e}\0".to_owned();
        }
        let layout = Layout::plan(&graph).unwrap();
        let page = html("</title><script>", &layout, &[], &["<b>".to_owned()]);
        for foreign in ["<script", "'1'", "\u{202e}", "\0", "<b>"] {
            assert!(!page.contains(foreign), "{foreign:?}");
        }
        assert!(page.contains("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\\u{202e}"));
        // Every tag that is opened is one of these.
        for tag in page.split('<').skip(1) {
            let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
            let known = [
                "", "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "sup", "div", "table",
                "tr", "th", "td", "ul", "li", "i", "small", "svg", "defs", "pattern", "rect", "text", "tspan", "line",
            ];
            assert!(known.contains(&name.as_str()), "{tag}");
        }
    }
}
