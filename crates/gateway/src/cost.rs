//! What a document costs, before it is executed: a point for every object that it can give.
//!
//! A leaf is free. A connection costs what its `first` asks for, and any other list counts as [`LIST`] entries, since
//! what it really has is known only afterwards. Counting a whole list and changing something have prices of their own.

use std::collections::HashMap;

use async_graphql::{
    Value, Variables,
    parser::{
        parse_schema,
        types::{
            BaseType, DocumentOperations, ExecutableDocument, Field, FieldDefinition, OperationDefinition,
            OperationType, Selection, SelectionSet, Type, TypeKind, TypeSystemDefinition,
        },
    },
};

/// Entries that a list without `first` counts as.
const LIST: u32 = 10;
/// Entries of a connection whose `first` is not said.
const PAGE: u32 = 25;
/// A statement that counts a whole list.
const TOTAL_COUNT: u32 = 10;
/// A change: it writes, and often queues work.
const MUTATION: u32 = 10;
/// A look at the schema, whatever of it.
const INTROSPECTION: u32 = 50;

/// The most that one request may cost.
pub(crate) const MOST: u32 = 5_000;

/// The prices of every field, derived from the schema.
pub(crate) struct Prices {
    fields: HashMap<String, HashMap<String, Priced>>,
}

/// A field that gives objects.
struct Priced {
    gives: String,
    is_list: bool,
}

impl Prices {
    /// Of the schema in the schema definition language.
    pub(crate) fn of_schema(sdl: &str) -> Self {
        // Our own schema as the library printed it; were it not readable, nothing would have a price, and the test
        // below would fail.
        let definitions = parse_schema(sdl).map(|document| document.definitions).unwrap_or_default();
        let types = || {
            definitions.iter().filter_map(|definition| match definition {
                TypeSystemDefinition::Type(definition) => {
                    let fields = match &definition.node.kind {
                        TypeKind::Object(object) => Some(&object.fields),
                        TypeKind::Interface(interface) => Some(&interface.fields),
                        _ => None,
                    };
                    Some((definition.node.name.node.as_str(), fields?))
                }
                _ => None,
            })
        };
        let has_fields = |name: &str| types().any(|(known, _)| known == name);
        let priced = |field: &FieldDefinition| {
            let (gives, is_list) = named(&field.ty.node);
            (has_fields(gives) || (field.name.node == "totalCount"))
                .then(|| (field.name.node.to_string(), Priced { gives: gives.to_owned(), is_list }))
        };
        let fields = types()
            .map(|(name, fields)| {
                (name.to_owned(), fields.iter().filter_map(|field| priced(&field.node)).collect())
            })
            .collect();
        Self { fields }
    }

    /// The cost of the operation that would be executed; 0 when there is none, which is refused soon after.
    pub(crate) fn cost(
        &self,
        document: &ExecutableDocument,
        operation_name: Option<&str>,
        variables: &Variables,
    ) -> u32 {
        let Some(operation) = operation(document, operation_name) else { return 0 };
        let (root, each) = match operation.ty {
            OperationType::Query => ("Query", 0),
            OperationType::Mutation => ("Mutation", MUTATION),
            OperationType::Subscription => ("Subscription", 0),
        };
        let set = &operation.selection_set.node;
        let changes = u32::try_from(set.items.len()).unwrap_or(u32::MAX).saturating_mul(each);
        let walk = Walk { prices: self, document, operation, variables };
        changes.saturating_add(walk.set(set, root, PAGE)).max(1)
    }
}

/// The operation of that name, or the only one.
pub(crate) fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name).map(|operation| &operation.node),
        (DocumentOperations::Multiple(all), None) => {
            let mut all = all.values();
            all.next().filter(|_| all.next().is_none()).map(|operation| &operation.node)
        }
    }
}

/// The name of a type without `[]` and `!`, and whether it is a list.
fn named(ty: &Type) -> (&str, bool) {
    match &ty.base {
        BaseType::Named(name) => (name, false),
        BaseType::List(inner) => (named(inner).0, true),
    }
}

struct Walk<'a> {
    prices: &'a Prices,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
}

