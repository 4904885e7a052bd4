//! A conversation under a key: the request, and the reply or the stream of replies that answers it (RFC 8945 section 5).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::algorithm::{Hasher, MacOctets};
use super::record::Tsig;
use super::{FUDGE, Key, TsigError, UNSIGNED};
use crate::{Header, Message, Rcode};

/// Signs and checks the messages of one conversation, in their order.
///
/// ```
/// use dns::tsig::{Algorithm, Key, Session, verify_request};
/// use dns::{Builder, Header, Message, Opcode, Question, RrType};
/// let key = Key::new("key".parse()?, Algorithm::HmacSha256, b"a secret of some length");
/// let mut buffer = [0; 512];
/// let mut query = Builder::new(&mut buffer, Header::query(7, Opcode::QUERY));
/// query.push_question(Question::new("example.org".parse()?, RrType::SOA).as_question_ref())?;
/// let len = query.finish().len();
/// // The client signs ...
/// let (_session, len) = Session::request(&key, &mut buffer, len, 1_700_000_000).unwrap();
/// // ... and the server knows whose request it is.
/// let message = Message::parse(&buffer[..len])?;
/// let session = verify_request(&message, std::slice::from_ref(&key), 1_700_000_100).unwrap();
/// assert_eq!(session.unwrap().key().name(), key.name());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Session {
    key: Key,
    /// What the next MAC starts with: the MAC before, and messages that are not signed.
    hasher: Hasher,
    first: bool,
    unsigned: u8,
    /// RFC 8945 section 5.4: when the other one sent, if our clock does not agree.
    wrong_time: Option<u64>,
}

