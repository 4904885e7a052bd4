//! Large things past the endpoint: a file into the stream, the stream into a file.
//!
//! The rule: in bounded pieces, each reported to the endpoint, so that its stall deadline knows of progress and whoever
//! else has a word to say is heard in between. What was counted stays counted when the other half fails.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;

use proto_core::{Endpoint, Wait, earliest};

use crate::stream::{Failure, Received};
use crate::{Connection, DriveError, Patience, Transport};

/// How much is received at once.
const PIECE: usize = 256 << 10;
/// How much is sent at once. The call doesn't wait and comes back when the socket is full, so that a large piece costs no
/// attention; with 256 KiB it costs 3 % more processor time.
const SEND_PIECE: usize = 1 << 20;
/// Less than this is not worth a buffer of its own.
const SMALL: u64 = 64 << 10;

/// A buffer for what goes straight from the stream to the sink.
fn room_for(payload: u64) -> Vec<u8> {
    let room = if payload > SMALL { PIECE } else { 0 };
    vec![0; room]
}

impl<E: Endpoint, T: Transport> Connection<E, T> {
    /// Fills the gap that [`Step::Gap`](crate::Step::Gap) told of, or its beginning, with `range` of `file`; what is
    /// queued before it goes first. Returns how much has left: less than the range if the session wants attention (the
    /// peer has said something, a deadline is due). Then [`next`](Connection::next) says what, and `Gap` again when it is
    /// time to go on.
    ///
    /// # Errors
    /// The file is shorter than promised, or can't be read: the stream is cut off, for the peer counts. The peer has
    /// gone: [`Io`](DriveError::Io), and [`Output::sent`](proto_core::Output::sent) knows how far it went.
    pub fn send_file(&mut self, file: &File, range: Range<u64>) -> Result<u64, DriveError<E::Error>> {
        self.flush()?;
        let mut at = range.start;
        loop {
            at += self.send_pieces(file, at..range.end)?;
            let filled = at >= range.end || self.drive.output().gap() == 0;
            let unread = self.drive.input().len();
            if filled || !self.await_room()? || self.drive.input().len() > unread {
                return Ok(at - range.start);
            }
            self.check_alive()?;
        }
    }

    /// The stream has failed while we waited: reading tells before writing does.
    fn check_alive(&mut self) -> Result<(), DriveError<E::Error>> {
        let Some(trouble) = self.trouble() else { return Ok(()) };
        let error = io::Error::from(trouble.kind());
        self.deaf = true;
        self.drive.unwritable();
        Err(error.into())
    }

    /// [`send_file`](Connection::send_file) without waiting: what fits now. For loops around
    /// [`turn`](Connection::turn), whose interest says when there is room again.
    ///
    /// # Errors
    /// As [`send_file`](Connection::send_file).
    pub fn try_send_file(&mut self, file: &File, range: Range<u64>) -> Result<u64, DriveError<E::Error>> {
        self.tick();
        if self.push()? {
            return Ok(0);
        }
        self.send_pieces(file, range)
    }

    /// Sends until there is no room.
    fn send_pieces(&mut self, file: &File, range: Range<u64>) -> Result<u64, DriveError<E::Error>> {
        let mut at = range.start;
        loop {
            let left = range.end.saturating_sub(at).min(self.drive.output().gap());
            if left == 0 || self.blocked {
                return Ok(at - range.start);
            }
            at += self.send_piece(file, at, left)?;
        }
    }

