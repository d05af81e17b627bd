//! Which ports are free?
//! Each is held until the servers start, so that no two get the same.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// Everything of ours listens here.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Ports that were chosen and are still held.
#[derive(Default)]
pub struct Ports {
    held: Vec<TcpListener>,
}

impl Ports {
    /// The preferred port where it is free, else any.
    pub fn take(&mut self, ip: IpAddr, preferred: u16) -> Result<u16> {
        let listener = TcpListener::bind((ip, preferred)).or_else(|_| TcpListener::bind((ip, 0))).context("looking for a free port")?;
        let port = listener.local_addr().context("asking for the port")?.port();
        self.held.push(listener);
        Ok(port)
    }

    /// Any free port on loopback.
    pub fn any(&mut self) -> Result<u16> {
        self.take(LOOPBACK, 0)
    }
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
}
