//! A real browser, driven by the WebDriver protocol. It talks to this machine only.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tests::TestApp;
use url::Url;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The driver of all browsers of this process. It ends when its input does, which is when we do.
struct Driver {
    _process: Child,
    /// Kept open: it would not survive to have nobody to talk to.
    _said: Box<dyn Iterator<Item = String> + Send + Sync>,
    port: String,
}

static DRIVER: LazyLock<Driver> = LazyLock::new(|| {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is missing: tests/run installs it");
    stop_with_us(&process);
    let mut said = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let started = "ChromeDriver was started successfully on port ";
    let port = said.find_map(|line| Some(line.strip_prefix(started)?.trim_end_matches('.').to_owned()));
    Driver { _process: process, _said: Box::new(said), port: port.expect("chromedriver did not start") }
});

/// Where the profiles of this process's browsers begin.
fn profiles() -> String {
    std::env::temp_dir().join(format!("ensemble-browser.{}.", std::process::id())).display().to_string()
}

/// A watcher that waits for the end of its input, which comes with our end however that comes, and then ends the driver
/// and the browsers that tests which failed have left.
fn stop_with_us(driver: &Child) {
    let watch = r#"cat; kill "$1"; pkill --full -- "--user-data-dir=$2"; sleep 1; rm -rf "$2"*"#;
    let arguments = ["-c", watch, "watcher", &driver.id().to_string(), &profiles()];
    let watcher = Command::new("sh").args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    std::mem::forget(watcher);
}

/// How the page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// CSS pixels.
    pub width: u32,
    /// As `prefers-color-scheme` says it.
    pub scheme: &'static str,
}

/// A window of a browser with an empty profile.
pub struct Browser {
    pub client: Client,
    base: String,
    profile: PathBuf,
}

/// A command of the driver that the protocol does not have.
#[derive(Debug)]
struct Extra(&'static str, Value);

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}

impl Browser {
    pub async fn open(app: &TestApp) -> Self {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let profile = PathBuf::from(format!("{}{number}", profiles()));
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let options = json!({
            "goog:chromeOptions": { "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(options.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{}", DRIVER.port))
            .await
            .expect("chromium is missing, or does not start: tests/run installs it");
        Self { client, base: app.app.links.to(""), profile }
    }

    /// Ends the browser. A test that fails leaves that to the driver's end.
    pub async fn close(self) {
        self.client.close().await.unwrap();
        // What the browser still writes is below the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.profile);
    }

    /// Plugs a device in that keeps passkeys, and says yes to everything.
    pub async fn with_authenticator(&self) {
        let device = json!({ "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
                             "hasUserVerification": true, "isUserConsenting": true, "isUserVerified": true });
        self.client.issue_cmd(Extra("webauthn/authenticator", device)).await.unwrap();
    }

    /// Signs in by the pages, with the code that the mail has.
    pub async fn sign_in(&self, app: &TestApp, email: &str) {
        self.goto("/sign-in").await;
        self.fill("email", email).await;
        self.press("Send me a code").await;
        self.fill("code", &app.code(email).await).await;
        self.press("Sign in").await;
        assert!(!self.path().await.starts_with("/sign-in"), "{email}: {}", self.text().await);
    }

    pub async fn look(&self, look: Look) {
        let metrics =
            json!({ "width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": look.width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let features = json!([{ "name": "prefers-color-scheme", "value": look.scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    async fn devtools(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        self.client.issue_cmd(Extra("goog/cdp/execute", body)).await.unwrap()
    }

    pub async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// The path of the page that is shown.
    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// What the page says.
    pub async fn text(&self) -> String {
        self.client.find(Locator::Css("main")).await.unwrap().text().await.unwrap()
    }

    /// Types into the field of this name, in place of what is there.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.client.find(Locator::Css(&format!("main [name={name}]"))).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses a radio button.
    pub async fn choose(&self, name: &str, value: &str) {
        let radio = format!("main [name={name}][value={value}]");
        self.client.find(Locator::Css(&radio)).await.unwrap().click().await.unwrap();
    }

    /// Presses the first button, or follows the first link, with these words, to the page that it leads to.
    pub async fn press(&self, words: &str) {
        let what = format!("//main//*[self::button or self::a][contains(normalize-space(.), '{words}')]");
        let found = self.client.find(Locator::XPath(&what)).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => panic!("{words}: {error}: {}", self.text().await),
        };
        self.script("window.left = true").await;
        found.click().await.unwrap();
        self.arrived().await;
    }

    /// Waits until another page than the one marked as left is there in full. The protocol tells of no event.
    pub async fn arrived(&self) {
        let arrived = "return !window.left && document.readyState === 'complete'";
        let pressed = Instant::now();
        while self.script(arrived).await != true {
            assert!(pressed.elapsed() < PATIENCE, "no other page came: {}", self.text().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until a page is there whose path begins so: one on the way leads on by itself.
    pub async fn comes_to(&self, path: &str) {
        let pressed = Instant::now();
        while !self.path().await.starts_with(path) {
            assert!(pressed.elapsed() < PATIENCE, "{path} did not come: {}", self.text().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.arrived().await;
    }

    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// What the browser complained of since it was last asked: errors of scripts, refused loads, broken policies. That a
    /// page answers with 403, 404 or 422 is no complaint.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Extra("se/log", json!({ "type": "browser" }))).await.unwrap();
        let messages =
            log.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap().to_owned());
        let is_status = |message: &String| message.contains("the server responded with a status of 4");
        messages.filter(|message| !is_status(message)).collect()
    }

    /// What breaks the rules of accessibility on the page, with the element that does.
    pub async fn violations(&self) -> Vec<String> {
        let run = "const done = arguments[0];
            axe.run(document, { resultTypes: ['violations'] })
               .then(found => done(found.violations.flatMap(rule =>
                    rule.nodes.map(node => rule.id + ': ' + node.target.join(' ') + ' ' + node.failureSummary))))
               .catch(error => done(['axe: ' + error]));";
        self.client.execute(axe(), Vec::new()).await.unwrap();
        let found = self.client.execute_async(run, Vec::new()).await.unwrap();
        found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }
}

/// The rules: axe-core.
fn axe() -> &'static str {
    static AXE: LazyLock<String> = LazyLock::new(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let fetched = Command::new(here.join("npm")).arg(here.join("browser/axe")).output().unwrap();
        assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
        let modules = String::from_utf8(fetched.stdout).unwrap();
        std::fs::read_to_string(Path::new(modules.trim()).join("axe-core/axe.min.js")).unwrap()
    });
    &AXE
}
