//! Small header blocks, field by field: those of a form's part, of a report's groups.
//!
//! The rule: a line that begins with a blank continues the field before it; a line without a colon is no field.

use alloc::borrow::Cow;

use crate::lexical::{slice, text, trim, unfold};

/// A field as it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawField<'a> {
    pub(crate) name: &'a [u8],
    /// Behind the colon, folds and all, without the last line end.
    pub(crate) value: &'a [u8],
}

impl<'a> RawField<'a> {
    /// Unfolded, blanks at its ends gone.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        text(unfold(trim(self.value)))
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of `block`, up to a blank line or the end.
pub(crate) fn fields(block: &[u8]) -> impl Iterator<Item = RawField<'_>> {
    lines(block).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = trim(slice(line, 0, colon));
        let value = slice(line, colon + 1, line.len());
        let value =
            value.strip_suffix(b"\n").map_or(value, |value| value.strip_suffix(b"\r").unwrap_or(value));
        (!name.is_empty()).then_some(RawField { name, value })
    })
}

/// The logical lines of `block`, folds and ends included, up to a blank one.
pub(crate) fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    core::iter::from_fn(move || {
        if matches!(rest, [] | [b'\n', ..] | [b'\r', b'\n', ..]) {
            return None;
        }
        let mut end = 0;
        loop {
            end = match proto_core::scan::find_byte(b'\n', slice(rest, end, rest.len())) {
                Some(at) => end + at + 1,
                None => rest.len(),
            };
            // RFC 5322 section 2.2.3: a blank at the start of a line continues the one before.
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (line, behind) = rest.split_at_checked(end)?;
        rest = behind;
        Some(line)
    })
}
