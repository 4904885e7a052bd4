//! GET and HEAD (RFC 9110 sections 9.3.1 and 9.3.2): a file, a part of it, or why not.
//!
//! The rule: HEAD is answered as GET is, and the endpoint leaves the body out. Conditions are looked at last of all, and
//! only if there are any: a plain request for a hot page costs a look-up and a head that many have in common.

use std::ffi::OsStr;
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http1::conditional::{EntityTag, Outcome, Preconditions, Validators};
use http1::date::HttpDate;
use http1::range::{ByteRange, ByteRanges, ContentRange, Piece as Part, Selection, select};
use http1::uri::percent;
use http1::{Error, ErrorKind, FieldSection, Known, RequestHead, ResponseBuilder, StatusCode, Target};
use proto_core::Time;

use super::answer::{Answer, Head, Payload, Piece, head, status_of_reading};
use super::hot::Page;
use super::root::Root;
use super::target::Place;
use super::{Site, listing};

/// What a folder's page is called.
const INDEX: &str = "index.html";

/// What is at a path.
enum Found {
    Page(Arc<Page>),
    /// A folder, spelled without the slash at its end.
    Folder(Place),
    /// What is in a folder.
    Listing(String),
    Nothing(StatusCode),
}

/// The path and the query of a target, in whatever form it came.
#[must_use]
pub fn path_and_query<'a>(target: &Target<'a>) -> (&'a str, Option<&'a str>) {
    match *target {
        Target::Origin { path, query } => (path, query),
        // RFC 9112 section 3.2.1: an empty path is sent on as "/".
        Target::Absolute { path: "", query, .. } => ("/", query),
        Target::Absolute { path, query, .. } => (path, query),
        Target::Authority(_) | Target::Asterisk => ("*", None),
    }
}

impl Site {
    /// Answers GET, and HEAD as if it were GET.
    ///
    /// # Errors
    /// The endpoint's: the answer can't be put into words. None is known.
    pub fn retrieve(&self, request: &RequestHead<'_>, now: Time, date: HttpDate) -> Result<Answer, Error> {
        let (path, query) = path_and_query(&request.target_form());
        match self.find(path, now) {
            Found::Page(page) => send_page(&page, request, date),
            Found::Folder(place) => redirect(&place, query, date),
            Found::Listing(text) => Answer::text(StatusCode::OK, "text/html; charset=utf-8", text, date),
            Found::Nothing(status) => Answer::status(status, date),
        }
    }

    fn find(&self, path: &str, now: Time) -> Found {
        let writes = self.hot.writes();
        let held = self.hot.find(path, now);
        if let Some((page, true)) = held {
            return Found::Page(page);
        }
        let Ok(place) = Place::of_target(path) else { return Found::Nothing(StatusCode::BAD_REQUEST) };
        let found = self.look(place, held.map(|(page, _)| page), path);
        if let Found::Page(page) = &found {
            self.hot.keep(path, page, now, writes);
        }
        found
    }

    /// Asks the disk. `held` is what was there when it was last asked.
    fn look(&self, place: Place, held: Option<Arc<Page>>, path: &str) -> Found {
        let opened = self.root.read(&place).and_then(|file| Ok((file.metadata()?, file)));
        match opened {
            Err(error) => Found::Nothing(status_of_reading(&error)),
            Ok((metadata, _)) if metadata.is_dir() && !place.is_folder() => Found::Folder(place),
            Ok((metadata, folder)) if metadata.is_dir() => self.look_in(&folder, &place, held, path),
            // `file/` is not `file`, and a device is not for sending.
            Ok((metadata, _)) if !metadata.is_file() || place.is_folder() => {
                Found::Nothing(StatusCode::NOT_FOUND)
            }
            Ok((metadata, _)) if held.as_ref().is_some_and(|held| held.is_still(&metadata)) => {
                held.map_or(Found::Nothing(StatusCode::NOT_FOUND), Found::Page)
            }
            Ok((metadata, file)) => match Page::load(file, &metadata, place.path()) {
                Ok(page) => Found::Page(Arc::new(page)),
                Err(error) => Found::Nothing(status_of_reading(&error)),
            },
        }
    }

    /// A folder's index, or what is in it.
    fn look_in(&self, folder: &File, place: &Place, held: Option<Arc<Page>>, path: &str) -> Found {
        match self.look(place.join(INDEX), held, path) {
            Found::Page(page) => return Found::Page(page),
            _ if !self.options.list_folders => return Found::Nothing(StatusCode::NOT_FOUND),
            _ => {}
        }
        match Root::names(folder, listing::MOST) {
            Ok(names) => {
                let shown = percent::decode(path.as_bytes()).unwrap_or_default();
                Found::Listing(listing::page(&String::from_utf8_lossy(&shown), names))
            }
            Err(error) => Found::Nothing(status_of_reading(&error)),
        }
    }

    /// What is at a place now, for conditions on changing it: the disk is asked.
    pub(super) fn current(&self, path: &str, now: Time) -> Option<Arc<Page>> {
        let held = self.hot.find(path, now).map(|(page, _)| page);
        match self.look(Place::of_target(path).ok()?, held, path) {
            Found::Page(page) => Some(page),
            _ => None,
        }
    }
}

