//! What every table must be, asked of the database's own catalogue. A table that is not declared here fails.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use domain::access::RECORDED;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tests::{TestApp, fixture::FENLAND, postgres::Server};

/// Rows of one alliance each.
pub const TENANT: &[&str] = &[
    "agreed_amounts",
    "alliances",
    "allocations",
    "audit_changes",
    "audit_records",
    "bank_imports",
    "budget_lines",
    "budgets",
    "chasing_decisions",
    "closures",
    "credit_notes",
    "deletions",
    "deliveries",
    "departures",
    "documents",
    "exports",
    "idempotency_keys",
    "in_kind_offers",
    "invitations",
    "invoice_lines",
    "invoice_runs",
    "invoices",
    "jobs",
    "lead_schools",
    "ledger_entries",
    "member_rolls",
    "members",
    "number_series",
    "payers",
    "payment_payers",
    "payment_reversals",
    "payments",
    "people",
    "person_changes",
    "posts",
    "purchase_orders",
    "refund_reversals",
    "refunds",
    "reminder_levels",
    "role_grants",
    "set_up_tasks",
    "shares",
    "strands",
    "term_dates",
    "vat_overrides",
];
/// The same for everybody, and read by everybody.
const SHARED: &[&str] = &["authority_term_dates", "school_links", "schools"];
/// Never seen from within an alliance.
const MACHINE: &[&str] = &[
    "accounts",
    "address_changes",
    "api_tokens",
    "demo",
    "development_mails",
    "passkey_challenges",
    "passkeys",
    "recovery_codes",
    "second_steps",
    "sessions",
    "sign_in_codes",
    "started_sign_ins",
    "tombstones",
];

/// What the machine role may do with tenant tables: sign people in and see whom they pay for, find where an invitation
/// leads, see what is to be deleted, found alliances, run the queue.
const MACHINE_ON_TENANT: &[&str] =
    &["alliances", "deletions", "invitations", "jobs", "members", "payers", "people", "role_grants"];

/// What may change after it was written. Everything else of an alliance is written once: what was issued, received or
/// decided stands as it is.
const MAY_CHANGE: &[(&str, &str)] = &[
    ("agreed_amounts", "delete"),
    ("budget_lines", "delete"),
    ("budget_lines", "update"),
    ("budgets", "delete"),
    ("budgets", "update"),
    ("closures", "delete"),
    ("closures", "update"),
    ("idempotency_keys", "delete"),
    ("in_kind_offers", "delete"),
    ("in_kind_offers", "update"),
    ("member_rolls", "update"),
    ("members", "update"),
    ("payers", "update"),
    ("people", "delete"),
    ("posts", "delete"),
    ("purchase_orders", "delete"),
    ("purchase_orders", "update"),
    ("reminder_levels", "delete"),
    ("reminder_levels", "update"),
    ("role_grants", "delete"),
    ("shares", "delete"),
    ("strands", "delete"),
    ("strands", "update"),
    ("term_dates", "delete"),
];

/// Columns of other tables that may change.
const COLUMNS_MAY_CHANGE: &[(&str, &str)] = &[
    (
        "alliances",
        "address, bank_account_name, bank_account_number, bank_sort_code, contact_email, credit_prefix, invoice_prefix, \
         legal_name, name, payment_terms_days, requires_second_step, supplier_kind, timezone, vat_number, wording, year_start_month",
    ),
    ("deletions", "called_off_at, called_off_by, deactivated_at, purge_begun_at, purges_at"),
    ("deliveries", "attempts, last_reply, leased_until, mail_subject, mail_text, sent_at, state"),
    ("exports", "bytes, expires_at, file_count, ready_at, row_count, state"),
    ("invitations", "mailed_at, person_id, refusal, settled_at, state"),
    ("jobs", "finished_at, last_error, lease_owner, lease_until, lost, max_attempts, run_at, state"),
    ("lead_schools", "member_id"),
    ("number_series", "next"),
    ("people", "email, name"),
    ("posts", "ends_on, starts_on, title"),
    ("role_grants", "ends_on, starts_on"),
    ("set_up_tasks", "is_set_aside, owner_id"),
];

