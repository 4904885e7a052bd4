//! A stored response: its head as it is to be sent again, what there is of its content, and the policy it is kept by.
//!
//! The rule: what is about one connection, one proxy or one user is gone before anything is kept (RFC 9111 section 3.1).

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Content, Directives, NotStored, Policy, Rules};
use crate::conditional::{EntityTag, Validators};
use crate::date::HttpDate;
use crate::field_value::trim;
use crate::hop_by_hop::HopByHop;
use crate::{Config, FieldSection, Fields, Known, ResponseBuilder, ResponseHead, StatusCode};

/// A response that is kept. To clone it costs next to nothing.
#[derive(Clone, Debug)]
pub struct Stored(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    head: ResponseBuilder,
    fields: Fields,
    policy: Policy,
    content: Content,
}

/// Octets that a stored response takes besides its head and content: bookkeeping, generously.
const OVERHEAD: u64 = 2048;

impl Stored {
    pub(super) fn new(
        id: u64,
        head: ResponseBuilder,
        policy: Policy,
        content: Content,
    ) -> Result<Self, NotStored> {
        let fields = index(&head)?;
        Ok(Stored(Arc::new(Inner { id, head, fields, policy, content })))
    }

    /// Its status; 200 also for what is there of a whole that came in parts.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.head.status()
    }

    /// Its fields, without `Age`, `Content-Length` and what is not stored.
    #[must_use]
    pub fn fields(&self) -> FieldSection<'_> {
        FieldSection::new(self.0.head.lines().as_bytes(), &self.0.fields)
    }

    /// Its content.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.0.content
    }

    /// For how long it is good, and for whom.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// How many octets it takes, for storages with a limit.
    #[must_use]
    pub fn size(&self) -> u64 {
        let head = self.0.head.lines().as_bytes().len() + self.0.policy.size();
        self.0.content.stored_length().saturating_add(head as u64).saturating_add(OVERHEAD)
    }

    /// A number of its own among those that one [`Cache`](super::Cache) has stored.
    pub(super) fn id(&self) -> u64 {
        self.0.id
    }

    pub(super) fn head(&self) -> &ResponseBuilder {
        &self.0.head
    }

    /// What the conditions of a request are compared with.
    #[must_use]
    pub fn validators(&self) -> Validators<'_> {
        let etag = self.fields().first(Known::ETag).and_then(|tag| EntityTag::parse(trim(tag)).ok());
        Validators { etag, last_modified: self.0.policy.last_modified() }
    }

    /// Both have the same strong validator: their octets may be put together (RFC 9110 section 15.3.7.3).
    pub(super) fn is_same_as(&self, other: &Validators<'_>, date: HttpDate) -> bool {
        // RFC 9110 section 8.8.2.2: a date is strong if what came with it was sent later.
        let ours = self.validators();
        match (ours.etag, other.etag) {
            (Some(ours), Some(theirs)) => ours.strong_eq(&theirs),
            (None, None) => {
                let is_strong = |modified: HttpDate| {
                    modified.is_strong_at(date) && modified.is_strong_at(self.0.policy.date())
                };
                ours.last_modified.is_some_and(is_strong) && ours.last_modified == other.last_modified
            }
            _ => false,
        }
    }
}

/// They are of the same origin: the very same response.
impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Stored {}

/// Where the fields are in a head that was put together.
pub(super) fn index(head: &ResponseBuilder) -> Result<Fields, NotStored> {
    let mut bytes = head.lines().as_bytes().to_vec();
    bytes.extend(b"\r\n");
    let mut fields = Fields::new();
    match ResponseHead::parse_with(&bytes, &mut fields, &Config::DEFAULT) {
        Ok(Some(_)) => Ok(fields),
        _ => Err(NotStored::Head),
    }
}

/// The head to keep of a response with this status and these fields.
pub(super) fn head_to_keep(
    status: StatusCode,
    response: FieldSection<'_>,
    rules: Rules,
    received: HttpDate,
) -> Result<ResponseBuilder, NotStored> {
    let mut head = ResponseBuilder::new(status);
    let hop_by_hop = HopByHop::of(response.all(Known::Connection));
    let withheld = withheld(response, rules);
    let keep = |name: &str| {
        !NEVER_KEPT.iter().any(|never| name.eq_ignore_ascii_case(never))
            && !hop_by_hop.strips(name)
            && !withheld.iter().any(|field| name.as_bytes().eq_ignore_ascii_case(field))
    };
    head.fields().extend(response, keep).map_err(|_| NotStored::Head)?;
    // RFC 9110 section 6.6.1: a recipient that caches a response without Date adds one.
    if !response.has(Known::Date) {
        head.field(Known::Date, received.to_bytes()).map_err(|_| NotStored::Head)?;
    }
    Ok(head)
}

/// Section 3.1: what is specific to a proxy. `Age` is counted here, and which part of the whole the content is
/// is known by the content.
const NEVER_KEPT: [&str; 7] = [
    "Age",
    "Content-Range",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Authorization",
    "Trailer",
    "Warning",
];

/// Fields that a response forbids to use again: those that `no-cache` names (section 5.2.2.4), and, where others are
/// served, those that `private` names (section 5.2.2.7) and what is for who asked: cookies, and the end of a log-in.
fn withheld(response: FieldSection<'_>, rules: Rules) -> Vec<Vec<u8>> {
    let mut names = Directives::fields_named_by(response, "no-cache");
    if rules.is_shared {
        names.extend(Directives::fields_named_by(response, "private"));
        names.extend([b"Set-Cookie".to_vec(), b"Authentication-Info".to_vec()]);
    }
    names
}
