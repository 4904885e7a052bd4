//! The web: a page with ten images, fetched in three ways; cookies; asking for nothing that one has already; and a proxy that
//! keeps for all what one has asked for.

mod browser;
mod distance;
mod site;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use examples::Failure;
use examples::proxy::{Options, Proxy};
use examples::service::Service;
use http1::Known;
use net_core::Server;
use net_core::serve::Config;
use tracing::info;

pub(crate) use self::browser::{Browser, Reply, Way, receive};
pub(crate) use self::site::{FILM, Site, serve};

use self::site::{IMAGES, image_path};
use super::{ANY, Act};
use crate::screen::{count, lines, start_lines};
use crate::stage::Stage;
use crate::tape::{Side, Tape};

/// How far away the server is in the model, there and back.
const ROUND_TRIP: Duration = Duration::from_millis(100);

pub(crate) struct Web;

impl Act for Web {
    fn name(&self) -> &'static str {
        "web"
    }

    fn title(&self) -> &'static str {
        "a page with ten images over three kinds of connections; cookies; a conditional GET; a caching proxy"
    }

    fn play(&self, stage: &mut Stage) -> Result<(), Failure> {
        let site = Site::new();
        let service = serve(&site, None)?;
        let address = service.address();
        stage.keep(service);
        for way in Way::ALL {
            a_page(stage, way, &site, address)?;
        }
        round_trips(stage);
        cookies(stage, &site, address)?;
        not_again(stage, address)?;
        through_a_proxy(stage, &site, address)
    }
}

/// The page and its images over real sockets: what crosses them, and over how many connections.
fn a_page(stage: &mut Stage, way: Way, site: &Site, address: SocketAddr) -> Result<(), Failure> {
    stage.screen.scene(&way.to_string());
    let (before, tape) = (site.connections(), Tape::new());
    let replies = Browser::at(address, &tape).load(way)?;
    let takes = tape.take();
    // The first exchange as it was, of the others what was asked and what was answered.
    let asked = takes.iter().enumerate().filter(|(_, take)| take.is_speech_of(Side::Client));
    let second = asked.map(|(at, _)| at).nth(1).unwrap_or(takes.len());
    let (first, others) = takes.split_at(second);
    stage.screen.dialogue(first, 12, lines);
    let (some, more) = others.split_at(others.len().min(12));
    stage.screen.dialogue(some, IMAGES, start_lines);
    if !more.is_empty() {
        stage.screen.say("  ... and so on");
    }
    let connections = site.connections() - before;
    let whole = replies.iter().filter(|reply| reply.is_ok()).count();
    let pictures = replies.iter().skip(1).filter(|reply| reply.body.starts_with(b"<svg")).count();
    let holds = whole == IMAGES + 1 && pictures == IMAGES && connections == way.connections(IMAGES);
    let seen = format!("{whole} objects over {}", count(connections, "connection"));
    stage.check(&format!("a page with {IMAGES} images, {}", way.name()), holds, seen);
    Ok(())
}

/// The same endpoints, a long way apart, in virtual time: the time divided by a round trip counts the round trips.
fn round_trips(stage: &mut Stage) {
    let delay = ROUND_TRIP / 2;
    stage.screen.scene(&format!(
        "The same, with the server {} ms away (there and back), in virtual time:",
        ROUND_TRIP.as_millis()
    ));
    for way in Way::ALL {
        let load = distance::load(way, delay);
        let trips = load.time.as_secs_f64() / ROUND_TRIP.as_secs_f64();
        let expected = way.round_trips(IMAGES);
        let exact = load.time == ROUND_TRIP * u32::try_from(expected).unwrap_or(u32::MAX);
        let seen =
            format!("{trips:.2} round trips, {} ms, {} connections", load.time.as_millis(), load.connections);
        let holds = exact && load.objects == IMAGES + 1 && load.connections == way.connections(IMAGES);
        stage.check(&format!("{} takes {expected} round trips", way.name()), holds, seen);
    }
}

/// Two visitors; the site tells them apart, and knows the one who returns.
fn cookies(stage: &mut Stage, site: &Site, address: SocketAddr) -> Result<(), Failure> {
    stage.screen.scene("Cookies: HTTP remembers nothing, so the client carries its number along.");
    let tape = Tape::new();
    let mut alice = Browser::at(address, &tape);
    let numbers = [alice.visit()?, alice.visit()?];
    stage.screen.dialogue(&tape.take(), 12, lines);
    let bob = Browser::at(address, &Tape::new()).visit()?;
    let [Some(first), Some(again)] = numbers else { return Err("the site gave out no number".into()) };
    let table = |number| site.visits(number).unwrap_or(0);
    let holds = first == again && table(first) == 2;
    stage.check(
        "a returning visitor is known from the site's own table",
        holds,
        format!("visitor {first}: {} visits", table(first)),
    );
    let other = bob.filter(|&number| number != first).map(table);
    stage.check("another visitor gets another number", other == Some(1), format!("{bob:?}"));
    Ok(())
}

