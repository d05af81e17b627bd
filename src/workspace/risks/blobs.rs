//! Blobs: what is in a file of a snapshot?
//! Asked of the repository by id, never of a work tree.

use std::collections::HashMap;

use crate::workspace::{Result, Shadow};

impl Shadow {
    /// Sizes in bytes by id; what is not here has none.
    pub(in crate::workspace) async fn sizes(
        &self,
        ids: impl Iterator<Item = &str>,
    ) -> Result<HashMap<String, u64>> {
        let output = self.cat("--batch-check=%(objectname) %(objectsize)", ids).await?;
        let output = String::from_utf8_lossy(&output);
        let sized = output
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(id, size)| Some((id.to_owned(), size.parse().ok()?)));
        Ok(sized.collect())
    }

    /// Texts by id. The caller knows that they are small.
    pub(in crate::workspace) async fn texts(
        &self,
        ids: impl Iterator<Item = &str>,
    ) -> Result<HashMap<String, String>> {
        let output = self.cat("--batch=%(objectname) %(objectsize)", ids).await?;
        let (mut texts, mut rest) = (HashMap::new(), &output[..]);
        while let Some((id, text, after)) = parse_first(rest) {
            texts.insert(id, text);
            rest = after;
        }
        Ok(texts)
    }

    async fn cat(&self, how: &str, ids: impl Iterator<Item = &str>) -> Result<Vec<u8>> {
        let wanted: String = ids.flat_map(|id| [id, "\n"]).collect();
        if wanted.is_empty() {
            Ok(Vec::new())
        } else {
            self.git().args(["cat-file", how]).input(wanted.into_bytes()).bytes().await
        }
    }
}

/// The first of `<id> <size>\n<text>\n`, and what follows it.
fn parse_first(said: &[u8]) -> Option<(String, String, &[u8])> {
    let end = said.iter().position(|byte| *byte == b'\n')?;
    let (id, size) = std::str::from_utf8(&said[..end]).ok()?.split_once(' ')?;
    let text = said.get(end + 1..)?.get(..size.parse().ok()?)?;
    Some((
        id.to_owned(),
        String::from_utf8_lossy(text).into_owned(),
        said.get(end + 1 + text.len() + 1..).unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_may_hold_anything() {
        let said = b"a1 6\nb2 1\nx\nb2 0\n\n";
        let (id, text, rest) = parse_first(said).unwrap();
        assert_eq!((id.as_str(), text.as_str()), ("a1", "b2 1\nx"));
        assert_eq!(parse_first(rest), Some(("b2".to_owned(), String::new(), &b""[..])));
        assert_eq!(parse_first(b"a1 9\ncut"), None);
    }
}
