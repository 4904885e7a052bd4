//! A client and the stream server talk in virtual time over a wire that cuts bytes anyhow: queries ahead of their
//! answers, answers in any order and of many messages, and never are they stuck, never do they disagree.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use dns::proto_core::{End, Endpoint, Output, Status, Time};
use dns::server::{Event, Limits, QueryId, Server, TooShort};
use net_sim::{Happening, Pair, Random};

/// A client that says all it has to say at once and leaves when everything is answered.
#[derive(Debug, Default)]
struct Client {
    output: Output,
    /// For each id: how many messages have come, of how many.
    answers: BTreeMap<u16, (u8, u8)>,
    ended: bool,
}

impl Client {
    /// A query with this id that wants so many messages, the last of which ends the conversation.
    fn ask(&mut self, id: u16, messages: u8, last: bool, padding: usize) {
        let mut message = vec![0; 12 + padding];
        message[..2].copy_from_slice(&id.to_be_bytes());
        (message[2], message[3]) = (messages, u8::from(last));
        self.output.put(&u16::try_from(message.len()).unwrap().to_be_bytes());
        self.output.put(&message);
        self.answers.insert(id, (0, messages));
    }
}

impl Endpoint for Client {
    type Event = ();
    type Error = TooShort;

    fn receive(&mut self, input: &mut BytesMut, _: Time) -> Result<Option<()>, TooShort> {
        let Some(len) = input.first_chunk().map(|len| usize::from(u16::from_be_bytes(*len))) else {
            return Ok(None);
        };
        if input.len() < 2 + len {
            return Ok(None);
        }
        input.advance(2);
        let message = input.split_to(len);
        let (seen, _) = self.answers.get_mut(&u16::from_be_bytes([message[0], message[1]])).unwrap();
        assert_eq!(message[2], *seen, "in order");
        *seen += 1;
        self.ended = self.answers.values().all(|(seen, wanted)| seen == wanted);
        Ok(Some(()))
    }

    fn receive_eof(&mut self, input: &mut BytesMut, _: End, now: Time) -> Result<Option<()>, TooShort> {
        let event = self.receive(input, now)?;
        self.ended |= event.is_none();
        Ok(event)
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn handle_deadline(&mut self, _: Time) -> Result<Option<()>, TooShort> {
        Ok(None)
    }

    fn status(&self) -> Status {
        if self.ended { Status::Finishing } else { Status::Open }
    }
}

/// Answers in any order, as `random` wants it.
struct Answerer {
    random: Random,
    held: Vec<(QueryId, Bytes)>,
    /// Answers under way: how many messages were said.
    streams: BTreeMap<QueryId, (Bytes, u8)>,
}

impl Answerer {
    fn answer(&mut self, server: &mut Server) {
        let at = self.random.index(self.held.len());
        let (id, query) = self.held.swap_remove(at);
        self.streams.insert(id, (query, 0));
        self.go_on(server, id);
    }

    /// The next message of an answer.
    fn go_on(&mut self, server: &mut Server, id: QueryId) {
        let (query, said) = self.streams.get_mut(&id).unwrap();
        let mut message = vec![0; 12 + self.random.index(500)];
        message[..2].copy_from_slice(&query[..2]);
        message[2] = *said;
        *said += 1;
        if *said == query[2] {
            server.reply(id, &message).unwrap();
            self.streams.remove(&id);
        } else {
            server.reply_more(id, &message).unwrap();
        }
    }

    fn hear(&mut self, server: &mut Server, happening: Happening<Server>) {
        match happening {
            Happening::Event(Event::Query { id, bytes, tls }) => {
                assert!(!tls);
                let last = bytes[3] == 1;
                self.held.push((id, bytes));
                while !self.held.is_empty() && (last || self.random.below(3) == 0) {
                    self.answer(server);
                }
            }
            Happening::Event(Event::Room { id }) => self.go_on(server, id),
            Happening::Paused => {
                while !self.held.is_empty() {
                    self.answer(server);
                }
            }
            Happening::Fault(fault) => panic!("{fault:?}"),
            _ => {}
        }
    }
}

#[test]
fn every_query_gets_its_answer_however_the_bytes_travel() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let mut client = Client::default();
        let count = 1 + random.index(60);
        for n in 0..count {
            let messages = if random.below(10) == 0 { 20 } else { 1 };
            let padding = random.index(200);
            client.ask(u16::try_from(n).unwrap(), messages, n + 1 == count, padding);
        }
        // What is lost comes late; that is not the client's fault here.
        let patience = Duration::from_secs(3600);
        let pipelined = 1 + random.index(40);
        let limits = Limits { pipelined, ahead: 2000, idle: patience, stall: patience };
        let mut answerer = Answerer { random, held: Vec::new(), streams: BTreeMap::new() };
        let outcome = Pair::new(client, Server::new(limits)).hard(seed).run(
            |_, happening| assert!(!matches!(happening, Happening::Fault(_))),
            |server, happening| answerer.hear(server, happening),
        );
        assert!(outcome.is_over(), "seed {seed}: stuck");
        let missing = outcome.client.answers.values().filter(|(seen, wanted)| seen != wanted).count();
        assert_eq!(missing, 0, "seed {seed}");
        assert_eq!(outcome.server.waiting(), 0, "seed {seed}");
    }
}

#[test]
fn the_same_seed_is_the_same_conversation() {
    let run = || {
        let mut client = Client::default();
        (0..20).for_each(|id| client.ask(id, 3, id == 19, 50));
        let mut answerer = Answerer { random: Random::new(7), held: Vec::new(), streams: BTreeMap::new() };
        let pair = Pair::new(client, Server::new(Limits::DEFAULT)).hard(7);
        pair.run(|_, _| {}, |server, happening| answerer.hear(server, happening)).digest
    };
    assert_eq!(run(), run());
}

#[test]
fn a_silent_client_is_shown_out_in_time() {
    let outcome = Pair::new(Client::default(), Server::new(Limits::DEFAULT)).run(|_, _| {}, |_, _| {});
    assert!(outcome.is_over());
    assert!(outcome.at >= Time::from_secs(10) && outcome.at < Time::from_secs(20), "{:?}", outcome.at);
}
