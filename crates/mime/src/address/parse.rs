//! Reading address lists (RFC 5322 sections 3.4 and 4.4).
//!
//! The rule: one pass, one element at a time, nothing held but the places where things begin. A phrase is collected until
//! something tells what it was: `<` that it was a name, `@` that its last word was a local part, `:` that a group
//! begins, a comma that it was nothing of these.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use proto_core::scan::Class;

use super::{Address, Mailbox};
use crate::lexical::{
    ATEXT, ATEXT_CLASS, BLANK, BLANK_CLASS, Cursor, Set, lossy, note, slice, text, trim, unfold,
};
use crate::word::{EncodedWord, Joiner, Place, is_suspect};
use crate::{Defect, DefectKind, Limits};

/// What an atom is made of here: dots belong to it, as obsolete phrases have them, and whatever has no other meaning.
static ATOM: Set = Set::of(ATEXT_CLASS.or(Class::of(b".\\")).or(Class::CTL.and(BLANK_CLASS.not())));

/// What is left of a list.
pub(super) struct List<'a> {
    cursor: Cursor<'a>,
    limits: Limits,
    /// Mailboxes so far, those in groups among them.
    count: usize,
}

/// What was read up to the point where it is known what it is.
#[derive(Clone, Copy)]
struct Phrase {
    /// Where its first word begins, and where the last ended.
    from: usize,
    to: usize,
    /// Where the word begins that would be a local part: the last one, with all that dots join to it.
    last: usize,
    /// Words, those that dots join counted as one.
    words: usize,
    /// It means what it says: atoms with one space between each.
    plain: bool,
    /// The last comment seen.
    comment: Option<(usize, usize)>,
}

/// What ended a phrase.
enum Sign {
    /// `<`.
    Angle,
    /// `@`.
    At,
    /// `:`.
    Colon,
    /// A comma, a semicolon or the end.
    End,
}

impl<'a> List<'a> {
    pub(super) fn new(value: &'a [u8], limits: Limits) -> Self {
        List { cursor: Cursor::new(value), limits, count: 0 }
    }

