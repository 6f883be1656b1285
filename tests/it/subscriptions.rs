//! What is committed is told to those who follow and may see it, over a WebSocket and as server-sent events.

use std::time::Duration;

use chrono::TimeDelta;
use futures::{SinkExt, StreamExt};
use gateway::{
    limits::{Allowance, Allowances},
    schema::ids::decode,
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor;
use tests::{
    Client, TestApp,
    app::plenty,
    fixture::{FENLAND, HARBOUR},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::operations::{OPERATIONS, Things};

const CHANGES: &str = "subscription($slug: String!) { changes(alliance: $slug) { kind id } }";

/// How long something that must come may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What the server said.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Message(Value),
    Closed(u16),
}

impl Heard {
    /// The kind of the change that was told to `subscription`.
    fn kind(&self, subscription: &str) -> &str {
        let Self::Message(message) = self else { panic!("{self:?}") };
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(subscription)), "{message}");
        message["payload"]["data"]["changes"]["kind"].as_str().unwrap()
    }

    fn id(&self) -> &str {
        let Self::Message(message) = self else { panic!("{self:?}") };
        message["payload"]["data"]["changes"]["id"].as_str().unwrap()
    }

    /// The code of the error that ended `subscription`.
    pub fn error(&self, subscription: &str) -> &str {
        let Self::Message(message) = self else { panic!("{self:?}") };
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(subscription)), "{message}");
        message["payload"][0]["extensions"]["code"].as_str().unwrap()
    }
}

impl Socket {
    /// A connection with the cookies of `client`, as a page of `origin` opens it.
    async fn from(app: &TestApp, client: &Client, origin: &str) -> Self {
        let address = format!("{}/graphql", app.base.replace("http", "ws"));
        let mut request = address.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        headers.insert("origin", origin.parse().unwrap());
        if let Some(cookies) = client.cookies() {
            headers.insert("cookie", cookies);
        }
        let (socket, answer) = connect_async(request).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "graphql-transport-ws");
        Self(socket)
    }

    /// A connection that is acknowledged.
    async fn open(app: &TestApp, client: &Client) -> Self {
        let mut socket = Self::from(app, client, &app.base).await;
        socket.say(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.hear().await, Heard::Message(json!({ "type": "connection_ack" })));
        socket
    }

    /// A connection with one subscription, `a`, that has begun.
    pub async fn following(app: &TestApp, client: &Client, slug: &str) -> Self {
        let mut socket = Self::open(app, client).await;
        socket.follow("a", slug).await;
        assert_eq!(socket.hear().await.kind("a"), "ALLIANCE");
        socket
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn follow(&mut self, id: &str, slug: &str) {
        let payload = json!({ "query": CHANGES, "variables": { "slug": slug } });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    /// The next that is said, whether we are there left out.
    pub async fn hear(&mut self) -> Heard {
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("nothing is said");
            match heard.expect("closed without a word").unwrap() {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ping" {
                        return Heard::Message(message);
                    }
                }
                Message::Close(frame) => return Heard::Closed(frame.unwrap().code.into()),
                _ => {}
            }
        }
    }
}

