//! Queries by TCP and TLS: one conversation each, answered as they come; zones leave message by message.
//!
//! The rule: while a zone is on its way, other queries of the same client are still answered; a second zone waits for
//! the first.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use bytes::Bytes;
use dns::authority::{ClientCtx, Verdict};
use dns::server::{Event, Limits, QueryId, Server as Endpoint};
use dns::xfr::Outgoing;
use dns::{Message, Opcode, Rcode, edns};
use net_core::Server;
use net_core::{Clock, Connection, Deadline, Shutdown, Step, Stream, TlsRole};
use rustls::ServerConfig;
use tracing::info;

use super::desk::{Considered, Desk, Transfer};
use super::unix;
use crate::Failure;
use crate::service::Service;

/// Octets of a message of a transfer. Behind the first 16 KiB names can't be pointed to.
const MESSAGE: usize = 16 << 10;

/// Serves streams; by TLS if there is a configuration.
///
/// # Errors
/// No thread can be had.
pub fn serve(server: Server, desk: &Arc<Desk>, tls: Option<Arc<ServerConfig>>) -> Result<Service, Failure> {
    let (desk, scheme) = (Arc::clone(desk), if tls.is_some() { "tls" } else { "tcp" });
    Ok(Service::of(scheme, server, move |stream, peer, shutdown| {
        if let Err(error) = converse(&desk, stream, peer.addr, tls.as_ref(), shutdown) {
            info!(peer = %peer.addr, error = crate::sentence(error.as_ref()), "ended");
        }
    })?)
}

struct Talk<'t> {
    desk: &'t Desk,
    connection: Connection<Endpoint>,
    peer: SocketAddr,
    tls: bool,
    out: Vec<u8>,
    /// Transfers that wait for the one under way.
    waiting: VecDeque<(QueryId, Bytes)>,
    transferring: bool,
    over: bool,
}

/// One connection, to its end.
fn converse(
    desk: &Desk,
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    tls: Option<&Arc<ServerConfig>>,
    shutdown: &Shutdown,
) -> Result<(), Failure> {
    let mut stream = Stream::new(stream)?;
    let mut endpoint = Endpoint::new(Limits::DEFAULT);
    if let Some(tls) = tls {
        stream.start_tls(TlsRole::server(Arc::clone(tls)))?;
        endpoint = endpoint.over_tls();
    }
    let mut connection = Connection::new(stream, endpoint, Clock::new());
    connection.heed(shutdown);
    let out = vec![0; dns::limits::MESSAGE];
    let waiting = VecDeque::new();
    let tls = tls.is_some();
    let mut talk = Talk { desk, connection, peer, tls, out, waiting, transferring: false, over: false };
    while !talk.over {
        talk.step()?;
        while let Some((id, query)) = talk.waiting.pop_front() {
            talk.answer(id, &query)?;
        }
        if shutdown.is_stopping() {
            talk.connection.set_deadline(shutdown.drain_deadline());
        }
    }
    Ok(())
}

impl Talk<'_> {
    /// Waits for the next thing and deals with it; the query that there is room for, if that is what happened.
    fn step(&mut self) -> Result<Option<QueryId>, Failure> {
        match self.connection.next()? {
            Step::Event(Event::Query { id, bytes, .. }) => self.answer(id, &bytes)?,
            Step::Event(Event::Room { id }) => return Ok(Some(id)),
            Step::Event(Event::Closed) => {}
            Step::Woken => self.connection.endpoint().shut_down(),
            // A zone is on its way to one who has asked enough: what is unsent has to leave first.
            Step::Paused => self.connection.attend(Deadline::after(Limits::DEFAULT.idle))?,
            Step::Gap(_) | Step::Yours(_) | Step::Closed => self.over = true,
        }
        Ok(None)
    }

    fn answer(&mut self, id: QueryId, query: &Bytes) -> Result<(), Failure> {
        let now = u32::try_from(unix() & u64::from(u32::MAX)).unwrap_or(0);
        let ctx = ClientCtx { unix: now, turn: now, ..ClientCtx::stream(self.peer.ip(), self.peer.port()) };
        match self.desk.consider(query, &ctx, &mut self.out) {
            Considered::Reply(len) => self.reply(id, query, len)?,
            Considered::Silence => self.connection.endpoint().ignore(id),
            Considered::Transfer(_) if self.transferring => self.waiting.push_back((id, query.clone())),
            Considered::Transfer(transfer) => {
                self.transferring = true;
                let outcome = self.transfer(id, query, *transfer, &ctx);
                self.transferring = false;
                outcome?;
            }
        }
        Ok(())
    }

    fn reply(&mut self, id: QueryId, query: &Bytes, len: usize) -> Result<(), Failure> {
        let asked = Message::parse(query).ok();
        let padded = self.tls && asked.as_ref().is_some_and(edns::wants_padding);
        let len = if padded { edns::pad_reply(&mut self.out, len) } else { len };
        let _ = self.connection.endpoint().reply(id, self.out.get(..len).unwrap_or_default());
        // The disk was waited for: who has many updates on their way does not learn of the first with the last.
        if asked.is_some_and(|message| message.header().opcode() == Opcode::UPDATE) {
            self.connection.flush()?;
        }
        Ok(())
    }

    /// A zone, message by message, each when there is room for it.
    fn transfer(
        &mut self,
        id: QueryId,
        query: &Bytes,
        transfer: Transfer,
        ctx: &ClientCtx,
    ) -> Result<(), Failure> {
        let Transfer { zone, history, mut session } = transfer;
        let message = Message::parse(query)?;
        let Some(mut outgoing) = Outgoing::new(&message, &zone, &history) else {
            // An IXFR without the serial that it is about.
            return self.refuse(id, &message, session, ctx);
        };
        info!(zone = %zone.apex(), serial = zone.serial(), client = %self.peer, "a transfer begins");
        let reserve = session.as_ref().map_or(0, |session| session.key().reserve());
        let mut piece = vec![0; MESSAGE];
        while let Some(len) = outgoing.next(&mut piece, reserve) {
            let len = match &mut session {
                Some(session) => session.sign(&mut piece, len, unix()).ok_or("no room for a signature")?,
                None => len,
            };
            let said = self.connection.endpoint().reply_more(id, piece.get(..len).unwrap_or_default());
            if said.is_err() {
                return Ok(());
            }
            while self.step()? != Some(id) {
                if self.over {
                    return Ok(());
                }
            }
        }
        self.connection.endpoint().ignore(id);
        Ok(())
    }

    fn refuse(
        &mut self,
        id: QueryId,
        message: &Message<'_>,
        session: Option<dns::tsig::Session>,
        ctx: &ClientCtx,
    ) -> Result<(), Failure> {
        let verdict = self.desk.authority().refuse(message, ctx, Rcode::FORMERR, &mut self.out);
        let (Verdict::Reply(mut len) | Verdict::Truncated(mut len)) = verdict else { return Ok(()) };
        if let Some(mut session) = session {
            len = session.sign(&mut self.out, len, unix()).ok_or("no room for a signature")?;
        }
        let _ = self.connection.endpoint().reply(id, self.out.get(..len).unwrap_or_default());
        Ok(())
    }
}
