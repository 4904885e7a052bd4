//! The command line: curl's letters with curl's meaning.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use examples::Log;

/// Fetches URLs, and sends things to them
#[derive(Parser, Debug)]
#[command(name = "fetch", version)]
pub(crate) struct Args {
    /// What to fetch; `http://` may be left out
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// The method, instead of the one that the other flags imply
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// A field to send: 'Name: value'; 'Name:' leaves out one that would be sent, 'Name;' sends an empty one
    #[arg(short = 'H', long = "header", value_name = "LINE")]
    pub(crate) fields: Vec<String>,
    /// Content to POST, urlencoded by you; @FILE reads it from there, without line ends. Repeated: joined by &
    #[arg(short = 'd', long = "data", value_name = "DATA", conflicts_with_all = ["form", "upload"])]
    pub(crate) data: Vec<String>,
    /// The same, but @FILE is sent as it is
    #[arg(long = "data-binary", value_name = "DATA", conflicts_with_all = ["form", "upload"])]
    pub(crate) data_binary: Vec<String>,
    /// A part of a form to POST: name=value, name=@FILE, name=<FILE, with ;type= and ;filename= behind
    #[arg(short = 'F', long = "form", value_name = "NAME=CONTENT", conflicts_with = "upload")]
    pub(crate) form: Vec<String>,
    /// A file to PUT; - is standard input, in chunks. A URL that ends in / gets the file's name behind it
    #[arg(short = 'T', long = "upload-file", value_name = "FILE")]
    pub(crate) upload: Option<String>,
    /// Where the content goes, instead of standard output; one per URL
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// The content goes to a file named as in the URL
    #[arg(short = 'O', long = "remote-name")]
    pub(crate) remote_name: bool,
    /// Write the response's head, too
    #[arg(short = 'i', long = "include", visible_alias = "show-headers")]
    pub(crate) include: bool,
    /// Ask for the head only
    #[arg(short = 'I', long = "head", conflicts_with_all = ["data", "data_binary", "form", "upload"])]
    pub(crate) head: bool,
    /// Follow redirections
    #[arg(short = 'L', long = "location")]
    pub(crate) location: bool,
    /// How many redirections are followed at most
    #[arg(long, value_name = "N", default_value_t = http1::redirect::MAX_REDIRECTS)]
    pub(crate) max_redirs: u32,
    /// Ask for a part only: 0-499, 500-, -500, or several with commas between
    #[arg(short = 'r', long = "range", value_name = "RANGE", conflicts_with = "resume")]
    pub(crate) range: Option<String>,
    /// Go on with a download that broke off, if what is there is provably still the same (a `-` may follow)
    #[arg(short = 'C', long = "continue-at")]
    pub(crate) resume: bool,
    /// Only if it has changed since that date (an HTTP-date, YYYY-MM-DD, or a file, for its time); -DATE: only if not
    #[arg(short = 'z', long = "time-cond", value_name = "DATE", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// Who you are
    #[arg(short = 'u', long = "user", value_name = "USER:PASSWORD")]
    pub(crate) user: Option<String>,
    /// Prove it by Digest, once the server asks, instead of showing the password
    #[arg(long)]
    pub(crate) digest: bool,
    /// Cookies to send: name=value; name=value, or a file with a jar
    #[arg(short = 'b', long = "cookie", value_name = "JAR|COOKIES")]
    pub(crate) cookies: Vec<String>,
    /// Where to keep the cookies that were set
    #[arg(short = 'c', long = "cookie-jar", value_name = "JAR")]
    pub(crate) jar: Option<PathBuf>,
    /// The proxy to go through: [http://][user:password@]host:port
    #[arg(short = 'x', long = "proxy", value_name = "PROXY")]
    pub(crate) proxy: Option<String>,
    /// Who you are, for the proxy
    #[arg(short = 'U', long = "proxy-user", value_name = "USER:PASSWORD")]
    pub(crate) proxy_user: Option<String>,
    /// Take any certificate: whoever sits in between reads and changes everything
    #[arg(short = 'k', long = "insecure")]
    pub(crate) insecure: bool,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long = "cacert", value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,
    /// Show on standard error what is said
    #[arg(short = 'v', long = "verbose")]
    pub(crate) verbose: bool,
    /// No progress bar and no complaints
    #[arg(short = 's', long = "silent")]
    pub(crate) silent: bool,
    /// With -s: complaints all the same
    #[arg(short = 'S', long = "show-error")]
    pub(crate) show_error: bool,
    /// Speak HTTP/1.0
    #[arg(short = '0', long = "http1.0")]
    pub(crate) http10: bool,
    /// How long one URL may take altogether
    #[arg(short = 'm', long = "max-time", value_name = "SECONDS", value_parser = examples::seconds)]
    pub(crate) max_time: Option<Duration>,
    /// How often to try again after what may be passing: timeouts, broken connections, 408, 429, 500, 502, 503, 504
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retry: u32,
    /// How long to wait before that [default: 1 s, doubled each time]
    #[arg(long, value_name = "SECONDS", value_parser = examples::seconds)]
    pub(crate) retry_delay: Option<Duration>,
    /// A status of 400 or more is a failure, and its content is not written
    #[arg(short = 'f', long = "fail")]
    pub(crate) fail: bool,
    /// What to call yourself
    #[arg(short = 'A', long = "user-agent", value_name = "AGENT")]
    pub(crate) agent: Option<String>,
    /// What to print after each URL, with `%{http_code}`, `%{size_download}`, `%{num_connects}`, `%{time_total}`,
    /// `%{url_effective}` and others filled in
    #[arg(short = 'w', long = "write-out", value_name = "FORMAT")]
    pub(crate) write_out: Option<String>,
    #[command(flatten)]
    pub(crate) log: Log,
}

impl Args {
    /// Reads the command line. curl's `-C` has a value, `-`; here it needs none, and may have it.
    pub(crate) fn read() -> Self {
        let mut line: Vec<OsString> = Vec::new();
        for word in std::env::args_os() {
            let resumes = line.last().is_some_and(|last| {
                let last = last.to_string_lossy();
                last == "--continue-at"
                    || (last.starts_with('-') && !last.starts_with("--") && last.ends_with('C'))
            });
            if !(resumes && word == "-") {
                line.push(word);
            }
        }
        Args::parse_from(line)
    }
}
