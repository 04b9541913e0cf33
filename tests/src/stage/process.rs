//! A program that runs until its owner goes, and what it says.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

use crate::soon;

/// A running program. Ended, by its own process id, when this is dropped.
pub struct Process {
    name: String,
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    heard: watch::Receiver<usize>,
    /// Where it listens to its owner.
    pub stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts it; both its outputs are heard.
    pub fn start(name: &str, mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let (tell, heard) = watch::channel(0);
        let tell = Arc::new(tell);
        hear(child.stdout.take(), said.clone(), tell.clone());
        hear(child.stderr.take(), said.clone(), tell);
        let stdin = child.stdin.take();
        Self {
            name: name.to_owned(),
            child,
            said,
            heard,
            stdin,
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// How many lines were heard so far: where to listen on from.
    pub fn lines(&self) -> usize {
        self.said.lock().unwrap().len()
    }

    /// The first line from the `from`th on that fits, now or later.
    pub async fn line_from(&mut self, from: usize, fits: impl Fn(&str) -> bool) -> String {
        let mut at = from;
        let found = async {
            loop {
                let heard = *self.heard.borrow_and_update();
                if let Some(line) = self
                    .said
                    .lock()
                    .unwrap()
                    .iter()
                    .skip(at)
                    .find(|line| fits(line))
                {
                    return Some(line.clone());
                }
                at = at.max(heard.min(self.lines()));
                if self.heard.changed().await.is_err() {
                    return None;
                }
            }
        };
        match tokio::time::timeout(crate::DEADLINE, found).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("{} ended and said:\n{}", self.name, self.text()),
            Err(_) => panic!(
                "{} did not say what is awaited, but:\n{}",
                self.name,
                self.text()
            ),
        }
    }

    /// The first line that fits, now or later.
    pub async fn line(&mut self, fits: impl Fn(&str) -> bool) -> String {
        self.line_from(0, fits).await
    }

    /// Where this line stands, from the `from`th on.
    pub fn position_of(&self, from: usize, line: &str) -> usize {
        from + self
            .said
            .lock()
            .unwrap()
            .iter()
            .skip(from)
            .position(|found| found == line)
            .unwrap()
    }

    /// All that it said.
    pub fn text(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// Ends it as a power cut does: SIGKILL.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// What Ctrl-C does.
    pub fn interrupt(&self) {
        let pid = rustix::process::Pid::from_raw(self.pid() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }

    /// Waits until it ends by itself; gives its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        soon(&format!("the end of {}", self.name), self.child.wait())
            .await
            .unwrap()
            .code()
    }
}

fn hear<R: AsyncRead + Unpin + Send + 'static>(
    from: Option<R>,
    said: Arc<Mutex<Vec<String>>>,
    tell: Arc<watch::Sender<usize>>,
) {
    let Some(from) = from else { return };
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut said = said.lock().unwrap();
            said.push(line);
            tell.send_replace(said.len());
        }
    });
}
