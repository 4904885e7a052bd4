//! One URL from its first request to its last response: redirections, resumption, further tries.
//!
//! The rule: every request is put together anew from what the command line wants, and what proves who we are goes only to
//! whom it was meant for.

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use examples::Failure;
use http1::auth::digest::{self, Challenge};
use http1::date::HttpDate;
use http1::redirect::Step;
use http1::uri::{Target, Uri};
use http1::{Known, Method, RequestBuilder, Version};
use net_core::Deadline;

use crate::args::Args;
use crate::content::Content;
use crate::ear::{Ear, Next, Part, Proves, is_passing};
use crate::exchange::{Trouble, exchange};
use crate::jar::Jar;
use crate::lines::{Lines, basic};
use crate::report::Report;
use crate::sink::{Note, Sink};

/// Content of at least this size is worth asking for permission first, as curl does.
const WORTH_ASKING: u64 = 1 << 20;
/// The wait between two tries doubles up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What is the same for all URLs.
pub(crate) struct Fetcher<'a> {
    pub(crate) args: &'a Args,
    pub(crate) agent: &'a str,
    pub(crate) lines: Lines,
    pub(crate) jar: Jar,
    pub(crate) content: Content,
    /// `-z` as a field.
    pub(crate) since: Option<(Known, HttpDate)>,
    /// `-b name=value`.
    pub(crate) cookies: Option<String>,
    /// `-H`.
    pub(crate) fields: Vec<Line>,
}

/// A field as the user wants it: with this value, or not at all.
pub(crate) type Line = (String, Option<String>);

/// One URL.
struct Job<'a> {
    url: &'a str,
    output: Option<&'a Path>,
    /// Where a download goes that is to be resumed.
    resumable: Option<&'a Path>,
    deadline: Deadline,
    /// This is not the last try.
    again: bool,
}

/// A request to be made.
struct Ask {
    method: String,
    uri: String,
    content: Content,
    fields: Vec<Line>,
    /// The value of `Authorization`.
    credentials: Option<String>,
    /// The name and password that answer challenges.
    user: Option<(String, String)>,
    /// `-b` goes along.
    cookies: bool,
}

/// So many challenges are answered on the way to one response.
const CHALLENGES: u32 = 4;

impl Ask {
    /// Answers a challenge (RFC 7616 section 3.4).
    fn prove(&mut self, challenge: &Challenge) -> Result<(), Failure> {
        let Some((name, password)) = &self.user else { return Ok(()) };
        let uri = Uri::parse(&self.uri)?;
        let target = Target::for_origin(&self.method, &uri).to_string();
        let request = digest::Request { method: &self.method, uri: &target, body: None };
        let cnonce = format!("{:016x}", RandomState::new().build_hasher().finish());
        let value = challenge.answer(&digest::User { name, password }, &request, &cnonce, 1)?;
        self.credentials = Some(String::from_utf8(value)?);
        Ok(())
    }

    /// The request that a redirection leads to.
    fn follow(self, step: Step<'_>) -> Self {
        let keeps = |name: &str| step.keeps(name);
        Ask {
            content: if step.keeps_content { self.content } else { Content::None },
            // What answers a challenge answers it for one URI.
            credentials: self.credentials.filter(|_| keeps("Authorization") && self.user.is_none()),
            user: self.user.filter(|_| keeps("Authorization")),
            cookies: self.cookies && keeps("Cookie"),
            fields: self.fields.into_iter().filter(|(name, value)| value.is_none() || keeps(name)).collect(),
            method: step.method.into_owned(),
            uri: step.uri,
        }
    }

    /// The user has something to say about this field.
    fn overrides(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field.eq_ignore_ascii_case(name))
    }
}

