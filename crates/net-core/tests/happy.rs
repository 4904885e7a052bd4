//! RFC 8305 sections 3 to 5, as tables in virtual time.
//!
//! A line of a table is a moment in milliseconds, what happens then, and what the machine says until it waits. Names:
//! `6a` to `6z` and `4a` to `4z` are addresses; `+6a` is found, `-6` says that no more IPv6 addresses come, `=0` that
//! attempt 0 connected, `!0` that it failed, `.` is nothing but the time. Answers: `>6a` attempt, `x0` cancel, `@300`
//! wait until then, `@` wait for whatever comes, `won0`, `failed`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use net_core::Family;
use net_core::happy::{Candidate, Config, Input, Machine, Output};
use proptest::prelude::*;
use proto_core::Time;

fn addr(name: &str) -> SocketAddr {
    let [family, letter] = name.as_bytes() else { panic!("{name}") };
    let last = letter - b'a' + 1;
    let ip: IpAddr = match family {
        b'4' => Ipv4Addr::new(192, 0, 2, last).into(),
        _ => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).into(),
    };
    SocketAddr::new(ip, 80)
}

fn name(addr: SocketAddr) -> String {
    let last = match addr.ip() {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(ip) => ip.octets()[15],
    };
    format!("{}{}", if addr.is_ipv4() { 4 } else { 6 }, char::from(b'a' + last - 1))
}

fn input(word: &str) -> Input {
    let (kind, rest) = word.split_at(1);
    match kind {
        "+" => Input::Found(rest.split(',').map(|name| Candidate::new(addr(name))).collect()),
        "-" => Input::NoMore(if rest == "4" { Family::V4 } else { Family::V6 }),
        "=" => Input::Connected(rest.parse().unwrap()),
        "!" => Input::Failed(rest.parse().unwrap()),
        _ => Input::Tick,
    }
}

fn say(output: Output) -> String {
    match output {
        Output::Attempt { addr, .. } => format!(">{}", name(addr)),
        Output::Cancel(id) => format!("x{id}"),
        Output::Wait(Time::MAX) => "@".into(),
        Output::Wait(at) => format!("@{}", at.as_nanos() / 1_000_000),
        Output::Won(id) => format!("won{id}"),
        Output::Failed => "failed".into(),
    }
}

fn is_pause(output: &Output) -> bool {
    matches!(output, Output::Wait(_) | Output::Won(_) | Output::Failed)
}

fn run(config: Config, table: &[(u64, &str, &str)]) {
    let mut machine = Machine::new(config);
    for &(at, happens, expected) in table {
        let now = Time::from_millis(at);
        let mut said = Vec::new();
        for word in happens.split(' ') {
            let mut output = machine.process(input(word), now);
            // What it says between two things that happen at once doesn't count, unless it acts.
            said.retain(|word: &String| !word.starts_with('@'));
            while !is_pause(&output) {
                said.push(say(output));
                output = machine.process(Input::Tick, now);
            }
            said.push(say(output));
        }
        assert_eq!(said.join(" "), expected, "at {at} ms, {happens}");
    }
}

#[test]
fn section_3_ipv6_answers_are_not_kept_waiting() {
    run(
        Config::default(),
        &[(0, "+6a", ">6a @"), (10, "+4a", "@250"), (250, ".", ">4a @"), (260, "=1", "x0 won1")],
    );
}

#[test]
fn section_3_ipv4_waits_50_ms_for_ipv6() {
    run(
        Config::default(),
        &[
            (7, "+4a -4", "@57"),
            (40, "+6a -6", ">6a @290"), // in time: preferred
            (290, ".", ">4a @"),
        ],
    );
    run(
        Config::default(),
        &[
            (7, "+4a -4", "@57"),
            (57, ".", ">4a @"),
            (60, "+6a -6", "@307"), // late: merged
            (307, ".", ">6a @"),
        ],
    );
}

#[test]
fn section_3_a_negative_answer_ends_the_wait() {
    run(Config::default(), &[(0, "+4a -4", "@50"), (5, "-6", ">4a @"), (9, "=0", "won0")]);
    run(Config::default(), &[(0, "-6", "@"), (5, "+4a", ">4a @")]);
    run(Config::default(), &[(0, "-6 -4", "failed")]);
}

