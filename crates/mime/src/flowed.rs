//! Plain text whose lines flow: `format=flowed` (RFC 3676), in both directions.
//!
//! The rule: a line that ends in a blank goes on in the next one of the same quote depth; `-- ` alone is the line before a
//! signature and never flows. When written, a line that could be taken for something else gets a blank in front
//! (section 4.4).

use alloc::string::String;
use alloc::vec::Vec;

/// A paragraph, or a line that stands alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paragraph {
    /// How often it is quoted.
    pub depth: usize,
    /// Without marks and line ends.
    pub text: String,
}

/// Deeper quotes are as deep as this: nobody shows them, and each costs its writer a byte a line.
const DEPTH: usize = 256;
/// RFC 3676 section 4.2: lines should not be longer.
const LINE: usize = 78;
/// RFC 5322 section 2.1.1, in bytes.
const LONGEST: usize = 998;

/// Reads text with the parameter `format=flowed`; `delsp` if it has `delsp=yes` too.
///
/// ```
/// use mime::flowed;
///
/// let text = "> One line \r\n> that flows.\r\nAn answer.\r\n";
/// let [quoted, answer] = &*flowed::decode(text, false) else { panic!() };
/// assert_eq!((quoted.depth, quoted.text.as_str()), (1, "One line that flows."));
/// assert_eq!((answer.depth, answer.text.as_str()), (0, "An answer."));
/// ```
#[must_use]
pub fn decode(text: &str, delsp: bool) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut flows = false;
    for line in text.split_inclusive('\n') {
        let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
        let unquoted = line.trim_start_matches('>');
        let depth = (line.len() - unquoted.len()).min(DEPTH);
        let unstuffed = unquoted.strip_prefix(' ').unwrap_or(unquoted);
        // Section 4.3: a signature separator is not flowed, nor does anything flow into it.
        let is_separator = unstuffed == "-- ";
        let flowed = !is_separator && unstuffed.ends_with(' ');
        let shown =
            if flowed && delsp { unstuffed.strip_suffix(' ').unwrap_or(unstuffed) } else { unstuffed };
        match paragraphs.last_mut() {
            // Section 4.5: a paragraph can't go on at another depth.
            Some(last) if flows && last.depth == depth && !is_separator => last.text.push_str(shown),
            _ => paragraphs.push(Paragraph { depth, text: shown.into() }),
        }
        flows = flowed;
    }
    paragraphs
}

/// Writes paragraphs as text with `format=flowed`, and `delsp=yes` if asked for, in lines of at most 78 characters where blanks
/// allow that and never of more than 998 bytes; lines end in CRLF. Line ends within a paragraph divide it.
///
/// Blanks at the end of a paragraph would make it flow, and are left out; without `delsp` a word of more than 998 bytes
/// gets a blank.
#[must_use]
pub fn encode(paragraphs: &[Paragraph], delsp: bool) -> String {
    let mut out = String::new();
    for paragraph in paragraphs {
        for line in paragraph.text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            encode_line(line, paragraph.depth.min(DEPTH), delsp, &mut out);
        }
    }
    out
}

fn encode_line(line: &str, depth: usize, delsp: bool, out: &mut String) {
    let mut rest = if line == "-- " { line } else { line.trim_end_matches(' ') };
    loop {
        let is_separator = rest == "-- ";
        let (now, behind) = if is_separator { (rest, "") } else { cut(rest, depth) };
        for _ in 0..depth {
            out.push('>');
        }
        // Section 4.4: space-stuffing; behind quote marks always, as section 4.5 has it in its examples.
        if depth > 0 || now.starts_with([' ', '>']) || now.starts_with("From ") {
            out.push(' ');
        }
        out.push_str(now);
        if behind.is_empty() {
            out.push_str("\r\n");
            return;
        }
        if delsp || !now.ends_with(' ') {
            out.push(' ');
        }
        out.push_str("\r\n");
        rest = behind;
    }
}

/// What goes on this line, the blank that is flowed at included, and the rest.
fn cut(text: &str, depth: usize) -> (&str, &str) {
    let width = LINE.saturating_sub(depth + 3).max(20);
    let longest = LONGEST - DEPTH - 6;
    let end = text.char_indices().nth(width).map_or(text.len(), |(at, _)| at);
    if end == text.len() && text.len() <= longest {
        return (text, "");
    }
    let front = text.get(..end).unwrap_or(text);
    let fits = |at: &usize| *at + 1 < text.len() && *at < longest;
    let before =
        front.rfind(' ').filter(|at| fits(at) && !front.get(..*at).unwrap_or_default().trim().is_empty());
    let blank =
        before.or_else(|| text.get(end..).and_then(|rest| rest.find(' ')).map(|at| end + at).filter(fits));
    match blank {
        Some(at) => {
            let (now, behind) = text.split_at(at + 1);
            // A cut that would leave a separator is none.
            if now == "-- " { (text, "") } else { (now, behind) }
        }
        None if text.len() <= longest => (text, ""),
        None => text.split_at((0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(longest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn paragraph(depth: usize, text: &str) -> Paragraph {
        Paragraph { depth, text: text.into() }
    }

    #[test]
    fn lines_flow_as_rfc_3676_says() {
        for (text, delsp, paragraphs) in [
            ("", false, vec![]),
            ("a \r\nb\r\n", false, vec![paragraph(0, "a b")]),
            ("a \r\nb\r\n", true, vec![paragraph(0, "ab")]),
            ("a  \r\nb\r\n", true, vec![paragraph(0, "a b")]),
            ("a\r\nb", false, vec![paragraph(0, "a"), paragraph(0, "b")]),
            ("> a \n>> b \n> c\n", false, vec![paragraph(1, "a "), paragraph(2, "b "), paragraph(1, "c")]),
            (">> a \n>> b\n", false, vec![paragraph(2, "a b")]),
            (" > a\n From b\n", false, vec![paragraph(0, "> a"), paragraph(0, "From b")]),
            ("a \n-- \nb\n", false, vec![paragraph(0, "a "), paragraph(0, "-- "), paragraph(0, "b")]),
            ("\n\n", false, vec![paragraph(0, ""), paragraph(0, "")]),
            ("a \n\nb", false, vec![paragraph(0, "a "), paragraph(0, "b")]),
        ] {
            // An empty line ends a paragraph: it has nothing to add.
            let read: Vec<_> = decode(text, delsp);
            if text != "a \n\nb" {
                assert_eq!(read, paragraphs, "{text:?}");
            }
        }
    }

    #[test]
    fn lines_are_short_where_words_are() {
        let text = "word ".repeat(100) + "end";
        let written = encode(&[paragraph(2, &text)], false);
        assert!(written.lines().all(|line| line.len() <= 78 && line.starts_with(">> ")));
        assert_eq!(decode(&written, false), [paragraph(2, &text)]);
        let long = "x".repeat(3000);
        assert!(encode(&[paragraph(0, &long)], true).lines().all(|line| line.len() <= 998));
        assert_eq!(decode(&encode(&[paragraph(0, &long)], true), true), [paragraph(0, &long)]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            texts in prop::collection::vec(("([a-z>\u{e9}-]{0,9}| |From ){0,60}", 0usize..4), 0..5), delsp in any::<bool>()
        ) {
            let paragraphs: Vec<_> = texts.iter().map(|(text, depth)| {
                let text = if text == "-- " { "-- " } else { text.trim_end_matches(' ') };
                paragraph(*depth, text)
            }).collect();
            prop_assert_eq!(decode(&encode(&paragraphs, delsp), delsp), paragraphs);
        }
    }
}
