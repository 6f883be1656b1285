//! What Postgres does for the statements of the queue in a table full of finished work, as it logs it itself.

use std::{collections::BTreeMap, time::Duration};

use domain::jobs::queue::{self, Claim, Claimed, Lane, Lease, Outcome};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};
use tests::postgres::Server;

use crate::world::World;

/// 100,000 rows that are done; 50 alliances with 40 that wait; 20 whose leases have run out, and 5 lost twice.
const ROWS: &str = "
    insert into jobs (alliance_id, id, kind, payload, run_at, priority, max_attempts, attempts, lost, state,
                      lease_owner, lease_until, created_at, finished_at)
    select ('00000000-0000-0000-0000-' || lpad((n % 50)::text, 12, '0'))::uuid, gen_random_uuid(), 'good', '{\"n\": 1}',
           now() - interval '1 hour', 1, 8, 1, lost, state, case when state = 'running' then 'gone' end,
           case when state = 'running' then now() - interval '1 minute' end, now(),
           case when state = 'done' then now() end
    from (values ('done', 100000, 0), ('waiting', 2000, 0), ('running', 20, 0), ('waiting', 5, 2))
             as kind (state, count, lost)
    cross join lateral generate_series(1, count) as n";

const LOGGED: &str = "
    alter database :name set session_preload_libraries = 'auto_explain';
    alter database :name set auto_explain.log_min_duration = 0;
    alter database :name set auto_explain.log_analyze = on;
    alter database :name set auto_explain.log_buffers = on;
    alter database :name set auto_explain.log_format = json";

/// The plans in a server's log, of statements on jobs.
fn plans(log: &str) -> Vec<Value> {
    let after_heading = log.split("  plan:\n").skip(1);
    let texts = after_heading
        .map(|text| text.lines().take_while(|line| line.starts_with('\t')).collect::<Vec<_>>().join("\n"));
    texts.map(|text| serde_json::from_str(&text).unwrap()).collect()
}

/// The nodes of a plan, outermost first.
fn nodes(plan: &Value) -> Vec<&Value> {
    let mut all = vec![plan];
    for child in plan["Plans"].as_array().into_iter().flatten() {
        all.extend(nodes(child));
    }
    all
}

fn number(node: &Value, name: &str) -> f64 {
    node[name].as_f64().unwrap_or(0.0)
}

