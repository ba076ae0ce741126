//! The exchange service over real mTLS.

use jeugdketen_proto::v1::{Bericht, FetchRequest, SubmitRequest};

use crate::support::hub::TestHub;

#[tokio::test(flavor = "multi_thread")]
async fn a_rechtbank_announces_a_hearing_and_the_gi_fetches_it() {
    let hub = TestHub::sqlite().await;
    let text =
        include_str!("../../examples/01-zittingsaankondiging.json").replace("{{bericht_id}}", "01890a5d-ac96-774b-bcce-b302099a8057");
    let bericht: Bericht = ketenhub::json::read(&text).unwrap();
    let receipt = hub
        .exchange("rechtbank")
        .await
        .submit(SubmitRequest { bericht: Some(bericht.clone()), ..Default::default() })
        .await
        .unwrap()
        .into_inner()
        .receipt
        .unwrap();
    assert_eq!(ketenhub::receipt::verifieer(&receipt, hub.running.hub.sleutel.load().publiek()), Ok(()));
    let page = hub.exchange("gi").await.fetch(FetchRequest { na: None, maximaal: 0 }).await.unwrap().into_inner();
    assert_eq!(page.leveringen.len(), 1);
}
