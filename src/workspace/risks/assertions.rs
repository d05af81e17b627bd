//! Assertions: what does a line of a test demand?
//! By small tables of words for each family of languages. A wrong guess costs a reader no more than a look.

use std::sync::LazyLock;

use regex::Regex;

/// Kinds of files, and what asserts there.
static ASSERTIONS: LazyLock<Vec<(&[&str], Regex)>> = LazyLock::new(|| {
    let table: [(&[&str], &str); 7] = [
        (&["rs"], r"\b\w*assert\w*!"),
        (&["py"], r"^assert\b|\bassert\w+\(|\bpytest\.(?:raises|fail)\(|\bself\.fail\w*\("),
        (
            &["js", "ts", "jsx", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte"],
            r"\bexpect\w*(?:\.\w+)*\(|\bassert\w*(?:\.\w+)*\(|\.should\b|\bt\.(?:is|ok|not\w*|equal|deep\w*|same|strict\w*|throws\w*|rejects|match|true|false|truthy|falsy|like|fail)\(",
        ),
        (&["go"], r"\b[tb]\.(?:Error|Fatal|Fail)\w*\(|\b(?:require|assert)\.\w+\("),
        (&["rb", "ex", "exs"], r"\bassert\w*|\brefute\w*|\bexpect\b|\.should\b|\.must_\w+"),
        (
            &["c", "cc", "cpp", "cxx", "h", "hpp", "m", "mm"],
            r"\b(?:EXPECT|ASSERT|CHECK|REQUIRE|BOOST|XCTAssert)\w*\s*\(|\bassert\w*\s*\(",
        ),
        (
            &["java", "kt", "kts", "scala", "cs", "php", "swift", "groovy", "dart"],
            r"\b[Aa]ssert\w*(?:(?:\.|::)\w+)?\s*\(|\b(?:verify|fail|expect\w*|XCTAssert\w*)\s*\(|\.[Ss]hould\w*",
        ),
    ];
    table.into_iter().map(|(kinds, words)| (kinds, pattern(words))).collect()
});

/// In any other file.
static OTHERS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:assert|expect|should)\w*"));

/// How near is near enough: the number, after words by which a larger one is weaker.
static WIDER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:delta|abs|rel|abs_tol|rel_tol|atol|rtol|epsilon|eps|tolerance|max_relative|max_ulps)\s*[=:]\s*(?P<n>[0-9][0-9_.]*(?:e[+-]?[0-9]+)?)|(?:abs|diff|delta)\b.*?<=?\s*(?P<less>[0-9][0-9_.]*(?:e[+-]?[0-9]+)?)|\b(?:InDelta|InEpsilon|assertEquals|EXPECT_NEAR|ASSERT_NEAR)\(.+,.+,\s*(?P<last>[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)[fd]?\s*\)\s*;?$|\bbe_within\(\s*(?P<within>[0-9][0-9_.]*)",
    )
});
/// The same, where a smaller one is weaker.
static FEWER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\btoBeCloseTo\([^,]+,\s*(?P<n>[0-9]+)|\bplaces\s*=\s*(?P<less>[0-9]+)")
});

/// A test that is not run, or whose failure does not count.
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^#\[\s*(?:ignore\b|cfg_attr\(.*\bignore\b)|^@(?:\w+\.)*(?:skip\w*|xfail|Disabled|Ignore)\b|^\[Ignore|\bSkip\s*=\s*"|\b(?:it|test|describe|suite|context)(?:\.\w+)*\.(?:skip|todo|failing)\b|^x(?:it|test|describe|specify)\b|\b[tb]\.Skip\w*\(|\bpytest\.(?:skip|xfail)\(|\bself\.skipTest\(|\b(?:skip|todo)\s*:\s*(?:true\b|['"])|\bGTEST_SKIP\b|^@tag\s+:skip|->markTest(?:Skipped|Incomplete)\(|\bXCTSkip\b"#,
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of ours")
}

/// Whether the line asserts something, in a file of this kind.
pub(super) fn asserts(kind: &str, line: &str) -> bool {
    let table = ASSERTIONS.iter().find(|(kinds, _)| kinds.contains(&kind));
    !is_comment(line) && table.map_or(&*OTHERS, |(_, words)| words).is_match(line)
}

/// Whether the line says that a test is to be skipped.
pub(super) fn skips(line: &str) -> bool {
    !is_comment(line) && SKIPS.is_match(line)
}

fn is_comment(line: &str) -> bool {
    line.starts_with("//")
        || line.starts_with("/*")
        || line.starts_with('*')
        || line.starts_with("# ")
}

