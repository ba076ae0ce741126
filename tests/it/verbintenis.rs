//! The commitment to the fields of a message and the proof of a view, for every kind of message and every reader. The messages are made
//! from the contract, the views by its projection; no hub runs.

mod aanbieders;
mod bestanden;
mod bewijs;
#[expect(dead_code, reason = "the tests of the contract use all of it")]
#[path = "../../proto/tests/contract/filled.rs"]
mod filled;
mod levering;
mod verandering;
mod zegel;

use jeugdketen_proto::v1::{Bericht, Receipt, Rol, Veldbewijs};
use jeugdketen_proto::{Kind, Projection as _, Reader};
use ketenhub::receipt::{Sleutel, sha256};
use ketenhub::time::timestamp;
use ketenhub::verbintenis::{self, OngeldigBewijs};
use prost::Message as _;

use filled::OWN_OIN;

const ZAAD: [u8; 32] = [5; 32];
const MAATREGEL: &str = "0197a2b0-0000-7000-8000-0000000000ff";

/// The roles that a kind of message is for.
fn lezers(kind: Kind) -> impl Iterator<Item = Rol> {
    let alle = (1..32).map_while(|nummer| Rol::try_from(nummer).ok());
    alle.filter(move |rol| kind.route().audience & (1 << *rol as u32) != 0)
}

/// The signed receipt of a message, in a batch with a neighbour.
fn receipt(sleutel: &Sleutel, bericht: &Bericht, zaad: [u8; 32]) -> Receipt {
    let canonical = bericht.encode_to_vec();
    let zaak_geopend = bericht.maatregel_id.is_empty();
    let receipt = Receipt {
        afzender_oin: "00000099010000001000".to_owned(),
        bericht_id: bericht.bericht_id.clone(),
        volgnummer: 41,
        aanvaard_op: Some(timestamp(1_900_000_000_000_000)),
        maatregel_id: if zaak_geopend { MAATREGEL.to_owned() } else { bericht.maatregel_id.clone() },
        digest: sha256(&canonical).to_vec().into(),
        verbintenis: verbintenis::wortel(&canonical, &zaad).unwrap().to_vec().into(),
        zaad: zaad.to_vec().into(),
        zaak_geopend,
        ..Receipt::default()
    };
    let mut samen = [receipt, Receipt { volgnummer: 42, verbintenis: vec![1; 32].into(), ..Receipt::default() }];
    sleutel.onderteken(&mut samen);
    let [receipt, _] = samen;
    receipt
}

/// What a reader gets, as delivery makes it.
fn view(bericht: &Bericht, rol: Rol, oin: &str) -> Bericht {
    let mut view = bericht.clone();
    if view.maatregel_id.is_empty() {
        view.maatregel_id = MAATREGEL.to_owned();
    }
    view.restrict(&Reader { role: rol, oin });
    view
}

/// A message with a reader and its proof.
struct Geleverd {
    sleutel: Sleutel,
    rol: Rol,
    oin: String,
    view: Bericht,
    bewijs: Veldbewijs,
}

impl Geleverd {
    fn aan(bericht: &Bericht, rol: Rol, oin: &str) -> Geleverd {
        Geleverd::met_zaad(bericht, rol, oin, ZAAD)
    }

    fn met_zaad(bericht: &Bericht, rol: Rol, oin: &str, zaad: [u8; 32]) -> Geleverd {
        let sleutel = Sleutel::nieuw().unwrap();
        let receipt = receipt(&sleutel, bericht, zaad);
        let bewijs = verbintenis::bewijs(&receipt, &bericht.encode_to_vec(), rol, oin).expect("a proof");
        Geleverd { sleutel, rol, oin: oin.to_owned(), view: view(bericht, rol, oin), bewijs }
    }

    fn oordeel(&self) -> Result<(), OngeldigBewijs> {
        self.oordeel_over(&self.view.encode_to_vec())
    }

    fn oordeel_over(&self, view: &[u8]) -> Result<(), OngeldigBewijs> {
        verbintenis::verifieer(view, self.rol, &self.oin, &self.bewijs, self.sleutel.publiek()).map(|_| ())
    }
}

/// Full messages of a kind, as their generated type.
fn berichten(kind: Kind, hoogstens: usize) -> impl Iterator<Item = Bericht> {
    filled::all_berichten(kind).take(hoogstens).map(|bericht| Bericht::decode(bericht.encode_to_vec().as_slice()).unwrap())
}
