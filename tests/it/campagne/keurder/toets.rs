//! The checker checked: a sound history passes, and one of every kind of wrong is named.

use std::collections::BTreeMap;

use bytes::Bytes;
use jeugdketen_proto::v1::{Ontvanger, Receipt};
use prost::Message as _;

use super::*;
use crate::campagne::eindstand::{Aanvaard, InPostvak};

const OIN: &str = "00000099020000001000";

fn receipt(id: &str, volgnummer: u64, postvaknummer: u64) -> Bytes {
    let ontvanger = Ontvanger { oin: OIN.to_owned(), rol: 0, postvaknummer };
    Receipt { bericht_id: id.to_owned(), volgnummer, ontvangers: vec![ontvanger], ..Receipt::default() }.encode_to_vec().into()
}

/// Three messages one after another; the second was answered twice. The recipient read two, acknowledged, and resumed.
fn goed() -> (Geschiedenis, Eindstand) {
    let mut geschiedenis = Geschiedenis::default();
    let mut einde = Eindstand::default();
    for (nr, id) in [(1, "a"), (2, "b"), (3, "c")] {
        let receipts = vec![(nr * 100 + 50, receipt(id, nr, nr)); if nr == 2 { 2 } else { 1 }];
        let (id, bericht) = (id.to_owned(), Bytes::new());
        einde.herhaald.insert(id.clone(), receipt(&id, nr, nr));
        einde.postvakken.entry(OIN.to_owned()).or_default().insert(nr, InPostvak { id: id.clone(), van_hub: false });
        einde.aanvaard.push(Aanvaard { volgnummer: nr, van_hub: false });
        geschiedenis.verzendingen.push(Verzending { wie: "rechtbank", id, bericht, begin: nr * 100, receipts });
    }
    use Waarneming::{Begin, Bevestigd, Gevraagd, Gezien};
    let gezien = |nr: u64, id: &str| Gezien(nr, id.to_owned());
    let waarnemingen = vec![Begin, gezien(1, "a"), gezien(2, "b"), Gevraagd(2), Bevestigd(2), Begin, gezien(3, "c"), Gevraagd(3)];
    geschiedenis.ontvangers.insert(OIN.to_owned(), waarnemingen);
    einde.cursors.insert(OIN.to_owned(), 3);
    einde.bevestigd.insert(OIN.to_owned(), BTreeMap::from([(2, 1), (3, 1)]));
    (geschiedenis, einde)
}

/// What the checker says of the sound history after this was done to it.
fn na(verander: impl FnOnce(&mut Geschiedenis, &mut Eindstand)) -> Vec<Overtreding> {
    let (mut geschiedenis, mut einde) = goed();
    verander(&mut geschiedenis, &mut einde);
    keur(&geschiedenis, &einde)
}

fn vak(einde: &mut Eindstand) -> &mut BTreeMap<u64, InPostvak> {
    einde.postvakken.get_mut(OIN).unwrap()
}

fn waarnemingen(geschiedenis: &mut Geschiedenis) -> &mut Vec<Waarneming> {
    geschiedenis.ontvangers.get_mut(OIN).unwrap()
}

fn oin() -> String {
    OIN.to_owned()
}

/// What is said of a history is among others this, and it is counted as that.
fn noemt(gevonden: &[Overtreding], wat: &Overtreding, hoe: fn(&Telling) -> usize) {
    assert!(gevonden.contains(wat), "{wat:?} is not in {gevonden:?}");
    assert!(hoe(&Telling::van(std::slice::from_ref(wat))) == 1 && hoe(&Telling::van(gevonden)) >= 1);
}

#[test]
fn a_sound_history_passes() {
    assert_eq!(na(|_, _| ()), []);
    assert_eq!(Telling::van(&[]), Telling::default());
}

#[test]
fn a_message_of_the_hub_itself_is_no_gap() {
    let gevonden = na(|_, einde| {
        einde.aanvaard.push(Aanvaard { volgnummer: 4, van_hub: true });
        vak(einde).insert(4, InPostvak { id: "signaal".to_owned(), van_hub: true });
    });
    assert_eq!(gevonden, []);
}

