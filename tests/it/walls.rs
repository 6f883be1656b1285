//! One alliance asks for another's things, by every way that the schema and the site have. It must meet exactly what it
//! would meet if they did not exist.

use domain::ids::AllianceId;
use gateway::schema::ids::{decode, encode};
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, HARBOUR, ROLES},
};
use uuid::Uuid;

use crate::{
    operations::{ALTERNATIVES, OPERATIONS, Things},
    schema::Schema,
};

/// The product as somebody of Fenland sees it, who knows every id of Harbour.
struct World {
    app: TestApp,
    director: Client,
    schema: Schema,
    own: Things,
    foreign: Things,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        // The first time leaves its traces before anything is compared.
        for (_, local) in ROLES {
            app.sign_in(&format!("{local}@fenland.example")).await;
        }
        let director = app.sign_in("director@fenland.example").await;
        let schema = Schema::of(&director).await;
        let own = Things::of(FENLAND, &director).await;
        let harbour = app.sign_in("director@harbour.example").await;
        let foreign = Things::of(HARBOUR, &harbour).await;
        Self { app, director, schema, own, foreign }
    }

    fn alliance_id(&self) -> AllianceId {
        decode(self.own.all["id"].as_str().unwrap()).unwrap().1
    }

    /// An id of the same kind in one's own alliance that nothing has.
    fn missing(&self, like: &str) -> String {
        let (kind, ..) = decode(like).unwrap_or_else(|| panic!("{like} is no id"));
        encode(kind, self.alliance_id(), Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001))
            .to_string()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_alliances_address_is_like_one_that_nobody_has() {
    let world = World::new().await;
    let before = world.app.contents().await;
    for operation in OPERATIONS {
        let person = world.app.sign_in(&format!("{}@fenland.example", operation.roles()[0])).await;
        let mut input = (operation.input)(&world.foreign);
        let foreign = person.try_mutate(operation.name, "", input.clone()).await;
        input["alliance"] = "nowhere".into();
        let missing = person.try_mutate(operation.name, "", input).await;
        assert_eq!(foreign, missing, "{}", operation.name);
        assert_eq!(foreign["data"][operation.name]["errors"][0]["code"], "UNKNOWN_ALLIANCE");
    }
    let alliance = "query($slug: String!) { alliance(slug: $slug) { name } }";
    for slug in [HARBOUR, "nowhere"] {
        let data = world.director.graphql(alliance, json!({ "slug": slug })).await;
        assert_eq!(data, json!({ "alliance": null }));
    }
    assert_eq!(world.app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_alliances_id_in_a_mutation_is_like_a_missing_one() {
    let world = World::new().await;
    let before = world.app.contents().await;
    let mut tried = 0;
    for operation in OPERATIONS {
        let person = world.app.sign_in(&format!("{}@fenland.example", operation.roles()[0])).await;
        let input_type = format!("{}{}Input", operation.name[..1].to_uppercase(), &operation.name[1..]);
        for path in world.schema.ids_in(&input_type) {
            let other = ALTERNATIVES.iter().find(|other| other.name == operation.name && other.path == path);
            let input = other.map_or(operation.input, |other| other.input);
            let (own, foreign) = (input(&world.own), input(&world.foreign));
            let foreign_id = foreign.pointer(&path).and_then(Value::as_str);
            let foreign_id = foreign_id.unwrap_or_else(|| panic!("{}{path} is not tried", operation.name));
            let answer = async |id: &str| {
                let mut input = own.clone();
                *input.pointer_mut(&path).unwrap() = id.into();
                person.try_mutate(operation.name, "", input).await
            };
            let of_foreign = answer(foreign_id).await;
            let of_missing = answer(&world.missing(foreign_id)).await;
            assert_eq!(of_foreign, of_missing, "{}{path}", operation.name);
            let errors = of_foreign["data"][operation.name]["errors"].as_array();
            assert_eq!(errors.map(Vec::len), Some(1), "{}{path}: {of_foreign:#}", operation.name);
            let field = &of_foreign["data"][operation.name]["errors"][0]["field"];
            assert!(path.split('/').any(|step| field == step), "{}{path}: {field}", operation.name);
            // A thing of another kind, and a text that is no id.
            assert_eq!(
                answer(world.own.all["id"].as_str().unwrap()).await,
                of_missing,
                "{}{path}",
                operation.name
            );
            assert_eq!(answer("no id").await, of_missing, "{}{path}", operation.name);
            tried += 1;
        }
    }
    assert!(tried >= OPERATIONS.len() - 5, "only {tried} ids were tried");
    assert_eq!(world.app.contents().await, before);
}

/// Every field that takes an id, by type and field, with a selection below it.
const BY_ID: &[(&str, &str, &str)] = &[
    ("Query", "node", "{ __typename }"),
    ("Alliance", "member", "{ name }"),
    ("Alliance", "person", "{ name }"),
    ("Alliance", "auditRecords", "{ nodes { number } totalCount }"),
    ("Alliance", "budget", "{ label }"),
    ("Alliance", "simulate", "{ simulation { __typename } errors { code } }"),
    ("Alliance", "planRun", "{ plan { __typename } errors { code } }"),
    ("Alliance", "invoices", "{ nodes { number } totalCount }"),
    ("Alliance", "invoiceTotals", "{ __typename count gross }"),
    ("Alliance", "invoice", "{ number }"),
    ("Alliance", "payments", "{ nodes { reference } totalCount }"),
    ("Alliance", "paymentTotals", "{ __typename count received }"),
    ("Alliance", "payment", "{ amount }"),
    ("Alliance", "payer", "{ legalName }"),
    ("Alliance", "delivery", "{ recipient text }"),
];

#[tokio::test(flavor = "multi_thread")]
async fn another_alliances_id_in_a_query_is_like_a_missing_one() {
    let world = World::new().await;
    let mut with_ids = Vec::new();
    for object in world.schema.objects() {
        for field in world.schema.fields(object) {
            for (arg, ty) in &field.args {
                let is_mutation = object == "Mutation";
                for path in world.schema.ids_in(ty).into_iter().filter(|_| !is_mutation) {
                    with_ids.push((object.to_owned(), field.name.clone(), arg.clone(), ty.clone(), path));
                }
            }
        }
    }
    for (object, field, arg, ty, path) in &with_ids {
        let below = BY_ID.iter().find(|(known, name, _)| known == object && name == field);
        let (.., below) = below.unwrap_or_else(|| panic!("{object}.{field} takes an id and is not tried"));
        let is_required = matches!(
            field.as_str(),
            "node"
                | "member"
                | "person"
                | "budget"
                | "invoice"
                | "payment"
                | "payer"
                | "delivery"
                | "simulate"
                | "planRun"
        );
        let ty = if is_required { format!("{ty}!") } else { ty.clone() };
        let query = if object == "Query" {
            format!("query($value: {ty}) {{ {field}({arg}: $value) {below} }}")
        } else {
            format!(
                "query($value: {ty}) {{ alliance(slug: \"fenland\") {{ {field}({arg}: $value) {below} }} }}"
            )
        };
        let answer = async |id: &str| {
            let mut value = json!(id);
            for step in path.split('/').skip(1).collect::<Vec<_>>().into_iter().rev() {
                value = json!({ step: value });
            }
            let finance = &world.director;
            finance.execute(&query, json!({ "value": value })).await.outcome()
        };
        for foreign in world.foreign.ids() {
            let of_foreign = answer(&foreign).await;
            assert_eq!(of_foreign, answer(&world.missing(&foreign)).await, "{object}.{field}");
            let text = of_foreign.to_string();
            assert!(!text.contains("HAR-") && !text.contains("Harbour"), "{object}.{field}: {text}");
        }
        // The test could tell: one of our own ids finds something else than a missing one does.
        let own = world.own.ids();
        let mut found = 0;
        for id in &own {
            found += usize::from(answer(id).await != answer(&world.missing(id)).await);
        }
        assert!(found > 0, "{object}.{field} finds nothing at all");
    }
}

const SITE: &str = include_str!("../../crates/web/src/site.rs");

/// The routes of the router that begins with `start` in the site's source.
fn routes_from(start: &str) -> impl Iterator<Item = String> {
    let router = SITE.split(start).nth(1).unwrap().split(';').next().unwrap();
    let routes = router.split(".route(").skip(1).map(|rest| rest.split('"').nth(1).unwrap());
    routes.map(|route| route.trim_end_matches('/').to_owned())
}

/// The site's routes within an alliance, from its source: a page added later is tried too.
pub fn pages() -> Vec<String> {
    routes_from("let within =").collect()
}

/// Every route of the site but those of the development mailbox.
pub fn routes() -> Vec<String> {
    let within = routes_from("let within =").map(|route| format!("/{{slug}}{route}"));
    routes_from("let mut router =").chain(within).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_alliances_pages_are_like_pages_that_are_not_there() {
    let world = World::new().await;
    let before = world.app.contents().await;
    let missing_page = world.director.get("/nowhere/members").await;
    assert_eq!(missing_page.status, 404);
    let pages = pages();
    assert!(pages.len() > 25, "{pages:?}");
    let own = decode(world.foreign.member("Elm Academy")).unwrap().2;
    for page in &pages {
        let path = page.replace("{id}", &own.to_string());
        for (method, fields) in [("get", None), ("post", Some([("csrf", "x")]))] {
            let visit = async |slug: &str| match &fields {
                None => world.director.get(&format!("/{slug}{path}")).await,
                Some(fields) => world.director.post(&format!("/{slug}{path}"), fields).await,
            };
            let (foreign, missing) = (visit(HARBOUR).await, visit("nowhere").await);
            assert_eq!((foreign.status, &foreign.body), (missing.status, &missing.body), "{method} {path}");
            assert!(matches!(foreign.status, 404 | 405), "{method} {path}: {}", foreign.status);
        }
    }
    // Ids of the other alliance under one's own address.
    let finance = world.app.sign_in("finance@fenland.example").await;
    for page in pages.iter().filter(|page| page.contains("{id}")) {
        for id in world.foreign.ids() {
            let (.., uuid) = decode(&id).unwrap();
            let foreign = finance.get(&format!("/fenland{}", page.replace("{id}", &uuid.to_string()))).await;
            assert!(matches!(foreign.status, 404 | 405), "{page}: {}", foreign.status);
        }
    }
    assert_eq!(world.app.contents().await, before);
}
