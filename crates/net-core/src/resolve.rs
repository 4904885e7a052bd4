//! Names to addresses, before a deadline.
//!
//! The rule: nobody waits longer than he said he would. The system's resolver (getaddrinfo) knows no deadline, so it is
//! asked on a helper thread; who gives up leaves it there, and there are never more than [`HELPERS`] of them. Literal
//! addresses, and names of the machine's own list (hosts(5)), are answered at once, without a thread.
//!
//! Where a program has a resolver of its own, it hands it over as a closure ([`Resolver::by`]), which is asked for both
//! families side by side.

mod hosts;
mod office;
mod source;
mod target;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};

pub use office::HELPERS;
pub(crate) use source::candidate;
pub use target::{Host, Target, TargetError, service};

use crate::{Deadline, Family};

type ByFamily = dyn Fn(&str, Family, Deadline) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// What finds the addresses of a name. Clones share it.
///
/// ```
/// use std::time::Duration;
/// use net_core::{Deadline, Family, resolve::Resolver};
///
/// let soon = Deadline::after(Duration::from_secs(5));
/// let literal = Resolver::system().addresses("192.0.2.1", soon)?;
/// assert_eq!(literal, ["192.0.2.1".parse::<std::net::IpAddr>()?]);
///
/// let own = Resolver::by(|name, family, _deadline| match (name, family) {
///     ("www.networkutopia.test", Family::V4) => Ok(vec!["192.0.2.80".parse().unwrap()]),
///     _ => Ok(Vec::new()),
/// });
/// assert_eq!(own.addresses("www.networkutopia.test", soon)?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Resolver {
    /// `None`: the system's.
    own: Option<Arc<ByFamily>>,
}

/// What came of asking for one family, or for both.
pub(crate) struct Answer {
    /// `None`: both, in one answer.
    pub(crate) family: Option<Family>,
    pub(crate) addresses: io::Result<Vec<IpAddr>>,
}

impl Resolver {
    /// The system's resolver: its files, its name servers, its order.
    #[must_use]
    pub fn system() -> Self {
        Resolver { own: None }
    }

    /// The caller's own. It is asked for each family, for both at the same time, on threads other than the asker's, and
    /// should keep to the deadline; no address is an empty list, not an error.
    #[must_use]
    pub fn by(
        ask: impl Fn(&str, Family, Deadline) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Resolver { own: Some(Arc::new(ask)) }
    }

    /// Whether its answers come sorted (RFC 6724), as the system's do.
    pub(crate) fn sorts(&self) -> bool {
        self.own.is_none()
    }

    /// All addresses of `host`, which may be a literal one.
    ///
    /// # Errors
    /// `TimedOut` at the deadline; `NotFound` if there are none; or what the resolver says.
    pub fn addresses(&self, host: &str, deadline: Deadline) -> io::Result<Vec<IpAddr>> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        if let Some(listed) = self.listed(host) {
            return Ok(listed);
        }
        let (answers, mut left) = self.ask_all(host, deadline)?;
        let (mut all, mut failure) = (Vec::new(), None);
        while left > 0 {
            left -= 1;
            match receive(&answers, deadline)?.addresses {
                Ok(addresses) => all.extend(addresses),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if all.is_empty() => Err(error),
            _ if all.is_empty() => Err(no_address()),
            _ => Ok(all),
        }
    }

    /// What the machine's own list answers.
    fn listed(&self, host: &str) -> Option<Vec<IpAddr>> {
        if self.own.is_some() { None } else { hosts::look_up(host, candidate) }
    }

    /// Asks, and says how many answers will come.
    fn ask_all(&self, host: &str, deadline: Deadline) -> io::Result<(mpsc::Receiver<Answer>, usize)> {
        let (sender, answers) = mpsc::channel();
        let count = self.ask(host, deadline, move |answer| drop(sender.send(answer)))?;
        Ok((answers, count))
    }

