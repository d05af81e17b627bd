//! HTTP connections: how many may there be at once, and how long may each be silent?
//! Whoever opens many and says nothing must not keep Slack out: the one that has been idle for longest makes room.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

/// Every connection is an open file, and a process often has no more than 1,024 of them.
const CONNECTIONS: usize = 512;
/// For all headers of a request, also of the next one on a connection that is kept.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// For answers that are under way when the process is to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a free file to accept a connection with, trying again at once would only use up a processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bounds of a listener.
#[derive(Clone, Copy, Debug)]
struct Limits {
    connections: usize,
    header_timeout: Duration,
}

/// Answers until `end`; then what is under way is answered to its end.
pub async fn serve(listener: TcpListener, router: Router, end: CancellationToken) {
    let limits = Limits { connections: CONNECTIONS, header_timeout: HEADER_TIMEOUT };
    Server::new(router, limits).run(listener, end).await;
}

struct Server {
    router: Router,
    limits: Limits,
    free: Arc<Semaphore>,
    idle: Arc<IdleConnections>,
    graceful: GracefulShutdown,
}

impl Server {
    fn new(router: Router, limits: Limits) -> Self {
        let free = Arc::new(Semaphore::new(limits.connections));
        Self { router, limits, free, idle: Arc::default(), graceful: GracefulShutdown::new() }
    }

    async fn run(self, listener: TcpListener, end: CancellationToken) {
        loop {
            let next = async {
                let permit = self.permit().await;
                (listener.accept().await, permit)
            };
            match end.run_until_cancelled(next).await {
                Some((Ok((stream, _)), permit)) => self.take(stream, permit),
                Some((Err(e), _)) => {
                    tracing::warn!(error = %e, "could not accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
                None => break,
            }
        }
        drop(listener);
        let _ = timeout(DRAIN_TIMEOUT, self.graceful.shutdown()).await;
    }

    /// The right to one more connection.
    async fn permit(&self) -> OwnedSemaphorePermit {
        if self.free.available_permits() == 0 {
            self.idle.close_oldest();
        }
        Arc::clone(&self.free).acquire_owned().await.expect("it is never closed")
    }

    fn take(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let connection = Connection {
            router: self.router.clone(),
            header_timeout: self.limits.header_timeout,
            idle: Arc::clone(&self.idle),
            watcher: self.graceful.watcher(),
        };
        tokio::spawn(async move {
            connection.answer(stream).await;
            drop(permit);
        });
    }
}

struct Connection {
    router: Router,
    header_timeout: Duration,
    idle: Arc<IdleConnections>,
    watcher: Watcher,
}

impl Connection {
    /// Answers request by request, until either side closes.
    async fn answer(self, stream: TcpStream) {
        let close = CancellationToken::new();
        let place = Arc::new(Mutex::new(Some(IdlePlace::take(&self.idle, &close))));
        let service = service_fn({
            let close = close.clone();
            move |request: hyper::Request<Incoming>| {
                drop(locked(&place).take());
                let mut router = self.router.clone();
                let (place, idle, close) = (place.clone(), self.idle.clone(), close.clone());
                async move {
                    let answer: Result<Response, Infallible> =
                        router.call(request.map(Body::new)).await;
                    *locked(&place) = Some(IdlePlace::take(&idle, &close));
                    answer
                }
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .serve_connection(TokioIo::new(stream), service);
        // Who went away, or said nothing in time, is no news.
        let _ = close.run_until_cancelled(self.watcher.watch(connection)).await;
    }
}

/// The connections that nobody is answering just now, by how long.
#[derive(Default)]
struct IdleConnections {
    by_age: Mutex<Ages>,
}

#[derive(Default)]
struct Ages {
    next: u64,
    close: BTreeMap<u64, CancellationToken>,
}

impl IdleConnections {
    fn close_oldest(&self) {
        if let Some((_, close)) = locked(&self.by_age).close.pop_first() {
            close.cancel();
        }
    }
}

/// A connection's place among the idle ones; dropped, it is idle no longer.
struct IdlePlace {
    idle: Arc<IdleConnections>,
    age: u64,
}

impl IdlePlace {
    fn take(idle: &Arc<IdleConnections>, close: &CancellationToken) -> Self {
        let mut ages = locked(&idle.by_age);
        let age = ages.next;
        ages.next += 1;
        ages.close.insert(age, close.clone());
        Self { idle: Arc::clone(idle), age }
    }
}

impl Drop for IdlePlace {
    fn drop(&mut self) {
        locked(&self.idle.by_age).close.remove(&self.age);
    }
}

/// A panic elsewhere leaves nothing half done here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn server(limits: Limits) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/livez", get(async || "alive"));
        tokio::spawn(Server::new(router, limits).run(listener, CancellationToken::new()));
        address
    }

    async fn silent(address: std::net::SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost:").await.expect("half a request");
        stream
    }

    async fn until_closed(mut stream: TcpStream) -> String {
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said).await;
        said
    }

    #[tokio::test]
    async fn whoever_says_nothing_makes_room_for_who_asks() {
        let limits = Limits { connections: 3, header_timeout: Duration::from_mins(10) };
        let address = server(limits).await;
        let first = silent(address).await;
        let others = [silent(address).await, silent(address).await, silent(address).await];
        let mut asks = TcpStream::connect(address).await.expect("a connection");
        let request = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        asks.write_all(request).await.expect("a request");
        assert!(until_closed(asks).await.ends_with("alive"));
        assert_eq!(until_closed(first).await, "");
        drop(others);
    }

    #[tokio::test]
    async fn headers_that_do_not_end_are_not_waited_for() {
        let limits = Limits { connections: 3, header_timeout: Duration::from_millis(20) };
        let slow = silent(server(limits).await).await;
        assert!(!until_closed(slow).await.contains("alive"));
    }
}