    /// The next element.
    pub(super) fn next(&mut self, defects: &mut Vec<Defect>) -> Option<Address<'a>> {
        loop {
            self.skip_to_element(defects);
            if self.cursor.is_at_end() || self.is_full(defects) {
                return None;
            }
            // A semicolon that closes no group separates, as some programs have it.
            let at = self.cursor.at;
            if self.cursor.skip(b';') {
                note(defects, DefectKind::Address, at);
                continue;
            }
            let (phrase, sign) = self.phrase(false, defects);
            if matches!(sign, Sign::Colon) {
                return Some(self.group(phrase, defects));
            }
            if let Some(mailbox) = self.mailbox(phrase, &sign, defects) {
                return Some(Address::Mailbox(mailbox));
            }
        }
    }

    fn is_full(&mut self, defects: &mut Vec<Defect>) -> bool {
        let full = self.count >= self.limits.addresses;
        if full {
            note(defects, DefectKind::Addresses, self.cursor.at);
            self.cursor.at = self.cursor.bytes.len();
        }
        full
    }

    /// RFC 5322 section 4.4: elements may be empty.
    fn skip_to_element(&mut self, defects: &mut Vec<Defect>) {
        loop {
            // A comment that begins an element may be a name; one that stands alone is none.
            self.cursor.run(&BLANK);
            let start = self.cursor;
            self.cursor.skip_cfws(&self.limits, &mut Vec::new());
            if !self.cursor.skip(b',') {
                if !self.cursor.is_at_end() {
                    self.cursor = start;
                } else {
                    start.clone().skip_cfws(&self.limits, defects);
                }
                return;
            }
        }
    }

    /// RFC 5322 section 3.4: `display-name ":" [group-list] ";"`.
    fn group(&mut self, phrase: Phrase, defects: &mut Vec<Defect>) -> Address<'a> {
        let name = self.name(phrase, defects).unwrap_or_default();
        let (from, mut members) = (self.cursor.at, Vec::new());
        loop {
            self.skip_to_element(defects);
            if self.cursor.is_at_end() {
                note(defects, DefectKind::Address, from);
                break;
            }
            if self.cursor.skip(b';') || self.is_full(defects) {
                break;
            }
            let (phrase, sign) = self.phrase(false, defects);
            if matches!(sign, Sign::Colon) {
                // A group in a group: its members are members here.
                note(defects, DefectKind::Address, phrase.from);
                continue;
            }
            members.extend(self.mailbox(phrase, &sign, defects));
        }
        Address::Group { name, members }
    }

    /// Words up to what tells their meaning; the cursor is behind it, or before a comma or semicolon, or, within angle brackets,
    /// before the one that closes.
    fn phrase(&mut self, in_angle: bool, defects: &mut Vec<Defect>) -> (Phrase, Sign) {
        let at = self.cursor.at;
        let mut phrase = Phrase { from: at, to: at, last: at, words: 0, plain: true, comment: None };
        loop {
            self.blank(&mut phrase, defects);
            let at = self.cursor.at;
            let sign = match self.cursor.peek() {
                Some(b'<') => Sign::Angle,
                Some(b'@') => Sign::At,
                Some(b':') => Sign::Colon,
                Some(b',' | b';') | None => return (phrase, Sign::End),
                Some(b'>') if in_angle => return (phrase, Sign::End),
                Some(_) => {
                    self.word(&mut phrase, defects);
                    phrase.took(at, self.cursor);
                    continue;
                }
            };
            self.cursor.at += 1;
            return (phrase, sign);
        }
    }

    /// Blanks and comments between words.
    fn blank(&mut self, phrase: &mut Phrase, defects: &mut Vec<Defect>) {
        loop {
            self.cursor.run(&BLANK);
            if self.cursor.peek() != Some(b'(') {
                return;
            }
            let from = self.cursor.at + 1;
            let len = self.cursor.comment(&self.limits, defects).len();
            phrase.comment = Some((from, from + len));
        }
    }

    /// An atom, a quoted string, an encoded word, or what is none of these.
    fn word(&mut self, phrase: &mut Phrase, defects: &mut Vec<Defect>) {
        let at = self.cursor.at;
        match self.cursor.peek() {
            Some(b'"') => {
                self.cursor.quoted_string(defects);
                phrase.plain = false;
            }
            Some(b'=') if self.encoded_word() => phrase.plain = false,
            // Brackets belong to a domain, but some write names with them.
            Some(byte) if !ATOM.contains(byte) => {
                note(defects, DefectKind::Address, at);
                self.cursor.at += 1;
            }
            _ => _ = self.cursor.run(&ATOM),
        }
    }

    /// Some leave commas and such in them: what begins as an encoded word ends as one.
    fn encoded_word(&mut self) -> bool {
        let rest = slice(self.cursor.bytes, self.cursor.at, self.cursor.bytes.len());
        let word = EncodedWord::parse(rest, Place::Phrase);
        self.cursor.at += word.map_or(0, |word| word.len);
        word.is_some()
    }

    /// What the phrase and its sign are; `None` if nothing is.
    fn mailbox(&mut self, phrase: Phrase, sign: &Sign, defects: &mut Vec<Defect>) -> Option<Mailbox<'a>> {
        let mailbox = match sign {
            Sign::Angle => self.angle_addr(phrase, defects),
            Sign::At => self.bare(phrase, defects),
            Sign::Colon | Sign::End => self.without_at(phrase, defects)?,
        };
        self.count += 1;
        Some(mailbox)
    }

    /// `name <local@domain>`.
    fn angle_addr(&mut self, phrase: Phrase, defects: &mut Vec<Defect>) -> Mailbox<'a> {
        let at = self.cursor.at;
        let name = self.name(phrase, defects);
        self.skip_route(defects);
        let from = self.cursor.at;
        let (inner, sign) = self.phrase(true, defects);
        let mut mailbox = match sign {
            Sign::At => {
                self.check_words(inner.from, inner.to, defects);
                Mailbox { name: None, local: self.local(inner.from, inner.to), domain: self.domain(defects) }
            }
            // RFC 5322 section 3.6.7: `<>` is nobody, and stands in Return-Path only.
            Sign::End | Sign::Colon | Sign::Angle => {
                if from == inner.to {
                    note(defects, DefectKind::Address, at - 1);
                }
                Mailbox { local: self.local(inner.from, inner.to), ..Mailbox::default() }
            }
        };
        mailbox.name = name;
        self.close_angle(at, !matches!(sign, Sign::At) && from != inner.to, defects);
        mailbox
    }

    /// RFC 5322 section 4.4: `<@a,@b:local@domain>`. The way is not the address.
    fn skip_route(&mut self, defects: &mut Vec<Defect>) {
        self.cursor.skip_cfws(&self.limits, defects);
        if !matches!(self.cursor.peek(), Some(b'@' | b',')) {
            return;
        }
        let start = self.cursor;
        self.cursor.until(&ROUTE_END);
        if !self.cursor.skip(b':') {
            self.cursor = start;
        }
    }

    /// Up to behind the `>`; what else stands there is wrong.
    fn close_angle(&mut self, at: usize, wrong: bool, defects: &mut Vec<Defect>) {
        self.cursor.skip_cfws(&self.limits, defects);
        let here = self.cursor.at;
        if self.cursor.skip(b'>') {
            if wrong {
                note(defects, DefectKind::Address, at);
            }
        } else {
            note(defects, DefectKind::Address, here.min(self.cursor.bytes.len()));
            self.cursor.until(&ANGLE_END);
            self.cursor.skip(b'>');
        }
        self.finish(defects);
    }

    /// `local@domain`, without angle brackets: old mail has the name in a comment behind it.
    fn bare(&mut self, phrase: Phrase, defects: &mut Vec<Defect>) -> Mailbox<'a> {
        let local = self.local(phrase.last, phrase.to);
        self.check_words(phrase.last, phrase.to, defects);
        let domain = self.domain(defects);
        if phrase.words == 0 || domain.is_empty() {
            note(defects, DefectKind::Address, phrase.from);
        }
        let mut name = None;
        if phrase.words > 1 {
            note(defects, DefectKind::Address, phrase.from);
            name = self.name(Phrase { to: phrase.last, plain: false, ..phrase }, defects);
        }
        let mut behind = Phrase { comment: None, ..phrase };
        self.blank(&mut behind, defects);
        let comment = behind.comment.or(phrase.comment);
        self.finish(defects);
        let name = name.or_else(|| comment.and_then(|range| self.comment_text(range, defects)));
        Mailbox { name, local, domain }
    }

    /// Words without an address: a local user if it is one word, somebody's name if not.
    fn without_at(&mut self, phrase: Phrase, defects: &mut Vec<Defect>) -> Option<Mailbox<'a>> {
        if phrase.words == 0 {
            return None;
        }
        note(defects, DefectKind::Address, phrase.from);
        if phrase.words == 1 && phrase.plain {
            let name = phrase.comment.and_then(|range| self.comment_text(range, defects));
            let local = self.local(phrase.from, phrase.to);
            return Some(Mailbox { name, local, ..Mailbox::default() });
        }
        let name = self.name(phrase, defects);
        Some(Mailbox { name, ..Mailbox::default() })
    }

    /// Behind an address: a comma, or the end, or something that is wrong.
    fn finish(&mut self, defects: &mut Vec<Defect>) {
        self.cursor.skip_cfws(&self.limits, defects);
        let at = self.cursor.at;
        while matches!(self.cursor.peek(), Some(b'>' | b']' | b')')) {
            self.cursor.at += 1;
            self.cursor.skip_cfws(&self.limits, defects);
        }
        if self.cursor.at > at || !matches!(self.cursor.peek(), Some(b',' | b';') | None) {
            note(defects, DefectKind::Address, at);
        }
    }

    /// What stands behind an `@` (RFC 5322 sections 3.4.1 and 4.4): atoms that dots join, or a literal.
    fn domain(&mut self, defects: &mut Vec<Defect>) -> Cow<'a, str> {
        self.cursor.skip_cfws(&self.limits, defects);
        let from = self.cursor.at;
        if self.cursor.peek() == Some(b'[') {
            self.cursor.until(&LITERAL_END);
            self.cursor.skip(b']');
            return joined(self.cursor.since(from), defects, &self.limits);
        }
        let mut to = from;
        loop {
            let word = self.cursor.run(&ATOM);
            if word.is_empty() {
                break;
            }
            to = self.cursor.at;
            let dotted = word.ends_with(b".");
            self.cursor.skip_cfws(&self.limits, defects);
            if !dotted && self.cursor.peek() != Some(b'.') {
                break;
            }
        }
        // Comments behind it may be a name.
        self.cursor.at = to;
        self.check_words(from, to, defects);
        joined(slice(self.cursor.bytes, from, to), defects, &self.limits)
    }

    /// A local part: what its words say, quotes, blanks and comments gone.
    fn local(&self, from: usize, to: usize) -> Cow<'a, str> {
        joined(slice(self.cursor.bytes, from, to), &mut Vec::new(), &self.limits)
    }

    /// RFC 5322 sections 3.2.3 and 4.4: a dot has a word before it and another one behind it.
    fn check_words(&self, from: usize, to: usize, defects: &mut Vec<Defect>) {
        let raw = slice(self.cursor.bytes, from, to);
        let is_atext = |byte: Option<&u8>| byte.is_some_and(|byte| ATEXT.contains(*byte));
        let is_atom = |piece: &[u8]| is_atext(piece.first()) && is_atext(piece.last());
        // Mostly there is nothing but atoms.
        if raw.is_empty() || raw.split(|byte| *byte == b'.').all(is_atom) {
            return;
        }
        let (mut cursor, mut ignored, mut is_behind_dot) = (Cursor::new(raw), Vec::new(), true);
        loop {
            cursor.skip_cfws(&self.limits, &mut ignored);
            let is_dot = cursor.peek() == Some(b'.');
            if is_behind_dot && (is_dot || cursor.is_at_end()) {
                return note(defects, DefectKind::Address, from + cursor.at);
            }
            match cursor.peek() {
                Some(b'"') => _ = cursor.quoted_string(&mut ignored),
                Some(_) => cursor.at += 1,
                None => return,
            }
            is_behind_dot = is_dot;
        }
    }

    /// What a phrase says, encoded words decoded; what a comment says if there is no word.
    fn name(&self, phrase: Phrase, defects: &mut Vec<Defect>) -> Option<Cow<'a, str>> {
        let raw = slice(self.cursor.bytes, phrase.from, phrase.to);
        let raw =
            slice(raw, 0, raw.iter().rposition(|byte| !BLANK.contains(*byte)).map_or(0, |last| last + 1));
        if raw.is_empty() {
            return phrase.comment.and_then(|range| self.comment_text(range, defects));
        }
        if phrase.plain && phrase.is_single_spaced(raw) && !is_suspect(raw) {
            return Some(lossy(raw));
        }
        let name = phrase_text(raw, phrase.from, &self.limits, defects);
        (!name.is_empty()).then_some(name)
    }

    fn comment_text(&self, (from, to): (usize, usize), defects: &mut Vec<Defect>) -> Option<Cow<'a, str>> {
        let raw = trim(slice(self.cursor.bytes, from, to));
        let first = defects.len();
        let text = crate::word::decode_with(raw, defects);
        crate::lexical::shift(defects, first, from as u64);
        if !text.contains('\\') {
            return Some(text).filter(|text| !text.is_empty());
        }
        let mut plain = String::with_capacity(text.len());
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            plain.extend(if character == '\\' { characters.next() } else { Some(character) });
        }
        (!plain.is_empty()).then_some(Cow::Owned(plain))
    }
}

