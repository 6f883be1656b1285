//! A throw-away Redis.

use std::path::Path;

use crate::binary::{Folder, Process, command};

/// A server on a free port that keeps nothing.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    process: Option<Process>,
    // What it might write after all goes with it.
    _folder: Folder,
}

impl Redis {
    pub async fn start() -> Self {
        let folder = Folder::make();
        let port = free_port();
        let mut server = command(Path::new("redis-server"));
        server.current_dir(folder.path());
        server.args(["--bind", "127.0.0.1", "--save", "", "--port"]).arg(port.to_string());
        let mut process = Process::start(server);
        process.says("Ready to accept connections").await;
        Self { port, process: Some(process), _folder: folder }
    }

    /// For `REDIS_URL`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends the server; its address stays.
    pub fn stop(&mut self) {
        self.process = None;
    }
}

/// A port that nobody listens on, as far as anybody can tell.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
