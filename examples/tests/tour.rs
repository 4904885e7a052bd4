//! The tour, as its audience starts it: every act does what it claims, and what it leaves running can be used.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use examples::program::{Program, output};

/// Nothing here takes as long.
const LONG: Duration = Duration::from_secs(60);

fn tour(args: &[&str]) -> (Option<i32>, String) {
    let ended = output("tour", args, b"").unwrap();
    let printed = String::from_utf8(ended.stdout).unwrap();
    let failed = String::from_utf8(ended.stderr).unwrap();
    (ended.status.code(), printed + &failed)
}

#[test]
fn every_act_does_what_it_claims() {
    let (code, printed) = tour(&[]);
    assert_eq!(code, Some(0), "{printed}");
    let (_, table) = printed.split_once("=== what was checked").expect("a last table");
    for act in acts() {
        assert!(printed.contains(&format!(". {act}: ")), "{act} has its heading");
        assert!(
            table.lines().any(|line| line.starts_with(&act) && line.contains(" ok ")),
            "{act} was checked"
        );
    }
    for side in ["\n  C: ", "\n  S: "] {
        assert!(printed.contains(side), "both sides are heard");
    }
    assert!(!printed.contains('\x1b'), "no colour in a file");
}

fn acts() -> Vec<String> {
    let (code, printed) = tour(&["--list"]);
    assert_eq!(code, Some(0));
    printed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn acts_are_listed_and_played_one_by_one() {
    assert!(acts().starts_with(&["sockets".to_owned()]));
    let (code, printed) = tour(&["sockets"]);
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(printed.matches("\n=== ").count(), 2, "one act and the table: {printed}");
}

#[test]
fn each_asker_has_the_film_from_the_cache_near_him() {
    let (code, printed) = tour(&["dns"]);
    assert_eq!(code, Some(0), "{printed}");
    for (address, cache) in [("203.0.113.10", "kingcdn-first"), ("203.0.113.20", "kingcdn-second")] {
        let mut rest = printed.as_str();
        for step in [
            format!("answer: a1105.kingcdn.test. 20 IN A {address}\n"),
            "C: Host: video.netcinema.test\n".to_owned(),
            format!("S: Cache-Status: {cache};fwd=uri-miss;"),
            format!("S: Cache-Status: {cache};hit;"),
        ] {
            let at = rest.find(&step).unwrap_or_else(|| panic!("{step} is missing in\n{printed}"));
            rest = &rest[at + step.len()..];
        }
    }
}

#[test]
fn what_it_leaves_running_is_announced_and_ends_at_a_signal() {
    let mut tour = Program::start("tour", ["sockets", "--serve"], 3).unwrap();
    let mut stream = TcpStream::connect(tour.address("tcp").unwrap()).unwrap();
    stream.write_all(b"still there?\n").unwrap();
    let mut answer = [0; 13];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"STILL THERE?\n");
    tour.terminate().unwrap();
    assert_eq!(tour.wait(LONG).unwrap().code(), Some(0));
}