#[test]
fn section_4_families_are_interleaved() {
    let both = "+6a,6b,6c,4a,4b -6 -4";
    run(
        Config::default(),
        &[
            (0, both, ">6a @250"),
            (250, ".", ">4a @500"),
            (500, ".", ">6b @750"),
            (750, ".", ">4b @1000"),
            (1000, ".", ">6c @"),
        ],
    );
    let config = Config { first_family_count: 2, ..Config::default() };
    run(
        config,
        &[
            (0, both, ">6a @250"),
            (250, ".", ">6b @500"),
            (500, ".", ">4a @750"),
            (750, ".", ">6c @1000"),
            (1000, ".", ">4b @"),
        ],
    );
}

#[test]
fn section_4_a_late_family_takes_the_next_turn() {
    run(
        Config::default(),
        &[
            (0, "+6a,6b,6c -6", ">6a @250"),
            (250, ".", ">6b @500"),
            (300, "+4a,4b -4", "@500"),
            (500, ".", ">4a @750"),
            (750, ".", ">6c @1000"),
            (1000, ".", ">4b @"),
        ],
    );
}

#[test]
fn section_5_the_first_to_connect_wins_and_the_others_are_cancelled() {
    run(
        Config::default(),
        &[
            (0, "+6a,4a,6b -6 -4", ">6a @250"),
            (250, ".", ">4a @500"),
            (500, ".", ">6b @"),
            (510, "=1", "x2 x0 won1"),
            (511, "=0", "won1"), // too late
            (512, "+4b", "won1"),
        ],
    );
}

#[test]
fn section_5_a_failure_lets_the_next_begin_at_once() {
    run(
        Config::default(),
        &[
            (0, "+6a,4a,6b,4b -6 -4", ">6a @250"),
            (3, "!0", ">4a @253"),
            (253, ".", ">6b @503"),
            (260, "!1", "@503"), // not the youngest: that one keeps its time
            (270, "!2", ">4b @"),
            (280, "!3", "failed"),
        ],
    );
}

#[test]
fn section_5_late_answers_revive_a_race_that_had_run_dry() {
    run(
        Config::default(),
        &[(0, "+6a -6", ">6a @"), (9, "!0", "@"), (90, "+4a -4", ">4a @"), (95, "!1", "failed")],
    );
}

#[test]
fn section_5_the_attempt_delay_is_kept_within_its_bounds() {
    for (asked, used) in [(0, 10), (10, 10), (100, 100), (2000, 2000), (60_000, 2000)] {
        let config = Config { attempt_delay: Duration::from_millis(asked), ..Config::default() };
        run(config, &[(0, "+6a,4a", &format!(">6a @{used}")), (used, ".", ">4a @")]);
    }
}

#[test]
fn an_address_found_twice_is_tried_once() {
    run(Config::default(), &[(0, "+6a,6a -6", ">6a @"), (1, "+6a -4", "@"), (2, "!0", "failed")]);
}

#[test]
fn what_does_not_belong_is_ignored() {
    run(Config::default(), &[(0, "=0 !7", "@"), (1, "+6a", ">6a @"), (2, "=9 !9", "@"), (3, "!0 =0", "@")]);
}

#[test]
fn of_500_addresses_16_are_tried() {
    let many = (0..500_u32).map(|n| Candidate::new((Ipv4Addr::from_bits(0x0a00_0000 + n), 80).into()));
    let mut machine = Machine::new(Config::default());
    machine.process(Input::Found(many.collect()), Time::ZERO);
    let mut attempts = 0;
    let mut output = machine.process(Input::NoMore(Family::V6), Time::ZERO);
    while let Output::Attempt { id, .. } = output {
        attempts += 1;
        output = machine.process(Input::Failed(id), Time::ZERO);
    }
    assert_eq!((attempts, output), (16, Output::Failed));
}

