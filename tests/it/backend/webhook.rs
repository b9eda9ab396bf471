//! What a real LNbits posts when an invoice was paid.

use postfun_server::lightning::backend::{LightningBackend, NewInvoice};
use postfun_server::lightning::lnbits::{Lnbits, webhook};
use postfun_tests::lnbits::LnbitsServer;
use postfun_tests::stub::{Reply, Stub};
use url::Url;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lnbits_names_the_invoice_that_was_paid() {
    let stub = Stub::start(&[], &[Reply::Say(200, "{}".to_owned())]).await;
    let server = LnbitsServer::shared().await;
    let (ours, stranger) = (server.wallet(0).await, server.wallet(100).await);
    let address = Url::parse(&format!("http://{}/hook", stub.address)).unwrap();
    let backend = Lnbits::new(&ours.config(), LnbitsServer::NETWORK, Some(address)).unwrap();
    let new = NewInvoice { amount_sats: 21, memo: "tea".to_owned(), expiry_s: 600 };
    let invoice = backend.create_invoice(&new).await.unwrap();
    stranger.pay(&invoice.bolt11).await;
    let arrived = async {
        while stub.heard().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), arrived).await.expect("LNbits posts it");
    let heard = stub.heard().remove(0);
    assert_eq!((heard.method.as_str(), heard.target.as_str()), ("POST", "/hook"));
    assert_eq!(webhook::payment_hash(heard.body.as_bytes()), Some(invoice.payment_hash), "{}", heard.body);
}
