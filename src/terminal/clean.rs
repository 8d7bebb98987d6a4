//! Text without the characters that a terminal obeys: names and messages that come from files, contracts and nodes are shown, and do nothing.

/// One line: every control character, line breaks included, becomes an escape such as `\\n` or `\\u{1b}` that one can see.
pub(super) fn line(text: &str) -> String {
    shown(text, |_| false)
}

/// Several lines: line breaks stay.
pub(super) fn lines(text: &str) -> String {
    shown(text, |c| c == '\n')
}

/// JSON that means the same: only its strings hold such characters, and there an escape stands for each.
pub(super) fn json(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_obeyed(c) {
            cleaned.extend(format!("\\u{:04x}", u32::from(c)).chars());
        } else {
            cleaned.push(c);
        }
    }
    cleaned
}

fn shown(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) && !stays(c) {
            cleaned.extend(c.escape_default());
        } else {
            cleaned.push(c);
        }
    }
    cleaned
}

/// Whether a terminal does something else with a character than to show it: C0, DEL and C1, line separators, and what turns the direction of text.
fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let foreign = "a\u{1b}[2J\r\nnext: b\u{7f}\u{9b}31m\u{202e}\u{2066}\u{2028}\té 5 Ω";
        let shown = r"a\u{1b}[2J\r\nnext: b\u{7f}\u{9b}31m\u{202e}\u{2066}\u{2028}\té 5 Ω";
        assert_eq!(line(foreign), shown);
        assert_eq!(lines("a\n\u{1b}b\n"), "a\n\\u{1b}b\n");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({ "a\u{9b}": "b\u{1b}\u{7f}\u{202e}\n", "c": [1, "é"] });
        let text = serde_json::to_string_pretty(&value).unwrap();
        assert!(text.chars().any(is_obeyed));
        let cleaned = json(&text);
        assert!(!cleaned.chars().any(|c| c != '\n' && is_obeyed(c)), "{cleaned:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&cleaned).unwrap(), value);
    }
}