static ROUTE_END: Set = Set::of(Class::of(b":>"));
static ANGLE_END: Set = Set::of(Class::of(b">,;"));
static LITERAL_END: Set = Set::of(Class::of(b"],>"));

impl Phrase {
    /// The word from `at` on was taken.
    fn took(&mut self, at: usize, cursor: Cursor<'_>) {
        let before = self.to.checked_sub(1).and_then(|last| cursor.bytes.get(last));
        // RFC 5322 section 4.4: obs-local-part, words with dots and perhaps blanks between them.
        let joins =
            self.words > 0 && (cursor.bytes.get(at) == Some(&b'.') || before == Some(&b'.') || self.to == at);
        if self.words == 0 {
            self.from = at;
        }
        if !joins {
            (self.last, self.words) = (at, self.words + 1);
        }
        self.to = cursor.at;
    }

    /// No fold, no comment, no second blank, nothing encoded.
    fn is_single_spaced(&self, raw: &[u8]) -> bool {
        let odd = |pair: &[u8]| pair == b"  ";
        !raw.iter().any(|byte| matches!(byte, b'(' | b'\t' | b'\r' | b'\n' | b'\\'))
            && !raw.windows(2).any(odd)
    }
}

/// Words of an address put together: without quotes, blanks and comments.
fn joined<'a>(raw: &'a [u8], defects: &mut Vec<Defect>, limits: &Limits) -> Cow<'a, str> {
    let odd = |byte: &u8| BLANK.contains(*byte) || matches!(byte, b'"' | b'(' | b'\\');
    if !raw.iter().any(odd) {
        return lossy(raw);
    }
    let (mut cursor, mut out) = (Cursor::new(raw), Vec::with_capacity(raw.len()));
    while !cursor.is_at_end() {
        match cursor.peek() {
            Some(b'"') => out.extend_from_slice(&cursor.quoted_string(defects).value()),
            Some(b'(') => _ = cursor.comment(limits, &mut Vec::new()),
            Some(byte) => {
                cursor.at += 1;
                out.extend(Some(byte).filter(|byte| !BLANK.contains(*byte)));
            }
            None => break,
        }
    }
    text(Cow::Owned(out))
}