impl Walk<'_> {
    /// The cost of `set` on one object of type `on`. `page` is how many nodes that object has, should it be a
    /// connection. Fragments do not contain themselves: the document was checked.
    fn set(&self, set: &SelectionSet, on: &str, page: u32) -> u32 {
        set.items.iter().fold(0_u32, |sum, item| {
            let cost = match &item.node {
                Selection::Field(field) => self.field(&field.node, on, page),
                Selection::InlineFragment(fragment) => {
                    let fragment = &fragment.node;
                    let on = fragment.type_condition.as_ref().map_or(on, |on| on.node.on.node.as_str());
                    self.set(&fragment.selection_set.node, on, page)
                }
                Selection::FragmentSpread(spread) => {
                    self.document.fragments.get(&spread.node.fragment_name.node).map_or(0, |fragment| {
                        let fragment = &fragment.node;
                        self.set(&fragment.selection_set.node, &fragment.type_condition.node.on.node, page)
                    })
                }
            };
            sum.saturating_add(cost)
        })
    }

    fn field(&self, field: &Field, on: &str, page: u32) -> u32 {
        let name = field.name.node.as_str();
        if name == "__schema" || name == "__type" {
            return INTROSPECTION;
        }
        let Some(priced) = self.prices.fields.get(on).and_then(|fields| fields.get(name)) else { return 0 };
        if name == "totalCount" {
            return TOTAL_COUNT;
        }
        let count = match (priced.is_list, name) {
            (true, "nodes") => page,
            (true, _) => LIST,
            (false, _) => 1,
        };
        let page = self.first(field).unwrap_or(PAGE);
        count.saturating_mul(self.set(&field.selection_set.node, &priced.gives, page).saturating_add(1))
    }

    fn first(&self, field: &Field) -> Option<u32> {
        let value = field.get_argument("first")?.node.clone();
        let value = value.into_const_with(|name| {
            let default = || {
                let defined =
                    self.operation.variable_definitions.iter().find(|one| one.node.name.node == name);
                defined.and_then(|one| one.node.default_value.as_ref()).map(|default| default.node.clone())
            };
            Ok::<_, ()>(self.variables.get(&name).cloned().or_else(default).unwrap_or(Value::Null))
        });
        match value {
            Ok(Value::Number(number)) => number.as_u64().and_then(|first| u32::try_from(first).ok()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn cost(query: &str, variables: serde_json::Value) -> u32 {
        let prices = Prices::of_schema(&crate::schema::sdl());
        prices.cost(&parse_query(query).unwrap(), None, &Variables::from_json(variables))
    }

    #[test]
    fn an_object_is_a_point_and_a_leaf_is_free() {
        assert_eq!(cost("{ viewer { email } }", json!({})), 1);
        assert_eq!(cost("{ alliance(slug: \"a\") { name legalName today } }", json!({})), 1);
        assert_eq!(cost("{ __typename }", json!({})), 1);
        assert_eq!(cost("{ __schema { types { name } } }", json!({})), 50);
    }

    #[test]
    fn a_connection_costs_what_it_is_asked_for() {
        let one =
            |first: &str| format!("{{ alliance(slug: \"a\") {{ members{first} {{ nodes {{ id }} }} }} }}");
        assert_eq!(cost(&one("(first: 40)"), json!({})), 1 + 1 + 40);
        assert_eq!(cost(&one(""), json!({})), 1 + 1 + 25);
        let variable = format!("query($n: Int = 3) {}", one("(first: $n)"));
        assert_eq!(cost(&variable, json!({ "n": 7 })), 1 + 1 + 7);
        assert_eq!(cost(&variable, json!({})), 1 + 1 + 3);
        let nested = "{ alliance(slug: \"a\") { members(first: 20) { totalCount nodes { invoices(first: 5) { nodes { id } } } } } }";
        assert_eq!(cost(nested, json!({})), 1 + 1 + 10 + 20 * (1 + 1 + 5));
    }

    #[test]
    fn fragments_cost_what_they_hold_and_lists_count_as_ten() {
        let spread = "{ alliance(slug: \"a\") { ...A } } fragment A on Alliance { strands { id } }";
        assert_eq!(cost(spread, json!({})), 1 + 10);
        let inline = "{ node(id: \"x\") { ... on Alliance { strands { id } } } }";
        assert_eq!(cost(inline, json!({})), 1 + 10);
    }

    #[test]
    fn a_change_costs_more_than_a_look() {
        let mutation = "mutation($i: RetryJobInput!) { retryJob(input: $i) { job { id } errors { code } } }";
        assert_eq!(cost(mutation, json!({})), 10 + 1 + 1 + 10);
    }

    #[test]
    fn a_hostile_document_costs_a_lot_and_overflows_nothing() {
        let deep = "{ alliance(slug: \"a\") { members(first: 4294967295) { nodes { invoices(first: 4294967295) { nodes { id } } } } } }";
        assert_eq!(cost(deep, json!({})), u32::MAX);
    }
}
