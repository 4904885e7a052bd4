//! The web: a page with ten images, fetched in three ways; cookies; and asking for nothing that one has already.

mod browser;
mod distance;
mod site;

use std::net::SocketAddr;
use std::time::Duration;

use examples::Failure;
use http1::Known;

pub(crate) use self::browser::{Reply, Way, receive};
pub(crate) use self::site::{Site, serve};

use self::browser::Browser;
use self::site::{IMAGES, image_path};
use super::Act;
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
        "a page with ten images over three kinds of connections; cookies; a conditional GET"
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
        not_again(stage, address)
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
