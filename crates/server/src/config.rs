//! The configuration file: every setting, what it is for, and what is refused.
//!
//! ```toml
//! name = "Support of Example"              # what people see
//! listen = "0.0.0.0:443"
//! public_url = "https://support.example"   # what clients sign; no default port, no path
//! data_dir = "/var/lib/wayleave-server"    # database and log key
//! organisations = "open"                   # or a list of organisation ids that may be made here
//! trusted_proxies = ["10.0.0.5"]           # whose X-Forwarded-For counts
//! metrics_listen = "127.0.0.1:9100"        # absent: /metrics answers loopback only, on `listen`
//! witnesses_on_private_addresses = false   # whether a roster's witness may live on an internal address
//! feeds_on_private_addresses = false       # whether a webhook or log host of a feed may be an internal address
//! log = "text"                             # or "json"
//!
//! [tls]
//! cert = "/etc/wayleave-server/cert.pem"
//! key = "/etc/wayleave-server/key.pem"
//!
//! # the relay that mails of feeds go through; without it there are none:
//! # [mail]
//! # host = "mail.example"
//! # port = 587
//! # tls = "starttls"                       # or "implicit"; "none" for a relay on this machine
//! # from = "wayleave@support.example"
//! # user = "wayleave"
//! # password_file = "/etc/wayleave-server/mail.password"
//!
//! # instead of [tls], on a loopback address only, for trying it out or behind a proxy on the same machine:
//! # insecure_loopback = true
//!
//! # suggested to new organisations, any number of times:
//! # [[witnesses]]
//! # name = "w1"
//! # url = "https://witness.example"
//! # holds_revocations = true
//! # key = { kind = "ed25519", public = "..." }
//! ```

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use trust::bytes::OrgId;
use trust::statement::WitnessEntry;

use crate::feed::MailConfig;

/// See the module.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What people see.
    #[serde(default = "default_name")]
    pub name: String,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What clients sign. May be absent with `insecure_loopback`: then `http://localhost:PORT`.
    #[serde(default)]
    pub public_url: Option<String>,
    /// Database and log key.
    pub data_dir: PathBuf,
    /// Certificate and key.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Plain HTTP, on a loopback address only.
    #[serde(default)]
    pub insecure_loopback: bool,
    /// Whose `X-Forwarded-For` counts.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
    /// Which organisations may be made.
    #[serde(default)]
    pub organisations: Organisations,
    /// Where Prometheus asks.
    #[serde(default)]
    pub metrics_listen: Option<SocketAddr>,
    /// Suggested to new organisations.
    #[serde(default)]
    pub witnesses: Vec<WitnessEntry>,
    /// Whether a roster's witness may live on an internal address.
    #[serde(default)]
    pub witnesses_on_private_addresses: bool,
    /// Whether a feed may go to an internal address.
    #[serde(default)]
    pub feeds_on_private_addresses: bool,
    /// The relay that mails of feeds go through.
    #[serde(default)]
    pub mail: Option<MailConfig>,
    /// How to log.
    #[serde(default)]
    pub log: LogFormat,
}

/// Paths of PEM files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate chain, the server's own first.
    pub cert: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Which organisations may be made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "RawOrganisations")]
pub enum Organisations {
    /// Anybody's.
    #[default]
    Open,
    /// These.
    Listed(Vec<OrgId>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawOrganisations {
    Word(String),
    Listed(Vec<OrgId>),
}

impl TryFrom<RawOrganisations> for Organisations {
    type Error = String;
    fn try_from(raw: RawOrganisations) -> Result<Self, String> {
        match raw {
            RawOrganisations::Word(word) if word == "open" => Ok(Self::Open),
            RawOrganisations::Word(word) => Err(format!(
                "organisations is \"open\" or a list of organisation ids, not {word:?}"
            )),
            RawOrganisations::Listed(ids) => Ok(Self::Listed(ids)),
        }
    }
}

impl Organisations {
    /// Whether this organisation may be made.
    pub fn allow(&self, org: &OrgId) -> bool {
        match self {
            Self::Open => true,
            Self::Listed(ids) => ids.contains(org),
        }
    }
}

fn default_name() -> String {
    "Wayleave".to_owned()
}

impl Config {
    /// Reads and checks a file.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the configuration {} cannot be read", file.display()))?;
        Self::parse(&text)
            .with_context(|| format!("the configuration {} is refused", file.display()))
    }

    /// Parses and checks.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            trust::text::is_line(&self.name),
            "name is one line of 1 to 200 characters"
        );
        self.mail.as_ref().map_or(Ok(()), MailConfig::check)?;
        match (&self.tls, self.insecure_loopback) {
            (Some(_), true) => bail!("tls and insecure_loopback exclude each other: remove one"),
            (None, false) => {
                bail!(
                    "tls is missing: name a certificate and its key, or set insecure_loopback = true on 127.0.0.1"
                )
            }
            (None, true) => ensure!(
                self.listen.ip().is_loopback(),
                "insecure_loopback serves plain HTTP and is refused on {}: listen on 127.0.0.1 or set tls",
                self.listen
            ),
            (Some(_), false) => {}
        }
        match &self.public_url {
            Some(url) => check_public_url(url),
            None => {
                ensure!(
                    self.insecure_loopback,
                    "public_url is missing: the URL under which clients reach this service"
                );
                Ok(())
            }
        }
    }

    /// The URL that clients sign, once it is known on which port the service listens.
    pub fn public_url_on(&self, port: u16) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://localhost:{port}"))
    }
}

