//! The meter: what does a run spend on models, and may it spend more?
//! Every call goes through here: counted in the ledger before it is made and while it is answered, bounded by what its attempt may spend.
//! The key stays here, and nothing that cannot be counted passes.

mod account;
mod call;
mod dialect;
mod door;
mod limit;
mod price;
mod request;
mod tap;
mod upstream;
mod usage;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::UnixListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use uuid::Uuid;

pub use account::Spent;
pub use dialect::Dialect;
pub use price::{PriceList, Priced};
pub use upstream::Upstream;
pub use usage::CallUsage;

use account::Account;
use call::Teller;
use door::Door;
use limit::ProviderLimit;

use crate::config::{ModelWaits, Prices};
use crate::files::SocketFolder;
use crate::run::Usd;
use crate::store::{AttemptKey, Result, Spend, Store};

/// How many ways were opened in this process: sockets have their numbers.
static OPENED: AtomicU64 = AtomicU64::new(0);
/// For the connections of an agent that is gone.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// A worker's meter.
#[derive(Debug)]
pub struct Meter {
    upstream: Upstream,
    ledger: Store,
    sockets: Arc<SocketFolder>,
}

/// What holds for one attempt.
#[derive(Clone, Debug, Default)]
pub struct MeterTerms {
    /// What it may spend in all; none = any amount.
    pub allowance: Option<Usd>,
    pub prices: Prices,
    pub waits: ModelWaits,
}

impl Meter {
    /// Sockets of its attempts are in `sockets`.
    #[must_use]
    pub const fn new(upstream: Upstream, ledger: Store, sockets: Arc<SocketFolder>) -> Self {
        Self { upstream, ledger, sockets }
    }

    /// Whether what is asked here costs money.
    #[must_use]
    pub const fn is_real(&self) -> bool {
        self.upstream.is_real()
    }

    /// Opens a way to the model for one attempt, which spent `before` by now.
    ///
    /// # Errors
    /// No socket can be made.
    pub fn open(&self, of: AttemptKey, before: Spend, terms: MeterTerms) -> io::Result<MeterDoor> {
        let MeterTerms { allowance, prices, waits } = terms;
        let n = OPENED.fetch_add(1, Ordering::Relaxed);
        let socket = self.sockets.path.join(format!("meter-{n}.sock"));
        let listener = UnixListener::bind(&socket)?;
        let token = Uuid::new_v4().simple().to_string();
        let teller = Arc::new(Teller {
            of,
            account: Account::new(before, allowance),
            prices: PriceList::new(prices),
            ledger: self.ledger.clone(),
            limit: ProviderLimit::default(),
            not_let_in: AtomicBool::new(false),
            writing: TaskTracker::new(),
        });
        let door = Door {
            teller: Arc::clone(&teller),
            upstream: self.upstream.clone(),
            token: token.clone().into(),
            short_wait: waits.short,
        };
        let ending = CancellationToken::new();
        let end = ending.clone().cancelled_owned();
        let serving = axum::serve(listener, door.router()).with_graceful_shutdown(end);
        let serving = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "a way to the model is closed");
            }
        });
        Ok(MeterDoor {
            socket,
            token: token.into(),
            teller,
            park: waits.park,
            ending,
            serving: AbortOnDropHandle::new(serving),
            _sockets: Arc::clone(&self.sockets),
        })
    }
}

/// One attempt's way to the model; closed with it.
#[derive(Debug)]
pub struct MeterDoor {
    socket: PathBuf,
    token: SecretString,
    teller: Arc<Teller>,
    park: Duration,
    ending: CancellationToken,
    serving: AbortOnDropHandle<()>,
    _sockets: Arc<SocketFolder>,
}

impl MeterDoor {
    /// Where the agent asks.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// By which it shows that it may: worth nothing elsewhere, or afterwards.
    #[must_use]
    pub const fn token(&self) -> &SecretString {
        &self.token
    }

    /// What the attempt spent by now.
    #[must_use]
    pub fn spend(&self) -> Spend {
        self.teller.account.spend()
    }

    /// From now on it may spend so much in all.
    pub fn allow(&self, allowance: Option<Usd>) {
        self.teller.account.allow(allowance);
    }

    /// What it may spend in all.
    #[must_use]
    pub fn allowance(&self) -> Option<Usd> {
        self.teller.account.allowance()
    }

    /// How long the provider takes nothing more; none where that is not known, or too long to be waited for.
    #[must_use]
    pub fn limited_for(&self) -> Option<Duration> {
        self.teller.limit.left().filter(|left| *left <= self.park)
    }

    /// The call that was refused because nothing was left for it.
    #[must_use]
    pub fn refused(&self) -> Option<Spent> {
        self.teller.account.refused()
    }

    /// Whether the provider refused our key when it was asked last. What an agent says of that may be made up.
    #[must_use]
    pub fn was_not_let_in(&self) -> bool {
        self.teller.not_let_in.load(Ordering::Relaxed)
    }

    /// Closes it when its agent is gone, and waits until all is in the ledger. What that says is what was spent.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn close(mut self) -> Result<Spend> {
        self.ending.cancel();
        // Nobody is there to ask: connections end as their agent did.
        if timeout(END_TIMEOUT, &mut self.serving).await.is_err() {
            tracing::warn!(run.id = %self.teller.of.run, "somebody still asks a model whose agent is gone");
        }
        self.teller.writing.close();
        self.teller.writing.wait().await;
        self.teller.ledger.spend_of(&self.teller.of).await
    }
}

impl Drop for MeterDoor {
    fn drop(&mut self) {
        // Only litter, which goes with the folder.
        let _gone = std::fs::remove_file(&self.socket);
    }
}
