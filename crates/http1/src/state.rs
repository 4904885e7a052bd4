//! The states of an exchange, and every move between them.
//!
//! A request and its response are two coupled machines that begin at [`Side::Head`]. This file knows no role: a server
//! reads the request's side and writes the response's, a client the other way round, and both ask the same table. What
//! is not in the table is wrong: the peer's fault for the side that is read, the caller's for the side that is written.
//!
//! ```text
//!              request   response     request   response
//! RequestHead  Head      Head      -> Body      Head
//! RequestEnd   Body      any       -> Done      the same
//! Interim      not Head  Head      -> the same  Head
//! Final        not Head  Head      -> the same  Body
//! Switch       not Head  Head      -> the same  Switched
//! ResponseEnd  not Head  Body      -> the same  Done
//! ```
//!
//! An exchange is over once both sides are done; whether another follows is what [`Exchange::keep`] says. It is
//! switched once the response says so and the request is done. A client that pipelines has a queue of exchanges: it
//! writes the request of the last and reads the response of the first.

use crate::method::MethodClass;
use crate::{Error, ErrorKind, FieldSection, Known, Method, RequestHead, Version};

/// How far one side of an exchange has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Its head is next (for the response: its final head; interim ones leave it here).
    Head,
    /// Its body is next, if only the end of an empty one.
    Body,
    /// It is complete.
    Done,
    /// The response was that the connection now speaks something else.
    Switched,
}

/// What can happen in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    RequestHead,
    RequestEnd,
    Interim,
    Final,
    Switch,
    ResponseEnd,
}

/// What an exchange has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is under way.
    Going,
    /// It is over, and another may follow.
    Next,
    /// It is over, and with it the connection.
    Last,
    /// It is over: the connection belongs to another protocol.
    Switched,
}

/// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// It does not.
    Nothing,
    /// It does, and the server's caller has not been told yet.
    Untold,
    /// It does.
    Waiting,
}

/// A request and its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    request: Side,
    response: Side,
    /// Another exchange may follow on the connection (RFC 9112 section 9.3).
    pub(crate) keep: bool,
    /// Of the request.
    pub(crate) method: MethodClass,
    /// Of the request: the responder sends nothing that this version does not know.
    pub(crate) version: Version,
    /// The request asks for another protocol (RFC 9110 section 7.8).
    pub(crate) upgrade: bool,
    pub(crate) expect: Expect,
    /// Interim responses so far.
    pub(crate) interim: usize,
}

impl Exchange {
    /// Before its first byte.
    pub(crate) fn new(method: MethodClass, version: Version) -> Self {
        Exchange {
            request: Side::Head,
            response: Side::Head,
            keep: true,
            method,
            version,
            upgrade: false,
            expect: Expect::Nothing,
            interim: 0,
        }
    }

    /// Of a request as it came in; what it expects is yet to be looked at.
    pub(crate) fn of(head: &RequestHead<'_>) -> Self {
        let fields = head.fields();
        let mut exchange = Exchange::new(MethodClass::of(head.method()), head.version());
        exchange.keep = persists(head.version(), fields);
        // RFC 9110 section 7.8: Upgrade in an HTTP/1.0 request is ignored, and without the connection option it is
        // not meant for us.
        exchange.upgrade = fields.has_any(Known::Upgrade.mark())
            && head.version() == Version::Http11
            && fields.has_token(Known::Connection, "upgrade");
        exchange
    }

    pub(crate) fn request(&self) -> Side {
        self.request
    }

    pub(crate) fn response(&self) -> Side {
        self.response
    }

