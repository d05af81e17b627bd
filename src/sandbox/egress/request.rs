//! The first lines that a program sends to its proxy: where does it want to go?
//! `CONNECT host:port` for a tunnel, `GET http://host/…` for a plain request, which is sent on as the server expects it.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;
use url::Url;

/// More than any honest program says before it is answered.
const LARGEST_HEAD_BYTES: usize = 16 << 10;
/// From the connection to the end of the head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// Where a program wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProxyRequest {
    /// A name, or an address without brackets.
    pub host: String,
    pub port: u16,
    pub kind: RequestKind,
    /// What came after the head.
    pub rest: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// Bytes both ways, once it stands.
    Tunnel,
    /// A request by HTTP.
    Plain {
        /// As the server itself expects it.
        for_server: String,
        /// As another proxy expects it.
        for_proxy: String,
        /// What follows the head. More would be a request that nobody looked at.
        body_bytes: u64,
    },
}

/// Reads the head of a connection. None where it is no request to a proxy.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<ProxyRequest>> {
    let reading = timeout(HEAD_TIMEOUT, read_head(from));
    let Some((head, rest)) = reading.await.map_err(|_| io::ErrorKind::TimedOut)?? else {
        return Ok(None);
    };
    Ok(parse(&head).map(|request| request.with(rest)))
}

impl ProxyRequest {
    /// The same, with what came behind its head.
    fn with(mut self, mut rest: Vec<u8>) -> Self {
        if let RequestKind::Plain { body_bytes, .. } = self.kind {
            rest.truncate(usize::try_from(body_bytes).unwrap_or(usize::MAX));
        }
        self.rest = rest;
        self
    }

    /// How much of it is still to come from the program; none = as much as it likes.
    pub(super) fn to_come(&self) -> Option<u64> {
        match self.kind {
            RequestKind::Tunnel => None,
            RequestKind::Plain { body_bytes, .. } => {
                Some(body_bytes.saturating_sub(self.rest.len() as u64))
            }
        }
    }
}

async fn read_head(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 2048];
    while bytes.len() < LARGEST_HEAD_BYTES {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok(String::from_utf8(bytes).ok().map(|head| (head, rest)));
        }
    }
    Ok(None)
}

fn parse(head: &str) -> Option<ProxyRequest> {
    let (first, headers) = head.split_once("\r\n")?;
    let mut words = first.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !version.starts_with("HTTP/1.") || first.contains(char::is_control)
    {
        return None;
    }
    if method == "CONNECT" {
        let (host, port) = target.rsplit_once(':')?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = port.parse().ok()?;
        return Some(ProxyRequest { host, port, kind: RequestKind::Tunnel, rest: Vec::new() });
    }
    plain(method, target, headers)
}

/// How long a request's body is. None where its end can be read in two ways.
fn body_bytes<'h>(mut lines: impl Iterator<Item = &'h str>) -> Option<u64> {
    lines
        .try_fold(None, |known: Option<u64>, line| {
            let (name, value) = line.split_once(':')?;
            match name.trim().to_ascii_lowercase().as_str() {
                "transfer-encoding" => None,
                "content-length" if known.is_some() => None,
                "content-length" => {
                    let value = value.trim();
                    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                    Some(Some(value.parse().ok().filter(|_| digits)?))
                }
                _ => Some(known),
            }
        })
        .map(Option::unwrap_or_default)
}

fn plain(method: &str, target: &str, headers: &str) -> Option<ProxyRequest> {
    let url = Url::parse(target).ok().filter(|url| url.scheme() == "http")?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default()?;
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let (path, whole) =
        (&url[url::Position::BeforePath..url::Position::AfterQuery], without_user(&url));
    // One request a connection: the next one may want to go somewhere else.
    let own = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        !(matches!(name.as_str(), "host" | "connection" | "keep-alive" | "upgrade")
            || name.starts_with("proxy-"))
    };
    // Half a line break, or a line that goes on in the next, is read differently by different servers.
    let is_odd = |line: &str| line.starts_with([' ', '\t']) || line.contains(['\r', '\n', '\0']);
    let lines = || headers.split("\r\n").filter(|line| !line.is_empty());
    if lines().any(is_odd) {
        return None;
    }
    let body_bytes = body_bytes(lines())?;
    let kept: String = lines().filter(own).flat_map(|line| [line, "\r\n"]).collect();
    let head = |target: &str| {
        format!("{method} {target} HTTP/1.1\r\nHost: {authority}\r\n{kept}Connection: close\r\n")
    };
    let (for_server, for_proxy) = (head(path) + "\r\n", head(whole.as_str()));
    let kind = RequestKind::Plain { for_server, for_proxy, body_bytes };
    Some(ProxyRequest { host, port, kind, rest: Vec::new() })
}

fn without_user(url: &Url) -> Url {
    let mut url = url.clone();
    // An address with a host can be without both.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(head: &str) -> Option<(String, u16)> {
        parse(head).map(|request| (request.host, request.port))
    }

    #[test]
    fn a_tunnel_names_host_and_port() {
        let head = "CONNECT a.b:443 HTTP/1.1\r\nHost: other:1\r\n\r\n";
        assert_eq!(place(head), Some(("a.b".to_owned(), 443)));
        let v6 = "CONNECT [::1]:80 HTTP/1.0\r\n\r\n";
        assert_eq!(place(v6), Some(("::1".to_owned(), 80)));
    }

    #[test]
    fn a_plain_request_goes_where_its_address_says_and_not_where_its_headers_say() {
        let head = "GET http://u:p@a.b:8080/x?y=1 HTTP/1.1\r\nHost: evil\r\nProxy-Authorization: x\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n";
        let request = parse(head).unwrap();
        assert_eq!((request.host.as_str(), request.port), ("a.b", 8080));
        let RequestKind::Plain { for_server, for_proxy, .. } = request.kind else {
            panic!("it is no tunnel")
        };
        assert_eq!(
            for_server,
            "GET /x?y=1 HTTP/1.1\r\nHost: a.b:8080\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        );
        assert!(for_proxy.starts_with("GET http://a.b:8080/x?y=1 HTTP/1.1\r\n"), "{for_proxy}");
    }

    #[test]
    fn what_is_no_request_to_a_proxy_is_none() {
        for head in [
            "GET / HTTP/1.1\r\n\r\n",
            "CONNECT a.b HTTP/1.1\r\n\r\n",
            "CONNECT a.b:99999 HTTP/1.1\r\n\r\n",
            "GET https://a.b/ HTTP/1.1\r\n\r\n",
            "GET ftp://a.b/ HTTP/1.1\r\n\r\n",
            "GET http://a.b/ HTTP/1.1\r\nA: b\nHost: evil\r\n\r\n",
            "GET http://a.b/ HTTP/1.1\r\nA: b\r\n Host: evil\r\n\r\n",
            "POST http://a.b/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST http://a.b/ HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            "POST http://a.b/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
            "CONNECT a.b:443\r\n\r\n",
            "CONNECT a.b:443 x HTTP/1.1\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert_eq!(parse(head), None, "{head:?}");
        }
    }

    #[tokio::test]
    async fn a_head_without_an_end_is_none() {
        let endless = vec![b'a'; LARGEST_HEAD_BYTES * 2];
        assert_eq!(read(&mut endless.as_slice()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_follows_the_head_is_kept() {
        let mut bytes = b"CONNECT a.b:443 HTTP/1.1\r\n\r\nhello".as_slice();
        assert_eq!(read(&mut bytes).await.unwrap().unwrap().rest, b"hello");
    }
}
