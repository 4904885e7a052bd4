//! What a simulated network does: times as the textbook computes them, nothing lost but what should be, the same trace
//! for the same seed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use net_sim::toy::{BadLine, Event, Talk};
use net_sim::{
    Addr, Chunks, Context, Datagrams, Driven, Gone, Happening, Input, Link, Pair, Process, Random, Read,
    Serve, Sim, Stream,
};
use proto_core::{DatagramEndpoint, End, Fault, Status, Time, Transmit};

/// Asks numbered questions until each is answered, or answers them.
#[derive(Debug, Default)]
struct Asker {
    to: Option<Addr>,
    open: Vec<u32>,
    to_send: Vec<(Addr, u32)>,
    answered: Vec<u32>,
    again_at: Option<Time>,
}

impl Asker {
    fn asking(to: Addr, questions: u32) -> Self {
        Asker { to: Some(to), open: (0..questions).collect(), again_at: Some(Time::ZERO), ..Asker::default() }
    }

    fn answering() -> Self {
        Asker::default()
    }
}

impl DatagramEndpoint for Asker {
    type Event = u32;
    type Error = std::convert::Infallible;
    type Peer = Addr;

    fn handle(&mut self, from: Addr, datagram: &[u8], _now: Time) -> Result<(), Self::Error> {
        let number = u32::from_le_bytes(datagram.try_into().unwrap());
        if self.to.is_none() {
            self.to_send.push((from, number));
        } else if self.open.contains(&number) {
            self.open.retain(|&open| open != number);
            self.answered.push(number);
        }
        Ok(())
    }

    fn poll_transmit(&mut self, _now: Time, out: &mut BytesMut) -> Option<Transmit<Addr>> {
        let (to, number) = self.to_send.pop()?;
        out.extend_from_slice(&number.to_le_bytes());
        Some(Transmit { to, len: 4 })
    }

    fn poll_event(&mut self) -> Option<u32> {
        self.answered.pop()
    }

    fn deadline(&self) -> Option<Time> {
        self.again_at
    }

    fn handle_deadline(&mut self, now: Time) -> Result<(), Self::Error> {
        self.to_send.extend(self.to.iter().flat_map(|&to| self.open.iter().map(move |&number| (to, number))));
        self.again_at = (!self.open.is_empty()).then(|| now + Duration::from_secs(1));
        Ok(())
    }
}

const MEGABIT: usize = 125_000;

fn ms(time: Time) -> u64 {
    time.as_nanos() / 1_000_000
}

/// RTT 0.1 s, 10 Mbit/s, as in the textbook.
fn textbook() -> Link {
    Link::new().rate(10_000_000).delay(Duration::from_millis(50))
}

/// Asks for `n` objects, one after another, and notes when each was there.
fn fetch(n: usize, link: Link, seed: u64, chunks: Chunks) -> (Vec<u64>, u64) {
    let done = RefCell::new(Vec::new());
    let client = |lines: &mut Talk, happening: Happening<Talk>, context: &mut Context<'_, '_>| {
        let here = match happening {
            Happening::Opened => true,
            Happening::Event(Event::Line(_)) => {
                done.borrow_mut().push(ms(context.now()));
                true
            }
            _ => false,
        };
        match (here, done.borrow().len() < n) {
            (true, true) => lines.say(b"object"),
            (true, false) => lines.close(),
            _ => {}
        }
    };
    let server = |lines: &mut Talk, happening: Happening<Talk>, _: &mut Context<'_, '_>| {
        if let Happening::Event(Event::Line(_)) = happening {
            lines.say(&vec![b'x'; MEGABIT - 1]);
        }
    };
    let pair = Pair::new(Talk::new(), Talk::new()).link(link).seed(seed).chunks(chunks);
    let outcome = pair.run_roles(client, server);
    assert!(outcome.is_over());
    (done.into_inner(), outcome.digest)
}

#[test]
fn an_object_takes_two_round_trips_and_its_transmission() {
    // 2 RTT + L/R, and RTT + L/R for each object more
    assert_eq!(fetch(4, textbook(), 1, Chunks::Whole).0, [300, 500, 700, 900]);
}

