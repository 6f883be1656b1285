//! An app that makes codes, as people have it on their phones.

use chrono::{DateTime, Utc};
use serde_json::json;
use totp_rs::{Builder, Secret, Totp};

use crate::{TestApp, client::Client};

/// A phone with one key in its app.
#[derive(Debug)]
pub struct Phone(Totp);

impl Phone {
    /// With the key that was typed into it.
    pub fn with_key(typed: &str) -> Self {
        let key = Secret::try_from_base32(typed.replace(' ', "")).unwrap();
        Self(Builder::new().with_secret(key).build().unwrap())
    }

    /// With the key of an `otpauth:` address.
    pub fn that_scanned(address: &str) -> Self {
        Self(Totp::from_url(address).unwrap())
    }

    /// What the app shows at this time.
    pub fn code(&self, at: DateTime<Utc>) -> String {
        self.0.generate(at.timestamp().try_into().unwrap()).to_string()
    }

    /// Six digits that the app does not show around this time.
    pub fn wrong_code(&self, at: DateTime<Utc>) -> String {
        let shown = [-60, -30, 0, 30, 60].map(|seconds| self.code(at + chrono::TimeDelta::seconds(seconds)));
        ["000000", "111111", "222222", "333333", "444444", "555555"]
            .into_iter()
            .find(|code| shown.iter().all(|shown| shown != code))
            .unwrap()
            .to_owned()
    }

    /// Sets a second step up by the API. Returns the phone and the recovery codes.
    pub async fn set_up(app: &TestApp, person: &Client) -> (Self, Vec<String>) {
        let begun =
            person.graphql("mutation { beginSecondStep { begun { setUp secret } } }", json!({})).await;
        let begun = &begun["beginSecondStep"]["begun"];
        let phone = Self::with_key(begun["secret"].as_str().unwrap());
        let input = json!({ "setUp": begun["setUp"], "code": phone.code(app.app.clock.now()) });
        let set = person.done("confirmSecondStep", "recoveryCodes", input).await;
        let codes = set["recoveryCodes"].as_array().unwrap();
        (phone, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
    }
}
