//! Reports by machines about messages: delivery status (RFC 3464) and disposition (RFC 8098) notifications, in the frame of
//! RFC 6522, read and built.
//!
//! The rule: reading never fails. What a field says that this module does not know, or can't understand, is kept among the
//! extension fields under its name; so nothing is lost when a report is written again.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use bytes::Bytes;

use crate::builder::Part;
use crate::lexical::{slice, trim};
use crate::lines::{RawField, fields, lines};
use crate::word::check_field_name;
use crate::{MediaType, Misuse, MisuseKind, check_value};

/// What a delivery status says: about a message, and about each recipient (RFC 3464 section 2.1).
///
/// ```
/// use mime::report::{Action, DeliveryStatus};
///
/// let status = DeliveryStatus::parse(
///     b"Reporting-MTA: dns; mx.example.org\r\n\r\n\
///       Final-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n",
/// );
/// let [bob] = &*status.recipients else { panic!() };
/// assert_eq!((bob.final_recipient.value.as_str(), bob.action), ("bob@example.org", Some(Action::Failed)));
/// assert!(bob.status.unwrap().is_permanent());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// ENVID of RFC 3461 (section 2.2.1).
    pub original_envelope_id: Option<String>,
    /// Who reports (section 2.2.2).
    pub reporting_mta: Typed,
    /// Section 2.2.3.
    pub dsn_gateway: Option<Typed>,
    /// Section 2.2.4.
    pub received_from_mta: Option<Typed>,
    /// When the message came to who reports, a date of RFC 5322 (section 2.2.5).
    pub arrival_date: Option<String>,
    /// What else is there, names and values.
    pub extensions: Vec<(String, String)>,
    /// At least one, if it is as it should be.
    pub recipients: Vec<Recipient>,
}

/// What became of one recipient (RFC 3464 section 2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipient {
    /// ORCPT of RFC 3461 (section 2.3.1).
    pub original_recipient: Option<Typed>,
    /// Section 2.3.2.
    pub final_recipient: Typed,
    /// Section 2.3.3.
    pub action: Option<Action>,
    /// Section 2.3.4.
    pub status: Option<StatusCode>,
    /// Who said so to who reports (section 2.3.5).
    pub remote_mta: Option<Typed>,
    /// What was said (section 2.3.6).
    pub diagnostic_code: Option<Typed>,
    /// Section 2.3.7.
    pub last_attempt_date: Option<String>,
    /// Section 2.3.8.
    pub final_log_id: Option<String>,
    /// Until when a delayed one is tried (section 2.3.9).
    pub will_retry_until: Option<String>,
    /// What else is there, names and values.
    pub extensions: Vec<(String, String)>,
}

/// `type; value`: an address, a host, a reply (RFC 3464 section 2.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// `rfc822`, `utf-8`, `dns`, `smtp`, `x-...`.
    pub kind: String,
    /// What kind says how to read.
    pub value: String,
}

/// What was done (RFC 3464 section 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It could not be delivered; nobody tries any longer.
    Failed,
    /// It has not been delivered so far.
    Delayed,
    /// It is where the recipient asked for it.
    Delivered,
    /// It went to where there are no such reports.
    Relayed,
    /// It was delivered and goes on to several others.
    Expanded,
}

/// `class.subject.detail` (RFC 3463 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl StatusCode {
    /// `None` if the class is none of 2, 4, 5, or another number has more than three digits.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        if !matches!(class, 2 | 4 | 5) || subject > 999 || detail > 999 {
            return None;
        }
        Some(StatusCode { class, subject, detail })
    }

    /// 2 success, 4 for now, 5 for good.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// Trying again is of no use.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.class == 5
    }
}

/// The text is not what the type wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not understood")]
pub struct NotUnderstood;

impl FromStr for StatusCode {
    type Err = NotUnderstood;

    fn from_str(text: &str) -> Result<Self, NotUnderstood> {
        // A comment may follow (section 2.3.4).
        let code = text.split([' ', '\t', '(']).next().unwrap_or_default();
        let mut numbers = code.split('.').map(|digits| match digits.len() {
            1..=3 if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse::<u16>().ok(),
            _ => None,
        });
        let mut next = || numbers.next().flatten();
        let (Some(class), Some(subject), Some(detail)) = (next(), next(), next()) else {
            return Err(NotUnderstood);
        };
        if numbers.next().is_some() {
            return Err(NotUnderstood);
        }
        u8::try_from(class).ok().and_then(|class| Self::new(class, subject, detail)).ok_or(NotUnderstood)
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

const ACTIONS: [(&str, Action); 5] = [
    ("failed", Action::Failed),
    ("delayed", Action::Delayed),
    ("delivered", Action::Delivered),
    ("relayed", Action::Relayed),
    ("expanded", Action::Expanded),
];

impl FromStr for Action {
    type Err = NotUnderstood;

    fn from_str(text: &str) -> Result<Self, NotUnderstood> {
        let found = ACTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(_, action)| *action).ok_or(NotUnderstood)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ACTIONS.iter().find(|(_, action)| action == self).map_or("", |(name, _)| *name);
        f.write_str(name)
    }
}

impl Typed {
    /// Of this kind.
    #[must_use]
    pub fn new(kind: &str, value: &str) -> Self {
        Typed { kind: kind.to_string(), value: value.to_string() }
    }

