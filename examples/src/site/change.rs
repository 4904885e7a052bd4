//! Requests with a body: PUT, DELETE, POST of forms (RFC 9110 sections 9.3.3 to 9.3.5), and the two echoes.
//!
//! The rule: what becomes of a body is decided before its first byte ([`Site::take`]), so that who would be refused anyway is
//! told before sending; and what is changed is changed at the body's end, as a whole.

use std::io;

use bytes::Bytes;
use http1::conditional::Outcome;
use http1::date::HttpDate;
use http1::form::multipart;
use http1::{Error, Known, Method, RequestHead, StatusCode};
use proto_core::Time;

use super::Site;
use super::answer::{Answer, Extent, Head, Payload, Piece, head, status_of_writing};
use super::retrieve::{path_and_query, preconditions};
use super::root::Upload;
use super::spool::{Spool, Spooled};
use super::target::Place;
use super::upload::Uploads;

/// How long a form may be, files apart.
pub(super) const FORM: u64 = 1 << 20;
const FORM_TYPE: &[u8] = b"application/x-www-form-urlencoded";

/// What becomes of a request's body.
#[derive(Debug)]
pub enum Intake {
    /// It is read and dropped: the request is answered from its head.
    Drop,
    /// It is counted.
    Count(u64),
    /// It is kept, to be sent back.
    Echo(Spool),
    /// It is kept, to be read as a form.
    Form(Spool),
    /// It is written to a file.
    Store(Upload),
    /// It is a form with files in it, which are written.
    Files(Box<Uploads>),
}

impl Intake {
    /// The next bytes of it.
    ///
    /// # Errors
    /// The disk's own.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Intake::Drop => Ok(()),
            Intake::Count(n) => {
                *n += bytes.len() as u64;
                Ok(())
            }
            Intake::Form(spool) if spool.len() + bytes.len() as u64 > FORM => {
                Err(io::ErrorKind::FileTooLarge.into())
            }
            Intake::Echo(spool) | Intake::Form(spool) => spool.write(bytes),
            Intake::Store(upload) => upload.write(bytes),
            Intake::Files(uploads) => uploads.write(bytes),
        }
    }
}

/// What to do about a request once its head is there.
#[derive(Debug)]
pub enum Plan {
    /// Take in its body, then answer.
    Take(Intake),
    /// Answer now.
    Refuse(StatusCode),
}

