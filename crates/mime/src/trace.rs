//! Trace and list fields: Received (RFC 5322 section 3.6.7, RFC 5321 section 4.4), and List-* (RFC 2369, RFC 2919, RFC 8058).
//!
//! The rule: these are written by programs that never agreed. Each clause of a Received field is what stands behind its word up
//! to the next such word; a list field is its `<...>`s.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use proto_core::scan::Class;

use crate::lexical::{BLANK, BLANK_CLASS, Cursor, Set, lossy, note, shift, slice, text, trim, unfold};
use crate::{DateTime, Defect, DefectKind, Limits};

/// The value of a Received field.
///
/// ```
/// use mime::Received;
///
/// let received = Received::parse(b"from x.y.test (x.y.test [192.0.2.1]) by example.net\r\n \
///     via TCP with ESMTP id ABC12345\r\n for <mary@example.net>;  21 Nov 1997 10:05:43 -0600");
/// assert_eq!(received.from.as_deref(), Some("x.y.test"));
/// assert_eq!(received.from_comment.as_deref(), Some("x.y.test [192.0.2.1]"));
/// assert_eq!(received.by.as_deref(), Some("example.net"));
/// assert_eq!(received.for_.as_deref(), Some("mary@example.net"));
/// assert_eq!(received.date.unwrap().unix(), 880_128_343);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received<'a> {
    /// Who sent it, as they named themselves.
    pub from: Option<Cow<'a, str>>,
    /// What the receiver knew about them: the comment behind it (`TCP-info`).
    pub from_comment: Option<Cow<'a, str>>,
    /// Who received it.
    pub by: Option<Cow<'a, str>>,
    /// Over which link.
    pub via: Option<Cow<'a, str>>,
    /// With which protocol (RFC 3848).
    pub with: Option<Cow<'a, str>>,
    /// Under which identifier, without angle brackets.
    pub id: Option<Cow<'a, str>>,
    /// For which address, without angle brackets.
    pub for_: Option<Cow<'a, str>>,
    /// When.
    pub date: Option<DateTime>,
}

/// What a word of a Received field ends at.
static WORD_END: Set = Set::of(BLANK_CLASS.or(Class::of(b"(;")));

impl<'a> Received<'a> {
    /// Reads the value of the field.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Self {
        Self::parse_with(value, &Limits::DEFAULT, &mut Vec::new())
    }

    /// The same within `limits`; what is wrong is appended to `defects`, offsets counted from the start of `value`.
    #[must_use]
    pub fn parse_with(value: &'a [u8], limits: &Limits, defects: &mut Vec<Defect>) -> Self {
        let (mut cursor, mut received) = (Cursor::new(value), Received::default());
        let mut clause = Clause::None;
        while let Some(byte) = cursor.peek() {
            match byte {
                b'(' => {
                    let comment = cursor.comment(limits, defects);
                    if matches!(clause, Clause::Behind(Name::From)) && received.from_comment.is_none() {
                        received.from_comment = Some(text(unfold(trim(comment))));
                    }
                }
                b';' => break,
                byte if BLANK.contains(byte) => _ = cursor.run(&BLANK),
                _ => clause = received.word(cursor.until(&WORD_END), clause),
            }
        }
        received.read_date(value, cursor.at, limits, defects);
        received
    }

    /// RFC 5321 section 4.4: `name value`, in this order, but who keeps to it?
    fn word(&mut self, word: &'a [u8], clause: Clause) -> Clause {
        let Clause::At(name) = clause else { return Name::of(word).map_or(clause, Clause::At) };
        let bare =
            |word: &'a [u8]| word.strip_prefix(b"<").and_then(|word| word.strip_suffix(b">")).unwrap_or(word);
        let place = match name {
            Name::From => &mut self.from,
            Name::By => &mut self.by,
            Name::Via => &mut self.via,
            Name::With => &mut self.with,
            Name::Id => &mut self.id,
            Name::For => &mut self.for_,
        };
        place.get_or_insert_with(|| lossy(bare(word)));
        Clause::Behind(name)
    }

    fn read_date(&mut self, value: &[u8], semicolon: usize, limits: &Limits, defects: &mut Vec<Defect>) {
        let (first, at) = (defects.len(), semicolon + 1);
        match value.get(at..) {
            Some(date) => self.date = DateTime::parse_with(date, limits, defects),
            None => note(defects, DefectKind::Date, 0),
        }
        shift(defects, first, at.min(value.len()) as u64);
    }
}

/// Where among the clauses.
#[derive(Clone, Copy)]
enum Clause {
    None,
    /// Its value comes next.
    At(Name),
    /// Its value was read; a comment may follow.
    Behind(Name),
}

#[derive(Clone, Copy)]
enum Name {
    From,
    By,
    Via,
    With,
    Id,
    For,
}

impl Name {
    fn of(word: &[u8]) -> Option<Name> {
        const NAMES: [(&str, Name); 6] = [
            ("from", Name::From),
            ("by", Name::By),
            ("via", Name::Via),
            ("with", Name::With),
            ("id", Name::Id),
            ("for", Name::For),
        ];
        NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, name)| *name)
    }
}

