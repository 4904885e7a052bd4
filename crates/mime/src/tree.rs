//! The parts of a message: a flat store of offsets, in the order they begin.
//!
//! The rule: nothing is copied and nothing is read twice. A part knows where it is and how many parts are within it; its children are
//! found by stepping over those.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::headers::Headers;
use crate::lexical::slice;
use crate::section::Entry;
use crate::structure::{PartKind, Step, Structure};
use crate::{Defect, Disposition, Limits, MediaType, Parameters, TransferEncoding, content};

/// Where a part is.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// Where it begins: its header, an mbox line in front of it apart.
    start: usize,
    header_end: usize,
    body: usize,
    end: usize,
    /// Its fields among all.
    entries: (usize, usize),
    /// The number of the next part that is not within it.
    next: usize,
    /// Where its first defect is among all.
    defect: Option<usize>,
    kind: PartKind,
    encoding: TransferEncoding,
    in_digest: bool,
}

/// All parts of a message.
#[derive(Clone, Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) raw: &'a [u8],
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    /// In the order they were met, each with the place of the next one of the same part.
    defects: Vec<(Defect, Option<usize>)>,
    pub(crate) limits: Limits,
}

impl<'a> Tree<'a> {
    pub(crate) fn parse(raw: &'a [u8], limits: &Limits) -> Self {
        let (mut machine, mut nodes) = (Structure::new(limits.clone()), Vec::with_capacity(4));
        let mut at = 0;
        loop {
            let part = machine.part();
            match machine.step(slice(raw, at, raw.len()), true) {
                Some(Step::PartStart) => {
                    nodes.push(Node { start: at, header_end: at, body: at, ..Node::default() })
                }
                Some(Step::Section { section, first, kind, encoding, in_digest }) => {
                    let header_end = at + section.len;
                    let body = header_end + section.blank;
                    let entries = (first, machine.entries.len());
                    if let Some(node) = nodes.get_mut(part) {
                        *node =
                            Node { start: at, header_end, body, entries, kind, encoding, in_digest, ..*node };
                    }
                    at = body;
                }
                Some(Step::Body(len) | Step::Outside(len)) => at += len,
                Some(Step::PartEnd) => {
                    let next = nodes.len();
                    if let Some(node) = nodes.get_mut(part) {
                        (node.end, node.next) = (at, next);
                    }
                }
                Some(Step::End) | None => break,
            }
        }
        let Structure { entries, defects, .. } = machine;
        let defects = chain(defects, &mut nodes);
        Tree { raw, nodes, entries, defects, limits: limits.clone() }
    }

    /// The defects that were met on the way, those of all parts.
    pub(crate) fn defects(&self) -> impl Iterator<Item = Defect> + '_ {
        self.defects.iter().map(|(defect, _)| *defect)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }
}

/// Chains the defects of each part, so that a part finds its own and looks at no others.
fn chain(defects: Vec<(usize, Defect)>, nodes: &mut [Node]) -> Vec<(Defect, Option<usize>)> {
    let mut chained: Vec<_> = defects.iter().map(|(_, defect)| (*defect, None)).collect();
    for (at, ((part, _), place)) in defects.iter().zip(&mut chained).enumerate().rev() {
        if let Some(node) = nodes.get_mut(*part) {
            place.1 = node.defect.replace(at);
        }
    }
    chained
}

/// A part of a message, the whole of it among them.
#[derive(Clone, Copy)]
pub struct Part<'m> {
    tree: &'m Tree<'m>,
    index: usize,
}

impl<'m> Part<'m> {
    pub(crate) const fn new(tree: &'m Tree<'m>, index: usize) -> Self {
        Part { tree, index }
    }

    fn node(&self) -> Node {
        self.tree.nodes.get(self.index).copied().unwrap_or_default()
    }

    /// Its number in the message, in the order parts begin; the whole message is 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// What it is made of.
    #[must_use]
    pub fn kind(&self) -> PartKind {
        self.node().kind
    }

    /// It has parts.
    #[must_use]
    pub fn has_children(&self) -> bool {
        self.node().next > self.index + 1
    }