/// How many rows were read from jobs, those looked at in vain included.
fn rows_read(nodes: &[&Value]) -> f64 {
    let read = |node: &&&Value| {
        node["Node Type"].as_str().unwrap().ends_with("Scan") && node["Relation Name"] == "jobs"
    };
    let rows = |node: &&Value| {
        let each = number(node, "Actual Rows")
            + number(node, "Rows Removed by Filter")
            + number(node, "Rows Removed by Index Recheck");
        each * number(node, "Actual Loops")
    };
    nodes.iter().filter(read).map(rows).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_work_costs_the_queue_nothing() {
    let mut world = World::on(Server::start()).await;
    fill(&mut world, ROWS).await;

    // More often than the five times after which Postgres may settle for a plan that suits any values.
    for n in 0..10 {
        let claim = Claim { owner: "test", after: Lane::START, batch: 50, lease: Duration::from_secs(600) };
        assert_eq!(queue::claim(&world.app, &claim).await.unwrap().len(), 50);
        assert_eq!(queue::reclaim_expired(&world.app).await.unwrap(), if n == 0 { 20 } else { 0 });
        assert_eq!(queue::claim_suspect(&world.app, &claim).await.unwrap().is_some(), n < 5);
    }

    // What a process says of some must not cost a look at all 500 that it holds.
    for _ in 0..10 {
        let claim = Claim { owner: "test", after: Lane::START, batch: 50, lease: Duration::from_secs(600) };
        let held = queue::claim(&world.app, &claim).await.unwrap().iter().map(lease).collect::<Vec<_>>();
        assert_eq!(held.len(), 50);
        let renewed = queue::renew(&world.app, &held, Duration::from_secs(600)).await.unwrap();
        assert_eq!(renewed.len(), 50);
        let (done, unstarted) = held.split_at(40);
        let outcomes = done.iter().map(|lease| (lease.clone(), Outcome::Done)).collect::<Vec<_>>();
        assert_eq!(queue::settle(&world.app, &outcomes).await.unwrap(), 40);
        assert_eq!(queue::give_back(&world.app, unstarted).await.unwrap(), 10);
    }

    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let plans = plans(&world.server.log());
    for plan in &plans {
        let statement = plan["Query Text"].as_str().unwrap();
        let (name, index) = match statement {
            _ if statement.starts_with("with recursive lane") => ("claim", "jobs_waiting"),
            _ if statement.starts_with("with reclaimed") => ("sweep", "jobs_leases"),
            _ if statement.contains("lost >= 2") => ("suspect", "jobs_suspects"),
            _ if statement.contains("as ended (") => ("settle", "jobs_pkey"),
            _ if statement.starts_with("with returned") => ("give back", "jobs_pkey"),
            _ if statement.contains("as held (") => ("renew", "jobs_pkey"),
            _ => continue,
        };
        let nodes = nodes(&plan["Plan"]);
        for node in &nodes {
            assert!(node["Node Type"] != "Seq Scan" || node["Relation Name"] != "jobs", "{name}: {plan:#}");
            assert!(node["Index Name"].is_null() || node["Index Name"] == index, "{name}: {plan:#}");
        }
        assert!(nodes.iter().any(|node| node["Index Name"] == index), "{name}: {plan:#}");
        let (rows, blocks) = (
            rows_read(&nodes),
            number(&plan["Plan"], "Shared Hit Blocks") + number(&plan["Plan"], "Shared Read Blocks"),
        );
        assert!(rows <= 300.0, "{name} read {rows} rows: {plan:#}");
        assert!(
            blocks <= 1_500.0,
            "{name} read {blocks} blocks, about as many as the whole table has: {plan:#}"
        );
        *seen.entry(name).or_default() += 1;
    }
    let expected =
        [("claim", 20), ("give back", 10), ("renew", 10), ("settle", 10), ("suspect", 10), ("sweep", 10)];
    assert_eq!(seen, expected.into());
}

/// Postgres has seen that no job has an owner, and the table is so small that it likes to read all of it. One process
/// holds thousands by then.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_says_of_its_jobs_is_not_compared_with_all_that_it_holds() {
    let mut world = World::on(Server::start()).await;
    fill(&mut world, "
        insert into jobs (alliance_id, id, kind, payload, run_at, priority, max_attempts, created_at)
        select ('00000000-0000-0000-0000-' || lpad((n % 200)::text, 12, '0'))::uuid, gen_random_uuid(), 'good',
               '{\"n\": 1}', now() - interval '1 hour', 1, 8, now()
        from generate_series(1, 20000) as n").await;
    let claim = Claim { owner: "test", after: Lane::START, batch: 500, lease: Duration::from_secs(600) };
    let mut held = Vec::new();
    for _ in 0..10 {
        held.extend(queue::claim(&world.app, &claim).await.unwrap().iter().map(lease));
    }
    let renewed = queue::renew(&world.app, &held, Duration::from_secs(600)).await.unwrap();
    assert_eq!(renewed.len(), held.len());
    let (done, unstarted) = held.split_at(500);
    let outcomes = done.iter().map(|lease| (lease.clone(), Outcome::Done)).collect::<Vec<_>>();
    assert_eq!(queue::settle(&world.app, &outcomes).await.unwrap(), 500);
    assert_eq!(queue::give_back(&world.app, &unstarted[..500]).await.unwrap(), 500);

    let said = ["as ended (", "as held ("];
    let plans = plans(&world.server.log());
    let of_held = plans
        .iter()
        .filter(|plan| said.iter().any(|words| plan["Query Text"].as_str().unwrap().contains(words)));
    let mut seen = 0;
    for plan in of_held {
        let nodes = nodes(&plan["Plan"]);
        let in_vain: f64 = nodes.iter().map(|node| number(node, "Rows Removed by Join Filter")).sum();
        assert!(in_vain < 1.0, "{plan:#}");
        assert!(rows_read(&nodes) <= 20_000.0, "{plan:#}");
        seen += 1;
    }
    assert_eq!(seen, 3);
}

/// Puts `rows` into the table of jobs; from then on, the server logs its plans.
async fn fill(world: &mut World, rows: &'static str) {
    world.owner.execute(rows).await.unwrap();
    world.owner.execute("vacuum analyze jobs").await.unwrap();
    let logged = LOGGED.replace(":name", &world.database);
    world.owner.execute(AssertSqlSafe(logged)).await.unwrap();
    world.reconnect().await;
}

fn lease(job: &Claimed) -> Lease {
    Lease { owner: "test".into(), alliance_id: job.alliance_id, job_id: job.id, attempt: job.attempt }
}
