//! What is asked (RFC 1035 section 4.1.2).

use core::fmt;

use crate::{Class, Name, NameRef, RrType};

/// A question in a message; the zone section of an update has the same form (RFC 2136 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuestionRef<'a> {
    /// QNAME.
    pub name: NameRef<'a>,
    /// QTYPE.
    pub rtype: RrType,
    /// QCLASS.
    pub class: Class,
}

impl QuestionRef<'_> {
    /// A copy of its own.
    #[must_use]
    pub fn to_question(&self) -> Question {
        Question { name: self.name.to_name(), rtype: self.rtype, class: self.class }
    }
}

/// A question of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// QNAME.
    pub name: Name,
    /// QTYPE.
    pub rtype: RrType,
    /// QCLASS.
    pub class: Class,
}

impl Question {
    /// A question in class IN.
    #[must_use]
    pub fn new(name: Name, rtype: RrType) -> Self {
        Question { name, rtype, class: Class::IN }
    }

    /// The same, borrowed.
    #[must_use]
    pub fn as_question_ref(&self) -> QuestionRef<'_> {
        QuestionRef { name: self.name.as_name_ref(), rtype: self.rtype, class: self.class }
    }
}

impl<'a> From<&'a Question> for QuestionRef<'a> {
    fn from(question: &'a Question) -> Self {
        question.as_question_ref()
    }
}

impl fmt::Display for QuestionRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.class, self.rtype)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_question_ref().fmt(f)
    }
}
