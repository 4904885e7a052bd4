//! The rules of driving, under scripted conditions: no socket, no clock, a small endpoint that does as its lines say.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::{
    Drive, DriveLimits, End, Endpoint, Fault, Layer, LineError, LinePolicy, Lines, Output, Status, Time,
    Turn, Wait,
};

/// Obeys lines: `echo ..`, `pause`, `tls`, `deflate`, `switch`, `big`, `gap`, `timer`, `raw`, `bye`, `close`, `bad`.
struct Obedient {
    lines: Lines,
    output: Output,
    status: Status,
    deadline: Option<Time>,
    raw: u64,
    failed: Option<Broken>,
    told_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Broken {
    #[error("told to be bad")]
    Bad,
    #[error(transparent)]
    Line(#[from] LineError),
    #[error("too slow")]
    Slow,
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Line(Bytes),
    Tick,
    End(End),
}

impl Obedient {
    fn new() -> Self {
        Obedient {
            lines: Lines::new(LinePolicy::STRICT, 64),
            output: Output::new(),
            status: Status::Open,
            deadline: None,
            raw: 0,
            failed: None,
            told_end: false,
        }
    }

    fn resume(&mut self) {
        self.status = Status::Open;
    }

    fn fail(&mut self, error: Broken) -> Broken {
        self.output.put(b"you are wrong\r\n");
        self.failed = Some(error);
        error
    }

    fn obey(&mut self, line: &[u8], now: Time) -> Result<(), Broken> {
        match line {
            b"pause" => self.status = Status::Paused,
            b"tls" => self.upgrade(Layer::Tls),
            b"deflate" => self.upgrade(Layer::Deflate),
            b"switch" => {
                self.output.put(b"ok\r\n");
                self.status = Status::Switched;
            }
            b"big" => self.output.push(Bytes::from(vec![b'x'; 1000])),
            b"gap" => {
                self.output.put(b"head");
                self.output.reserve(100);
                self.output.put(b"tail");
            }
            b"timer" => self.deadline = Some(now + Duration::from_secs(1)),
            b"raw" => self.raw = 10,
            b"bye" => {
                self.output.put(b"bye\r\n");
                self.status = Status::Finishing;
            }
            b"close" => self.status = Status::Closed,
            b"bad" => return Err(self.fail(Broken::Bad)),
            echo => {
                self.output.put(echo);
                self.output.put(b"\r\n");
            }
        }
        Ok(())
    }

    fn upgrade(&mut self, layer: Layer) {
        self.output.put(b"ok\r\n");
        self.status = Status::Upgrade(layer);
    }
}

impl Endpoint for Obedient {
    type Event = Seen;
    type Error = Broken;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Seen>, Broken> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.status != Status::Open {
            return Ok(None);
        }
        let Some(line) = self.lines.next(input)? else { return Ok(None) };
        self.obey(&line.text, now)?;
        Ok(Some(Seen::Line(line.text)))
    }

    fn receive_eof(&mut self, input: &mut BytesMut, end: End, now: Time) -> Result<Option<Seen>, Broken> {
        if let Some(event) = self.receive(input, now)? {
            return Ok(Some(event));
        }
        if self.told_end || self.status != Status::Open {
            return Ok(None);
        }
        if end == End::Clean {
            self.lines.finish(input).map_err(|error| self.fail(error.into()))?;
        }
        self.told_end = true;
        Ok(Some(Seen::End(end)))
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn handle_deadline(&mut self, now: Time) -> Result<Option<Seen>, Broken> {
        self.deadline = self.deadline.map(|at| at + Duration::from_secs(1));
        if now >= Time::from_secs(60) {
            return Err(self.fail(Broken::Slow));
        }
        Ok(Some(Seen::Tick))
    }

    fn payload(&self) -> u64 {
        self.raw
    }

    fn payload_received(&mut self, n: u64, _: Time) {
        self.raw -= n;
    }

    fn upgraded(&mut self, _: Time) {
        self.status = Status::Open;
    }

    fn is_idle(&self) -> bool {
        self.status == Status::Open
    }

    fn status(&self) -> Status {
        self.status
    }
}

const NOW: Time = Time::from_secs(10);

fn limits() -> DriveLimits {
    DriveLimits { input: 16, output: Some(500), linger_bytes: 20, linger_time: Duration::from_secs(5) }
}

fn drive(input: &[u8]) -> Drive<Obedient> {
    let mut drive = Drive::new(Obedient::new(), limits());
    drive.input().extend_from_slice(input);
    drive
}

fn line(text: &'static str) -> Result<Turn<Seen>, Fault<Broken>> {
    Ok(Turn::Event(Seen::Line(text.into())))
}

fn wait(read: bool, write: bool) -> Wait {
    Wait { read, write, shut: false, deadline: None }
}

/// Takes all that waits in memory, as a socket that never blocks.
fn take(drive: &mut Drive<Obedient>, now: Time) -> Vec<u8> {
    let bytes: Vec<u8> = drive.output().slices().flatten().copied().collect();
    drive.sent(bytes.len() as u64, now);
    bytes
}

/// The good-bye after the last word was sent, to its end.
fn assert_leaves(drive: &mut Drive<Obedient>) {
    let Ok(Turn::Wait(Wait { shut: true, write: false, .. })) = drive.poll(NOW) else {
        panic!("does not half-close")
    };
    drive.shut();
    drive.lost(End::Clean);
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
}

#[test]
fn waits_for_bytes_and_for_room_at_once() {
    let mut drive = drive(b"");
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(true, false))));
    drive.input().extend_from_slice(b"echo 1\r\necho");
    assert_eq!(drive.poll(NOW), line("echo 1"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(true, true))));
    assert_eq!(take(&mut drive, NOW), b"echo 1\r\n");
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(true, false))));
}

