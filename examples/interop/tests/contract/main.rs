//! The endpoint contract under five drivers: blocking sockets, mio, tokio, the simulator, and plain memory.
//!
//! One small endpoint takes every status that the contract knows. Whoever drives it, the same dialogue must give the
//! same events in the same order and the same bytes to the peer, also when the stream ends after any byte of it.

mod drivers;
mod simulated;
mod toy;

use drivers::{Driver, Outcome, blocking, memory, mio, tokio};
use simulated::simulated;

/// What the peer does, in order; at the end it half-closes and reads to the end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer<'a> {
    /// Sends these bytes.
    Send(&'a [u8]),
    /// Sends these bytes one by one.
    Drip(&'a [u8]),
    /// Reads until it has got these bytes.
    Expect(&'a [u8]),
}

use Peer::{Drip, Expect, Send};

const DRIVERS: [(&str, Driver); 5] =
    [("memory", memory), ("blocking", blocking), ("mio", mio), ("tokio", tokio), ("simulated", simulated)];

/// The simulator puts layers in place by itself, and closes a stream that was handed over.
fn told(name: &str, trace: &[&str]) -> Vec<String> {
    let told = trace.iter().filter(|word| name != "simulated" || !word.starts_with("yours Upgrade"));
    told.map(ToString::to_string).collect()
}

fn check(dialogue: &[Peer<'_>], trace: &[&str], received: &[u8]) {
    for (name, drive) in DRIVERS {
        let outcome = drive(dialogue);
        let mut expected = told(name, trace);
        if let (true, Some(left)) =
            (name == "simulated", outcome.trace.last().filter(|l| l.starts_with("left ")))
        {
            let all = expected.pop().unwrap();
            assert!(all.starts_with(left.as_str()), "{left}");
            expected.push(left.clone());
        }
        assert_eq!(outcome.trace, expected, "{name}: {dialogue:?}");
        assert_eq!(outcome.received, received, "{name}: {dialogue:?}");
    }
}

#[test]
fn open_takes_what_comes_in_one_piece_or_in_many() {
    check(&[Send(b"say a\nsay b\n")], &["say a", "say b", "end Clean", "closed"], b"a\nb\n");
    check(&[Drip(b"say a\nsay b\n")], &["say a", "say b", "end Clean", "closed"], b"a\nb\n");
}

#[test]
fn paused_waits_for_the_caller_and_keeps_the_order() {
    let trace = ["ask", "paused", "ask", "paused", "say x", "end Clean", "closed"];
    check(&[Send(b"ask\nask\nsay x\n")], &trace, b"yes\nyes\nx\n");
}

#[test]
fn a_gap_is_filled_between_what_stands_before_and_behind_it() {
    let trace = ["file 3", "say x", "end Clean", "closed"];
    check(&[Send(b"file 3\n"), Expect(b"<fff>\n"), Send(b"say x\n")], &trace, b"<fff>\nx\n");
}

#[test]
fn a_gap_larger_than_any_buffer() {
    let outcome = |drive: Driver| drive(&[Send(b"file 3000000\n")]);
    for (name, drive) in DRIVERS {
        let Outcome { trace, received } = outcome(drive);
        assert_eq!(trace, ["file 3000000", "end Clean", "closed"], "{name}");
        assert_eq!(received.len(), 3_000_003, "{name}");
        assert!(received[1..3_000_001].iter().all(|&b| b == b'f'), "{name}");
    }
}

#[test]
fn an_upgrade_is_flushed_first_and_the_layer_gets_what_follows() {
    let trace = ["tls", "yours Upgrade(Tls)", "say x", "end Clean", "closed"];
    check(&[Send(b"tls\n"), Expect(b"go\n"), Send(b"say x\n")], &trace, b"go\nx\n");
    let trace = ["deflate", "yours Upgrade(Deflate)", "say x", "end Clean", "closed"];
    check(&[Send(b"deflate\nsay x\n")], &trace, b"go\nx\n");
    let trace = ["clear", "yours Upgrade(Clear)", "say x", "end Clean", "closed"];
    check(&[Send(b"clear\nsay x\n")], &trace, b"go\nx\n");
}

#[test]
fn clear_text_behind_the_start_of_tls_ends_the_session() {
    check(&[Send(b"tls\nsay injected\n")], &["tls", "plaintext"], b"go\n");
}

#[test]
fn switched_hands_over_the_stream_and_all_that_is_unread() {
    let trace = ["switch", "yours Switched", "left raw bytes"];
    check(&[Send(b"switch\nraw bytes")], &trace, b"go\n");
    check(&[Send(b"switch\n"), Expect(b"go\n"), Send(b"raw "), Send(b"bytes")], &trace, b"go\n");
}

#[test]
fn finishing_says_good_bye_although_the_peer_goes_on() {
    let more = vec![b'x'; 100_000];
    check(&[Send(b"say a\nbye\n"), Send(&more)], &["say a", "bye", "closed"], b"a\nbye\n");
}

#[test]
fn closed_is_closed() {
    check(&[Send(b"say a\n"), Expect(b"a\n"), Send(b"die\n")], &["say a", "die", "closed"], b"a\n");
}

#[test]
fn a_fault_is_explained_before_the_end() {
    check(&[Send(b"say a\nwhat?\nsay b\n")], &["say a", "error unknown command"], b"a\n? unknown command\n");
}

#[test]
fn a_deadline_comes_by_itself() {
    let trace = ["wait", "tick", "say x", "end Clean", "closed"];
    check(&[Send(b"wait\n"), Expect(b"tick\n"), Send(b"say x\n")], &trace, b"tick\nx\n");
}

#[test]
fn many_answers_wait_for_a_peer_that_reads_late() {
    let lines = b"say 0123456789abcdef0123456789abcdef\n".repeat(20_000);
    for (name, drive) in DRIVERS {
        let Outcome { trace, received } = drive(&[Send(&lines)]);
        assert_eq!(trace.len(), 20_002, "{name}");
        assert_eq!(received.len(), 33 * 20_000, "{name}");
    }
}

#[test]
fn the_end_may_come_after_any_byte() {
    let script = b"say a\nask\nfile 3\ndeflate\nask\nsay b\nbye\n";
    for end in 0..=script.len() {
        let dialogue = [Send(&script[..end])];
        let Outcome { trace, received } = memory(&dialogue);
        check(&dialogue, &trace.iter().map(String::as_str).collect::<Vec<_>>(), &received);
        let whole_line = end == 0 || script[end - 1] == b'\n';
        let last = trace.last().unwrap().as_str();
        assert_eq!(last, if whole_line { "closed" } else { "error cut inside a line" }, "{end}");
    }
}