#[test]
fn a_lost_message_is_named() {
    // Repeated it is new: another number than its receipt says.
    let gevonden = na(|_, einde| drop(einde.herhaald.insert("b".to_owned(), receipt("b", 4, 4))));
    noemt(&gevonden, &Overtreding::Verloren("b".to_owned()), |telling| telling.verloren);
    // It is refused.
    let gevonden = na(|_, einde| drop(einde.herhaald.remove("c")));
    noemt(&gevonden, &Overtreding::Verloren("c".to_owned()), |telling| telling.verloren);
    // It is not in the mailbox.
    let gevonden = na(|_, einde| drop(vak(einde).remove(&3)));
    noemt(&gevonden, &Overtreding::Verloren("c".to_owned()), |telling| telling.verloren);
    // It never had a receipt, and gets none.
    let gevonden = na(|geschiedenis, einde| {
        geschiedenis.verzendingen[2].receipts.clear();
        einde.herhaald.remove("c");
    });
    noemt(&gevonden, &Overtreding::NietHerhaald("c".to_owned()), |telling| telling.verloren);
}

#[test]
fn a_doubled_message_is_named() {
    let gevonden = na(|_, einde| drop(vak(einde).insert(4, InPostvak { id: "b".to_owned(), van_hub: false })));
    noemt(&gevonden, &Overtreding::DubbelGeleverd(oin(), "b".to_owned()), |telling| telling.dubbel);
    let gevonden = na(|geschiedenis, einde| {
        geschiedenis.verzendingen[2].receipts = vec![(350, receipt("c", 2, 3))];
        einde.herhaald.insert("c".to_owned(), receipt("c", 2, 3));
    });
    noemt(&gevonden, &Overtreding::DubbelVolgnummer(2), |telling| telling.dubbel);
}

#[test]
fn a_second_receipt_that_differs_is_named() {
    let anders = || -> Bytes {
        let mut receipt = Receipt::decode(receipt("b", 2, 2)).unwrap();
        receipt.zaak_geopend = true;
        receipt.encode_to_vec().into()
    };
    let gevonden = na(|geschiedenis, _| geschiedenis.verzendingen[1].receipts[1].1 = anders());
    noemt(&gevonden, &Overtreding::AndereReceipt("b".to_owned()), |telling| telling.dubbel);
    let gevonden = na(|_, einde| drop(einde.herhaald.insert("b".to_owned(), anders())));
    noemt(&gevonden, &Overtreding::AndereReceipt("b".to_owned()), |telling| telling.dubbel);
}

#[test]
fn a_gap_is_named() {
    let verschoven = |geschiedenis: &mut Geschiedenis, einde: &mut Eindstand, volgnummer, postvaknummer| {
        let receipt = receipt("c", volgnummer, postvaknummer);
        geschiedenis.verzendingen[2].receipts = vec![(350, receipt.clone())];
        einde.herhaald.insert("c".to_owned(), receipt);
    };
    let gevonden = na(|geschiedenis, einde| {
        verschoven(geschiedenis, einde, 4, 3);
        einde.aanvaard[2].volgnummer = 4;
    });
    assert_eq!(gevonden, [Overtreding::GatInVolgnummers(3)]);
    noemt(&gevonden, &Overtreding::GatInVolgnummers(3), |telling| telling.gaten);
    let gevonden = na(|geschiedenis, einde| {
        verschoven(geschiedenis, einde, 3, 4);
        let is = vak(einde).remove(&3).unwrap();
        vak(einde).insert(4, is);
    });
    noemt(&gevonden, &Overtreding::GatInPostvak(oin(), 3), |telling| telling.gaten);
    let gevonden = na(|geschiedenis, _| drop(waarnemingen(geschiedenis).remove(1)));
    noemt(&gevonden, &Overtreding::SprongGezien(oin(), 2), |telling| telling.gaten);
}