impl Session {
    /// Signs a request that fills `len` octets of `out`; tells its new length. `None` if there is no room.
    #[must_use]
    pub fn request(key: &Key, out: &mut [u8], len: usize, now: u64) -> Option<(Session, usize)> {
        let hasher = Hasher::new(key.algorithm, &key.secret)?;
        let mut session = Session { key: key.clone(), hasher, first: true, unsigned: 0, wrong_time: None };
        let len = session.sign(out, len, now)?;
        session.first = true;
        Some((session, len))
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What the next MAC starts with (RFC 8945 section 4.3.1).
    fn start(&mut self, mac: &[u8]) {
        if let Some(mut hasher) = Hasher::new(self.key.algorithm, &self.key.secret) {
            hasher.update(&u16::try_from(mac.len()).unwrap_or(0).to_be_bytes());
            hasher.update(mac);
            self.hasher = hasher;
        }
        self.first = false;
        self.unsigned = 0;
    }

    /// Signs the next message, which fills `len` octets of `out`; tells its new length. `None` if there is no room.
    #[must_use]
    pub fn sign(&mut self, out: &mut [u8], len: usize, now: u64) -> Option<usize> {
        let original_id = Header::parse(out).ok()?.id;
        let (error, other, time) = match self.wrong_time.take() {
            // RFC 8945 section 5.2.3: the client's own time, and ours beside it.
            Some(theirs) => (Rcode::BADTIME.0, now.to_be_bytes().get(2..)?.to_vec(), theirs),
            None => (0, Vec::new(), now),
        };
        let (key, algorithm) = (self.key.name.clone(), self.key.algorithm.name());
        let mut tsig =
            Tsig { key, algorithm, time, fudge: FUDGE, mac: Vec::new(), original_id, error, other };
        let mut hasher = self.hasher.clone();
        hasher.update(out.get(..len)?);
        self.sign_rest(&tsig, &mut hasher);
        tsig.mac = hasher.finish().as_slice().to_vec();
        let len = tsig.append(out, len)?;
        self.start(&tsig.mac);
        Some(len)
    }

    fn sign_rest(&self, tsig: &Tsig, hasher: &mut Hasher) {
        if self.first { tsig.sign_variables(hasher) } else { tsig.sign_timers(hasher) }
    }

    /// Checks the next message of the other side. In a stream some may be without signature, not the first nor the last:
    /// of those, `false` (RFC 8945 section 5.3.1).
    ///
    /// # Errors
    /// The message is to be discarded.
    pub fn verify(&mut self, message: &Message<'_>, now: u64) -> Result<bool, TsigError> {
        let Some((start, tsig)) = Tsig::of_message(message) else { return self.unsigned(message) };
        if tsig.key != self.key.name || tsig.algorithm != self.key.algorithm.name() {
            return Err(TsigError::BadKey);
        }
        if tsig.mac.is_empty() && tsig.error != 0 {
            return Err(TsigError::Peer(Rcode(tsig.error)));
        }
        self.check(message.bytes(), start, &tsig)?;
        if tsig.error != 0 {
            return Err(TsigError::Peer(Rcode(tsig.error)));
        }
        in_time(&tsig, now)?;
        self.start(&tsig.mac);
        Ok(true)
    }

    fn unsigned(&mut self, message: &Message<'_>) -> Result<bool, TsigError> {
        if self.first || message.tsig().is_some() {
            return Err(TsigError::Unsigned);
        }
        if self.unsigned == UNSIGNED {
            return Err(TsigError::TooManyUnsigned);
        }
        self.unsigned += 1;
        self.hasher.update(message.bytes());
        Ok(false)
    }

    /// The MAC over the message as it was before it was signed (RFC 8945 section 4.3.2).
    fn check(&self, bytes: &[u8], start: usize, tsig: &Tsig) -> Result<(), TsigError> {
        length_is_right(tsig.mac.len(), self.key.algorithm.mac_len())?;
        let header = Header::parse(bytes).map_err(|_| TsigError::Form)?;
        let additionals = header.additionals.saturating_sub(1);
        let mut hasher = self.hasher.clone();
        hasher.update(&Header { id: tsig.original_id, additionals, ..header }.encode());
        hasher.update(bytes.get(Header::LEN..start).unwrap_or_default());
        self.sign_rest(tsig, &mut hasher);
        if hasher.is(&tsig.mac) { Ok(()) } else { Err(TsigError::BadSig) }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("key", &self.key).field("first", &self.first).finish_non_exhaustive()
    }
}

/// RFC 8945 section 5.2.2.1. Nobody cuts MACs short nowadays, and we take none that are.
fn length_is_right(len: usize, whole: usize) -> Result<(), TsigError> {
    match len {
        len if len == whole => Ok(()),
        len if len > whole || len < 10.max(whole / 2) => Err(TsigError::Form),
        _ => Err(TsigError::BadTrunc),
    }
}

/// RFC 8945 section 5.2.3.
fn in_time(tsig: &Tsig, now: u64) -> Result<(), TsigError> {
    if tsig.time.abs_diff(now) <= u64::from(tsig.fudge) { Ok(()) } else { Err(TsigError::BadTime) }
}

/// Checks a request: `None` if it is not signed; otherwise the session that signs its answers.
///
/// # Errors
/// [`Refusal`]: what to answer.
pub fn verify_request(message: &Message<'_>, keys: &[Key], now: u64) -> Result<Option<Session>, Refusal> {
    if message.tsig().is_none() {
        return Ok(None);
    }
    let refusal = |error| Refusal { error, session: None };
    let (start, tsig) = Tsig::of_message(message).ok_or(refusal(TsigError::Form))?;
    let known = |key: &&Key| key.name == tsig.key && key.algorithm.name() == tsig.algorithm;
    let key = keys.iter().find(known).ok_or(refusal(TsigError::BadKey))?;
    let hasher = Hasher::new(key.algorithm, &key.secret).ok_or(refusal(TsigError::BadKey))?;
    let mut session = Session { key: key.clone(), hasher, first: true, unsigned: 0, wrong_time: None };
    session.check(message.bytes(), start, &tsig).map_err(refusal)?;
    let mac = MacOctets::of(&tsig.mac);
    session.start(mac.as_slice());
    session.first = true;
    match in_time(&tsig, now) {
        Ok(()) => Ok(Some(session)),
        Err(error) => {
            session.wrong_time = Some(tsig.time);
            Err(Refusal { error, session: Some(Box::new(session)) })
        }
    }
}

/// A request whose signature does not hold.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why.
    pub error: TsigError,
    /// Of a request out of its time: the answer is signed (RFC 8945 section 5.2.3).
    session: Option<Box<Session>>,
}

impl PartialEq for Refusal {
    fn eq(&self, other: &Self) -> bool {
        self.error == other.error
    }
}

impl Refusal {
    /// Writes the answer to the request (RFC 8945 section 5.3.2): how many octets it has, `None` if there is no room.
    #[must_use]
    pub fn reply(mut self, request: &Message<'_>, out: &mut [u8], now: u64) -> Option<usize> {
        let mut builder = crate::Builder::new(out, request.header().reply(self.error.rcode()));
        if let Some(question) = request.question() {
            builder.push_question(question).ok()?;
        }
        let len = builder.finish().len();
        if let Some(session) = &mut self.session {
            return session.sign(out, len, now);
        }
        let Some(error) = self.error.tsig_error() else { return Some(len) };
        let (_, tsig) = Tsig::of_message(request)?;
        // Without a MAC: there is no key to trust.
        Tsig { mac: Vec::new(), error: error.0, other: Vec::new(), original_id: request.id(), ..tsig }
            .append(out, len)
    }
}
