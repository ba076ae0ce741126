//! Who saw what of a child: compared with what the deliveries and timelines really showed. Who may ask is tested in `authz`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use jeugdketen_proto::pool;
use jeugdketen_proto::v1::get_inzage_request::Wie;
use jeugdketen_proto::v1::traject_service_client::TrajectServiceClient;
use jeugdketen_proto::v1::{self, Bericht, GetInzageRequest, GetInzageResponse, Handeling, Inzageregel};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, Value};
use tonic::{Code, Status};

use crate::support::draad::reden;
use crate::support::zaak::{DEELNEMERS, HEEL, Zaak, oin};

const BSN: &str = "999990019";

async fn vraag(zaak: &Zaak, wie: &str, waarvan: Wie, na: u64, maximaal: u32) -> Result<GetInzageResponse, Status> {
    let vraag = GetInzageRequest { wie: Some(waarvan), na, maximaal };
    TrajectServiceClient::new(zaak.kanaal(wie).await).get_inzage(vraag).await.map(tonic::Response::into_inner)
}

fn op_id(zaak: &Zaak) -> Wie {
    Wie::MaatregelId(zaak.maatregel.clone())
}

/// Every line, page after page.
async fn alles(zaak: &Zaak, wie: &str, waarvan: Wie, maximaal: u32) -> Vec<Inzageregel> {
    let (mut regels, mut na) = (Vec::new(), 0);
    loop {
        let blad = vraag(zaak, wie, waarvan.clone(), na, maximaal).await.unwrap();
        regels.extend(blad.regels);
        match blad.verder_na {
            0 => return regels,
            verder => na = verder,
        }
    }
}

/// The paths of a message that hold something, worked out without the hub.
fn paden(bericht: &Bericht) -> BTreeSet<String> {
    fn loop_door(bericht: &DynamicMessage, boven: &str, gevonden: &mut BTreeSet<String>) {
        for (field, waarde) in bericht.fields() {
            let pad = format!("{boven}{}", field.name());
            let is_moment = matches!(field.kind(), Kind::Message(m) if m.full_name() == "google.protobuf.Timestamp");
            match waarde {
                Value::Message(deel) if !is_moment => loop_door(deel, &format!("{pad}."), gevonden),
                Value::List(delen) if delen.iter().all(|deel| deel.as_message().is_some()) => {
                    delen.iter().filter_map(Value::as_message).for_each(|deel| loop_door(deel, &format!("{pad}."), gevonden));
                }
                _ => drop(gevonden.insert(pad)),
            }
        }
    }
    let descriptor = pool().get_message_by_name("jeugdketen.hub.v1.Bericht").unwrap();
    let mut gevonden = BTreeSet::new();
    loop_door(&DynamicMessage::decode(descriptor, bericht.encode_to_vec().as_slice()).unwrap(), "", &mut gevonden);
    gevonden
}

/// Who saw which fields of which message by which act.
type Gezien = BTreeMap<(String, u64, Handeling), BTreeSet<String>>;

fn gezien(regels: &[Inzageregel]) -> Gezien {
    let alle = regels.iter().filter(|regel| regel.volgnummer > 0 && regel.handeling() != Handeling::Vernietigd);
    let velden = |regel: &Inzageregel| regel.velden.iter().map(|veld| veld.pad.clone()).collect();
    alle.map(|regel| ((regel.oin.clone(), regel.volgnummer, regel.handeling()), velden(regel))).collect()
}

/// Has everybody read its mail and its timeline, and notes what each was shown of the case.
async fn iedereen_leest(zaak: &Zaak) -> Gezien {
    let mut verwacht = Gezien::new();
    for (nr, bericht) in &zaak.berichten {
        let receipt = &zaak.receipts[nr];
        if receipt.maatregel_id == zaak.maatregel {
            verwacht.insert((receipt.afzender_oin.clone(), receipt.volgnummer, Handeling::Aanvaard), paden(bericht));
        }
    }
    let van_de_zaak: BTreeSet<u64> = verwacht.keys().map(|sleutel| sleutel.1).collect();
    for wie in DEELNEMERS {
        for levering in zaak.post(wie).await {
            if let (Some(v1::levering::Inhoud::Bericht(bericht)), Some(receipt)) =
                (levering.inhoud, zaak.receipts.values().find(|receipt| zit_in(receipt, wie, levering.postvaknummer)))
                && van_de_zaak.contains(&receipt.volgnummer)
            {
                verwacht.insert((oin(wie), receipt.volgnummer, Handeling::Geleverd), paden(&bericht));
            }
        }
        let Ok(traject) = zaak.traject(wie).await else { continue };
        for gebeurtenis in traject.gebeurtenissen {
            let velden = gebeurtenis.bericht.as_ref().map(paden).unwrap_or_default();
            verwacht.insert((oin(wie), gebeurtenis.volgnummer, Handeling::Geraadpleegd), velden);
        }
    }
    verwacht
}

