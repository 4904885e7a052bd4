//! Message identifiers and content identifiers: `<left@right>` (RFC 5322 section 3.6.4, RFC 2045 section 7, RFC 2392).
//!
//! The rule: an identifier is what stands between angle brackets, blanks gone, and is compared byte by byte. Words outside of
//! brackets, as old In-Reply-To fields have them, are no identifiers (RFC 5322 section 4.5.4).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use proto_core::scan::Class;

use crate::lexical::{ATEXT, BLANK, Cursor, Set, lossy, note, slice, text, trim};
use crate::{Defect, DefectKind, Limits, Misuse, MisuseKind};

/// The identifiers of a Message-ID, References, In-Reply-To, Content-ID or List-ID field, in order, without their brackets.
///
/// ```
/// use mime::MessageIds;
///
/// let ids = MessageIds::new(b"<1234@local.machine.example>\r\n (that one) <3456@example.net>");
/// assert!(ids.iter().eq(["1234@local.machine.example", "3456@example.net"]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MessageIds<'a> {
    value: &'a [u8],
}

impl<'a> MessageIds<'a> {
    /// Those in the value of a field.
    #[must_use]
    pub const fn new(value: &'a [u8]) -> Self {
        MessageIds { value }
    }

    /// The first, or, if there is none in brackets, the value as it stands: some senders forget them.
    #[must_use]
    pub fn first(&self) -> Option<Cow<'a, str>> {
        self.iter().next().or_else(|| {
            let bare = trim(self.value);
            let whole = !bare.is_empty() && !bare.iter().any(|byte| BLANK.contains(*byte) || *byte == b'<');
            whole.then(|| lossy(bare))
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let mut cursor = Cursor::new(self.value);
        core::iter::from_fn(move || next(&mut cursor)).map(|found| bare(found.raw))
    }

    /// What is wrong is appended to `defects`, offsets counted from the start of the value.
    pub fn check(&self, defects: &mut Vec<Defect>) {
        let mut cursor = Cursor::new(self.value);
        let mut none = true;
        while let Some(found) = next(&mut cursor) {
            none = false;
            if !found.closed || !is_well_formed(&bare(found.raw)) {
                note(defects, DefectKind::MessageId, found.at);
            }
        }
        if none {
            note(defects, DefectKind::MessageId, 0);
        }
    }
}

/// That `id`, which is to be written between brackets, is `left@right` (RFC 5322 section 3.6.4).
///
/// # Errors
/// It is not: the offset is of the first byte that may not be there, or the end.
pub fn check_message_id(id: &str) -> Result<(), Misuse> {
    let fine = |byte: u8| {
        (ATEXT.contains(byte) && byte.is_ascii()) || matches!(byte, b'.' | b'@' | b'[' | b']' | b':')
    };
    match id.bytes().position(|byte| !fine(byte)) {
        None if is_well_formed(id) => Ok(()),
        at => Err(Misuse::new(MisuseKind::MessageId, at.unwrap_or(id.len()))),
    }
}

struct Found<'a> {
    at: usize,
    raw: &'a [u8],
    closed: bool,
}

/// What may begin an identifier, and what may hide one.
static START: Set = Set::of(Class::of(b"<(\""));
/// What may end an identifier, its brackets included; a second `<` begins another.
static END: Set = Set::of(Class::of(b"<>\""));

fn next<'a>(cursor: &mut Cursor<'a>) -> Option<Found<'a>> {
    let mut ignored = Vec::new();
    loop {
        cursor.until(&START);
        match cursor.peek()? {
            b'(' => _ = cursor.comment(&Limits::DEFAULT, &mut ignored),
            b'"' => _ = cursor.quoted_string(&mut ignored),
            _ => break,
        }
    }
    let at = cursor.at;
    cursor.at += 1;
    loop {
        cursor.until(&END);
        match cursor.peek() {
            Some(b'"') => _ = cursor.quoted_string(&mut ignored),
            end => {
                let raw = slice(cursor.bytes, at + 1, cursor.at);
                let closed = end == Some(b'>');
                cursor.at += usize::from(closed);
                return Some(Found { at, raw, closed });
            }
        }
    }
}

/// Without blanks and comments (RFC 5322 section 4.5.4), which quoted strings have none of.
fn bare(raw: &[u8]) -> Cow<'_, str> {
    if !raw.iter().any(|byte| BLANK.contains(*byte) || *byte == b'(') {
        return lossy(raw);
    }
    let (mut cursor, mut out, mut ignored) = (Cursor::new(raw), Vec::with_capacity(raw.len()), Vec::new());
    while let Some(byte) = cursor.peek() {
        let from = cursor.at;
        match byte {
            b'(' => _ = cursor.comment(&Limits::DEFAULT, &mut ignored),
            b'"' => {
                cursor.quoted_string(&mut ignored);
                out.extend_from_slice(cursor.since(from));
            }
            _ => {
                cursor.at += 1;
                out.extend(Some(byte).filter(|byte| !BLANK.contains(*byte)));
            }
        }
    }
    text(Cow::Owned(out))
}

/// Something on either side of an `@`.
fn is_well_formed(id: &str) -> bool {
    id.rsplit_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> (Vec<Cow<'_, str>>, usize) {
        let (ids, mut defects) = (MessageIds::new(value.as_bytes()), Vec::new());
        ids.check(&mut defects);
        (ids.iter().collect(), defects.len())
    }

    #[test]
    fn identifiers_stand_between_brackets() {
        let cases: &[(&str, &[&str], usize)] = &[
            ("<a@b>", &["a@b"], 0),
            ("<a@b>\r\n\t<c@d>", &["a@b", "c@d"], 0),
            ("<a@b><c@d>", &["a@b", "c@d"], 0),
            ("Your message of \"Tue <x@y>\" (see <z@z>) <a@b>", &["a@b"], 0),
            ("<\"a > b\"@c>", &["\"a > b\"@c"], 0),
            ("<1(x) @ y(z)>", &["1@y"], 0),
            ("<1234   @   local .example>", &["1234@local.example"], 0),
            ("<a@[127.0.0.1]>", &["a@[127.0.0.1]"], 0),
            ("<a>", &["a"], 1),
            ("<a@b", &["a@b"], 1),
            ("<a@b <c@d>", &["a@b", "c@d"], 1),
            ("<>", &[""], 1),
            ("a@b", &[], 1),
            ("", &[], 1),
        ];
        for (value, ids, defects) in cases {
            assert_eq!(read(value), (ids.iter().map(|id| Cow::from(*id)).collect(), *defects), "{value}");
        }
    }

    #[test]
    fn a_value_without_brackets_is_taken_as_it_stands_if_one_is_wanted() {
        assert_eq!(MessageIds::new(b" a@b ").first().as_deref(), Some("a@b"));
        assert_eq!(MessageIds::new(b"two words").first(), None);
        assert_eq!(MessageIds::new(b"").first(), None);
    }

    #[test]
    fn only_identifiers_are_written() {
        assert_eq!(check_message_id("a.b@c.example"), Ok(()));
        for (id, at) in [("a b@c", 1), ("a", 1), ("a@b>\r\n", 3), ("@b", 2), ("", 0), ("é@b", 0)] {
            assert_eq!(check_message_id(id), Err(Misuse::new(MisuseKind::MessageId, at)), "{id}");
        }
    }
}
