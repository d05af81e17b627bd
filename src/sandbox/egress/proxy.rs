//! One connection of a box to the world: may it be, and to which address?
//! A name is resolved once, here, and what was resolved is what we connect to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::address::is_public;
use super::request::{self, ProxyRequest, RequestKind};
use super::upstream::{Upstream, Upstreams};
use crate::run::HostPattern;

/// To one address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Without a byte in either direction.
const IDLE_TIMEOUT: Duration = Duration::from_mins(3);
/// The longest answer of another proxy before the tunnel stands.
const LARGEST_ANSWER_BYTES: usize = 16 << 10;
/// Refusals and places that are remembered; a program that tries more of them is told each time all the same.
const MOST_REMEMBERED: usize = 20;

/// What a box may reach.
#[derive(Debug)]
pub(super) struct Rules {
    pub hosts: HostRule,
    /// Places that may have an address of this machine or of its network.
    pub private: Vec<HostPattern>,
    pub upstreams: Upstreams,
}

#[derive(Debug)]
pub(super) enum HostRule {
    Listed(Vec<HostPattern>),
    /// Any in the world: to learn which ones a program of this machine wants.
    World,
}

/// What came of all connections so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// In words, without repetitions.
    pub refused: Mutex<Vec<String>>,
    /// Places that may be reached and do not answer, in words.
    pub unreachable: Mutex<Vec<String>>,
    /// Where programs wanted to go.
    pub asked: Mutex<Vec<(String, u16)>>,
}

/// Why there is no connection.
#[derive(Debug, PartialEq, Eq)]
enum Denial {
    Refused(String),
    Unreachable(String),
}

/// Serves one connection until it ends.
pub(super) async fn serve(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    rules: &Rules,
    seen: &Seen,
) -> io::Result<()> {
    let Some(request) = request::read(&mut client).await? else {
        return answer(&mut client, "400 Bad Request", "this is a proxy, and what was asked cannot be passed on: a place to go, and a body whose length is said").await;
    };
    remember(&seen.asked, (request.host.clone(), request.port));
    match open(&request, rules).await {
        Ok(server) => {
            if request.kind == RequestKind::Tunnel {
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            }
            relay(client, server, request.to_come()).await
        }
        Err(Denial::Refused(why)) => {
            remember(&seen.refused, why.clone());
            answer(&mut client, "403 Forbidden", &why).await
        }
        Err(Denial::Unreachable(why)) => {
            remember(&seen.unreachable, why.clone());
            answer(&mut client, "502 Bad Gateway", &why).await
        }
    }
}

/// Says no, in words that a program may show.
pub(super) async fn answer(
    client: &mut (impl AsyncWrite + Unpin),
    status: &str,
    why: &str,
) -> io::Result<()> {
    let length = why.len() + 1;
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{why}\n"
    );
    client.write_all(head.as_bytes()).await?;
    client.shutdown().await
}

fn remember<T: PartialEq>(list: &Mutex<Vec<T>>, one: T) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    if list.len() < MOST_REMEMBERED && !list.contains(&one) {
        list.push(one);
    }
}

/// A connection on which the request was sent already.
async fn open(request: &ProxyRequest, rules: &Rules) -> Result<TcpStream, Denial> {
    rules.check_name(request)?;
    let is_tunnel = request.kind == RequestKind::Tunnel;
    let upstream = rules.upstreams.towards(&request.host, is_tunnel);
    let addresses = rules.addresses(request, upstream.is_some()).await?;
    let unreachable =
        |e: io::Error| Denial::Unreachable(format!("{} cannot be reached: {e}", place(request)));
    let mut server = match upstream {
        Some(proxy) => connect_by(proxy, request).await.map_err(unreachable)?,
        None => connect(&addresses).await.map_err(unreachable)?,
    };
    if let RequestKind::Plain { for_server, for_proxy, .. } = &request.kind {
        let head = if upstream.is_some() { format!("{for_proxy}\r\n") } else { for_server.clone() };
        server.write_all(head.as_bytes()).await.map_err(unreachable)?;
    }
    server.write_all(&request.rest).await.map_err(unreachable)?;
    Ok(server)
}

