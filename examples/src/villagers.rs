//! The villagers: a server that gives up on those who cry for nothing.
//!
//! A client cries by connecting. If it then says what the matter is, in one line and within the villagers' patience,
//! it is answered with one line; if it stays silent, it was a false alarm. After some false alarms nobody comes any
//! more. The lesson is a timeout that belongs to a client, not to the server: waiting with nobody connected costs no
//! chance, and one silent client keeps no other waiting.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use net_core::DriveError;
use net_core::serve::{Config, Server};
use proto_core::{End, Endpoint, Output, Status, Time};

use crate::service::{Service, converse};

/// The longest cry that is listened to, in bytes.
pub const LONGEST_CRY: usize = 1024;

/// How patient the villagers are, and how many they are.
#[derive(Clone, Debug)]
pub struct Village {
    /// How long a client may take to say what the matter is.
    pub patience: Duration,
    /// After so many false alarms nobody comes any more.
    pub chances: u32,
    /// Clients heard side by side, and how many of them from one address.
    pub connections: usize,
    /// Clients from one IPv4 address or IPv6 /64, if that is limited.
    pub per_address: Option<usize>,
}

impl Default for Village {
    fn default() -> Self {
        Village { patience: Duration::from_secs(10), chances: 3, connections: 1024, per_address: None }
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

/// Listens at `address` until the last chance is gone, and reports what becomes of each cry.
///
/// # Errors
/// The address can't be listened at.
pub fn serve(
    address: SocketAddr,
    village: Village,
    tell: impl Fn(SocketAddr, News) + Send + Sync + 'static,
) -> io::Result<Service> {
    let Village { patience, chances, connections, per_address } = village;
    let server =
        Server::bind(Config { connections, workers: connections, per_address, ..Config::at(address) })?;
    let handle = server.handle();
    let false_alarms = AtomicU32::new(0);
    Service::of("tcp", server, move |tcp, peer, shutdown| {
        let told = converse(tcp, Cry::new(patience), shutdown, |cry| tell(peer.addr, News::True(cry)));
        let Err(DriveError::Protocol(alarm)) = told else { return };
        let count = false_alarms.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        if count <= chances {
            tell(peer.addr, News::False(alarm, count));
        }
        if count == chances {
            tell(peer.addr, News::NobodyComes);
            handle.shutdown(LAST_WORDS);
        }
    })
}

/// How long those who were heard have to take their answer once nobody comes any more.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The villagers' end of one cry. Its only event is the line that made it a true one.
#[derive(Debug)]
pub struct Cry {
    output: Output,
    patience: Duration,
    deadline: Option<Time>,
    status: Status,
    fault: Option<FalseAlarm>,
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

impl std::error::Error for FalseAlarm {}

impl Cry {
    /// A client has connected; it has `patience` to say why.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        let (output, status) = (Output::new(), Status::Open);
        Cry { output, patience, deadline: None, status, fault: None }
    }

    fn in_vain(&mut self, fault: FalseAlarm) -> FalseAlarm {
        (self.fault, self.deadline) = (Some(fault), None);
        fault
    }

    fn come(&mut self, mut line: BytesMut) -> Bytes {
        let text = line.trim_ascii_end().len();
        line.truncate(text);
        self.output.put(b"We are coming!\n");
        (self.status, self.deadline) = (Status::Finishing, None);
        line.freeze()
    }
}

impl Endpoint for Cry {
    type Event = Bytes;
    type Error = FalseAlarm;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Bytes>, FalseAlarm> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.status != Status::Open {
            return Ok(None);
        }
        self.deadline.get_or_insert(now + self.patience);
        let heard = input.get(..LONGEST_CRY.min(input.len())).unwrap_or_default();
        match heard.iter().position(|&byte| byte == b'\n') {
            Some(end) => Ok(Some(self.come(input.split_to(end + 1)))),
            None if input.len() < LONGEST_CRY => Ok(None),
            None => Err(self.in_vain(FalseAlarm::Noise)),
        }
    }

    fn receive_eof(
        &mut self,
        input: &mut BytesMut,
        _end: End,
        now: Time,
    ) -> Result<Option<Bytes>, FalseAlarm> {
        match self.receive(input, now)? {
            None if self.status == Status::Open => Err(self.in_vain(FalseAlarm::Gone)),
            cry => Ok(cry),
        }
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn handle_deadline(&mut self, _now: Time) -> Result<Option<Bytes>, FalseAlarm> {
        Err(self.in_vain(FalseAlarm::Silent(self.patience)))
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

    #[test]
    fn a_line_makes_a_cry_true_and_is_answered_with_one_line() {
        let (mut cry, mut input) = (Cry::new(PATIENCE), BytesMut::from("wolf!\r\nwolf!\n"));
        assert_eq!(cry.receive(&mut input, Time::ZERO), Ok(Some(Bytes::from("wolf!"))));
        assert_eq!(cry.receive(&mut input, Time::ZERO), Ok(None));
        assert_eq!((cry.status(), cry.deadline()), (Status::Finishing, None));
        assert_eq!(cry.output.slices().collect::<Vec<_>>().concat(), b"We are coming!\n");
    }

    #[test]
    fn silence_half_a_line_and_a_hang_up_are_false_alarms() {
        let mut cry = Cry::new(PATIENCE);
        let mut input = BytesMut::from("wol");
        assert_eq!(cry.receive(&mut input, Time::from_secs(5)), Ok(None));
        assert_eq!(cry.deadline(), Some(Time::from_secs(15)));
        assert_eq!(cry.handle_deadline(Time::from_secs(15)), Err(FalseAlarm::Silent(PATIENCE)));

        let end =
            |text: &str, end| Cry::new(PATIENCE).receive_eof(&mut BytesMut::from(text), end, Time::ZERO);
        assert_eq!(end("", End::Clean), Err(FalseAlarm::Gone));
        assert_eq!(end("wol", End::Cut), Err(FalseAlarm::Gone));
        assert_eq!(end("wol", End::Clean), Ok(Some("wol".into())));

        let mut cry = Cry::new(PATIENCE);
        let mut noise = BytesMut::from(&[b'x'; LONGEST_CRY][..]);
        assert_eq!(cry.receive(&mut noise, Time::ZERO), Err(FalseAlarm::Noise));
    }
}
