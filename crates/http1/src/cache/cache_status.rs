//! `Cache-Status` (RFC 9211): what each cache on the way did with a request.
//!
//! The rule: the list is in the order of the way from the origin to the client, so a cache adds itself at the end.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::structured::{BareItem, Error, Integer, Item, Key, List, Member, Text, Token};

/// Why a request was sent on (section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Forward {
    /// The cache was told not to handle it.
    Bypass,
    /// What the method means has to be decided by the origin.
    Method,
    /// Nothing is stored for the URI.
    UriMiss,
    /// Nothing that is stored for the URI fits the request.
    VaryMiss,
    /// Nothing is stored that would do.
    Miss,
    /// What is stored is fresh, but the request does not want it.
    Request,
    /// What is stored is stale.
    Stale,
    /// Only a part is stored.
    Partial,
}

/// One cache's member of the list.
///
/// ```
/// use http1::cache::{CacheStatus, Forward};
///
/// let mut status = CacheStatus::new("ExampleCache");
/// (status.forward, status.forward_status, status.stored) = (Some(Forward::UriMiss), Some(200), true);
/// assert_eq!(status.to_string(), "ExampleCache;fwd=uri-miss;fwd-status=200;stored");
/// assert_eq!(CacheStatus::parse(b"ExampleCache;fwd=uri-miss;fwd-status=200;stored")?, [status]);
/// # Ok::<(), http1::structured::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheStatus {
    /// The name of the cache.
    pub cache: String,
    /// Section 2.1: it answered without asking.
    pub is_hit: bool,
    /// Section 2.2: it asked, and why.
    pub forward: Option<Forward>,
    /// Section 2.3: the status it was answered with.
    pub forward_status: Option<u16>,
    /// Section 2.4: for how many seconds the response is fresh still; negative if it is stale.
    pub ttl: Option<i64>,
    /// Section 2.5: it stored the response.
    pub stored: bool,
    /// Section 2.6: the request waited for that of another client, or tried to.
    pub collapsed: Option<bool>,
    /// Section 2.7: under which key.
    pub key: Option<String>,
    /// Section 2.8: more, in the cache's own words.
    pub detail: Option<String>,
}

impl CacheStatus {
    /// Of the cache with this name, which has done nothing yet.
    #[must_use]
    pub fn new(cache: impl Into<String>) -> Self {
        CacheStatus { cache: cache.into(), ..CacheStatus::default() }
    }

    /// Reads the values of a field, joined with `, ` if it has several lines: the cache nearest to the origin first. What is
    /// not known, or of another type than it should be, is left out.
    ///
    /// # Errors
    /// It is no list.
    pub fn parse(value: &[u8]) -> Result<Vec<Self>, Error> {
        Ok(List::parse(value)?.0.iter().filter_map(Self::of).collect())
    }

    fn of(member: &Member) -> Option<Self> {
        let item = member.as_item()?;
        let param = |key: &str| item.params.value(key);
        let integer = |key: &str| param(key).and_then(BareItem::as_integer);
        let flag = |key: &str| param(key).and_then(as_boolean);
        let text = |key: &str| param(key).and_then(BareItem::as_str).map(String::from);
        Some(CacheStatus {
            cache: item.value.as_str()?.into(),
            is_hit: flag("hit").unwrap_or(false),
            forward: param("fwd").and_then(BareItem::as_str).and_then(Forward::named),
            forward_status: integer("fwd-status").and_then(|status| u16::try_from(status).ok()),
            ttl: integer("ttl"),
            stored: flag("stored").unwrap_or(false),
            collapsed: flag("collapsed"),
            key: text("key"),
            detail: text("detail"),
        })
    }

    /// The member as it is written. Text that no structured field can have is left out.
    fn item(&self) -> Item {
        let mut item = Item::from(word(&self.cache).unwrap_or(BareItem::String(Text::default())));
        let mut put = |key: &str, value: Option<BareItem>| {
            if let (Ok(key), Some(value)) = (Key::new(key), value) {
                item.params.insert(key, value);
            }
        };
        let number = |number: i64| BareItem::Integer(Integer::saturating(number));
        put("hit", self.is_hit.then_some(BareItem::Boolean(true)));
        put("fwd", self.forward.and_then(|reason| word(reason.as_str())));
        put("fwd-status", self.forward_status.map(|status| number(status.into())));
        put("ttl", self.ttl.map(number));
        put("stored", self.stored.then_some(BareItem::Boolean(true)));
        put("collapsed", self.collapsed.map(BareItem::Boolean));
        // Section 2.7: a string, whatever it looks like.
        put("key", self.key.as_ref().and_then(|key| Text::new(key.as_str()).ok()).map(BareItem::String));
        put("detail", self.detail.as_deref().and_then(word));
        item
    }
}

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.item().fmt(f)
    }
}

impl Forward {
    const ALL: [Forward; 8] = [
        Forward::Bypass,
        Forward::Method,
        Forward::UriMiss,
        Forward::VaryMiss,
        Forward::Miss,
        Forward::Request,
        Forward::Stale,
        Forward::Partial,
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Forward::Bypass => "bypass",
            Forward::Method => "method",
            Forward::UriMiss => "uri-miss",
            Forward::VaryMiss => "vary-miss",
            Forward::Miss => "miss",
            Forward::Request => "request",
            Forward::Stale => "stale",
            Forward::Partial => "partial",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

/// A token if it can be one, else a string.
fn word(text: &str) -> Option<BareItem> {
    let token = Token::new(text).map(BareItem::Token);
    token.or_else(|_| Text::new(text.to_string()).map(BareItem::String)).ok()
}

fn as_boolean(value: &BareItem) -> Option<bool> {
    match value {
        BareItem::Boolean(is_so) => Some(*is_so),
        _ => None,
    }
}
