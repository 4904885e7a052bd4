//! What a message is, told in lines: once by the tree, once by the reader under any cut. Both have to tell the same.

use bytes::BytesMut;
use mime::{Defect, Event, Limits, Message, Part, PartKind, Reader};

/// Lines, neighbouring bytes of one kind joined.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) lines: Vec<(&'static str, Vec<u8>)>,
}

impl Account {
    fn line(&mut self, kind: &'static str, text: impl Into<Vec<u8>>) {
        self.lines.push((kind, text.into()));
    }

    fn bytes(&mut self, kind: &'static str, bytes: &[u8]) {
        match self.lines.last_mut() {
            _ if bytes.is_empty() => {}
            Some((last, text)) if *last == kind => text.extend_from_slice(bytes),
            _ => self.line(kind, bytes),
        }
    }

    fn end(&mut self, defects: &[Defect]) {
        let told: Vec<_> =
            defects.iter().map(|defect| format!("{:?}@{}", defect.kind, defect.offset)).collect();
        self.line("end", told.join(" "));
    }

    /// Where it differs from another.
    pub(crate) fn differs_from(&self, other: &Account) -> String {
        let show = |line: Option<&(&str, Vec<u8>)>| {
            line.map(|(kind, text)| format!("{kind} {}", text.escape_ascii()))
        };
        let at = (0..).find(|at| self.lines.get(*at) != other.lines.get(*at)).unwrap_or(0);
        format!("line {at}:\n{:?}\n{:?}", show(self.lines.get(at)), show(other.lines.get(at)))
    }
}

/// By the tree.
pub(crate) fn of_tree(raw: &[u8], limits: &Limits, decodes: bool) -> Account {
    let message = Message::parse_with(raw, limits);
    let mut account = Account::default();
    let mut at = 0;
    part(&message, message.root(), 0, &mut at, decodes, &mut account);
    account.bytes("outside", &raw[at..]);
    account.line("over", "");
    account
}

fn part(
    message: &Message<'_>,
    part: Part<'_>,
    depth: usize,
    at: &mut usize,
    decodes: bool,
    account: &mut Account,
) {
    let raw = message.raw();
    account.line("part", depth.to_string());
    account.bytes("outside", &raw[*at..part.range().start]);
    for field in part.headers().iter() {
        account
            .line("field", format!("{}@{}: {}", field.name(), field.offset(), field.value().escape_ascii()));
    }
    account.line("header", format!("{:?} {:?}", part.kind(), part.encoding()));
    let (header, body) = (part.header_range(), part.body_range());
    account.bytes("outside", &raw[header.end..body.start]);
    *at = body.start;
    for child in part.children() {
        if part.kind() == PartKind::Multipart {
            account.bytes("outside", &raw[*at..child.range().start]);
            *at = child.range().start;
        }
        self::part(message, child, depth + 1, at, decodes, account);
    }
    let mut defects: Vec<_> = part.defects().collect();
    match part.kind() {
        PartKind::Leaf if decodes => {
            account.bytes("body", &part.decoded());
            defects = with_coding(part);
        }
        PartKind::Leaf => account.bytes("body", part.body()),
        _ => account.bytes("outside", &raw[*at..body.end]),
    }
    *at = body.end;
    defects.sort();
    account.end(&defects);
}

/// The defects of the structure and those of the coding.
fn with_coding(part: Part<'_>) -> Vec<Defect> {
    let mut defects: Vec<_> = part.defects().collect();
    let mut coding = Vec::new();
    match part.encoding() {
        mime::TransferEncoding::Base64 => _ = mime::base64::decode(part.body(), &mut coding),
        mime::TransferEncoding::QuotedPrintable => {
            _ = mime::quoted_printable::decode(part.body(), &mut coding)
        }
        _ => {}
    }
    defects.extend(coding.iter().map(|defect| defect.moved(part.body_range().start as u64)));
    defects
}

/// By the reader, fed with the pieces that `cut` makes: it is told how much is left and says how much comes next.
pub(crate) fn of_reader(
    raw: &[u8],
    limits: &Limits,
    decodes: bool,
    cut: &mut dyn FnMut(usize) -> usize,
) -> Account {
    let mut reader = Reader::with_limits(limits.clone()).with_decoding(decodes);
    let (mut account, mut input, mut rest) = (Account::default(), BytesMut::new(), raw);
    loop {
        while let Some(event) = reader.receive(&mut input).expect("not strict") {
            tell(&event, &mut account);
        }
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
        input.extend_from_slice(piece);
        rest = behind;
    }
    while let Some(event) = reader.receive_eof(&mut input).expect("not strict") {
        tell(&event, &mut account);
    }
    assert!(input.is_empty(), "all that comes in comes out");
    account
}

fn tell(event: &Event, account: &mut Account) {
    match event {
        Event::PartStart { depth } => account.line("part", depth.to_string()),
        Event::Header(field) => {
            let field = field.as_field();
            account.line(
                "field",
                format!("{}@{}: {}", field.name(), field.offset(), field.value().escape_ascii()),
            );
        }
        Event::HeadersEnd { kind, encoding } => account.line("header", format!("{kind:?} {encoding:?}")),
        Event::Body(bytes) => account.bytes("body", bytes),
        Event::Outside(bytes) => account.bytes("outside", bytes),
        Event::PartEnd { defects } => account.end(defects),
        Event::End => account.line("over", ""),
    }
}
