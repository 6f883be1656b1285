//! Budgets from draft to share: what the form keeps, who joins and leaves, what is asked first, and who is in a trust.

use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, JOINER},
};

use crate::operations::Things;

struct World {
    app: TestApp,
    director: Client,
    finance: Client,
    things: Things,
}

const PLAN: &str = "query($id: ID!) { alliance(slug: \"fenland\") { planRun(budgetId: $id) { plan {
    count total netTotal goesOut { member { name } net explanation brief }
    heldBack { member { name } amount reason needsShare } } } } }";

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let director = app.sign_in("director@fenland.example").await;
        let finance = app.sign_in("finance@fenland.example").await;
        let things = Things::of(FENLAND, &director).await;
        Self { app, director, finance, things }
    }

    fn input(&self, label: &str, more: Value) -> Value {
        let mut input = json!({ "alliance": FENLAND, "budgetId": self.things.budget(label) });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    }

    fn share_of(&self, label: &str, member: &str) -> Value {
        self.input(label, json!({ "memberId": self.things.member(member) }))
    }

    fn page(&self, label: &str) -> String {
        let (_, _, id) = gateway::schema::ids::decode(self.things.budget(label)).unwrap();
        format!("/fenland/budgets/{id}")
    }

    async fn plan(&self, label: &str) -> Value {
        let data = self.finance.graphql(PLAN, json!({ "id": self.things.budget(label) })).await;
        data["alliance"]["planRun"]["plan"].clone()
    }

    async fn budget(&self, label: &str, selection: &str) -> Value {
        let query = format!(
            "query($id: ID!) {{ alliance(slug: \"fenland\") {{ budget(id: $id) {{ {selection} }} }} }}"
        );
        let data = self.finance.graphql(&query, json!({ "id": self.things.budget(label) })).await;
        data["alliance"]["budget"].clone()
    }

    async fn shares(&self, label: &str) -> Value {
        self.budget(label, "shares { member { name } amount steps explanation }").await["shares"].clone()
    }

    /// A budget of £7,000 for this year, and its id.
    async fn draft(&self, label: &str, formula: Value) -> String {
        let budget = json!({ "label": label, "startsOn": "2026-09-01", "endsOn": "2027-08-31", "formula": formula,
                             "lines": [{ "description": "Co-ordination", "pence": 700_000 }] });
        let input = json!({ "alliance": FENLAND, "budget": budget });
        let drafted = self.finance.done("draftBudget", "budget { id }", input).await;
        drafted["budget"]["id"].as_str().unwrap().to_owned()
    }
}

