//! The file of an export: one JSON object a line, each with an envelope exactly as the device signed it.
//!
//! ```text
//! {"receipt":"{\"payloadType\":...}"}
//! ```
//! A line has one form only, so that no byte of it can change unnoticed.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use trust::limits::ENVELOPE_BYTES_MAX;

/// An envelope of [`ENVELOPE_BYTES_MAX`] may double when it is written as a JSON string.
const LINE_BYTES_MAX: usize = 2 * ENVELOPE_BYTES_MAX + 1024;

/// One line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// A receipt's envelope.
    Receipt(String),
    /// The newest beat's envelope, as the service holds it.
    Beat(String),
}

impl Line {
    /// Reads a line without its end; the error is a sentence that names the byte where there is one.
    fn parse(text: &[u8]) -> Result<Self, String> {
        let line: Self = serde_json::from_slice(text)
            .map_err(|e| format!("byte {}: not a line of an export: {e}", e.column()))?;
        if line.write() == text {
            Ok(line)
        } else {
            Err("the line stands in another form than an export writes it".to_owned())
        }
    }

    fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A file that is being written; nothing is replaced, and nothing half is left behind.
pub struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
    is_done: bool,
}

impl Writer {
    /// Makes the file, readable by its owner only.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| {
                format!(
                    "{} cannot be made; a file that is there is never replaced",
                    path.display()
                )
            })?;
        Ok(Self {
            path: path.to_owned(),
            out: BufWriter::new(file),
            is_done: false,
        })
    }

    /// Writes a line of an export.
    pub fn line(&mut self, line: &Line) -> Result<()> {
        self.raw(&line.write())
    }

    /// Writes these bytes and an end of line.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    /// Makes it durable.
    pub fn finish(mut self) -> Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_done {
            // It was made by this program a moment ago; what failed before is told anyway.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Gives every line with its number, counted from 1: what it holds, or why it holds nothing.
pub fn each_line(
    path: &Path,
    mut take: impl FnMut(usize, Result<Line, String>) -> Result<()>,
) -> Result<()> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut reader = BufReader::new(file);
    for number in 1.. {
        let mut bytes = Vec::new();
        let limit = LINE_BYTES_MAX as u64;
        std::io::Read::take(&mut reader, limit).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            break;
        }
        match bytes.strip_suffix(b"\n") {
            Some(text) => take(number, Line::parse(text))?,
            None if bytes.len() == LINE_BYTES_MAX => {
                return take(
                    number,
                    Err(format!("it has more than {LINE_BYTES_MAX} bytes")),
                );
            }
            None => take(
                number,
                Err(format!(
                    "byte {}: the end of the line is missing",
                    bytes.len()
                )),
            )?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> Vec<(usize, Result<Line, String>)> {
        let mut all = Vec::new();
        each_line(path, |number, line| {
            all.push((number, line));
            Ok(())
        })
        .unwrap();
        all
    }

    #[test]
    fn lines_go_round_and_no_altered_byte_reads_as_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("export");
        let written = [
            Line::Receipt("{\"a\":\"b\"}".to_owned()),
            Line::Beat("x".to_owned()),
        ];
        let mut writer = Writer::create(&path).unwrap();
        for line in &written {
            writer.line(line).unwrap();
        }
        writer.finish().unwrap();
        let good = std::fs::read(&path).unwrap();
        let read: Vec<Line> = lines(&path).into_iter().map(|(_, l)| l.unwrap()).collect();
        assert_eq!(read, written);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            let same = lines(&path)
                .into_iter()
                .map(|(_, line)| line)
                .eq(written.iter().cloned().map(Ok));
            assert!(!same, "byte {at}");
        }
    }

    #[test]
    fn a_file_is_never_replaced_and_half_of_one_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("export");
        drop(Writer::create(&path).unwrap());
        assert!(!path.exists());
        Writer::create(&path).unwrap().finish().unwrap();
        assert!(Writer::create(&path).is_err());
        assert!(path.exists());
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("export");
        std::fs::write(&path, vec![b'x'; 3 * LINE_BYTES_MAX]).unwrap();
        let [(1, Err(why))] = &lines(&path)[..] else {
            panic!("one line was expected")
        };
        assert!(why.contains("more than"), "{why}");
    }
}
