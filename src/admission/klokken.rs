//! The clocks within a batch: which cases it touched, and what is kept of their clocks afterwards. In the same transaction as the messages,
//! so that one is never there without the other.

use std::collections::{BTreeSet, HashMap};

use jeugdketen_proto::Kind;

use super::Werkplaats;
use crate::domain::admit::Admitted;
use crate::domain::ids::MaatregelId;
use crate::domain::klok::{Dossier, Ontvangst, meet};
use crate::domain::zaak::Feit;
use crate::kluis::Kluis;
use crate::store::{Conn, StoreError, Tx, klokken, zaken};

/// At most this many due cases are taken up in one transaction.
const PER_TIK: i64 = 64;

#[derive(Default)]
pub(super) struct Klokken {
    aan_de_beurt: Vec<MaatregelId>,
    ontvangsten: HashMap<MaatregelId, Vec<Ontvangst>>,
    geraakt: BTreeSet<MaatregelId>,
    geopend: BTreeSet<MaatregelId>,
}

impl Klokken {
    /// The cases that have a warning due: asked without a transaction, since mostly none has.
    pub(super) async fn aan_de_beurt_nu(werkplaats: &Werkplaats) -> Result<Vec<MaatregelId>, StoreError> {
        let mut lezing = werkplaats.store.read().await?;
        klokken::aan_de_beurt(&mut lezing.conn(), werkplaats.clock.micros(), PER_TIK).await
    }

    /// With the cases that have a warning due, when the batch holds a tick.
    pub(super) async fn laad(conn: &mut Conn<'_>, tik: Option<Option<MaatregelId>>, op: i64) -> Result<Klokken, StoreError> {
        let aan_de_beurt = match tik {
            None => return Ok(Klokken::default()),
            Some(Some(zaak)) => vec![zaak],
            Some(None) => klokken::aan_de_beurt(conn, op, PER_TIK).await?,
        };
        let ontvangsten = zaken::ontvangsten(conn, &aan_de_beurt).await?;
        Ok(Klokken { aan_de_beurt, ontvangsten, ..Klokken::default() })
    }

    pub(super) fn aan_de_beurt(&self) -> impl Iterator<Item = MaatregelId> + '_ {
        self.aan_de_beurt.iter().copied()
    }

    /// The dossiers whose turn it is, once.
    pub(super) fn neem_aan_de_beurt(&mut self, feiten: &HashMap<MaatregelId, Vec<Feit>>) -> Vec<Dossier> {
        let dossier = |id: MaatregelId| {
            let ontvangsten = self.ontvangsten.get(&id).cloned().unwrap_or_default();
            Some(Dossier { id, feiten: feiten.get(&id)?.clone(), ontvangsten })
        };
        std::mem::take(&mut self.aan_de_beurt).into_iter().filter_map(dossier).collect()
    }

    /// A message came into a case.
    pub(super) fn kwam_bij(&mut self, zaak: MaatregelId, admitted: &Admitted) {
        if admitted.kind() == Kind::Uitspraak && admitted.bericht().maatregel_id.is_empty() {
            self.geopend.insert(zaak);
        }
        // A correction can take away what something else rests on, such as the voorziening whose help started.
        if telt_mee(admitted.kind()) || admitted.bericht().correctie.is_some() {
            self.geraakt.insert(zaak);
        }
    }

    /// Something else happened in cases that their clocks look at.
    pub(super) fn geraakt(&mut self, zaken: impl IntoIterator<Item = MaatregelId>) {
        self.geraakt.extend(zaken);
    }

    /// Measures every case that was touched and writes what is kept of its clocks. A case whose facts are corrupt is left as it is and said
    /// aloud: whoever acknowledges a page of mail must not be held up by it.
    pub(super) async fn werk_bij(
        self,
        tx: &mut Tx,
        bevestigd: bool,
        werkplaats: &Werkplaats,
        mut feiten: HashMap<MaatregelId, Vec<Feit>>,
    ) -> Result<(), StoreError> {
        // What this very batch confirmed can only be read in its transaction.
        let conn = &mut if bevestigd { tx.conn() } else { tx.lees() };
        let bekend: Vec<_> = self.geraakt.difference(&self.geopend).copied().collect();
        let onbekend: Vec<_> = bekend.iter().filter(|id| !feiten.contains_key(id)).copied().collect();
        feiten.extend(leesbare(conn, &werkplaats.kluis, &onbekend).await?);
        let mut ontvangsten = zaken::ontvangsten(conn, &bekend).await?;
        let mut rijen = Vec::new();
        for id in self.geraakt {
            let Some(feiten) = feiten.remove(&id) else { continue };
            let dossier = Dossier { id, feiten, ontvangsten: ontvangsten.remove(&id).unwrap_or_default() };
            match meet(&dossier, &werkplaats.beleid) {
                Ok(stand) => rijen.push(klokken::Rij::van(&stand)),
                Err(error) => tracing::error!(%error, zaak = %id, "the clocks of a case cannot be measured"),
            }
        }
        klokken::schrijf(&mut tx.conn(), &rijen).await
    }
}

/// The facts of cases, without those that cannot be read.
async fn leesbare(conn: &mut Conn<'_>, kluis: &Kluis, zaken: &[MaatregelId]) -> Result<HashMap<MaatregelId, Vec<Feit>>, StoreError> {
    match zaken::feiten(conn, kluis, zaken).await {
        Err(StoreError::Corrupt { .. }) => {}
        gelezen => return gelezen,
    }
    let mut gelezen = HashMap::new();
    for zaak in zaken {
        match zaken::feiten(conn, kluis, &[*zaak]).await {
            Ok(feiten) => gelezen.extend(feiten),
            Err(error @ StoreError::Corrupt { .. }) => tracing::error!(%error, %zaak, "the clocks of a case cannot be measured"),
            Err(error) => return Err(error),
        }
    }
    Ok(gelezen)
}

/// Whether a clock looks at messages of this kind.
fn telt_mee(kind: Kind) -> bool {
    match kind {
        Kind::Uitspraak
        | Kind::Koppeling
        | Kind::Koers
        | Kind::Toelichting
        | Kind::HulpGestart
        | Kind::HulpBeeindigd
        | Kind::Passendheid
        | Kind::Intrekking
        | Kind::Klokwaarschuwing => true,
        Kind::Zittingsaankondiging
        | Kind::Retour
        | Kind::Jeugdhulpbepaling
        | Kind::Verwerking
        | Kind::Woonplaatsmelding
        | Kind::Intakeresultaat
        | Kind::Escalatie
        | Kind::Inzetbesluit
        | Kind::Capaciteit
        | Kind::Overdracht
        | Kind::TaakNietUitvoerbaar
        | Kind::Aanbod
        | Kind::Signaal => false,
    }
}