#[test]
fn after_the_last_write_only_input_is_left_to_wait_for() {
    let mut drive = drive(b"half");
    drive.endpoint_mut().output.put(b"both");
    let Ok(Turn::Wait(waits)) = drive.poll(NOW) else { panic!() };
    assert_eq!(drive.only_input(waits), None, "nothing has left yet");
    assert_eq!(take(&mut drive, NOW), b"both");
    assert_eq!(drive.only_input(waits), Some(wait(true, false)));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(true, false))));
    drive.endpoint_mut().status = Status::Finishing;
    assert_eq!(drive.only_input(waits), None, "leaving");
}

#[test]
fn a_half_taken_output_goes_on_where_it_was() {
    let mut drive = drive(b"hello\r\n");
    assert_eq!(drive.poll(NOW), line("hello"));
    drive.sent(3, NOW);
    assert_eq!(take(&mut drive, NOW), b"lo\r\n");
}

/// Runs a session to its end over a stream that takes everything at once: the events, the bytes, the fault.
fn run(mut drive: Drive<Obedient>) -> (Vec<Seen>, Vec<u8>, Option<Fault<Broken>>) {
    let (mut events, mut bytes, mut fault) = (Vec::new(), Vec::new(), None);
    for _ in 0..100 {
        match drive.poll(NOW) {
            Ok(Turn::Event(event)) => events.push(event),
            Ok(Turn::Wait(wait) | Turn::Paused(wait)) => {
                bytes.extend(take(&mut drive, NOW));
                if wait.shut {
                    drive.shut();
                }
                assert!(!wait.read, "reads on after the end");
            }
            Ok(Turn::Gap(n)) => drive.sent(n, NOW),
            Ok(Turn::Yours(_)) => drive.upgraded(NOW),
            Ok(Turn::Closed) => return (events, bytes, fault),
            Err(error) => assert_eq!(fault.replace(error), None, "told twice"),
        }
    }
    panic!("never closes");
}