/// The words of a phrase with one space between each, encoded words decoded (RFC 2047 section 5 (3)).
fn phrase_text<'a>(raw: &'a [u8], base: usize, limits: &Limits, defects: &mut Vec<Defect>) -> Cow<'a, str> {
    let (mut cursor, mut joiner) = (Cursor::new(raw), Joiner::new(base));
    let (mut ignored, mut coded_before) = (Vec::new(), false);
    let mut end = None;
    while !cursor.is_at_end() {
        cursor.skip_cfws(limits, &mut ignored);
        if end.is_some() && cursor.is_at_end() {
            break;
        }
        let at = cursor.at;
        let apart = end.is_none_or(|end| end < at);
        let rest = slice(raw, at, raw.len());
        if let Some(word) = EncodedWord::parse(rest, Place::Phrase) {
            if !coded_before && end.is_some() && apart {
                joiner.text(b" ", defects);
            }
            cursor.at += word.len;
            let glued = raw.get(cursor.at).is_some_and(|byte| ATOM.contains(*byte) || *byte == b'"');
            if glued || !apart {
                note(defects, DefectKind::WordPlace, base + at);
            }
            joiner.word(&word, at, defects);
            (coded_before, end) = (true, Some(cursor.at));
            continue;
        }
        let bytes = plain_word(&mut cursor);
        if end.is_some() && apart {
            joiner.text(b" ", defects);
        }
        if is_suspect(&bytes) {
            word_in_quotes(&bytes, base + at, &mut joiner, defects);
        } else {
            joiner.text(&bytes, defects);
        }
        (coded_before, end) = (false, Some(cursor.at));
    }
    Cow::Owned(joiner.finish(defects))
}