    /// Nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kind.is_empty() && self.value.is_empty()
    }
}

impl FromStr for Typed {
    type Err = NotUnderstood;

    fn from_str(text: &str) -> Result<Self, NotUnderstood> {
        let (kind, value) = text.split_once(';').ok_or(NotUnderstood)?;
        Ok(Typed::new(kind.trim(), value.trim()))
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.kind, self.value)
    }
}

/// Sets what is not set yet. What is repeated or not understood is for the extensions.
fn take<T: FromStr>(place: &mut Option<T>, value: &str) -> bool {
    let free = place.is_none();
    if free {
        *place = value.parse().ok();
    }
    free && place.is_some()
}

fn take_typed(place: &mut Typed, value: &str) -> bool {
    let mut typed = None;
    let taken = place.is_empty() && take(&mut typed, value);
    *place = typed.filter(|_| taken).unwrap_or_else(|| core::mem::take(place));
    taken
}

fn name_of(field: &RawField<'_>) -> String {
    String::from_utf8_lossy(field.name).into_owned()
}

/// The groups of fields between blank lines (RFC 3464 section 2.1).
fn groups(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = body;
    core::iter::from_fn(move || {
        while let [b'\n', behind @ ..] | [b'\r', b'\n', behind @ ..] = rest {
            rest = behind;
        }
        let len = lines(rest).map(<[u8]>::len).sum::<usize>();
        let (group, behind) = rest.split_at_checked(len)?;
        rest = behind;
        (len > 0).then_some(group)
    })
}

impl DeliveryStatus {
    /// Reads the content of a `message/delivery-status`.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let mut status = DeliveryStatus::default();
        let mut groups = groups(body).peekable();
        // Some leave the first group out.
        let is_recipient = |group: &&[u8]| fields(group).any(|field| field.is("final-recipient"));
        if let Some(group) = groups.next_if(|group| !is_recipient(group)) {
            fields(group).for_each(|field| status.take(&field));
        }
        status.recipients = groups.map(Recipient::parse).collect();
        status
    }

    fn take(&mut self, field: &RawField<'_>) {
        let value = field.text();
        let taken = match &*field.name.to_ascii_lowercase() {
            b"original-envelope-id" => take(&mut self.original_envelope_id, &value),
            b"reporting-mta" => take_typed(&mut self.reporting_mta, &value),
            b"dsn-gateway" => take(&mut self.dsn_gateway, &value),
            b"received-from-mta" => take(&mut self.received_from_mta, &value),
            b"arrival-date" => take(&mut self.arrival_date, &value),
            _ => false,
        };
        if !taken {
            self.extensions.push((name_of(field), value.into_owned()));
        }
    }

    /// As the content of a `message/delivery-status`.
    ///
    /// # Errors
    /// CR, LF or NUL in a value, a value of more than 900 bytes, a name that is none. The offset is that in the value.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Misuse> {
        let mut group = Group::default();
        group.optional("Original-Envelope-Id", self.original_envelope_id.as_ref())?;
        group.put("Reporting-MTA", &self.reporting_mta)?;
        group.optional("DSN-Gateway", self.dsn_gateway.as_ref())?;
        group.optional("Received-From-MTA", self.received_from_mta.as_ref())?;
        group.optional("Arrival-Date", self.arrival_date.as_ref())?;
        group.extensions(&self.extensions)?;
        for recipient in &self.recipients {
            group.out.extend_from_slice(b"\r\n");
            recipient.write(&mut group)?;
        }
        Ok(group.out)
    }

    /// The whole report, to be the body of a message: an explanation for people, this status, and what it is about.
    ///
    /// # Errors
    /// As [`to_bytes`](DeliveryStatus::to_bytes).
    pub fn report(&self, explanation: &str, original: Original) -> Result<Part, Misuse> {
        let media_type = MediaType::known("message", "delivery-status");
        Ok(report("delivery-status", explanation, Part::uncoded(media_type, self.to_bytes()?), original))
    }
}