#[test]
fn an_order_break_is_named() {
    // In the mailbox: the numbers of the second and the third are exchanged.
    let gevonden = na(|geschiedenis, einde| {
        for (plaats, id, volgnummer, postvaknummer) in [(1, "b", 3, 2), (2, "c", 2, 3)] {
            let receipt = receipt(id, volgnummer, postvaknummer);
            // Sent at the same time: only the mailbox is wrong.
            (geschiedenis.verzendingen[plaats].begin, geschiedenis.verzendingen[plaats].receipts) = (200, vec![(400, receipt.clone())]);
            einde.herhaald.insert(id.to_owned(), receipt);
        }
    });
    assert_eq!(gevonden, [Overtreding::VolgordeInPostvak(oin(), 2)]);
    noemt(&gevonden, &Overtreding::VolgordeInPostvak(oin(), 2), |telling| telling.volgorde);
    // In time: the third was answered before the second was sent.
    let gevonden = na(|geschiedenis, _| {
        geschiedenis.verzendingen[2].begin = 110;
        geschiedenis.verzendingen[2].receipts[0].0 = 120;
    });
    noemt(&gevonden, &Overtreding::VolgordeInTijd("c".to_owned(), "b".to_owned()), |telling| telling.volgorde);
}

#[test]
fn what_is_seen_after_it_was_acknowledged_is_named() {
    let gevonden = na(|geschiedenis, _| waarnemingen(geschiedenis).insert(6, Waarneming::Gezien(2, "b".to_owned())));
    assert_eq!(gevonden, [Overtreding::GezienNaBevestiging(oin(), 2)]);
    noemt(&gevonden, &Overtreding::GezienNaBevestiging(oin(), 2), |telling| telling.na_bevestiging);
    for cursor in [1, 4] {
        let gevonden = na(|_, einde| _ = einde.cursors.insert(OIN.to_owned(), cursor));
        noemt(&gevonden, &Overtreding::Cursor(oin(), cursor), |telling| telling.na_bevestiging);
    }
}

#[test]
fn what_is_seen_again_before_it_was_acknowledged_is_sound() {
    // The answer to the first acknowledgement did not come, and it did not count.
    let gevonden = na(|geschiedenis, einde| {
        let waarnemingen = waarnemingen(geschiedenis);
        waarnemingen.remove(4);
        waarnemingen.splice(5..5, [Waarneming::Gezien(1, "a".to_owned()), Waarneming::Gezien(2, "b".to_owned())]);
        einde.bevestigd.get_mut(OIN).unwrap().remove(&2);
    });
    assert_eq!(gevonden, []);
}

#[test]
fn what_is_delivered_otherwise_than_the_receipts_say_is_named() {
    let gevonden = na(|_, einde| vak(einde).get_mut(&2).unwrap().id = "x".to_owned());
    noemt(&gevonden, &Overtreding::AndersGeleverd(oin(), 2), |telling| telling.verloren);
    noemt(&gevonden, &Overtreding::AndersGezien(oin(), 2), |telling| telling.verloren);
}

#[test]
fn a_gap_in_the_records_is_named() {
    let gevonden = na(|_, einde| _ = einde.aanvaard.remove(1));
    noemt(&gevonden, &Overtreding::AuditAanvaard(2), |telling| telling.audit);
    for teveel in [2, 9] {
        let gevonden = na(|_, einde| einde.aanvaard.push(Aanvaard { volgnummer: teveel, van_hub: false }));
        noemt(&gevonden, &Overtreding::AuditAanvaard(teveel), |telling| telling.audit);
    }
    for (nr, aantal) in [(2, 0), (2, 2), (3, 2), (1, 1)] {
        let gevonden = na(|_, einde| _ = einde.bevestigd.get_mut(OIN).unwrap().insert(nr, aantal));
        noemt(&gevonden, &Overtreding::AuditBevestigd(oin(), nr), |telling| telling.audit);
    }
}

#[test]
fn an_acknowledgement_that_comes_late_is_on_record_under_the_number_of_then() {
    let gevonden = na(|geschiedenis, einde| {
        // Asked before 2 was, done after it.
        waarnemingen(geschiedenis).insert(2, Waarneming::Gevraagd(1));
        einde.bevestigd.get_mut(OIN).unwrap().insert(2, 2);
    });
    assert_eq!(gevonden, []);
}

#[test]
fn what_nobody_can_explain_is_named() {
    let gevonden = na(|geschiedenis, einde| {
        geschiedenis.onverklaard.push("INTERNAL".to_owned());
        einde.zelfcontrole.push("fsck".to_owned());
        einde.ongeldig.push("a".to_owned());
    });
    assert_eq!(Telling::van(&gevonden).overig, 3);
    // Every field is in the line that a campaign prints.
    assert_eq!(Telling::van(&gevonden).to_string().matches(':').count(), 7);
}
