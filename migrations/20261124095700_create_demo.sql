-- How far the demo has got in this database, so that one which was interrupted is not taken for whole, and none goes
-- into a database that people use. Machine table of one row at most; without it there is no demo.
create table demo (
    only_row boolean not null default true constraint demo_pkey primary key constraint demo_only_row_check check (only_row),
    -- begun: not finished, so nobody has been let in yet. left: not finished, and people were let in all the same.
    state    text not null constraint demo_state_check check (state in ('begun', 'made', 'left'))
);

alter table demo enable row level security;
alter table demo force row level security;
create policy machine on demo to ensemble_machine using (true) with check (true);
grant select, insert, update on demo to ensemble_machine;
