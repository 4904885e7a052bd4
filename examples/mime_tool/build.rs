//! A message from flags, the same as `mail_send` has.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use examples::Failure;
use mime::builder::{Attachment, type_of_name};
use mime::{Addresses, Builder, DateTime, Mailbox};
use proto_core::calendar;

/// What is in the message.
#[derive(Args, Debug)]
pub(crate) struct Letter {
    /// Who it is from: an address, or a name and an address in brackets
    #[arg(long, value_name = "ADDRESS")]
    from: String,
    /// Who it is for
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<String>,
    /// Who gets a copy
    #[arg(long, value_name = "ADDRESS")]
    cc: Vec<String>,
    /// Who gets a copy without the others being told: checked, and not written
    #[arg(long, value_name = "ADDRESS")]
    bcc: Vec<String>,
    /// What it is about
    #[arg(long)]
    subject: Option<String>,
    /// The text; `-` is standard input
    #[arg(long)]
    text: Option<String>,
    /// A file with the body as HTML
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// A file to go with it
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Where to write it; without it, or with `-`, to standard output
    #[arg(short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Letter {
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let built = self.build()?;
        let mut out: Box<dyn io::Write> = match &self.output {
            Some(path) if path != Path::new("-") => Box::new(fs::File::create(path).map_err(named(path))?),
            _ => Box::new(io::stdout().lock()),
        };
        built.chunks().try_for_each(|chunk| out.write_all(chunk))?;
        Ok(out.flush()?)
    }

    fn build(&self) -> Result<mime::builder::Built, Failure> {
        let random = random();
        let from = mailbox(&self.from)?;
        let id = random.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut builder =
            Builder::new().date(now()?).message_id(&format!("{id}@{}", from.domain))?.from(from)?;
        for to in &self.to {
            builder = builder.to(mailbox(to)?)?;
        }
        for cc in &self.cc {
            builder = builder.cc(mailbox(cc)?)?;
        }
        for bcc in &self.bcc {
            mailbox(bcc)?;
        }
        if let Some(subject) = &self.subject {
            builder = builder.subject(subject).map_err(|misuse| format!("--subject: {misuse}"))?;
        }
        self.bodies(builder).map(|builder| builder.build(&random))
    }

    fn bodies(&self, mut builder: Builder) -> Result<Builder, Failure> {
        match self.text.as_deref() {
            Some("-") => builder = builder.text(&io::read_to_string(io::stdin())?),
            Some(text) => builder = builder.text(text),
            None => {}
        }
        if let Some(path) = &self.html {
            builder = builder.html(&fs::read_to_string(path).map_err(named(path))?);
        }
        for path in &self.attach {
            let name = path.file_name().ok_or("--attach wants a file")?.to_string_lossy().into_owned();
            let content = fs::read(path).map_err(named(path))?;
            let media_type = type_of_name(&name);
            builder = builder.attach(Attachment::new(name, media_type, content)?);
        }
        Ok(builder)
    }
}

fn named(path: &Path) -> impl FnOnce(io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// One address, with a name or without.
fn mailbox(text: &str) -> Result<Mailbox<'_>, Failure> {
    mime::check_value(text.as_bytes()).map_err(|misuse| format!("{text:?}: {misuse}"))?;
    let wrong = || format!("{text:?} is not an address; write NAME@DOMAIN or 'Name <NAME@DOMAIN>'");
    let list = Addresses::new(text.as_bytes());
    let mut found = list.mailboxes();
    match (found.next(), found.next()) {
        (Some(one), None) if !one.domain.is_empty() && !one.local.is_empty() => Ok(one),
        _ => Err(wrong().into()),
    }
}

fn now() -> Result<DateTime, Failure> {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let utc =
        calendar::DateTime::from_unix(i64::try_from(seconds)?).ok_or("the clock is beyond all dates")?;
    Ok(DateTime::without_zone(utc))
}

/// Not secret, only never twice: what std seeds its hash tables with.
fn random() -> [u8; 16] {
    let half =
        |salt: u8| RandomState::new().hash_one((salt, SystemTime::now(), std::process::id())).to_le_bytes();
    let mut random = [0; 16];
    for (place, byte) in random.iter_mut().zip(half(0).into_iter().chain(half(1))) {
        *place = byte;
    }
    random
}
