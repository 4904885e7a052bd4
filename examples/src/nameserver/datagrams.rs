//! Queries by UDP: as many as are there in one call, answered where they stand, sent in one call.
//!
//! The rule: a query costs no memory and no waiting. What does (a signature, an update, a notification) goes to a clerk on
//! a thread of his own; while he has more than he can do, it is as lost as datagrams are.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dns::authority::{Authority, ClientCtx, Verdict};
use dns::rrl::{Action, Rrl, truncate};
use dns::{Message, Name};
use net_core::udp::{Asked, Inbox, Outbox};
use net_core::{Clock, Deadline, Udp};

use super::desk::{Considered, Desk, Window};
use super::unix;
use crate::Failure;
use crate::service::{Service, Tally};

/// Octets of a query. Updates by datagram are the longest, and fit.
const QUERY: usize = 4096;
/// Octets of an answer; the authority never sends more than 1232 unless told so.
const ANSWER: usize = 4096;
/// Messages that wait for the clerk.
const CLERK: usize = 256;

/// For the clerk.
struct Errand {
    bytes: Vec<u8>,
    from: SocketAddr,
    asked: Option<Asked>,
}

/// Serves datagrams by so many threads.
///
/// # Errors
/// No thread can be had.
pub fn serve(udp: Udp, desk: &Arc<Desk>, threads: usize) -> Result<Service, Failure> {
    let (udp, stop) = (Arc::new(udp), Arc::new(AtomicBool::new(false)));
    let (address, desk) = (udp.local_addr()?, Arc::clone(desk));
    let (knocked, flag) = (Arc::clone(&udp), Arc::clone(&stop));
    let running = Arc::new(AtomicU64::new(threads.max(1) as u64));
    let left = Arc::clone(&running);
    let knock = move |_| {
        flag.store(true, Ordering::Release);
        // Whoever waits in the kernel wakes up by a datagram; one may be lost, or be taken by a neighbour.
        while left.load(Ordering::Acquire) > 0 {
            let _ = knocked.send_to(&[], reachable(address));
            thread::sleep(Duration::from_millis(2));
        }
    };
    let body = move || {
        let (errands, clerk) = sync_channel(CLERK);
        thread::scope(|scope| {
            let (socket, desk) = (&udp, &desk);
            scope.spawn(move || deal_with(&clerk, socket, desk));
            let workers: Vec<_> = (0..threads.max(1))
                .map(|_| {
                    let (window, errands, running) = (desk.window(), errands.clone(), &running);
                    let (udp, stop) = (&udp, &stop);
                    scope.spawn(move || {
                        let tally = answer_all(udp, window, &errands, stop);
                        running.fetch_sub(1, Ordering::AcqRel);
                        tally
                    })
                })
                .collect();
            drop(errands);
            let served = workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum();
            Ok(Tally { served, ..Tally::default() })
        })
    };
    Ok(Service::start("udp", address, knock, body)?)
}

/// The address under which a listener finds itself.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        address => address,
    }
}

/// One thread's work; how many it has answered.
fn answer_all(udp: &Udp, mut window: Window, errands: &SyncSender<Errand>, stop: &AtomicBool) -> u64 {
    let (mut inbox, mut outbox) = (Inbox::with(net_core::udp::BATCH, QUERY), Outbox::new());
    let (mut out, clock, desk) = (vec![0; ANSWER], Clock::new(), Arc::clone(window.desk()));
    let (mut served, mut turn) = (0_u64, 0_u32);
    while !stop.load(Ordering::Acquire) {
        // A refusal by some asker's machine is reported here; the others are served.
        let Ok(_) = udp.receive(&mut inbox, Deadline::NEVER) else { continue };
        let now = u32::try_from(unix() & u64::from(u32::MAX)).unwrap_or(0);
        for datagram in inbox.iter().filter(|datagram| !datagram.truncated) {
            turn = turn.wrapping_add(1);
            let ctx = ClientCtx {
                turn,
                unix: now,
                ..ClientCtx::datagram(datagram.from.ip(), datagram.from.port())
            };
            match window.authority().answer(datagram.bytes, &ctx, &mut out) {
                Verdict::Reply(len) | Verdict::Truncated(len) => {
                    let answer = out.get_mut(..len).unwrap_or_default();
                    let len = match &desk.rrl {
                        None => len,
                        Some(rrl) => limited(rrl, window.authority(), (datagram.bytes, &ctx), answer, &clock),
                    };
                    if len > 0 {
                        outbox.reply(&datagram, answer.get(..len).unwrap_or_default());
                    }
                }
                Verdict::Drop => {}
                _ => {
                    let (bytes, from, asked) = (datagram.bytes.to_vec(), datagram.from, datagram.asked);
                    let _ = errands.try_send(Errand { bytes, from, asked });
                }
            }
        }
        served += outbox.len() as u64;
        let _ = udp.send(&mut outbox);
    }
    served
}

/// How much of an answer may be sent.
fn limited(
    rrl: &Mutex<Rrl>,
    authority: &Authority,
    (query, ctx): (&[u8], &ClientCtx),
    answer: &mut [u8],
    clock: &Clock,
) -> usize {
    let Ok(query) = Message::parse(query) else { return judged(rrl, ctx, None, answer, clock) };
    if authority.knows(&query, ctx) {
        return answer.len();
    }
    let wildcard = query.question().and_then(|question| authority.wildcard(question, ctx.address));
    judged(rrl, ctx, wildcard, answer, clock)
}

fn judged(
    rrl: &Mutex<Rrl>,
    ctx: &ClientCtx,
    wildcard: Option<&Name>,
    answer: &mut [u8],
    clock: &Clock,
) -> usize {
    let (mut rrl, now) = (rrl.lock().unwrap_or_else(PoisonError::into_inner), clock.now());
    let action = match wildcard {
        Some(wildcard) => rrl.judge_wildcard(ctx.address, answer, wildcard, now),
        None => rrl.judge(ctx.address, answer, now),
    };
    match action {
        Action::Send => answer.len(),
        Action::Slip => truncate(answer),
        Action::Drop => 0,
    }
}

/// The clerk's work.
fn deal_with(errands: &Receiver<Errand>, udp: &Udp, desk: &Desk) {
    let (mut out, mut outbox) = (vec![0; ANSWER], Outbox::new());
    while let Ok(Errand { bytes, from, asked }) = errands.recv() {
        let now = u32::try_from(unix() & u64::from(u32::MAX)).unwrap_or(0);
        let ctx = ClientCtx { unix: now, ..ClientCtx::datagram(from.ip(), from.port()) };
        if let Considered::Reply(len) = desk.consider(&bytes, &ctx, &mut out) {
            outbox.push_from(out.get(..len).unwrap_or_default(), from, asked);
            let _ = udp.send(&mut outbox);
        }
    }
}
