//! Who listens to the responses, and decides what each is for: to be followed, written, resumed, tried again or dropped.
//!
//! The rule: it is decided at a response's head, before any of its content is there, and only once per response.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use examples::Failure;
use examples::progress::Progress;
use http1::auth::digest::Challenge;
use http1::conditional::EntityTag;
use http1::date::HttpDate;
use http1::range::{Resume, Verdict};
use http1::redirect::{Redirects, Step};
use http1::uri::{Reference, Uri};
use http1::{Known, Response};

use crate::args::Args;
use crate::exchange::Hear;
use crate::report::{Report, effective};
use crate::sink::{Note, Opening, Sink};

/// What is there already of what is fetched.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) have: u64,
    pub(crate) note: Note,
}

impl Part {
    /// How to ask for the rest; `None`: nothing proves that it is still the same.
    pub(crate) fn resume(&self) -> Option<Resume<'_>> {
        Resume::new(self.have, &self.note.validators(), self.note.date)
    }
}

/// What follows a response.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing: it is the answer.
    Done,
    /// A request to somewhere else.
    Follow(Step<'static>),
    /// The same request once more, for the whole.
    AskAgain,
    /// The same request once more, with an answer to this.
    Prove(Box<Challenge>),
}

/// Whether a challenge is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proves {
    /// It is.
    First,
    /// One was answered before.
    Again,
}

/// Listens to the responses to one request and those that follow from it.
pub(crate) struct Ear<'a> {
    args: &'a Args,
    /// The URL as the user wrote it.
    url: &'a str,
    sink: &'a mut Sink,
    /// Where a download goes that is to be resumed if it breaks off.
    resumable: Option<&'a Path>,
    pub(crate) part: Option<Part>,
    redirects: Redirects,
    /// A passing failure is not written, for there is another try.
    again: bool,
    method: String,
    uri: String,
    progress: Option<Progress>,
    writes: bool,
    /// A challenge would be answered; one that was answered before, if the server only wants a fresh nonce.
    pub(crate) proves: Option<Proves>,
    /// A response has begun.
    pub(crate) heard: bool,
    pub(crate) next: Next,
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) set_cookies: Vec<Vec<u8>>,
    /// What the last response was about.
    pub(crate) note: Note,
    pub(crate) report: &'a mut Report,
}

impl<'a> Ear<'a> {
    pub(crate) fn new(
        args: &'a Args,
        url: &'a str,
        sink: &'a mut Sink,
        resumable: Option<&'a Path>,
        again: bool,
        report: &'a mut Report,
    ) -> Self {
        Ear {
            args,
            url,
            sink,
            resumable,
            part: None,
            redirects: Redirects::up_to(args.max_redirs),
            again,
            method: String::new(),
            uri: String::new(),
            progress: None,
            writes: false,
            proves: None,
            heard: false,
            next: Next::Done,
            status: 0,
            retry_after: None,
            set_cookies: Vec::new(),
            note: Note::default(),
            report,
        }
    }

    /// The next request is about to be made.
    pub(crate) fn begins(&mut self, method: &str, uri: &str) {
        (self.method, self.uri) = (method.to_owned(), uri.to_owned());
        (self.next, self.heard, self.writes) = (Next::Done, false, false);
        self.report.url_effective = effective(uri);
        self.report.method = method.to_owned();
        self.report.size_download = 0;
    }

    fn follow(&mut self, response: &Response) -> Result<Next, Failure> {
        let location = response.fields().first(Known::Location);
        let uri = Uri::parse(&self.uri)?;
        let step = self.redirects.follow(&self.method, &uri, self.status, location)?;
        Ok(step.map_or(Next::Done, |step| {
            Next::Follow(Step { method: step.method.into_owned().into(), ..step })
        }))
    }

    /// RFC 7616 section 3.3: what is to be answered, if it can be and was not in vain before.
    fn challenge(&self, response: &Response) -> Option<Box<Challenge>> {
        let proves = self.proves.filter(|_| self.status == 401)?;
        let challenge = Challenge::all(response.fields().all(Known::WwwAuthenticate)).next()?;
        (proves == Proves::First || challenge.is_stale()).then(|| Box::new(challenge))
    }

    /// Opens the file that the content of this response goes to. Whether it goes anywhere.
    fn open(&mut self, response: &Response) -> Result<bool, Failure> {
        let failed = self.args.fail && self.status >= 400;
        let dropped = failed || (self.again && is_passing(self.status)) || self.status == 304;
        match self.resumable {
            Some(path) if !dropped => self.open_resumable(path, response),
            _ if dropped => Ok(false),
            _ => {
                self.sink.open(Opening::Whole)?;
                Ok(true)
            }
        }
    }

