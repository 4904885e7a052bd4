//! The simulator's driver: the endpoint on one host, the peer on another, a link with delay between them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use net_sim::{Addr, Chunks, Context, Driven, Happening, Input, Link, Process, Read, Role, Sim, Stream};
use proto_core::Fault;

use crate::Peer;
use crate::drivers::{Outcome, left, word};
use crate::toy::Toy;

const PORT: u16 = 7;

/// The endpoint's owner.
#[derive(Default)]
struct Owner {
    trace: Vec<String>,
    failed: bool,
}

impl Role<Toy> for Owner {
    fn handle(&mut self, toy: &mut Toy, happening: Happening<Toy>, _: &mut Context<'_, '_>) {
        let word = match happening {
            Happening::Opened | Happening::Poked => return,
            Happening::Event(event) => word(&event),
            Happening::Paused => {
                toy.answer();
                "paused".into()
            }
            Happening::Fault(fault) => {
                self.failed = true;
                match fault {
                    Fault::Protocol(error) => format!("error {error}"),
                    Fault::PlaintextBuffered => "plaintext".into(),
                }
            }
            Happening::Switched(unread) => {
                self.failed = true; // what follows is not the endpoint's any more
                self.trace.push("yours Switched".into());
                left(&unread)
            }
            Happening::Closed(_) if self.failed => return,
            Happening::Closed(_) => "closed".into(),
        };
        self.trace.push(word);
    }

    fn fill(&mut self, _: &mut Toy, left: u64, most: usize) -> Bytes {
        vec![b'f'; most.min(left as usize)].into()
    }
}

/// The peer: sends, waits for what it expects, half-closes, reads to the end.
struct Script {
    to: Addr,
    steps: Vec<(bool, Vec<u8>)>,
    received: BytesMut,
    /// How much of `received` was expected, or taken for a layer's beginning.
    seen: usize,
    done: bool,
}

impl Script {
    fn new(to: Addr, dialogue: &[Peer<'_>]) -> Self {
        let steps = dialogue.iter().rev().map(|step| match *step {
            Peer::Send(bytes) | Peer::Drip(bytes) => (true, bytes.to_vec()),
            Peer::Expect(bytes) => (false, bytes.to_vec()),
        });
        Script { to, steps: steps.collect(), received: BytesMut::new(), seen: 0, done: false }
    }

    fn go_on(&mut self, stream: Stream, context: &mut Context<'_, '_>) {
        while let Some((send, bytes)) = self.steps.last_mut() {
            if *send {
                let written = context.write(stream, bytes).unwrap_or(bytes.len());
                bytes.drain(..written);
                if !bytes.is_empty() {
                    return context.want_room(stream);
                }
            } else {
                let Some(rest) = self.received.get(self.seen..self.seen + bytes.len()) else { return };
                assert_eq!(rest, bytes);
                self.seen += bytes.len();
            }
            self.steps.pop();
        }
        if !std::mem::replace(&mut self.done, true) {
            context.shut(stream);
        }
    }
}

impl Process for Script {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        match input {
            Input::Start => drop(context.connect(self.to)),
            Input::Opened(stream) | Input::Writable(stream) => self.go_on(stream, context),
            Input::Readable(stream) => {
                while let Read::Bytes(_) = context.read(stream, &mut self.received, usize::MAX) {}
                if self.received.ends_with(b"go\n") {
                    context.upgrade(stream); // the other end asks for it, if it is not for the tunnel
                }
                self.go_on(stream, context);
            }
            _ => {}
        }
    }
}

/// `net_sim::Driven`, in packets of random size.
pub(crate) fn simulated(dialogue: &[Peer<'_>]) -> Outcome {
    let whole = dialogue.iter().any(|step| matches!(step, Peer::Send(b"tls\nsay injected\n")));
    let mut sim = Sim::new(1);
    sim.chunks(if whole { Chunks::Whole } else { Chunks::Random(1460) });
    let (ours, theirs) = (sim.host(), sim.host());
    sim.wire(ours, theirs, Link::new().delay(Duration::from_millis(20)));
    let owner = Rc::new(RefCell::new(Driven::once(PORT, Toy::new(), Owner::default())));
    let script = Rc::new(RefCell::new(Script::new(Addr::new(ours, PORT), dialogue)));
    sim.spawn(ours, Rc::clone(&owner));
    sim.spawn(theirs, Rc::clone(&script));
    sim.run();
    let trace = std::mem::take(&mut owner.borrow_mut().role().trace);
    let received = script.borrow().received.to_vec();
    Outcome { trace, received }
}
