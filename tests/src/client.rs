//! A person at a browser, or a program at the API.

use std::sync::Arc;

use reqwest::{
    Method,
    cookie::{CookieStore, Jar},
    header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION},
    redirect::Policy,
};
use serde_json::{Value, json};

use crate::page::{Form, Page};

/// What came back, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// What was answered, without the caller's balance, which each answer changes.
    pub fn outcome(&self) -> Value {
        let mut body = self.json();
        if let Some(cost) = body.pointer_mut("/extensions/cost").and_then(Value::as_object_mut) {
            cost.retain(|key, _| key == "requested");
        }
        body
    }
}

/// Keeps cookies and follows no redirect by itself.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    cookies: Arc<Jar>,
    base: String,
}

impl Client {
    pub fn new(base: &str) -> Self {
        Self::with(base, HeaderMap::new())
    }

    /// A program with an API token.
    pub fn with_token(base: &str, token: &str) -> Self {
        let header = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        Self::with(base, HeaderMap::from_iter([(AUTHORIZATION, header)]))
    }

    fn with(base: &str, headers: HeaderMap) -> Self {
        let cookies = Arc::new(Jar::default());
        let http = reqwest::Client::builder().cookie_provider(Arc::clone(&cookies)).redirect(Policy::none());
        let http = http.default_headers(headers).build().unwrap();
        Self { http, cookies, base: base.to_owned() }
    }

    /// What a browser sends as `Cookie`.
    pub fn cookies(&self) -> Option<HeaderValue> {
        self.cookies.cookies(&self.base.parse().unwrap())
    }

    /// The same person, with the same cookies, at another process of the product.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The address of the process that it talks to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request to be changed before it is sent.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(fields)).await
    }

    /// A page that must be there.
    pub async fn page(&self, path: &str) -> Page {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        Page::new(path, &answer.body)
    }

    /// Opens `path` and sends its form `action` with `fields` changed, as a browser would.
    pub async fn submit(&self, path: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.send_form(&self.page(path).await.form(action).with(fields)).await
    }

    /// Sends a form as it is.
    pub async fn send_form(&self, form: &Form) -> Answer {
        self.send(self.request(Method::POST, &form.action).form(&form.fields)).await
    }

    /// Executes a document, whatever comes of it.
    pub async fn execute(&self, query: &str, variables: Value) -> Answer {
        let request = self
            .request(Method::POST, "/graphql")
            .header("x-requested-by", "tests")
            .json(&json!({ "query": query, "variables": variables }));
        self.send(request).await
    }

    /// The data of a document that must succeed.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let answer = self.execute(query, variables).await;
        let mut body = answer.json();
        assert!(answer.status == 200 && body["errors"].is_null(), "{query}\n{body:#}");
        body["data"].take()
    }

    /// The payload of a mutation of one input, with `selection` and the errors.
    pub async fn mutate(&self, name: &str, selection: &str, input: Value) -> Value {
        let answer = self.try_mutate(name, selection, input).await;
        assert!(answer["errors"].is_null(), "{name}: {answer:#}");
        answer["data"][name].clone()
    }

    /// As [`Self::mutate`], and the payload must have no errors.
    pub async fn done(&self, name: &str, selection: &str, input: Value) -> Value {
        let payload = self.mutate(name, selection, input).await;
        assert_eq!(payload["errors"], json!([]), "{name}");
        payload
    }

    /// As [`Self::mutate`], and the payload must have one error: its code.
    pub async fn refused(&self, name: &str, input: Value) -> String {
        let payload = self.mutate(name, "", input).await;
        assert_eq!(payload["errors"].as_array().map(Vec::len), Some(1), "{name}: {payload:#}");
        payload["errors"][0]["code"].as_str().unwrap().to_owned()
    }

    /// The outcome of a mutation of one input.
    pub async fn try_mutate(&self, name: &str, selection: &str, input: Value) -> Value {
        let input_type = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        let query = format!(
            "mutation($input: {input_type}!) {{ {name}(input: $input) {{ {selection} errors {{ field code message }} }} }}"
        );
        self.execute(&query, json!({ "input": input })).await.outcome()
    }
}