impl Recipient {
    fn parse(group: &[u8]) -> Self {
        let mut recipient = Recipient::default();
        fields(group).for_each(|field| recipient.take(&field));
        recipient
    }

    fn take(&mut self, field: &RawField<'_>) {
        let value = field.text();
        let taken = match &*field.name.to_ascii_lowercase() {
            b"original-recipient" => take(&mut self.original_recipient, &value),
            b"final-recipient" => take_typed(&mut self.final_recipient, &value),
            b"action" => take(&mut self.action, &value),
            b"status" => take(&mut self.status, &value),
            b"remote-mta" => take(&mut self.remote_mta, &value),
            b"diagnostic-code" => take(&mut self.diagnostic_code, &value),
            b"last-attempt-date" => take(&mut self.last_attempt_date, &value),
            b"final-log-id" => take(&mut self.final_log_id, &value),
            b"will-retry-until" => take(&mut self.will_retry_until, &value),
            _ => false,
        };
        if !taken {
            self.extensions.push((name_of(field), value.into_owned()));
        }
    }

    fn write(&self, group: &mut Group) -> Result<(), Misuse> {
        group.optional("Original-Recipient", self.original_recipient.as_ref())?;
        group.put("Final-Recipient", &self.final_recipient)?;
        group.optional("Action", self.action.as_ref())?;
        group.optional("Status", self.status.as_ref())?;
        group.optional("Remote-MTA", self.remote_mta.as_ref())?;
        group.optional("Diagnostic-Code", self.diagnostic_code.as_ref())?;
        group.optional("Last-Attempt-Date", self.last_attempt_date.as_ref())?;
        group.optional("Final-Log-ID", self.final_log_id.as_ref())?;
        group.optional("Will-Retry-Until", self.will_retry_until.as_ref())?;
        group.extensions(&self.extensions)
    }
}

/// What became of a message with the recipient: it was shown, deleted, ... (RFC 8098 section 3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disposition {
    /// `host; product` (section 3.2.1).
    pub reporting_ua: Option<String>,
    /// Section 3.2.2.
    pub mdn_gateway: Option<Typed>,
    /// Section 3.2.3.
    pub original_recipient: Option<Typed>,
    /// Section 3.2.4.
    pub final_recipient: Typed,
    /// With its brackets (section 3.2.5).
    pub original_message_id: Option<String>,
    /// Section 3.2.6.
    pub disposition: Option<Outcome>,
    /// Section 3.2.7; may be there more than once.
    pub errors: Vec<String>,
    /// What else is there, names and values.
    pub extensions: Vec<(String, String)>,
}

/// What was done, and by whom (RFC 8098 section 3.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The user did it, not a program on its own.
    pub is_manual_action: bool,
    /// The user agreed to sending this notice.
    pub is_sent_manually: bool,
    /// `displayed`, `deleted`, `dispatched`, `processed`.
    pub kind: String,
    /// `error` and extensions.
    pub modifiers: Vec<String>,
}

impl FromStr for Outcome {
    type Err = NotUnderstood;

