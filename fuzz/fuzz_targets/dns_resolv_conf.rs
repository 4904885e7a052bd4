//! resolv.conf and hosts never fail; a stub resolver with such a configuration comes to an end with every question.

#![no_main]

use dns::client::{Config, Hosts};
use dns::proto_core::Time;
use dns::{Coordinator, Event, Input, RrType, Socket, StubResolver};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8], &str, Vec<Vec<u8>>)| {
    let (conf, hosts, typed, replies) = input;
    let config = Config::of_resolv_conf(conf);
    assert!((1..=dns::limits::STUB_SERVERS).contains(&config.servers.len()));
    assert!(config.search.len() <= dns::limits::STUB_SEARCH && config.ndots <= 15);
    let mut stub = StubResolver::new(config, Hosts::parse(hosts), [0; 32]);
    let mut now = Time::ZERO;
    let mut waiting = usize::from(stub.addresses(typed, now).is_ok());
    waiting += usize::from(stub.search(typed, RrType::MX, now).is_ok());
    let mut replies = replies.iter();
    for _ in 0..10_000 {
        while let Some(event) = stub.poll_event() {
            match event {
                Event::Done { .. } => waiting -= 1,
                Event::OpenTcp { id, .. } => stub.handle(Input::TcpOpened(id), now),
                _ => {}
            }
        }
        while let Some(transmit) = stub.poll_transmit(now) {
            let Some(reply) = replies.next() else { continue };
            // Under the right id, which a forger would have to guess.
            let (front, query) =
                transmit.bytes.split_at(if matches!(transmit.socket, Socket::Tcp(_)) { 2 } else { 0 });
            let mut bytes = reply.clone();
            if let (Some(id), Some(known)) = (bytes.get_mut(..2), query.get(..2)) {
                id.copy_from_slice(known);
            }
            match transmit.socket {
                Socket::FreshPort(port) => {
                    stub.handle(Input::Datagram { port, from: transmit.to, bytes: &bytes }, now)
                }
                Socket::Tcp(id) => {
                    let _ = front;
                    let len = u16::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
                    stub.handle(Input::TcpReceived { id, bytes: &[&len[..], &bytes].concat() }, now);
                    stub.handle(Input::TcpClosed(id), now);
                }
            }
        }
        match stub.deadline() {
            Some(due) => {
                now = now.max(due);
                stub.handle_deadline(now);
            }
            None => break,
        }
    }
    while let Some(event) = stub.poll_event() {
        waiting -= usize::from(matches!(event, Event::Done { .. }));
    }
    assert_eq!((waiting, stub.deadline()), (0, None));
});