/// The row of `rows` whose member is `name`.
fn of<'a>(rows: &'a Value, name: &str) -> &'a Value {
    let rows = rows.as_array().unwrap();
    rows.iter().find(|row| row["member"]["name"] == name).unwrap_or_else(|| panic!("no {name}: {rows:#?}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_saved_as_it_was_opened_changes_no_rule() {
    let world = World::new().await;
    let adjustments = json!([
        { "kind": "in_kind", "cap": 20_000, "floor": 10_000 },
        { "kind": "part_year", "by": "by_day" },
        { "kind": "trust_discount", "percent": 1_250, "schools": { "which": "all_of_trusts_with", "at_least": 3 } },
    ]);
    let bases = [
        json!({ "kind": "flat", "amount": 50_000 }),
        json!({ "kind": "per_pupil", "base_fee": 1, "per_pupil": 17_525, "floor": 40_000, "cap": 240_000 }),
        json!({ "kind": "banded_by_phase", "bands": [{ "phase": "Special: day", "amount": 0 }] }),
        json!({ "kind": "percentage_of_budget", "percent": 8_000,
                "weight": { "by": "phase", "weights": [{ "phase": "Primary", "weight": 3 }] } }),
    ];
    for (n, base) in bases.into_iter().enumerate() {
        let formula = json!({ "base": base, "adjustments": adjustments });
        let label = format!("Form {n}");
        let id = world.draft(&label, formula).await;
        let query = "query($id: ID!) { alliance(slug: \"fenland\") { budget(id: $id) { formula } } }";
        let before = world.finance.graphql(query, json!({ "id": id })).await;
        let edit = world.finance.page("/fenland/budgets").await.link(&label) + "/edit";
        let saved = world.finance.submit(&edit, "/edit", &[]).await;
        assert_eq!(saved.status, 303, "{}", saved.body);
        assert_eq!(world.finance.graphql(query, json!({ "id": id })).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_joins_later_gets_its_share_and_pays() {
    let world = World::new().await;
    let before = world.shares("2026-27").await;
    let plan = world.plan("2026-27").await;
    let held = of(&plan["heldBack"], JOINER);
    assert_eq!((&held["amount"], &held["needsShare"]), (&Value::Null, &json!(true)));
    assert!(text(&held["reason"]).contains("1 November 2026"), "{held}");

    let run = world.page("2026-27") + "/run";
    let page = world.finance.page(&run).await;
    assert!(page.text().contains("without a share"), "{}", page.text());
    let added = world.finance.submit(&run, "/shares", &[]).await;
    assert_eq!(added.status, 303, "{}", added.body);

    // November to July, nine of twelve months of £300 and £1.75 for each of 60 pupils.
    let mut after = world.shares("2026-27").await;
    let own = of(&after, JOINER).clone();
    assert_eq!(own["amount"], 30_375);
    for words in ["9 of 12 months", "begins on 1 November 2026 and ends on 31 July 2027", "stay as agreed"] {
        assert!(text(&own["explanation"]).contains(words), "{words}: {own}");
    }
    after.as_array_mut().unwrap().retain(|share| share["member"]["name"] != JOINER);
    assert_eq!(after, before, "another share changed");
    let plan = world.plan("2026-27").await;
    assert_eq!((&plan["count"], &plan["total"]), (&json!(6), &json!(533_875)));
    assert_eq!(of(&plan["goesOut"], JOINER)["net"], 30_375);

    let contents = world.app.contents().await;
    for (input, code) in [
        (world.share_of("2026-27", JOINER), "ALREADY_SHARED"),
        (world.share_of("2026-27", "Elm Academy"), "ALREADY_SHARED"),
        (world.share_of("2027-28", JOINER), "NOT_AGREED"),
        (world.share_of("2025-26", JOINER), "NOT_IN_YEAR"),
    ] {
        assert_eq!(world.director.refused("addShare", input).await, code);
    }
    assert_eq!(world.app.contents().await, contents);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_leaves_waits_until_its_share_is_put_right() {
    let world = World::new().await;
    let before = world.shares("2026-27").await;
    let leaves = |left_on: &str| json!({ "alliance": FENLAND, "memberId": world.things.member("Elm Academy"), "leftOn": left_on });
    world.director.done("endMembership", "", leaves("2026-12-31")).await;
    let plan = world.plan("2026-27").await;
    assert_eq!(plan["count"], 4);
    let held = of(&plan["heldBack"], "Elm Academy");
    assert!(text(&held["reason"]).contains("31 December 2026") && held["needsShare"] == true, "{held}");

    world.finance.done("addShare", "", world.share_of("2026-27", "Elm Academy")).await;
    let mut after = world.shares("2026-27").await;
    let own = of(&after, "Elm Academy").clone();
    assert_eq!(own["amount"], 65_000 * 4 / 12 + 1);
    for words in ["4 of 12 months", "takes the place of £650.00", "stay as agreed"] {
        assert!(text(&own["explanation"]).contains(words), "{words}: {own}");
    }
    let (mut before, name) = (before, "Elm Academy");
    for shares in [&mut before, &mut after] {
        shares.as_array_mut().unwrap().retain(|share| share["member"]["name"] != name);
    }
    assert_eq!(after, before, "another share changed");
    let plan = world.plan("2026-27").await;
    assert_eq!((&plan["count"], &plan["total"]), (&json!(5), &json!(503_500 - 65_000 + 21_667)));

    // What was invoiced is put right by a credit note.
    let run = world
        .input("2026-27", json!({ "expectedCount": 5, "expectedTotal": 460_167, "idempotencyKey": "run" }));
    world.finance.done("issueInvoices", "", run).await;
    world.director.done("endMembership", "", leaves("2026-11-30")).await;
    let again = world.share_of("2026-27", "Elm Academy");
    assert_eq!(world.finance.refused("addShare", again).await, "INVOICED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_leaves_before_the_year_owes_nothing() {
    let world = World::new().await;
    world.finance.done("agreeBudget", "", world.input("2027-28", json!({}))).await;
    let leaves = json!({ "alliance": FENLAND, "memberId": world.things.member("Elm Academy"), "leftOn": "2027-06-30" });
    world.director.done("endMembership", "", leaves).await;
    assert_eq!(of(&world.plan("2027-28").await["heldBack"], "Elm Academy")["amount"], 65_000);
    world.finance.done("addShare", "", world.share_of("2027-28", "Elm Academy")).await;
    let plan = world.plan("2027-28").await;
    let held = of(&plan["heldBack"], "Elm Academy");
    assert_eq!((&held["amount"], &held["needsShare"]), (&json!(0), &json!(false)), "{held}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_joiner_of_a_split_budget_leaves_the_others_parts_alone() {
    let world = World::new().await;
    let formula = json!({ "base": { "kind": "percentage_of_budget", "percent": 10_000, "weight": { "by": "equal" } },
                          "adjustments": [{ "kind": "part_year", "by": "by_month" }] });
    let id = world.draft("Split", formula).await;
    let input = json!({ "alliance": FENLAND, "budgetId": id });
    let shares = "budget { shares { member { name } amount explanation } }";
    let agreed = world.finance.done("agreeBudget", shares, input.clone()).await;
    let joins = json!({ "alliance": FENLAND, "name": "Gorse Nursery School", "phase": "NURSERY", "joinedOn": "2027-03-01",
                        "payerId": world.things.payer("Hedgerow Learning Trust") });
    let joined = world.director.done("addMember", "member { id }", joins).await;
    let mut of_joiner = input.clone();
    of_joiner["memberId"] = joined["member"]["id"].clone();
    let added = world.finance.done("addShare", "share { amount explanation }", of_joiner).await;
    // Six of twelve months, where six have twelve and Holly nine: 6 of 87 parts of £7,000.
    assert_eq!(added["share"]["amount"], 48_276);
    assert!(text(&added["share"]["explanation"]).contains("stay as agreed"), "{added}");
    let query = format!(
        "query($id: ID!) {{ alliance(slug: \"fenland\") {{ {} }} }}",
        shares.replace("budget", "budget(id: $id)")
    );
    let mut after =
        world.finance.graphql(&query, json!({ "id": id })).await["alliance"]["budget"]["shares"].take();
    after.as_array_mut().unwrap().retain(|share| share["member"]["name"] != "Gorse Nursery School");
    assert_eq!(after, agreed["budget"]["shares"]);
    let sum: i64 = after.as_array().unwrap().iter().map(|share| share["amount"].as_i64().unwrap()).sum();
    assert_eq!(sum, 700_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_answers_with_the_shares_as_they_will_be_frozen() {
    let world = World::new().await;
    let before = world.app.contents().await;
    let shares = "member { name } amount steps explanation";
    let selection = format!("budget {{ agreedAt }} plan {{ {shares} }}");
    let dry = world.input("2027-28", json!({ "dryRun": true }));
    let planned = world.finance.done("agreeBudget", &selection, dry).await;
    assert_eq!(planned["budget"]["agreedAt"], Value::Null);
    assert_eq!(planned["plan"].as_array().unwrap().len(), 6);
    assert_eq!(world.app.contents().await, before);
    let agreed =
        world.finance.done("agreeBudget", "plan { amount }", world.input("2027-28", json!({}))).await;
    assert_eq!(agreed["plan"], Value::Null);
    assert_eq!(world.shares("2027-28").await, planned["plan"]);
    let dry = world.input("2027-28", json!({ "dryRun": true }));
    assert_eq!(world.finance.refused("agreeBudget", dry).await, "ALREADY_AGREED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_roll_is_asked_for_on_the_page_and_by_the_api() {
    let world = World::new().await;
    let joins = json!({ "alliance": FENLAND, "name": "Gorse Nursery School", "phase": "NURSERY", "joinedOn": "2026-11-01",
                        "payerId": world.things.payer("Hedgerow Learning Trust") });
    let gorse = world.director.done("addMember", "member { id }", joins).await;
    let before = world.app.contents().await;
    for dry_run in [true, false] {
        let input = world.input("2027-28", json!({ "dryRun": dry_run }));
        let refused = world.finance.mutate("agreeBudget", "plan { amount }", input).await;
        assert_eq!(refused["errors"][0]["code"], "OPEN_QUESTIONS", "{refused}");
        assert_eq!(refused["errors"][0]["message"], "1 school needs an answer first: Gorse Nursery School.");
    }
    let mut share = world.share_of("2026-27", JOINER);
    share["memberId"] = gorse["member"]["id"].clone();
    assert_eq!(world.finance.refused("addShare", share).await, "OPEN_QUESTIONS");
    let budget = world.page("2027-28");
    let page = world.finance.page(&budget).await;
    assert!(page.text().contains("How many pupils does Gorse Nursery School have?"), "{}", page.text());
    let refused = world.finance.submit(&budget, "/agree", &[]).await;
    assert!(
        refused.status == 422 && refused.body.contains("1 school needs an answer first"),
        "{}",
        refused.body
    );
    assert_eq!(world.app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_no_members_says_so() {
    let world = World::new().await;
    let budget = json!({ "label": "2019-20", "startsOn": "2019-09-01", "endsOn": "2020-08-31",
                         "formula": { "base": { "kind": "flat", "amount": 1 } },
                         "lines": [{ "description": "Co-ordination", "pence": 700_000 }] });
    let input = json!({ "alliance": FENLAND, "budget": budget });
    let drafted = world.finance.done("draftBudget", "budget { id }", input).await;
    let id = text(&drafted["budget"]["id"]);
    let before = world.app.contents().await;
    const SAID: &str = "There are no members to share the costs.";
    for dry_run in [true, false] {
        let input = json!({ "alliance": FENLAND, "budgetId": id, "dryRun": dry_run });
        let refused = world.finance.mutate("agreeBudget", "", input).await;
        assert_eq!(refused["errors"][0]["message"], SAID);
    }
    let query =
        "query($id: ID!) { alliance(slug: \"fenland\") { simulate(budgetId: $id) { errors { message } } } }";
    let data = world.finance.graphql(query, json!({ "id": id })).await;
    assert_eq!(data["alliance"]["simulate"]["errors"][0]["message"], SAID);
    let budget = world.finance.page("/fenland/budgets").await.link("2019-20");
    let page = world.finance.page(&budget).await;
    assert!(page.text().contains(SAID), "{}", page.text());
    let refused = world.finance.submit(&budget, "/agree", &[]).await;
    assert!(refused.status == 422 && refused.body.contains(SAID), "{}", refused.body);
    assert_eq!(world.app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_says_of_a_roll_is_kept_and_is_never_the_registers_word() {
    let world = World::new().await;
    let roll = |pupils: u32, date: &str| {
        json!({ "alliance": FENLAND, "memberId": world.things.member("Elm Academy"), "pupils": pupils,
                "censusDate": date, "source": "national register" })
    };
    let said = world
        .finance
        .done("recordRoll", "roll { pupils source isFromRegister }", roll(210, "2026-10-01"))
        .await;
    let kept = json!({ "pupils": 210, "source": "national register", "isFromRegister": false });
    assert_eq!(said["roll"], kept);
    world.finance.done("agreeBudget", "", world.input("2027-28", json!({}))).await;
    let agreed = world.shares("2027-28").await;
    let elm = of(&agreed, "Elm Academy");
    assert!(text(&elm["explanation"]).contains("210 pupils (national register, 1 October 2026)"), "{elm}");
    assert_eq!(elm["steps"][1]["what"]["roll"]["source"], json!({ "said": "national register" }));
    let column = "select census_source from shares join members on members.id = member_id
                  join alliances on alliances.alliance_id = shares.alliance_id
                  where slug = 'fenland' and pupils = 210 and members.name = 'Elm Academy'";
    assert_eq!(world.app.text(column).await, "“national register”");

    // A roll that changes after the budget was agreed changes no share.
    world.finance.done("recordRoll", "", roll(900, "2026-11-20")).await;
    assert_eq!(world.shares("2027-28").await, agreed);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rules_stand_side_by_side_for_each_member_and_in_all() {
    let world = World::new().await;
    let budget = world.page("2027-28");
    // Elm pays £650 by the budget's rule and a sixth of £4,800 by the one that is tried.
    let tried = format!("{budget}?base=percentage_of_budget&percent=100&weight=equal");
    let page = world.finance.page(&tried).await;
    let rows = page.texts("#simulated-shares tbody tr");
    assert_eq!(rows.len(), 6);
    let elm = rows.iter().find(|row| row.starts_with("Elm Academy")).unwrap();
    for words in ["£650.00", "£800.00", "+£150.00"] {
        assert!(elm.contains(words), "{words}: {elm}");
    }
    let total = page.texts("#simulated-shares tfoot tr").join(" ");
    for words in ["6 members", "£5,492.50", "£4,800.00", "−£692.50"] {
        assert!(total.contains(words), "{words}: {total}");
    }
    let csv = world.finance.get(&page.link("Download as CSV")).await;
    assert!(csv.body.contains("\"Elm Academy\",\"650.00\",\"800.00\""), "{}", csv.body);
}

const TRUST_RULE: &str = "Hedgerow Learning Trust";

/// Elm and Dogwood are of one trust, which pays. Whoever pays, the register's number says which trust a school is of.
#[tokio::test(flavor = "multi_thread")]
async fn a_trust_is_known_by_the_registers_number_else_by_its_payer() {
    let world = World::new().await;
    let schools = "insert into schools (search_text, type_code, urn, name, status_code, trust_flag_code, trust_uid, trust_name)
                   values ('', 34, 100001, 'Oak Academy', 1, 3, '1500', 'Oak Trust'), ('', 34, 100002, 'Pine Academy', 1, 3, '1500', 'Oak Trust'),
                          ('', 34, 100003, 'Rowan School', 1, 1, '1600', 'Rowan Foundation'), ('', 34, 100004, 'Sorrel School', 1, 1, '1600', 'Rowan Foundation')";
    sqlx::query(schools).execute(&world.app.owner).await.unwrap();
    // Two schools of a trust that pay for themselves; two of a foundation; two payers of one name that are two trusts.
    let pays = |kind: &str, name: &str| json!({ "kind": kind, "legalName": name, "address": "1 Lane", "purchaseOrder": "NONE" });
    let itself = |urn: i32| json!({ "alliance": FENLAND, "urn": urn, "joinedOn": "2026-09-01", "newPayer": pays("SCHOOL", "Itself") });
    let outside = |name: &str| {
        json!({ "alliance": FENLAND, "name": name, "phase": "PRIMARY", "joinedOn": "2026-09-01",
                "newPayer": pays("TRUST", "Thorn Trust") })
    };
    for input in [100_001, 100_002, 100_003, 100_004].map(itself) {
        world.director.done("addMember", "", input).await;
    }
    for name in ["Thyme School", "Teasel School"] {
        world.director.done("addMember", "", outside(name)).await;
    }
    let discount = json!({ "kind": "trust_discount", "percent": 1_000,
                           "schools": { "which": "all_of_trusts_with", "at_least": 2 } });
    let formula = json!({ "base": { "kind": "flat", "amount": 10_000 }, "adjustments": [discount] });
    let id = world.draft("Trusts", formula).await;
    let query =
        "query($id: ID!) { alliance(slug: \"fenland\") { simulate(budgetId: $id) { simulation { members {
        member { name } current explanation } } } } }";
    let data = world.finance.graphql(query, json!({ "id": id })).await;
    let rows = &data["alliance"]["simulate"]["simulation"]["members"];
    for (name, trust) in [
        ("Oak Academy", "2 schools of Oak Trust"),
        ("Pine Academy", "2 schools of Oak Trust"),
        ("Elm Academy", TRUST_RULE),
        ("Dogwood Academy", TRUST_RULE),
    ] {
        let row = of(rows, name);
        assert!(row["current"] == 9_000 && text(&row["explanation"]).contains(trust), "{row}");
    }
    for name in ["Alder Primary School", "Rowan School", "Sorrel School", "Thyme School", "Teasel School"] {
        assert_eq!(of(rows, name)["current"], 10_000, "{name}");
    }
}

const SIMULATED: &str = "query($id: ID!) { alliance(slug: \"fenland\") { simulate(budgetId: $id) {
    errors { field message }
    simulation { current { total shortfall } members { member { name } current explanation } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_agreed_with_one_school_is_what_it_pays_and_the_others_make_up_the_difference() {
    let world = World::new().await;
    let whole =
        json!({ "base": { "kind": "percentage_of_budget", "percent": 10_000, "weight": { "by": "equal" } } });
    let id = world.draft("Agreed", whole).await;
    let simulated = async || {
        let data = world.finance.graphql(SIMULATED, json!({ "id": id })).await;
        data["alliance"]["simulate"].clone()
    };
    let before = simulated().await;
    assert_eq!(of(&before["simulation"]["members"], "Birch Infant School")["current"], 100_000);

    // Refused without a reason, twice with one school, or below nought; what was typed stays.
    let edit = world.finance.page("/fenland/budgets").await.link("Agreed") + "/edit";
    let (birch, cedar) =
        (world.things.member("Birch Infant School"), world.things.member("Cedar Secondary School"));
    let head = world.app.sign_in("head@fenland.example").await;
    let contents = world.app.contents().await;
    for (typed, words) in [
        (&[("agreedMember", birch), ("agreedReason", ""), ("agreedAmount", "12.34")][..], "needs a reason"),
        (&[("agreedMember", birch), ("agreedReason", "It hosts"), ("agreedAmount", "-1")], "nought or more"),
        (
            &[("agreedMember", birch), ("agreedReason", "It hosts"), ("agreedAmount", "much")],
            "The amount “much”",
        ),
        (&[("agreedReason", "It hosts the office"), ("agreedAmount", "5")], "not a member of this alliance"),
    ] {
        let refused = world.finance.submit(&edit, "/edit", typed).await;
        assert_eq!(refused.status, 422, "{typed:?}");
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
        for (name, value) in typed.iter().filter(|(name, _)| *name != "agreedMember") {
            assert!(refused.body.contains(&format!("value=\"{value}\"")), "{name} is lost");
        }
    }
    let amounts = |amounts: Value| {
        json!({ "alliance": FENLAND, "budgetId": id, "budget": {
            "label": "Agreed", "startsOn": "2026-09-01", "endsOn": "2027-08-31",
            "formula": { "base": { "kind": "percentage_of_budget", "percent": 10_000, "weight": { "by": "equal" } } },
            "lines": [{ "description": "Co-ordination", "pence": 700_000 }], "agreedAmounts": amounts } })
    };
    let one = |member: &str, pence: i64| json!({ "memberId": member, "pence": pence, "reason": "It hosts." });
    let twice = amounts(json!([one(birch, 1), one(birch, 2)]));
    assert_eq!(world.finance.refused("changeBudget", twice).await, "AGREED_TWICE");
    let by_a_head = amounts(json!([one(birch, 1)]));
    let denied = head.try_mutate("changeBudget", "", by_a_head).await;
    assert_eq!(denied["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(world.app.contents().await, contents);

    // By the form: the school pays that, the other six a sixth of the rest each, to the penny.
    let typed =
        [("agreedMember", birch), ("agreedReason", "It hosts the office."), ("agreedAmount", "12.34")];
    let saved = world.finance.submit(&edit, "/edit", &typed).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let page = world.finance.page(saved.location()).await;
    assert!(page.text().contains("£12.34: It hosts the office."), "{}", page.text());
    let now = simulated().await["simulation"].take();
    assert_eq!(now["current"], json!({ "total": 700_000, "shortfall": 0 }));
    let own = of(&now["members"], "Birch Infant School");
    assert_eq!(own["current"], 1_234);
    assert!(
        text(&own["explanation"]).contains("This amount was agreed with your school: It hosts the office.")
    );
    let other = of(&now["members"], "Cedar Secondary School");
    assert!([116_461, 116_462].contains(&other["current"].as_i64().unwrap()), "{other}");
    assert!(
        text(&other["explanation"]).contains("is left after amounts agreed with particular members"),
        "{other}"
    );

    // Saved as it was opened, it stays; more than the budget is said by the simulator.
    assert_eq!(world.finance.submit(&edit, "/edit", &[]).await.status, 303);
    assert_eq!(simulated().await["simulation"], now);
    let too_much = amounts(json!([one(birch, 699_999), one(cedar, 2)]));
    world.finance.done("changeBudget", "", too_much).await;
    let refused = simulated().await;
    assert!(text(&refused["errors"][0]["message"]).contains("agreed with particular members"), "{refused}");
    world.finance.done("changeBudget", "", amounts(json!([one(birch, 1_234)]))).await;

    // Agreed and reopened with it: what was frozen says so, and the draft still has it.
    let budget = json!({ "alliance": FENLAND, "budgetId": id });
    let shares = "budget { shares { member { name } amount explanation }
                           agreedAmounts { member { name } pence reason } }";
    let agreed = world.finance.done("agreeBudget", shares, budget.clone()).await["budget"].take();
    let own = of(&agreed["shares"], "Birch Infant School");
    assert_eq!(own["amount"], 1_234);
    assert!(text(&own["explanation"]).contains("agreed with your school"), "{own}");
    let sum: i64 =
        agreed["shares"].as_array().unwrap().iter().map(|share| share["amount"].as_i64().unwrap()).sum();
    assert_eq!(sum, 700_000);
    let reopened = world.finance.done("reopenBudget", shares, budget).await;
    assert_eq!(of(&reopened["budget"]["agreedAmounts"], "Birch Infant School")["pence"], 1_234);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_agreed_budget_is_reopened() {
    let world = World::new().await;
    let before = world.app.contents().await;
    let draft = world.input("2027-28", json!({}));
    assert_eq!(world.finance.refused("reopenBudget", draft).await, "NOT_AGREED");
    assert_eq!(world.app.contents().await, before);

    // Pressed twice, the second one hears that it is done.
    let agreed = world.input("2026-27", json!({}));
    world.finance.done("reopenBudget", "", agreed.clone()).await;
    let once = world.app.contents().await;
    assert_eq!(world.finance.refused("reopenBudget", agreed).await, "NOT_AGREED");
    assert_eq!(world.app.contents().await, once);
}

const BILLING: &str = "billing { isBegun openShares openAmount waitingForOrder }";

#[tokio::test(flavor = "multi_thread")]
async fn an_agreed_budget_says_what_is_not_invoiced_yet_and_stays_agreed_once_anything_is() {
    let world = World::new().await;
    let before = world.budget("2026-27", BILLING).await["billing"].take();
    assert_eq!(before["isBegun"], false);
    assert_eq!((&before["openShares"], &before["waitingForOrder"]), (&json!(6), &json!(1)), "{before}");
    let draft = json!({ "isBegun": false, "openShares": 0, "openAmount": 0, "waitingForOrder": 0 });
    assert_eq!(world.budget("2027-28", BILLING).await["billing"], draft);
    let budget = world.page("2026-27");
    let page = world.finance.page(&budget).await;
    assert_eq!(page.count("form[action$='/reopen']"), 1);
    assert!(page.text().contains("Reopen as a draft") && page.count(".note") == 0, "{}", page.text());
    assert!(page.text().contains("£692.50 beyond the budget"), "{}", page.text());
    // Shares that do not cover the budget say so also when it is agreed.
    let flat = json!({ "base": { "kind": "flat", "amount": 50_000 } });
    let short = json!({ "alliance": FENLAND, "budgetId": world.draft("Short", flat).await });
    let shares = "budget { shares { amount } }";
    let shares = world.finance.done("agreeBudget", shares, short).await["budget"]["shares"].take();
    let sum: i64 = shares.as_array().unwrap().iter().map(|share| share["amount"].as_i64().unwrap()).sum();
    let page = world.finance.page(&world.finance.page("/fenland/budgets").await.link("Short")).await;
    let said = format!("{} short of the budget", domain::money::Pence(700_000 - sum));
    assert!(page.text().contains(&said.replace(".00", "")), "{said}: {}", page.text());

    let issued = world.finance.submit(&(budget.clone() + "/run"), "/run", &[]).await;
    assert_eq!(issued.status, 303, "{}", issued.body);
    let fir = of(&world.plan("2026-27").await["heldBack"], "Fir Special School")["amount"].clone();
    let after = world.budget("2026-27", BILLING).await["billing"].take();
    assert_eq!(after, json!({ "isBegun": true, "openShares": 1, "openAmount": fir, "waitingForOrder": 1 }));
    let page = world.finance.page(&budget).await;
    assert_eq!(page.count("form[action$='/reopen']"), 0, "what is invoiced is not offered to be reopened");
    let note = page.texts(".note.warn").join(" ");
    assert!(note.contains("is not invoiced yet: it waits for an order number. Open the run"), "{note}");
    assert_eq!(page.link("Open the run"), budget.clone() + "/run");

    // An invoice that is credited whole stands for nothing: its share is open again. The budget stays agreed.
    let numbers = "query { alliance(slug: \"fenland\") { invoices(first: 100) { nodes { id memberName issuedOn gross } } } }";
    let invoices = world.finance.graphql(numbers, json!({})).await;
    let own = invoices["alliance"]["invoices"]["nodes"].as_array().unwrap().iter();
    let mut own = own.filter(|one| one["memberName"] == "Elm Academy" && one["issuedOn"] == "2026-11-24");
    let credit = json!({ "alliance": FENLAND, "invoiceId": own.next().unwrap()["id"], "reason": "Billed anew",
                         "idempotencyKey": "credit" });
    world.finance.done("creditInvoice", "", credit).await;
    let credited = world.budget("2026-27", BILLING).await["billing"].take();
    assert_eq!((&credited["isBegun"], &credited["openShares"]), (&json!(true), &json!(2)), "{credited}");
    let refused = world.finance.refused("reopenBudget", world.input("2026-27", json!({}))).await;
    assert_eq!(refused, "INVOICED");

    // The head of one school sees its own share and nothing of the others.
    let head = world.app.sign_in("head@fenland.example").await;
    let query =
        format!("query($id: ID!) {{ alliance(slug: \"fenland\") {{ budget(id: $id) {{ {BILLING} }} }} }}");
    let own = head.graphql(&query, json!({ "id": world.things.budget("2026-27") })).await;
    let none = json!({ "isBegun": true, "openShares": 0, "openAmount": 0, "waitingForOrder": 0 });
    assert_eq!(own["alliance"]["budget"]["billing"], none);
    let page = head.page(&budget).await;
    assert_eq!(page.texts("#shares h2"), ["Your school’s share"]);
    let text = page.text();
    assert!(text.contains("your school’s share") && text.contains("for each of your"), "{text}");
    assert_eq!(page.count("#shares tfoot") + page.count(".note"), 0, "{text}");
    assert!(!text.contains("beyond the budget"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_stands_beside_last_year_and_the_office_reads_a_few_words() {
    let world = World::new().await;
    let simulated = "query($id: ID!) { alliance(slug: \"fenland\") { simulate(budgetId: $id) { simulation {
        lastYear current { total } members { member { name } current lastYear brief explanation } } } } }";
    let asked = json!({ "id": world.things.budget("2027-28") });
    let data = world.finance.graphql(simulated, asked).await;
    let simulation = &data["alliance"]["simulate"]["simulation"];
    let shares = world.shares("2026-27").await;
    let rows = simulation["members"].as_array().unwrap();
    let mut sum = 0;
    for row in rows {
        let name = text(&row["member"]["name"]);
        let before = shares.as_array().unwrap().iter().find(|share| share["member"]["name"] == name);
        let before = before.map_or(0, |_| row["lastYear"].as_i64().unwrap());
        sum += before;
        assert!(!text(&row["brief"]).contains("our school"), "{row}");
    }
    assert_eq!(simulation["lastYear"], sum);
    let elm = of(&simulation["members"], "Elm Academy");
    assert_eq!(elm["lastYear"], 65_000);
    assert_eq!(elm["brief"], "£300.00 plus £1.75 for each of 200 pupils");

    let page = world.finance.page(&world.page("2027-28")).await;
    let heads = page.texts("#simulated-shares thead th");
    assert_eq!(heads, ["Member", "Last year", "Share", "Change"]);
    let row =
        page.texts("#simulated-shares tbody tr").into_iter().find(|row| row.starts_with("Elm")).unwrap();
    for words in ["£300.00 plus £1.75 for each of 200 pupils", "£650.00", "same"] {
        assert!(row.contains(words), "{words}: {row}");
    }
    let csv = world.finance.get(&page.link("Download as CSV")).await;
    let line = "\"Elm Academy\",\"650.00\",\"\",\"650.00\",\"£300.00 plus";
    assert!(csv.body.contains(line), "{}", csv.body);

    // The run says it in the same words, above each other: what is issued, what waits, what goes out.
    let run = world.finance.page(&(world.page("2026-27") + "/run")).await;
    let headings = run.texts("main h2");
    assert_eq!(headings[..3], ["Issue", "Held back", "Goes out"]);
    assert_eq!(run.texts("#goes-out thead th"), ["Member", "How it comes about", "Share", "Change"]);
    assert!(!run.text().contains("our school"), "{}", run.text());
    let row = run.texts("#goes-out tbody tr").into_iter().find(|row| row.starts_with("Birch")).unwrap();
    assert!(row.contains("to ") && row.contains("birch@fenland-schools.example"), "{row}");
    let plan = world.plan("2026-27").await;
    assert!(text(&of(&plan["goesOut"], "Elm Academy")["explanation"]).contains("each of your 200 pupils"));
    assert_eq!(of(&plan["goesOut"], "Elm Academy")["brief"], "£300.00 plus £1.75 for each of 200 pupils");
}