/// What stands in angle brackets in a List-* field, blanks gone (RFC 2369 section 2): addresses to call, in order of preference.
///
/// ```
/// let value = b"<mailto:list@host.test?subject=unsubscribe>, (or) <https://host.test/u?id=1>";
/// let urls: Vec<_> = mime::list_urls(value).collect();
/// assert_eq!(urls, ["mailto:list@host.test?subject=unsubscribe", "https://host.test/u?id=1"]);
/// ```
pub fn list_urls(value: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    let mut cursor = Cursor::new(value);
    core::iter::from_fn(move || {
        loop {
            cursor.until(&URL_START);
            match cursor.peek()? {
                b'(' => _ = cursor.comment(&Limits::DEFAULT, &mut Vec::new()),
                _ => break,
            }
        }
        cursor.at += 1;
        let url = cursor.until(&URL_END);
        cursor.at += 1;
        Some(without_blanks(url))
    })
}

static URL_START: Set = Set::of(Class::of(b"<("));
static URL_END: Set = Set::of(Class::of(b">"));

/// RFC 2369 section 2: blanks inside the brackets are to be ignored.
fn without_blanks(url: &[u8]) -> Cow<'_, str> {
    if !url.iter().any(|byte| BLANK.contains(*byte)) {
        return lossy(url);
    }
    text(Cow::Owned(url.iter().copied().filter(|byte| !BLANK.contains(*byte)).collect()))
}

/// The value of a List-ID field (RFC 2919): a description, if there is one, and the identifier of the list.
///
/// ```
/// let (description, id) = mime::list_id(b"\"Lena's Personal <Joke> List\" <lenas-jokes.lists.test>").unwrap();
/// assert_eq!((&*description, &*id), ("Lena's Personal <Joke> List", "lenas-jokes.lists.test"));
/// ```
#[must_use]
pub fn list_id(value: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let value = trim(value);
    let Some(open) = value.iter().rposition(|byte| *byte == b'<') else {
        return (!value.is_empty()).then(|| (Cow::Borrowed(""), without_blanks(value)));
    };
    let id = slice(value, open + 1, value.len());
    let end = id.iter().position(|byte| *byte == b'>').unwrap_or(id.len());
    let name = trim(slice(value, 0, open));
    let name = if name.starts_with(b"\"") {
        text(Cursor::new(name).quoted_string(&mut Vec::new()).value())
    } else {
        crate::word::decode(name)
    };
    Some((name, without_blanks(slice(id, 0, end))))
}

/// Whether one POST to the first https address of List-Unsubscribe is all it takes: the value of List-Unsubscribe-Post
/// (RFC 8058 section 3.1).
#[must_use]
pub fn is_one_click(value: &[u8]) -> bool {
    trim(value).eq_ignore_ascii_case(b"List-Unsubscribe=One-Click")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_read_in_any_order() {
        let received = Received::parse(
            b"by mx.test (Postfix, from userid 1000)\r\n\tid 0AB; Tue, 1 Apr 2003 00:00:00 +0000 (UTC)",
        );
        assert_eq!((received.by.as_deref(), received.id.as_deref()), (Some("mx.test"), Some("0AB")));
        assert_eq!((received.from, received.from_comment), (None, None));
        assert!(received.date.is_some());
        let odd = Received::parse(b"(qmail 1 invoked by uid 0); 1 Apr 2003 00:00:00 -0000");
        assert_eq!((odd.by, odd.date.is_some()), (None, true));
        let from = Received::parse(b"from from by by");
        assert_eq!((from.from.as_deref(), from.by.as_deref()), (Some("from"), Some("by")));
    }

    #[test]
    fn a_missing_date_is_a_defect() {
        for (value, at) in [("from a by b", 11), ("from a; junk", 8), ("", 0)] {
            let mut defects = Vec::new();
            let _ = Received::parse_with(value.as_bytes(), &Limits::DEFAULT, &mut defects);
            assert_eq!(defects, [Defect::new(DefectKind::Date, at)], "{value}");
        }
    }

    #[test]
    fn list_fields_of_rfc_2369_and_2919() {
        let urls = |value: &'static str| list_urls(value.as_bytes()).map(Cow::into_owned).collect::<Vec<_>>();
        assert_eq!(
            urls("<ftp://ftp.host.test/list.txt> (FTP),\r\n <mailto:list@host.test?subject=help>"),
            ["ftp://ftp.host.test/list.txt", "mailto:list@host.test?subject=help",]
        );
        assert_eq!(urls("NO (posting not allowed on this <list>)"), [""; 0]);
        assert_eq!(urls("<http://a.test/\r\n\tb"), ["http://a.test/b"]);
        assert_eq!(list_id(b"<da39efc25c530ad145d41b86f7420c3b.021999.localhost>").unwrap().0, "");
        assert_eq!(list_id(b"list.test").unwrap().1, "list.test");
        assert_eq!(
            list_id(b"List Header =?utf-8?q?=C3=A9?= <list-header.nisto.com>").unwrap().0,
            "List Header é"
        );
        assert_eq!(list_id(b" "), None);
        assert!(is_one_click(b" List-Unsubscribe=One-Click\r\n") && !is_one_click(b"no"));
    }
}
