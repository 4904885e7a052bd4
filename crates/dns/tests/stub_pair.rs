//! The stub resolver's stream against the server's end of one, and an authority behind it: in memory, in virtual time, in
//! random pieces. Never stuck, never of two minds.

mod zones;

use bytes::BytesMut;
use dns::authority::{Authority, ClientCtx, Verdict};
use dns::client::{Config, Hosts, Transport};
use dns::proto_core::{Endpoint as _, Time};
use dns::server::{self, Server};
use dns::{Coordinator, Event, Input, Question, ResolveError, RrType, Socket, StubResolver, TcpId};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const ZONE: &str = "$TTL 60
@ SOA ns host 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
www A 192.0.2.80
alias CNAME www
$GENERATE 1-99 big TXT \"record $\"
";

fn authority() -> Authority {
    let mut authority = Authority::new();
    authority.add(Arc::new(zones::read("example.org", ZONE).unwrap()));
    authority
}

/// A stream as it is between the two: what has been written on either side and not been read.
struct Line {
    server: Server,
    /// What the server has been given.
    input: BytesMut,
    to_server: BytesMut,
    to_client: BytesMut,
}

/// Asks all of it over streams that are cut as `cuts` says; what is found, in the order of the questions.
fn ask(questions: &[(&str, RrType)], cuts: &[usize]) -> Vec<Result<usize, ResolveError>> {
    let authority = authority();
    let config =
        Config { transport: Transport::Tcp, ..Config::with_servers(["192.0.2.1:53".parse().unwrap()]) };
    let mut stub = StubResolver::new(config, Hosts::default(), [9; 32]);
    let mut now = Time::ZERO;
    let tickets: Vec<_> = questions
        .iter()
        .map(|(name, rtype)| stub.resolve(Question::new(name.parse().unwrap(), *rtype), now))
        .collect();
    let (mut lines, mut done) = (BTreeMap::<TcpId, Line>::new(), BTreeMap::new());
    let mut cuts = cuts.iter().copied().cycle();
    for _ in 0..100_000 {
        while let Some(event) = stub.poll_event() {
            match event {
                Event::Done { ticket, answer } => {
                    done.insert(ticket, answer.map(|answer| answer.records.len()));
                }
                Event::OpenTcp { id, .. } => {
                    let server = Server::new(server::Limits::DEFAULT);
                    lines.insert(
                        id,
                        Line {
                            server,
                            input: BytesMut::new(),
                            to_server: BytesMut::new(),
                            to_client: BytesMut::new(),
                        },
                    );
                    stub.handle(Input::TcpOpened(id), now);
                }
                Event::CloseTcp(id) => drop(lines.remove(&id)),
                _ => {}
            }
        }
        if done.len() == questions.len() {
            return tickets.iter().map(|ticket| done[ticket]).collect();
        }
        while let Some(transmit) = stub.poll_transmit(now) {
            let Socket::Tcp(id) = transmit.socket else { panic!("a datagram") };
            lines.get_mut(&id).unwrap().to_server.extend_from_slice(&transmit.bytes);
        }
        let ids: Vec<_> = lines.keys().copied().collect();
        for id in ids {
            let line = lines.get_mut(&id).unwrap();
            line.step(&authority, cuts.next().unwrap(), now);
            let cut = cuts.next().unwrap().min(line.to_client.len());
            let piece = line.to_client.split_to(cut);
            stub.handle(Input::TcpReceived { id, bytes: &piece }, now);
        }
        now = now + Duration::from_micros(1);
    }
    panic!("stuck: {done:?}");
}

impl Line {
    /// The server reads a piece, answers what is whole, and writes.
    fn step(&mut self, authority: &Authority, cut: usize, now: Time) {
        self.input.extend_from_slice(&self.to_server.split_to(cut.min(self.to_server.len())));
        while let Some(event) = self.server.receive(&mut self.input, now).unwrap() {
            let server::Event::Query { id, bytes, .. } = event else { continue };
            let mut out = vec![0; 65_535];
            let ctx = ClientCtx::stream([192, 0, 2, 7].into(), 4711);
            if let Verdict::Reply(len) = authority.answer(&bytes, &ctx, &mut out) {
                self.server.reply(id, &out[..len]).unwrap();
            }
        }
        let written: Vec<u8> = self.server.output().slices().flatten().copied().collect();
        self.to_client.extend_from_slice(&written);
        self.server.sent(written.len() as u64, now);
    }
}

const QUESTIONS: &[(&str, RrType)] = &[
    ("www.example.org", RrType::A),
    ("alias.example.org", RrType::A),
    ("big.example.org", RrType::TXT),
    ("www.example.org", RrType::MX),
    ("none.example.org", RrType::A),
    ("elsewhere.test", RrType::A),
];

#[test]
fn every_answer_arrives() {
    let found = ask(QUESTIONS, &[usize::MAX]);
    use ResolveError::{NoData, NxDomain, Refused};
    assert_eq!(found, [Ok(1), Ok(2), Ok(99), Err(NoData), Err(NxDomain), Err(Refused)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn however_the_streams_are_cut(cuts in proptest::collection::vec(1_usize..400, 1..20)) {
        prop_assert_eq!(ask(QUESTIONS, &cuts), ask(QUESTIONS, &[usize::MAX]));
    }
}
