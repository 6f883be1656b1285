//! The built program, in processes of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

/// How long a process may take for anything that is waited for: many tests share the machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a process may take to stop by itself when its test has ended.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// What a process gets of our environment: nothing that the product reads.
const PASSED_ON: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// The program that was built with this test, as a command.
pub fn ensemble(arguments: &[&str]) -> Command {
    let own = std::env::current_exe().unwrap();
    // target/debug/deps/it-0123456789abcdef
    let program = own.ancestors().nth(2).unwrap().join("ensemble");
    assert!(program.is_file(), "{} is missing: cargo build -p ensemble", program.display());
    let mut command = command(&program);
    command.args(arguments);
    command
}

/// A program that is told to end when this process ends, however that comes.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program).env_clear().process_group(0).kill_on_drop(true);
    for name in PASSED_ON {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub async fn run(mut command: Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("the command does not end").unwrap()
}

/// What the command wrote to standard output; it must succeed.
pub async fn succeed(command: Command) -> String {
    let Output { status, stdout, stderr } = run(command).await;
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// What the command wrote to standard error; it must fail.
pub async fn fail(command: Command) -> String {
    let Output { status, stdout, stderr } = run(command).await;
    assert_eq!(status.code(), Some(1), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

/// Asks until the answer is there.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            match ask().await {
                Some(answer) => return answer,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// A running process; told to stop when dropped, and killed with its group if it does not.
#[derive(Debug)]
pub struct Process {
    child: Child,
    said: watch::Receiver<Vec<String>>,
    logged: watch::Receiver<Vec<String>>,
}

impl Process {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = lines(child.stdout.take().unwrap());
        let logged = lines(child.stderr.take().unwrap());
        Self { child, said, logged }
    }

    /// The first line on standard output that has `words`, as soon as it is there.
    pub async fn says(&mut self, words: &str) -> String {
        line(&mut self.said, words).await.unwrap_or_else(|| self.misses(words))
    }

    /// The first line on standard error that has `words`, as soon as it is there.
    pub async fn logs(&mut self, words: &str) -> String {
        line(&mut self.logged, words).await.unwrap_or_else(|| self.misses(words))
    }

    fn misses(&self, words: &str) -> ! {
        panic!("no “{words}” in:\n{}\n{}", self.said().join("\n"), self.logged().join("\n"))
    }

    /// Everything on standard output so far.
    pub fn said(&self) -> Vec<String> {
        self.said.borrow().clone()
    }

    /// Everything on standard error so far.
    pub fn logged(&self) -> Vec<String> {
        self.logged.borrow().clone()
    }

    /// Sends a signal and waits for the end.
    pub async fn end(&mut self, signal: Signal) -> ExitStatus {
        kill_process(self.id(), signal).unwrap();
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("it goes on after {signal:?}:\n{}", self.logged().join("\n")))
            .unwrap()
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.child.id().expect("it has ended").cast_signed()).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.id().is_none() {
            return;
        }
        let id = self.id();
        let _ = kill_process(id, Signal::TERM);
        let told = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if told.elapsed() > STOP_LIMIT {
                let _ = kill_process_group(id, Signal::KILL);
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn lines(stream: impl AsyncRead + Unpin + Send + 'static) -> watch::Receiver<Vec<String>> {
    let (sender, receiver) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let mut stream = BufReader::new(stream).lines();
        while let Ok(Some(line)) = stream.next_line().await {
            sender.send_modify(|lines| lines.push(line));
        }
    });
    receiver
}

/// `None` when the stream ends, or time runs out, without it.
async fn line(lines: &mut watch::Receiver<Vec<String>>, words: &str) -> Option<String> {
    let has = |lines: &Vec<String>| lines.iter().any(|line| line.contains(words));
    let lines = timeout(PATIENCE, lines.wait_for(has)).await.ok()?.ok()?;
    lines.iter().find(|line| line.contains(words)).cloned()
}

/// A folder of one's own below the system's temporary one, gone when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn make() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ensemble-folder.{}.{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of `name` in it, as an argument.
    pub fn join(&self, name: &str) -> String {
        self.0.join(name).into_os_string().into_string().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