    /// `manual-action/MDN-sent-manually; displayed/error,extension`.
    fn from_str(text: &str) -> Result<Self, NotUnderstood> {
        let (mode, rest) = text.split_once(';').ok_or(NotUnderstood)?;
        let (action, sending) = mode.split_once('/').ok_or(NotUnderstood)?;
        let (kind, modifiers) = rest.split_once('/').unwrap_or((rest, ""));
        let either = |text: &str, yes: &str, no: &str| match text.trim() {
            text if text.eq_ignore_ascii_case(yes) => Ok(true),
            text if text.eq_ignore_ascii_case(no) => Ok(false),
            _ => Err(NotUnderstood),
        };
        let modifiers = modifiers.split(',').map(str::trim).filter(|modifier| !modifier.is_empty());
        Ok(Outcome {
            is_manual_action: either(action, "manual-action", "automatic-action")?,
            is_sent_manually: either(sending, "MDN-sent-manually", "MDN-sent-automatically")?,
            kind: kind.trim().to_ascii_lowercase(),
            modifiers: modifiers.map(ToString::to_string).collect(),
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = if self.is_manual_action { "manual-action" } else { "automatic-action" };
        let sending = if self.is_sent_manually { "MDN-sent-manually" } else { "MDN-sent-automatically" };
        write!(f, "{action}/{sending}; {}", self.kind)?;
        for (nth, modifier) in self.modifiers.iter().enumerate() {
            write!(f, "{}{modifier}", if nth == 0 { "/" } else { "," })?;
        }
        Ok(())
    }
}

impl Disposition {
    /// Reads the content of a `message/disposition-notification`.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let mut notice = Disposition::default();
        let body = slice(body, body.len() - trim_start(body).len(), body.len());
        fields(body).for_each(|field| notice.take(&field));
        notice
    }

    fn take(&mut self, field: &RawField<'_>) {
        let value = field.text();
        let taken = match &*field.name.to_ascii_lowercase() {
            b"reporting-ua" => take(&mut self.reporting_ua, &value),
            b"mdn-gateway" => take(&mut self.mdn_gateway, &value),
            b"original-recipient" => take(&mut self.original_recipient, &value),
            b"final-recipient" => take_typed(&mut self.final_recipient, &value),
            b"original-message-id" => take(&mut self.original_message_id, &value),
            b"disposition" => take(&mut self.disposition, &value),
            b"error" => {
                self.errors.push(value.to_string());
                true
            }
            _ => false,
        };
        if !taken {
            self.extensions.push((name_of(field), value.into_owned()));
        }
    }

    /// As the content of a `message/disposition-notification`.
    ///
    /// # Errors
    /// As [`DeliveryStatus::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Misuse> {
        let mut group = Group::default();
        group.optional("Reporting-UA", self.reporting_ua.as_ref())?;
        group.optional("MDN-Gateway", self.mdn_gateway.as_ref())?;
        group.optional("Original-Recipient", self.original_recipient.as_ref())?;
        group.put("Final-Recipient", &self.final_recipient)?;
        group.optional("Original-Message-ID", self.original_message_id.as_ref())?;
        group.optional("Disposition", self.disposition.as_ref())?;
        for error in &self.errors {
            group.put("Error", error)?;
        }
        group.extensions(&self.extensions)?;
        Ok(group.out)
    }

    /// The whole report, to be the body of a message.
    ///
    /// # Errors
    /// As [`DeliveryStatus::to_bytes`].
    pub fn report(&self, explanation: &str, original: Original) -> Result<Part, Misuse> {
        let media_type = MediaType::known("message", "disposition-notification");
        let status = Part::uncoded(media_type, self.to_bytes()?);
        Ok(report("disposition-notification", explanation, status, original))
    }
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let blank = trim(bytes).first().and_then(|first| bytes.iter().position(|byte| byte == first));
    slice(bytes, blank.unwrap_or(0), bytes.len())
}

/// What comes back of the message that a report is about (RFC 6522 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// Nothing.
    None,
    /// Its header section only: `text/rfc822-headers`.
    Headers(Bytes),
    /// All of it.
    Message(Bytes),
}

/// RFC 6522 section 3: two parts or three.
fn report(kind: &str, explanation: &str, status: Part, original: Original) -> Part {
    let mut parts = alloc::vec![Part::text(explanation), status];
    match original {
        Original::None => {}
        Original::Headers(headers) => {
            parts.push(Part::new(MediaType::known("text", "rfc822-headers"), headers))
        }
        Original::Message(message) => parts.push(Part::message(message)),
    }
    Part::multipart("report", parts).with_parameter("report-type", kind.to_string())
}

/// Fields on their way out.
#[derive(Default)]
struct Group {
    out: Vec<u8>,
}

impl Group {
    fn put(&mut self, name: &str, value: &impl fmt::Display) -> Result<(), Misuse> {
        let value = value.to_string();
        check_value(value.as_bytes())?;
        check_field_name(name)?;
        // RFC 5322 section 2.1.1: there are no folds here that a reader could rely on.
        if name.len() + value.len() > 900 {
            return Err(Misuse::new(MisuseKind::TooLong, 900));
        }
        self.out.extend_from_slice(alloc::format!("{name}: {value}\r\n").as_bytes());
        Ok(())
    }

    fn optional(&mut self, name: &str, value: Option<&impl fmt::Display>) -> Result<(), Misuse> {
        value.map_or(Ok(()), |value| self.put(name, value))
    }

