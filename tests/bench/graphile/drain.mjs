// Queues JOBS small jobs for graphile-worker and works them off, tuned for many small jobs. Prints jobs a second, from
// the start of the worker to the last job settled.
//   node drain.mjs NODE_MODULES DATABASE_URL JOBS
import { createRequire } from "node:module";

const [, , modules, connectionString, jobs] = process.argv;
const require = createRequire(`${modules}/`);
const { Logger, run, runMigrations } = require("graphile-worker");
const { Pool } = require("pg");

const pool = new Pool({ connectionString, max: 2 });
const logger = new Logger(() => () => {});
const worker = {
    connectionString,
    logger,
    concurrentJobs: 24,
    maxPoolSize: 26,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
};
await runMigrations({ preset: { worker } });
await pool.query("truncate graphile_worker._private_jobs");
await pool.query(
    `select count(*) from graphile_worker.add_jobs(array(
        select row('trivial', json_build_object('n', n), null, null, null, null, null, null)::graphile_worker.job_spec
        from generate_series(1, $1::int) as n))`,
    [jobs],
);
await pool.query("vacuum analyze graphile_worker._private_jobs");
await pool.query("checkpoint");

const started = performance.now();
let done = 0;
const runner = await run({ preset: { worker }, taskList: { trivial: async () => void done++ } });
const left = async () => {
    const { rows } = await pool.query("select exists (select from graphile_worker._private_jobs) as left");
    return rows[0].left;
};
while (await left()) await new Promise((wake) => setTimeout(wake, 10));
const seconds = (performance.now() - started) / 1000;
await runner.stop();
await pool.end();
if (done !== Number(jobs)) throw new Error(`${done} of ${jobs} jobs ran`);
console.log(Number(jobs) / seconds);
