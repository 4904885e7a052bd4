//! The timer heap against a sorted list.

use net_core::poll::Timers;
use proptest::prelude::*;
use proto_core::Time;

#[derive(Clone, Debug)]
enum Step {
    Set(u8, u64),
    Cancel(u8),
    Due(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_u8, 0..40_u64).prop_map(|(key, at)| Step::Set(key, at)),
        1 => (0..12_u8).prop_map(Step::Cancel),
        2 => (0..40_u64).prop_map(Step::Due),
    ]
}

/// The twin: a list kept in order by sorting it, stable for equal times.
#[derive(Default)]
struct List(Vec<(u64, u8)>);

impl List {
    fn set(&mut self, key: u8, at: u64) {
        if self.0.contains(&(at, key)) {
            return;
        }
        self.cancel(key);
        self.0.push((at, key));
        self.0.sort_by_key(|&(at, _)| at);
    }

    fn cancel(&mut self, key: u8) -> bool {
        let before = self.0.len();
        self.0.retain(|&(_, other)| other != key);
        self.0.len() < before
    }

    fn pop_due(&mut self, now: u64) -> Option<u8> {
        let &(at, key) = self.0.first()?;
        (at <= now).then(|| {
            self.0.remove(0);
            key
        })
    }
}

proptest! {
    #[test]
    fn timers_behave_like_a_sorted_list(steps in proptest::collection::vec(step(), 0..200)) {
        let (mut timers, mut list) = (Timers::new(), List::default());
        for step in steps {
            match step {
                Step::Set(key, at) => {
                    timers.set(key, Time::from_secs(at));
                    list.set(key, at);
                }
                Step::Cancel(key) => prop_assert_eq!(timers.cancel(&key), list.cancel(key)),
                Step::Due(now) => loop {
                    let (due, expected) = (timers.pop_due(Time::from_secs(now)), list.pop_due(now));
                    prop_assert_eq!(due, expected);
                    if due.is_none() { break }
                },
            }
            prop_assert_eq!(timers.len(), list.0.len());
            prop_assert_eq!(timers.next(), list.0.first().map(|&(at, _)| Time::from_secs(at)));
            prop_assert_eq!(timers.earliest(), list.0.first().map(|&(_, key)| key));
        }
    }
}

#[test]
fn a_deadline_at_the_end_of_time_is_none() {
    let mut timers = Timers::new();
    timers.set('a', Time::ZERO);
    timers.set('a', Time::MAX);
    timers.set_or_cancel('b', None);
    assert!(timers.is_empty() && timers.next().is_none());
}
