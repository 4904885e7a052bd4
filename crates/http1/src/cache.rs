//! Caching (RFC 9111): what may be kept of a response, for how long it may be used again, and what to ask when it no longer may.
//!
//! The rule: nothing stale is taken for fresh, and what is one user's is not kept where others are served. Where a field
//! can't be read, the response counts as stale. Dates are arguments, and where responses are kept is the caller's business.
//!
//! | part | where |
//! |---|---|
//! | `Cache-Control` (section 5.2; RFCs 5861, 8246) | [`Directives`] |
//! | may it be stored, is it fresh, does it fit (sections 3, 4.1, 4.2) | [`Policy`] |
//! | what later responses change (sections 3.2, 4.3.4, 4.3.5, 4.4) | [`merged`], [`describes`], [`invalidates`] |
//! | all of it over a storage | [`Cache`], [`Storage`], [`Memory`] |
//! | storing piece by piece, and parts put together (sections 3.3, 3.4) | [`Storing`], [`Content`] |
//! | answers: whole, part, not modified (sections 3.3, 4.3.2) | [`Hit`], [`Answer`] |
//! | `Cache-Status` (RFC 9211) | [`CacheStatus`] |
//!
//! One policy, one decision; [`Cache`] has an example of the whole:
//!
//! ```
//! use http1::cache::{Decision, Exchange, Policy, Rules};
//! use http1::date::HttpDate;
//! use http1::{Fields, Method, RequestHead, ResponseHead};
//!
//! let now = HttpDate::from_unix(784_111_777).unwrap();
//! let (mut fields, mut more) = (Fields::new(), Fields::new());
//! let request = RequestHead::parse(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", &mut fields)?.unwrap().0;
//! let text = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nCache-Control: max-age=60\r\nETag: \"x\"\r\n\r\n";
//! let response = ResponseHead::parse(text, &mut more)?.unwrap().0;
//!
//! let exchange = Exchange { method: Method::Get, request: request.fields(), requested: now, received: now };
//! let policy = Policy::of(&exchange, response.status(), response.fields(), Rules::SHARED).unwrap();
//! assert_eq!(policy.decide(request.fields(), now), Decision::Fresh { age: 0 });
//! let later = HttpDate::from_unix(now.unix() + 60).unwrap();
//! assert_eq!(policy.decide(request.fields(), later), Decision::Validate { age: 60 });
//! assert_eq!(policy.validation().collect::<Vec<_>>(), [("If-None-Match", &b"\"x\""[..])]);
//! # Ok::<(), http1::Error>(())
//! ```

mod cache_status;
mod content;
mod directives;
mod hit;
mod key;
mod policy;
mod storage;
mod store;
mod stored;
mod storing;
mod update;

pub use cache_status::{CacheStatus, Forward};
pub use content::Content;
pub use directives::Directives;
pub use hit::{Answer, Freshness, Hit};
pub use key::Key;
pub use policy::{Decision, Exchange, NotStored, Policy, Rules};
pub use storage::{Memory, Storage};
pub use store::{Ask, Cache, Forwarding, Limits, LookUp, Reaction};
pub use stored::Stored;
pub use storing::Storing;
pub use update::{describes, invalidates, merged};
