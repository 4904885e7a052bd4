//! The load: many connections from one thread, each with so many requests under way.
//!
//! The rule: the generator must cost less than what it measures. It learns once how long an answer is, checks that first
//! one, and from then on counts bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::child::{CONTENT, Failure, PAGE};

/// One request, as every server gets it.
pub(crate) fn request() -> Vec<u8> {
    format!("GET /{PAGE} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\n\r\n").into_bytes()
}

/// Connections, with what is under way on each.
pub(crate) struct Load {
    poll: Poll,
    events: Events,
    lines: Vec<Line>,
    /// How long an answer is.
    answer: usize,
    depth: usize,
    requests: Vec<u8>,
    room: Vec<u8>,
}

struct Line {
    stream: TcpStream,
    /// Bytes of answers still to come.
    due: usize,
}

impl Load {
    /// Connects, after a first request has shown what answers look like.
    pub(crate) fn connect(address: SocketAddr, connections: usize, depth: usize) -> Result<Self, Failure> {
        let answer = length_of_answer(address)?;
        let poll = Poll::new()?;
        let mut lines = Vec::new();
        for number in 0..connections {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
            lines.push(Line { stream, due: 0 });
        }
        let requests = request().repeat(depth);
        let room = vec![0; 64 << 10];
        Ok(Load { poll, events: Events::with_capacity(1024), lines, answer, depth, requests, room })
    }

    /// Keeps all connections busy for so long. How many answers came, and how long it really took.
    pub(crate) fn run(&mut self, time: Duration) -> Result<(u64, Duration), Failure> {
        let start = Instant::now();
        for line in &mut self.lines {
            line.ask(&self.requests, self.answer * self.depth)?;
        }
        let mut answers = 0;
        while start.elapsed() < time {
            answers += self.turn(true)?;
        }
        let took = start.elapsed();
        // What is under way comes in, so that the next run begins with nothing.
        while self.lines.iter().any(|line| line.due > 0) {
            self.turn(false)?;
        }
        Ok((answers, took))
    }

    fn turn(&mut self, more: bool) -> Result<u64, Failure> {
        self.poll.poll(&mut self.events, Some(Duration::from_secs(10)))?;
        if self.events.is_empty() {
            return Err("no answer within 10 s".into());
        }
        let mut answers = 0;
        for event in &self.events {
            let Some(line) = self.lines.get_mut(event.token().0) else { continue };
            // What was read already may be reported once more.
            if line.due == 0 {
                continue;
            }
            line.read(&mut self.room)?;
            if line.due == 0 {
                answers += self.depth as u64;
                if more {
                    line.ask(&self.requests, self.answer * self.depth)?;
                }
            }
        }
        Ok(answers)
    }
}

impl Line {
    fn ask(&mut self, requests: &[u8], due: usize) -> Result<(), Failure> {
        self.due = due;
        // They are few enough to fit.
        Ok(self.stream.write_all(requests)?)
    }

    fn read(&mut self, room: &mut [u8]) -> Result<(), Failure> {
        while self.due > 0 {
            match self.stream.read(room) {
                Ok(0) => return Err("the server hung up".into()),
                Ok(n) => self.due = self.due.checked_sub(n).ok_or("more came than was asked for")?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Asks once, and looks at the answer.
fn length_of_answer(address: SocketAddr) -> Result<usize, Failure> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(&request())?;
    let mut answer = Vec::new();
    let mut room = [0; 4096];
    while !answer.ends_with(&CONTENT) {
        match stream.read(&mut room)? {
            0 => return Err("the first answer is cut short".into()),
            n => answer.extend_from_slice(&room[..n]),
        }
    }
    if !answer.starts_with(b"HTTP/1.1 200") {
        return Err("the first answer is no 200".into());
    }
    Ok(answer.len())
}
