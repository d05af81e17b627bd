//! The tests of a file: which lines belong to which test?
//! By the habits of formatted code, whatever the language: a test is its declaration, what stands deeper, and what is written on top of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

/// Lines by test. What belongs to none stands under an empty name.
pub(super) type TestBlocks<'t> = BTreeMap<String, Vec<&'t str>>;

/// `def test_adds(`, `func TestAdds(`, `public function testAdds(`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:\w+\s+)*?(?:def|func|function|fun)\s+((?:test|Test|Fuzz)\w*)\s*\(")
});
/// `it('adds', …)`, `test.skip("adds"`, `t.test('adds'`, `test "adds" do`.
static CALLED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^(?:\w+\.)*(?:it|test|xit|xtest|fit|specify)(?:\.\w+)*\s*\(?\s*(?:"([^"]+)"|'([^']+)'|`([^`]+)`)"#,
    )
});
/// `TEST(Sum, Adds)`.
static MACRO: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^TEST(?:_[A-Z])?\(\s*(\w+\s*,\s*\w+)\s*\)"));
/// `#[test]`, `@Test`, `[Fact]`.
static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:#\[\s*(?:\w+::)*(?:test|rstest|test_case|quickcheck)\b|@(?:Test|ParameterizedTest|RepeatedTest|Property)\b|\[(?:Fact|Theory|Test|TestMethod|TestCase)\b)",
    )
});
/// What is declared below an attribute.
static DECLARED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:\bfn|\bfun|\bvoid|\bTask|\bfunc)\s+(?:`([^`]+)`|(\w+))"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of ours")
}

/// A test that is being read.
struct Open {
    name: String,
    indent: usize,
}

/// The lines of each test, without indent. Tests of one name are taken as one.
pub(super) fn test_blocks(text: &str) -> TestBlocks<'_> {
    let mut blocks = TestBlocks::new();
    let mut open: Option<Open> = None;
    let mut above: Vec<&str> = vec![];
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (body, indent) = (line.trim(), line.len() - line.trim_start().len());
        let beside = open.as_ref().is_none_or(|test| indent <= test.indent);
        let is_above = beside && is_attribute(body);
        if is_above {
            above.push(body);
        }
        if let Some(name) = declared(body, &above) {
            open = Some(Open { name, indent });
        } else if is_above {
            continue;
        } else if beside && !body.starts_with(['}', ')', ']', '{']) {
            open = None;
        }
        let name = open.as_ref().map_or(String::new(), |test| test.name.clone());
        let lines = above.drain(..).chain((!is_above).then_some(body));
        blocks.entry(name).or_default().extend(lines);
    }
    blocks
}

/// What is written on top of a function, and belongs to it.
fn is_attribute(body: &str) -> bool {
    body.starts_with('@')
        || body.starts_with("#[")
        || (body.starts_with('[') && body.ends_with(']'))
}

/// The name of the test that begins in this line.
fn declared(body: &str, above: &[&str]) -> Option<String> {
    let found = [&*NAMED, &CALLED, &MACRO].into_iter().find_map(|one| one.captures(body));
    let below_attribute = || {
        let is_test = above.iter().any(|line| ATTRIBUTE.is_match(line));
        DECLARED.captures(body).filter(|_| is_test)
    };
    let captures = found.or_else(below_attribute)?;
    captures.iter().skip(1).flatten().next().map(|name| name.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let told = |(name, lines): (String, Vec<&str>)| format!("{name}: {}", lines.join(" | "));
        test_blocks(text).into_iter().map(told).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn rust() {
        let text = "fn code() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    #[ignore]\n    fn adds() {\n        assert!(a);\n    }\n\n    #[tokio::test]\n    async fn waits() {\n        assert!(b);\n    }\n    fn helper() {\n        assert!(c);\n    }\n}\n";
        assert_eq!(
            told(text),
            ": fn code() {} | #[cfg(test)] | mod tests { | fn helper() { | assert!(c); | } | }\nadds: #[test] | #[ignore] | fn adds() { | assert!(a); | }\nwaits: #[tokio::test] | async fn waits() { | assert!(b); | }"
        );
    }

    #[test]
    fn javascript() {
        let text = "import x from 'x';\ndescribe('sum', () => {\n  it('adds', () => {\n    expect(1).toBe(1);\n  });\n  it.skip(`more`, async () => {\n    expect(2).toBe(2);\n  });\n});\n";
        assert_eq!(
            told(text),
            ": import x from 'x'; | describe('sum', () => {\nadds: it('adds', () => { | expect(1).toBe(1); | });\nmore: it.skip(`more`, async () => { | expect(2).toBe(2); | }); | });"
        );
    }

    #[test]
    fn python_go_java_and_others() {
        let python = "class TestSum:\n    @pytest.mark.skip\n    def test_adds(self):\n        assert 1\n\ndef helper():\n    assert 2\n";
        assert_eq!(
            told(python),
            ": class TestSum: | def helper(): | assert 2\ntest_adds: @pytest.mark.skip | def test_adds(self): | assert 1"
        );
        let name = |text: &str| {
            test_blocks(text).into_keys().find(|name| !name.is_empty()).unwrap_or_default()
        };
        assert_eq!(name("func TestAdds(t *testing.T) {\n"), "TestAdds");
        assert_eq!(name("    @Test\n    void addsUp() {\n"), "addsUp");
        assert_eq!(name("    @Test fun `adds up`() {\n"), "adds up");
        assert_eq!(name("[Fact]\npublic async Task Adds() {\n"), "Adds");
        assert_eq!(name("TEST_F(Sum, Adds) {\n"), "Sum, Adds");
        assert_eq!(name("test \"adds\" do\n"), "adds");
        assert_eq!(name("  public function testAdds(): void\n"), "testAdds");
        assert_eq!(name("const latest = test(1);\n"), "");
    }

    proptest::proptest! {
        #[test]
        fn every_line_is_in_one_block(lines in proptest::collection::vec("( {0,4})(#\\[test\\]|fn a\\(\\) \\{|it\\('x'|@Test|\\}|assert)?.{0,5}", 0..20)) {
            let text = lines.join("\n");
            let told: usize = test_blocks(&text).values().map(Vec::len).sum();
            let all = text.lines().filter(|line| !line.trim().is_empty()).count();
            // Attributes at the end stand on top of nothing.
            proptest::prop_assert!(told <= all);
        }
    }
}