#[test]
fn cutting_into_packets_costs_nothing_on_one_link() {
    assert_eq!(fetch(2, textbook(), 1, Chunks::AtMost(1460)).0, [300, 500]);
    assert_eq!(fetch(2, textbook(), 1, Chunks::Random(1460)).0, [300, 500]);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let link = || textbook().loss(0.05);
    let run = |seed| fetch(3, link(), seed, Chunks::Random(3_000));
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).1, run(8).1);
    assert!(run(7).0 > fetch(3, textbook(), 7, Chunks::Whole).0);
}

#[test]
fn a_narrow_window_is_a_window_a_round_trip() {
    let mut heard = 0;
    let outcome = Pair::new(Talk::new(), Talk::new())
        .link(Link::new().delay(Duration::from_millis(50)))
        .window(1_000)
        .run(
            |client, happening| match happening {
                Happening::Opened => client.say(&[b'x'; 9_999]),
                Happening::Event(Event::Line(_)) => client.close(),
                _ => {}
            },
            |server, happening| {
                if let Happening::Event(Event::Line(line)) = happening {
                    heard = line.len();
                    server.say(b"got it");
                }
            },
        );
    assert!(outcome.is_over() && heard == 9_999);
    // one to open, ten windows (half a round trip for the last), half a one for the answer, one to close
    assert_eq!(ms(outcome.at), 1_200);
}

#[test]
fn a_store_and_forward_path_takes_each_link_in_turn() {
    let mut sim = Sim::new(1);
    let (origin, reader) = (sim.host(), sim.host());
    let lan = sim.link(Link::new().rate(100_000_000));
    let access = sim.link(Link::new().rate(10_000_000).delay(Duration::from_millis(20)));
    sim.route(origin, reader, &[access, lan]);
    let at = Rc::new(RefCell::new(None));
    sim.spawn(reader, Hearer { at: Rc::clone(&at) });
    sim.spawn(origin, Shouter { to: Addr::new(reader, 7), bytes: MEGABIT });
    sim.run();
    assert_eq!(at.borrow().map(ms), Some(100 + 20 + 10));
    assert_eq!(sim.traffic(access).bytes, MEGABIT as u64);
    assert_eq!(sim.traffic(lan).busy, Duration::from_millis(10));
}

/// Sends one datagram.
struct Shouter {
    to: Addr,
    bytes: usize,
}

impl Process for Shouter {
    fn handle(&mut self, _: Input, context: &mut Context<'_, '_>) {
        context.send(7, self.to, vec![0; self.bytes]);
    }
}

/// Notes when a datagram has come.
struct Hearer {
    at: Rc<RefCell<Option<Time>>>,
}

impl Process for Hearer {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        match input {
            Input::Start => context.bind(7),
            Input::Datagram { .. } => *self.at.borrow_mut() = Some(context.now()),
            _ => {}
        }
    }
}

#[test]
fn a_queue_fed_at_random_waits_as_long_as_the_formula_says() {
    // M/D/1 at rho = 0.6: W = rho S / 2 (1 - rho) = 0.75 S; here S = 100 ms
    let waits = Rc::new(RefCell::new(Vec::new()));
    let mut sim = Sim::new(5);
    let (source, sink) = (sim.host(), sim.host());
    sim.wire(source, sink, Link::new().rate(100_000));
    sim.spawn(sink, Stopwatch { waits: Rc::clone(&waits) });
    sim.spawn(source, Poisson { to: Addr::new(sink, 7), left: 40_000, mean: Duration::from_secs(1) / 6 });
    sim.run();
    let waits = waits.borrow();
    let mean = waits.iter().sum::<u64>() / waits.len() as u64;
    assert!((166..184).contains(&mean), "{mean} ms");
}

struct Poisson {
    to: Addr,
    left: u32,
    mean: Duration,
}

