//! Messages to be written: fields, a tree of parts, and what both become on the wire.
//!
//! The rule: what is built is read back as the same. A value that would break out of its line is refused where it is given, with
//! the offset; codings are picked by one look at the content; a boundary is proven to be in none of it. There is no clock and
//! no randomness: the date, the message identifier and the random bytes are the caller's.

mod coding;
mod fields;
mod part;
mod wire;

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::{DateTime, Mailbox, MediaType, Misuse, check_message_id, check_value};
use coding::canonical;
use fields::Fields;
pub use part::{Attachment, Part};
pub use wire::{Built, Piece};

impl<'a> From<&'a str> for Mailbox<'a> {
    /// `local@domain`; a local part in quotes is meant without them.
    fn from(address: &'a str) -> Self {
        let mailbox = Mailbox::new(address);
        let quoted = mailbox.local.strip_prefix('"').and_then(|local| local.strip_suffix('"'));
        let Some(quoted) = quoted else { return mailbox };
        let mut local = String::with_capacity(quoted.len());
        let mut characters = quoted.chars();
        while let Some(character) = characters.next() {
            // RFC 5322 section 3.2.4: a backslash quotes what follows.
            local.extend(if character == '\\' { characters.next() } else { Some(character) });
        }
        Mailbox { local: local.into(), ..mailbox }
    }
}

impl<'a> From<(&'a str, &'a str)> for Mailbox<'a> {
    /// A name, and `local@domain`.
    fn from((name, address): (&'a str, &'a str)) -> Self {
        Mailbox::from(address).named(name)
    }
}

/// A message in the making.
///
/// ```
/// use mime::{Builder, builder::Attachment, MediaType};
///
/// let built = Builder::new()
///     .from(("Zoë", "zoe@example.org"))?
///     .to("bob@example.org")?
///     .subject("Grüße")?
///     .text("Hello!\n")
///     .attach(Attachment::new("a.bin", MediaType::OCTETS, &b"\0\x01"[..])?)
///     .build(b"random bytes");
/// let text = String::from_utf8(built.to_vec()).unwrap();
/// assert!(text.starts_with("From: =?utf-8?"));
/// assert!(text.contains("Content-Type: multipart/mixed; boundary=\"=_1_"));
/// assert!(Builder::new().subject("Hello\r\nBcc: eve@example.org").is_err());
/// # Ok::<(), mime::Misuse>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    fields: Fields,
    eight_bit: bool,
    text: Option<Part>,
    html: Option<Part>,
    related: Vec<Part>,
    attached: Vec<Part>,
    body: Option<Part>,
}

impl Builder {
    /// Nothing yet. Text beyond US-ASCII in fields goes into encoded words.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Text beyond US-ASCII is written as it is, in fields and in addresses: for a way that takes such messages (RFC 6532).
    #[must_use]
    pub fn utf8() -> Self {
        Builder { fields: Fields::utf8(), eight_bit: true, ..Self::default() }
    }

    /// Text beyond US-ASCII in bodies needs no coding: for a way that takes 8 bits (RFC 6152).
    #[must_use]
    pub fn eight_bit(mut self) -> Self {
        self.eight_bit = true;
        self
    }

    /// When it was written.
    #[must_use]
    pub fn date(mut self, date: DateTime) -> Self {
        self.fields.put("Date", date.to_rfc5322().as_bytes());
        self
    }