/// The only form of a tenant policy.
const POLICY: &str =
    "(alliance_id = (NULLIF(current_setting('app.alliance_id'::text, true), ''::text))::uuid)";

async fn strings(app: &TestApp, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&app.owner).await.unwrap()
}

#[tokio::test]
async fn every_table_is_declared() {
    let app = TestApp::empty().await;
    let there = strings(
        &app,
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
         and relname <> '_sqlx_migrations' order by 1",
    );
    let mut declared: Vec<_> = [TENANT, SHARED, MACHINE].concat();
    declared.sort_unstable();
    assert_eq!(there.await, declared);
}

#[tokio::test]
async fn every_key_and_index_of_a_tenant_table_begins_with_the_alliance() {
    let app = TestApp::empty().await;
    // What is found before an alliance is entered: its address, an account's people, the machine's work.
    let excepted = [
        "alliances_slug_key",
        "invitations_led_to",
        "invitations_received",
        "jobs_finished",
        "jobs_leases",
        "jobs_suspects",
        "people_accounts",
        "people_sign_in",
    ];
    let wrong = strings(
        &app,
        "select c.relname || ': ' || i.relname
         from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
         left join pg_attribute a on a.attrelid = c.oid and a.attnum = x.indkey[0]
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
           and a.attname is distinct from 'alliance_id' order by 1",
    )
    .await;
    for index in wrong {
        let (table, name) = index.split_once(": ").unwrap();
        assert!(
            !TENANT.contains(&table) || excepted.contains(&name),
            "{index} does not begin with alliance_id"
        );
    }
    let loose = strings(
        &app,
        "select conrelid::regclass || ': ' || conname from pg_constraint k
         where contype = 'f' and connamespace = 'public'::regnamespace and confrelid in
               (select attrelid from pg_attribute where attname = 'alliance_id' and not attisdropped)
           and ((select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1]) <> 'alliance_id'
             or (select attname from pg_attribute where attrelid = confrelid and attnum = confkey[1]) <> 'alliance_id')",
    );
    assert_eq!(loose.await, Vec::<String>::new());
    let unkeyed = strings(
        &app,
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
           and c.relname <> '_sqlx_migrations'
           and not exists (select from pg_constraint where conrelid = c.oid and contype = 'p')",
    );
    assert_eq!(unkeyed.await, Vec::<String>::new());
    for table in TENANT {
        let query = format!(
            "select (attnum = 1 and attnotnull and atttypid = 'uuid'::regtype)::text from pg_attribute
             where attrelid = '{table}'::regclass and attname = 'alliance_id'"
        );
        assert_eq!(strings(&app, &query).await, ["true"], "{table}");
    }
}

#[tokio::test]
async fn row_level_security_binds_everybody_in_one_form() {
    let app = TestApp::empty().await;
    let open = strings(
        &app,
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
         and relname <> '_sqlx_migrations' and not (relrowsecurity and relforcerowsecurity)",
    );
    assert_eq!(open.await, Vec::<String>::new());

    let policies = sqlx::query(
        "select tablename::text, policyname::text, permissive, array_to_string(roles, ',') roles, cmd,
                coalesce(qual, 'none') qual, coalesce(with_check, 'none') checks
         from pg_policies where schemaname = 'public' order by 1, 2",
    );
    let mut of_app = BTreeMap::new();
    let mut of_machine = Vec::new();
    let mut of_owner = BTreeMap::new();
    for row in policies.fetch_all(&app.owner).await.unwrap() {
        let text = |column: &str| row.get::<String, _>(column);
        let (table, roles) = (text("tablename"), text("roles"));
        assert_eq!(text("permissive"), "PERMISSIVE");
        match roles.as_str() {
            "ensemble_app" => {
                let known = of_app.insert(table.clone(), (text("cmd"), text("qual"), text("checks")));
                assert_eq!(known, None, "{table} has a second policy");
            }
            "ensemble_machine" => of_machine.push(table),
            // Whoever deletes an alliance, by the one function that may.
            "owner" => {
                let known = of_owner.insert(table.clone(), (text("cmd"), text("qual"), text("checks")));
                assert_eq!(known, None, "{table} has a second policy");
            }
            _ => panic!("{table} has a policy for {roles}"),
        }
    }
    for table in TENANT {
        let form = ("ALL".to_owned(), POLICY.to_owned(), POLICY.to_owned());
        assert_eq!(of_app.remove(*table), Some(form), "{table}");
    }
    // A new table of an alliance needs this policy as well, or its rows outlive the alliance where the owner is no superuser.
    for table in [TENANT, &["api_tokens"]].concat() {
        let form = ("ALL".to_owned(), POLICY.to_owned(), POLICY.to_owned());
        assert_eq!(of_owner.remove(table), Some(form), "{table}");
    }
    let tombstones = ("ALL".to_owned(), "true".to_owned(), "none".to_owned());
    assert_eq!(of_owner, BTreeMap::from([("tombstones".to_owned(), tombstones)]));
    for table in SHARED {
        let form = ("SELECT".to_owned(), "true".to_owned(), "none".to_owned());
        assert_eq!(of_app.remove(*table), Some(form), "{table}");
    }
    assert_eq!(of_app, BTreeMap::new());
    let mut expected = [MACHINE_ON_TENANT, SHARED, MACHINE].concat();
    expected.sort_unstable();
    assert_eq!(of_machine, expected);
}

