//! How calls to other servers are encrypted.

use rustls::{ClientConfig, RootCertStore};

/// Trusts Mozilla's list and what this machine trusts, so that a server with a certificate of one's own works too.
///
/// # Errors
///
/// When the library knows no version of the protocol, which would be a defect of the build.
pub(crate) fn client() -> Result<ClientConfig, rustls::Error> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = rustls::crypto::ring::default_provider().into();
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
