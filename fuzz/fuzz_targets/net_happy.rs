//! The race of Happy Eyeballs: never an attempt too many, never one twice, always an end, whatever happens and when.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use net_core::Family;
use net_core::happy::{Candidate, Config, Input, Machine, Order, Output, Source};
use proto_core::Time;

#[derive(Arbitrary, Debug)]
enum Happens {
    Found(Vec<(IpAddr, Option<Option<IpAddr>>)>),
    NoMore(bool),
    Connected(u8),
    Failed(u8),
    Passes(u32),
}

#[derive(Arbitrary, Debug)]
struct Script {
    resolution_delay: u16,
    attempt_delay: u16,
    first_family_count: u8,
    attempts: u8,
    sorted: bool,
    steps: Vec<Happens>,
}

fn candidate((ip, source): (IpAddr, Option<Option<IpAddr>>)) -> Candidate {
    let source = match source {
        None => Source::Unknown,
        Some(None) => Source::Unreachable,
        Some(Some(ip)) => Source::From(ip),
    };
    Candidate { addr: SocketAddr::new(ip, 80), source }
}

fn family(v4: bool) -> Family {
    let ip: IpAddr = if v4 { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    Family::of_ip(ip)
}

fuzz_target!(|script: Script| {
    let attempts = usize::from(script.attempts).max(1);
    let mut machine = Machine::new(Config {
        resolution_delay: Duration::from_millis(script.resolution_delay.into()),
        attempt_delay: Duration::from_millis(script.attempt_delay.into()),
        first_family_count: script.first_family_count.into(),
        attempts,
        order: if script.sorted { Order::Sorted } else { Order::AsGiven },
    });
    let (mut now, mut tried, mut open) = (Time::ZERO, Vec::new(), Vec::new());
    let end = [Happens::NoMore(true), Happens::NoMore(false)];
    for step in script.steps.into_iter().chain(end) {
        let input = match step {
            Happens::Found(all) => Input::Found(all.into_iter().map(candidate).collect()),
            Happens::NoMore(v4) => Input::NoMore(family(v4)),
            Happens::Connected(id) => Input::Connected(id.into()),
            Happens::Failed(id) => Input::Failed(id.into()),
            Happens::Passes(ms) => {
                now = now + Duration::from_millis(ms.into());
                Input::Tick
            }
        };
        if let Input::Connected(id) | Input::Failed(id) = input {
            open.retain(|&other| other != id);
        }
        let mut output = machine.process(input, now);
        while let Output::Attempt { .. } | Output::Cancel(_) = output {
            match output {
                Output::Attempt { id, addr } => {
                    assert_eq!(id, tried.len());
                    assert!(!tried.contains(&addr));
                    tried.push(addr);
                    open.push(id);
                }
                Output::Cancel(id) => {
                    assert!(open.contains(&id));
                    open.retain(|&other| other != id);
                }
                _ => {}
            }
            assert!(tried.len() <= attempts);
            output = machine.process(Input::Tick, now);
        }
        assert_eq!(machine.in_flight(), open.len());
        match output {
            Output::Wait(at) => assert!(at > now),
            _ => assert!(open.is_empty()),
        }
    }
    // Everything fails from now on: an end comes.
    let mut input = Input::Tick;
    for _ in 0..4 * attempts {
        input = match machine.process(input, now) {
            Output::Attempt { id, .. } => Input::Failed(id),
            Output::Cancel(_) => Input::Tick,
            Output::Wait(_) => {
                now = now + Duration::from_secs(2);
                open.pop().map_or(Input::Tick, Input::Failed)
            }
            Output::Won(_) | Output::Failed => return,
        };
    }
    panic!("it never ends");
});