impl Page {
    /// What conditions compare with.
    #[must_use]
    pub fn validators(&self) -> Validators<'_> {
        Validators { etag: EntityTag::parse(self.etag.as_bytes()).ok(), last_modified: self.modified }
    }

    /// The head of the whole, or of a part, of it.
    fn head(&self, status: StatusCode, date: HttpDate) -> Result<ResponseBuilder, Error> {
        let mut head = head(status, date)?;
        head.field(Known::ContentType, self.media_type)?;
        self.describe(&mut head)?;
        Ok(head)
    }

    fn describe(&self, head: &mut ResponseBuilder) -> Result<(), Error> {
        head.field(Known::ETag, &self.etag)?;
        if let Some(modified) = self.modified {
            head.field(Known::LastModified, modified.to_bytes())?;
        }
        head.field(Known::AcceptRanges, "bytes")?;
        Ok(())
    }
}

fn send_page(page: &Page, request: &RequestHead<'_>, date: HttpDate) -> Result<Answer, Error> {
    let fields = request.fields();
    let conditional =
        [Known::Range, Known::IfNoneMatch, Known::IfModifiedSince, Known::IfMatch, Known::IfUnmodifiedSince];
    if !conditional.iter().any(|&field| fields.has(field)) {
        return whole(page, date);
    }
    let validators = page.validators();
    let conditions = preconditions(fields, date);
    match conditions.evaluate(request.method().as_str(), Some(&validators)) {
        // RFC 9110 section 15.4.5: what a cache needs to freshen its copy, and no more.
        Outcome::NotModified => {
            let mut head = head(StatusCode::NOT_MODIFIED, date)?;
            page.describe(&mut head)?;
            Ok(Answer { head: Head::Own(head), body: Payload::None })
        }
        Outcome::PreconditionFailed => Answer::status(StatusCode::PRECONDITION_FAILED, date),
        // RFC 9110 section 14.2: Range is for GET.
        Outcome::Proceed if request.method().as_str() == "GET" => {
            match fields.first(Known::Range).filter(|_| conditions.range_applies(Some(&validators))) {
                Some(range) => parts(page, range, date),
                None => whole(page, date),
            }
        }
        Outcome::Proceed => whole(page, date),
    }
}

/// The conditions of a request.
pub(super) fn preconditions<'a>(fields: FieldSection<'a>, date: HttpDate) -> Preconditions<'a> {
    Preconditions::from_fields(fields.iter().map(|line| (line.name, line.value)), date)
}

fn whole(page: &Page, date: HttpDate) -> Result<Answer, Error> {
    let answer = page.answers.at(date, &page.content, || page.head(StatusCode::OK, date))?;
    let until = page.trusted_until();
    let piece = Piece::of(&page.content, 0, page.len);
    Ok(Answer { head: Head::Shared { answer, until }, body: Payload::One(piece) })
}

fn parts(page: &Page, range: &[u8], date: HttpDate) -> Result<Answer, Error> {
    match select(range, page.len) {
        Selection::Whole => whole(page, date),
        Selection::Unsatisfiable => {
            let content_range = ContentRange::Unsatisfied { complete: page.len }.to_string();
            Answer::status(StatusCode::RANGE_NOT_SATISFIABLE, date)?.with(Known::ContentRange, content_range)
        }
        Selection::Parts(ranges) => match ranges.as_slice() {
            [range] => one_part(page, *range, date),
            ranges => several_parts(page, ranges, date),
        },
    }
}

fn one_part(page: &Page, range: ByteRange, date: HttpDate) -> Result<Answer, Error> {
    let mut head = page.head(StatusCode::PARTIAL_CONTENT, date)?;
    let content_range = ContentRange::Part { range, complete: Some(page.len) };
    head.field(Known::ContentRange, content_range.to_string())?;
    let piece = Piece::of(&page.content, range.first(), range.len());
    Ok(Answer { head: Head::Own(head), body: Payload::One(piece) })
}

fn several_parts(page: &Page, ranges: &[ByteRange], date: HttpDate) -> Result<Answer, Error> {
    let boundary = boundary();
    let parts = ByteRanges::new(&boundary, page.media_type.as_bytes(), page.len, ranges)
        .map_err(|_| Error::caller(ErrorKind::NotNow))?;
    let mut head = head(StatusCode::PARTIAL_CONTENT, date)?;
    head.field(Known::ContentType, parts.media_type())?;
    page.describe(&mut head)?;
    let pieces = parts.pieces().map(|part| match part {
        Part::Text(text) => Piece::Memory(text.into()),
        Part::Octets(range) => Piece::of(&page.content, range.first(), range.len()),
    });
    Ok(Answer { head: Head::Own(head), body: Payload::Several(pieces.collect()) })
}

/// A delimiter that nobody could have put into a file: 128 bits out of the process's random keys.
fn boundary() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let word = || {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(count);
        hasher.finish()
    };
    format!("part-{:016x}{:016x}", word(), word())
}

/// To the same folder with a slash at its end, so that relative links lead where they should. The path is put together
/// anew: as it came, it might begin with two slashes and name another host.
fn redirect(place: &Place, query: Option<&str>, date: HttpDate) -> Result<Answer, Error> {
    let mut location = String::from("/");
    for name in place.path() {
        location.push_str(&percent::encode(OsStr::as_bytes(name), &percent::SEGMENT));
        location.push('/');
    }
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    Answer::status(StatusCode::MOVED_PERMANENTLY, date)?.with(Known::Location, location)
}
