//! Lines that are folded between words.

/// A line cut into lines of at most `width` columns, which go on at column `hang`. It is cut at spaces only: never inside a word, a path, a
/// command in backquotes or a word in single quotes, nor between a number and what it counts. Whatever is longer than a line stays whole.
pub(super) fn fold(line: &str, width: usize, hang: usize) -> String {
    let mut folded = String::with_capacity(line.len());
    let mut column = 0;
    let mut empty = true;
    for (gap, atom) in atoms(line) {
        let (space, length) = (columns(gap), columns(atom));
        if !empty && column + space + length > width {
            folded.push('\n');
            folded.push_str(&" ".repeat(hang));
            column = hang + length;
        } else {
            folded.push_str(gap);
            column += space + length;
        }
        folded.push_str(atom);
        empty = false;
    }
    folded
}

pub(super) fn columns(text: &str) -> usize {
    text.chars().count()
}

/// What must stay together, each with the spaces before it.
fn atoms(line: &str) -> Vec<(&str, &str)> {
    let mut atoms = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (gap, text) = rest.split_at(rest.len() - rest.trim_start_matches(' ').len());
        let mut end = word(text);
        // A number and what it counts.
        while let Some(after) = text.get(end..)
            && is_number(text.get(..end).unwrap_or_default())
            && after.trim_start_matches(' ').starts_with(|c: char| !c.is_ascii_digit())
        {
            let spaces = after.len() - after.trim_start_matches(' ').len();
            end += spaces + word(after.trim_start_matches(' '));
        }
        let (atom, after) = text.split_at(end);
        if !atom.is_empty() {
            atoms.push((gap, atom));
        }
        rest = after;
    }
    atoms
}

/// The length in bytes of the first word: up to a space that is not quoted.
fn word(text: &str) -> usize {
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let after = text.get(at + c.len_utf8()..).unwrap_or_default();
        match c {
            ' ' => break,
            '`' => at += after.find('`').map_or(0, |close| close + 1),
            // An apostrophe inside of a word quotes nothing.
            '\'' if at == 0 || text.get(..at).is_some_and(|before| before.ends_with('(')) => {
                at += closing(after).unwrap_or(0);
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    at
}

/// Behind the quote that closes a word: one that no letter follows.
fn closing(text: &str) -> Option<usize> {
    let closes = |at: usize| text.get(at + 1..).is_some_and(|after| !after.starts_with(char::is_alphanumeric));
    text.match_indices('\'').map(|(at, _)| at).find(|at| closes(*at)).map(|at| at + 1)
}

fn is_number(word: &str) -> bool {
    word.ends_with(|c: char| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_digit() || "(.,^-+".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_line_is_cut_between_words_and_goes_on_indented() {
        let line = "the key is compared with the model: it is made again from the model, once";
        assert_eq!(fold(line, 80, 2), line);
        let folded = fold(line, 30, 2);
        assert_eq!(folded, "the key is compared with the\n  model: it is made again from\n  the model, once");
        for width in 1..80 {
            let folded = fold(line, width, 2);
            assert_eq!(flat(&folded), line);
            let longest = line.split(' ').map(str::len).max().unwrap() + 2;
            assert!(folded.lines().all(|line| line.len() <= width.max(longest)), "{width}: {folded}");
        }
    }

    #[test]
    fn commands_paths_and_numbers_with_what_they_count_stay_whole() {
        let line = "it takes 1,234 MB and (2^12 rows): run `assay setup my.onnx --memory 8GB` or see '/a folder/it''s', the model's";
        let whole = ["1,234 MB", "(2^12 rows):", "`assay setup my.onnx --memory 8GB`", "'/a folder/it''s',"];
        for width in 1..line.len() {
            let folded = fold(line, width, 4);
            for atom in whole {
                assert!(folded.contains(atom), "{atom} at {width}: {folded}");
            }
            assert_eq!(flat(&folded), line);
        }
    }

    #[test]
    fn what_is_not_closed_quotes_nothing_and_numbers_in_a_row_are_cut() {
        assert_eq!(fold("a `b c d", 3, 0), "a\n`b\nc d");
        assert_eq!(fold("'a b c", 3, 0), "'a\nb c");
        assert_eq!(fold("1 2 3 4", 3, 0), "1 2\n3 4");
        assert_eq!(fold("  [1, 2, 3, 4]", 8, 3), "  [1, 2,\n   3, 4]");
    }

    #[test]
    fn columns_that_fit_keep_their_spaces() {
        let row = "  prove                                  1.13 s";
        assert_eq!(fold(row, 80, 4), row);
    }
}