#[test]
fn the_end_at_every_byte_ends_the_session() {
    let script = b"one\r\ntwo\r\ngap\r\nbye\r\n";
    for cut in 0..=script.len() {
        let whole = script[..cut].split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let (whole, between_lines) = (whole.count(), script[..cut].ends_with(b"\n") || cut == 0);
        for end in [End::Clean, End::Cut] {
            let mut drive = drive(&script[..cut]);
            drive.lost(end);
            let (events, bytes, fault) = run(drive);
            assert_eq!(events.iter().filter(|event| matches!(event, Seen::Line(_))).count(), whole, "{cut}");
            let told = events.contains(&Seen::End(end));
            assert_eq!(told, whole < 4 && (between_lines || end == End::Cut), "{cut}");
            let cut_short = end == End::Clean && !between_lines;
            assert_eq!(fault.is_some(), cut_short, "{cut}");
            assert_eq!(bytes.ends_with(b"you are wrong\r\n"), cut_short, "{cut}");
        }
    }
}

#[test]
fn every_cut_gives_the_same_events() {
    let script = b"one\r\ntwo\r\nthree\r\nbye\r\n";
    let whole = {
        let mut whole = drive(script);
        whole.lost(End::Clean);
        run(whole)
    };
    for cut in 0..script.len() {
        let mut drive = drive(&script[..cut]);
        let mut events = Vec::new();
        while let Ok(Turn::Event(event)) = drive.poll(NOW) {
            events.push(event);
        }
        drive.input().extend_from_slice(&script[cut..]);
        drive.lost(End::Clean);
        let rest = run(drive);
        events.extend(rest.0);
        assert_eq!((events, rest.1, rest.2), (whole_events(&whole.0), whole.1.clone(), None), "{cut}");
    }
}

fn whole_events(events: &[Seen]) -> Vec<Seen> {
    let copy = |event: &Seen| match event {
        Seen::Line(line) => Seen::Line(line.clone()),
        Seen::Tick => Seen::Tick,
        Seen::End(end) => Seen::End(*end),
    };
    events.iter().map(copy).collect()
}

#[test]
fn a_good_bye_is_flushed_half_closed_and_heard_out() {
    let mut drive = drive(b"bye\r\n");
    assert_eq!(drive.poll(NOW), line("bye"));
    let until = Some(NOW + Duration::from_secs(5));
    assert_eq!(
        drive.poll(NOW),
        Ok(Turn::Wait(Wait { read: true, write: true, shut: false, deadline: until }))
    );
    assert_eq!(take(&mut drive, NOW), b"bye\r\n");
    assert_eq!(
        drive.poll(NOW),
        Ok(Turn::Wait(Wait { read: true, write: false, shut: true, deadline: until }))
    );
    drive.shut();
    assert_eq!(
        drive.poll(NOW),
        Ok(Turn::Wait(Wait { read: true, write: false, shut: false, deadline: until }))
    );
    drive.input().extend_from_slice(b"still sending");
    assert_eq!(
        drive.poll(NOW),
        Ok(Turn::Wait(Wait { read: true, write: false, shut: false, deadline: until }))
    );
    assert!(drive.input().is_empty(), "what comes is dropped");
    drive.lost(End::Clean);
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
}

#[test]
fn a_good_bye_hears_out_only_so_many_bytes() {
    let mut drive = drive(b"bye\r\n");
    assert_eq!(drive.poll(NOW), line("bye"));
    take(&mut drive, NOW);
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { shut: true, .. }))));
    drive.shut();
    drive.input().extend_from_slice(&[b'x'; 19]);
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(_))));
    drive.input().extend_from_slice(b"x");
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
}

#[test]
fn an_idle_session_leaves_without_lingering_unless_it_has_a_last_word() {
    for (words, lingers) in [(&b""[..], false), (b"bye\r\n", true)] {
        let mut drive = drive(b"one\r\n");
        assert_eq!(drive.poll(NOW), line("one"));
        take(&mut drive, NOW);
        drive.leave_quietly();
        drive.endpoint_mut().output.put(words);
        drive.endpoint_mut().status = Status::Finishing;
        assert_eq!(take(&mut drive, NOW), words);
        assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { shut: true, read, .. })) if read == lingers));
        drive.shut();
        assert_eq!(drive.poll(NOW) == Ok(Turn::Closed), !lingers);
    }
    let mut busy = drive(b"one\r\n");
    busy.leave_quietly();
    assert_eq!(busy.poll(NOW), line("one"));
    take(&mut busy, NOW);
    busy.endpoint_mut().status = Status::Finishing;
    assert!(
        matches!(busy.poll(NOW), Ok(Turn::Wait(Wait { read: true, .. }))),
        "it was not idle when it was told"
    );
}

