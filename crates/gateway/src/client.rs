//! From where a request comes.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};

use crate::Gateway;

/// The client's address: of the connection, or as the proxies in front of us saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Each proxy adds the address that it answers to the end of `X-Forwarded-For`, and what stands before is whatever
    /// the client made up. So with `proxies` in front the client is that many from the end.
    pub(crate) fn new(connection: Option<IpAddr>, headers: &HeaderMap, proxies: usize) -> Self {
        let connection = connection.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        if proxies == 0 {
            return Self(connection.to_canonical());
        }
        let values = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
        let seen = values.flat_map(|value| value.rsplit(',')).nth(proxies - 1);
        Self(seen.and_then(|seen| seen.trim().parse().ok()).unwrap_or(connection).to_canonical())
    }

    /// Of the request that these belong to.
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions, proxies: usize) -> Self {
        let connection = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Self::new(connection, headers, proxies)
    }

    /// The address.
    pub(crate) fn ip(self) -> IpAddr {
        self.0
    }

    /// What counts as one place: an address, or in IPv6 the /64 that one connection gets.
    pub(crate) fn network(self) -> impl fmt::Display {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        }
    }
}

impl FromRequestParts<Arc<Gateway>> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.extensions, gateway.proxies))
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_proxies_wrote_is_believed() {
        let connection = Some("10.0.0.9".parse().unwrap());
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "6.6.6.6, 192.0.2.7".parse().unwrap());
        headers.append("x-forwarded-for", "10.0.0.8".parse().unwrap());
        let seen = |proxies| ClientAddress::new(connection, &headers, proxies).network().to_string();
        assert_eq!(seen(0), "10.0.0.9");
        assert_eq!(seen(1), "10.0.0.8");
        assert_eq!(seen(2), "192.0.2.7");
        assert_eq!(seen(9), "10.0.0.9");
    }

    #[test]
    fn one_ipv6_connection_is_one_place() {
        let network = |text: &str| {
            ClientAddress::new(Some(text.parse().unwrap()), &HeaderMap::new(), 0).network().to_string()
        };
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
