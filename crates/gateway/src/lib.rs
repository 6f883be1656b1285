//! The GraphQL schema and the HTTP surface for machines.