#[test]
fn a_good_bye_takes_only_so_long_after_its_last_progress() {
    let second = |n| NOW + Duration::from_secs(n);
    let mut drive = drive(b"bye\r\n");
    assert_eq!(drive.poll(NOW), line("bye"));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(_))));
    drive.sent(2, second(4));
    assert!(matches!(drive.poll(second(8)), Ok(Turn::Wait(Wait { write: true, .. }))));
    assert_eq!(drive.poll(second(9)), Ok(Turn::Closed));
}

#[test]
fn a_stream_that_can_not_be_written_is_still_read() {
    let mut drive = drive(b"one\r\n");
    drive.unwritable();
    assert_eq!(drive.poll(NOW), line("one"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(true, false))));
    drive.input().extend_from_slice(b"big\r\ngap\r\nlast\r\n");
    assert_eq!(drive.poll(NOW), line("big"));
    assert_eq!(drive.poll(NOW), line("gap"), "output without a way out chokes nothing");
    assert_eq!(drive.poll(NOW), line("last"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(true, false))), "nor does a gap wait to be filled");
    drive.lost(End::Cut);
    assert_eq!(drive.poll(NOW), Ok(Turn::Event(Seen::End(End::Cut))));
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
}

#[test]
fn a_good_bye_without_a_way_out_only_hears_out() {
    let mut drive = drive(b"bye\r\n");
    drive.unwritable();
    assert_eq!(drive.poll(NOW), line("bye"));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { read: true, write: false, .. }))));
    drive.lost(End::Clean);
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
}

#[test]
fn a_gap_is_filled_by_the_caller_between_what_is_in_memory() {
    let mut drive = drive(b"gap\r\n");
    assert_eq!(drive.poll(NOW), line("gap"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(true, true))));
    assert_eq!(take(&mut drive, NOW), b"head");
    assert_eq!(drive.poll(NOW), Ok(Turn::Gap(100)));
    drive.sent(40, NOW);
    assert_eq!(drive.poll(NOW), Ok(Turn::Gap(60)));
    assert_eq!(drive.meanwhile(), wait(true, true));
    drive.input().extend_from_slice(b"early\r\n");
    assert_eq!(drive.poll(NOW), line("early"), "who fills a gap still hears");
    drive.sent(60, NOW);
    assert_eq!(take(&mut drive, NOW), b"tailearly\r\n");
}

#[test]
fn a_gap_that_can_not_be_filled_cuts_the_stream() {
    let mut drive = drive(b"gap\r\n");
    assert_eq!(drive.poll(NOW), line("gap"));
    take(&mut drive, NOW);
    assert_eq!(drive.poll(NOW), Ok(Turn::Gap(100)));
    drive.abandon();
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
    assert_eq!(drive.meanwhile(), Wait::default());
}

#[test]
fn a_gap_in_a_good_bye_is_filled_too() {
    let mut drive = drive(b"gap\r\nbye\r\n");
    assert_eq!((drive.poll(NOW), drive.poll(NOW)), (line("gap"), line("bye")));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { write: true, .. }))));
    take(&mut drive, NOW);
    assert_eq!(drive.poll(NOW), Ok(Turn::Gap(100)));
    let until = Some(NOW + Duration::from_secs(5));
    assert_eq!(drive.meanwhile(), Wait { read: true, write: true, shut: false, deadline: until });
    drive.sent(100, NOW);
    assert_eq!(take(&mut drive, NOW), b"tailbye\r\n");
    assert_leaves(&mut drive);
}