    fn open_resumable(&mut self, path: &Path, response: &Response) -> Result<bool, Failure> {
        let fields = response.fields();
        let etag = fields.first(Known::ETag).and_then(|etag| EntityTag::parse(etag).ok());
        let content_range = fields.first(Known::ContentRange);
        let verdict = match self.part.as_ref().and_then(Part::resume) {
            Some(resume) => resume.judge(self.status, content_range, etag)?,
            None if self.status == 200 => Verdict::Replace,
            None => Verdict::Other,
        };
        match verdict {
            Verdict::Append { .. } => self.sink.open(Opening::Append)?,
            Verdict::Replace => {
                self.part = None;
                self.note.save(path)?;
                self.sink.open(Opening::InPlace)?;
            }
            Verdict::Complete => return Ok(false),
            Verdict::AskAgain => {
                self.part = None;
                self.next = Next::AskAgain;
                return Ok(false);
            }
            Verdict::Other => return Err(format!("the server answers {}, and no file", self.status).into()),
        }
        Ok(true)
    }

    fn show_progress(&mut self, response: &Response) {
        let have = self.part.as_ref().map_or(0, |part| part.have);
        let total = response.framing().len().map(|len| len + have);
        // Not into the middle of what is shown.
        let shown = self.sink.is_stdout() && io::stdout().is_terminal();
        self.progress = Some(Progress::new(total, have, self.args.silent || self.args.verbose || shown));
    }

    fn say(&self, mark: char, head: &[u8]) {
        if self.args.verbose {
            for line in String::from_utf8_lossy(head).lines() {
                eprintln!("{mark} {line}");
            }
        }
    }
}

impl Hear for Ear<'_> {
    fn asked(&mut self, head: &[u8]) {
        self.say('>', head);
    }

    fn interim(&mut self, response: &Response) {
        self.say('<', response.head().as_bytes());
    }

    fn head(&mut self, response: &Response) -> Result<(), Failure> {
        self.heard = true;
        let (fields, head) = (response.fields(), response.head());
        self.say('<', head.as_bytes());
        self.status = response.status().code();
        self.report.http_code = self.status;
        self.report.content_type = fields.text(Known::ContentType).unwrap_or_default().to_owned();
        self.retry_after = fields.text(Known::RetryAfter).and_then(retry_after);
        self.note = note(self.url, response);
        self.set_cookies.extend(fields.all(Known::SetCookie).map(<[u8]>::to_vec));
        if self.args.location {
            self.next = self.follow(response)?;
        } else {
            self.report.redirect_url = redirect_url(&self.uri, response).unwrap_or_default();
        }
        if let Some(challenge) = self.challenge(response) {
            self.next = Next::Prove(challenge);
        }
        if self.args.include || self.args.head {
            self.sink.open(Opening::Whole)?;
            self.sink.write(head.as_bytes())?;
        }
        match self.next {
            Next::Done => self.writes = self.open(response)?,
            Next::Follow(_) => self.report.num_redirects += 1,
            Next::AskAgain | Next::Prove(_) => {}
        }
        if self.writes {
            self.show_progress(response);
        }
        Ok(())
    }

    fn data(&mut self, bytes: Bytes) -> Result<(), Failure> {
        if self.writes {
            self.report.size_download += bytes.len() as u64;
            self.sink.write(&bytes)?;
            if let Some(progress) = &self.progress {
                progress.advance(bytes.len() as u64);
            }
        }
        Ok(())
    }
}

impl Drop for Ear<'_> {
    fn drop(&mut self) {
        if let Some(progress) = &self.progress {
            progress.finish();
        }
    }
}

/// A status that may be another one soon, as curl sees it.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// What the content of this response is a part of, should it break off.
fn note(url: &str, response: &Response) -> Note {
    let fields = response.fields();
    let date = |name| HttpDate::parse(fields.first(name)?, today()).ok();
    Note {
        url: url.to_owned(),
        etag: fields.text(Known::ETag).map(str::to_owned),
        last_modified: date(Known::LastModified),
        date: date(Known::Date),
    }
}

/// What the calendar says.
pub(crate) fn today() -> HttpDate {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).ok().and_then(HttpDate::from_unix).unwrap_or(HttpDate::MAX)
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = HttpDate::parse(value.as_bytes(), today()).ok()?;
    let seconds = u64::try_from(at.unix() - today().unix()).unwrap_or(0);
    Some(Duration::from_secs(seconds))
}

fn redirect_url(uri: &str, response: &Response) -> Option<String> {
    let location = response.fields().text(Known::Location)?;
    Some(Uri::parse(uri).ok()?.resolve(&Reference::parse(location).ok()?))
}
