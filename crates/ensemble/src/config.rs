//! What the deployment's environment says: read once, checked once, passed on as values.
//!
//! Every variable is described in `deploy/env.example`. Those that hold a secret may be given as a file
//! instead, by the name with `_FILE` behind it. A secret is a [`Hidden`], which never shows itself.

use std::{env, fmt, fs, io, net::SocketAddr, path::PathBuf};

use gateway::limits::Allowances;
use url::Url;

/// A value that may hold a password; printing it shows only that it is there.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides `value`.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for whoever needs it to log in.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the database is; `None` asks for the embedded one.
    pub database: Option<Database>,
    /// The schema's owner, for `migrate`, `up` and `doctor`.
    pub owner_database: Option<Hidden>,
    /// The most connections each login may hold in one process.
    pub max_connections: u32,
    /// Mail.
    pub mail: Mail,
    /// What spans processes and may be lost; `None` keeps it in the process.
    pub redis: Option<Hidden>,
    /// Where rendered files are kept; `None` keeps them in the data directory.
    pub store: Option<Url>,
    /// The HTTP surface.
    pub http: Http,
    /// Signs what must not be forged; `None` asks for the data directory's.
    pub secret_key: Option<Hidden>,
}

/// The database's two logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// A member of `ensemble_app`.
    pub app: Hidden,
    /// A member of `ensemble_machine`.
    pub machine: Hidden,
}

/// Where mails go and from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// `smtp://` or `smtps://`; `None` is the development mailbox.
    pub smtp: Option<Hidden>,
    /// The From header.
    pub from: String,
}

/// Where we listen and how people reach us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The address to listen on.
    pub bind: SocketAddr,
    /// The public address; `None` is the address we listen on.
    pub base_url: Option<Url>,
    /// How many proxies stand in front, each adding to `X-Forwarded-For`.
    pub proxies: usize,
    /// Where metrics are shown; `None` records none.
    pub metrics: Option<SocketAddr>,
    /// How much callers may ask for.
    pub allowances: Allowances,
}