    /// An author. With more than one there has to be a [`sender`](Builder::sender) (RFC 5322 section 3.6.2).
    ///
    /// # Errors
    /// CR, LF or NUL in the name, or no address.
    pub fn from<'a>(self, mailbox: impl Into<Mailbox<'a>>) -> Result<Self, Misuse> {
        self.mailbox("From", &mailbox.into())
    }

    /// Who sends it, if that is not the author.
    ///
    /// # Errors
    /// As [`from`](Builder::from).
    pub fn sender<'a>(self, mailbox: impl Into<Mailbox<'a>>) -> Result<Self, Misuse> {
        self.mailbox("Sender", &mailbox.into())
    }

    /// Where an answer should go to.
    ///
    /// # Errors
    /// As [`from`](Builder::from).
    pub fn reply_to<'a>(self, mailbox: impl Into<Mailbox<'a>>) -> Result<Self, Misuse> {
        self.mailbox("Reply-To", &mailbox.into())
    }

    /// A recipient.
    ///
    /// # Errors
    /// As [`from`](Builder::from).
    pub fn to<'a>(self, mailbox: impl Into<Mailbox<'a>>) -> Result<Self, Misuse> {
        self.mailbox("To", &mailbox.into())
    }

    /// Recipients under one name (RFC 5322 section 3.4); there may be none of them.
    ///
    /// # Errors
    /// As [`from`](Builder::from).
    pub fn to_group(mut self, name: &str, members: &[Mailbox<'_>]) -> Result<Self, Misuse> {
        self.fields.group("To", name, members)?;
        Ok(self)
    }

    /// Somebody who gets a copy.
    ///
    /// # Errors
    /// As [`from`](Builder::from).
    pub fn cc<'a>(self, mailbox: impl Into<Mailbox<'a>>) -> Result<Self, Misuse> {
        self.mailbox("Cc", &mailbox.into())
    }

    /// Its identifier, `left@right` without brackets.
    ///
    /// # Errors
    /// It is not one.
    pub fn message_id(self, id: &str) -> Result<Self, Misuse> {
        self.identifier("Message-ID", id)
    }

    /// What it answers to; may be called again.
    ///
    /// # Errors
    /// It is no message identifier.
    pub fn in_reply_to(self, id: &str) -> Result<Self, Misuse> {
        self.identifier("In-Reply-To", id)
    }

    /// What came before; may be called again, the eldest first.
    ///
    /// # Errors
    /// It is no message identifier.
    pub fn references(self, id: &str) -> Result<Self, Misuse> {
        self.identifier("References", id)
    }

    /// What it is about.
    ///
    /// # Errors
    /// CR, LF or NUL in it.
    pub fn subject(self, subject: &str) -> Result<Self, Misuse> {
        self.field("Subject", subject)
    }

    /// Any unstructured field.
    ///
    /// # Errors
    /// Not a field name; CR, LF or NUL in the value.
    pub fn field(mut self, name: &str, value: &str) -> Result<Self, Misuse> {
        self.fields.text(name, value)?;
        Ok(self)
    }

    /// The body as plain text. Line ends become CRLF.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.text = Some(Part::utf8_text("plain", canonical(text)));
        self
    }

    /// The body as HTML; beside [`text`](Builder::text) the two are alternatives.
    #[must_use]
    pub fn html(mut self, html: &str) -> Self {
        self.html = Some(Part::utf8_text("html", canonical(html)));
        self
    }

    /// What goes with the message, or, if it has an identifier, belongs to its HTML (RFC 2387).
    #[must_use]
    pub fn attach(mut self, attachment: Attachment) -> Self {
        let (part, is_related) = attachment.into_part();
        if is_related { &mut self.related } else { &mut self.attached }.push(part);
        self
    }

    /// A whole message as an attachment.
    #[must_use]
    pub fn attach_message(mut self, message: impl Into<Bytes>) -> Self {
        self.attached.push(Part::message(message));
        self
    }

    /// The body as this tree, instead of text and HTML; attachments still come behind it.
    #[must_use]
    pub fn body(mut self, body: Part) -> Self {
        self.body = Some(body);
        self
    }

    /// The message. Boundaries are made of `random`, of which 12 bytes are enough; they are in no content whatever it is made
    /// of.
    #[must_use]
    pub fn build(mut self, random: &[u8]) -> Built {
        let body = self.tree();
        wire::write(self.fields, &body, self.eight_bit, random)
    }

    /// mixed(alternative(text, related(html, images)), attachments), without what is not needed.
    fn tree(&mut self) -> Part {
        let related = core::mem::take(&mut self.related);
        let mut html = self.html.take();
        let mut attached = core::mem::take(&mut self.attached);
        match html {
            Some(part) if !related.is_empty() => {
                html = Some(Part::related(part, related));
            }
            _ => attached.splice(0..0, related).for_each(drop),
        }
        let body = match (self.body.take(), self.text.take(), html) {
            (Some(body), ..) => body,
            (None, Some(text), Some(html)) => Part::multipart("alternative", [text, html].into()),
            (None, Some(one), None) | (None, None, Some(one)) => one,
            (None, None, None) => Part::utf8_text("plain", Bytes::new()),
        };
        if attached.is_empty() {
            return body;
        }
        attached.insert(0, body);
        Part::multipart("mixed", attached)
    }

    fn mailbox(mut self, name: &'static str, mailbox: &Mailbox<'_>) -> Result<Self, Misuse> {
        self.fields.mailbox(name, mailbox)?;
        Ok(self)
    }

    fn identifier(mut self, name: &'static str, id: &str) -> Result<Self, Misuse> {
        check_value(id.as_bytes())?;
        check_message_id(id)?;
        self.fields.item(name, alloc::format!("<{id}>").as_bytes(), b"");
        Ok(self)
    }
}

/// The media type that most files with such a name have, by the end of the name.
#[must_use]
pub fn type_of_name(name: &str) -> MediaType<'static> {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    let (top, subtype) = match end.as_str() {
        "txt" | "log" => ("text", "plain"),
        "html" | "htm" => ("text", "html"),
        "css" => ("text", "css"),
        "csv" => ("text", "csv"),
        "ics" => ("text", "calendar"),
        "png" => ("image", "png"),
        "gif" => ("image", "gif"),
        "jpg" | "jpeg" => ("image", "jpeg"),
        "webp" => ("image", "webp"),
        "svg" => ("image", "svg+xml"),
        "mp3" => ("audio", "mpeg"),
        "mp4" => ("video", "mp4"),
        "pdf" => ("application", "pdf"),
        "zip" => ("application", "zip"),
        "gz" => ("application", "gzip"),
        "json" => ("application", "json"),
        "xml" => ("application", "xml"),
        _ => return MediaType::OCTETS,
    };
    MediaType::known(top, subtype)
}

/// Hexadecimal digits of at most 16 bytes.
fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]).collect()
}