#[test]
fn an_upgrade_flushes_without_reading_and_goes_on_afterwards() {
    let mut drive = drive(b"tls\r\n");
    assert_eq!(drive.poll(NOW), line("tls"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(false, true))));
    take(&mut drive, NOW);
    assert_eq!(drive.poll(NOW), Ok(Turn::Yours(Status::Upgrade(Layer::Tls))));
    drive.upgraded(NOW);
    drive.input().extend_from_slice(b"again\r\n");
    assert_eq!(drive.poll(NOW), line("again"));
}

#[test]
fn plaintext_behind_starttls_ends_the_session() {
    let mut drive = drive(b"tls\r\ninjected\r\n");
    assert_eq!(drive.poll(NOW), line("tls"));
    assert_eq!(drive.poll(NOW), Err(Fault::PlaintextBuffered));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { write: true, .. }))), "told once");
    assert!(drive.input().is_empty());
    take(&mut drive, NOW);
    assert_leaves(&mut drive);
}

#[test]
fn what_is_compressed_already_stays_for_the_new_layer_even_at_the_end() {
    for end in [None, Some(End::Clean)] {
        let mut drive = drive(b"deflate\r\ncompressed");
        end.into_iter().for_each(|end| drive.lost(end));
        assert_eq!(drive.poll(NOW), line("deflate"));
        assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(false, true))));
        take(&mut drive, NOW);
        assert_eq!(drive.poll(NOW), Ok(Turn::Yours(Status::Upgrade(Layer::Deflate))));
        assert_eq!(drive.input(), "compressed");
    }
}

#[test]
fn there_is_no_handshake_with_a_peer_that_has_gone() {
    let mut drive = drive(b"tls\r\n");
    drive.lost(End::Clean);
    assert_eq!(drive.poll(NOW), line("tls"));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { read: false, write: true, .. }))));
    take(&mut drive, NOW);
    assert_leaves(&mut drive);
}

#[test]
fn a_switched_stream_is_the_callers_with_all_that_is_unread() {
    let mut drive = drive(b"switch\r\ntunnelled");
    assert_eq!(drive.poll(NOW), line("switch"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(false, true))));
    take(&mut drive, NOW);
    assert_eq!(drive.poll(NOW), Ok(Turn::Yours(Status::Switched)));
    assert_eq!(drive.into_parts().1, "tunnelled");
}

#[test]
fn a_paused_session_is_read_up_to_the_cap_and_sees_a_hang_up() {
    let mut drive = drive(b"pause\r\n");
    assert_eq!(drive.poll(NOW), line("pause"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Paused(wait(true, false))));
    drive.input().extend_from_slice(b"fifteen bytes\r\n");
    assert_eq!(drive.poll(NOW), Ok(Turn::Paused(wait(true, false))));
    drive.input().extend_from_slice(b"!");
    assert_eq!(drive.poll(NOW), Ok(Turn::Paused(wait(false, false))));
    assert!(!drive.meanwhile().read);
    drive.lost(End::Cut);
    assert_eq!(drive.poll(NOW), Ok(Turn::Paused(wait(false, false))), "the caller may still look and act");
    drive.endpoint_mut().resume();
    assert_eq!(drive.poll(NOW), line("fifteen bytes"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Event(Seen::End(End::Cut))));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { write: true, read: false, .. }))));
}

#[test]
fn a_paused_session_that_nobody_hears_and_nobody_talks_to_is_over() {
    let mut drive = drive(b"pause\r\n");
    assert_eq!(drive.poll(NOW), line("pause"));
    drive.unwritable();
    assert!(matches!(drive.poll(NOW), Ok(Turn::Paused(_))));
    drive.lost(End::Cut);
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
}

#[test]
fn a_server_stops_receiving_while_its_answers_do_not_leave() {
    let mut drive = drive(b"big\r\nnext\r\n");
    assert_eq!(drive.poll(NOW), line("big"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(false, true))));
    drive.sent(499, NOW);
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(false, true))));
    drive.sent(1, NOW);
    assert_eq!(drive.poll(NOW), line("next"));
}