/// A machine left alone with a number of addresses, of which none answers, and all the time in the world.
fn order_of_attempts(answers: &[Vec<&'static str>]) -> Vec<String> {
    let mut machine = Machine::new(Config::default());
    let mut now = Time::ZERO;
    for answer in answers {
        let found = answer.iter().map(|name| Candidate::new(addr(name))).collect();
        assert!(
            is_pause(&machine.process(Input::Found(found), now)),
            "nothing begins before the AAAA answer"
        );
    }
    let mut order = Vec::new();
    let mut output = machine.process(Input::NoMore(Family::V6), now);
    loop {
        match output {
            Output::Attempt { addr, .. } => order.push(name(addr)),
            Output::Wait(Time::MAX) => return order,
            Output::Wait(at) => now = at,
            _ => panic!("{output:?}"),
        }
        output = machine.process(Input::Tick, now);
    }
}

#[test]
fn the_order_is_the_same_however_answers_are_cut() {
    let whole = order_of_attempts(&[vec!["4a", "4b", "4c"]]);
    assert_eq!(whole, ["4a", "4b", "4c"]);
    assert_eq!(order_of_attempts(&[vec!["4a"], vec!["4b", "4c"]]), whole);
    assert_eq!(order_of_attempts(&[vec!["4a", "4b"], vec!["4b"], vec!["4c"]]), whole);
}

#[derive(Clone, Debug)]
enum Happens {
    Found(bool, u8),
    NoMore(bool),
    Connected(usize),
    Failed(usize),
    Passes(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (any::<bool>(), 0..26_u8).prop_map(|(v4, n)| Happens::Found(v4, n)),
        1 => any::<bool>().prop_map(Happens::NoMore),
        1 => (0..20_usize).prop_map(Happens::Connected),
        4 => (0..20_usize).prop_map(Happens::Failed),
        4 => (0..400_u64).prop_map(Happens::Passes),
    ]
}

fn as_input(happens: &Happens, now: &mut Time) -> Input {
    let letter = |n: u8| char::from(b'a' + n);
    match *happens {
        Happens::Found(v4, n) => {
            Input::Found(vec![Candidate::new(addr(&format!("{}{}", if v4 { 4 } else { 6 }, letter(n))))])
        }
        Happens::NoMore(v4) => Input::NoMore(if v4 { Family::V4 } else { Family::V6 }),
        Happens::Connected(id) => Input::Connected(id),
        Happens::Failed(id) => Input::Failed(id),
        Happens::Passes(ms) => {
            *now = *now + Duration::from_millis(ms);
            Input::Tick
        }
    }
}

proptest! {
    /// Never more attempts than allowed, never one twice, always an end.
    #[test]
    fn the_race_stays_within_its_limits(script in proptest::collection::vec(happens(), 0..80)) {
        let mut machine = Machine::new(Config { attempts: 5, ..Config::default() });
        let (mut now, mut tried, mut open) = (Time::ZERO, Vec::new(), Vec::new());
        let ends = [Happens::NoMore(true), Happens::NoMore(false)];
        let all_fail = (0..5).map(Happens::Failed).cycle().take(60);
        for step in script.into_iter().chain(ends).chain(all_fail) {
            let told = as_input(&step, &mut now);
            if let Input::Failed(id) | Input::Connected(id) = told {
                open.retain(|&other| other != id);
            }
            let mut output = machine.process(told, now);
            while !is_pause(&output) {
                match output {
                    Output::Attempt { id, addr } => {
                        prop_assert_eq!(id, tried.len());
                        prop_assert!(!tried.contains(&addr));
                        tried.push(addr);
                        open.push(id);
                    }
                    Output::Cancel(id) => {
                        prop_assert!(open.contains(&id), "cancelled what was not open");
                        open.retain(|&other| other != id);
                    }
                    _ => {}
                }
                prop_assert!(tried.len() <= 5 && machine.in_flight() <= 5);
                output = machine.process(Input::Tick, now);
            }
            match output {
                Output::Wait(at) => prop_assert!(at > now, "a wait that is over already"),
                _ => prop_assert!(open.is_empty(), "an end that leaves attempts open"),
            }
        }
        let end = machine.process(Input::Tick, now);
        prop_assert!(matches!(end, Output::Won(_) | Output::Failed), "{:?}", end);
    }
}
