//! Sockets: the same service over datagrams and connections, many clients at once, and a server that loses patience.

use examples::Failure;

use super::Act;
use crate::stage::Stage;

pub(crate) struct Sockets;

impl Act for Sockets {
    fn name(&self) -> &'static str {
        "sockets"
    }

    fn title(&self) -> &'static str {
        "one service over datagrams and connections, many clients, and a server that gives up"
    }

    fn play(&self, _stage: &mut Stage) -> Result<(), Failure> {
        Ok(())
    }
}
