//! Tests of the files of a snapshot: what has lines, and how many?

use super::*;

#[tokio::test]
async fn only_text_in_regular_files_of_the_work_has_lines() {
    let t = test_repository().await;
    let base = t.shadow.import(None, None).await.unwrap();
    let clone = t.path("clone");
    t.shadow.checkout(&base, &clone).await.unwrap();
    let long = format!("{}.txt", "x".repeat(200));
    write(
        &clone,
        &[("two.txt", "a\nb"), ("sub/a b.js", "a\n\nb\r\n"), ("a\nb.txt", "a\n"), ("empty", "")],
    );
    write(&clone, &[("binary", "a\0b\n"), ("*", "a\nb\nc\n"), ("100%25.txt", "a\n"), (&long, "a")]);
    symlink("/etc/passwd", clone.join("out")).unwrap();
    symlink("two.txt", clone.join("in")).unwrap();
    let work = t.shadow.snapshot(&clone, &base, "first-1").await.unwrap();
    let all = t.shadow.files(&work).await.unwrap();
    let names = all.iter().map(String::as_str).collect();
    let counts = t.shadow.line_counts(&work, &names).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|(name, lines)| (name.as_str(), *lines)).collect();
    let expected = [
        ("*", 3),
        ("100%25.txt", 1),
        ("a\nb.txt", 1),
        ("sub/a b.js", 3),
        ("two.txt", 2),
        (long.as_str(), 1),
    ];
    assert_eq!(counts, expected);
    let of = async |name| t.shadow.line_counts(&work, &[name].into()).await.unwrap().len();
    assert_eq!((of("*").await, of("empty").await, of("gone").await), (1, 0, 0));
}