    /// Sends what fits now of the next piece, and reports it.
    fn send_piece(&mut self, file: &File, at: u64, left: u64) -> Result<u64, DriveError<E::Error>> {
        let most = usize::try_from(left).unwrap_or(SEND_PIECE).min(SEND_PIECE);
        match self.stream.send_file(file, at, most) {
            Ok(0) => {
                self.drive.abandon();
                let what = "the file is shorter than promised to the peer";
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, what).into())
            }
            Ok(n) => {
                self.blocked = n < most;
                self.drive.sent(n as u64, self.now);
                Ok(n as u64)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.blocked = true;
                Ok(0)
            }
            Err(error) => {
                self.deaf = true;
                self.drive.unwritable();
                Err(error.into())
            }
        }
    }

    /// Moves up to `left` bytes of the payload that the endpoint announces into `sink`: first what is buffered, then
    /// straight from the stream. Blocks, and sends what is unsent meanwhile. Returns how much has moved: less than asked
    /// for if the payload or the stream ends first, or the session wants attention; [`next`](Connection::next) says.
    ///
    /// # Errors
    /// The sink's, as [`Io`](DriveError::Io): what it was given counts as received. The connection can go on.
    pub fn receive_into(&mut self, sink: &mut dyn Write, left: u64) -> Result<u64, DriveError<E::Error>> {
        self.tick();
        let mut moved = self.take_buffered(sink, left)?;
        let mut room = room_for(self.drive.payload().min(left - moved));
        while self.awaits_payload(left - moved) {
            let deadline = self.drive.endpoint().deadline();
            let wait = Wait { read: true, write: self.push()?, shut: false, deadline };
            moved += self.receive_piece(sink, left - moved, &mut room, wait)?;
        }
        Ok(moved)
    }

    /// [`receive_into`](Connection::receive_into) without waiting: what is there now, a piece at most. For loops around
    /// [`turn`](Connection::turn).
    ///
    /// # Errors
    /// As [`receive_into`](Connection::receive_into).
    pub fn try_receive_into(&mut self, sink: &mut dyn Write, left: u64) -> Result<u64, DriveError<E::Error>> {
        self.tick();
        let moved = self.take_buffered(sink, left)?;
        if moved > 0 || !self.awaits_payload(left) {
            return Ok(moved);
        }
        self.receive(Patience::None)?;
        self.take_buffered(sink, left)
    }

    /// More is to come, and nothing else is due.
    fn awaits_payload(&mut self, left: u64) -> bool {
        let due = self.drive.endpoint().deadline().is_some_and(|at| at <= self.now);
        left > 0 && self.drive.payload() > 0 && self.end.is_none() && !due && !self.woken
    }

    /// Takes payload off the front of the input.
    fn take_buffered(&mut self, sink: &mut dyn Write, left: u64) -> Result<u64, DriveError<E::Error>> {
        let payload = self.drive.payload().min(left);
        let input = self.drive.input();
        let n = input.len().min(usize::try_from(payload).unwrap_or(usize::MAX));
        if n == 0 {
            return Ok(0);
        }
        let bytes = input.split_to(n);
        self.drive.payload_received(n as u64, self.now);
        sink.write_all(&bytes)?;
        Ok(n as u64)
    }

    fn receive_piece(
        &mut self,
        sink: &mut dyn Write,
        left: u64,
        room: &mut [u8],
        wait: Wait,
    ) -> Result<u64, DriveError<E::Error>> {
        let most = usize::try_from(left.min(self.drive.payload())).unwrap_or(PIECE).min(room.len());
        if most == 0 || wait.write || self.waker.is_some() {
            self.sleep(wait, self.limit)?;
            return self.take_buffered(sink, left);
        }
        let room = room.get_mut(..most).unwrap_or_default();
        let patience = self.patience(earliest(wait.deadline, self.limit));
        let Some(read) = self.stream.read_direct(room, patience) else {
            self.sleep(wait, self.limit)?;
            return self.take_buffered(sink, left);
        };
        self.tick();
        let n = match read {
            Ok((Received::End(end), _)) => {
                self.lose(end);
                0
            }
            Ok((_, n)) => n,
            Err(Failure::Io(error)) => {
                self.read_failed(error);
                0
            }
            #[cfg(feature = "tls")]
            Err(failure) => return Err(failure.into()),
        };
        self.drive.payload_received(n as u64, self.now);
        sink.write_all(room.get(..n).unwrap_or_default())?;
        Ok(n as u64)
    }
}
