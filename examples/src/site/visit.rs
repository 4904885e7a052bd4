//! One connection's visit to the site: the endpoint's events in, its commands out.
//!
//! The rule: a request is answered at its end, or refused at its head; and every response goes out in one piece, its head
//! with its body, so that nothing small ever leaves as two packets. What lies in files is left out as a gap, and whoever
//! owns the socket fills it from where [`Visit::gap`] says.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http1::date::HttpDate;
use http1::server::{Event, Server};
use http1::{Body, Error, Request, StatusCode};
use proto_core::Time;

use super::Site;
use super::answer::{Answer, Extent, Payload, Piece};
use super::change::{Intake, Plan, status_of_intake};
use super::recent::{Present, Recent};

/// How old the date may be that answers are given.
const DATED: Duration = Duration::from_millis(100);

/// A connection's visit.
#[derive(Debug)]
pub struct Visit {
    site: Arc<Site>,
    /// The request under way, and what becomes of its body; `None` between two, and once it is answered.
    request: Option<(Request, Intake)>,
    /// What was sent last.
    recent: Option<Recent>,
    /// What the gaps in the output are filled from, in their order.
    gaps: VecDeque<Extent>,
    date: HttpDate,
    /// When the calendar was looked at last.
    dated: Option<Time>,
}

impl Visit {
    /// A visit at its beginning.
    #[must_use]
    pub fn new(site: Arc<Site>) -> Self {
        Visit { site, request: None, recent: None, gaps: VecDeque::new(), date: today(), dated: None }
    }

    /// What follows from an event of the endpoint.
    pub fn event(&mut self, server: &mut Server, event: Event, now: Time) {
        if let Err(error) = self.respond(server, event, now) {
            // A command of ours was refused: a fault of the site's, never the client's.
            tracing::error!(%error, "an answer was refused");
            let _ = server.reject(StatusCode::INTERNAL_SERVER_ERROR);
            self.request = None;
        }
    }

    /// The request under way will never be complete: what was taken in of it is thrown away.
    pub fn give_up(&mut self) {
        self.request = None;
    }

    /// The file that the gap in front is filled from, and from where in it.
    #[must_use]
    pub fn gap(&self) -> Option<(&File, u64)> {
        self.gaps.front().map(|extent| (&*extent.file, extent.at))
    }

    /// So many bytes of the gap in front are on their way.
    pub fn gap_filled(&mut self, n: u64) {
        let Some(extent) = self.gaps.front_mut() else { return };
        extent.at += n;
        extent.len = extent.len.saturating_sub(n);
        if extent.len == 0 {
            self.gaps.pop_front();
        }
    }

    fn respond(&mut self, server: &mut Server, event: Event, now: Time) -> Result<(), Error> {
        match event {
            Event::Request(request) => self.begin(server, request, now),
            Event::ExpectContinue if self.request.is_some() => server.continue_now(),
            Event::Data(bytes) => match &mut self.request {
                Some((_, intake)) => {
                    let Err(error) = intake.write(&bytes) else { return Ok(()) };
                    tracing::warn!(%error, "a body can't be kept");
                    self.request = None;
                    let answer = self.site.refuse(status_of_intake(&error), self.date)?;
                    self.send(server, answer)
                }
                None => Ok(()),
            },
            Event::End { .. } => match self.request.take() {
                Some((request, intake)) => {
                    let present = self.present(now);
                    let answer = self.site.answer(&request.head(), intake, now, self.date)?;
                    self.recent = Recent::of(&request, &answer, present);
                    self.send(server, answer)
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, server: &mut Server, request: Request, now: Time) -> Result<(), Error> {
        if self.dated.is_none_or(|at| now.since(at) >= DATED) {
            (self.dated, self.date) = (Some(now), today());
        }
        tracing::debug!(method = request.method().as_str(), target = request.target(), "request");
        if let Some(recent) = &self.recent
            && recent.answers(&request, self.present(now))
        {
            return recent.send(server);
        }
        match self.site.take(&request.head(), now, self.date) {
            Plan::Take(intake) => {
                self.request = Some((request, intake));
                Ok(())
            }
            Plan::Refuse(status) => {
                let answer = self.site.refuse(status, self.date)?;
                self.send(server, answer)
            }
        }
    }

    /// When it is, and what has happened.
    fn present(&self, now: Time) -> Present {
        Present { now, date: self.date, writes: self.site.hot.writes() }
    }

    fn send(&mut self, server: &mut Server, answer: Answer) -> Result<(), Error> {
        let head = answer.head.builder();
        let Some(len) = answer.body.size() else { return server.respond(head, Body::Empty) };
        server.respond(head, Body::Known(len))?;
        if server.wants_body() {
            match answer.body {
                Payload::None => {}
                Payload::One(piece) => self.put(server, piece)?,
                Payload::Several(pieces) => {
                    pieces.into_iter().try_for_each(|piece| self.put(server, piece))?;
                }
            }
        }
        server.end(None)
    }

    fn put(&mut self, server: &mut Server, piece: Piece) -> Result<(), Error> {
        match piece {
            Piece::Memory(bytes) => server.data(bytes),
            Piece::File(extent) => {
                server.reserve(extent.len)?;
                if extent.len > 0 {
                    self.gaps.push_back(extent);
                }
                Ok(())
            }
        }
    }
}

/// What the calendar on the wall says.
fn today() -> HttpDate {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds).ok().and_then(HttpDate::from_unix).unwrap_or(HttpDate::MIN)
}
