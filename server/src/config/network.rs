//! Where the server is: its addresses, the proxies before it, and the pages that may call it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use url::Url;

use super::source::Source;
use super::{ConfigError, Cors};

/// Port of the API and the page, unless said otherwise.
const PORT_DEFAULT: u64 = 8000;

/// Port of `/metrics`, unless said otherwise.
const METRICS_PORT_DEFAULT: u64 = 8001;

pub(super) fn listen(source: &Source, production: bool) -> Result<SocketAddr, ConfigError> {
    let port = port(source, "PORT", PORT_DEFAULT)?;
    // A platform that hands out a port connects from outside; a developer's machine should not be open to its network.
    let everywhere = production && source.get("PORT").is_some();
    let ip = if everywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    source.parse("POSTFUN_LISTEN", SocketAddr::from((ip, port)), address)
}

pub(super) fn metrics_listen(source: &Source, listen: SocketAddr) -> Result<Option<SocketAddr>, ConfigError> {
    let port = port(source, "P2S_METRICS_PORT", METRICS_PORT_DEFAULT)?;
    let default = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let metrics = source.parse("POSTFUN_METRICS_LISTEN", default, |text| {
        if text.eq_ignore_ascii_case("off") { Ok(None) } else { address(text).map(Some) }
    })?;
    let clash = metrics.is_some_and(|metrics| {
        let same_ip =
            metrics.ip() == listen.ip() || listen.ip().is_unspecified() || metrics.ip().is_unspecified();
        metrics.port() == listen.port() && metrics.port() != 0 && same_ip
    });
    if clash {
        let complaint =
            format!("asks for port {}, which the API uses; give another port, or off", listen.port());
        return Err(ConfigError::new("POSTFUN_METRICS_LISTEN", complaint));
    }
    Ok(metrics)
}

fn port(source: &Source, variable: &'static str, default: u64) -> Result<u16, ConfigError> {
    let number = source.number(variable, default, 0..=u64::from(u16::MAX))?;
    u16::try_from(number).map_err(|_error| ConfigError::new(variable, "is no port"))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_error| {
        format!("is \"{text}\"; give an address and a port, such as 127.0.0.1:8000 or [::]:8000")
    })
}

/// Reads an address of the form `http[s]://host[:port]`, because cookies and origins know no path.
pub(super) fn base_url(text: &str) -> Result<Url, String> {
    let fault =
        || format!("is \"{text}\"; give scheme, host and optional port alone, such as https://example.org");
    let url = Url::parse(text).map_err(|_error| fault())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    if bare && anonymous && is_web { Ok(url) } else { Err(fault()) }
}

pub(super) fn trusted_proxies(source: &Source) -> Result<Vec<IpNet>, ConfigError> {
    let network = |text: &String| {
        let net = text.parse::<IpNet>().or_else(|_error| text.parse::<IpAddr>().map(IpNet::from));
        net.map_err(|_error| {
            let complaint =
                format!("names \"{text}\"; give addresses or networks such as 10.0.0.0/8, comma separated");
            ConfigError::new("POSTFUN_TRUSTED_PROXIES", complaint)
        })
    };
    source.list("POSTFUN_TRUSTED_PROXIES").iter().map(network).collect()
}

pub(super) fn cors(source: &Source, production: bool) -> Result<Cors, ConfigError> {
    let (named, alias) = (source.list("CORS_ORIGINS"), source.list("ALLOWED_ORIGINS"));
    if !named.is_empty() && !alias.is_empty() && named != alias {
        return Err(ConfigError::new("ALLOWED_ORIGINS", "differs from CORS_ORIGINS; set only one of them"));
    }
    let (variable, origins) =
        if named.is_empty() { ("ALLOWED_ORIGINS", alias) } else { ("CORS_ORIGINS", named) };
    match origins.as_slice() {
        [] if production => Ok(Cors::SameOrigin),
        [] => Ok(Cors::Any),
        [only] if only == "*" => Ok(Cors::Any),
        list => {
            let origin = |text: &String| {
                let url = base_url(text).map_err(|complaint| ConfigError::new(variable, complaint))?;
                Ok(url.origin().ascii_serialization())
            };
            list.iter().map(origin).collect::<Result<_, _>>().map(Cors::List)
        }
    }
}