/// RFC 2047 section 5 (3) forbids encoded words in quoted strings, and everybody has seen them there.
fn word_in_quotes(bytes: &[u8], at: usize, joiner: &mut Joiner<'_>, defects: &mut Vec<Defect>) {
    let text = crate::word::decode(bytes);
    note(defects, DefectKind::WordPlace, at);
    joiner.text(text.as_bytes(), defects);
}

fn plain_word<'a>(cursor: &mut Cursor<'a>) -> Cow<'a, [u8]> {
    match cursor.peek() {
        Some(b'"') => cursor.quoted_string(&mut Vec::new()).value(),
        Some(byte) if !ATOM.contains(byte) => {
            let from = cursor.at;
            cursor.at += 1;
            Cow::Borrowed(cursor.since(from))
        }
        _ => {
            let from = cursor.at;
            cursor.run(&ATOM);
            unfold(cursor.since(from))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Addresses;
    use crate::address::{write_group, write_mailbox};
    use alloc::format;
    use proptest::prelude::*;

    /// `name|local|domain` of each mailbox, groups as `name{...}`, and the offsets of defects.
    fn read(value: &[u8]) -> (Vec<String>, Vec<u64>) {
        let show =
            |one: Mailbox<'_>| format!("{}|{}|{}", one.name.as_deref().unwrap_or("-"), one.local, one.domain);
        let list = Addresses::new(value);
        let mut defects = Vec::new();
        list.check(&mut defects);
        let shown = list.iter().map(|address| match address {
            Address::Mailbox(mailbox) => show(mailbox),
            Address::Group { name, members } => {
                format!("{name}{{{}}}", members.into_iter().map(show).collect::<Vec<_>>().join(", "))
            }
        });
        (shown.collect(), defects.iter().map(|defect| defect.offset).collect())
    }

    #[test]
    fn a_comment_that_says_nothing_is_no_name() {
        for value in ["a@b (", "a@b ( )", "a@b (\\", "a@b ()"] {
            assert_eq!(read(value.as_bytes()).0, ["-|a|b"], "{value}");
        }
    }

    #[test]
    fn every_form_of_the_standard() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("jdoe@machine.example", &["-|jdoe|machine.example"]),
            ("John Doe <jdoe@machine.example>", &["John Doe|jdoe|machine.example"]),
            ("\"Joe Q. Public\" <john.q.public@example.com>", &["Joe Q. Public|john.q.public|example.com"]),
            (
                "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
                &["Mary Smith|mary|x.test", "-|jdoe|example.org", "Who?|one|y.test"],
            ),
            (
                "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
                &["-|boss|nil.test", "Giant; \"Big\" Box|sysservices|example.net"],
            ),
            (
                "A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
                &["A Group{Ed Jones|joe|where.test, -|joe|where.test, John|jdoe|one.test}"],
            ),
            ("Undisclosed recipients:;", &["Undisclosed recipients{}"]),
            ("Undisclosed recipients:;, a@b", &["Undisclosed recipients{}", "-|a|b"]),
            ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", &["Pete|pete|silly.test"]),
            (
                "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
                &["A Group{Chris Jones|c|public.example, -|joe|example.org, John|jdoe|one.test}"],
            ),
            ("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", &["Hidden recipients{}"]),
            ("Joe Q. Public <john.q.public@example.com>", &["Joe Q. Public|john.q.public|example.com"]),
            (
                "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
                &["Mary Smith|mary|example.net", "-|jdoe|test.example"],
            ),
            ("John Doe <jdoe@machine(comment).  example>", &["John Doe|jdoe|machine.example"]),
            ("<@a.test,,@b.test : x@c.test>", &["-|x|c.test"]),
            ("\"john doe\"@x.test", &["-|john doe|x.test"]),
            ("john . \"d o e\" . x@x.test", &["-|john.d o e.x|x.test"]),
            ("x@[127.0.0.1]", &["-|x|[127.0.0.1]"]),
            ("x@[IPv6: ::1 ]", &["-|x|[IPv6:::1]"]),
            ("jdoe@x.test (John Doe)", &["John Doe|jdoe|x.test"]),
            ("jdoe@x.test (=?utf-8?q?J=C3=B6?= \\(x\\))", &["Jö (x)|jdoe|x.test"]),
            ("(first) a@b", &["first|a|b"]),
            ("=?utf-8?q?J=C3=B6?= <a@b>", &["Jö|a|b"]),
            ("=?utf-8?q?J=C3=B6?= =?utf-8?q?rg?= X <a@b>", &["Jörg X|a|b"]),
            ("=?utf-8?q?J=C3?= =?utf-8?q?=B6?= <a@b>", &["Jö|a|b"]),
            ("Jörg <jörg@müller.example>", &["Jörg|jörg|müller.example"]),
            (" , a@b,,(x), ", &["-|a|b"]),
            ("\"a.\" . b @ c . (d) e", &["-|a..b|c.e"]),
            ("\"\" <a@b>", &["-|a|b"]),
        ];
        for (value, meant) in cases {
            let (shown, defects) = read(value.as_bytes());
            assert_eq!(
                (shown.iter().map(|one| &**one).collect::<Vec<_>>(), &*defects),
                (meant.to_vec(), &[][..]),
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_wrong_gets_a_meaning_and_an_offset() {
        let cases: &[(&str, &[&str], &[u64])] = &[
            ("root", &["-|root|"], &[0]),
            ("John Doe", &["John Doe||"], &[0]),
            ("John Doe jdoe@x.test", &["John Doe|jdoe|x.test"], &[0]),
            ("a@b c@d", &["-|a|b", "-|c|d"], &[4]),
            ("A <a@b> B <c@d>", &["A|a|b", "B|c|d"], &[8]),
            ("a@b; c@d", &["-|a|b", "-|c|d"], &[3]),
            ("G: a@b;;", &["G{-|a|b}"], &[7]),
            ("A <a@b", &["A|a|b"], &[6]),
            ("A <a@b, C <c@d>", &["A|a|b", "C|c|d"], &[6]),
            ("A <a@b>>, c@d", &["A|a|b", "-|c|d"], &[7]),
            ("A <a>", &["A|a|"], &[3]),
            ("A <>", &["A||"], &[2]),
            ("@b", &["-||b"], &[0]),
            ("a@", &["-|a|"], &[0]),
            ("G: a@b, c@d", &["G{-|a|b, -|c|d}"], &[2]),
            ("G: H: a@b;, c@d", &["G{-|a|b}", "-|c|d"], &[3]),
            ("\"=?utf-8?q?J=C3=B6?=\" <a@b>", &["Jö|a|b"], &[0]),
            ("=?utf-8?q?M=C3=BC,_J?= <a@b>", &["Mü, J|a|b"], &[]),
            ("x=?utf-8?q?J=C3=B6?= <a@b>", &["xJö|a|b"], &[0]),
            ("\"open <a@b>", &["open <a@b>||"], &[0, 0]),
            ("[x] <a@b>", &["[x]|a|b"], &[0, 2]),
            ("a@b@c", &["-|a|b", "-||c"], &[3, 3]),
            ("a..b@c", &["-|a..b|c"], &[2]),
            (".a@b", &["-|.a|b"], &[0]),
            ("A <a.@b>", &["A|a.|b"], &[5]),
            ("a@b.", &["-|a|b."], &[4]),
            ("A <a@.b>", &["A|a|.b"], &[5]),
            ("a@b. (c) .d", &["-|a|b..d"], &[9]),
            ("a(c)b@d", &["a|b|d"], &[0]),
        ];
        for (value, meant, offsets) in cases {
            let (shown, defects) = read(value.as_bytes());
            assert_eq!(
                (shown.iter().map(|one| &**one).collect::<Vec<_>>(), &*defects),
                (meant.to_vec(), *offsets),
                "{value}"
            );
        }
        assert_eq!(read(b"J\xF6 <a@b>").0, ["J\u{FFFD}|a|b"]);
    }

    #[test]
    fn more_than_the_limit_is_not_read() {
        let limits = Limits { addresses: 2, ..Limits::DEFAULT };
        for value in [&b"a@b, c@d, e@f, g@h"[..], b"G: a@b, c@d, e@f;, g@h"] {
            let list = Addresses::with_limits(value, limits.clone());
            let mut defects = Vec::new();
            list.check(&mut defects);
            assert_eq!(list.mailboxes().count(), 2);
            assert!(defects.iter().any(|defect| defect.kind == DefectKind::Addresses), "{defects:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_written() {
        let refused = |local: &'static str, domain: &'static str| {
            let mailbox = Mailbox { name: None, local: local.into(), domain: domain.into() };
            let mut out = Vec::new();
            let refused = write_mailbox(&mailbox, &mut out, 0).unwrap_err();
            assert!(out.is_empty());
            refused.offset
        };
        assert_eq!(refused("", "b"), 0);
        assert_eq!(refused("a", ""), 2);
        assert_eq!(refused("a", "b c"), 2);
        assert_eq!(refused("a\r\n", "b"), 1);
        assert_eq!(refused("a", "b\n"), 1);
        assert_eq!(refused("a", "[b"), 2);
        assert!(write_mailbox(&Mailbox::new("a@b").named("x\ny"), &mut Vec::new(), 0).is_err());
        assert!(write_group("", &[], &mut Vec::new(), 0).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            boxes in prop::collection::vec((prop::option::of("([ -~]|é|日|[a-z]{1,40}){1,12}"), "[ -~é]{1,30}", "[a-z]{1,20}(\\.[a-z]{1,9}){0,4}|\\[[0-9.]{1,15}\\]"), 1..6),
            group in prop::option::of("[ -~]{1,30}"),
        ) {
            let boxes: Vec<_> = boxes.into_iter().map(|(name, local, domain)| Mailbox {
                name: name.map(Cow::Owned), local: Cow::Owned(local), domain: Cow::Owned(domain),
            }).collect();
            let (mut out, mut column) = (Vec::new(), 6);
            match &group {
                Some(name) => column = write_group(name, &boxes, &mut out, column).unwrap(),
                None => for (index, mailbox) in boxes.iter().enumerate() {
                    if index > 0 { out.extend_from_slice(b", "); column += 2; }
                    column = write_mailbox(mailbox, &mut out, column).unwrap();
                }
            }
            let last = out.rsplit(|byte| *byte == b'\n').next().unwrap().len();
            prop_assert_eq!(column, last + if last == out.len() { 6 } else { 0 });
            prop_assert_eq!(Addresses::new(&out).mailboxes().collect::<Vec<_>>(), boxes, "{}", out.escape_ascii());
            let mut defects = Vec::new();
            Addresses::new(&out).check(&mut defects);
            prop_assert_eq!(defects, vec![], "{}", out.escape_ascii());
            if let (Some(name), Some(Address::Group { name: read, .. })) = (group, Addresses::new(&out).iter().next()) {
                prop_assert_eq!(read, name);
            }
        }
    }
}