#[tokio::test]
async fn the_logins_own_nothing_and_change_only_what_may_change() {
    let app = TestApp::empty().await;
    let powers = strings(
        &app,
        "select rolname::text from pg_roles where rolname like 'ensemble%'
         and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
              or exists (select from pg_auth_members m where m.member = pg_roles.oid)
              or exists (select from pg_class c where c.relowner = pg_roles.oid))",
    );
    assert_eq!(powers.await, Vec::<String>::new());
    let too_much = strings(
        &app,
        "select distinct grantee || ' ' || privilege_type || ' ' || table_name from information_schema.table_privileges
         where table_schema = 'public'
           and (grantee = 'PUBLIC' or grantee like 'ensemble%' and privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER'))",
    );
    assert_eq!(too_much.await, Vec::<String>::new());
    let changes = strings(
        &app,
        "select table_name || ' ' || lower(privilege_type) from information_schema.table_privileges
         where table_schema = 'public' and grantee = 'ensemble_app' and privilege_type in ('UPDATE', 'DELETE')
         order by table_name, privilege_type",
    );
    let expected: Vec<_> = MAY_CHANGE.iter().map(|(table, right)| format!("{table} {right}")).collect();
    assert_eq!(changes.await, expected);
    let columns = strings(
        &app,
        "select c.table_name || ': ' || string_agg(c.column_name, ', ' order by c.column_name::text collate \"C\")
         from information_schema.column_privileges c
         where c.table_schema = 'public' and c.grantee = 'ensemble_app' and c.privilege_type = 'UPDATE'
           and not exists (select from information_schema.table_privileges t
                           where (t.table_name, t.grantee, t.privilege_type) = (c.table_name, c.grantee, 'UPDATE'))
         group by c.table_name order by c.table_name",
    );
    let expected: Vec<_> =
        COLUMNS_MAY_CHANGE.iter().map(|(table, names)| format!("{table}: {names}")).collect();
    assert_eq!(columns.await, expected);
    let machine = strings(
        &app,
        "select distinct table_name::text from information_schema.column_privileges
         where table_schema = 'public' and grantee = 'ensemble_machine'
           and (table_name, privilege_type) <> ('_sqlx_migrations', 'SELECT') order by 1",
    );
    let mut expected = [MACHINE_ON_TENANT, SHARED, MACHINE].concat();
    expected.sort_unstable();
    assert_eq!(machine.await, expected);
}

/// Tables whose changes the record of changes leaves out: itself, and what the service makes of what is recorded.
const NOT_RECORDED: &[&str] = &[
    "audit_changes",
    "audit_records",
    "deliveries",
    "documents",
    "idempotency_keys",
    "invoice_lines",
    "jobs",
    "ledger_entries",
    "number_series",
    "person_changes",
];

