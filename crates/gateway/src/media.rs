//! In which form GraphQL is answered.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

/// In which form the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    Json,
    /// `application/graphql-response+json`
    GraphqlResponse,
    /// `text/event-stream`
    Events,
}

impl Media {
    /// The form that the client likes best of those that we have; `None` when it takes none of them.
    pub(crate) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let mut accepts =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
        if accepts.peek().is_none() {
            return Some(Self::Json);
        }
        let mut best = None;
        for range in accepts.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let media = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/graphql-response+json" => Self::GraphqlResponse,
                "text/event-stream" => Self::Events,
                "application/json" | "application/*" | "*/*" => Self::Json,
                _ => continue,
            };
            let quality =
                parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
            if quality > best.map_or(0.0, |(best, _)| best) {
                best = Some((quality, media));
            }
        }
        best.map(|(_, media)| media)
    }

    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            // A refusal is no stream.
            Self::Json | Self::Events => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }

    /// The status of a document that could not be executed.
    pub(crate) fn wrong_document(self) -> StatusCode {
        match self {
            Self::Json => StatusCode::OK,
            Self::GraphqlResponse | Self::Events => StatusCode::BAD_REQUEST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &[&str]) -> Option<Media> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        Media::accepted(&headers)
    }

    #[test]
    fn the_answer_has_the_form_that_the_client_likes_best() {
        let (json, graphql) = (Some(Media::Json), Some(Media::GraphqlResponse));
        assert_eq!(accepted(&[]), json);
        assert_eq!(accepted(&["*/*"]), json);
        assert_eq!(accepted(&["application/graphql-response+json"]), graphql);
        assert_eq!(accepted(&["application/graphql-response+json, application/json;q=0.9"]), graphql);
        assert_eq!(accepted(&["application/json;q=0.9", "Application/GraphQL-Response+JSON"]), graphql);
        assert_eq!(accepted(&["application/graphql-response+json; charset=utf-8; q=0.1, */*;q=0.5"]), json);
        assert_eq!(accepted(&["text/html, */*;q=0.8"]), json);
        assert_eq!(accepted(&["text/html"]), None);
        assert_eq!(accepted(&["application/json;q=0"]), None);
    }
}