/// What is wrong with the environment. Never quotes a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// One variable asks for another.
    #[error("{given} is set, so {missing} is needed too: {remedy}")]
    Missing {
        /// The variable that is set.
        given: &'static str,
        /// The one that is not.
        missing: &'static str,
        /// What to set it to.
        remedy: &'static str,
    },
    /// A command that has no embedded default.
    #[error("{0} is not set: {1}")]
    Needed(&'static str, &'static str),
    /// Of a form that we cannot use.
    #[error("{name} is not {expected}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What it should be, with an example.
        expected: &'static str,
    },
    /// Both the value and its file.
    #[error("{0} and {0}_FILE are both set: remove one of them")]
    Twice(&'static str),
    /// The named file.
    #[error("{name}_FILE names {path}, which cannot be read: {source}")]
    File {
        /// The variable.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The fewest characters of a secret key: 128 bits even when written in hexadecimal.
const SECRET_KEY_MIN: usize = 32;

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| env::var(name).ok())
    }

    /// Reads what `variable` says.
    pub(crate) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let env = Environment { variable };
        let app = env.url("DATABASE_URL", POSTGRES)?;
        let machine = env.url("MACHINE_DATABASE_URL", POSTGRES)?;
        let database = match (app, machine) {
            (Some(app), Some(machine)) => Some(Database { app, machine }),
            (None, None) => None,
            (Some(_), None) => {
                return Err(ConfigError::Missing {
                    given: "DATABASE_URL",
                    missing: "MACHINE_DATABASE_URL",
                    remedy: "the same database, with a login that is a member of ensemble_machine",
                });
            }
            (None, Some(_)) => {
                return Err(ConfigError::Missing {
                    given: "MACHINE_DATABASE_URL",
                    missing: "DATABASE_URL",
                    remedy: "the same database, with a login that is a member of ensemble_app",
                });
            }
        };
        let smtp = env.url("SMTP_URL", SMTP)?;
        let from = env.plain("MAIL_FROM");
        if smtp.is_some() && from.is_none() {
            return Err(ConfigError::Missing {
                given: "SMTP_URL",
                missing: "MAIL_FROM",
                remedy: "the sender of every mail, such as Ensemble <office@ensemble.example>",
            });
        }
        let secret_key = env.secret("SECRET_KEY")?;
        if secret_key.as_ref().is_some_and(|key| key.expose().len() < SECRET_KEY_MIN) {
            return Err(ConfigError::Malformed {
                name: "SECRET_KEY",
                expected: "32 characters or more; make one with: openssl rand -hex 32",
            });
        }
        Ok(Self {
            database,
            owner_database: env.url("OWNER_DATABASE_URL", POSTGRES)?,
            max_connections: env
                .parsed("DATABASE_CONNECTIONS", "a number from 2 to 500", |text| {
                    text.parse().ok().filter(|number| (2..=500).contains(number))
                })?
                .unwrap_or(16),
            mail: Mail { smtp, from: from.unwrap_or_else(|| "Ensemble <ensemble@localhost>".to_owned()) },
            redis: env.url("REDIS_URL", REDIS)?,
            store: env.parsed("STORE_URL", "an address such as file:///var/lib/ensemble/files", |text| {
                Url::parse(text).ok()
            })?,
            http: Http {
                bind: env
                    .parsed("BIND", "an address and port such as 0.0.0.0:8080", |text| text.parse().ok())?
                    .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
                base_url: env.parsed("BASE_URL", "an address such as https://ensemble.example", |text| {
                    Url::parse(text)
                        .ok()
                        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
                })?,
                proxies: env
                    .parsed("TRUSTED_PROXIES", "the number of proxies in front, from 0 to 9", |text| {
                        text.parse().ok().filter(|number| (0..=9).contains(number))
                    })?
                    .unwrap_or(0),
                metrics: env.parsed(
                    "METRICS_BIND",
                    "an address and port such as 127.0.0.1:9464",
                    |text| text.parse().ok(),
                )?,
                allowances: env.allowances()?,
            },
            secret_key,
        })
    }

    /// The complaint of a process that cannot do with the embedded database.
    #[must_use]
    pub fn no_database() -> ConfigError {
        ConfigError::Needed(
            "DATABASE_URL",
            "gateways and workers in processes of their own share a database server; `ensemble up` brings its own",
        )
    }

    /// The file store, for processes that must share it.
    pub fn store(&self) -> Result<&Url, ConfigError> {
        self.store.as_ref().ok_or(ConfigError::Needed(
            "STORE_URL",
            "a worker renders files that gateways hand out, so they need a store in common, such as \
             file:///var/lib/ensemble/files on one machine",
        ))
    }

    /// The schema's owner.
    pub fn owner_database(&self) -> Result<&Hidden, ConfigError> {
        self.owner_database.as_ref().ok_or(ConfigError::Needed(
            "OWNER_DATABASE_URL",
            "only the schema's owner may change it; see deploy/README.md",
        ))
    }

    /// The secret key, for processes that must agree on it.
    pub fn secret_key(&self) -> Result<&Hidden, ConfigError> {
        self.secret_key.as_ref().ok_or(ConfigError::Needed(
            "SECRET_KEY",
            "every process of a deployment needs the same; make one with: openssl rand -hex 32",
        ))
    }
}

/// The schemes and an example of an address that holds a password.
type UrlKind = (&'static [&'static str], &'static str);
const POSTGRES: UrlKind =
    (&["postgres", "postgresql"], "an address such as postgres://user:password@host:5432/ensemble");
const SMTP: UrlKind = (&["smtp", "smtps"], "an address such as smtps://user:password@smtp.example:465");
const REDIS: UrlKind = (&["redis", "rediss"], "an address such as redis://host:6379/0");

