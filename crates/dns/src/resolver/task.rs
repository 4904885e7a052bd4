//! A question at work: how far it has come, whom it may still ask, and who waits for it.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use proto_core::Time;

use super::Ticket;
use super::scrub::Verdict;
use crate::cache::{Ranked, RrSet, Sections, Status};
use crate::{Name, Question, RrType};

/// The number of a task; never that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId(pub(super) u64);

/// What a question is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// Somebody wants to know, a client or another task.
    Client,
    /// The same, and checks it himself (CD, RFC 4035 section 3.2.2).
    Unchecked,
    /// A link of a chain of trust is missing.
    #[cfg(feature = "dnssec")]
    Link,
    /// The servers of the root are asked who they are (RFC 8109).
    Prime,
    /// The answer is known and soon is no more.
    Prefetch,
}

/// Who is told the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiter {
    Ticket(Ticket),
    Task(TaskId),
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Look into the cache, and for the zone to start from.
    Start,
    /// Ask one of the zone's servers.
    Ask,
    /// A reply, or the answer of another task, is awaited.
    Wait,
    /// See what the reply is worth.
    Judge,
}

/// A reply that says how it ends or goes on, to be judged first.
#[derive(Debug)]
pub(super) struct Held {
    /// Whose it is; nobody's if it is a last resort.
    #[cfg_attr(not(feature = "dnssec"), expect(dead_code, reason = "only who judges asks whose it was"))]
    pub(super) from: Option<SocketAddr>,
    pub(super) verdict: Verdict,
    pub(super) sections: Sections<Ranked>,
}

/// What is spent on a question, shared by all that work for it.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// Queries sent.
    pub(super) sends: AtomicU32,
    /// Signatures and hashes tried.
    #[cfg(feature = "dnssec")]
    pub(super) checks: AtomicU32,
}

/// An address to ask, and how that went so far.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) tries: u8,
    pub(super) dead: bool,
    /// It is a resolver, no authority: a last resort.
    pub(super) recursive: bool,
    /// Ask it by TCP: its datagrams are cut short, or somebody forges them.
    pub(super) tcp: bool,
    /// It has turned a cookie away and given a fresh one.
    pub(super) fresh_cookie: bool,
}

/// A server known by its name alone.
#[derive(Clone, Debug)]
pub(super) struct Nameless {
    pub(super) name: Name,
    pub(super) asked: bool,
}

/// The servers of a zone.
#[derive(Clone, Debug)]
pub(super) struct Delegation {
    pub(super) zone: Name,
    pub(super) forward: bool,
    /// If all fail, there is another way.
    pub(super) first: bool,
    pub(super) targets: Vec<Target>,
    /// Names without an address.
    pub(super) names: Vec<Nameless>,
    /// Names whose addresses were looked up.
    pub(super) looked_up: u8,
}

impl Delegation {
    pub(super) fn new(zone: Name) -> Self {
        Delegation {
            zone,
            forward: false,
            first: false,
            targets: Vec::new(),
            names: Vec::new(),
            looked_up: 0,
        }
    }

    pub(super) fn add(&mut self, address: SocketAddr) {
        if self.targets.len() < 64 && self.targets.iter().all(|target| target.address != address) {
            self.targets.push(Target {
                address,
                tries: 0,
                dead: false,
                recursive: false,
                tcp: false,
                fresh_cookie: false,
            });
        }
    }
}

/// A question at work.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: TaskId,
    pub(super) question: Question,
    pub(super) purpose: Purpose,
    pub(super) waiters: Vec<Waiter>,
    pub(super) stage: Stage,
    pub(super) started: Time,
    /// The name that the aliases led to so far, and the aliases.
    pub(super) name: Name,
    pub(super) aliases: Vec<Ranked>,
    pub(super) delegation: Option<Delegation>,
    /// How deep in looking up servers of servers.
    pub(super) depth: usize,
    /// Answers of other tasks that are awaited.
    pub(super) awaited: Vec<TaskId>,
    /// The query on its way.
    pub(super) query: Option<u64>,
    /// The reply to be judged.
    pub(super) held: Option<Held>,
    /// What DNSSEC says of all that was judged so far.
    pub(super) status: Status,
    /// What proves the aliases that wildcards made.
    pub(super) proofs: Vec<Ranked>,
    #[cfg(feature = "dnssec")]
    pub(super) trial: super::validate::Trial,
    pub(super) spent: Arc<Spent>,
    pub(super) sends_for_name: u32,
    pub(super) restarts: u8,
    pub(super) missing_targets: u8,
    /// Labels below the zone that the servers are told; steps taken so; whether to tell them all.
    pub(super) labels: usize,
    pub(super) steps: u8,
    pub(super) whole_name: bool,
    pub(super) primed: bool,
    pub(super) skip_forward: bool,
    /// Ask servers that are resolvers to resolve.
    pub(super) recursion: bool,
    /// A server said nothing at all, and if no other says more, that is the answer.
    pub(super) empty: Option<Sections<Ranked>>,
    /// What ends within this time counts as gone.
    pub(super) leeway: Duration,
    /// What went wrong last (RFC 8914).
    pub(super) extended: u16,
}

