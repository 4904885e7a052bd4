//! A client for people and scripts: curl's letters with curl's meaning, over `http1::client` and `net_core`.
//!
//! ```text
//! cargo run --release --example fetch -- -L -o page.html http://localhost:8080/
//! ```
//!
//! One file for each concern: [`args`] the command line, [`content`] what is sent, [`lines`] connections, [`exchange`] a
//! request and its response, [`ear`] what a response is for, [`sink`] where it goes, [`transfer`] all of it for one URL.

mod args;
mod content;
mod ear;
mod exchange;
mod jar;
mod lines;
mod report;
mod sink;
mod transfer;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use examples::Failure;
use http1::Known;
use http1::content_disposition::safe_file_name;
use http1::date::HttpDate;
use http1::uri::percent;

use args::Args;
use content::Content;
use jar::Jar;
use lines::Lines;
use report::Report;
use transfer::{Fetcher, Line};

const AGENT: &str = concat!("fetch/", env!("CARGO_PKG_VERSION"));

fn main() -> ExitCode {
    let args = Args::read();
    args.log.start();
    let mut complained = false;
    let done = examples::run("fetch", || {
        let mut fetcher = prepare(&args)?;
        complained = !fetch_all(&mut fetcher)?;
        Ok(())
    });
    if complained { ExitCode::FAILURE } else { done }
}

fn prepare(args: &Args) -> Result<Fetcher<'_>, Failure> {
    let agent = args.agent.as_deref().unwrap_or(AGENT);
    let mut jar = Jar::default();
    let (cookies, files): (Vec<_>, Vec<_>) = args.cookies.iter().partition(|text| text.contains('='));
    for file in files {
        match jar.load(Path::new(file)) {
            // As curl has it: a jar that is still to be made.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            loaded => loaded.map_err(|error| format!("can't read cookies from {file}: {error}"))?,
        }
    }
    let cookies = cookies.into_iter().cloned().collect::<Vec<_>>().join("; ");
    Ok(Fetcher {
        args,
        agent,
        lines: Lines::new(args, agent)?,
        jar,
        content: Content::of(args)?,
        since: args.since.as_deref().map(since).transpose()?,
        cookies: (!cookies.is_empty()).then_some(cookies),
        fields: args.fields.iter().map(|line| field(line)).collect::<Result<_, _>>()?,
    })
}

/// Fetches one URL after the other. Whether all of it succeeded.
fn fetch_all(fetcher: &mut Fetcher<'_>) -> Result<bool, Failure> {
    let args = fetcher.args;
    let mut succeeded = true;
    for (number, url) in args.urls.iter().enumerate() {
        let mut report = Report::default();
        let fetched =
            output(args, url, number).and_then(|output| fetcher.fetch(url, output.as_deref(), &mut report));
        if let Err(error) = fetched {
            fetcher.complain(&*error);
            succeeded = false;
        }
        if let Some(format) = &args.write_out {
            let mut out = std::io::stdout().lock();
            out.write_all(report.write_out(format).as_bytes())?;
            out.flush()?;
        }
    }
    if let Some(path) = &args.jar {
        fetcher.jar.save(path).map_err(|error| format!("can't write {}: {error}", path.display()))?;
    }
    Ok(succeeded)
}

/// The file that the content of the URL goes to; `None`: standard output.
fn output(args: &Args, url: &str, number: usize) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = args.output.get(number) {
        return Ok((path != Path::new("-")).then(|| path.clone()));
    }
    if !args.remote_name {
        return match args.resume {
            true => Err("-C needs a file to go on with: name it with -o, or use -O".into()),
            false => Ok(None),
        };
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let name = path.split_once('/').and_then(|(_, path)| path.rsplit('/').next()).unwrap_or_default();
    let name = percent::decode(name.as_bytes()).map(|name| String::from_utf8_lossy(&name).into_owned());
    let name = name.ok().and_then(|name| safe_file_name(&name));
    name.map(|name| Some(name.into())).ok_or_else(|| format!("-O: {url} ends in no name; use -o").into())
}

/// `Name: value`; `Name:` is a field not to be sent, `Name;` an empty one.
fn field(line: &str) -> Result<Line, Failure> {
    if let Some((name, value)) = line.split_once(':') {
        let value = value.trim();
        return Ok((name.to_owned(), (!value.is_empty()).then(|| value.to_owned())));
    }
    match line.strip_suffix(';') {
        Some(name) => Ok((name.to_owned(), Some(String::new()))),
        None => Err(format!("-H '{line}': a field is 'Name: value'").into()),
    }
}

/// `-z`: an HTTP-date, YYYY-MM-DD or a file's time; with `-` in front the other way round.
fn since(text: &str) -> Result<(Known, HttpDate), Failure> {
    let (name, text) = match text.strip_prefix('-') {
        Some(rest) => (Known::IfUnmodifiedSince, rest),
        None => (Known::IfModifiedSince, text),
    };
    let date = HttpDate::parse(text.as_bytes(), ear::today()).ok();
    let date = date.or_else(|| http1::cookie::parse_date(text.as_bytes())).or_else(|| iso_date(text));
    let date = date.or_else(|| modified(Path::new(text)));
    let date = date.ok_or_else(|| {
        format!("-z {text}: neither a date such as 'Sun, 06 Nov 1994 08:49:37 GMT' or 1994-11-06, nor a file")
    })?;
    Ok((name, date))
}

fn iso_date(text: &str) -> Option<HttpDate> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = names.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    http1::cookie::parse_date(format!("{day} {month} {year} 00:00:00").as_bytes())
}

fn modified(path: &Path) -> Option<HttpDate> {
    let since = fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    HttpDate::from_unix(i64::try_from(since.as_secs()).ok()?)
}