impl Fetcher<'_> {
    /// Fetches `url`. The report tells as much as there is, whatever comes of it.
    pub(crate) fn fetch(
        &mut self,
        url: &str,
        output: Option<&Path>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        let dialled = self.lines.dialled;
        let done = self.try_and_try_again(url, output, report);
        report.time_total = start.elapsed();
        report.num_connects = self.lines.dialled - dialled;
        done
    }

    fn try_and_try_again(
        &mut self,
        url: &str,
        output: Option<&Path>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let deadline = self.args.max_time.map_or(Deadline::NEVER, Deadline::after);
        let mut wait = Duration::from_secs(1);
        let mut left = if matches!(self.content, Content::Stdin) { 0 } else { self.args.retry };
        loop {
            let resumable = output.filter(|_| self.args.resume);
            let job = Job { url, output, resumable, deadline, again: left > 0 };
            let asked = match self.attempt(&job, report) {
                Ok(None) => return Ok(()),
                Ok(Some(asked)) => asked,
                Err(trouble) if left > 0 && trouble.passing && !deadline.has_passed() => {
                    self.complain(&*trouble.failure);
                    None
                }
                Err(trouble) => return Err(trouble.failure),
            };
            let pause = self.args.retry_delay.or(asked).unwrap_or(wait);
            if deadline.left().is_some_and(|left| left < pause) {
                return Err("trying again would take longer than --max-time allows".into());
            }
            thread::sleep(pause);
            wait = (wait * 2).min(LONGEST_WAIT);
            left -= 1;
        }
    }

    /// Says on standard error what went wrong.
    pub(crate) fn complain(&self, error: &(dyn std::error::Error + 'static)) {
        if !self.args.silent || self.args.show_error {
            eprintln!("fetch: {}", examples::sentence(error));
        }
    }

    /// From the first request to the response that is the answer. `Some`: it may be another one soon, and when.
    fn attempt(&mut self, job: &Job<'_>, report: &mut Report) -> Result<Option<Option<Duration>>, Trouble> {
        let part = match job.resumable {
            Some(path) => self.part_of(job, path)?,
            None => None,
        };
        let mut sink = job.output.map_or(Sink::Stdout, Sink::file);
        let mut ear = Ear::new(self.args, job.url, &mut sink, job.resumable, job.again, report);
        ear.part = part;
        let ask = self.first_ask(job.url).map_err(Trouble::lasting)?;
        self.walk(ask, &mut ear, job.deadline)?;
        let (status, retry_after) = (ear.status, ear.retry_after);
        drop(ear);
        if job.again && is_passing(status) {
            return Ok(Some(retry_after));
        }
        if self.args.fail && status >= 400 {
            return Err(Trouble::lasting(format!("the server answers {status}")));
        }
        sink.finish().map_err(Trouble::lasting)?;
        if let Some(path) = job.resumable {
            Note::forget(path);
        }
        Ok(None)
    }

    /// What is there already, and what it is a part of.
    fn part_of(&mut self, job: &Job<'_>, path: &Path) -> Result<Option<Part>, Trouble> {
        let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
        let have = metadata.len();
        if have == 0 {
            return Ok(None);
        }
        if let Some(note) = Note::load(path, job.url) {
            return Ok(Some(Part { have, note }));
        }
        // Nobody has noted what it is a part of. If what the server has was not changed after the part was written,
        // it is the same; that it stays the same is for If-Range to see.
        let note = self.ask_validators(job)?;
        let written = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let written = written.and_then(|at| i64::try_from(at.as_secs()).ok());
        let older =
            note.last_modified.zip(written).is_some_and(|(changed, written)| changed.unix() <= written);
        Ok(older.then_some(Part { have, note }))
    }

    /// Asks for the head only, to learn of which version the file is now.
    fn ask_validators(&mut self, job: &Job<'_>) -> Result<Note, Trouble> {
        let (mut sink, mut report) = (Sink::Nowhere, Report::default());
        let mut ear = Ear::new(self.args, job.url, &mut sink, None, false, &mut report);
        let mut ask = self.first_ask(job.url).map_err(Trouble::lasting)?;
        ask.method = "HEAD".into();
        self.walk(ask, &mut ear, job.deadline)?;
        Ok(std::mem::take(&mut ear.note))
    }

    /// The request that the command line wants.
    fn first_ask(&self, url: &str) -> Result<Ask, Failure> {
        let mut whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        whole = http1::uri::percent::encode_stray(whole.as_bytes()).into_owned();
        if let Some(file) = self.args.upload.as_deref().filter(|file| *file != "-" && whole.ends_with('/')) {
            let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
            whole.push_str(&http1::uri::percent::encode(name.as_bytes(), &http1::uri::percent::SEGMENT));
        }
        let uri = Uri::parse(&whole).map_err(|error| format!("{url} is no URL: {error}"))?;
        uri.origin().map_err(|error| format!("{url} is neither http nor https: {error}"))?;
        let user = self.args.user.as_deref();
        let user = user.or_else(|| uri.authority().and_then(|authority| authority.userinfo()));
        Ok(Ask {
            method: self.args.method.clone().unwrap_or_else(|| self.content.method(self.args).to_owned()),
            content: self.content.clone(),
            fields: self.fields.clone(),
            credentials: user.filter(|_| !self.args.digest).map(basic).transpose()?,
            user: user.filter(|_| self.args.digest).map(|user| {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                (name.to_owned(), password.to_owned())
            }),
            cookies: true,
            uri: whole,
        })
    }

    /// Asks, and follows where it leads.
    fn walk(&mut self, mut ask: Ask, ear: &mut Ear<'_>, deadline: Deadline) -> Result<(), Trouble> {
        let mut challenges = 0;
        loop {
            ear.begins(&ask.method, &ask.uri);
            ear.proves = match challenges {
                _ if ask.user.is_none() || challenges >= CHALLENGES => None,
                0 => Some(Proves::First),
                _ => Some(Proves::Again),
            };
            let head = self.build(&ask, ear.part.as_ref()).map_err(Trouble::lasting)?;
            let conversed = self.converse(&ask, head, deadline, ear);
            if let Ok(uri) = Uri::parse(&ask.uri) {
                ear.set_cookies.drain(..).for_each(|field| self.jar.store(&uri, &field));
            }
            conversed?;
            match std::mem::replace(&mut ear.next, Next::Done) {
                Next::Done => return Ok(()),
                Next::AskAgain if ask.user.is_some() => (ask.credentials, challenges) = (None, 0),
                Next::AskAgain => {}
                Next::Follow(step) => {
                    ask = ask.follow(step);
                    challenges = 0;
                }
                Next::Prove(challenge) => {
                    ask.prove(&challenge).map_err(Trouble::lasting)?;
                    challenges += 1;
                }
            }
        }
    }

    fn converse(
        &mut self,
        ask: &Ask,
        mut head: RequestBuilder,
        deadline: Deadline,
        ear: &mut Ear<'_>,
    ) -> Result<(), Trouble> {
        let uri = Uri::parse(&ask.uri).map_err(Trouble::lasting)?;
        let origin = uri.origin().map_err(Trouble::lasting)?;
        let expects = head.fields().has(Known::Expect);
        let mut fresh = false;
        loop {
            let (mut line, used) = self.lines.line(&origin, fresh, deadline).map_err(Trouble::passing)?;
            match exchange(&mut line, &head, &ask.content, expects, deadline, ear) {
                Ok(()) => {
                    self.lines.keep(&origin, line);
                    return Ok(());
                }
                // The server closed a kept line just when it was used again.
                Err(trouble) if used && trouble.safe && !ear.heard => fresh = true,
                Err(trouble) => return Err(trouble),
            }
        }
    }

    fn build(&mut self, ask: &Ask, part: Option<&Part>) -> Result<RequestBuilder, Failure> {
        let uri = Uri::parse(&ask.uri)?;
        let origin = uri.origin()?;
        let proxied = self.lines.asks_proxy(&origin);
        let target = if proxied { Target::for_proxy(&uri) } else { Target::for_origin(&ask.method, &uri) };
        let method = Method::parse(ask.method.as_bytes())
            .ok_or_else(|| format!("-X {}: a method is a word", ask.method))?;
        let version = if self.args.http10 { Version::Http10 } else { Version::Http11 };
        let mut head = RequestBuilder::with_version(method, &target.to_string(), version)?;
        let host = uri.authority().map_or("", |authority| authority.host_and_port());
        let mut own: Vec<(&str, Vec<u8>)> = vec![("Host", host.into())];
        let proxy = self.lines.proxy.as_ref().filter(|_| proxied);
        own.extend(
            proxy.and_then(|proxy| proxy.credentials.clone()).map(|it| ("Proxy-Authorization", it.into())),
        );
        own.extend(ask.credentials.clone().map(|it| ("Authorization", it.into())));
        own.push(("User-Agent", self.agent.into()));
        own.push(("Accept", b"*/*".into()));
        self.add_conditions(&mut own, part);
        own.extend(self.cookies_for(ask, &uri).map(|cookies| ("Cookie", cookies)));
        own.extend(ask.content.media_type().map(|it| ("Content-Type", it.into())));
        if version == Version::Http11 && ask.content.len().is_some_and(|len| len >= WORTH_ASKING) {
            own.push(("Expect", b"100-continue".into()));
        }
        for (name, value) in own {
            if !ask.overrides(name) {
                head.field(name, value)?;
            }
        }
        for (name, value) in &ask.fields {
            if let Some(value) = value {
                head.field(name.as_str(), value).map_err(|error| format!("-H {name}: {error}"))?;
            }
        }
        Ok(head)
    }

    fn add_conditions(&self, own: &mut Vec<(&str, Vec<u8>)>, part: Option<&Part>) {
        own.extend(self.args.range.as_ref().map(|range| ("Range", format!("bytes={range}").into_bytes())));
        if let Some((name, date)) = self.since {
            own.push((name.as_str(), date.to_bytes().to_vec()));
        }
        if let Some(resume) = part.and_then(Part::resume) {
            own.extend(resume.fields().collect::<Vec<_>>());
        }
    }

    fn cookies_for(&mut self, ask: &Ask, uri: &Uri<'_>) -> Option<Vec<u8>> {
        let kept = self.jar.header(uri);
        let given = self.cookies.as_ref().filter(|_| ask.cookies).map(|cookies| cookies.clone().into_bytes());
        match (given, kept) {
            (Some(given), Some(kept)) => Some([given, kept].join(&b"; "[..])),
            (given, kept) => given.or(kept),
        }
    }
}
