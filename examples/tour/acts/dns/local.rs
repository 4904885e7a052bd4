//! A local server: a resolver with a cache, asked by hosts, asking the others from a fresh port each time.
//!
//! The rule: whatever it says to the servers of the world, and whatever it hears, is on tape, one tape for each question.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};

use dns::resolver::service::{Output, Policy, Service as Answering, Verdict};
use dns::resolver::{Config, Resolver};
use dns::{Coordinator as _, Event, Input, PortId, Socket};
use examples::Failure;
use examples::nameserver::random;
use examples::service::{Service, Tally};
use net_core::poll::{self, Interest};
use net_core::{Clock, Deadline, Waker};

use super::world::{ROOT, World};
use crate::stage::Stage;
use crate::tape::{Side, Tape};

/// Whom it asked, and what was said.
type Walk = Vec<(String, Tape)>;

pub(crate) struct Local {
    service: Service,
    walk: Arc<Mutex<Walk>>,
}

impl Local {
    /// A local server in this world, for the network that `own` is in.
    pub(crate) fn start(world: &World, own: IpAddr) -> Result<Local, Failure> {
        let config = Config { roots: vec![SocketAddr::new(ROOT, 53)], ipv6: false, ..Config::default() };
        let hosts = UdpSocket::bind((own, 0))?;
        let (address, bell, walk) = (hosts.local_addr()?, Waker::new()?, Arc::new(Mutex::new(Vec::new())));
        let resolver = Resolver::new(config, random()?);
        let room = Room {
            own,
            answering: Answering::new(resolver, Policy::default()),
            hosts,
            bell: bell.clone(),
            clock: Clock::new(),
            map: world.map(),
            ports: BTreeMap::new(),
            clients: Vec::new(),
            walk: Arc::clone(&walk),
            served: 0,
        };
        let service = Service::start("udp", address, move |_| bell.ring(), move || room.run())?;
        Ok(Local { service, walk })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.service.address()
    }

    /// What it has asked since the last look.
    pub(crate) fn walk(&self) -> Walk {
        std::mem::take(&mut *self.walk.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn leave_to(self, stage: &mut Stage) {
        stage.keep(self.service);
    }
}

/// A question under way to a server.
struct Port {
    socket: UdpSocket,
    /// What the resolver calls the server, and what stands for it.
    to: SocketAddr,
    real: SocketAddr,
    tape: Tape,
}

struct Room {
    own: IpAddr,
    answering: Answering,
    hosts: UdpSocket,
    bell: Waker,
    clock: Clock,
    map: BTreeMap<IpAddr, (&'static str, SocketAddr)>,
    ports: BTreeMap<PortId, Port>,
    /// By number: a host that waits for an answer.
    clients: Vec<SocketAddr>,
    walk: Arc<Mutex<Walk>>,
    served: u64,
}

impl Room {
    fn run(mut self) -> Result<Tally, Failure> {
        self.hosts.set_nonblocking(true)?;
        loop {
            self.act()?;
            let resolver = self.answering.resolver();
            let deadline = resolver.deadline().map_or(Deadline::NEVER, |at| self.clock.deadline(at));
            let mut sources = vec![(self.bell.as_fd(), Interest::READ), (self.hosts.as_fd(), Interest::READ)];
            sources.extend(self.ports.values().map(|port| (port.socket.as_fd(), Interest::READ)));
            let ready = poll::wait_any(&sources, deadline)?;
            drop(sources);
            if ready.first().is_some_and(|bell| bell.any()) {
                return Ok(Tally { served: self.served, ..Tally::default() });
            }
            self.hear_hosts()?;
            self.hear_servers();
            let now = self.clock.now();
            if self.answering.resolver().deadline().is_some_and(|at| at <= now) {
                self.answering.resolver().handle_deadline(now);
            }
        }
    }

    /// What the resolver wants said and done.
    fn act(&mut self) -> Result<(), Failure> {
        let mut out = vec![0; 4096];
        let now = self.clock.now();
        loop {
            while let Some(output) = self.answering.poll_event(&mut out) {
                match output {
                    Output::Reply { client, len } => {
                        let to = usize::try_from(client).ok().and_then(|number| self.clients.get(number));
                        if let Some(to) = to {
                            self.hosts.send_to(out.get(..len).unwrap_or_default(), to)?;
                            self.served += 1;
                        }
                    }
                    Output::Resolver(Event::ClosePort(port)) => {
                        self.ports.remove(&port);
                    }
                    // Nothing here is too long for a datagram.
                    Output::Resolver(Event::OpenTcp { id, .. }) => {
                        self.answering.resolver().handle(Input::TcpClosed(id), now);
                    }
                    // Whom nobody answers asks again.
                    Output::Silence { .. } | Output::Resolver(_) => {}
                }
            }
            let Some(transmit) = self.answering.resolver().poll_transmit(now) else { return Ok(()) };
            if self.send(transmit.socket, transmit.to, &transmit.bytes).is_err() {
                self.answering.resolver().handle(Input::SendFailed(transmit.socket), now);
            }
        }
    }

    fn send(&mut self, socket: Socket, to: SocketAddr, bytes: &[u8]) -> Result<(), Failure> {
        let Socket::FreshPort(id) = socket else { return Err("no streams here".into()) };
        let (name, real) = self.map.get(&to.ip()).ok_or("nobody is there")?;
        let tape = Tape::new();
        tape.datagram(Side::Client, bytes);
        let mut walk = self.walk.lock().unwrap_or_else(PoisonError::into_inner);
        walk.push((format!("{name} ({})", to.ip()), tape.clone()));
        drop(walk);
        let socket = UdpSocket::bind((self.own, 0))?;
        socket.set_nonblocking(true)?;
        socket.send_to(bytes, real)?;
        self.ports.insert(id, Port { socket, to, real: *real, tape });
        Ok(())
    }

    fn hear_hosts(&mut self) -> Result<(), Failure> {
        let (mut datagram, mut out) = (vec![0; 4096], vec![0; 4096]);
        while let Ok((len, from)) = self.hosts.recv_from(&mut datagram) {
            let query = datagram.get(..len).unwrap_or_default();
            let client = (self.clients.len() as u64, from.ip());
            self.clients.push(from);
            let now = self.clock.now();
            if let Verdict::Reply(len) = self.answering.query(client, false, query, now, &mut out) {
                self.hosts.send_to(out.get(..len).unwrap_or_default(), from)?;
                self.served += 1;
            }
        }
        Ok(())
    }

    fn hear_servers(&mut self) {
        let mut heard = Vec::new();
        for (id, port) in &self.ports {
            let mut datagram = vec![0; 4096];
            while let Ok((len, from)) = port.socket.recv_from(&mut datagram) {
                let bytes = datagram.get(..len).unwrap_or_default().to_vec();
                port.tape.datagram(Side::Server, &bytes);
                heard.push((*id, if from == port.real { port.to } else { from }, bytes));
            }
        }
        for (port, from, bytes) in heard {
            let now = self.clock.now();
            self.answering.resolver().handle(Input::Datagram { port, from, bytes: &bytes }, now);
        }
    }
}