    fn extensions(&mut self, extensions: &[(String, String)]) -> Result<(), Misuse> {
        extensions.iter().try_for_each(|(name, value)| self.put(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Builder;

    /// RFC 3464 appendix E.1, its kinds of fields.
    const STATUS: &[u8] = b"Reporting-MTA: dns; cs.example.edu\r\nX-Queue: 12\r\n\r\n\
        Original-Recipient: rfc822;louisl@larry.example.edu\r\n\
        Final-Recipient: rfc822;louisl@larry.example.edu\r\nAction: failed\r\nStatus: 4.0.0\r\n\
        Diagnostic-Code: smtp; 426 connection timed out\r\n (after a while)\r\n\
        Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n\r\n\r\n\
        Final-Recipient: rfc822; a@b\r\nAction: exploded\r\nStatus: 5.1.1 (bad)\r\nStatus: 2.0.0\r\n";

    #[test]
    fn a_delivery_status_is_read_and_written_as_the_same() {
        let status = DeliveryStatus::parse(STATUS);
        assert_eq!(status.reporting_mta, Typed::new("dns", "cs.example.edu"));
        assert_eq!(status.extensions, [("X-Queue".into(), "12".into())]);
        let [louis, other] = &*status.recipients else { panic!("{status:?}") };
        assert_eq!(louis.action, Some(Action::Failed));
        assert_eq!(louis.status.map(|status| status.to_string()).as_deref(), Some("4.0.0"));
        assert_eq!(
            louis.diagnostic_code,
            Some(Typed::new("smtp", "426 connection timed out (after a while)"))
        );
        assert_eq!(other.status, StatusCode::new(5, 1, 1));
        assert_eq!(
            other.extensions,
            [("Action".into(), "exploded".into()), ("Status".into(), "2.0.0".into())]
        );
        let written = status.to_bytes().unwrap();
        assert!(DeliveryStatus::parse(&written).recipients.len() == 2);
        assert_eq!(DeliveryStatus::parse(&written).recipients[0], *louis);
    }

    #[test]
    fn a_group_of_the_message_may_be_missing() {
        let status = DeliveryStatus::parse(b"Final-Recipient: rfc822; a@b\nAction: delayed\n");
        assert_eq!(status.recipients[0].action, Some(Action::Delayed));
        assert_eq!(DeliveryStatus::parse(b""), DeliveryStatus::default());
        assert_eq!(DeliveryStatus::parse(b"\r\n\r\n").recipients, []);
    }

    #[test]
    fn a_disposition_is_read_and_written_as_the_same() {
        // RFC 8098 appendix A, its kinds of fields.
        let text = b"Reporting-UA: joes-pc.cs.example.com; Foomail 97.1\r\n\
            Original-Recipient: rfc822; Joe_Recipient@example.com\r\n\
            Final-Recipient: rfc822; Joe_Recipient@example.com\r\n\
            Original-Message-ID: <199509192301.23456@example.org>\r\n\
            Disposition: manual-action/MDN-sent-manually; displayed/error,x-a\r\nError: one\r\nError: two\r\n";
        let notice = Disposition::parse(text);
        let outcome = notice.disposition.clone().unwrap();
        assert!(outcome.is_manual_action && outcome.is_sent_manually);
        assert_eq!((&*outcome.kind, &*outcome.modifiers.join("+")), ("displayed", "error+x-a"));
        assert_eq!(notice.errors, ["one", "two"]);
        assert_eq!(notice.to_bytes().unwrap(), text);
        assert_eq!(Disposition::parse(&[b"\r\n", &text[..]].concat()), notice);
    }

    #[test]
    fn a_report_is_a_multipart_of_three() {
        let report =
            DeliveryStatus::parse(STATUS).report("Sorry.\n", Original::Message("A: b\r\n\r\nc".into()));
        let raw = Builder::new().body(report.unwrap()).build(b"x").to_vec();
        let text = String::from_utf8(raw).unwrap();
        assert!(text.contains("multipart/report; report-type=delivery-status;"), "{text}");
        assert!(
            text.contains("message/delivery-status\r\n\r\nReporting-MTA: dns; cs.example.edu\r\n"),
            "{text}"
        );
        assert!(text.contains("message/rfc822\r\n\r\nA: b\r\n\r\nc\r\n--"), "{text}");
    }

    #[test]
    fn nothing_is_smuggled_through_a_value() {
        let reporting_mta = Typed::new("dns", "a\r\nX: y");
        let mut status = DeliveryStatus { reporting_mta, ..DeliveryStatus::default() };
        assert_eq!(status.to_bytes().map_err(|misuse| misuse.kind), Err(MisuseKind::LineBreak));
        status.reporting_mta = Typed::new("dns", &"a".repeat(1000));
        assert_eq!(status.to_bytes().map_err(|misuse| misuse.kind), Err(MisuseKind::TooLong));
        let status =
            DeliveryStatus { extensions: [("X Y".into(), String::new())].into(), ..Default::default() };
        assert!(status.to_bytes().is_err());
    }

    #[test]
    fn codes_that_are_none_are_not_understood() {
        for text in ["", "5", "5.1", "3.1.1", "5.1.1.1", "5.1000.1", "+5.1.1", "5..1", "a.b.c"] {
            assert!(text.parse::<StatusCode>().is_err(), "{text:?}");
        }
    }
}