    /// The parts directly within it, in order: those of a multipart, or the one message.
    pub fn children(&self) -> impl Iterator<Item = Part<'m>> + use<'m> {
        let (tree, end) = (self.tree, self.node().next);
        let first = (self.index + 1 < end).then_some(Part { tree, index: self.index + 1 });
        core::iter::successors(first, move |part| part.sibling(end))
    }

    /// The next part that is not within it, if its number is below `end`.
    pub(crate) fn sibling(&self, end: usize) -> Option<Part<'m>> {
        let index = self.node().next;
        // Every part takes at least its own place.
        (index < end && index > self.index).then_some(Part { tree: self.tree, index })
    }

    /// It and all parts within it, in the order they begin.
    pub fn descendants(&self) -> impl Iterator<Item = Part<'m>> + use<'m> {
        let tree = self.tree;
        (self.index..self.node().next.max(self.index + 1)).map(move |index| Part { tree, index })
    }

    /// Its fields.
    #[must_use]
    pub fn headers(&self) -> Headers<'m> {
        let (node, tree) = (self.node(), self.tree);
        let entries = tree.entries.get(node.entries.0..node.entries.1).unwrap_or_default();
        let bytes = slice(tree.raw, node.start, node.header_end);
        Headers::new(bytes, node.start as u64, entries, &tree.limits)
    }

    /// Where its header section is in the message, without the blank line.
    #[must_use]
    pub fn header_range(&self) -> Range<usize> {
        let node = self.node();
        node.start..node.header_end
    }

    /// Where its body is in the message, without the line end that belongs to the delimiter.
    #[must_use]
    pub fn body_range(&self) -> Range<usize> {
        let node = self.node();
        node.body..node.end
    }

    /// Where all of it is in the message.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let node = self.node();
        node.start..node.end
    }

    /// All of it as it stands, header and body: what a signature covers (RFC 1847 section 2.1).
    #[must_use]
    pub fn raw(&self) -> &'m [u8] {
        self.tree.raw.get(self.range()).unwrap_or_default()
    }

    /// Its body as it stands.
    #[must_use]
    pub fn body(&self) -> &'m [u8] {
        self.tree.raw.get(self.body_range()).unwrap_or_default()
    }

    /// Its media type; where none is stated, or none that can be read, that of RFC 2045 section 5.2.
    #[must_use]
    pub fn content_type(&self) -> MediaType<'m> {
        let stated = self.headers().first("content-type");
        let stated = stated
            .and_then(|field| MediaType::parse_with(field.raw_value(), &self.tree.limits, &mut Vec::new()));
        stated.unwrap_or(if self.node().in_digest { MediaType::MESSAGE } else { MediaType::TEXT_PLAIN })
    }

    /// How it is coded.
    #[must_use]
    pub fn encoding(&self) -> TransferEncoding {
        self.node().encoding
    }

    /// Its disposition, if it states one.
    #[must_use]
    pub fn disposition(&self) -> Option<Disposition<'m>> {
        let field = self.headers().first("content-disposition")?;
        Disposition::parse_with(field.raw_value(), &self.tree.limits, &mut Vec::new())
    }

    /// The name it proposes for a file: that of its disposition or, as old mail has it, of its type.
    #[must_use]
    pub fn filename(&self) -> Option<Cow<'m, str>> {
        let owned = |name: &str| Cow::Owned(name.into());
        let name = self.disposition_parameters().and_then(|all| all.value("filename").map(owned));
        name.or_else(|| self.type_parameters()?.value("name").map(owned))
    }

    /// What is said beside its disposition, also beside one that can't be read: what names a file is not lost with it.
    fn disposition_parameters(&self) -> Option<Parameters<'m>> {
        match self.disposition() {
            Some(disposition) => Some(disposition.parameters),
            None => self.parameters_behind("content-disposition"),
        }
    }

    /// The same of its media type.
    fn type_parameters(&self) -> Option<Parameters<'m>> {
        let value = self.headers().first("content-type")?.raw_value();
        match MediaType::parse_with(value, &self.tree.limits, &mut Vec::new()) {
            Some(media_type) => Some(media_type.parameters),
            None => self.parameters_behind("content-type"),
        }
    }

    /// What stands behind the first semicolon of a field.
    fn parameters_behind(&self, name: &str) -> Option<Parameters<'m>> {
        let value = self.headers().first(name)?.raw_value();
        let at = proto_core::scan::find_byte(b';', value)?;
        let behind = slice(value, at, value.len());
        Some(Parameters::parse_with(behind, &self.tree.limits, &mut Vec::new()))
    }

    /// Its identifier, without brackets (RFC 2045 section 7): what a `cid:` URL names (RFC 2392).
    #[must_use]
    pub fn content_id(&self) -> Option<Cow<'m, str>> {
        self.headers().first("content-id")?.message_ids().first()
    }

    /// Its body with the transfer coding undone. Of a coding nobody knows, and of what has parts, as it stands.
    #[must_use]
    pub fn decoded(&self) -> Cow<'m, [u8]> {
        content::decode(self.body(), self.coding(), &mut Vec::new())
    }

    /// The coding of its body: what has parts has none, whatever it says.
    fn coding(&self) -> TransferEncoding {
        if self.has_children() { TransferEncoding::Binary } else { self.encoding() }
    }

    /// Its decoded body as text in the charset it states; U+FFFD for what is not of that charset.
    #[must_use]
    pub fn text(&self) -> Cow<'m, str> {
        content::text(self.decoded(), self.content_type().charset(), &mut Vec::new())
    }

    /// The message within a coded message (RFC 6532 section 3.7), `decoded` being what [`decoded`](Part::decoded) gave. `None`
    /// if it is no coded message, or if messages are coded within each other deeper than the limit.
    #[must_use]
    pub fn coded_message<'b>(&self, decoded: &'b [u8]) -> Option<crate::Message<'b>> {
        let kind = self.content_type();
        let is_message = kind.is("message/rfc822") || kind.is("message/global");
        let nested_encoding = self.tree.limits.nested_encoding.checked_sub(1)?;
        let is_coded = is_message && self.kind() == PartKind::Leaf && !self.encoding().is_identity();
        is_coded.then(|| {
            crate::Message::parse_with(decoded, &Limits { nested_encoding, ..self.tree.limits.clone() })
        })
    }

    /// What is wrong with its structure: its header section as such, its type and coding, its delimiters.
    pub fn defects(&self) -> impl Iterator<Item = Defect> + use<'m> {
        let all = &self.tree.defects;
        let first = self.node().defect.and_then(|at| all.get(at));
        core::iter::successors(first, move |(_, next)| all.get((*next)?)).map(|(defect, _)| *defect)
    }

    /// All that is wrong with it, its parts apart, in the order of offsets: [`defects`](Part::defects), every field that is known
    /// here, and its body. This reads all of it.
    #[must_use]
    pub fn inspect(&self) -> Vec<Defect> {
        let mut defects: Vec<Defect> = self.defects().collect();
        self.headers().check(&mut defects);
        if !self.has_children() {
            let first = defects.len();
            let charset = self.content_type();
            let charset = charset.is_top("text").then(|| charset.charset().unwrap_or_default());
            content::check(self.body(), self.coding(), charset, &mut defects);
            crate::lexical::shift(&mut defects, first, self.node().body as u64);
        }
        defects.sort_unstable();
        defects.dedup();
        defects
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part {} ({:?} at {:?})", self.index, self.kind(), self.range())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_keeps_its_name_beside_a_type_or_a_disposition_that_is_none() {
        for (fields, name) in [
            ("Content-Type: ; name=\"a.zip\"", Some("a.zip")),
            ("Content-Type: zip; name=a.zip", Some("a.zip")),
            ("Content-Type: application/zip; name=a.zip", Some("a.zip")),
            ("Content-Type: ; name=a.zip\r\nContent-Disposition: attachment; filename=b.zip", Some("b.zip")),
            ("Content-Type: zip", None),
            ("Content-Disposition: ; filename=a.zip", Some("a.zip")),
            ("Content-Disposition: \"attachment\"; filename=a.zip", Some("a.zip")),
            ("Content-Disposition: ; size=1\r\nContent-Type: a/b; name=a.zip", Some("a.zip")),
        ] {
            let raw = alloc::format!("{fields}\r\n\r\n");
            let message = crate::Message::parse(raw.as_bytes());
            assert_eq!(message.root().filename().as_deref(), name, "{fields}");
        }
    }
}
