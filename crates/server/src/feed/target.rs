//! Where a feed may go.

use api::feed::FeedKind;
use reqwest::Url;

use crate::config::Config;
use crate::net::outside;

const TARGET_BYTES_MAX: usize = 500;

/// Checks a target that an admin gives; the error is a sentence for him.
pub fn check(kind: FeedKind, target: &str, config: &Config) -> Result<(), String> {
    let is_visible = target.bytes().all(|b| b.is_ascii_graphic());
    if target.len() > TARGET_BYTES_MAX || !is_visible {
        return Err(format!(
            "the target is at most {TARGET_BYTES_MAX} visible ASCII characters"
        ));
    }
    let private_too = config.feeds_on_private_addresses;
    match kind {
        FeedKind::Webhook => check_webhook(target, private_too),
        FeedKind::Syslog => check_syslog(target, private_too),
        FeedKind::Mail if config.mail.is_none() => {
            Err("this service is not set up to send mail: ask its operator".to_owned())
        }
        FeedKind::Mail if is_mail_address(target) => Ok(()),
        FeedKind::Mail => Err("the target is a mail address, such as soc@example.com".to_owned()),
    }
}

fn check_webhook(target: &str, private_too: bool) -> Result<(), String> {
    let url = Url::parse(target).map_err(|_| "the target is a URL".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the target holds no user and no password: messages are signed".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    let is_loopback =
        host == "localhost" || outside::literal(host).is_some_and(|address| address.is_loopback());
    let is_fine = match url.scheme() {
        "https" => private_too || outside::is_outside(&url),
        "http" => private_too && is_loopback,
        _ => false,
    };
    if is_fine {
        return Ok(());
    }
    Err("the target is an https URL outside the service's own network".to_owned())
}

fn check_syslog(target: &str, private_too: bool) -> Result<(), String> {
    let host = Syslog::parse(target)?.host;
    if !private_too && outside::literal(&host).is_some_and(|a| !outside::is_public(a)) {
        return Err("the target is outside the service's own network".to_owned());
    }
    Ok(())
}

/// A local part of plain characters and a host name: nothing that a mail's head could be altered with.
pub(super) fn is_mail_address(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    (1..=64).contains(&local.len())
        && local.chars().all(is_plain)
        && trust::text::is_host(&host.to_ascii_lowercase())
}

pub(super) enum Transport {
    Tcp,
    Tls,
    Udp,
}

/// A parsed target of kind syslog.
pub(super) struct Syslog {
    pub(super) transport: Transport,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Syslog {
    pub(super) fn parse(target: &str) -> Result<Self, String> {
        let wrong =
            || "the target is tcp://HOST:PORT, tls://HOST:PORT or udp://HOST:PORT".to_owned();
        let url = Url::parse(target).map_err(|_| wrong())?;
        let transport = match url.scheme() {
            "tcp" => Transport::Tcp,
            "tls" => Transport::Tls,
            "udp" => Transport::Udp,
            _ => return Err(wrong()),
        };
        let is_bare = url.username().is_empty() && matches!(url.path(), "" | "/");
        let host = url.host_str().filter(|_| is_bare).ok_or_else(wrong)?;
        Ok(Self {
            transport,
            host: host.to_owned(),
            port: url.port().ok_or_else(wrong)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(extra: &str) -> Config {
        let text = "listen = \"127.0.0.1:0\"\ndata_dir = \"/tmp/x\"\ninsecure_loopback = true\n";
        Config::parse(&format!("{text}{extra}")).unwrap()
    }

    #[test]
    fn a_webhook_goes_over_tls_and_outside_unless_the_operator_allows_more() {
        let strict = config("");
        let free = config("feeds_on_private_addresses = true");
        let fits = |target: &str, config: &Config| check(FeedKind::Webhook, target, config).is_ok();
        assert!(fits("https://soc.example/hook", &strict));
        for internal in [
            "https://127.0.0.1/x",
            "https://[::1]/",
            "https://10.0.0.1:8443/",
        ] {
            assert!(!fits(internal, &strict), "{internal}");
            assert!(fits(internal, &free), "{internal}");
        }
        assert!(fits("http://127.0.0.1:9000/", &free) && fits("http://localhost:9000/", &free));
        for never in [
            "http://soc.example/",
            "ftp://soc.example/",
            "https://u:p@soc.example/",
            "https://soc.example/ x",
            "soc",
        ] {
            assert!(!fits(never, &free), "{never}");
        }
    }

    #[test]
    fn a_log_host_has_a_port_and_a_mail_address_no_tricks() {
        let free = config(
            "feeds_on_private_addresses = true\n[mail]\nhost = \"127.0.0.1\"\nport = 25\ntls = \"none\"\nfrom = \"w@a.example\"",
        );
        let fits = |kind, target: &str| check(kind, target, &free).is_ok();
        for good in [
            "tcp://10.0.0.1:601",
            "tls://log.example:6514",
            "udp://[::1]:514",
        ] {
            assert!(fits(FeedKind::Syslog, good), "{good}");
        }
        for bad in [
            "tcp://log.example",
            "http://log.example:80",
            "tcp://a:601/x",
            "601",
        ] {
            assert!(!fits(FeedKind::Syslog, bad), "{bad}");
        }
        assert!(check(FeedKind::Syslog, "tcp://10.0.0.1:601", &config("")).is_err());
        assert!(fits(FeedKind::Mail, "soc+wayleave@Example.com"));
        for bad in [
            "soc",
            "a@b@c",
            "a b@c.example",
            "<a>@c.example",
            "a@c.example\r\nBcc:x@y.example",
        ] {
            assert!(!fits(FeedKind::Mail, bad), "{bad}");
        }
        assert!(check(FeedKind::Mail, "soc@example.com", &config("")).is_err());
    }
}
