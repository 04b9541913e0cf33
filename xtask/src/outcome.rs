//! What the test runners say, as numbers. Each parser reads one runner's own format.

use serde_json::Value;

/// How many tests passed and failed, and which failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, were killed or could not be built.
    pub failed: u64,
    /// The names of those that failed, as far as the runner gives them.
    pub failures: Vec<String>,
}

impl Outcome {
    /// A runner or a step that failed as a whole.
    pub fn broken(what: String) -> Self {
        Self {
            passed: 0,
            failed: 1,
            failures: vec![what],
        }
    }

    /// A runner that ended in failure without naming a test failed as a whole: a build error, a crash.
    pub fn with_status(mut self, runner: &str, succeeded: bool) -> Self {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
            self.failures.push(format!(
                "{runner}: ended in failure without naming a test, see its output"
            ));
        }
        self
    }

    /// Adds the numbers of another runner.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.failures.extend(other.failures);
    }

    /// The last line of the test command.
    pub fn verdict(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

/// Reads `cargo test`: the sum over its `test result:` lines.
pub fn from_libtest(output: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for line in output.lines() {
        if let Some(counts) = line.strip_prefix("test result: ") {
            outcome.passed += number_before(counts, " passed");
            outcome.failed += number_before(counts, " failed");
        } else if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            outcome.failures.push(name.to_owned());
        }
    }
    outcome
}

/// Reads `cargo nextest run`: its summary, and the names on its failure lines.
pub fn from_nextest(output: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for line in output.lines().map(str::trim_start) {
        if line.starts_with("Summary [") {
            outcome.passed = number_before(line, " passed");
            let run = number_before(line, " tests run").max(number_before(line, " test run"));
            outcome.failed = run.saturating_sub(outcome.passed);
        } else if let Some(name) = nextest_failure(line)
            && !outcome.failures.contains(&name)
        {
            outcome.failures.push(name);
        }
    }
    outcome
}

/// `FAIL [   0.005s] (1/29) xtask::bin/xtask outcome::tests::x`, also with `SIGABRT`, `TIMEOUT` and the like.
fn nextest_failure(line: &str) -> Option<String> {
    let (status, rest) = line.split_once(" [")?;
    if !(status == "FAIL" || status == "TIMEOUT" || status.starts_with("SIG")) {
        return None;
    }
    let (_, name) = rest.split_once("s] ")?;
    let name = name.trim_start();
    let name = match name.split_once(") ") {
        Some((counter, name)) if counter.starts_with('(') => name,
        _ => name,
    };
    Some(name.trim().to_owned())
}

/// Reads the JSON report of vitest.
pub fn from_vitest(report: &Value) -> Outcome {
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    let mut outcome = Outcome {
        passed: count("numPassedTests"),
        failed: count("numFailedTests"),
        failures: Vec::new(),
    };
    for file in report["testResults"].as_array().into_iter().flatten() {
        let tests = file["assertionResults"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let failed = tests.iter().filter(|test| test["status"] == "failed");
        let names: Vec<String> = failed
            .filter_map(|test| test["fullName"].as_str())
            .map(str::to_owned)
            .collect();
        if file["status"] == "failed" && names.is_empty() {
            outcome.failed += 1;
            let name = file["name"].as_str().unwrap_or("a test file");
            outcome
                .failures
                .push(format!("{name}: could not be loaded"));
        }
        outcome.failures.extend(names);
    }
    outcome
}

/// Reads the TAP report of `node --test`.
pub fn from_tap(output: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for line in output.lines() {
        let number = |prefix: &str| {
            line.strip_prefix(prefix)
                .and_then(|rest| rest.trim().parse::<u64>().ok())
        };
        if let Some(passed) = number("# pass ") {
            outcome.passed += passed;
        } else if let Some(failed) = number("# fail ").or_else(|| number("# cancelled ")) {
            outcome.failed += failed;
        } else if let Some((_, name)) = line
            .strip_prefix("not ok ")
            .and_then(|rest| rest.split_once(" - "))
        {
            outcome.failures.push(name.to_owned());
        }
    }
    outcome
}

/// The number that stands right before `label`; 0 where there is none.
fn number_before(text: &str, label: &str) -> u64 {
    let Some(end) = text.find(label) else {
        return 0;
    };
    let digits = text[..end]
        .rsplit(|character: char| !character.is_ascii_digit())
        .next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn libtest_results_are_summed_over_binaries() {
        let output = "running 2 tests\ntest a ... ok\ntest m::b ... FAILED\n\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            running 3 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n";
        let outcome = from_libtest(output);
        assert_eq!(outcome.verdict(), "4 passed, 1 failed");
        assert_eq!(outcome.failures, ["m::b"]);
    }

    #[test]
    fn nextest_counts_crashes_and_timeouts_as_failures() {
        let output = "        PASS [   0.005s] (1/4) wayleave-trust judge::a\n\
            \x20       FAIL [   0.005s] (2/4) wayleave-trust judge::b\n\
            \x20    SIGABRT [   0.103s] (3/4) wayleave-wire::mux flow\n\
            \x20    TIMEOUT [  60.0s] (4/4) wayleave-wire slow\n\
            ------------\n\
            \x20    Summary [   0.110s] 4 tests run: 1 passed (1 slow), 2 failed, 1 timed out, 2 skipped\n\
            \x20       FAIL [   0.005s] (2/4) wayleave-trust judge::b\n";
        let outcome = from_nextest(output);
        assert_eq!(outcome.verdict(), "1 passed, 3 failed");
        assert_eq!(
            outcome.failures,
            [
                "wayleave-trust judge::b",
                "wayleave-wire::mux flow",
                "wayleave-wire slow"
            ]
        );
        assert_eq!(
            from_nextest(" Summary [ 0.1s] 1 test run: 1 passed, 0 skipped").verdict(),
            "1 passed, 0 failed"
        );
    }

    #[test]
    fn a_vitest_file_that_does_not_load_is_a_failure() {
        let report = json!({"numPassedTests": 5, "numFailedTests": 1, "testResults": [
            {"name": "a.test.ts", "status": "failed", "assertionResults": [{"status": "failed", "fullName": "ledger folds"}]},
            {"name": "b.test.ts", "status": "failed", "assertionResults": []},
            {"name": "c.test.ts", "status": "passed", "assertionResults": [{"status": "passed", "fullName": "x"}]}]});
        let outcome = from_vitest(&report);
        assert_eq!(outcome.verdict(), "5 passed, 2 failed");
        assert_eq!(
            outcome.failures,
            ["ledger folds", "b.test.ts: could not be loaded"]
        );
    }

    #[test]
    fn tap_counts_what_was_cancelled() {
        let output = "TAP version 13\nok 1 - opens\nnot ok 2 - closes\n# tests 3\n# pass 1\n# fail 1\n# cancelled 1\n";
        let outcome = from_tap(output);
        assert_eq!(outcome.verdict(), "1 passed, 2 failed");
        assert_eq!(outcome.failures, ["closes"]);
    }

    #[test]
    fn a_runner_that_breaks_without_a_name_counts_once() {
        let broken = from_libtest("error[E0425]: cannot find value").with_status("rust", false);
        assert_eq!(broken.verdict(), "0 passed, 1 failed");
        let named =
            from_libtest("test result: FAILED. 0 passed; 2 failed;").with_status("rust", false);
        assert_eq!(named.verdict(), "0 passed, 2 failed");
        assert_eq!(
            Outcome::default().with_status("doc", true).verdict(),
            "0 passed, 0 failed"
        );
    }
}
