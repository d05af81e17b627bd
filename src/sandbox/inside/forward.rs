//! How does a program in a box reach its proxy?
//! By TCP on the box's own loopback, from where everything is passed on to a Unix socket that leads out.

use std::convert::Infallible;
use std::io::{self, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};

/// Passes on what is accepted on the listening socket that is our standard input, until the box ends.
pub fn forward(socket: &Path) -> Result<Infallible> {
    let listener = io::stdin().as_fd().try_clone_to_owned().context("taking the listener")?;
    let listener = TcpListener::from(listener);
    loop {
        let Ok((inside, _)) = listener.accept() else { continue };
        // Outside the connections are counted; here each is two threads of the box.
        if let Ok(outside) = UnixStream::connect(socket) {
            let _ = thread::Builder::new().spawn(move || relay(&inside, &outside));
        }
    }
}

fn relay(inside: &TcpStream, outside: &UnixStream) {
    thread::scope(|threads| {
        threads.spawn(|| {
            let (mut from, mut to) = (inside, outside);
            let _ = copy(&mut from, &mut to);
            let _ = outside.shutdown(Shutdown::Write);
        });
        let (mut from, mut to) = (outside, inside);
        let _ = copy(&mut from, &mut to);
        let _ = inside.shutdown(Shutdown::Write);
    });
}
