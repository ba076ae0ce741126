//! Messages that are made to cost much are refused soon, with an answer that a client can take.

use std::time::{Duration, Instant};

use bytes::Bytes;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Aanbod, Aanbodregel, Bericht, Jeugdhulpbepaling, Voorziening};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::berichten::{GI, bytes, dien_in, dien_ruw_in, nieuw_id, reden, voorbeeld, zitting};
use crate::support::hub::TestHub;

/// The longest that a refusal may take, in a debug build on a machine that is busy.
const SOON: Duration = Duration::from_secs(3);

fn bepaling(voorzieningen: usize) -> Bericht {
    let voorzieningen = (1..).take(voorzieningen).map(|nr| Voorziening { nr, ..Voorziening::default() }).collect();
    let bepaling = Jeugdhulpbepaling { voorzieningen, ..Jeugdhulpbepaling::default() };
    let maatregel_id = nieuw_id();
    Bericht { bericht_id: nieuw_id(), maatregel_id, inhoud: Some(Inhoud::Jeugdhulpbepaling(bepaling)), ..Bericht::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_very_many_elements_is_refused_soon() {
    let hub = TestHub::with(|config| config.limits.message_bytes = 4 << 20).await;
    let gi = hub.channel("gi").await;
    for aantal in [21, 1_500, 100_000, 500_000] {
        let bericht = bytes(&bepaling(aantal));
        assert!(bericht.len() < 4 << 20);
        let begin = Instant::now();
        let status = dien_ruw_in(&gi, bericht).await.unwrap_err();
        println!("{aantal} elements: {:?} after {:?}", status.code(), begin.elapsed());
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(begin.elapsed() < SOON, "{aantal} elements took {:?}", begin.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_empty_elements_are_refused_soon_in_any_encoding() {
    let hub = TestHub::with(|config| config.limits.message_bytes = 4 << 20).await;
    let gi = hub.channel("gi").await;
    // Two bytes each: the key of `voorzieningen` and a length of zero.
    let mut lijst = Vec::new();
    for _ in 0..1_000_000 {
        encode_key(4, WireType::LengthDelimited, &mut lijst);
        encode_varint(0, &mut lijst);
    }
    // An explicit default makes it another encoding than the canonical one.
    for vooraf in [&[][..], &[0x10, 0x00]] {
        let inhoud = [vooraf, &lijst].concat();
        let mut bericht = Bericht { bericht_id: nieuw_id(), maatregel_id: nieuw_id(), ..Bericht::default() }.encode_to_vec();
        encode_key(16, WireType::LengthDelimited, &mut bericht);
        encode_varint(inhoud.len() as u64, &mut bericht);
        bericht.extend(inhoud);
        let begin = Instant::now();
        let status = dien_ruw_in(&gi, bericht).await.unwrap_err();
        println!("a million elements: {:?} after {:?}", status.code(), begin.elapsed());
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(begin.elapsed() < SOON, "it took {:?}", begin.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_faults_in_every_element_is_answered_with_what_a_client_can_take() {
    let hub = TestHub::sqlite().await;
    let regels = vec![Aanbodregel::default(); 1000];
    let bericht = Bericht { bericht_id: nieuw_id(), inhoud: Some(Inhoud::Aanbod(Aanbod { regels })), ..Bericht::default() };
    let status = dien_in(&mut hub.exchange("gemeente").await, &bericht).await.unwrap_err();
    assert_eq!((status.code(), &*reden(&status)), (Code::InvalidArgument, "ONGELDIGE_INHOUD"));
    assert!(status.details().len() < 6 * 1024, "{} bytes of details", status.details().len());
    let fouten = status.get_details_bad_request().unwrap().field_violations;
    assert!(fouten.len() > 20);
    assert!(fouten.last().unwrap().description.contains("more"), "the list says that it is not whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deeply_nested_message_is_refused_soon() {
    let hub = TestHub::sqlite().await;
    let rechtbank = hub.channel("rechtbank").await;
    // Groups within groups in a field that the contract does not know: what a decoder skips by recursion.
    let diep = [vec![0x0b + (15 << 3) - 8; 500_000], vec![0x0c + (15 << 3) - 8; 500_000]].concat();
    // Messages within messages, each in the field `correctie`.
    let mut genest = Vec::new();
    for _ in 0..20_000 {
        let mut buiten = vec![0x1a];
        encode_varint(genest.len() as u64, &mut buiten);
        buiten.extend(genest.split_off(0));
        genest = buiten;
    }
    for staart in [diep, genest] {
        let begin = Instant::now();
        let bericht = [bytes(&zitting(GI)).to_vec(), staart].concat();
        let status = dien_ruw_in(&rechtbank, bericht).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(begin.elapsed() < SOON, "it took {:?}", begin.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_size_limit_is_refused_and_one_under_it_is_not() {
    let hub = TestHub::with(|config| config.limits.message_bytes = 200 * 1024).await;
    let mut rechtbank = hub.exchange("rechtbank").await;
    let met = |letters: usize| {
        let mut bericht = voorbeeld("02-uitspraak.json", &[]);
        if let Some(Inhoud::Uitspraak(uitspraak)) = &mut bericht.inhoud {
            (uitspraak.tekst, uitspraak.motivering) = ("x".repeat(95_000), "x".repeat(letters));
        }
        bericht
    };
    dien_in(&mut rechtbank, &met(95_000)).await.unwrap();
    let groot = met(99_000);
    let te_groot = Bytes::from([bytes(&groot).to_vec(), vec![0; 16 * 1024]].concat());
    let status = dien_ruw_in(&hub.channel("rechtbank").await, te_groot).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    dien_in(&mut rechtbank, &zitting(GI)).await.expect("the connection serves on");
}
