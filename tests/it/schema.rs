//! The schema as the product tells it, so that nothing is left out of a test that goes through all of it.

use serde_json::{Value, json};
use tests::Client;

const INTROSPECTION: &str = "query {
    __schema { types { kind name fields { name args { name type { ...Type } } type { ...Type } }
                       inputFields { name type { ...Type } } } }
}
fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }";

pub struct Schema {
    types: Vec<Value>,
}

/// A field and the arguments it takes.
pub struct Field {
    pub name: String,
    /// Names and types of the arguments, without `!` and `[]`.
    pub args: Vec<(String, String)>,
    /// The type it gives, without `!` and `[]`.
    pub gives: String,
}

impl Schema {
    pub async fn of(client: &Client) -> Self {
        let data = client.graphql(INTROSPECTION, json!({})).await;
        Self { types: data["__schema"]["types"].as_array().unwrap().clone() }
    }

    fn ty(&self, name: &str) -> &Value {
        self.types.iter().find(|ty| ty["name"] == name).unwrap_or_else(|| panic!("no type {name}"))
    }

    /// The names of all object types.
    pub fn objects(&self) -> Vec<&str> {
        let objects = self.types.iter().filter(|ty| ty["kind"] == "OBJECT");
        objects.map(|ty| text(&ty["name"])).filter(|name| !name.starts_with("__")).collect()
    }

    /// Whether values of the type have no fields.
    pub fn is_leaf(&self, name: &str) -> bool {
        matches!(text(&self.ty(name)["kind"]), "SCALAR" | "ENUM")
    }

    pub fn fields(&self, object: &str) -> Vec<Field> {
        let fields = self.ty(object)["fields"].as_array().unwrap();
        fields
            .iter()
            .map(|field| Field {
                name: text(&field["name"]).to_owned(),
                args: named_types(&field["args"]),
                gives: named(&field["type"]),
            })
            .collect()
    }

    /// Where in a value of `input` ids are, as JSON pointers with `0` for each element of a list.
    pub fn ids_in(&self, input: &str) -> Vec<String> {
        let ty = self.ty(input);
        if ty["kind"] != "INPUT_OBJECT" {
            return if input == "ID" { vec![String::new()] } else { Vec::new() };
        }
        let fields = ty["inputFields"].as_array().unwrap();
        let paths = fields.iter().flat_map(|field| {
            let list = if is_list(&field["type"]) { "/0" } else { "" };
            let inner = self.ids_in(&named(&field["type"]));
            inner.into_iter().map(move |path| format!("/{}{list}{path}", text(&field["name"])))
        });
        paths.collect()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn named_types(fields: &Value) -> Vec<(String, String)> {
    let fields = fields.as_array().unwrap();
    fields.iter().map(|field| (text(&field["name"]).to_owned(), named(&field["type"]))).collect()
}

/// The type's own name.
fn named(ty: &Value) -> String {
    if ty["ofType"].is_null() { text(&ty["name"]).to_owned() } else { named(&ty["ofType"]) }
}

fn is_list(ty: &Value) -> bool {
    ty["kind"] == "LIST" || (!ty["ofType"].is_null() && is_list(&ty["ofType"]))
}