fn payment(slug: &str, key: &str) -> Value {
    json!({ "alliance": slug, "receivedOn": "2026-11-20", "amount": 100, "payerText": "A school", "method": "BACS",
            "idempotencyKey": key })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_told_to_those_who_may_see_it() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let head = app.sign_in("head@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let mut of_director = Socket::following(&app, &director, FENLAND).await;
    let mut of_head = Socket::following(&app, &head, FENLAND).await;

    finance.done("recordPayment", "", payment(FENLAND, "one")).await;
    let told = of_director.hear().await;
    assert_eq!(told.kind("a"), "PAYMENT");
    let node = "query($id: ID!) { node(id: $id) { ... on Payment { amount } } }";
    assert_eq!(director.graphql(node, json!({ "id": told.id() })).await["node"]["amount"], 100);

    // What is refused is not told; what another school's invoice becomes is not told to this head.
    let credit = |member: &str, gross: i64| {
        json!({ "alliance": FENLAND, "invoiceId": things.invoice(member), "gross": gross, "reason": "Agreed",
                "idempotencyKey": format!("{member}{gross}") })
    };
    assert_eq!(finance.refused("creditInvoice", credit("Birch Infant School", -1)).await, "INVALID_AMOUNT");
    finance.done("creditInvoice", "", credit("Birch Infant School", 100)).await;
    let told = of_director.hear().await;
    assert_eq!((told.kind("a"), told.id()), ("INVOICE", things.invoice("Birch Infant School")));
    finance.done("creditInvoice", "", credit("Alder Primary School", 100)).await;
    let told = of_head.hear().await;
    assert_eq!((told.kind("a"), told.id()), ("INVOICE", things.invoice("Alder Primary School")));

    // Its payment is free again, too.
    assert_eq!(of_director.hear().await.kind("a"), "PAYMENT");
    assert_eq!(of_director.hear().await, told);

    // Whoever has heard enough hears nothing more.
    of_director.say(json!({ "type": "complete", "id": "a" })).await;
    finance.done("recordPayment", "", payment(FENLAND, "two")).await;
    of_director.say(json!({ "type": "ping" })).await;
    assert_eq!(of_director.hear().await, Heard::Message(json!({ "type": "pong" })));
}

/// What changes nothing that is followed.
const SILENT: [&str; 22] = [
    "invite",
    "inviteSeveral",
    "sendInvitationAgain",
    "withdrawInvitation",
    "changeSettings",
    "addClosure",
    "changeClosure",
    "removeClosure",
    "setTermDates",
    "assignTask",
    "setTaskAside",
    "resumeTask",
    "addStrand",
    "renameStrand",
    "removeStrand",
    "recordPurchaseOrder",
    "setReminderLevels",
    "requestExport",
    "retryJob",
    "discardJob",
    "sendAgain",
    "sendInvoice",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_is_told() {
    for operation in OPERATIONS {
        let app = TestApp::new().await;
        let director = app.sign_in("director@fenland.example").await;
        let things = Things::of(FENLAND, &director).await;
        let mut socket = Socket::following(&app, &director, FENLAND).await;
        let person = app.sign_in(&format!("{}@fenland.example", operation.roles()[0])).await;
        person.done(operation.name, "", (operation.input)(&things)).await;
        // What is heard first is of the operation, or else of this.
        let last = json!({ "alliance": FENLAND, "name": "Last", "email": "last@x.example" });
        let last = director.done("addPerson", "person { id }", last).await;
        let first = socket.hear().await;
        assert_ne!(first.kind("a"), "ALLIANCE", "{}", operation.name);
        let is_told = first.id() != last["person"]["id"];
        assert_eq!(is_told, !SILENT.contains(&operation.name), "{}", operation.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_across_alliances() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let harbour = app.sign_in("director@harbour.example").await;
    let things = Things::of(HARBOUR, &harbour).await;
    let mut socket = Socket::following(&app, &director, FENLAND).await;
    let mut refusals = Vec::new();
    for slug in [HARBOUR, "nowhere"] {
        socket.follow("b", slug).await;
        let refused = socket.hear().await;
        assert_eq!(refused.error("b"), "UNKNOWN_ALLIANCE");
        refusals.push(refused);
    }
    assert_eq!(refusals[0], refusals[1]);
    let mut of_harbour = Socket::following(&app, &harbour, HARBOUR).await;
    for operation in OPERATIONS {
        let person = app.sign_in(&format!("{}@harbour.example", operation.roles()[0])).await;
        person.mutate(operation.name, "", (operation.input)(&things)).await;
    }
    assert_ne!(of_harbour.hear().await.kind("a"), "ALLIANCE");
    let finance = app.sign_in("finance@fenland.example").await;
    finance.done("recordPayment", "", payment(FENLAND, "own")).await;
    let told = socket.hear().await;
    assert_eq!(told.kind("a"), "PAYMENT");
    let own = decode(told.id()).unwrap().1;
    let fenland = Things::of(FENLAND, &director).await;
    assert_eq!(own, decode(fenland.all["id"].as_str().unwrap()).unwrap().1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_breaks_the_protocol_is_told_how() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let init = || json!({ "type": "connection_init" });
    for message in ["{", "null", r#"{"type":"nothing"}"#, r#"{"type":"subscribe","id":"a"}"#] {
        let mut socket = Socket::open(&app, &director).await;
        socket.0.send(Message::text(message)).await.unwrap();
        assert_eq!(socket.hear().await, Heard::Closed(4400), "{message}");
    }
    let mut socket = Socket::from(&app, &director, &app.base).await;
    socket.follow("a", FENLAND).await;
    assert_eq!(socket.hear().await, Heard::Closed(4401), "before it was acknowledged");
    let mut socket = Socket::from(&app, &app.stranger(), &app.base).await;
    socket.say(init()).await;
    assert_eq!(socket.hear().await, Heard::Closed(4401), "a stranger");
    let mut socket = Socket::from(&app, &director, "https://elsewhere.example").await;
    socket.say(init()).await;
    assert_eq!(socket.hear().await, Heard::Closed(4403), "a page of another site");
    let mut socket = Socket::following(&app, &director, FENLAND).await;
    socket.follow("a", FENLAND).await;
    assert_eq!(socket.hear().await, Heard::Closed(4409));
    let mut socket = Socket::open(&app, &director).await;
    socket.say(init()).await;
    assert_eq!(socket.hear().await, Heard::Closed(4429));
    let mut socket = Socket::from(&app, &director, &app.base).await;
    assert_eq!(socket.hear().await, Heard::Closed(4408), "nobody introduced themselves");

    let mut socket = Socket::open(&app, &director).await;
    for (document, code) in [
        ("{ viewer { email } }", "BAD_REQUEST"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
    ] {
        socket.say(json!({ "type": "subscribe", "id": "a", "payload": { "query": document } })).await;
        assert_eq!(socket.hear().await.error("a"), code, "{document}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_counted_by_connection_and_by_person() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let mut sockets = Vec::new();
    for _ in 0..4 {
        let mut socket = Socket::open(&app, &director).await;
        for id in ["1", "2", "3", "4", "5"] {
            socket.follow(id, FENLAND).await;
            assert_eq!(socket.hear().await.kind(id), "ALLIANCE");
        }
        socket.follow("6", FENLAND).await;
        assert_eq!(socket.hear().await.error("6"), "TOO_MANY_SUBSCRIPTIONS");
        sockets.push(socket);
    }
    let mut another = Socket::open(&app, &director).await;
    another.follow("a", FENLAND).await;
    assert_eq!(another.hear().await.error("a"), "TOO_MANY_SUBSCRIPTIONS");
    // Somebody else has places of their own, and one that is given up is free.
    Socket::following(&app, &app.sign_in("manager@fenland.example").await, FENLAND).await;
    sockets[0].say(json!({ "type": "complete", "id": "1" })).await;
    sockets[0].say(json!({ "type": "ping" })).await;
    assert_eq!(sockets[0].hear().await, Heard::Message(json!({ "type": "pong" })));
    another.follow("a", FENLAND).await;
    assert_eq!(another.hear().await.kind("a"), "ALLIANCE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_charged() {
    let two = Allowance { points: 2, within: Duration::from_secs(3600) };
    let app = TestApp::allowing(Allowances { alliance: two, ..plenty() }).await;
    let director = app.sign_in("director@fenland.example").await;
    let mut socket = Socket::open(&app, &director).await;
    for id in ["1", "2"] {
        socket.follow(id, FENLAND).await;
        assert_eq!(socket.hear().await.kind(id), "ALLIANCE");
    }
    socket.follow("3", FENLAND).await;
    assert_eq!(socket.hear().await.error("3"), "THROTTLED");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_their_role_or_session_is_told_nothing_more() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let head = app.sign_in("head@fenland.example").await;
    let manager = app.sign_in("manager@fenland.example").await;
    let mut of_head = Socket::following(&app, &head, FENLAND).await;
    let mut of_manager = Socket::following(&app, &manager, FENLAND).await;
    let end = |role: &str| {
        format!(
            "delete from role_grants where role = '{role}' and alliance_id = (select alliance_id from alliances where slug = 'fenland')"
        )
    };
    let things = Things::of(FENLAND, &director).await;
    // A person changed: perhaps it is this one.
    app.owner.execute(sqlx::AssertSqlSafe(end("school_head"))).await.unwrap();
    let person = json!({ "alliance": FENLAND, "name": "Another of Alder", "email": "another@x.example",
                         "memberId": things.member("Alder Primary School"), "title": "Clerk" });
    director.done("addPerson", "", person).await;
    assert_eq!(of_head.hear().await.error("a"), "FORBIDDEN");
    assert_eq!(of_manager.hear().await.kind("a"), "PERSON");
    of_head.follow("a", FENLAND).await;
    assert_eq!(of_head.hear().await.error("a"), "UNKNOWN_ALLIANCE");
    // Nothing changed, and a minute has passed.
    app.owner.execute(sqlx::AssertSqlSafe(end("manager"))).await.unwrap();
    let mut of_director = Socket::following(&app, &director, FENLAND).await;
    app.set_time(tests::fixture::now() + TimeDelta::seconds(61));
    assert_eq!(of_manager.hear().await.error("a"), "FORBIDDEN");
    // A program follows as long as its token is worth something.
    let token = json!({ "alliance": FENLAND, "name": "Screen", "permissions": ["SEE_MONEY"], "days": 1 });
    let token = director.done("createToken", "created { secret token { id } }", token).await;
    let program = app.program(token["created"]["secret"].as_str().unwrap());
    let mut of_program = Events::open(&program, CHANGES, FENLAND).await;
    assert_eq!(of_program.change().await["kind"], "ALLIANCE");
    director.done("revokeToken", "", json!({ "tokenId": token["created"]["token"]["id"] })).await;
    // The session is over.
    app.owner.execute("delete from sessions").await.unwrap();
    app.set_time(tests::fixture::now() + TimeDelta::seconds(122));
    assert_eq!(of_director.hear().await, Heard::Closed(4401));
    let mut said = Vec::new();
    while let Some(event) = of_program.next().await {
        said.push(event);
    }
    assert!(said.iter().any(|event| event.contains("UNAUTHENTICATED")), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_to_the_database_is_told() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let mut socket = Socket::following(&app, &director, FENLAND).await;
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
               where datname = current_database() and query ilike 'listen%changes%'";
    assert_eq!(app.count(cut).await, 1);
    assert_eq!(socket.hear().await.kind("a"), "ALLIANCE");
    finance.done("recordPayment", "", payment(FENLAND, "one")).await;
    assert_eq!(socket.hear().await.kind("a"), "PAYMENT");
}

/// An answer that comes piece by piece.
struct Events(reqwest::Response, String);

impl Events {
    async fn open(client: &Client, query: &str, slug: &str) -> Self {
        let request = client.request(Method::POST, "/graphql").header("x-requested-by", "tests");
        let request = request.header("accept", "text/event-stream");
        let answer =
            request.json(&json!({ "query": query, "variables": { "slug": slug } })).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        Self(answer, String::new())
    }

    /// The next event as it is written; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.1.split_once("\n\n") {
                let event = event.to_owned();
                self.1 = rest.to_owned();
                return Some(event);
            }
            let chunk =
                tokio::time::timeout(PATIENCE, self.0.chunk()).await.expect("nothing comes").unwrap()?;
            self.1.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The change in the next event that is not there to keep the connection.
    async fn change(&mut self) -> Value {
        loop {
            let event = self.next().await.unwrap();
            if let Some(data) = event.strip_prefix("event: next\ndata: ") {
                return serde_json::from_str::<Value>(data).unwrap()["data"]["changes"].clone();
            }
            assert!(event.starts_with(':'), "{event}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_sent_over_plain_http() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let mut events = Events::open(&director, CHANGES, FENLAND).await;
    assert_eq!(events.change().await["kind"], "ALLIANCE");
    finance.done("recordPayment", "", payment(FENLAND, "one")).await;
    assert_eq!(events.change().await["kind"], "PAYMENT");
    assert_eq!(events.next().await.unwrap(), ":", "silence is broken now and then");
    // Another alliance is like one that is not there, and an answer that ends says so.
    let mut refusals = Vec::new();
    for slug in [HARBOUR, "nowhere"] {
        let mut refused = Events::open(&director, CHANGES, slug).await;
        refusals.push((refused.next().await.unwrap(), refused.next().await.unwrap(), refused.next().await));
    }
    assert!(refusals[0].0.contains("UNKNOWN_ALLIANCE") && refusals[0].1.starts_with("event: complete"));
    assert_eq!(refusals[0], refusals[1]);
    // A query is answered so too.
    let mut query =
        Events::open(&director, "query($slug: String!) { alliance(slug: $slug) { name } }", FENLAND).await;
    assert!(query.next().await.unwrap().contains("Fenland Alliance"));
    assert!(query.next().await.unwrap().starts_with("event: complete"));
    assert_eq!(query.next().await, None);
    // A subscription is not answered at once, and not at all to a stranger.
    let refused = director.execute(CHANGES, json!({ "slug": FENLAND })).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["extensions"]["code"]),
        (406, &json!("NOT_ACCEPTABLE"))
    );
    let stranger = app.stranger();
    let request = stranger.request(Method::POST, "/graphql").header("accept", "text/event-stream");
    let body = json!({ "query": CHANGES, "variables": { "slug": FENLAND } });
    assert_eq!(stranger.send(request.json(&body)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_is_sent_away_when_the_process_stops() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let mut socket = Socket::following(&app, &director, FENLAND).await;
    let mut events = Events::open(&director, CHANGES, FENLAND).await;
    assert_eq!(events.change().await["kind"], "ALLIANCE");
    drop(app);
    assert_eq!(socket.hear().await, Heard::Closed(1001));
    while let Some(event) = events.next().await {
        assert!(event.starts_with(':'), "{event}");
    }
}
