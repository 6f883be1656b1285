//! Limits on a document, checked before it is validated: validating a hostile one is work already.

use async_graphql::parser::{
    parse_query,
    types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet},
};

const LARGEST_DOCUMENT: usize = 32 * 1024;
const MOST_TOKENS: usize = 2_000;
const MOST_ALIASES: usize = 30;
const MOST_ROOT_FIELDS: usize = 20;
const MOST_DIRECTIVES: usize = 20;
const MOST_FRAGMENTS: usize = 50;
/// Introspection as tools send it is 13 deep.
const DEEPEST: usize = 15;

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DocumentProblem {
    #[error("A document has at most {LARGEST_DOCUMENT} bytes.")]
    TooLarge,
    #[error("A document has at most {MOST_TOKENS} tokens.")]
    TooManyTokens,
    #[error("A document has at most {MOST_ALIASES} aliases.")]
    TooManyAliases,
    #[error("An operation has at most {MOST_ROOT_FIELDS} root fields.")]
    TooManyRootFields,
    #[error("A document has at most {MOST_DIRECTIVES} directives.")]
    TooManyDirectives,
    #[error("A document has at most {MOST_FRAGMENTS} fragments.")]
    TooManyFragments,
    #[error("A document is at most {DEEPEST} fields deep.")]
    TooDeep,
    #[error("{0}")]
    Syntax(String),
}

impl DocumentProblem {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "GRAPHQL_PARSE_FAILED",
            _ => "DOCUMENT_TOO_LARGE",
        }
    }
}

/// Reads a document as it was sent, within the limits.
pub(crate) fn read(text: &str) -> Result<ExecutableDocument, DocumentProblem> {
    use DocumentProblem as P;
    if text.len() > LARGEST_DOCUMENT {
        return Err(P::TooLarge);
    }
    if tokens(text) > MOST_TOKENS {
        return Err(P::TooManyTokens);
    }
    // Variables are freed of it; in a document it can only be meant.
    if text.contains("\\u0000") {
        return Err(P::Syntax("no text holds the character U+0000".into()));
    }
    let document = parse_query(text).map_err(|error| P::Syntax(reason(&error)))?;
    if document.fragments.len() > MOST_FRAGMENTS {
        return Err(P::TooManyFragments);
    }
    let mut count = Count::default();
    let operations: Vec<_> = match &document.operations {
        DocumentOperations::Single(one) => vec![one],
        DocumentOperations::Multiple(many) => many.values().collect(),
    };
    for operation in operations {
        let set = &operation.node.selection_set;
        if set.node.items.len() > MOST_ROOT_FIELDS {
            return Err(P::TooManyRootFields);
        }
        count.directives += operation.node.directives.len();
        count.walk(set, &document, 1)?;
    }
    Ok(document)
}

/// Where and why, without the parser's drawing of the line, which repeats the whole document.
fn reason(error: &async_graphql::parser::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default().trim_start_matches([' ', '=']);
    match error.positions().next() {
        Some(at) => format!("line {}, column {}: {reason}", at.line, at.column),
        None => reason.to_owned(),
    }
}

/// Roughly the lexer's tokens: runs of name characters, and every mark. Counted on the text, so that a document of
/// nothing but brackets is refused before the parser walks it.
fn tokens(text: &str) -> usize {
    let mut in_name = false;
    text.chars().fold(0, |count, c| {
        let is_letter = c.is_ascii_alphanumeric() || c == '_';
        let starts = is_letter && !in_name;
        in_name = is_letter;
        count + usize::from(starts || !(is_letter || c.is_whitespace() || c == ','))
    })
}

#[derive(Default)]
struct Count {
    aliases: usize,
    directives: usize,
    visited: usize,
}

impl Count {
    fn walk(
        &mut self,
        set: &async_graphql::Positioned<SelectionSet>,
        document: &ExecutableDocument,
        depth: usize,
    ) -> Result<(), DocumentProblem> {
        use DocumentProblem as P;
        // A fragment that contains itself gets deeper for ever, and ends here.
        if depth > DEEPEST {
            return Err(P::TooDeep);
        }
        for item in &set.node.items {
            self.visited += 1;
            if self.visited > MOST_TOKENS {
                return Err(P::TooManyTokens);
            }
            let (directives, inner) = match &item.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    (field.node.directives.len(), Some(&field.node.selection_set))
                }
                Selection::InlineFragment(fragment) => {
                    (fragment.node.directives.len(), Some(&fragment.node.selection_set))
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = document.fragments.get(&spread.node.fragment_name.node);
                    (spread.node.directives.len(), fragment.map(|fragment| &fragment.node.selection_set))
                }
            };
            self.directives += directives;
            if self.aliases > MOST_ALIASES {
                return Err(P::TooManyAliases);
            }
            if self.directives > MOST_DIRECTIVES {
                return Err(P::TooManyDirectives);
            }
            if let Some(inner) = inner {
                self.walk(inner, document, depth + 1)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), DocumentProblem> {
        read(text).map(|_| ())
    }

    #[test]
    fn hostile_documents_are_named_for_what_they_are() {
        use DocumentProblem as P;
        let deep = format!("{}a{}", "{a".repeat(50), "}".repeat(50));
        assert_eq!(check(&deep.replacen("{a", "{ a", 1)), Err(P::TooDeep));
        let aliases = format!(
            "{{ a {{ {} }} }}",
            (0..40).map(|at| format!("a{at}: __typename")).collect::<Vec<_>>().join(" ")
        );
        assert_eq!(check(&aliases), Err(P::TooManyAliases));
        assert_eq!(check(&"{a}".repeat(20_000)), Err(P::TooLarge));
        assert_eq!(check(&"[".repeat(3_000)), Err(P::TooManyTokens));
        assert_eq!(check("{ ...A } fragment A on Query { ...A }"), Err(P::TooDeep));
        let roots = format!("{{ {} }}", (0..25).map(|at| format!("f{at}")).collect::<Vec<_>>().join(" "));
        assert_eq!(check(&roots), Err(P::TooManyRootFields));
        assert_eq!(check("{ a(b:) }").unwrap_err().to_string(), "line 1, column 7: expected value");
        assert!(matches!(check("{"), Err(P::Syntax(_))));
        // As many as the other limits let through: the parser must refuse them before its stack ends.
        let brackets = format!("{{ a(b: {} }}", "[".repeat(1_900));
        assert!(matches!(check(&brackets), Err(P::Syntax(_))));
        let braces = format!("{}a{}", "{a".repeat(600), "}".repeat(600));
        assert!(matches!(check(&braces), Err(P::Syntax(_))));
        assert_eq!(check("{ viewer { email } }"), Ok(()));
    }
}