impl Process for Poisson {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        if matches!(input, Input::Timer(_)) {
            let mut packet = BytesMut::zeroed(MEGABIT / 100);
            packet[..8].copy_from_slice(&context.now().as_nanos().to_le_bytes());
            context.send(7, self.to, packet);
            self.left -= 1;
        }
        if self.left > 0 {
            let next = context.now() + context.random().exponential(self.mean);
            context.wake_at(next, 0);
        }
    }
}

struct Stopwatch {
    waits: Rc<RefCell<Vec<u64>>>,
}

impl Process for Stopwatch {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        match input {
            Input::Datagram { bytes, .. } => {
                let sent = u64::from_le_bytes(bytes[..8].try_into().unwrap());
                self.waits.borrow_mut().push((context.now().as_nanos() - sent) / 1_000_000);
            }
            _ => context.bind(7),
        }
    }
}

/// Talks under hard conditions; the lines that came back.
fn talk(seed: u64) -> (Vec<Bytes>, u64) {
    let mut answers = Vec::new();
    let mut random = Random::new(seed);
    let asks: Vec<Vec<u8>> = (0..20).map(|_| vec![b'a'; 1 + random.index(600)]).collect();
    let outcome = Pair::new(Talk::new(), Talk::new()).hard(seed).run(
        |client, happening| match happening {
            Happening::Opened => asks.iter().for_each(|ask| client.say(ask)),
            Happening::Event(Event::Line(line)) => {
                answers.push(line);
                if answers.len() == asks.len() {
                    client.close();
                }
            }
            Happening::Closed(opened) => assert!(opened),
            other => panic!("{other:?}"),
        },
        |server, happening| match happening {
            Happening::Event(Event::Line(line)) => server.say(&line.to_ascii_uppercase()),
            Happening::Fault(fault) => panic!("{fault:?}"),
            _ => {}
        },
    );
    assert!(outcome.is_over(), "seed {seed}: stuck at {:?}", outcome.at);
    let upper: Vec<Vec<u8>> = asks.iter().map(|ask| ask.to_ascii_uppercase()).collect();
    assert_eq!(answers, upper, "seed {seed}");
    (answers, outcome.digest)
}

#[test]
fn hard_conditions_change_no_byte() {
    for seed in 0..32 {
        assert_eq!(talk(seed), talk(seed), "seed {seed}");
    }
}

#[test]
fn a_wrong_peer_is_told_so_and_the_session_ends() {
    let (mut told, mut fault) = (Vec::new(), None);
    let outcome = Pair::new(Talk::new(), Talk::new()).run(
        |client, happening| match happening {
            Happening::Opened => client.say(b"a\0b"),
            Happening::Event(event) => told.push(event),
            _ => {}
        },
        |_, happening| {
            if let Happening::Fault(what) = happening {
                fault = Some(what);
            }
        },
    );
    assert!(outcome.is_over());
    assert_eq!(fault, Some(Fault::Protocol(BadLine)));
    assert_eq!(told, [Event::Line("BAD".into()), Event::Ended(End::Clean)]);
}

#[test]
fn deadlines_pass_in_virtual_time() {
    let mut late = 0;
    let outcome = Pair::new(Talk::new(), Talk::patient_for(Duration::from_secs(300))).run(
        |_, _| {},
        |server, happening| {
            if let Happening::Event(Event::Late) = happening {
                late += 1;
                if late == 3 {
                    server.close();
                }
            }
        },
    );
    assert_eq!((late, ms(outcome.at)), (3, 900_000));
}

#[test]
fn both_ends_change_the_layer_a_round_trip_later() {
    let mut secured = 0;
    let outcome = Pair::new(Talk::new(), Talk::new()).link(textbook()).run(
        |client, happening| match happening {
            Happening::Opened => client.say(b"STARTTLS"),
            Happening::Event(Event::Secured) => client.say(b"quit"),
            Happening::Event(Event::Line(line)) if line == "BYE" => client.close(),
            _ => {}
        },
        |server, happening| match happening {
            Happening::Event(Event::StartTls) => server.start_tls(),
            Happening::Event(Event::Secured) => secured += 1,
            Happening::Event(Event::Line(_)) => server.say_bye(),
            _ => {}
        },
    );
    assert!(outcome.is_over() && secured == 1);
    assert_eq!(outcome.client.output.sent(), 9 + 5);
}

