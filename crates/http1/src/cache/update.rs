//! What later responses do to what is stored: RFC 9111 sections 3.2, 4.3.4, 4.3.5 and 4.4.

use crate::hop_by_hop::HopByHop;
use crate::{Error, FieldLines, FieldSection, Known, Method, StatusCode};

/// Section 4.4: what is stored for the target is no longer good after a response of this status: the method "is unsafe, or
/// its safety is unknown", and the status is 2xx or 3xx. What `Location` and `Content-Location` name goes too, if it is of the
/// same origin.
#[must_use]
pub fn invalidates(method: Method<'_>, status: StatusCode) -> bool {
    !method.is_safe() && (status.is_success() || status.is_redirection())
}

/// Section 4.3.5: the response to a `HEAD` is of the stored representation: no validator and no length contradicts. If so,
/// its fields may be [`merged`]; if not, what is stored is to be taken for stale.
#[must_use]
pub fn describes(head: FieldSection<'_>, stored: FieldSection<'_>) -> bool {
    [Known::ETag, Known::LastModified, Known::ContentLength]
        .into_iter()
        .all(|name| agrees(name, head, stored))
}

/// The newer says nothing else of this.
pub(super) fn agrees(name: Known, newer: FieldSection<'_>, stored: FieldSection<'_>) -> bool {
    let (new, old) = (newer.first(name), stored.first(name));
    new.is_none() || new == old
}

/// Section 3.2: the fields of a stored response with those of a newer one in place of the old, without those about
/// connections and framing, which are written anew.
///
/// # Errors
/// A field that can't be sent.
pub fn merged(stored: FieldSection<'_>, newer: FieldSection<'_>) -> Result<FieldLines, Error> {
    let mut lines = FieldLines::new();
    merge(&mut lines, stored, newer)?;
    Ok(lines)
}

/// [`merged`], behind what is in `lines`.
pub(super) fn merge(
    lines: &mut FieldLines,
    stored: FieldSection<'_>,
    newer: FieldSection<'_>,
) -> Result<(), Error> {
    lines.extend(stored, |name| !is_replaced(name, newer))?;
    // Section 3.1: what is about one connection is not stored.
    let hop_by_hop = HopByHop::of(newer.all(Known::Connection));
    lines.extend(newer, |name| !is_kept(name) && !hop_by_hop.strips(name))?;
    Ok(())
}

fn is_replaced(name: &str, newer: FieldSection<'_>) -> bool {
    // Section 4.2.3: the age of what is replaced says nothing about the newer one.
    (newer.has(name) && !is_kept(name)) || name.eq_ignore_ascii_case("Age")
}

/// "[...] Header fields that the cache's processing [...] depends upon": what describes the content that is stored.
fn is_kept(name: &str) -> bool {
    ["Content-Encoding", "Content-Type", "Content-Range", "Content-Length", "Transfer-Encoding", "Connection"]
        .iter()
        .any(|kept| name.eq_ignore_ascii_case(kept))
}