#[tokio::test]
async fn whatever_people_change_is_recorded() {
    let app = TestApp::empty().await;
    let mut declared: Vec<_> =
        RECORDED.iter().map(|(table, _)| *table).chain(NOT_RECORDED.to_vec()).collect();
    declared.sort_unstable();
    assert_eq!(declared, TENANT);
    let triggers = strings(
        &app,
        "select tgrelid::regclass || ' ' || tgname from pg_trigger
         where not tgisinternal and tgenabled = 'O' and tgname <> 'audit_changes_close' order by tgrelid::regclass::text, tgname",
    );
    let of_table = |table: &str| ["delete", "insert", "update"].map(|what| format!("{table} audit_{what}"));
    let mut expected: Vec<_> = RECORDED.iter().flat_map(|(table, _)| of_table(table)).collect();
    // That one was founded is told by itself.
    expected.retain(|trigger| trigger != "alliances audit_insert");
    assert_eq!(triggers.await, expected);
}

#[tokio::test]
async fn nothing_reads_around_the_policies() {
    let app = TestApp::empty().await;
    let views = strings(
        &app,
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace
         and (relkind = 'm' or relkind = 'v' and not coalesce(reloptions @> array['security_invoker=true'], false))",
    );
    assert_eq!(views.await, Vec::<String>::new());
    let definers = strings(
        &app,
        "select proname::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef order by 1",
    );
    assert_eq!(definers.await, ["purge_alliance"]);
    // It deletes what nobody may: for the machine's login alone, and with names that nobody else can give a meaning.
    let who = strings(
        &app,
        "select coalesce(array_to_string(proacl, ' '), '') || ' ' || array_to_string(proconfig, ' ') from pg_proc
         where proname = 'purge_alliance'",
    );
    let expected = "owner=X/owner ensemble_machine=X/owner search_path=pg_catalog, public, pg_temp";
    assert_eq!(who.await, [expected]);
    // Operators of other types are not leakproof, and an index is not used below a policy without that.
    let enums = strings(
        &app,
        "select typname::text from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')",
    );
    assert_eq!(enums.await, Vec::<String>::new());
    let clocks = strings(
        &app,
        "select table_name || '.' || column_name from information_schema.columns
         where table_schema = 'public' and table_name <> '_sqlx_migrations' and column_default ~ 'now\\(|clock|random|uuid'",
    );
    assert_eq!(clocks.await, Vec::<String>::new());
    let unnamed = strings(
        &app,
        "select conrelid::regclass || ': ' || conname from pg_constraint
         where connamespace = 'public'::regnamespace and contype in ('u', 'f', 'c') and not convalidated",
    );
    assert_eq!(unnamed.await, Vec::<String>::new());
}

/// The Rust files below a folder, with what they say.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        if path.is_dir() {
            return sources(&path);
        }
        vec![(path.display().to_string(), fs::read_to_string(&path).unwrap())]
    };
    entries.flat_map(read).filter(|(name, _)| name.ends_with(".rs")).collect()
}

/// With single spaces.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tenant tables that a statement reads or writes, as often as it names them.
fn tenant_tables(statement: &str) -> usize {
    let words: Vec<_> = statement.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let is_named = |pair: &&[&str]| {
        matches!(pair[0].to_lowercase().as_str(), "from" | "join" | "into" | "update" | "using")
            && TENANT.contains(&pair[1])
    };
    words.windows(2).filter(is_named).count()
}

