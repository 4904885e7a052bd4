//! The same client and the same site, far apart: over simulated links, in virtual time.
//!
//! On loopback a round trip takes no time, so it can't be seen. Here it takes exactly twice the delay of the link, and
//! nothing else takes any time at all: what a page takes, divided by that, is the number of round trips.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use http1::Body;
use http1::client::{Client, Event};
use http1::server::Server;
use net_sim::{Addr, Context, Driven, Happening, Link, Role, Serve, Sim};
use proto_core::Time;

use super::browser::{Way, images};
use super::site::{Site, Visit};

/// The port that the site is at.
const PORT: u16 = 80;

/// What came of loading the page.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Objects that came whole.
    pub(crate) objects: usize,
    pub(crate) connections: usize,
    /// When the last one was complete.
    pub(crate) time: Duration,
    page: Vec<u8>,
    /// Images not asked for yet.
    wanted: Vec<String>,
}

/// Loads the page in this way, over a link with this delay in each direction.
pub(crate) fn load(way: Way, delay: Duration) -> Load {
    let (site, load) = (Site::new(), Rc::new(RefCell::new(Load::default())));
    let mut sim = Sim::new(1);
    let (here, there) = (sim.host(), sim.host());
    sim.wire(here, there, Link::new().delay(delay));
    sim.spawn(there, Serve::new(PORT, move |_| (Server::default(), site_role(&site))));
    sim.spawn(here, client(way, Addr::new(there, PORT), &load));
    sim.run();
    load.take()
}

fn site_role(
    site: &std::sync::Arc<Site>,
) -> impl FnMut(&mut Server, Happening<Server>, &mut Context<'_, '_>) + use<> {
    let mut visit = Visit::new(site);
    move |server, happening, _| {
        if let Happening::Event(event) = happening {
            visit.hear(server, event);
        }
    }
}

fn client(way: Way, server: Addr, load: &Rc<RefCell<Load>>) -> Driven<Client, Loader> {
    Driven::client(server, Client::default(), Loader { way, server, load: Rc::clone(load) })
}

/// The program around the client: asks, and asks on.
struct Loader {
    way: Way,
    server: Addr,
    load: Rc<RefCell<Load>>,
}

impl Role<Client> for Loader {
    fn handle(&mut self, client: &mut Client, happening: Happening<Client>, context: &mut Context<'_, '_>) {
        match happening {
            Happening::Opened => {
                self.load.borrow_mut().connections += 1;
                let path = self.next_path();
                self.ask(client, &path);
            }
            Happening::Event(Event::Data(bytes)) => {
                let mut load = self.load.borrow_mut();
                if load.objects == 0 {
                    load.page.extend_from_slice(&bytes);
                }
            }
            Happening::Event(Event::End { .. }) => self.go_on(client, context),
            _ => {}
        }
    }
}

impl Loader {
    /// The page first, then the images in their order.
    fn next_path(&self) -> String {
        let mut load = self.load.borrow_mut();
        if load.wanted.is_empty() { "/".to_owned() } else { load.wanted.remove(0) }
    }

    fn ask(&self, client: &mut Client, path: &str) {
        let asked =
            self.way.request(path, "far.away.test").and_then(|head| client.request(&head, Body::Empty));
        if let Err(error) = asked {
            tracing::warn!(%error, "an object was not asked for");
        }
    }

    /// An object is complete.
    fn go_on(&mut self, client: &mut Client, context: &mut Context<'_, '_>) {
        let mut load = self.load.borrow_mut();
        load.objects += 1;
        load.time = context.now() - Time::ZERO;
        if load.objects == 1 {
            load.wanted = images(&load.page);
        }
        let left = load.wanted.len();
        drop(load);
        match self.way {
            _ if left == 0 => {}
            Way::NonPersistent => {
                context.spawn(self::client(self.way, self.server, &self.load));
            }
            Way::Persistent => self.ask(client, &self.next_path()),
            Way::Pipelined => (0..left).for_each(|_| self.ask(client, &self.next_path())),
        }
    }
}
