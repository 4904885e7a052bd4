//! Threads that wait for slow resolvers, so that others need not.
//!
//! The rule: never more than [`HELPERS`] of them in a process, and never more than [`QUEUE`] questions that wait for one.
//! They are kept for some seconds after their last question, for the next.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many questions are asked at once. With a name server that is silent each of them takes long.
pub const HELPERS: usize = 16;
/// How many questions wait for their turn.
const QUEUE: usize = 1024;
const IDLE: Duration = Duration::from_secs(10);

type Question = Box<dyn FnOnce() + Send>;

struct Office {
    questions: VecDeque<Question>,
    helpers: usize,
    idle: usize,
}

static OFFICE: Mutex<Office> = Mutex::new(Office { questions: VecDeque::new(), helpers: 0, idle: 0 });
static BELL: Condvar = Condvar::new();

fn office() -> MutexGuard<'static, Office> {
    OFFICE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a helper ask the question, which must not panic.
pub(super) fn run(question: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut office = office();
    if office.questions.len() >= QUEUE {
        return Err(io::Error::other("too many names are being looked up"));
    }
    office.questions.push_back(Box::new(question));
    if office.questions.len() <= office.idle {
        BELL.notify_one();
        return Ok(());
    }
    if office.helpers < HELPERS {
        office.helpers += 1;
        if let Err(error) = thread::Builder::new().name("net-core resolve".into()).spawn(help) {
            office.helpers -= 1;
            // Somebody will come for it, unless nobody is there.
            if office.helpers == 0 {
                office.questions.pop_back();
                return Err(error);
            }
        }
    }
    Ok(())
}

fn help() {
    while let Some(question) = next() {
        question();
    }
}

fn next() -> Option<Question> {
    let mut office = office();
    loop {
        if let Some(question) = office.questions.pop_front() {
            return Some(question);
        }
        office.idle += 1;
        let (again, waited) = BELL.wait_timeout(office, IDLE).unwrap_or_else(PoisonError::into_inner);
        office = again;
        office.idle -= 1;
        if waited.timed_out() && office.questions.is_empty() {
            office.helpers -= 1;
            return None;
        }
    }
}