impl Site {
    /// What to do about a request with this head.
    #[must_use]
    pub fn take(&self, request: &RequestHead<'_>, now: Time, date: HttpDate) -> Plan {
        let method = request.method();
        match method {
            // RFC 9110 section 9.3.6: this is an origin, and no proxy.
            Method::Connect => Plan::Refuse(StatusCode::METHOD_NOT_ALLOWED),
            _ if self.options.echo => Plan::Take(Intake::Echo(Spool::default())),
            _ if self.options.echo_info => Plan::Take(Intake::Count(0)),
            Method::Get | Method::Head | Method::Options => Plan::Take(Intake::Drop),
            Method::Put | Method::Delete | Method::Post if !self.options.allow_write => {
                Plan::Refuse(StatusCode::METHOD_NOT_ALLOWED)
            }
            Method::Put => self.plan_put(request, now, date),
            Method::Delete => Plan::Take(Intake::Drop),
            Method::Post => self.plan_post(request),
            // RFC 9110 section 15.6.2: a method that is not known at all.
            Method::Other(_) => Plan::Refuse(StatusCode::NOT_IMPLEMENTED),
            _ => Plan::Refuse(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    fn plan_put(&self, request: &RequestHead<'_>, now: Time, date: HttpDate) -> Plan {
        // RFC 9110 section 14.5: a part of a file is not what is meant by PUT here.
        if request.fields().has(Known::ContentRange) {
            return Plan::Refuse(StatusCode::BAD_REQUEST);
        }
        let (path, _) = path_and_query(&request.target_form());
        let Ok(place) = Place::of_target(path) else { return Plan::Refuse(StatusCode::BAD_REQUEST) };
        if !self.allows(request, path, now, date) {
            return Plan::Refuse(StatusCode::PRECONDITION_FAILED);
        }
        match self.root.write(&place) {
            Ok(upload) => Plan::Take(Intake::Store(upload)),
            Err(error) => Plan::Refuse(status_of_writing(&error)),
        }
    }

    fn plan_post(&self, request: &RequestHead<'_>) -> Plan {
        let content_type = request.fields().first(Known::ContentType).unwrap_or_default();
        let media_type = content_type.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        if media_type.eq_ignore_ascii_case(FORM_TYPE) {
            return Plan::Take(Intake::Form(Spool::default()));
        }
        let reader = match multipart::reader(content_type) {
            Ok(reader) => reader,
            Err(error) => return Plan::Refuse(error.status()),
        };
        let (path, _) = path_and_query(&request.target_form());
        let Ok(place) = Place::of_target(path) else { return Plan::Refuse(StatusCode::BAD_REQUEST) };
        match self.root.folder(&place) {
            Ok(folder) => Plan::Take(Intake::Files(Box::new(Uploads::new(reader, folder)))),
            Err(error) => Plan::Refuse(status_of_writing(&error)),
        }
    }

    /// The request's conditions hold (RFC 9110 section 13.2).
    fn allows(&self, request: &RequestHead<'_>, path: &str, now: Time, date: HttpDate) -> bool {
        let conditions = preconditions(request.fields(), date);
        if conditions.is_empty() {
            return true;
        }
        let page = self.current(path, now);
        let validators = page.as_ref().map(|page| page.validators());
        conditions.evaluate(request.method().as_str(), validators.as_ref()) == Outcome::Proceed
    }

    /// Answers a request whose body is complete.
    ///
    /// # Errors
    /// The endpoint's: the answer can't be put into words. None is known.
    pub fn answer(
        &self,
        request: &RequestHead<'_>,
        intake: Intake,
        now: Time,
        date: HttpDate,
    ) -> Result<Answer, Error> {
        match (intake, request.method()) {
            (Intake::Count(n), method) => {
                let info = format!("{} {} {n}", method.as_str(), origin_form(request));
                Answer::text(StatusCode::OK, "text/plain; charset=utf-8", info, date)
            }
            (Intake::Echo(spool), _) => echo(request, spool, date),
            (Intake::Form(spool), _) => answer_form(spool, date),
            (Intake::Store(upload), _) => self.finish_put(request, upload, now, date),
            (Intake::Files(uploads), _) => self.finish_files(*uploads, date),
            (Intake::Drop, Method::Delete) => self.delete(request, now, date),
            (Intake::Drop, Method::Options) => {
                Answer::empty(StatusCode::NO_CONTENT, date)?.with(Known::Allow, self.methods())
            }
            (Intake::Drop, _) => self.retrieve(request, now, date),
        }
    }

    /// An answer that refuses.
    ///
    /// # Errors
    /// None: all of it is valid.
    pub fn refuse(&self, status: StatusCode, date: HttpDate) -> Result<Answer, Error> {
        let answer = Answer::status(status, date)?;
        match status {
            // RFC 9110 section 15.5.6: "MUST generate an Allow header field".
            StatusCode::METHOD_NOT_ALLOWED => answer.with(Known::Allow, self.methods()),
            _ => Ok(answer),
        }
    }

    fn finish_put(
        &self,
        request: &RequestHead<'_>,
        upload: Upload,
        now: Time,
        date: HttpDate,
    ) -> Result<Answer, Error> {
        let _turn = self.turn_to_change();
        let (path, _) = path_and_query(&request.target_form());
        // They held when the content was asked for; since then somebody else may have been here.
        if !self.allows(request, path, now, date) {
            return Answer::status(StatusCode::PRECONDITION_FAILED, date);
        }
        let finished = upload.finish();
        self.hot.forget_all();
        match finished {
            Ok(true) => Answer::empty(StatusCode::NO_CONTENT, date),
            Ok(false) => Answer::status(StatusCode::CREATED, date),
            Err(error) => Answer::status(status_of_writing(&error), date),
        }
    }

    fn finish_files(&self, uploads: Uploads, date: HttpDate) -> Result<Answer, Error> {
        let _turn = self.turn_to_change();
        let finished = uploads.finish();
        self.hot.forget_all();
        match finished {
            Ok(text) => Answer::text(StatusCode::OK, "text/plain; charset=utf-8", text, date),
            Err(error) => Answer::status(status_of_intake(&error), date),
        }
    }

    fn delete(&self, request: &RequestHead<'_>, now: Time, date: HttpDate) -> Result<Answer, Error> {
        let (path, _) = path_and_query(&request.target_form());
        let Ok(place) = Place::of_target(path) else { return Answer::status(StatusCode::BAD_REQUEST, date) };
        let _turn = self.turn_to_change();
        if !self.allows(request, path, now, date) {
            return Answer::status(StatusCode::PRECONDITION_FAILED, date);
        }
        let deleted = self.root.delete(&place);
        self.hot.forget_all();
        match deleted {
            Ok(()) => Answer::empty(StatusCode::NO_CONTENT, date),
            Err(error) => Answer::status(status_of_writing(&error), date),
        }
    }
}

/// What the disk's failure to take in a body is answered with.
#[must_use]
pub fn status_of_intake(error: &io::Error) -> StatusCode {
    match error.kind() {
        io::ErrorKind::FileTooLarge => StatusCode::CONTENT_TOO_LARGE,
        // A form that is none.
        io::ErrorKind::InvalidData => StatusCode::BAD_REQUEST,
        _ => status_of_writing(error),
    }
}

/// The target as in origin-form (RFC 9112 section 3.2.1), in whatever form it came.
fn origin_form(request: &RequestHead<'_>) -> String {
    match path_and_query(&request.target_form()) {
        (path, Some(query)) => format!("{path}?{query}"),
        (path, None) => path.to_owned(),
    }
}

fn echo(request: &RequestHead<'_>, spool: Spool, date: HttpDate) -> Result<Answer, Error> {
    let mut head = head(StatusCode::OK, date)?;
    let content_type = request.fields().first(Known::ContentType).unwrap_or(b"application/octet-stream");
    head.field(Known::ContentType, content_type)?;
    let piece = match spool.finish() {
        Spooled::Memory(bytes) => Piece::Memory(bytes),
        Spooled::File(file, len) => Piece::File(Extent { file: file.into(), at: 0, len }),
    };
    Ok(Answer { head: Head::Own(head), body: Payload::One(piece) })
}

/// The fields of a form, a line each.
fn answer_form(spool: Spool, date: HttpDate) -> Result<Answer, Error> {
    let form = match spool.finish() {
        Spooled::Memory(bytes) => bytes,
        Spooled::File(file, len) => read_back(&file, len).unwrap_or_default(),
    };
    let mut text = String::with_capacity(form.len());
    for pair in http1::form::parse(&form) {
        let Ok((name, value)) = pair else { return Answer::status(StatusCode::CONTENT_TOO_LARGE, date) };
        text.extend([&name, "=", &value, "\n"]);
    }
    Answer::text(StatusCode::OK, "text/plain; charset=utf-8", text, date)
}

fn read_back(file: &std::fs::File, len: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(len.min(FORM)).unwrap_or_default()];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, 0)?;
    Ok(bytes.into())
}
