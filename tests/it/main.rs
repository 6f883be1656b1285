//! The product, driven from outside: through HTTP, as a named role, over a real Postgres and a real mail server.

mod access;
mod arrows;
mod audit;
mod bad_input;
mod bank_statements;
mod budgets;
mod catalogue;
mod demo;
mod deployment;
mod doctor;
mod graphql;
mod home;
mod invoices;
mod main_job;
mod operations;
mod pages;
mod payments;
mod people;
mod register;
mod reminders;
mod roles;
mod schema;
mod statements;
mod subscriptions;
mod up;
mod walls;
