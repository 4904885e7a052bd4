//! Addresses: mailboxes and groups of them, in both directions (RFC 5322 sections 3.4 and 4.4, RFC 6532 section 3.2).
//!
//! The rule for reading: whatever has an `@` is somebody's address, whatever stands around it; a list goes on behind what is
//! wrong. The rule for writing: names become atoms, quoted strings or encoded words as they need it, and what would not be
//! read back as the same address is refused.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{Defect, Limits};

mod parse;
mod write;

pub use write::{write_group, write_mailbox};

/// Somebody's address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mailbox<'a> {
    /// The display name, decoded; or what a comment said, where old mail has it.
    pub name: Option<Cow<'a, str>>,
    /// Before the `@`, without quotes. All of the address if it has no `@`.
    pub local: Cow<'a, str>,
    /// Behind the `@`; a domain literal with its brackets. Empty if there is none.
    pub domain: Cow<'a, str>,
}

/// One element of an address list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address<'a> {
    /// An address.
    Mailbox(Mailbox<'a>),
    /// Several under one name, perhaps none: `undisclosed recipients:;`.
    Group {
        /// Its display name, decoded.
        name: Cow<'a, str>,
        /// Those in it.
        members: Vec<Mailbox<'a>>,
    },
}

/// The value of an address field: From, To, Reply-To, Resent-Cc and so on. Nothing is read before it is asked for.
///
/// ```
/// use mime::{Address, Addresses};
///
/// let to = Addresses::new(b"A Group:Ed Jones <joe@where.test>,john@one.test; , =?utf-8?q?J=C3=B6?= <jo@x.test>");
/// let names: Vec<_> = to.mailboxes().map(|mailbox| mailbox.address().into_owned()).collect();
/// assert_eq!(names, ["joe@where.test", "john@one.test", "jo@x.test"]);
/// assert!(matches!(to.iter().next(), Some(Address::Group { name, .. }) if name == "A Group"));
/// ```
#[derive(Clone, Debug)]
pub struct Addresses<'a> {
    value: &'a [u8],
    limits: Limits,
}

impl<'a> Addresses<'a> {
    /// The addresses in `value`.
    #[must_use]
    pub const fn new(value: &'a [u8]) -> Self {
        Self::with_limits(value, Limits::DEFAULT)
    }

    /// The addresses in `value`, within `limits`.
    #[must_use]
    pub const fn with_limits(value: &'a [u8], limits: Limits) -> Self {
        Addresses { value, limits }
    }

    /// The list in its order, groups as such.
    pub fn iter(&self) -> impl Iterator<Item = Address<'a>> + use<'a> {
        let (mut list, mut ignored) = (parse::List::new(self.value, self.limits.clone()), Vec::new());
        core::iter::from_fn(move || list.next(&mut ignored))
    }

    /// Every mailbox, those in groups among them.
    pub fn mailboxes(&self) -> impl Iterator<Item = Mailbox<'a>> + use<'a> {
        self.iter().flat_map(|address| match address {
            Address::Mailbox(mailbox) => Members::One(Some(mailbox)),
            Address::Group { members, .. } => Members::Many(members.into_iter()),
        })
    }

    /// The first mailbox, in a group or not.
    #[must_use]
    pub fn first(&self) -> Option<Mailbox<'a>> {
        self.mailboxes().next()
    }

    /// There is no address in it, an empty group apart.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// What is wrong is appended to `defects`, offsets counted from the start of the value.
    pub fn check(&self, defects: &mut Vec<Defect>) {
        let mut list = parse::List::new(self.value, self.limits.clone());
        while list.next(defects).is_some() {}
    }
}

/// The mailboxes of one element.
enum Members<'a> {
    One(Option<Mailbox<'a>>),
    Many(alloc::vec::IntoIter<Mailbox<'a>>),
}

impl<'a> Iterator for Members<'a> {
    type Item = Mailbox<'a>;

    fn next(&mut self) -> Option<Mailbox<'a>> {
        match self {
            Members::One(mailbox) => mailbox.take(),
            Members::Many(mailboxes) => mailboxes.next(),
        }
    }
}

impl<'a> Mailbox<'a> {
    /// An address without a name. The last `@` divides it.
    #[must_use]
    pub fn new(address: &'a str) -> Self {
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        Mailbox { name: None, local: Cow::Borrowed(local), domain: Cow::Borrowed(domain) }
    }

    /// The same with a display name.
    #[must_use]
    pub fn named(self, name: impl Into<Cow<'a, str>>) -> Self {
        Mailbox { name: Some(name.into()), ..self }
    }

    /// `local@domain`, the local part in quotes where it needs them.
    #[must_use]
    pub fn address(&self) -> Cow<'_, str> {
        if self.domain.is_empty() {
            return Cow::Borrowed(&self.local);
        }
        let quoted = (!write::is_dot_atom(&self.local)).then(|| crate::word::quoted(&self.local));
        let local = quoted.as_deref().unwrap_or(&self.local);
        let mut address = String::with_capacity(local.len() + 1 + self.domain.len());
        address.push_str(local);
        address.push('@');
        address.push_str(&self.domain);
        Cow::Owned(address)
    }

    /// All borrowed text copied.
    #[must_use]
    pub fn into_owned(self) -> Mailbox<'static> {
        Mailbox {
            name: self.name.map(|name| Cow::Owned(name.into_owned())),
            local: Cow::Owned(self.local.into_owned()),
            domain: Cow::Owned(self.domain.into_owned()),
        }
    }
}

/// `name <local@domain>`, for people's eyes: nothing is encoded.
impl fmt::Display for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address()),
            None => f.write_str(&self.address()),
        }
    }
}
