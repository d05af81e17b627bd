//! Which ports are free?
//! Each is held until the servers start, so that no two get the same; and claimed by a UDP socket of the same number for as long
//! as `up` lives, so that no other `up` takes it before our server listens or while it is started again.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};

use anyhow::{Context, Result};

/// Everything of ours listens here.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How often any free port is looked for: its number may be free for one kind of socket only.
const LOOKS: usize = 20;

/// Ports that were chosen and are still held.
#[derive(Default)]
pub struct Ports {
    held: Vec<TcpListener>,
    claims: ReservedPorts,
}

/// Ports that no other `up` takes.
#[derive(Default)]
pub struct ReservedPorts(Vec<UdpSocket>);

impl Ports {
    /// The preferred port where it is free, else any.
    pub fn take(&mut self, ip: IpAddr, preferred: u16) -> Result<u16> {
        let mut wanted = std::iter::once(preferred).chain(std::iter::repeat_n(0, LOOKS));
        let (claim, listener) =
            wanted.find_map(|port| claim(ip, port).ok()).context("looking for a free port")?;
        let port = listener.local_addr().context("asking for the port")?.port();
        self.held.push(listener);
        self.claims.0.push(claim);
        Ok(port)
    }

    /// Lets the servers listen.
    pub fn release(self) -> ReservedPorts {
        self.claims
    }

    /// Any free port on loopback.
    pub fn any(&mut self) -> Result<u16> {
        self.take(LOOPBACK, 0)
    }
}

/// The claim comes first: who has none does not disturb a server that is about to listen.
fn claim(ip: IpAddr, port: u16) -> io::Result<(UdpSocket, TcpListener)> {
    let claim = UdpSocket::bind((ip, port))?;
    let listener = TcpListener::bind(claim.local_addr()?)?;
    Ok((claim, listener))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_not_taken_twice() -> Result<()> {
        let mut ports = Ports::default();
        let first = ports.any()?;
        assert_ne!(ports.take(LOOPBACK, first)?, first);
        Ok(())
    }

    #[test]
    fn a_port_is_another_ups_even_while_nobody_listens_there() -> Result<()> {
        let mut ours = Ports::default();
        let first = ours.any()?;
        let claims = ours.release();
        assert_ne!(Ports::default().take(LOOPBACK, first)?, first);
        TcpListener::bind((LOOPBACK, first))?;
        drop(claims);
        assert_eq!(Ports::default().take(LOOPBACK, first)?, first);
        Ok(())
    }
}