fn check_public_url(url: &str) -> anyhow::Result<()> {
    ensure!(
        trust::text::is_origin(url),
        "public_url is https://host or https://host:port in lower case, without a path (plain http is accepted for \
         localhost), not {url:?}"
    );
    let default_port = if url.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    ensure!(
        !url.ends_with(default_port),
        "public_url names the default port {default_port}: leave it out"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str =
        "listen = \"127.0.0.1:0\"\ndata_dir = \"/tmp/x\"\ninsecure_loopback = true\n";
    const TLS: &str = "listen = \"0.0.0.0:443\"\ndata_dir = \"/tmp/x\"\npublic_url = \"https://a.example\"\n\
                       tls = { cert = \"c\", key = \"k\" }\n";

    fn refused(text: &str) -> String {
        format!("{:#}", Config::parse(text).unwrap_err())
    }

    #[test]
    fn a_minimal_configuration_is_accepted() {
        let config = Config::parse(PLAIN).unwrap();
        assert_eq!(config.public_url_on(7070), "http://localhost:7070");
        assert_eq!(
            Config::parse(TLS).unwrap().public_url_on(443),
            "https://a.example"
        );
    }

    #[test]
    fn plain_http_is_refused_beyond_loopback() {
        let text = PLAIN.replace("127.0.0.1", "0.0.0.0");
        assert!(refused(&text).contains("insecure_loopback serves plain HTTP"));
        assert!(refused(&PLAIN.replace("true", "false")).contains("tls is missing"));
        assert!(
            refused(&format!("insecure_loopback = true\n{TLS}")).contains("exclude each other")
        );
    }

    #[test]
    fn a_public_url_with_path_default_port_or_plain_http_is_refused() {
        for bad in [
            "https://a.example/",
            "https://a.example:443",
            "http://a.example",
            "https://A.example",
            "a.example",
        ] {
            assert!(
                refused(&TLS.replace("https://a.example", bad)).contains("public_url"),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_unknown_setting_is_refused_by_its_name() {
        assert!(refused(&format!("{PLAIN}listne = 1\n")).contains("listne"));
        assert!(refused(&format!("{PLAIN}organisations = \"closed\"\n")).contains("organisations"));
    }

    #[test]
    fn listed_organisations_are_the_only_ones() {
        let org = OrgId([5; 32]);
        let config = Config::parse(&format!("{PLAIN}organisations = [\"{org}\"]\n")).unwrap();
        assert!(config.organisations.allow(&org));
        assert!(!config.organisations.allow(&OrgId([6; 32])));
        assert!(Config::parse(PLAIN).unwrap().organisations.allow(&org));
    }

    #[test]
    fn any_text_is_a_configuration_or_a_sentence() {
        bolero::check!()
            .with_iterations(4_000)
            .with_type::<(bool, u16, u8, Vec<u8>)>()
            .for_each(|(tls, at, cut, with)| {
                let good = if *tls { TLS } else { PLAIN }.as_bytes();
                let at = usize::from(*at) % (good.len() + 1);
                let end = (at + usize::from(*cut)).min(good.len());
                let bytes = [&good[..at], with, &good[end..]].concat();
                match Config::parse(&String::from_utf8_lossy(&bytes)) {
                    // Whatever was damaged, plain HTTP stays on this machine.
                    Ok(config) => assert!(config.tls.is_some() || config.listen.ip().is_loopback()),
                    Err(why) => assert!(!why.to_string().is_empty()),
                }
            });
    }
}
