//! A ticket's question: the names that may be meant, one after the other, each in one type or in two at once.
//!
//! The rule: the first name that has what is wanted ends the search (resolv.conf(5)); if none has, the most telling of their
//! faults is told.

use alloc::vec::Vec;

use super::Config;
use super::answer::Answer;
use crate::{Class, Name, Question, ResolveError, RrType};

/// What a person typed, and what it may mean.
#[derive(Debug)]
pub(super) struct Lookup {
    names: Vec<Name>,
    /// Which of them is being asked for.
    at: usize,
    types: Vec<RrType>,
    class: Class,
    /// What became of the types of this name so far.
    results: Vec<Result<Answer, ResolveError>>,
    /// What to say if no name has it.
    worst: ResolveError,
    /// The queries on the way.
    pub(super) queries: Vec<u64>,
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Step {
    Wait,
    Ask(Vec<Question>),
    Done(Result<Answer, ResolveError>),
}

impl Lookup {
    pub(super) fn new(names: Vec<Name>, types: Vec<RrType>, class: Class) -> Self {
        let (results, queries) = (Vec::new(), Vec::new());
        Lookup { names, at: 0, types, class, results, worst: ResolveError::NxDomain, queries }
    }

    /// The questions for the name whose turn it is.
    pub(super) fn questions(&self) -> Vec<Question> {
        let name = self.names.get(self.at).cloned().unwrap_or_default();
        let question = |rtype: &RrType| Question { name: name.clone(), rtype: *rtype, class: self.class };
        self.types.iter().map(question).collect()
    }

    /// A query has come to its end.
    pub(super) fn finished(&mut self, query: u64, result: Result<Answer, ResolveError>) -> Step {
        self.queries.retain(|waiting| *waiting != query);
        self.take(result)
    }

    /// The answer to one of the questions.
    pub(super) fn take(&mut self, result: Result<Answer, ResolveError>) -> Step {
        self.results.push(result);
        if self.results.len() < self.types.len() { Step::Wait } else { self.judge() }
    }

    fn judge(&mut self) -> Step {
        let results = core::mem::take(&mut self.results);
        let errors: Vec<_> = results.iter().filter_map(|result| result.as_ref().err().copied()).collect();
        if let Some(answer) = results.into_iter().flatten().reduce(Answer::merge) {
            return Step::Done(Ok(answer));
        }
        let error = errors.into_iter().max_by_key(weight).unwrap_or(ResolveError::NoData);
        if weight(&error) > weight(&self.worst) {
            self.worst = error;
        }
        self.at += 1;
        // Nobody there: the next name would only take as long again.
        if error == ResolveError::Timeout || self.at >= self.names.len() {
            return Step::Done(Err(self.worst));
        }
        Step::Ask(self.questions())
    }
}

/// How much an error says about what was asked for, among names that may have been meant.
fn weight(error: &ResolveError) -> u8 {
    match error {
        ResolveError::NxDomain => 0,
        ResolveError::NoData => 1,
        ResolveError::Refused => 2,
        ResolveError::ServFail(_) => 3,
        ResolveError::Timeout => 4,
        _ => 5,
    }
}

/// The names that may be meant (resolv.conf(5)): a dot at the end means this one and no other; with as many dots as `ndots`
/// it is tried as it stands first, with fewer behind the search list.
pub(super) fn names(typed: &str, name: &Name, config: &Config) -> Vec<Name> {
    if typed.ends_with('.') && !typed.ends_with("\\.") {
        return alloc::vec![name.clone()];
    }
    let mut names: Vec<Name> = config.search.iter().filter_map(|domain| name.concat(domain).ok()).collect();
    let dots = name.label_count().saturating_sub(1);
    let place = if dots >= usize::from(config.ndots) { 0 } else { names.len() };
    names.insert(place, name.clone());
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_name_is_tried_first_or_last_by_its_dots() {
        let config = Config::of_resolv_conf(b"search x y\noptions ndots:1");
        for (typed, tried) in [
            ("a", &["a.x.", "a.y.", "a."][..]),
            ("a.", &["a."]),
            ("a.b", &["a.b.", "a.b.x.", "a.b.y."]),
            ("a\\.b", &["a\\.b.x.", "a\\.b.y.", "a\\.b."]),
        ] {
            let names = names(typed, &typed.parse().unwrap(), &config);
            assert_eq!(names.iter().map(ToString::to_string).collect::<Vec<_>>(), tried, "{typed}");
        }
    }
}
