//! The command line: nslookup's own `-option=value` words, then a name, then perhaps a server.

use std::time::Duration;

use dns::{Class, Name, RrType};

/// How `nslookup` is used.
pub(crate) const USAGE: &str = "\
Usage: nslookup [-type=TYPE] [-class=CLASS] [-port=N] [-debug] [-timeout=S] [-retry=N] [-domain=NAME] [-ndots=N]
                [-[no]search] [-[no]recurse] [-[no]vc] [--log LEVEL] NAME|ADDRESS [SERVER]

Looks a name up, or the name of an address, and prints what is found like BIND's nslookup. Without -type (or -qt, -q, -query)
it asks for addresses of both kinds. Without SERVER it asks those of /etc/resolv.conf.
";

/// The whole command line.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) name: String,
    pub(crate) server: Option<String>,
    pub(crate) rtype: Option<RrType>,
    pub(crate) class: Option<Class>,
    pub(crate) port: Option<u16>,
    pub(crate) debug: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempts: Option<u8>,
    pub(crate) domain: Option<Name>,
    pub(crate) no_search: bool,
    pub(crate) stream: bool,
    pub(crate) no_recursion: bool,
    pub(crate) ndots: Option<u8>,
}

impl Args {
    /// Reads the command line; `None`: help is wanted.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Option<Args>, String> {
        let (mut args, mut bare) = (Args::default(), Vec::new());
        let mut words = words.skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "-h" | "-help" | "--help" => return Ok(None),
                "--log" => drop(words.next()),
                _ if word.starts_with("--log=") => {}
                _ => match word.strip_prefix('-').filter(|option| !option.is_empty()) {
                    Some(option) => args.option(option)?,
                    None => bare.push(word),
                },
            }
        }
        let mut bare = bare.into_iter();
        args.name = bare.next().ok_or("a name is wanted")?;
        args.server = bare.next();
        match bare.next() {
            None => Ok(Some(args)),
            Some(more) => Err(format!("what is '{more}' behind the server?")),
        }
    }

    fn option(&mut self, option: &str) -> Result<(), String> {
        let (key, value) = option.split_once('=').map_or((option, None), |(key, value)| (key, Some(value)));
        let wrong = || format!("-{option}: not a value for it");
        match (key.to_ascii_lowercase().as_str(), value) {
            ("type" | "ty" | "qt" | "q" | "qu" | "query" | "querytype", Some(value)) => {
                self.rtype = Some(RrType::parse(value.as_bytes()).ok_or_else(wrong)?);
            }
            ("class" | "cl", Some(value)) => {
                self.class = Some(Class::parse(value.as_bytes()).ok_or_else(wrong)?);
            }
            ("port" | "po", Some(value)) => self.port = Some(value.parse().map_err(|_| wrong())?),
            ("timeout", Some(value)) => {
                self.timeout =
                    Some(Duration::from_secs(value.parse::<u8>().map_err(|_| wrong())?.max(1).into()));
            }
            ("retry" | "ret", Some(value)) => {
                self.attempts = Some(value.parse::<u8>().map_err(|_| wrong())?.max(1));
            }
            ("domain" | "do", Some(value)) => {
                let name = Name::parse_text(value.as_bytes(), Some(&Name::ROOT));
                self.domain = Some(name.map_err(|_| wrong())?);
            }
            ("ndots", Some(value)) => self.ndots = Some(value.parse().map_err(|_| wrong())?),
            (word, None) => return self.switch(word, option),
            _ => return Err(format!("unknown option -{option}")),
        }
        Ok(())
    }

    fn switch(&mut self, word: &str, option: &str) -> Result<(), String> {
        let (on, key) = word.strip_prefix("no").map_or((true, word), |key| (false, key));
        match key {
            "debug" | "deb" | "d2" => self.debug = on,
            "search" | "sea" => self.no_search = !on,
            "recurse" | "rec" => self.no_recursion = !on,
            "vc" => self.stream = on,
            // The next server is always asked.
            "fail" => {}
            _ => return Err(format!("unknown option -{option}")),
        }
        Ok(())
    }
}
