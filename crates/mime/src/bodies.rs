//! What to show of a message: its text, its HTML, its attachments (RFC 8621 section 4.1.4).
//!
//! The rule: the algorithm of that section, as it stands there, with a stack of its own in place of recursion.

use alloc::vec::Vec;

use crate::{Part, PartKind};

/// The parts of a message, sorted by what a reader does with them.
#[derive(Clone, Debug, Default)]
pub struct Bodies<'m> {
    /// To be shown one after the other where plain text is wanted.
    pub text: Vec<Part<'m>>,
    /// To be shown one after the other where HTML is wanted.
    pub html: Vec<Part<'m>>,
    /// All others: to be listed.
    pub attachments: Vec<Part<'m>>,
}

/// What matters of a multipart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subtype {
    Mixed,
    Alternative,
    Related,
}

/// A multipart on the way.
struct Frame<'m> {
    /// The next part of it.
    next: Option<Part<'m>>,
    /// The number of the first part that is not in it.
    end: usize,
    subtype: Subtype,
    in_alternative: bool,
    is_first: bool,
    /// What is found is text, or HTML, as well.
    wants_text: bool,
    wants_html: bool,
    /// How many there were when it began.
    text_len: usize,
    html_len: usize,
}

impl<'m> Bodies<'m> {
    /// Those of a message, or of a part as if it were one.
    #[must_use]
    pub fn of(root: Part<'m>) -> Self {
        let mut bodies = Bodies::default();
        let mut stack = Vec::new();
        // RFC 8621: parseStructure([root], "mixed", false, ...).
        stack.push(Frame {
            next: Some(root),
            end: root.index() + 1,
            subtype: Subtype::Mixed,
            in_alternative: false,
            is_first: true,
            wants_text: true,
            wants_html: true,
            text_len: 0,
            html_len: 0,
        });
        while let Some(frame) = stack.last_mut() {
            let Some(part) = frame.next else {
                bodies.complete(frame);
                stack.pop();
                continue;
            };
            frame.next = part.sibling(frame.end);
            let deeper = bodies.place(part, frame);
            frame.is_first = false;
            stack.extend(deeper);
        }
        bodies
    }

    /// Puts a part where it belongs; a multipart is gone into.
    fn place(&mut self, part: Part<'m>, frame: &mut Frame<'m>) -> Option<Frame<'m>> {
        let kind = part.content_type();
        if part.kind() == PartKind::Multipart && part.has_children() {
            return Some(self.multipart(part, kind.subtype(), frame));
        }
        let (is_plain, is_html) = (kind.is("text/plain"), kind.is("text/html"));
        let is_media = ["image", "audio", "video"].into_iter().any(|top| kind.is_top(top));
        let may_be_inline = (is_plain || is_html || is_media)
            && !part
                .disposition()
                .is_some_and(|disposition| disposition.kind().eq_ignore_ascii_case("attachment"));
        // Of a related only the first is shown; a text with a name is a file unless it is the first.
        let is_inline = may_be_inline
            && (frame.is_first
                || (frame.subtype != Subtype::Related && (is_media || part.filename().is_none())));
        if !is_inline {
            self.attachments.push(part);
        } else if frame.subtype == Subtype::Alternative {
            match (is_plain, is_html) {
                (true, _) if frame.wants_text => self.text.push(part),
                (_, true) if frame.wants_html => self.html.push(part),
                (false, false) => self.attachments.push(part),
                _ => {}
            }
        } else {
            self.shown(part, frame, (is_plain, is_html, is_media));
        }
        None
    }

    fn shown(
        &mut self,
        part: Part<'m>,
        frame: &mut Frame<'m>,
        (is_plain, is_html, is_media): (bool, bool, bool),
    ) {
        if frame.in_alternative {
            frame.wants_html &= !is_plain;
            frame.wants_text &= !is_html;
        }
        if frame.wants_text {
            self.text.push(part);
        }
        if frame.wants_html {
            self.html.push(part);
        }
        if is_media && !(frame.wants_text && frame.wants_html) {
            self.attachments.push(part);
        }
    }

    fn multipart(&self, part: Part<'m>, subtype: &str, outer: &Frame<'m>) -> Frame<'m> {
        let subtype = match subtype {
            name if name.eq_ignore_ascii_case("alternative") => Subtype::Alternative,
            name if name.eq_ignore_ascii_case("related") => Subtype::Related,
            _ => Subtype::Mixed,
        };
        let mut children = part.children();
        Frame {
            next: children.next(),
            end: part.index() + part.descendants().count(),
            subtype,
            in_alternative: outer.in_alternative || subtype == Subtype::Alternative,
            is_first: true,
            wants_text: outer.wants_text,
            wants_html: outer.wants_html,
            text_len: self.text.len(),
            html_len: self.html.len(),
        }
    }

    /// An alternative that has only one of text and HTML stands in for the other.
    fn complete(&mut self, frame: &Frame<'m>) {
        if frame.subtype != Subtype::Alternative || !frame.wants_text || !frame.wants_html {
            return;
        }
        let (more_text, more_html) = (self.text.len() > frame.text_len, self.html.len() > frame.html_len);
        if more_html && !more_text {
            self.text.extend(self.html.iter().skip(frame.html_len));
        }
        if more_text && !more_html {
            self.html.extend(self.text.iter().skip(frame.text_len));
        }
    }
}
