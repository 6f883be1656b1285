//! Servers that live no longer than this process, however it ends.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

static STARTED: AtomicU32 = AtomicU32::new(0);

/// A server in a folder of its own; stopped and removed when dropped, or when this process is gone.
#[derive(Debug)]
pub struct Throwaway {
    keeper: Child,
    folder: PathBuf,
}

impl Throwaway {
    /// Starts a server with `start` and later stops it with `stop`: functions of `tests/postgres.sh`, each called with
    /// the new folder.
    pub fn start(start: &str, stop: &str) -> Self {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ensemble-test.{}.{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        // The keeper waits for the end of its input, which comes with our end at the latest.
        let mut keeper = bash(&format!("{start} \"$1\"; echo started; cat; {stop} \"$1\""), &folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "started\n", "{start} failed");
        Self { keeper, folder }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs `command`, in which `$1` is the folder, with the functions of `tests/postgres.sh`.
    pub fn script(&self, command: &str) {
        let output = bash(command, &self.folder).stdin(Stdio::null()).stdout(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn bash(command: &str, folder: &Path) -> Command {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres.sh");
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c"])
        .arg(format!("source '{}'; {command}", functions.display()))
        .arg("bash")
        .arg(folder);
    bash
}