/// The third lock. For each tenant table that a statement names, it says `alliance_id = $1` once, or inserts `$1` as
/// the row's alliance. A statement that does not runs before or outside any alliance, by the machine's login. Nothing but
/// a [`domain::db::Tx`] speaks as the app's login, so the function that has such a statement takes none, and no bare
/// connection that could belong to one.
#[test]
fn every_statement_of_the_app_login_names_the_alliance() {
    let domain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/domain");
    let functions: Vec<String> = sources(&domain.join("src"))
        .iter()
        .flat_map(|(_, source)| on_one_line(source).split(" fn ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let (mut of_app, mut of_machine) = (0, 0);
    for entry in fs::read_dir(domain.join(".sqlx")).unwrap() {
        let kept: Value = serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let statement = on_one_line(kept["query"].as_str().unwrap());
        let mut in_functions = functions.iter().filter(|function| function.contains(&statement)).peekable();
        assert!(in_functions.peek().is_some(), "no function has: {statement}");
        let lower = statement.to_lowercase();
        let inserts = lower.matches("(alliance_id").count().min(lower.matches("insert into").count());
        let gives = lower.contains("values ($1") || lower.contains("select $1");
        let named = lower.matches("alliance_id = $1").count() + if gives { inserts } else { 0 };
        if named >= tenant_tables(&statement) {
            of_app += 1;
            continue;
        }
        for function in in_functions {
            let may_be_the_apps = ["&mut Tx", "PgConnection"].iter().any(|way| function.contains(way));
            assert!(!may_be_the_apps, "names no alliance: {statement}");
        }
        of_machine += 1;
    }
    assert!(of_app > 90 && of_machine > 5, "{of_app} of the app, {of_machine} of the machine");
}

/// The test could tell: statements that leave an alliance out, or one of two tables, are seen.
#[test]
fn a_statement_is_counted_by_its_tenant_tables() {
    assert_eq!(tenant_tables("select name from people where id = $2"), 1);
    assert_eq!(tenant_tables("select 1 from posts p join people q on q.id = p.person_id"), 2);
    assert_eq!(tenant_tables("delete from shares using budgets where true"), 2);
    assert_eq!(tenant_tables("select name from schools s join school_links l on l.urn = s.urn"), 0);
}

async fn as_app(app: &TestApp) -> PgConnection {
    PgConnection::connect(&Server::shared().url("ensemble_app", app.database())).await.unwrap()
}

/// The fixture has rows of both alliances in every tenant table, so that these counts mean something.
#[tokio::test(flavor = "multi_thread")]
async fn the_login_sees_and_writes_one_alliance_at_a_time() {
    let app = TestApp::new().await;
    let fenland =
        app.text(&format!("select alliance_id::text from alliances where slug = '{FENLAND}'")).await;
    let harbour =
        app.text(&format!("select alliance_id::text from alliances where slug <> '{FENLAND}'")).await;
    let mut login = as_app(&app).await;
    for table in TENANT {
        let both = format!(
            "select count(distinct alliance_id) from {table} where alliance_id in ('{fenland}', '{harbour}')"
        );
        assert_eq!(app.count(&both).await, 2, "the fixture has nothing in {table}");
        let count = async |login: &mut PgConnection, condition: &str| -> i64 {
            let query = format!("select count(*) from {table} {condition}");
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(login).await.unwrap()
        };
        assert_eq!(count(&mut login, "").await, 0, "{table} without an alliance");

        login
            .execute(AssertSqlSafe(format!("begin; set local app.alliance_id = '{fenland}'")))
            .await
            .unwrap();
        let own = app.count(&format!("select count(*) from {table} where alliance_id = '{fenland}'")).await;
        assert_eq!(count(&mut login, "").await, own, "{table}");
        assert_eq!(count(&mut login, &format!("where alliance_id = '{harbour}'")).await, 0, "{table}");
        // Not even a copy of an own row gets over.
        let columns = app
            .text(&format!(
                "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                 where attrelid = '{table}'::regclass and attnum > 1 and not attisdropped"
            ))
            .await;
        let copy = format!(
            "insert into {table} (alliance_id, {columns}) select '{harbour}', {columns} from {table} limit 1"
        );
        let error = login.execute(AssertSqlSafe(copy)).await.unwrap_err().to_string();
        assert!(
            error.contains("row-level security") || error.contains("permission denied"),
            "{table}: {error}"
        );
        login.execute("rollback").await.unwrap();
    }
    for table in MACHINE {
        let read =
            login.execute(AssertSqlSafe(format!("select * from {table}"))).await.unwrap_err().to_string();
        assert!(read.contains("permission denied"), "{table}: {read}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_again_without_a_change() {
    let app = TestApp::new().await;
    let before = app.contents().await;
    domain::db::migrate(&Server::shared().url("owner", app.database())).await.unwrap();
    assert_eq!(app.contents().await, before);
    // A login that is not the owner cannot migrate, and says so.
    let urls = Server::shared().url("ensemble_app", &Server::shared().new_empty_database().await);
    assert!(domain::db::migrate(&urls).await.is_err());
}