#[test]
fn gaps_are_filled_by_the_role() {
    struct Filler;
    impl net_sim::Role<Talk> for Filler {
        fn handle(&mut self, lines: &mut Talk, happening: Happening<Talk>, _: &mut Context<'_, '_>) {
            if let Happening::Opened = happening {
                lines.output.put(b"PUT 30000\n");
                lines.output.reserve(30_000);
                lines.say_bye();
            }
        }
        fn fill(&mut self, _: &mut Talk, left: u64, most: usize) -> Bytes {
            vec![b'0' + (left % 10) as u8; 1.min(most)].into()
        }
    }
    let run = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&run);
    let server = move |lines: &mut Talk, happening: Happening<Talk>, _: &mut Context<'_, '_>| match happening
    {
        Happening::Event(Event::Run(bytes)) => heard.borrow_mut().extend_from_slice(&bytes),
        Happening::Event(Event::Line(line)) if line == "BYE" => lines.close(),
        _ => {}
    };
    assert!(Pair::new(Talk::new(), Talk::new()).run_roles(Filler, server).is_over());
    assert_eq!(run.borrow().len(), 30_000);
    assert_eq!(&run.borrow()[..12], b"098765432109");
}

#[test]
fn nobody_listens_and_the_client_is_told() {
    let mut sim = Sim::new(1);
    let (here, there) = (sim.host(), sim.host());
    sim.wire(here, there, textbook());
    let told = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&told);
    let role = move |_: &mut Talk, happening: Happening<Talk>, context: &mut Context<'_, '_>| {
        if let Happening::Closed(opened) = happening {
            notes.borrow_mut().push((opened, ms(context.now())));
        }
    };
    sim.spawn(here, Driven::client(Addr::new(there, 80), Talk::new(), role));
    sim.run();
    assert_eq!(told.borrow()[..], [(false, 100)]);
}

/// Opens a stream, writes a word, and closes it with what was answered unread.
struct Rude {
    to: Addr,
    stream: Option<Stream>,
}

