//! Prints the GraphQL schema. `ensemble schema` does the same, but that program has the pages in it, and they do not
//! compile against a committed schema that is stale.

fn main() {
    print!("{}", gateway::schema::sdl());
}