#[test]
fn a_client_never_stops_receiving() {
    let mut drive = Drive::new(Obedient::new(), DriveLimits::client());
    drive.endpoint_mut().output.put(&vec![0; 8 << 20]);
    drive.input().extend_from_slice(b"next\r\n");
    assert_eq!(drive.poll(NOW), line("next"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(wait(true, true))));
}

#[test]
fn gaps_are_no_back_pressure() {
    let mut drive = drive(b"next\r\n");
    drive.endpoint_mut().output.reserve(1 << 40);
    assert_eq!(drive.poll(NOW), line("next"));
    assert_eq!(drive.poll(NOW), Ok(Turn::Gap(1 << 40)));
}

#[test]
fn an_error_is_told_once_and_explained_to_the_peer() {
    let mut drive = drive(b"bad\r\nnever read\r\n");
    assert_eq!(drive.poll(NOW), Err(Fault::Protocol(Broken::Bad)));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { write: true, read: true, .. }))));
    assert_eq!(take(&mut drive, NOW), b"you are wrong\r\n");
    assert!(drive.input().is_empty(), "after an error the input is dropped");
    assert_leaves(&mut drive);
}

#[test]
fn who_asked_does_not_wait_for_a_wrong_peer_to_hang_up() {
    let asking = DriveLimits { output: None, ..limits() };
    let mut drive = Drive::new(Obedient::new(), asking);
    drive.input().extend_from_slice(b"bad\r\n");
    assert_eq!(drive.poll(NOW), Err(Fault::Protocol(Broken::Bad)));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { write: true, read: false, .. }))));
    assert_eq!(take(&mut drive, NOW), b"you are wrong\r\n");
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(Wait { shut: true, .. }))));
    drive.shut();
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
}

#[test]
fn a_deadline_is_waited_for_and_handled_as_often_as_it_is_due() {
    let mut drive = drive(b"timer\r\n");
    assert_eq!(drive.poll(NOW), line("timer"));
    take(&mut drive, NOW);
    let second = |n| NOW + Duration::from_secs(n);
    assert_eq!(drive.poll(NOW), Ok(Turn::Wait(Wait { deadline: Some(second(1)), ..wait(true, false) })));
    assert_eq!(drive.poll(second(2)), Ok(Turn::Event(Seen::Tick)));
    assert_eq!(drive.poll(second(2)), Ok(Turn::Event(Seen::Tick)));
    assert_eq!(
        drive.poll(second(2)),
        Ok(Turn::Wait(Wait { deadline: Some(second(3)), ..wait(true, false) }))
    );
    assert_eq!(drive.poll(Time::from_secs(60)), Err(Fault::Protocol(Broken::Slow)));
    assert_eq!(take(&mut drive, NOW), b"you are wrong\r\n");
    assert_leaves(&mut drive);
}

#[test]
fn closed_is_closed_whatever_waits() {
    let mut drive = drive(b"one\r\nclose\r\n");
    assert_eq!((drive.poll(NOW), drive.poll(NOW)), (line("one"), line("close")));
    assert_eq!(drive.poll(NOW), Ok(Turn::Closed));
}

#[test]
fn payload_is_offered_only_while_the_session_runs() {
    let mut drive = drive(b"raw\r\nbye\r\n");
    assert_eq!(drive.poll(NOW), line("raw"));
    assert_eq!(drive.payload(), 10);
    drive.payload_received(4, NOW);
    assert_eq!(drive.payload(), 6);
    assert_eq!(drive.poll(NOW), line("bye"));
    assert!(matches!(drive.poll(NOW), Ok(Turn::Wait(_))));
    assert_eq!(drive.payload(), 0);
}

#[test]
fn idle_means_nothing_under_way_unread_or_unsent() {
    let mut drive = drive(b"");
    assert!(drive.is_idle());
    drive.input().extend_from_slice(b"one\r\n");
    assert!(!drive.is_idle());
    assert_eq!(drive.poll(NOW), line("one"));
    assert!(!drive.is_idle());
    take(&mut drive, NOW);
    assert!(drive.is_idle());
}
