//! Structured fields (RFC 9651): lists, dictionaries and items that all parsers read alike.
//!
//! The rule: a value that exists can be written, and what is written is read back as the same value. Parsing is strict, as
//! section 4.2 wants it: a field that fails anywhere is worth nothing, and there is nothing to repair.
//!
//! ```
//! use http1::structured::{Dictionary, Item, Key, List, Token};
//!
//! let list = List::parse(br#"sugar, "tea";q=0.5, (rum 4)"#)?;
//! assert_eq!(list.to_string(), r#"sugar, "tea";q=0.5, (rum 4)"#);
//!
//! let mut priority = Dictionary::new();
//! priority.insert(Key::new("u")?, Item::from(2_u32).into());
//! priority.insert(Key::new("i")?, Item::from(true).into());
//! assert_eq!(priority.to_string(), "u=2, i");
//! assert_eq!(Dictionary::parse(b"u=2, i")?, priority);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A field of several lines is read from its values joined with `, ` (section 4.2).

mod parse;
mod value;
mod write;

use alloc::vec::Vec;

pub use value::{BareItem, Decimal, Integer, Key, Misuse, Text, Token};

/// Section 3.1: "Parsers MUST support Lists containing at least 1024 members"; none has more here, nor a dictionary.
pub const MAX_MEMBERS: usize = 1024;
/// Sections 3.1.1 and 3.1.2: "at least 256" items in an inner list, and parameters of one item.
pub const MAX_PARAMETERS: usize = 256;

/// An ordered list of members (section 3.1). An empty one is not written at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List(pub Vec<Member>);

/// An ordered map of keys to members (section 3.2). An empty one is not written at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dictionary(Map<Member>);

/// A value with parameters (section 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The value.
    pub value: BareItem,
    /// What is said about it.
    pub params: Parameters,
}

/// Items in parentheses, with parameters for all of them together (section 3.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InnerList {
    /// What is between the parentheses.
    pub items: Vec<Item>,
    /// What is said about the whole.
    pub params: Parameters,
}

/// What lists and dictionaries have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// A single one.
    Item(Item),
    /// Several.
    InnerList(InnerList),
}

/// An ordered map of keys to values (section 3.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Map<BareItem>);

/// Not a structured field of the type that was asked for; all of it is to be ignored (section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a structured field (byte {offset}): expected {expected}")]
pub struct Error {
    /// How far it made sense.
    pub offset: usize,
    /// What could stand there.
    pub expected: &'static str,
}

/// Keys in the order of their first appearance. A list: there are few, and their number has a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Map<T>(Vec<(Key, T)>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Map(Vec::new())
    }
}

impl<T> Map<T> {
    fn find(&self, key: &str) -> Option<&T> {
        self.0.iter().find(|(known, _)| known.as_str() == key).map(|(_, value)| value)
    }

    /// Section 4.2.2: "if dictionary already contains a key [...] overwrite its value", and it stays where it was.
    fn insert(&mut self, key: Key, value: T) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl Dictionary {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The member with this key.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.0.find(key)
    }

    /// Puts a member in, in place of the one with this key, if there is one.
    pub fn insert(&mut self, key: Key, member: Member) {
        self.0.insert(key, member);
    }

    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.0.iter()
    }

    /// There are none: nothing is to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.0.is_empty()
    }
}

impl Parameters {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value with this key. One that is only named is true.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&BareItem> {
        self.0.find(key)
    }

    /// Puts a value in, in place of the one with this key, if there is one.
    pub fn insert(&mut self, key: Key, value: impl Into<BareItem>) {
        self.0.insert(key, value.into());
    }

    /// The parameters in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BareItem)> {
        self.0.iter()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.0.is_empty()
    }
}

impl Item {
    /// This, with a parameter more.
    #[must_use]
    pub fn with(mut self, key: Key, value: impl Into<BareItem>) -> Self {
        self.params.insert(key, value);
        self
    }
}

impl<T: Into<BareItem>> From<T> for Item {
    fn from(value: T) -> Self {
        Item { value: value.into(), params: Parameters::new() }
    }
}

impl From<Item> for Member {
    fn from(item: Item) -> Self {
        Member::Item(item)
    }
}

impl From<InnerList> for Member {
    fn from(list: InnerList) -> Self {
        Member::InnerList(list)
    }
}

impl FromIterator<Member> for List {
    fn from_iter<I: IntoIterator<Item = Member>>(members: I) -> Self {
        List(members.into_iter().collect())
    }
}

impl Member {
    /// The item, if it is one.
    #[must_use]
    pub fn as_item(&self) -> Option<&Item> {
        match self {
            Member::Item(item) => Some(item),
            Member::InnerList(_) => None,
        }
    }

    /// The parameters, of the item or of the whole list.
    #[must_use]
    pub fn params(&self) -> &Parameters {
        match self {
            Member::Item(item) => &item.params,
            Member::InnerList(list) => &list.params,
        }
    }
}
