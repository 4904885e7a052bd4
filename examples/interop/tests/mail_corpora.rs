//! Mail by others, read by us and by mail-parser: equal content, or a difference that `crates/mime/tests/DIFFERENCES.md`
//! explains.
//!
//! Which mail that is, `examples::corpora` says; none of it is in this repository, and without any nothing is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use examples::corpora::{check, letters};
use mail_parser::{Addr, Address, MessageParser, MimeHeaders, PartType};
use mime::{Message, Part};

/// What a reader says of a message, by aspect.
type Reading = BTreeMap<&'static str, String>;

fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Debug, Default)]
struct Parts {
    types: String,
    contents: Vec<Vec<u8>>,
    names: Vec<Option<String>>,
}

fn ours(raw: &[u8]) -> Reading {
    let message = Message::parse(raw);
    let list = |list: mime::Addresses<'_>| {
        list.mailboxes()
            .map(|one| format!("{} <{}>", tidy(&one.name.clone().unwrap_or_default()), one.address()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut parts = Parts::default();
    our_part(message.root(), &mut parts);
    reading(
        [
            ("subject", tidy(&message.subject().unwrap_or_default())),
            ("from", list(message.from())),
            ("to", list(message.to())),
            ("date", message.date().map(|date| date.unix().to_string()).unwrap_or_default()),
        ],
        parts,
    )
}

fn reading(fields: [(&'static str, String); 4], parts: Parts) -> Reading {
    let mut reading = Reading::from(fields);
    reading.insert("types", parts.types);
    reading.insert("names", format!("{:?}", parts.names));
    let contents = parts.contents.iter().map(|bytes| bytes.escape_ascii().to_string());
    reading.insert("content", contents.collect::<Vec<_>>().join("\n---\n"));
    reading
}

fn our_part(part: Part<'_>, parts: &mut Parts) {
    let kind = part.content_type();
    parts.types += &format!("{}/{} ", kind.top(), kind.subtype()).to_ascii_lowercase();
    if part.has_children() {
        parts.types += "( ";
        part.children().for_each(|child| our_part(child, parts));
        parts.types += ") ";
        return;
    }
    parts.names.push(part.filename().map(|name| tidy(&name)));
    let content = part.decoded();
    parts.contents.push(match kind.is_top("text") {
        true => part.text().as_bytes().to_vec(),
        false => content.into_owned(),
    });
}

fn theirs(raw: &[u8]) -> Reading {
    let Some(message) = MessageParser::default().parse(raw) else { return Reading::new() };
    let one = |one: &Addr<'_>| {
        format!("{} <{}>", tidy(one.name().unwrap_or_default()), one.address().unwrap_or_default())
    };
    let list = |list: Option<&Address<'_>>| {
        list.map(|list| list.iter().map(one).collect::<Vec<_>>().join(", ")).unwrap_or_default()
    };
    let mut parts = Parts::default();
    their_part(&message, 0, &mut parts);
    reading(
        [
            ("subject", tidy(message.subject().unwrap_or_default())),
            ("from", list(message.from())),
            ("to", list(message.to())),
            ("date", message.date().map(|date| date.to_timestamp().to_string()).unwrap_or_default()),
        ],
        parts,
    )
}

fn their_part(message: &mail_parser::Message<'_>, index: u32, parts: &mut Parts) {
    let part = message.part(index).unwrap();
    let kind = part
        .content_type()
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase());
    parts.types += &kind.unwrap_or_else(|| match part.body {
        PartType::Message(_) => "message/rfc822".into(),
        _ => "text/plain".into(),
    });
    parts.types += " ";
    match &part.body {
        PartType::Multipart(children) => {
            parts.types += "( ";
            children.iter().for_each(|child| their_part(message, *child, parts));
            parts.types += ") ";
            return;
        }
        PartType::Message(inner) => {
            parts.types += "( ";
            their_part(inner, 0, parts);
            parts.types += ") ";
            return;
        }
        PartType::Text(text) | PartType::Html(text) => parts.contents.push(text.as_bytes().to_vec()),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => parts.contents.push(bytes.to_vec()),
    }
    parts.names.push(part.attachment_name().map(tidy));
}

#[test]
fn mail_parser_reads_the_corpora_as_we_do() {
    let letters = letters().unwrap();
    let mut found = BTreeSet::new();
    for letter in &letters {
        let raw = fs::read(&letter.path).unwrap();
        let (ours, theirs) = (ours(&raw), theirs(&raw));
        let same_tree = ours.get("types") == theirs.get("types");
        for (aspect, mine) in &ours {
            // What is in the parts can only be compared part by part.
            let compared = same_tree || !matches!(*aspect, "content" | "names");
            if compared && theirs.get(aspect) != Some(mine) {
                let yours = theirs.get(aspect).map_or("nothing at all", String::as_str);
                println!(
                    "{}\t{aspect}\n  ours   {}\n  theirs {}",
                    letter.name,
                    cut(mine, yours),
                    cut(yours, mine)
                );
                found.insert((letter.name.clone(), (*aspect).to_owned()));
            }
        }
    }
    println!("{} messages, {} differences", letters.len(), found.len());
    check("mail-parser", &letters, &found).unwrap();
}

/// From a little before the first difference to `other`.
fn cut(text: &str, other: &str) -> String {
    let same = text.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    text.chars().skip(same.saturating_sub(20)).take(120).collect()
}