    /// Asks on helper threads; `tell` is called there with each answer. Returns how many will come.
    pub(crate) fn ask(
        &self,
        host: &str,
        deadline: Deadline,
        tell: impl Fn(Answer) + Clone + Send + 'static,
    ) -> io::Result<usize> {
        let Some(own) = &self.own else {
            let host = host.to_owned();
            // Nobody waits any more if it took too long: the answer goes nowhere.
            office::run(move || tell(Answer { family: None, addresses: ask_system(&host) }))?;
            return Ok(1);
        };
        for family in Family::BOTH {
            let (own, host, tell) = (Arc::clone(own), host.to_owned(), tell.clone());
            office::run(move || {
                let answer = catch_unwind(AssertUnwindSafe(|| own(&host, family, deadline)));
                let addresses = answer.unwrap_or_else(|_| Err(io::Error::other("the resolver panicked")));
                tell(Answer { family: Some(family), addresses });
            })?;
        }
        Ok(2)
    }

    /// The system's answer, on the calling thread if there is no deadline.
    pub(crate) fn ask_and_wait(&self, host: &str, deadline: Deadline) -> io::Result<Vec<IpAddr>> {
        if self.own.is_none() && deadline == Deadline::NEVER {
            return ask_system(host);
        }
        self.addresses(host, deadline)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.own.is_some() { "Resolver(own)" } else { "Resolver(system)" })
    }
}

fn ask_system(host: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for addr in (host, 0).to_socket_addrs()? {
        if !addresses.contains(&addr.ip()) {
            addresses.push(addr.ip());
        }
    }
    Ok(addresses)
}

pub(crate) fn receive(answers: &mpsc::Receiver<Answer>, deadline: Deadline) -> io::Result<Answer> {
    let answer = match deadline.left() {
        None => answers.recv().map_err(Into::into),
        Some(left) => answers.recv_timeout(left),
    };
    answer.map_err(|error| match error {
        RecvTimeoutError::Timeout => ErrorKind::TimedOut.into(),
        RecvTimeoutError::Disconnected => io::Error::other("the resolver gave no answer"),
    })
}

fn no_address() -> io::Error {
    io::Error::new(ErrorKind::NotFound, "the name has no address")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    #[test]
    fn the_system_knows_its_own_name() {
        for deadline in [soon(), Deadline::NEVER] {
            let addresses = Resolver::system().ask_and_wait("localhost", deadline).unwrap();
            assert!(addresses.iter().all(|ip| ip.is_loopback()) && !addresses.is_empty());
        }
    }

    #[test]
    fn a_resolver_that_never_answers_meets_the_deadline() {
        let (_keep, never) = mpsc::channel::<()>();
        let never = std::sync::Mutex::new(never);
        let stuck = Resolver::by(move |_, _, _| {
            let _ = never.lock().unwrap().recv_timeout(Duration::from_secs(5));
            Ok(Vec::new())
        });
        let error = stuck.addresses("name.test", Deadline::after(Duration::from_millis(5))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn one_family_is_enough_and_none_is_an_error() {
        let only_v4 = Resolver::by(|_, family, _| match family {
            Family::V4 => Ok(vec!["192.0.2.1".parse().unwrap()]),
            Family::V6 => Err(io::Error::other("SERVFAIL")),
        });
        assert_eq!(only_v4.addresses("name.test", soon()).unwrap().len(), 1);
        let nothing = Resolver::by(|_, _, _| Ok(Vec::new()));
        assert_eq!(nothing.addresses("name.test", soon()).unwrap_err().kind(), ErrorKind::NotFound);
        let broken = Resolver::by(|_, _, _| Err(io::Error::other("SERVFAIL")));
        assert_eq!(broken.addresses("name.test", soon()).unwrap_err().to_string(), "SERVFAIL");
    }

    #[test]
    fn a_resolver_that_panics_is_an_error() {
        let panics = Resolver::by(|_, _, _| std::panic::resume_unwind(Box::new("as the test asked")));
        let error = panics.addresses("name.test", soon()).unwrap_err();
        assert_eq!(error.to_string(), "the resolver panicked");
    }
}