impl Task {
    /// A further query, if there may be one.
    pub(super) fn spend(&mut self, limit: u32) -> bool {
        self.sends_for_name += 1;
        self.spent.sends.fetch_add(1, Ordering::Relaxed) < limit
    }

    /// What is asked at the end of the aliases.
    pub(super) fn target(&self) -> Question {
        Question { name: self.name.clone(), rtype: self.question.rtype, class: self.question.class }
    }

    pub(super) fn aliases_known(&self) -> impl Iterator<Item = &RrSet> {
        self.aliases.iter().map(|ranked| &ranked.set)
    }

    pub(super) fn mark(&mut self, address: SocketAddr, change: impl Fn(&mut Target)) {
        let targets = self.delegation.iter_mut().flat_map(|delegation| &mut delegation.targets);
        targets.filter(|target| target.address == address).for_each(change);
    }

    /// Off to another name, or to the same by another way.
    pub(super) fn restart(&mut self) {
        (self.stage, self.delegation, self.recursion, self.empty) = (Stage::Start, None, false, None);
        (self.labels, self.whole_name) = (1, false);
        self.restarts += 1;
    }
}

/// All questions at work.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    tasks: BTreeMap<TaskId, Task>,
    by_question: BTreeMap<(Question, Purpose), TaskId>,
}

impl Tasks {
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn find(&self, question: &Question, purpose: Purpose) -> Option<TaskId> {
        self.by_question.get(&(question.clone(), purpose)).copied()
    }

    pub(super) fn of(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(&id)
    }

    pub(super) fn of_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.get_mut(&id)
    }

    pub(super) fn add(&mut self, task: Task) {
        self.by_question.insert((task.question.clone(), task.purpose), task.id);
        self.tasks.insert(task.id, task);
    }

    pub(super) fn remove(&mut self, id: TaskId) -> Option<Task> {
        let task = self.tasks.remove(&id)?;
        self.by_question.remove(&(task.question.clone(), task.purpose));
        Some(task)
    }

    /// Out of the way while it is worked on; [`put_back`](Tasks::put_back) follows, or [`forget`](Tasks::forget).
    pub(super) fn take(&mut self, id: TaskId) -> Option<Task> {
        self.tasks.remove(&id)
    }

    pub(super) fn put_back(&mut self, task: Task) {
        self.tasks.insert(task.id, task);
    }

    pub(super) fn forget(&mut self, task: &Task) {
        self.by_question.remove(&(task.question.clone(), task.purpose));
    }

    /// Those that a client waits for, the oldest first.
    pub(super) fn clients(&self) -> Vec<TaskId> {
        let waits = |task: &&Task| task.waiters.iter().any(|waiter| matches!(waiter, Waiter::Ticket(_)));
        self.tasks.values().filter(waits).map(|task| task.id).collect()
    }

    /// Whether `id` waits, itself or by way of others, for one of those that wait for `task`: then to wait for it would
    /// be to wait for oneself.
    pub(super) fn waits_for_itself(&self, task: &Task, id: TaskId) -> bool {
        let mut waiting: Vec<TaskId> = Vec::new();
        let mut todo: Vec<Waiter> = task.waiters.clone();
        if id == task.id {
            return true;
        }
        while let Some(waiter) = todo.pop() {
            let Waiter::Task(above) = waiter else { continue };
            if above == id {
                return true;
            }
            if !waiting.contains(&above) {
                waiting.push(above);
                todo.extend(self.of(above).into_iter().flat_map(|task| task.waiters.iter().copied()));
            }
        }
        false
    }
}

/// Types of addresses to look up.
pub(super) fn address_types(ipv4: bool, ipv6: bool) -> impl Iterator<Item = RrType> {
    [(ipv4, RrType::A), (ipv6, RrType::AAAA)]
        .into_iter()
        .filter_map(|(wanted, rtype)| wanted.then_some(rtype))
}