impl Rules {
    fn check_name(&self, request: &ProxyRequest) -> Result<(), Denial> {
        // Only what is a name can be told to people.
        let Ok(wanted) = HostPattern::exactly(&request.host, request.port) else {
            return Err(Denial::Refused("something that is no name of a host".to_owned()));
        };
        match &self.hosts {
            HostRule::World => Ok(()),
            HostRule::Listed(hosts)
                if hosts.iter().any(|host| host.names(&request.host, request.port)) =>
            {
                Ok(())
            }
            HostRule::Listed(hosts) => {
                let all: Vec<String> = hosts.iter().map(ToString::to_string).collect();
                let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
                Err(Denial::Refused(format!(
                    "{wanted} is not among the hosts that may be reached ({all})"
                )))
            }
        }
    }

    /// Where to connect to. Through another proxy it is that one's question, but what is private here is not asked of it.
    async fn addresses(
        &self,
        request: &ProxyRequest,
        by_proxy: bool,
    ) -> Result<Vec<SocketAddr>, Denial> {
        let found = match request.host.parse::<IpAddr>() {
            Ok(address) => Ok(vec![SocketAddr::new(address, request.port)]),
            Err(_) => resolve(request).await,
        };
        let found = match found {
            Ok(found) => found,
            Err(_) if by_proxy => return Ok(Vec::new()),
            Err(e) => {
                return Err(Denial::Unreachable(format!("{} is not known: {e}", request.host)));
            }
        };
        if self.private.iter().any(|host| host.names(&request.host, request.port)) {
            return Ok(found);
        }
        let own = found.iter().find(|address| !is_public(address.ip())).copied();
        let public: Vec<SocketAddr> =
            found.into_iter().filter(|address| is_public(address.ip())).collect();
        match own {
            Some(own) if public.is_empty() || by_proxy => Err(Denial::Refused(format!(
                "{} is {}, an address of this machine or of its own network",
                place(request),
                own.ip()
            ))),
            _ => Ok(public),
        }
    }
}

async fn resolve(request: &ProxyRequest) -> io::Result<Vec<SocketAddr>> {
    let looking = lookup_host((request.host.as_str(), request.port));
    Ok(timeout(CONNECT_TIMEOUT, looking).await.map_err(|_| io::ErrorKind::TimedOut)??.collect())
}

/// As addresses are written: those with colons between brackets.
fn place(request: &ProxyRequest) -> String {
    let ProxyRequest { host, port, .. } = request;
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut why = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => why = e,
            Err(_) => why = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(why)
}

async fn connect_by(proxy: &Upstream, request: &ProxyRequest) -> io::Result<TcpStream> {
    let connecting = TcpStream::connect((proxy.host.as_str(), proxy.port));
    let mut stream = timeout(CONNECT_TIMEOUT, connecting)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if request.kind == RequestKind::Tunnel {
        let place = place(request);
        let ask = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n");
        stream.write_all(ask.as_bytes()).await?;
        timeout(CONNECT_TIMEOUT, tunnel_stands(&mut stream))
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
    }
    Ok(stream)
}

/// Byte by byte, so that nothing of the tunnel itself is swallowed.
async fn tunnel_stands(stream: &mut TcpStream) -> io::Result<()> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > LARGEST_ANSWER_BYTES {
            return Err(io::Error::other("this machine's proxy answers nonsense"));
        }
        answer.push(stream.read_u8().await?);
    }
    let first = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    if first.split(' ').nth(1) == Some("200") {
        Ok(())
    } else {
        Err(io::Error::other(format!("this machine's proxy says {first:?}")))
    }
}

