//! One client against one server, over a link of their own: what every protocol crate's `tests/pair.rs` wants.
//!
//! The rule: a seed is a test. How the bytes are cut, when pieces get lost, and how little room there is all follow from
//! it, and two runs of the same seed are the same run.

use proto_core::{Endpoint, Time};

use crate::{Addr, Chunks, Context, Driven, Happening, Host, Link, Random, Role, Sim};

/// A client and a server about to meet.
#[derive(Debug)]
pub struct Pair<C, S> {
    client: C,
    server: S,
    link: Link,
    seed: u64,
    chunks: Chunks,
    window: usize,
    until: Time,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome<C, S> {
    /// The client, as it is now.
    pub client: C,
    /// The server, as it is now.
    pub server: S,
    /// When the last thing happened.
    pub at: Time,
    /// All that happened, as one number.
    pub digest: u64,
    /// The client's session ended.
    pub client_over: bool,
    /// The server's session ended.
    pub server_over: bool,
}

impl<C, S> Outcome<C, S> {
    /// Both sessions have ended. Otherwise nothing more would have happened: they are stuck, or wait for nothing
    /// because the test commanded nothing.
    pub fn is_over(&self) -> bool {
        self.client_over && self.server_over
    }
}

impl<C: Endpoint, S: Endpoint> Pair<C, S> {
    /// The two, over a link that takes no time and loses nothing, bytes travelling as they are written.
    pub fn new(client: C, server: S) -> Self {
        let until = Time::from_secs(30 * 24 * 3600);
        Pair { client, server, link: Link::new(), seed: 0, chunks: Chunks::Whole, window: 1 << 20, until }
    }

    /// Over such a link, in both directions.
    #[must_use]
    pub fn link(self, link: Link) -> Self {
        Pair { link, ..self }
    }

    /// With this seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Pair { seed, ..self }
    }

    /// Cut in this way.
    #[must_use]
    pub fn chunks(self, chunks: Chunks) -> Self {
        Pair { chunks, ..self }
    }

    /// With so many bytes under way and unread at most, in each direction.
    #[must_use]
    pub fn window(self, bytes: usize) -> Self {
        Pair { window: bytes, ..self }
    }

    /// Stops at this time, whatever is left; 30 days if not said otherwise.
    #[must_use]
    pub fn until(self, until: Time) -> Self {
        Pair { until, ..self }
    }

    /// Under hard conditions that `seed` picks: bytes cut small or anyhow, a narrow window, a slow link, some loss.
    #[must_use]
    pub fn hard(self, seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x6861_7264);
        let pick =
            |random: &mut Random, from: &[u64]| from.get(random.index(from.len())).copied().unwrap_or(1);
        let most = |n: u64| usize::try_from(n).unwrap_or(1);
        let chunks = match random.below(4) {
            0 => Chunks::AtMost(1),
            1 => Chunks::Random(16),
            2 => Chunks::Random(2_000),
            _ => Chunks::Whole,
        };
        let window = most(pick(&mut random, &[256, 1_000, 10_000, 1 << 20]));
        let delay = std::time::Duration::from_micros(pick(&mut random, &[0, 10, 5_000, 50_000]));
        let loss = if random.below(3) == 0 { 0.02 } else { 0.0 };
        let link = Link::new()
            .rate(pick(&mut random, &[100_000, 10_000_000, 1_000_000_000]))
            .delay(delay)
            .loss(loss);
        self.seed(seed).chunks(chunks).window(window).link(link)
    }

    /// Lets them talk until nothing more happens. The handlers are told what happens at their ends, and command.
    pub fn run(
        self,
        mut on_client: impl FnMut(&mut C, Happening<C>),
        mut on_server: impl FnMut(&mut S, Happening<S>),
    ) -> Outcome<C, S> {
        self.run_roles(
            move |client: &mut C, happening: Happening<C>, _: &mut Context<'_, '_>| {
                on_client(client, happening)
            },
            move |server: &mut S, happening: Happening<S>, _: &mut Context<'_, '_>| {
                on_server(server, happening)
            },
        )
    }

    /// [`run`](Pair::run) with roles, who can fill gaps and look at the clock.
    pub fn run_roles(self, client: impl Role<C>, server: impl Role<S>) -> Outcome<C, S> {
        // the hosts of a simulation are numbered from 0
        let to = Addr::new(Host::number(1), PORT);
        let mut server = Driven::once(PORT, self.server, server);
        let mut client = Driven::client(to, self.client, client);
        let mut sim = Sim::new(self.seed);
        let (here, there) = (sim.host(), sim.host());
        sim.wire(here, there, self.link);
        sim.chunks(self.chunks);
        sim.window(self.window);
        sim.spawn(there, &mut server);
        sim.spawn(here, &mut client);
        while sim.next_at().is_some_and(|at| at <= self.until) && sim.step() {}
        let (at, digest) = (sim.now(), sim.digest());
        drop(sim);
        let (client_over, server_over) = (client.is_over(), server.is_over());
        let (client, server) = (client.into_parts().0, server.into_parts().0);
        Outcome { client, server, at, digest, client_over, server_over }
    }
}

const PORT: u16 = 1;
