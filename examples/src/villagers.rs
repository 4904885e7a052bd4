//! The villagers: a server that gives up on those who cry for nothing.
//!
//! A client cries by connecting. If it then says what the matter is, in one line and within the villagers' patience,
//! it is answered with one line; if it stays silent, it was a false alarm. After some false alarms nobody comes any
//! more. The lesson is a timeout that belongs to a client, not to the server: waiting with nobody connected costs no
//! chance, and one silent client keeps no other waiting.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use net_core::Server;
use net_core::Stream;
use proto_core::{BareCr, BareLf, End, Endpoint, LinePolicy, Lines, Nul, Output, Status, Time};
use tracing::debug;

use crate::Caps;
use crate::service::{Service, converse};

/// The longest cry that is listened to, in bytes, with its line end.
pub const LONGEST_CRY: usize = 1024;

/// How patient the villagers are, and how many they are.
#[derive(Clone, Debug)]
pub struct Village {
    /// How long a client may take to say what the matter is.
    pub patience: Duration,
    /// After so many false alarms nobody comes any more.
    pub chances: u32,
    /// Clients heard side by side.
    pub caps: Caps,
}

impl Default for Village {
    fn default() -> Self {
        Village { patience: Duration::from_secs(10), chances: 3, caps: Caps::default() }
    }
}

/// What became of a cry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A true one: this was the matter.
    True(Bytes),
    /// A false alarm, and which one it was, counted from 1.
    False(FalseAlarm, u32),
    /// The last chance is gone: the server ends.
    NobodyComes,
}

/// Listens at `address` until the last chance is gone, and reports what becomes of each cry; false alarms one by one, in
/// the order they count in.
///
/// # Errors
/// The address can't be listened at.
pub fn serve(
    address: SocketAddr,
    village: Village,
    tell: impl Fn(SocketAddr, News) + Send + Sync + 'static,
) -> io::Result<Service> {
    let Village { patience, chances, caps } = village;
    let server = Server::bind(caps.at(address))?;
    let handle = server.handle();
    let false_alarms = Mutex::new(0_u32);
    let judge = move |peer, event| {
        let alarm = match event {
            Event::True(cry) => return tell(peer, News::True(cry)),
            Event::False(alarm) => alarm,
        };
        // Told before the next one counts.
        let mut count = false_alarms.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_add(1);
        if *count <= chances {
            tell(peer, News::False(alarm, *count));
        }
        if *count == chances {
            tell(peer, News::NobodyComes);
            handle.shutdown(LAST_WORDS);
        }
    };
    Service::of("tcp", server, move |tcp, peer, shutdown| {
        let hear = |_: &mut Cry, event| judge(peer.addr, event);
        let session = |tcp| converse(Stream::new(tcp)?, Cry::new(patience), shutdown, hear);
        if let Err(error) = session(tcp) {
            debug!(peer = %peer.addr, %error, "lost");
        }
    })
}

/// How long those who were heard have to take their answer once nobody comes any more.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The villagers' end of one cry. Silence is no breach of this protocol, it is what it is about: so it is an event.
#[derive(Debug)]
pub struct Cry {
    output: Output,
    lines: Lines,
    patience: Duration,
    deadline: Option<Time>,
    status: Status,
}

/// What a cry turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A true one, which is answered: this was the matter.
    True(Bytes),
    /// One for nothing.
    False(FalseAlarm),
}

/// Why a cry was for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FalseAlarm {
    /// No line came within this time.
    Silent(Duration),
    /// The client went away without a line.
    Gone,
    /// Much noise, but no line.
    Noise,
}

impl fmt::Display for FalseAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FalseAlarm::Silent(patience) => write!(f, "it said nothing for {patience:?}"),
            FalseAlarm::Gone => f.write_str("it went away without a word"),
            FalseAlarm::Noise => write!(f, "{LONGEST_CRY} bytes, and no line"),
        }
    }
}

