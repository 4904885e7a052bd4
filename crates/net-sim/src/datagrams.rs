//! Datagram endpoints on a host.
//!
//! The rule: one port each, and what the endpoint wants to send leaves before anything else happens.

use bytes::BytesMut;
use proto_core::{DatagramEndpoint, Time};

use crate::{Addr, Context, Input, Process};

/// The program around a datagram endpoint.
///
/// Any `FnMut(&mut D, Option<D::Event>, &mut Context)` is one: told `None` when it starts and when it is poked.
pub trait DatagramRole<D: DatagramEndpoint> {
    /// Something has happened: time for commands.
    fn handle(&mut self, endpoint: &mut D, event: Option<D::Event>, context: &mut Context<'_, '_>);

    /// A datagram was not what the protocol allows, or time made something wrong. Nothing follows from it.
    fn error(&mut self, error: D::Error, context: &mut Context<'_, '_>) {
        let _ = (error, context);
    }
}

impl<D: DatagramEndpoint, F: FnMut(&mut D, Option<D::Event>, &mut Context<'_, '_>)> DatagramRole<D> for F {
    fn handle(&mut self, endpoint: &mut D, event: Option<D::Event>, context: &mut Context<'_, '_>) {
        self(endpoint, event, context);
    }
}

/// A datagram endpoint with its role, at one port. Its peers are [`Addr`]s or socket addresses.
#[derive(Debug)]
pub struct Datagrams<D, R> {
    port: u16,
    endpoint: D,
    role: R,
    armed: Option<Time>,
}

impl<D, R> Datagrams<D, R>
where
    D: DatagramEndpoint<Peer: From<Addr> + Into<Addr>>,
    R: DatagramRole<D>,
{
    /// At `port`; 0 takes a fresh one.
    pub fn new(port: u16, endpoint: D, role: R) -> Self {
        Datagrams { port, endpoint, role, armed: None }
    }

    /// The endpoint.
    pub fn endpoint(&mut self) -> &mut D {
        &mut self.endpoint
    }

    /// The role.
    pub fn role(&mut self) -> &mut R {
        &mut self.role
    }

    fn start(&mut self, context: &mut Context<'_, '_>) {
        if self.port == 0 {
            self.port = context.fresh_port();
        }
        context.bind(self.port);
    }

    fn pump(&mut self, context: &mut Context<'_, '_>) {
        loop {
            self.transmit(context);
            let Some(event) = self.endpoint.poll_event() else { break };
            self.role.handle(&mut self.endpoint, Some(event), context);
        }
        if let Some(at) = self.endpoint.deadline()
            && self.armed.is_none_or(|armed| at < armed)
        {
            self.armed = Some(at);
            context.wake_at(at, 0);
        }
    }

    fn transmit(&mut self, context: &mut Context<'_, '_>) {
        let mut out = BytesMut::new();
        while let Some(transmit) = self.endpoint.poll_transmit(context.now(), &mut out) {
            out.truncate(transmit.len);
            context.send(self.port, transmit.to.into(), out.split().freeze());
        }
    }
}

impl<D, R> Process for Datagrams<D, R>
where
    D: DatagramEndpoint<Peer: From<Addr> + Into<Addr>>,
    R: DatagramRole<D>,
{
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        let now = context.now();
        let done = match input {
            Input::Start => {
                self.start(context);
                self.role.handle(&mut self.endpoint, None, context);
                Ok(())
            }
            Input::Poked => {
                self.role.handle(&mut self.endpoint, None, context);
                Ok(())
            }
            Input::Datagram { from, bytes, .. } => self.endpoint.handle(from.into(), &bytes, now),
            Input::Timer(_) => {
                self.armed = self.armed.filter(|&at| at > now);
                let due = self.endpoint.deadline().is_some_and(|at| at <= now);
                if due { self.endpoint.handle_deadline(now) } else { Ok(()) }
            }
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.role.error(error, context);
        }
        self.pump(context);
    }
}
