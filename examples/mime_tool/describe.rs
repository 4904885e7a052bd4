//! What a message is made of, for people and as JSON.

use mime::{Address, Addresses, Mailbox, Message, Part, PartKind};
use sha2::{Digest as _, Sha256};

use crate::json::Json;

/// One line of JSON with a line end.
pub(crate) fn json(name: &str, message: &Message<'_>) -> String {
    let mut out = Json::new();
    out.object(|out| {
        out.text("file", name);
        out.number("size", message.raw().len() as u64);
        out.optional("subject", message.subject().as_deref().map(str::trim));
        for (name, list) in [("from", message.from()), ("to", message.to()), ("cc", message.cc())] {
            addresses(out, name, &list);
        }
        let date = message.date();
        out.optional("date", date.map(|date| date.to_string()).as_deref());
        match date {
            Some(date) => out.number("date_unix", date.unix()),
            None => out.optional("date_unix", None),
        }
        out.optional("message_id", message.message_id().as_deref());
        part(out.member("body"), message.root());
        out.array("defects", message.inspect(), |out, defect| {
            out.object(|out| {
                out.text("kind", &format!("{:?}", defect.kind));
                out.number("offset", defect.offset);
            });
        });
    });
    out.line()
}

fn addresses(out: &mut Json, name: &str, list: &Addresses<'_>) {
    out.array(name, list.iter(), |out, address| match address {
        Address::Mailbox(mailbox) => one(out, &mailbox, None),
        Address::Group { name, members } => members.iter().for_each(|member| one(out, member, Some(&name))),
    });
}

fn one(out: &mut Json, mailbox: &Mailbox<'_>, group: Option<&str>) {
    out.object(|out| {
        out.optional("name", mailbox.name.as_deref());
        out.text("address", &mailbox.address());
        out.optional("group", group);
    });
}

/// Parts are nested no deeper than the limit of the reader.
fn part(out: &mut Json, part_: Part<'_>) {
    let media_type = part_.content_type();
    out.object(|out| {
        out.text("type", &format!("{}/{}", media_type.top(), media_type.subtype()).to_ascii_lowercase());
        out.member("parameters").object(|out| {
            for parameter in &media_type.parameters {
                out.text(&parameter.name.to_ascii_lowercase(), &parameter.value);
            }
        });
        out.optional("disposition", part_.disposition().map(|it| it.kind().to_ascii_lowercase()).as_deref());
        out.optional("filename", part_.filename().as_deref());
        out.optional("content_id", part_.content_id().as_deref());
        out.text("encoding", &encoding(part_));
        out.number("offset", part_.range().start as u64);
        out.number("body_offset", part_.body_range().start as u64);
        out.number("body_length", part_.body_range().len() as u64);
        if part_.has_children() {
            out.array("parts", part_.children(), part);
        } else {
            let decoded = part_.decoded();
            out.number("decoded_length", decoded.len() as u64);
            out.text("sha256", &hex(&Sha256::digest(&decoded)));
        }
    });
}

/// As stated, in lower case.
fn encoding(part: Part<'_>) -> String {
    let known = part.encoding().as_str();
    if !known.is_empty() {
        return known.to_owned();
    }
    let stated = part.headers().first("content-transfer-encoding").map(|field| field.text().into_owned());
    stated.unwrap_or_default().trim().to_ascii_lowercase()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A tree, a part a line.
pub(crate) fn tree(name: &str, message: &Message<'_>) -> String {
    let mut out = format!("{name}: {} bytes\n", message.raw().len());
    for field in ["From", "To", "Cc", "Date", "Subject"] {
        if let Some(found) = message.headers().first(field) {
            out.push_str(&format!("  {field}: {}\n", shown(&found.text())));
        }
    }
    // Each part with its depth; those still to come, the next one last.
    let mut waiting = vec![(message.root(), 1)];
    while let Some((part, depth)) = waiting.pop() {
        out.push_str(&"  ".repeat(depth));
        out.push_str(&line(part));
        let first = waiting.len();
        waiting.extend(part.children().map(|child| (child, depth + 1)));
        waiting.get_mut(first..).unwrap_or_default().reverse();
    }
    for defect in message.inspect() {
        out.push_str(&format!("  ! {defect}\n"));
    }
    out
}

fn line(part: Part<'_>) -> String {
    let (media_type, range) = (part.content_type(), part.body_range());
    let kind = format!("{}/{}", media_type.top(), media_type.subtype()).to_ascii_lowercase();
    let mut line = format!("{} {} {} bytes at {}", shown(&kind), encoding(part), range.len(), range.start);
    if let Some(charset) = media_type.charset() {
        line.push_str(&format!(" {}", shown(charset)));
    }
    if let Some(name) = part.filename() {
        line.push_str(&format!(" \"{}\"", shown(&name)));
    }
    if part.kind() == PartKind::Leaf && !part.encoding().is_identity() {
        line.push_str(&format!(" ({} decoded)", part.decoded().len()));
    }
    line.push('\n');
    line
}

/// Nothing in a message moves the cursor of the terminal it is shown on.
fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