/// Bytes both ways until the server has ended, or nothing comes for long; to the server only as many as may still come.
async fn relay(
    client: impl AsyncRead + AsyncWrite + Unpin,
    server: TcpStream,
    to_come: Option<u64>,
) -> io::Result<()> {
    let last = Mutex::new(Instant::now());
    let (client_reads, mut client_writes) = tokio::io::split(client);
    let (server_reads, mut server_writes) = server.into_split();
    let up = pump(client_reads.take(to_come.unwrap_or(u64::MAX)), &mut server_writes, &last);
    let down = async {
        pump(server_reads, &mut client_writes, &last).await?;
        client_writes.shutdown().await
    };
    tokio::pin!(down);
    tokio::select! {
        ended = &mut down => return ended,
        ended = up => ended?,
    }
    // Who only asked something waits for the answer: some servers take the end of what comes for one who is gone.
    if to_come.is_none() {
        server_writes.shutdown().await?;
    }
    down.await
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    last: &Mutex<Instant>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    let idle_since = || *last.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let read = match timeout(IDLE_TIMEOUT, from.read(&mut buffer)).await {
            Ok(read) => read?,
            // The other direction may be busy.
            Err(_) if idle_since().elapsed() < IDLE_TIMEOUT => continue,
            Err(_) => 0,
        };
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        if read == 0 {
            return Ok(());
        }
        timeout(IDLE_TIMEOUT, to.write_all(&buffer[..read]))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio::net::TcpListener;

    use super::*;

    fn rules(hosts: &[&str], private: &[&str]) -> Rules {
        let all = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Rules {
            hosts: HostRule::Listed(all(hosts)),
            private: all(private),
            upstreams: Upstreams::default(),
        }
    }

    /// What a program reads that says this to its proxy, and what was refused.
    async fn said(rules: &Rules, ask: &str) -> (String, Vec<String>) {
        let (mut program, proxy) = duplex(1 << 16);
        program.write_all(ask.as_bytes()).await.unwrap();
        let seen = Seen::default();
        let talk = async {
            let mut answer = String::new();
            program.read_to_string(&mut answer).await.map(|_| answer)
        };
        let (served, answer) = tokio::join!(serve(proxy, rules, &seen), talk);
        served.unwrap();
        (answer.unwrap(), seen.refused.into_inner().unwrap())
    }

    /// A server that answers one request, and tells what it was asked.
    async fn server() -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello").await.unwrap();
            String::from_utf8_lossy(&buffer[..read]).into_owned()
        });
        (port, serving)
    }

    #[tokio::test]
    async fn a_host_that_nobody_listed_is_refused_and_told() {
        let (answer, refused) =
            said(&rules(&["a.example"], &[]), "CONNECT b.example:443 HTTP/1.1\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert_eq!(
            refused,
            ["b.example:443 is not among the hosts that may be reached (a.example)"]
        );
    }

    #[tokio::test]
    async fn a_listed_name_with_an_address_of_ours_is_refused() {
        for place in [
            "localhost:7233",
            "127.0.0.1:8233",
            "[::1]:80",
            "169.254.169.254:80",
            "[::ffff:10.0.0.1]:80",
        ] {
            let (answer, refused) =
                said(&rules(&[place], &[]), &format!("CONNECT {place} HTTP/1.1\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
            assert!(refused[0].ends_with("an address of this machine or of its own network"));
        }
    }

    #[tokio::test]
    async fn a_place_that_the_operator_opened_is_reached() {
        let (port, serving) = server().await;
        let place = format!("localhost:{port}");
        let rules = rules(&[&place], &[&place]);
        let (answer, refused) =
            said(&rules, &format!("GET http://{place}/x HTTP/1.1\r\nHost: evil\r\n\r\n")).await;
        assert!(answer.ends_with("hello") && refused.is_empty(), "{answer} {refused:?}");
        let asked = serving.await.unwrap();
        assert!(asked.starts_with(&format!("GET /x HTTP/1.1\r\nHost: {place}\r\n")), "{asked}");
    }

    #[tokio::test]
    async fn what_follows_a_request_is_no_second_one() {
        let (port, serving) = server().await;
        let place = format!("localhost:{port}");
        let rules = rules(&[&place], &[&place]);
        let first = format!("POST http://{place}/ HTTP/1.1\r\nContent-Length: 2\r\n\r\nok");
        let (answer, _) = said(&rules, &format!("{first}GET http://evil.example/ HTTP/1.1")).await;
        assert!(answer.ends_with("hello"), "{answer}");
        let asked = serving.await.unwrap();
        assert!(asked.ends_with("\r\n\r\nok") || asked.ends_with("\r\n\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn the_machines_own_proxy_is_asked_for_what_is_allowed_and_for_nothing_else() {
        let (port, serving) = server().await;
        let proxy = format!("http://127.0.0.1:{port}");
        let upstreams =
            Upstreams::read(|name| (name == "HTTPS_PROXY").then(|| proxy.clone())).unwrap();
        let rules = Rules { upstreams, ..rules(&["a.invalid", "localhost"], &[]) };
        for ask in ["CONNECT b.invalid:443", "CONNECT localhost:443"] {
            let (answer, _) = said(&rules, &format!("{ask} HTTP/1.1\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        }
        let (answer, _) = said(&rules, "CONNECT a.invalid:443 HTTP/1.1\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n\r\nhello"), "{answer}");
        assert!(serving.await.unwrap().starts_with("CONNECT a.invalid:443 HTTP/1.1\r\n"));
    }

    #[tokio::test]
    async fn what_is_no_request_is_answered() {
        let (answer, _) = said(&rules(&[], &[]), "GET / HTTP/1.1\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
}
