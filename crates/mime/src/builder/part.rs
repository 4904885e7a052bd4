//! Parts to be written: leaves, multiparts, messages within messages.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::coding::{Coding, Look, canonical};
use crate::word::{check_field_name, write_text};
use crate::{MediaType, Misuse, Parameters, check_message_id};

/// A node of the tree: a type, fields, and a content.
#[derive(Clone, Debug)]
pub struct Part {
    pub(super) media_type: MediaType<'static>,
    /// Whole lines, each with its end.
    pub(super) fields: Vec<u8>,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Bytes to be coded as needed.
    Leaf(Bytes),
    /// Never to be coded.
    Message(Bytes),
    /// Base64, by the caller.
    Streamed,
    Parts(Vec<Part>),
}

impl Part {
    /// A leaf. The bytes stay as they are.
    #[must_use]
    pub fn new(media_type: MediaType<'static>, content: impl Into<Bytes>) -> Self {
        Part { media_type, fields: Vec::new(), content: Content::Leaf(content.into()) }
    }

    /// Plain text; line ends become CRLF.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::utf8_text("plain", canonical(text))
    }

    /// `multipart/SUBTYPE`; its boundary is found when it is written.
    #[must_use]
    pub fn multipart(subtype: &'static str, parts: Vec<Part>) -> Self {
        let media_type = MediaType::known("multipart", subtype);
        Part { media_type, fields: Vec::new(), content: Content::Parts(parts) }
    }

    /// A message within the message (RFC 2046 section 5.2.1).
    #[must_use]
    pub fn message(message: impl Into<Bytes>) -> Self {
        Self::uncoded(MediaType::MESSAGE, message)
    }

    /// A leaf of a type that allows no coding but 7bit, 8bit and binary, such as all of `message/...`.
    pub(crate) fn uncoded(media_type: MediaType<'static>, content: impl Into<Bytes>) -> Self {
        Part { media_type, fields: Vec::new(), content: Content::Message(content.into()) }
    }

    pub(super) fn utf8_text(subtype: &'static str, text: Bytes) -> Self {
        let mut media_type = MediaType::known("text", subtype);
        let _ = media_type.parameters.set("charset", "utf-8");
        Part::new(media_type, text)
    }

    /// RFC 2387: the first part refers to the others by their identifiers.
    pub(super) fn related(first: Part, mut others: Vec<Part>) -> Self {
        let kind = alloc::format!("{}/{}", first.media_type.top(), first.media_type.subtype());
        others.insert(0, first);
        let part = Part::multipart("related", others);
        part.with_parameter("type", kind)
    }

    pub(crate) fn with_parameter(mut self, name: &'static str, value: String) -> Self {
        let _ = self.media_type.parameters.set(name, value);
        self
    }

    /// The same with an unstructured field more, such as Content-Description.
    ///
    /// # Errors
    /// Not a field name; CR, LF or NUL in the value.
    pub fn with_field(mut self, name: &str, value: &str) -> Result<Self, Misuse> {
        check_field_name(name)?;
        let from = self.fields.len();
        self.fields.extend_from_slice(name.as_bytes());
        self.fields.extend_from_slice(b": ");
        if let Err(misuse) = write_text(value, &mut self.fields, name.len() + 2) {
            self.fields.truncate(from);
            return Err(misuse);
        }
        self.fields.extend_from_slice(b"\r\n");
        Ok(self)
    }

    /// The same with a Content-Disposition (RFC 2183).
    pub(super) fn with_disposition(
        mut self,
        kind: &str,
        filename: Option<Cow<'static, str>>,
    ) -> Result<Self, Misuse> {
        let mut parameters = Parameters::new();
        if let Some(filename) = filename {
            parameters.set("filename", filename)?;
        }
        let from = self.fields.len();
        self.fields.extend_from_slice(b"Content-Disposition: ");
        self.fields.extend_from_slice(kind.as_bytes());
        let column = self.fields.len() - from;
        parameters.write(&mut self.fields, column);
        self.fields.extend_from_slice(b"\r\n");
        Ok(self)
    }

    /// The coding of its content; that of a multipart is what its parts need (RFC 2045 section 6.4).
    pub(super) fn coding(&self, eight_bit: bool) -> Coding {
        match &self.content {
            Content::Leaf(bytes) => {
                let is_text = self.media_type.is_top("text");
                Look::at(bytes, is_text).coding(is_text, eight_bit)
            }
            Content::Message(bytes) => Look::at(bytes, true).identity(),
            Content::Streamed => Coding::Base64,
            Content::Parts(_) => Coding::SevenBit,
        }
    }
}

/// A file that goes with a message.
#[derive(Clone, Debug)]
pub struct Attachment {
    part: Part,
    is_related: bool,
}

impl Attachment {
    /// With this file name.
    ///
    /// # Errors
    /// CR, LF or NUL in the name.
    pub fn new(
        filename: impl Into<Cow<'static, str>>,
        media_type: MediaType<'static>,
        content: impl Into<Bytes>,
    ) -> Result<Self, Misuse> {
        let part = Part::new(media_type, content).with_disposition("attachment", Some(filename.into()))?;
        Ok(Attachment { part, is_related: false })
    }

    /// An image or the like that the HTML refers to as `cid:ID` (RFC 2392).
    ///
    /// # Errors
    /// CR, LF or NUL in the name; `id` is not `left@right`.
    pub fn inline(
        id: &str,
        filename: impl Into<Cow<'static, str>>,
        media_type: MediaType<'static>,
        content: impl Into<Bytes>,
    ) -> Result<Self, Misuse> {
        check_message_id(id)?;
        let mut part = Part::new(media_type, content).with_disposition("inline", Some(filename.into()))?;
        part.fields.extend_from_slice(alloc::format!("Content-ID: <{id}>\r\n").as_bytes());
        Ok(Attachment { part, is_related: true })
    }

    /// One whose content the caller writes, coded by a [`Base64Encoder`](crate::Base64Encoder), where
    /// [`Piece::Streamed`](super::Piece::Streamed) stands in what is built.
    ///
    /// # Errors
    /// CR, LF or NUL in the name.
    pub fn streamed(
        filename: impl Into<Cow<'static, str>>,
        media_type: MediaType<'static>,
    ) -> Result<Self, Misuse> {
        let mut attachment = Self::new(filename, media_type, Bytes::new())?;
        attachment.part.content = Content::Streamed;
        Ok(attachment)
    }

    pub(super) fn into_part(self) -> (Part, bool) {
        (self.part, self.is_related)
    }
}