struct Environment<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Environment<'_> {
    /// Set to nothing counts as not set, as compose files and shells write it.
    fn plain(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn parsed<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.plain(name).map(|text| parse(&text).ok_or(ConfigError::Malformed { name, expected })).transpose()
    }

    fn secret(&self, name: &'static str) -> Result<Option<Hidden>, ConfigError> {
        let value = match (self.plain(name), self.plain(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => return Err(ConfigError::Twice(name)),
            (value, None) => value,
            (None, Some(path)) => {
                let path = PathBuf::from(path);
                let text =
                    fs::read_to_string(&path).map_err(|source| ConfigError::File { name, path, source })?;
                Some(text.trim().to_owned())
            }
        };
        Ok(value.map(Hidden::new))
    }

    fn allowances(&self) -> Result<Allowances, ConfigError> {
        let mut allowances = Allowances::default();
        for (name, allowance) in
            [("POINTS_PER_CALLER", &mut allowances.caller), ("POINTS_PER_ALLIANCE", &mut allowances.alliance)]
        {
            let points = self.parsed(name, "a number of points a minute, such as 12000", |text| {
                text.parse().ok().filter(|points| *points > 0)
            })?;
            allowance.points = points.unwrap_or(allowance.points);
        }
        Ok(allowances)
    }

    fn url(&self, name: &'static str, (schemes, expected): UrlKind) -> Result<Option<Hidden>, ConfigError> {
        let value = self.secret(name)?;
        match &value {
            Some(hidden) if !Url::parse(hidden.expose()).is_ok_and(|url| schemes.contains(&url.scheme())) => {
                Err(ConfigError::Malformed { name, expected })
            }
            _ => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::*;

    const APP: (&str, &str) = ("DATABASE_URL", "postgres://app:sesame@db/ensemble");
    const MACHINE: (&str, &str) = ("MACHINE_DATABASE_URL", "postgres://machine:sesame@db/ensemble");

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    fn complaint(variables: &[(&str, &str)]) -> String {
        read(variables).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_environment_asks_for_every_embedded_default() {
        let config = read(&[("SMTP_URL", ""), ("REDIS_URL", "  ")]).unwrap();
        assert_eq!(config.database, None);
        assert_eq!(config.mail.smtp, None);
        assert_eq!(config.redis, None);
        assert_eq!(config.store, None);
        let bind = "127.0.0.1:8080".parse().unwrap();
        let http =
            Http { bind, base_url: None, proxies: 0, metrics: None, allowances: Allowances::default() };
        assert_eq!(config.http, http);
        assert!(config.secret_key().is_err() && config.owner_database().is_err() && config.store().is_err());
    }

    #[test]
    fn secrets_are_never_printed() {
        let variables = [
            APP,
            MACHINE,
            ("OWNER_DATABASE_URL", "postgres://owner:sesame@db/ensemble"),
            ("SMTP_URL", "smtps://user:sesame@mail"),
            ("MAIL_FROM", "office@ensemble.example"),
            ("REDIS_URL", "redis://:sesame@cache"),
            ("SECRET_KEY", "sesame0123456789sesame0123456789"),
        ];
        assert!(!format!("{:?}", read(&variables).unwrap()).contains("sesame"));
        assert!(!complaint(&[("DATABASE_URL", "mysql://app:sesame@db")]).contains("sesame"));
        assert!(!complaint(&[("SECRET_KEY", "sesame")]).contains("sesame"));
    }

    #[test]
    fn both_logins_or_neither() {
        assert!(complaint(&[APP]).contains("MACHINE_DATABASE_URL is needed too"));
        assert!(complaint(&[MACHINE]).contains("DATABASE_URL is needed too"));
        let database = read(&[APP, MACHINE]).unwrap().database.unwrap();
        assert_eq!(database.app.expose(), APP.1);
        assert_eq!(database.machine.expose(), MACHINE.1);
    }

    #[test]
    fn a_wrong_value_is_named_with_what_it_should_be() {
        for (name, value, expected) in [
            ("BIND", "8080", "BIND is not an address and port such as 0.0.0.0:8080"),
            ("BASE_URL", "ensemble.example", "BASE_URL is not an address such as https://ensemble.example"),
            (
                "BASE_URL",
                "ftp://ensemble.example",
                "BASE_URL is not an address such as https://ensemble.example",
            ),
            ("REDIS_URL", "http://cache", "REDIS_URL is not an address such as redis://host:6379/0"),
            ("METRICS_BIND", "9464", "METRICS_BIND is not an address and port such as 127.0.0.1:9464"),
            ("TRUSTED_PROXIES", "10", "TRUSTED_PROXIES is not the number of proxies in front, from 0 to 9"),
            ("POINTS_PER_CALLER", "0", "POINTS_PER_CALLER is not a number of points a minute, such as 12000"),
            ("DATABASE_CONNECTIONS", "1", "DATABASE_CONNECTIONS is not a number from 2 to 500"),
            ("STORE_URL", "files", "STORE_URL is not an address such as file:///var/lib/ensemble/files"),
            (
                "SECRET_KEY",
                "short",
                "SECRET_KEY is not 32 characters or more; make one with: openssl rand -hex 32",
            ),
        ] {
            assert_eq!(complaint(&[(name, value)]), expected);
        }
        assert!(complaint(&[("SMTP_URL", "smtp://mail")]).contains("MAIL_FROM is needed too"));
    }

    #[test]
    fn a_secret_may_come_from_a_file() {
        let path = env::temp_dir().join(format!("ensemble-config-test-{}", std::process::id()));
        fs::write(&path, "0123456789abcdef0123456789abcdef\n").unwrap();
        let file = ("SECRET_KEY_FILE", path.to_str().unwrap());
        let config = read(&[file]).unwrap();
        assert_eq!(config.secret_key.unwrap().expose(), "0123456789abcdef0123456789abcdef");
        assert!(complaint(&[file, ("SECRET_KEY", "0123456789abcdef0123456789abcdef")]).contains("both set"));
        fs::remove_file(&path).unwrap();
        assert!(complaint(&[file]).contains("cannot be read"));
    }

    /// `deploy/env.example` is where an operator looks: it names what is read, all of it and nothing else.
    #[test]
    fn the_example_names_every_variable_that_is_read() {
        let asked = RefCell::new(BTreeSet::from(["LOG_FORMAT".to_owned(), "RUST_LOG".to_owned()]));
        Config::read(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            None
        })
        .unwrap();
        let asked = asked.into_inner();
        let may_be_a_file = |name: &str| asked.contains(&format!("{name}_FILE"));
        let read: BTreeSet<_> = asked
            .iter()
            .filter(|name| !name.strip_suffix("_FILE").is_some_and(|name| asked.contains(name)))
            .map(|name| (name.as_str(), may_be_a_file(name)))
            .collect();

        let mut said = BTreeSet::new();
        for (above, line) in EXAMPLE.lines().zip(EXAMPLE.lines().skip(1)) {
            let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
            assert!(above.starts_with("# "), "{name} is not described");
            said.insert((name, above.ends_with("(secret)")));
        }
        assert_eq!(said, read);
    }

    const EXAMPLE: &str = include_str!("../../../deploy/env.example");

    /// The names that a file of settings gives values to, whatever its form.
    fn given(text: &str) -> BTreeSet<&str> {
        let words =
            text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
        let names = words.filter_map(|word| word.split_once([':', '=']).map(|(name, _)| name));
        let is_name = |name: &&str| {
            name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_') || *name == "BIND"
        };
        names.filter(is_name).collect()
    }

    /// What compose.yaml and kubernetes/ set is what is read, and all that several processes need.
    #[test]
    fn deployments_set_what_is_read() {
        let image = given(include_str!("../../../deploy/Dockerfile"));
        let compose = given(include_str!("../../../deploy/compose.yaml"));
        let kubernetes = &given(include_str!("../../../deploy/kubernetes/kustomization.yaml"))
            | &given(include_str!("../../../deploy/kubernetes/secret.example.yaml"));
        let of_postgres =
            ["POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "APP_PASSWORD", "MACHINE_PASSWORD"];
        let known = given(EXAMPLE);
        for name in image.iter().chain(&compose).chain(&kubernetes) {
            assert!(known.contains(name) || of_postgres.contains(name), "nobody reads {name}");
        }
        for settings in [&compose | &image, &kubernetes | &image] {
            for name in [
                "BASE_URL",
                "BIND",
                "DATABASE_URL",
                "MACHINE_DATABASE_URL",
                "MAIL_FROM",
                "OWNER_DATABASE_URL",
                "REDIS_URL",
                "SECRET_KEY",
                "SMTP_URL",
                "STORE_URL",
            ] {
                assert!(settings.contains(name), "{name} is not set: {settings:?}");
            }
        }
    }
}