/// `1e-9 → 1e-3`, where the second line is the first one with a wider tolerance.
pub(super) fn widened(before: &str, now: &str) -> Option<String> {
    let (old, new) = (Tolerance::read(before)?, Tolerance::read(now)?);
    let weaker = if old.fewer_is_weaker { new.value < old.value } else { new.value > old.value };
    let same = old.around == new.around && old.fewer_is_weaker == new.fewer_is_weaker;
    (same && weaker).then(|| format!("{} → {}", old.text, new.text))
}

/// How near is near enough, in a line.
struct Tolerance<'l> {
    value: f64,
    text: &'l str,
    /// The line without it.
    around: (&'l str, &'l str),
    fewer_is_weaker: bool,
}

impl<'l> Tolerance<'l> {
    fn read(line: &'l str) -> Option<Self> {
        let wider = WIDER.captures(line).map(|found| (found, false));
        let (found, fewer_is_weaker) = wider.or_else(|| Some((FEWER.captures(line)?, true)))?;
        let number = ["n", "less", "last", "within"].iter().find_map(|name| found.name(name))?;
        let value = number.as_str().replace('_', "").parse().ok()?;
        let around = (&line[..number.start()], &line[number.end()..]);
        Some(Self { value, text: number.as_str(), around, fewer_is_weaker })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asserts_is_known_by_language() {
        for (kind, line) in [
            ("rs", "assert_eq!(a, b);"),
            ("rs", "prop_assert!(a);"),
            ("py", "assert a == b"),
            ("py", "self.assertEqual(a, b)"),
            ("py", "with pytest.raises(ValueError):"),
            ("ts", "expect(a).toBe(b);"),
            ("js", "assert.deepEqual(a, b);"),
            ("js", "a.should.equal(b)"),
            ("go", "t.Fatalf(\"no\")"),
            ("go", "require.NoError(t, err)"),
            ("java", "assertThat(a).isEqualTo(b);"),
            ("cs", "Assert.Equal(a, b);"),
            ("php", "$this->assertSame(1, 2);"),
            ("cpp", "EXPECT_EQ(a, b);"),
            ("rb", "expect(a).to eq(b)"),
            ("lua", "assert(a)"),
        ] {
            assert!(asserts(kind, line), "{kind} {line}");
        }
        for (kind, line) in [
            ("rs", "a.expect(\"it is there\");"),
            ("rs", "// assert!(a);"),
            ("js", "const t = start();"),
            ("go", "t.Run(\"x\", f)"),
            ("py", "result = insert(1)"),
        ] {
            assert!(!asserts(kind, line), "{kind} {line}");
        }
    }

    #[test]
    fn a_wider_tolerance_is_told() {
        for (before, now, told) in [
            ("assert!((a - b).abs() < 1e-9);", "assert!((a - b).abs() < 1e-3);", "1e-9 → 1e-3"),
            ("assert abs(a - b) <= 0.1", "assert abs(a - b) <= 5", "0.1 → 5"),
            ("assert a == approx(b, rel=1e-6)", "assert a == approx(b, rel=0.1)", "1e-6 → 0.1"),
            (
                "self.assertAlmostEqual(a, b, delta=1)",
                "self.assertAlmostEqual(a, b, delta=9)",
                "1 → 9",
            ),
            ("assertEquals(1.5, a, 0.001);", "assertEquals(1.5, a, 0.1);", "0.001 → 0.1"),
            ("expect(a).toBeCloseTo(b, 5);", "expect(a).toBeCloseTo(b, 1);", "5 → 1"),
            (
                "assert_abs_diff_eq!(a, b, epsilon = 1e-9);",
                "assert_abs_diff_eq!(a, b, epsilon = 1.0);",
                "1e-9 → 1.0",
            ),
        ] {
            assert_eq!(widened(before, now).as_deref(), Some(told), "{before}");
            assert_eq!(widened(now, before), None, "{before}");
            assert_eq!(widened(before, before), None);
        }
        assert_eq!(widened("assert a == 1", "assert a == 2"), None);
        assert_eq!(widened("f(a, rel=1)", "g(a, rel=2)"), None, "another assertion");
        assert_eq!(widened("assertEquals(3, a);", "assertEquals(4, a);"), None);
        assert_eq!(widened("assertEquals(a, 3);", "assertEquals(a, 4);"), None, "no tolerance");
    }

    #[test]
    fn marks_of_skipped_tests_are_known() {
        for line in [
            "#[ignore = \"slow\"]",
            "@pytest.mark.skip(reason='x')",
            "@unittest.skipIf(a, 'x')",
            "@Disabled",
            "it.skip('adds', () => {",
            "xit('adds', () => {",
            "test('adds', { skip: true }, () => {",
            "t.Skip(\"later\")",
            "[Fact(Skip = \"later\")]",
        ] {
            assert!(skips(line), "{line}");
        }
        for line in ["skip(3);", "// it.skip('x')", "list.skip(1)", "const skipped = 1;", "#[test]"]
        {
            assert!(!skips(line), "{line}");
        }
    }
}