/// What one has already is asked after, and not sent again.
fn not_again(stage: &mut Stage, address: SocketAddr) -> Result<(), Failure> {
    stage.screen.scene("A conditional GET: the client has a copy, and asks whether it is still good.");
    let tape = Tape::new();
    let mut browser = Browser::at(address, &tape);
    let mut connection = browser.connect()?;
    let path = image_path(1);
    let reply = browser.get(&mut connection, &path, &[])?;
    let validators = [(Known::ETag, Known::IfNoneMatch), (Known::LastModified, Known::IfModifiedSince)];
    let asked: Vec<_> = validators
        .iter()
        .filter_map(|&(has, asks)| Some((asks, reply.response.fields().text(has)?.to_owned())))
        .collect();
    let again = browser.get(&mut connection, &path, &asked)?;
    stage.screen.dialogue(&tape.take(), 12, lines);
    let status = again.response.status().code();
    let holds = status == 304 && again.body.is_empty() && asked.len() == 2;
    let seen = format!("{} bytes the first time, {} the second", reply.body.len(), again.body.len());
    stage.check("what has not changed is answered 304 and not sent again", holds, seen);
    Ok(())
}

/// A caching proxy, and its server.
pub(crate) fn caching(options: Options, at: SocketAddr) -> Result<(Arc<Proxy>, Service), Failure> {
    let proxy = Proxy::new(options)?;
    let inner = Arc::clone(&proxy);
    let service = Service::of("http", Server::bind(Config::at(at))?, move |stream, peer, shutdown| {
        if let Err(error) = inner.serve(stream, peer, shutdown) {
            info!(error = examples::sentence(&*error), "a client of the proxy has failed");
        }
    })?;
    Ok((proxy, service))
}

/// A caching proxy in between: what one visitor has fetched, the next one gets without a word to the site.
fn through_a_proxy(stage: &mut Stage, site: &Site, address: SocketAddr) -> Result<(), Failure> {
    stage
        .screen
        .scene("A caching proxy: the first visitor fetches for all, only the page is everybody's own.");
    let (proxy, service) = caching(Options { name: Some("cache".into()), ..Options::default() }, ANY)?;
    let at = service.address();
    stage.hint(format!("the caching proxy is at {at}: curl -x {at} http://{address}/ -i"));
    stage.keep(service);
    let tape = Tape::new();
    let mut loaded = Vec::new();
    for expected in [1 + IMAGES, 1] {
        let before = site.requests();
        let replies = Browser::at(address, &tape).through(at).load(Way::Persistent)?;
        let (takes, whole) = (tape.take(), replies.iter().filter(|reply| reply.is_ok()).count());
        stage.screen.dialogue(takes.get(takes.len().saturating_sub(3)..).unwrap_or_default(), 12, lines);
        let asked = site.requests() - before;
        let seen = format!("{whole} objects, {} to the site", count(asked, "request"));
        let visitor = if loaded.is_empty() { "first" } else { "second" };
        let claim = format!("the page through a proxy, for the {visitor} visitor");
        stage.check(&claim, whole == 1 + IMAGES && asked == expected, seen);
        loaded.push(replies);
    }
    let same = loaded.windows(2).all(|pair| match pair {
        [one, other] => one.iter().zip(other).skip(1).all(|(one, other)| one.body == other.body),
        _ => false,
    });
    let aged = loaded.last().into_iter().flatten().filter(|reply| reply.response.fields().has(Known::Age));
    let aged = aged.count();
    stage.check("images out of the cache say their age", same && aged == IMAGES, count(aged, "image"));
    still_good(stage, &proxy, Browser::at(address, &tape).through(at), &tape)
}

/// Who wants to be sure makes the proxy ask; the site answers that nothing has changed.
fn still_good(stage: &mut Stage, proxy: &Proxy, mut browser: Browser, tape: &Tape) -> Result<(), Failure> {
    let reload = [(Known::CacheControl, "no-cache".to_owned())];
    let reply = browser.get(&mut browser.connect()?, &image_path(1), &reload)?;
    stage.screen.dialogue(&tape.take(), 14, lines);
    let stats = proxy.stats();
    let (asked, good) = (stats.revalidations.count(), stats.validated.count());
    let holds = reply.is_ok() && (asked, good) == (1, 1);
    let seen = format!("{asked} asked after, {good} still good, {} out of the cache", stats.hits.count());
    stage.check("a reload has the proxy ask the site, which answers 304", holds, seen);
    Ok(())
}