impl Cry {
    /// A client has connected; it has `patience` to say why.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        let policy = LinePolicy { lf: BareLf::Accept, cr: BareCr::Keep, nul: Nul::Keep };
        let lines = Lines::new(policy, LONGEST_CRY);
        Cry { output: Output::new(), lines, patience, deadline: None, status: Status::Open }
    }

    fn in_vain(&mut self, alarm: FalseAlarm) -> Event {
        (self.status, self.deadline) = (Status::Closed, None);
        Event::False(alarm)
    }

    fn come(&mut self, cry: Bytes) -> Event {
        self.output.put(b"We are coming!\n");
        (self.status, self.deadline) = (Status::Finishing, None);
        Event::True(cry)
    }
}

impl Endpoint for Cry {
    type Event = Event;
    type Error = Infallible;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Infallible> {
        if self.status != Status::Open {
            return Ok(None);
        }
        self.deadline.get_or_insert(now + self.patience);
        Ok(match self.lines.next(input) {
            Ok(Some(line)) => Some(self.come(line.text)),
            Ok(None) => None,
            Err(_) => Some(self.in_vain(FalseAlarm::Noise)),
        })
    }

    fn receive_eof(
        &mut self,
        input: &mut BytesMut,
        end: End,
        now: Time,
    ) -> Result<Option<Event>, Infallible> {
        if let Some(event) = self.receive(input, now)? {
            return Ok(Some(event));
        }
        Ok(match self.status {
            // The end of what it says ends its line as well.
            Status::Open if end == End::Clean && !input.is_empty() => Some(self.come(input.split().freeze())),
            Status::Open => Some(self.in_vain(FalseAlarm::Gone)),
            _ => None,
        })
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn handle_deadline(&mut self, _now: Time) -> Result<Option<Event>, Infallible> {
        Ok(Some(self.in_vain(FalseAlarm::Silent(self.patience))))
    }

    fn is_idle(&self) -> bool {
        self.output.is_empty()
    }

    fn status(&self) -> Status {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn heard(text: &str) -> Event {
        Event::True(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn a_line_makes_a_cry_true_and_is_answered_with_one_line() {
        let (mut cry, mut input) = (Cry::new(PATIENCE), BytesMut::from("wolf!\r\nwolf!\n"));
        assert_eq!(cry.receive(&mut input, Time::ZERO), Ok(Some(heard("wolf!"))));
        assert_eq!(cry.receive(&mut input, Time::ZERO), Ok(None));
        assert_eq!((cry.status(), cry.deadline()), (Status::Finishing, None));
        assert_eq!(cry.output.slices().collect::<Vec<_>>().concat(), b"We are coming!\n");
    }

    #[test]
    fn silence_is_a_false_alarm_also_after_half_a_line() {
        let (mut cry, mut input) = (Cry::new(PATIENCE), BytesMut::from("wol"));
        assert_eq!(cry.receive(&mut input, Time::from_secs(5)), Ok(None));
        input.extend_from_slice(b"f");
        assert_eq!(cry.receive(&mut input, Time::from_secs(6)), Ok(None));
        assert_eq!(cry.deadline(), Some(Time::from_secs(15)));
        let silent = Event::False(FalseAlarm::Silent(PATIENCE));
        assert_eq!(cry.handle_deadline(Time::from_secs(15)), Ok(Some(silent)));
        assert_eq!(cry.status(), Status::Closed);
    }

    #[test]
    fn a_hang_up_without_a_line_and_endless_noise_are_false_alarms() {
        let gone = Event::False(FalseAlarm::Gone);
        for (text, end, event) in
            [("", End::Clean, gone.clone()), ("wol", End::Cut, gone), ("wol", End::Clean, heard("wol"))]
        {
            let outcome = Cry::new(PATIENCE).receive_eof(&mut BytesMut::from(text), end, Time::ZERO);
            assert_eq!(outcome, Ok(Some(event)), "{text} {end:?}");
        }
        let mut noise = BytesMut::from(&[b'x'; LONGEST_CRY][..]);
        let noisy = Cry::new(PATIENCE).receive(&mut noise, Time::ZERO);
        assert_eq!(noisy, Ok(Some(Event::False(FalseAlarm::Noise))));
    }
}