fn zit_in(receipt: &v1::Receipt, wie: &str, postvaknummer: u64) -> bool {
    receipt.ontvangers.iter().any(|ontvanger| ontvanger.oin == oin(wie) && ontvanger.postvaknummer == postvaknummer)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saw_which_field_is_exactly_what_was_shown_by_id_and_by_bsn_and_page_by_page() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&HEEL).await;
        let verwacht = iedereen_leest(&zaak).await;
        assert!(verwacht.len() > 60, "{}", verwacht.len());
        zaak.bevestig("gemeente").await;
        let regels = alles(&zaak, "gi", op_id(&zaak), 0).await;
        let ziet = gezien(&regels);
        for (sleutel, velden) in &verwacht {
            assert_eq!(ziet.get(sleutel), Some(velden), "{sleutel:?}");
        }
        assert_eq!(ziet.len(), verwacht.len());

        // The ground and the class are those of the contract, the name that of the register, and who acknowledged is said.
        let gemeente: Vec<_> = regels.iter().filter(|r| r.oin == oin("gemeente") && r.handeling() == Handeling::Geleverd).collect();
        assert!(gemeente.iter().all(|regel| regel.bevestigd_op.is_some() && !regel.naam.is_empty() && !regel.vernietigd));
        assert!(!gemeente.iter().flat_map(|regel| &regel.velden).any(|veld| veld.pad.contains("onderbouwing")));
        let bsn = regels.iter().flat_map(|r| &r.velden).find(|veld| veld.pad == "uitspraak.jeugdige.bsn").unwrap();
        assert_eq!((bsn.grond.as_str(), bsn.klasse()), ("Jw 7.2.1", v1::Klasse::Identificerend));
        assert!(regels.iter().flat_map(|r| &r.velden).all(|veld| !veld.grond.is_empty() && veld.klasse() != v1::Klasse::Unspecified));
        // No value is in it.
        let text = format!("{regels:?}");
        assert!(!text.contains(BSN) && !text.contains("C/13/"));

        // Every way gives the same. The asking itself is on record, and not among what it asks for.
        let nog_eens = alles(&zaak, "gi", Wie::Bsn(BSN.to_owned()), 7).await;
        assert_eq!(nog_eens, regels);
        assert!(gevraagd(&zaak, "GERAADPLEEGD").await > 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gi_that_was_replaced_asks_in_vain_and_the_new_one_sees_who_saw_what_before_it() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["02", "03", "05"]).await;
        zaak.post("gemeente").await;
        let eerst = gezien(&alles(&zaak, "gi", op_id(&zaak), 0).await);
        zaak.speel(&["23"]).await;
        for waarvan in [op_id(&zaak), Wie::Bsn(BSN.to_owned())] {
            let status = vraag(&zaak, "gi", waarvan.clone(), 0, 0).await.expect_err("it does not hold the case any more");
            assert_eq!(status.code(), Code::NotFound);
            let ziet = gezien(&alles(&zaak, "gi-3", waarvan, 0).await);
            assert!(eerst.iter().all(|(sleutel, velden)| ziet.get(sleutel) == Some(velden)), "all of before");
            assert!(alles(&zaak, "gi-3", op_id(&zaak), 0).await.iter().any(|r| r.reden == "GET_INZAGE" && r.oin == oin("gi")));
            assert!(ziet.keys().any(|sleutel| sleutel.0 == oin("gemeente") && sleutel.2 == Handeling::Geleverd));
        }
        // Each attempt is on record.
        assert_eq!(gevraagd(&zaak, "POGING").await, 2);
    }
}

/// How many records of asking there are in some case.
async fn gevraagd(zaak: &Zaak, handeling: &str) -> i64 {
    let sql = "select count(*) from audit where handeling = $1 and reden = 'GET_INZAGE' and zaak is not null";
    match zaak.hub.running.hub.store.read().await.unwrap().conn() {
        ketenhub::store::Conn::Sqlite(conn) => sqlx::query_scalar(sql).bind(handeling).fetch_one(conn).await.unwrap(),
        ketenhub::store::Conn::Postgres(conn) => {
            sqlx::query_scalar(sql).bind(handeling).fetch_one(conn.aan_de_beurt().await.unwrap()).await.unwrap()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_destruction_the_fields_are_those_that_the_contract_shows_the_role() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["02"]).await;
        for wie in DEELNEMERS {
            zaak.bevestig(wie).await;
        }
        let eerst = gezien(&alles(&zaak, "gi", op_id(&zaak), 0).await);
        zaak.clock.advance(TimeDelta::days(31));
        zaak.hub.running.hub.admission.onderhoud().await.unwrap();
        zaak.traject("gi").await.unwrap();
        let regels = alles(&zaak, "gi", op_id(&zaak), 0).await;
        let vernietigd: Vec<_> = regels.iter().filter(|regel| regel.handeling() == Handeling::Vernietigd).collect();
        assert_eq!(vernietigd.len(), 1);
        assert!(vernietigd[0].velden.is_empty(), "nobody saw anything then");
        let na = gezien(&regels);
        for (sleutel, velden) in &eerst {
            assert!(na[sleutel].is_superset(velden), "{sleutel:?}: at least what was shown");
        }
        let tijdlijn = regels.iter().find(|regel| regel.reden == "GET_TRAJECT").expect("it looked");
        assert!(tijdlijn.vernietigd && tijdlijn.volgnummer == 1 && tijdlijn.velden.is_empty(), "it saw nothing of it");
        let met_bericht = regels.iter().filter(|regel| !regel.velden.is_empty());
        assert!(met_bericht.clone().all(|regel| regel.vernietigd) && met_bericht.count() > 0);
        let gemeente = &na[&(oin("gemeente"), 1, Handeling::Geleverd)];
        assert!(!gemeente.iter().any(|pad| pad.contains("motivering") || pad.contains("gronden")), "{gemeente:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_bsn_or_too_much_is_refused_and_the_number_is_in_no_answer() {
    let zaak = Zaak::met_voorbeelden(&["02"]).await;
    for (waarvan, maximaal) in [(Some(Wie::Bsn("999990018".to_owned())), 0), (None, 0), (Some(op_id(&zaak)), 101)] {
        let vraag = GetInzageRequest { wie: waarvan, na: 0, maximaal };
        let status = TrajectServiceClient::new(zaak.kanaal("gi").await).get_inzage(vraag).await.unwrap_err();
        assert_eq!((status.code(), reden(&status).as_str()), (Code::InvalidArgument, "ONGELDIGE_INHOUD"));
        assert!(!format!("{status:?}").contains("999990018"));
    }
}