    /// A move by the table above.
    pub(crate) fn step(&mut self, step: Step) -> Result<(), Error> {
        use Side::{Body, Done, Head, Switched};
        let (request, response) = match (step, self.request, self.response) {
            (Step::RequestHead, Head, Head) => (Body, Head),
            (Step::RequestEnd, Body, response) => (Done, response),
            (Step::Interim, request @ (Body | Done), Head) => (request, Head),
            (Step::Final, request @ (Body | Done), Head) => (request, Body),
            (Step::Switch, request @ (Body | Done), Head) => (request, Switched),
            (Step::ResponseEnd, request @ (Body | Done), Body) => (request, Done),
            _ => return Err(Error::caller(ErrorKind::NotNow)),
        };
        (self.request, self.response) = (request, response);
        Ok(())
    }

    /// What it has come to. A response that ends a connection ends it whether or not the request was read to its end
    /// (RFC 9112 section 9.6).
    pub(crate) fn outcome(&self) -> Outcome {
        match (self.request, self.response) {
            (Side::Done, Side::Switched) => Outcome::Switched,
            (_, Side::Done) if !self.keep => Outcome::Last,
            (Side::Done, Side::Done) => Outcome::Next,
            _ => Outcome::Going,
        }
    }

    /// The response's head is final, and it turns the connection into a tunnel: a success to CONNECT (RFC 9110 section
    /// 9.3.6).
    pub(crate) fn opens_tunnel(&self, status: crate::StatusCode) -> bool {
        self.method.connect && status.is_success()
    }

    /// A method whose responses are framed as this exchange's.
    pub(crate) fn framing_method(&self) -> Method<'static> {
        self.method.framing()
    }
}

/// Whether a message with these fields lets the connection persist (RFC 9112 section 9.3).
pub(crate) fn persists(version: Version, fields: FieldSection<'_>) -> bool {
    if !fields.has_any(Known::Connection.mark()) {
        return version == Version::Http11;
    }
    let close = fields.has_token(Known::Connection, "close");
    !close && (version == Version::Http11 || fields.has_token(Known::Connection, "keep-alive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> Exchange {
        Exchange::new(MethodClass::of(Method::Get), Version::Http11)
    }

    const STEPS: [Step; 6] =
        [Step::RequestHead, Step::RequestEnd, Step::Interim, Step::Final, Step::Switch, Step::ResponseEnd];

    #[test]
    fn a_whole_exchange_with_interim_responses() {
        let mut exchange = exchange();
        for step in [Step::RequestHead, Step::Interim, Step::Interim, Step::RequestEnd, Step::Final] {
            exchange.step(step).unwrap();
            assert_eq!(exchange.outcome(), Outcome::Going);
        }
        exchange.step(Step::ResponseEnd).unwrap();
        assert_eq!(exchange.outcome(), Outcome::Next);
    }

    #[test]
    fn the_response_may_end_before_the_request() {
        let mut exchange = exchange();
        for step in [Step::RequestHead, Step::Final, Step::ResponseEnd] {
            exchange.step(step).unwrap();
        }
        assert_eq!(exchange.outcome(), Outcome::Going);
        exchange.step(Step::RequestEnd).unwrap();
        assert_eq!(exchange.outcome(), Outcome::Next);
    }

    #[test]
    fn a_switch_waits_for_the_end_of_the_request() {
        let mut exchange = exchange();
        exchange.step(Step::RequestHead).unwrap();
        exchange.step(Step::Switch).unwrap();
        assert_eq!(exchange.outcome(), Outcome::Going);
        exchange.step(Step::RequestEnd).unwrap();
        assert_eq!(exchange.outcome(), Outcome::Switched);
    }

    #[test]
    fn nothing_happens_twice_and_nothing_follows_the_end() {
        let mut done = exchange();
        for step in [Step::RequestHead, Step::RequestEnd, Step::Final, Step::ResponseEnd] {
            done.step(step).unwrap();
        }
        for step in STEPS {
            assert!(done.step(step).is_err(), "{step:?} after the end");
        }
        for step in [Step::RequestEnd, Step::Interim, Step::Final, Step::Switch, Step::ResponseEnd] {
            assert!(exchange().step(step).is_err(), "{step:?} at first");
        }
    }
}
