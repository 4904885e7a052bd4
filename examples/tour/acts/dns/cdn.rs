//! A CDN in small: one name, two askers, and each fetches the film from the cache near him.
//!
//! The rule: the caches know nothing of each other nor of who is near; that is said by the CDN's name server alone, which
//! looks at the network that it is asked from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use dns::{Message, RrType};
use examples::Failure;
use examples::proxy::{Options, Proxy};
use http1::Known;

use super::local::Local;
use super::world::{CACHES, World};
use super::{addresses, ask, query};
use crate::acts::ANY;
use crate::acts::web::{Browser, FILM, Reply, Site, caching, serve};
use crate::screen::{count, lines};
use crate::stage::Stage;
use crate::tape::Tape;

/// What everybody calls it, whoever serves it.
const NAME: &str = "video.netcinema.test";

/// Who asks: a word for him, his local server's address, and what his cache is called and listens at.
const NETWORKS: [(&str, [u8; 4], &str, [u8; 4]); 2] = [
    ("a host in the first network", [127, 0, 1, 1], "kingcdn-first", [127, 0, 1, 10]),
    ("a host in the second one", [127, 0, 2, 1], "kingcdn-second", [127, 0, 2, 10]),
];

/// The film's own site, and a cache of it in each network.
struct Cdn {
    site: Arc<Site>,
    caches: Vec<Arc<Proxy>>,
}

impl Cdn {
    /// Everything is started, and stands in the world for the addresses that the CDN's zone knows.
    fn start(world: &mut World) -> Result<Cdn, Failure> {
        let site = Site::new();
        let origin = serve(&site, None)?;
        let reverse = Some(format!("http://{}", origin.address()));
        world.keep(origin);
        let mut caches = Vec::new();
        for ((_, _, name, at), stands_for) in NETWORKS.into_iter().zip(CACHES) {
            let options = Options { reverse: reverse.clone(), name: Some(name.into()), ..Options::default() };
            let (proxy, service) = caching(options, SocketAddr::new(at.into(), ANY.port()))?;
            world.stand_for(stands_for, name, service);
            caches.push(proxy);
        }
        Ok(Cdn { site, caches })
    }
}

/// One name, two askers, two answers; and from each the film.
pub(super) fn play(stage: &mut Stage, world: &mut World) -> Result<(), Failure> {
    stage.screen.scene(&format!(
        "A CDN: {NAME} is an alias into KingCDN's zone, whose server looks at who asks, and names the nearer of two caches."
    ));
    let cdn = Cdn::start(world)?;
    let mut answers = Vec::new();
    for ((who, own, name, _), cache) in NETWORKS.into_iter().zip(&cdn.caches) {
        let local = Local::start(world, own.into())?;
        let address = led_to(stage, &local, who)?;
        let place = world.address(address)?;
        stage.hint(format!("{name} is at {place}: curl -i -H 'Host: {NAME}' http://{place}{FILM}"));
        film(stage, &cdn.site, cache, place, (who, name))?;
        answers.push(address);
        let at = local.address();
        stage.hint(format!("dig @{} -p {} {NAME}", at.ip(), at.port()));
        local.leave_to(stage);
    }
    let seen: Vec<_> = answers.iter().map(IpAddr::to_string).collect();
    stage.check("each is sent to the cache near him", answers == CACHES, seen.join(" and "));
    let asked = cdn.site.requests();
    stage.check("the film's own site sent it once to each cache", asked == 2, count(asked, "request"));
    Ok(())
}

/// The address that the asker's local server finds for the film.
fn led_to(stage: &mut Stage, local: &Local, who: &str) -> Result<IpAddr, Failure> {
    stage.screen.say(&format!("  {who} asks its local server:"));
    let reply = ask(stage, local.address(), &query(NAME, RrType::A, true)?)?;
    let asked: Vec<_> = local.walk().into_iter().map(|(name, _)| name).collect();
    stage.screen.say(&format!("  which has asked: {}", asked.join(", ")));
    let reply = Message::parse(&reply)?;
    let alias = reply.answer().find(|record| record.rtype() == RrType::CNAME);
    let alias = alias.map(|record| record.rdata.to_string()).unwrap_or_default();
    stage.check(&format!("{who} is led to the CDN"), alias == "a1105.kingcdn.test.", alias);
    match addresses(&reply).as_slice() {
        [address] => Ok(address.parse()?),
        other => Err(format!("one address was expected, not {}", other.len()).into()),
    }
}

/// Fetched twice from the cache: it asks the site for it the first time only.
fn film(
    stage: &mut Stage,
    site: &Site,
    cache: &Proxy,
    place: SocketAddr,
    (who, name): (&str, &str),
) -> Result<(), Failure> {
    let tape = Tape::new();
    let mut browser = Browser::at(place, &tape).of(NAME);
    let mut asked = Vec::new();
    let mut replies = Vec::new();
    for _ in 0..2 {
        let before = site.requests();
        replies.push(browser.get(&mut browser.connect()?, FILM, &[])?);
        stage.screen.dialogue(&tape.take(), 14, lines);
        asked.push(site.requests() - before);
    }
    let by = |reply: &Reply| reply.response.fields().text(Known::Via).is_some_and(|via| via.contains(name));
    let whole = |reply: &Reply| reply.is_ok() && !reply.body.is_empty() && by(reply);
    let same = matches!(replies.as_slice(), [first, again] if whole(first) && first.body == again.body);
    let (hits, misses) = (cache.stats().hits.count(), cache.stats().misses.count());
    stage.check(
        &format!("{who} gets the film from {name}, then out of its cache"),
        same && asked == [1, 0] && (hits, misses) == (1, 1),
        format!(
            "{}, {}",
            count(asked.iter().sum(), "request to the site"),
            count(usize::try_from(hits)?, "hit")
        ),
    );
    Ok(())
}
