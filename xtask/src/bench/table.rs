//! What was measured, and the table of it.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde_json::Value;

use super::machine::Machine;

/// One measured thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// Of all the numbers.
    pub unit: String,
    /// How often it was measured.
    pub n: u64,
    /// The median, or the number itself where there is one only.
    pub p50: f64,
    /// How the others lie; none where there is one number only.
    pub spread: Option<Spread>,
}

/// Where the numbers lie around their median.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// 95 of 100 are not above this.
    pub p95: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Row {
    /// A thing that was measured once.
    pub fn one(what: impl Into<String>, unit: &str, value: f64) -> Self {
        Self {
            what: what.into(),
            unit: unit.to_owned(),
            n: 1,
            p50: value,
            spread: None,
        }
    }

    /// Reads what an example or a script printed:
    /// `{"what":"..","unit":"ms","n":9,"p50":1,"p95":2,"min":1,"max":3}`, the last three only where there are several.
    ///
    /// # Errors
    /// When something is missing.
    pub fn read(value: &Value) -> Result<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let number = |name: &str| value[name].as_f64();
        let spread = || {
            Some(Spread {
                p95: number("p95")?,
                min: number("min")?,
                max: number("max")?,
            })
        };
        let missing = || format!("no measured row: {value}");
        Ok(Self {
            what: text("what").with_context(missing)?,
            unit: text("unit").with_context(missing)?,
            n: value["n"].as_u64().with_context(missing)?,
            p50: number("p50").with_context(missing)?,
            spread: spread(),
        })
    }
}

/// The table with the machine below it.
pub fn markdown(rows: &[Row], before: &Machine, after: &Machine) -> String {
    let mut text = String::from(
        "| what | unit | n | p50 | p95 | min | max |\n|---|---|---:|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let others = row
            .spread
            .map_or(["", "", ""].map(str::to_owned), |spread| {
                [spread.p95, spread.min, spread.max].map(number)
            });
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            row.what,
            row.unit,
            row.n,
            number(row.p50),
            others.join(" | ")
        );
    }
    let _ = write!(
        text,
        "\n{} cores, {}; load average {} before, {} after.\n",
        before.cores, before.model, before.load, after.load
    );
    text
}

/// Three digits that say something.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_is_read_and_written() {
        let many = json!({"what": "judge()", "unit": "us", "n": 9, "p50": 61.26, "p95": 70, "min": 60, "max": 123.4});
        let one = json!({"what": "size", "unit": "MB", "n": 1, "p50": 8.125});
        let rows = [many, one].map(|value| Row::read(&value).unwrap());
        let machine = Machine {
            cores: 2,
            model: "a CPU".to_owned(),
            load: "0.10".to_owned(),
        };
        let text = markdown(&rows, &machine, &machine);
        assert!(text.contains("| judge() | us | 9 | 61.3 | 70.0 | 60.0 | 123 |\n"));
        assert!(text.contains("| size | MB | 1 | 8.12 |  |  |  |\n"));
        assert!(text.ends_with("2 cores, a CPU; load average 0.10 before, 0.10 after.\n"));
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let error = Row::read(&json!({"what": "x", "unit": "ms"})).unwrap_err();
        assert!(error.to_string().contains("no measured row"));
    }
}
