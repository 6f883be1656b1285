//! A device that keeps passkeys, and the browser that asks it. It does as a page of `origin` says, and lies where a test
//! says so.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A device with its passkeys.
pub struct Authenticator {
    /// The site whose page asks.
    pub origin: String,
    /// Whether it makes sure of its person before it answers.
    pub makes_sure: bool,
    /// How often it has answered.
    pub counter: u32,
    passkeys: Vec<Passkey>,
}

struct Passkey {
    id: Vec<u8>,
    /// Whose it is, as the site calls them.
    user: Vec<u8>,
    key: EcdsaKeyPair,
}

/// There is a person.
const PRESENT: u8 = 0x01;
/// It is the right one.
const VERIFIED: u8 = 0x04;
/// A new key follows.
const ATTESTED: u8 = 0x40;

fn read(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

fn written(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes as CBOR writes them.
fn cbor(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0x59][..], &length, bytes].concat()
}

impl Authenticator {
    /// An honest one without passkeys, at a page of this site.
    pub fn at(origin: &str) -> Self {
        Self { origin: origin.to_owned(), makes_sure: true, counter: 0, passkeys: Vec::new() }
    }

    /// What the browser says that it was asked, and by whom.
    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false })
            .to_string()
    }

    fn data(&self, site: &Value, flags: u8) -> Vec<u8> {
        let sure = if self.makes_sure { VERIFIED } else { 0 };
        let site = Sha256::digest(site.as_str().unwrap());
        [&site[..], &[PRESENT | sure | flags], &self.counter.to_be_bytes()].concat()
    }

    /// Makes a passkey, as `navigator.credentials.create` does with these options. Returns the answer.
    pub fn create(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str::<Value>(options).unwrap()["publicKey"].take();
        let selection = &options["authenticatorSelection"];
        assert_eq!(
            (&selection["residentKey"], &selection["userVerification"]),
            (&json!("required"), &json!("required"))
        );
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        let id = Sha256::digest(document.as_ref()).to_vec();
        // Elliptic curve, ES256, P-256, and the two halves of the point, which follow the byte that says "both".
        let point = key.public_key().as_ref();
        let public = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..],
            &point[1..33],
            &[0x22, 0x58, 0x20],
            &point[33..],
        ]
        .concat();
        let length = u16::try_from(id.len()).unwrap().to_be_bytes();
        let data = [&self.data(&options["rp"]["id"], ATTESTED)[..], &[0; 16], &length, &id, &public].concat();
        // A map of three: the format, which says nothing of who made the device, and what was made.
        let attestation = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"[..], &cbor(&data)].concat();
        let answer = json!({
            "id": written(&id), "rawId": written(&id), "type": "public-key",
            "response": { "clientDataJSON": written(self.client_data("webauthn.create", &options)),
                          "attestationObject": written(attestation) },
        });
        self.passkeys.push(Passkey { id, user: read(&options["user"]["id"]), key });
        answer.to_string()
    }

    /// Answers with its newest passkey, as `navigator.credentials.get` does with these options.
    pub fn get(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str::<Value>(options).unwrap()["publicKey"].take();
        assert_eq!(options["userVerification"], "required");
        self.counter += 1;
        let passkey = self.passkeys.last().unwrap();
        let data = self.data(&options["rpId"], 0);
        let client_data = self.client_data("webauthn.get", &options);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature = passkey.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": written(&passkey.id), "rawId": written(&passkey.id), "type": "public-key",
            "response": { "clientDataJSON": written(client_data), "authenticatorData": written(data),
                          "signature": written(signature), "userHandle": written(&passkey.user) },
        })
        .to_string()
    }
}
