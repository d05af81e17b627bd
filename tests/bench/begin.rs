//! How does a bench begin, and how does it speak?

use anyhow::Result;

/// Runs a bench of the size that was asked for, else of its usual one; does nothing for `cargo test --all-targets`, which calls benches too.
pub fn begin(usual_count: usize, bench: impl AsyncFnOnce(usize) -> Result<()>) -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if !words.iter().any(|word| word == "--bench") {
        return Ok(());
    }
    let count = words.iter().find_map(|word| word.parse().ok()).unwrap_or(usual_count);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(bench(count))
}

#[expect(clippy::print_stdout, reason = "a bench is read at a shell")]
pub fn say(line: &str) {
    println!("{line}");
}
