//! Where does the program come from, and what is never taken for it?

use std::io::Write;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::net::TcpListener;

use super::*;

/// Stands in for Temporal's program.
const PROGRAM: &[u8] = b"#!/bin/sh\necho temporal version 1.8.2\n";

/// A tar.gz with one file, of a size that does not fit into one piece.
fn archive(name: &str, program: &[u8]) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let noise: Vec<u8> = (0..200_000).map(|_| rand::random()).collect();
    for (name, content) in [("LICENSE", noise.as_slice()), (name, program)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        header.set_cksum();
        tar.append_data(&mut header, name, content)?;
    }
    Ok(tar.into_inner()?.finish()?)
}

/// Serves these bytes for `/whole`, half of them for `/half`, and never answers `/never`.
async fn files(bytes: Vec<u8>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let half = bytes[..bytes.len() / 2].to_vec();
    let chunked = move || async move {
        Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(half))]))
    };
    let router = Router::new()
        .route("/whole", get(move || async move { bytes }))
        .route("/half", get(chunked))
        .route("/never", get(|| async { std::future::pending::<()>().await }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn fetched(path: &str, bytes: Vec<u8>) -> Result<String> {
    let (partial, console) = (tempfile::tempdir()?, Console::new(Box::new(std::io::sink()), false));
    let url = Url::parse(&format!("http://{}/{path}", files(bytes).await?))?;
    fetch(&url, partial.path(), &console).await?;
    version_of(&partial.path().join("temporal")).await
}

#[tokio::test]
async fn the_archive_is_fetched_unpacked_and_tried() -> Result<()> {
    assert_eq!(fetched("whole", archive("temporal", PROGRAM)?).await?, "1.8.2");
    Ok(())
}

#[tokio::test]
async fn half_an_archive_is_not_taken_for_the_whole() -> Result<()> {
    assert!(fetched("half", archive("temporal", PROGRAM)?).await.is_err());
    Ok(())
}

#[tokio::test]
async fn who_never_answers_is_not_waited_for() -> Result<()> {
    let begun = std::time::Instant::now();
    assert!(fetched("never", Vec::new()).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[tokio::test]
async fn an_archive_without_a_program_that_runs_is_refused() -> Result<()> {
    assert!(fetched("whole", archive("other", PROGRAM)?).await.is_err());
    assert!(fetched("whole", archive("temporal", b"#!/bin/sh\nexit 1\n")?).await.is_err());
    assert!(fetched("nowhere", Vec::new()).await.is_err());
    Ok(())
}

#[tokio::test]
async fn what_was_fetched_is_used_from_the_cache_afterwards() -> Result<()> {
    let (cache, console) = (tempfile::tempdir()?, Console::new(Box::new(std::io::sink()), false));
    let url = Url::parse(&format!("http://{}/whole", files(archive("temporal", PROGRAM)?).await?))?;
    let program = cache.path().join("temporal").join(VERSION).join("temporal");
    let machine = crate::local::up::tests::machine(cache.path(), url);
    assert_eq!(find_or_install(&machine, &console).await?, program);
    let gone = Machine { temporal_archive: Url::parse("http://127.0.0.1:9/")?, ..machine };
    assert_eq!(find_or_install(&gone, &console).await?, program);
    Ok(())
}

#[test]
fn old_ones_are_passed_over() {
    assert_eq!(
        ["1.4.1", "1.5.1", "1.10.0", "2.0", "0.0.0-DEV"].map(is_new_enough),
        [false, true, true, true, true]
    );
}

#[test]
fn a_script_is_written_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let packed = folder.path().join("a.tar.gz");
    fs::File::create(&packed)?.write_all(&archive("temporal", PROGRAM)?)?;
    unpack_one(&packed, "temporal", &folder.path().join("temporal"))?;
    assert_eq!(fs::read(folder.path().join("temporal"))?, PROGRAM);
    Ok(())
}
