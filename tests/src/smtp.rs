//! A mail server that keeps what it gets. It refuses addresses that begin with `nobody@` for good (550), and those that
//! begin with `busy@` for now (451). It can be made to stall: to take mails and not say so.

use std::sync::{Arc, Mutex};

use mail_parser::{Message, MessageParser, MimeHeaders};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The message, headers and all.
    pub raw: Vec<u8>,
}

impl Received {
    pub fn message(&self) -> Message<'_> {
        MessageParser::default().parse(&self.raw).unwrap()
    }

    pub fn subject(&self) -> String {
        self.message().subject().unwrap().to_owned()
    }

    pub fn text(&self) -> String {
        self.message().body_text(0).unwrap().into_owned()
    }

    pub fn html(&self) -> String {
        self.message().body_html(0).unwrap().into_owned()
    }

    pub fn message_id(&self) -> String {
        self.message().message_id().unwrap().to_owned()
    }

    /// Name and content of each attached file.
    pub fn attachments(&self) -> Vec<(String, Vec<u8>)> {
        let message = self.message();
        let attached = message.attachments();
        attached
            .map(|part| (part.attachment_name().unwrap_or_default().to_owned(), part.contents().to_vec()))
            .collect()
    }
}

/// The server; it ends with the runtime that started it.
#[derive(Debug, Clone)]
pub struct Sink {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    stalls: watch::Sender<bool>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sink = Self { port, received: Arc::default(), stalls: watch::Sender::new(false) };
        let accepting = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that breaks off ends its conversation only.
                tokio::spawn(converse(stream, accepting.received.clone(), accepting.stalls.subscribe()));
            }
        });
        sink
    }

    /// For `mail::Smtp::from_url`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Everything that came, in order.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What came to `address`, in order.
    pub fn to(&self, address: &str) -> Vec<Received> {
        self.received().into_iter().filter(|mail| mail.to.iter().any(|to| to == address)).collect()
    }

    /// From now on mails are taken and kept, and nobody is told so before [`Sink::answer`].
    pub fn stall(&self) {
        self.stalls.send_replace(true);
    }

    /// Answers whoever waits, and everybody who comes.
    pub fn answer(&self) {
        self.stalls.send_replace(false);
    }

    /// Forgets what came so far.
    pub fn clear(&self) {
        self.received.lock().unwrap().clear();
    }
}

async fn converse(
    stream: TcpStream,
    received: Arc<Mutex<Vec<Received>>>,
    mut stalls: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut to = Vec::new();
    write.write_all(b"220 sink\r\n").await?;
    loop {
        let mut line = String::new();
        if read.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim().to_ascii_lowercase();
        let answer = if command.starts_with("ehlo") {
            "250-sink\r\n250 8BITMIME"
        } else if let Some(address) = command.strip_prefix("rcpt to:<") {
            let address = address.split('>').next().unwrap_or_default().to_owned();
            if address.starts_with("nobody@") {
                "550 No such mailbox"
            } else if address.starts_with("busy@") {
                "451 Please come again"
            } else {
                to.push(address);
                "250 Yes"
            }
        } else if command == "data" {
            write.write_all(b"354 Go on\r\n").await?;
            let raw = message(&mut read).await?;
            received.lock().unwrap().push(Received { to: std::mem::take(&mut to), raw });
            // An error would mean that the sink is gone, and with it whoever wanted to wait.
            let _ = stalls.wait_for(|stalls| !stalls).await;
            "250 Kept"
        } else if command == "quit" {
            write.write_all(b"221 Bye\r\n").await?;
            return Ok(());
        } else {
            if command == "rset" {
                to.clear();
            }
            "250 Yes"
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

async fn message(read: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if read.read_until(b'\n', &mut line).await? == 0 || line == b".\r\n" {
            return Ok(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
