//! Pictures of input digits.

/// A grey picture of bytes, row by row, two rows of pixels a line.
pub(crate) fn picture(pixels: &[u8], width: usize) -> String {
    const SHADES: [char; 5] = [' ', '\u{2591}', '\u{2592}', '\u{2593}', '\u{2588}'];
    let rows: Vec<&[u8]> = pixels.chunks(width.max(1)).collect();
    let mut lines = Vec::new();
    for pair in rows.chunks(2) {
        let at = |row: usize, column: usize| pair.get(row).and_then(|r| r.get(column)).map_or(0, |v| usize::from(*v));
        let shade = |column: usize| SHADES[(at(0, column) + at(1, column)).div_ceil(2) * (SHADES.len() - 1) / 255];
        lines.push((0..width).map(shade).collect::<String>().trim_end().to_owned());
    }
    let blank = lines.iter().take_while(|l| l.is_empty()).count();
    let end = lines.iter().rposition(|l| !l.is_empty()).map_or(0, |i| i + 1);
    lines.get(blank..end).unwrap_or_default().iter().flat_map(|line| ["      ", line.as_str(), "\n"]).collect()
}