impl Process for Rude {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        match input {
            Input::Start => self.stream = Some(context.connect(self.to)),
            Input::Opened(stream) => assert_eq!(context.write(stream, b"hello\n"), Ok(6)),
            Input::Readable(stream) => {
                context.close(stream);
                assert_eq!(context.write(stream, b"more"), Err(Gone));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn closing_with_bytes_unread_resets_the_stream() {
    let mut sim = Sim::new(1);
    let (here, there) = (sim.host(), sim.host());
    let ends = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&ends);
    sim.spawn(
        there,
        Serve::new(80, move |_| {
            let notes = Rc::clone(&notes);
            let role = move |lines: &mut Talk, happening: Happening<Talk>, _: &mut Context<'_, '_>| {
                match happening {
                    Happening::Event(Event::Line(_)) => lines.say(b"an answer nobody reads"),
                    Happening::Event(Event::Ended(end)) => notes.borrow_mut().push(end),
                    _ => {}
                }
            };
            (Talk::new(), role)
        }),
    );
    sim.spawn(here, Rude { to: Addr::new(there, 80), stream: None });
    sim.run();
    assert_eq!(ends.borrow()[..], [End::Cut]);
}

#[test]
fn a_thousand_clients_share_a_server_and_its_link() {
    let run = |seed| {
        let mut sim = Sim::new(seed);
        let there = sim.host();
        sim.access(there, Link::new().rate(100_000_000), Link::new().rate(100_000_000));
        sim.cloud(Link::new().delay(Duration::from_millis(10)));
        let server = |lines: &mut Talk, happening: Happening<Talk>, _: &mut Context<'_, '_>| {
            if let Happening::Event(Event::Line(_)) = happening {
                lines.say(&[b'x'; 12_499]);
            }
        };
        sim.spawn(there, Serve::new(80, move |_| (Talk::new(), server)));
        let done = Rc::new(RefCell::new(0));
        for _ in 0..1_000 {
            let here = sim.host();
            let count = Rc::clone(&done);
            let role = move |lines: &mut Talk, happening: Happening<Talk>, _: &mut Context<'_, '_>| {
                match happening {
                    Happening::Opened => lines.say(b"object"),
                    Happening::Event(Event::Line(_)) => {
                        *count.borrow_mut() += 1;
                        lines.close();
                    }
                    _ => {}
                }
            };
            sim.spawn(here, Driven::client(Addr::new(there, 80), Talk::new(), role));
        }
        sim.run();
        let done = *done.borrow();
        (done, ms(sim.now()), sim.digest())
    };
    let (done, at, _) = run(1);
    // 1,000 x 100 kbit over 100 Mbit/s is a second
    assert_eq!(done, 1_000);
    assert!((1_000..1_100).contains(&at), "{at}");
    assert_eq!(run(2), run(2));
}

#[test]
fn datagram_endpoints_ask_again_what_gets_lost() {
    let run = |seed| {
        let mut sim = Sim::new(seed);
        let (here, there) = (sim.host(), sim.host());
        sim.wire(here, there, textbook().loss(0.3));
        let answers = Rc::new(RefCell::new(0));
        let count = Rc::clone(&answers);
        let role = move |_: &mut Asker, event: Option<u32>, _: &mut Context<'_, '_>| {
            *count.borrow_mut() += u32::from(event.is_some());
        };
        let quiet = |_: &mut Asker, _: Option<u32>, _: &mut Context<'_, '_>| {};
        sim.spawn(there, Datagrams::new(53, Asker::answering(), quiet));
        sim.spawn(here, Datagrams::new(0, Asker::asking(Addr::new(there, 53), 100), role));
        sim.run();
        let answers = *answers.borrow();
        (answers, sim.digest())
    };
    assert_eq!(run(3).0, 100);
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn the_trace_tells_the_story() {
    let mut sim = Sim::new(1);
    sim.keep_trace();
    let (here, there) = (sim.host(), sim.host());
    sim.wire(here, there, textbook());
    sim.spawn(
        here,
        Driven::client(
            Addr::new(there, 80),
            Talk::new(),
            |_: &mut Talk, _: Happening<Talk>, _: &mut Context<'_, '_>| {},
        ),
    );
    sim.run();
    assert_eq!(sim.trace().len(), 2);
    assert!(sim.trace()[1].starts_with("100ms process 0: Refused"), "{}", sim.trace()[1]);
}

#[test]
fn addresses_translate_to_socket_addresses_and_back() {
    let mut sim = Sim::new(1);
    let hosts: Vec<_> = (0..300).map(|_| sim.host()).collect();
    for host in hosts {
        let addr = Addr::new(host, 53);
        assert_eq!(Addr::from(std::net::SocketAddr::from(addr)), addr);
    }
    assert_eq!(Addr::new(net_sim::Host::number(258), 80).to_string(), "10.0.1.2:80");
}

#[test]
fn reading_in_parts_keeps_the_rest() {
    struct Sipper(Rc<RefCell<Vec<Read>>>);
    impl Process for Sipper {
        fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
            match input {
                Input::Start => context.listen(80),
                Input::Readable(stream) => {
                    let mut sip = BytesMut::new();
                    loop {
                        let read = context.read(stream, &mut sip, 4);
                        self.0.borrow_mut().push(read);
                        if !matches!(read, Read::Bytes(_)) {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let mut sim = Sim::new(1);
    let (here, there) = (sim.host(), sim.host());
    let reads = Rc::new(RefCell::new(Vec::new()));
    sim.spawn(there, Sipper(Rc::clone(&reads)));
    let role = |lines: &mut Talk, happening: Happening<Talk>, _: &mut Context<'_, '_>| {
        if let Happening::Opened = happening {
            lines.say(b"sixsix");
            lines.status = Status::Finishing;
        }
    };
    sim.spawn(here, Driven::client(Addr::new(there, 80), Talk::new(), role));
    sim.run();
    let reads = reads.borrow();
    assert_eq!(reads[..], [Read::Bytes(4), Read::Bytes(3), Read::Nothing, Read::End(End::Clean)]);
}
