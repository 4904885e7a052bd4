//! Writing addresses: what is written is read back as the same.

use alloc::vec::Vec;

use super::Mailbox;
use crate::lexical::ATEXT;
use crate::word::{quoted, write_phrase};
use crate::{Misuse, MisuseKind, check_value};

/// RFC 5322 section 2.1.1.
const LINE: usize = 78;

/// Appends `mailbox`. The line already has `column` columns; returns the column it ends in. Address text beyond US-ASCII is
/// written as UTF-8 (RFC 6532), names never are.
///
/// # Errors
/// CR, LF, NUL or another control character in it, an empty local part, or a domain that is neither atoms with dots between them nor
/// a literal. Nothing is appended then.
pub fn write_mailbox(mailbox: &Mailbox<'_>, out: &mut Vec<u8>, column: usize) -> Result<usize, Misuse> {
    let address = addr_spec(mailbox)?;
    let Some(name) = mailbox.name.as_deref().filter(|name| !name.is_empty()) else {
        return Ok(push(&address, "", "", out, column));
    };
    let column = write_phrase(name, out, column)?;
    Ok(push(&address, " <", ">", out, column))
}

/// Appends a group: its name, a colon, its members, a semicolon (RFC 5322 section 3.4).
///
/// # Errors
/// As [`write_mailbox`]; also for a group without a name. Nothing is appended then.
pub fn write_group(
    name: &str,
    members: &[Mailbox<'_>],
    out: &mut Vec<u8>,
    column: usize,
) -> Result<usize, Misuse> {
    let start = out.len();
    let mut group = || {
        if name.is_empty() {
            return Err(Misuse::new(MisuseKind::Address, 0));
        }
        let mut column = write_phrase(name, out, column)? + 1;
        out.push(b':');
        for (index, member) in members.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b" " } else { b", " });
            column = write_mailbox(member, out, column + 1 + usize::from(index > 0))?;
        }
        out.push(b';');
        Ok(column + 1)
    };
    let written = group();
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// `local@domain` as it is written.
fn addr_spec(mailbox: &Mailbox<'_>) -> Result<alloc::string::String, Misuse> {
    let (local, domain) = (&*mailbox.local, &*mailbox.domain);
    let refused = |offset| Misuse::new(MisuseKind::Address, offset);
    for value in [local, domain, mailbox.name.as_deref().unwrap_or_default()] {
        check_value(value.as_bytes())?;
    }
    if local.is_empty() {
        return Err(refused(0));
    }
    if let Some(at) = local.bytes().position(|byte| byte.is_ascii_control()) {
        return Err(Misuse::new(MisuseKind::Control, at));
    }
    if !is_dot_atom(domain) && !is_literal(domain) {
        return Err(refused(local.len() + 1));
    }
    let local = if is_dot_atom(local) { local.into() } else { quoted(local) };
    Ok(alloc::format!("{local}@{domain}"))
}

fn push(address: &str, before: &str, behind: &str, out: &mut Vec<u8>, column: usize) -> usize {
    let len = before.len() + address.len() + behind.len();
    let foldable = !before.is_empty() || out.last() == Some(&b' ');
    if column + len < LINE || !foldable || column <= 1 {
        for part in [before, address, behind] {
            out.extend_from_slice(part.as_bytes());
        }
        return column + len;
    }
    if before.is_empty() {
        out.pop();
    }
    out.extend_from_slice(b"\r\n ");
    for part in [before.trim_start(), address, behind] {
        out.extend_from_slice(part.as_bytes());
    }
    1 + before.trim_start().len() + address.len() + behind.len()
}

/// RFC 5322 section 3.2.3: atoms with dots between them.
pub(super) fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(|byte| ATEXT.contains(byte)))
}

/// RFC 5322 section 3.4.1: `[` dtext `]`.
fn is_literal(domain: &str) -> bool {
    let inner = domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']'));
    inner.is_some_and(|inner| {
        inner.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'[' | b']' | b'\\'))
    })
}
