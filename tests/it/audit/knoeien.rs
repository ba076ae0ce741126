//! Whoever changes the database behind the back of the hub is noticed, by name, at the next start and by the check. On both databases.

use jeugdketen_proto::v1::AcknowledgeRequest;
use ketenhub::audit::hoofd::{Hoofd, HoofdFout};
use ketenhub::audit::keuring::{Gebrek, Keuring, keur};
use ketenhub::audit::{Zegel, record_van_rij, stand};
use ketenhub::boom::Grens;
use ketenhub::config::Config;
use ketenhub::hub::{HubFout, Running, journaal};
use ketenhub::receipt::Sleutel;
use ketenhub::store::{Conn, Store, audit, lees_reeks, schrijf_reeks};
use ketenhub::time::Clock;
use sqlx::AssertSqlSafe;

use crate::support::hub::TestHub;
use crate::support::zaak::{HEEL, Zaak, nu};

/// What a thief of the database would put back together.
const TABELLEN: [&str; 6] = ["audit", "boomknopen", "reeks", "berichten", "postvakken", "postvak"];

/// A database with a history that is whole, while no hub runs on it, and how it was before the last records.
struct Kluis {
    config: Config,
    store: Store,
    laatste: i64,
    vroeger: i64,
    _folder: tempfile::TempDir,
}

impl Kluis {
    async fn van(mut zaak: Zaak) -> Kluis {
        zaak.speel(&HEEL).await;
        let mut gi = zaak.exchange("gi").await;
        for _ in 0..260 {
            gi.acknowledge(AcknowledgeRequest { tot_en_met: 1 }).await.unwrap();
        }
        let store = Store::open(&zaak.hub.config.database).await.unwrap();
        let vroeger = laatste(&store).await;
        bewaar(&store, "vroeger").await;
        zaak.bevestig("gi").await;
        zaak.bevestig("gemeente").await;
        let TestHub { running, config, folder, .. } = zaak.hub;
        // In order, so that the checkpoint of now is outside the database.
        running.stop().await.unwrap();
        bewaar(&store, "kopie").await;
        Kluis { laatste: laatste(&store).await, config, store, vroeger, _folder: folder }
    }

    async fn keur(&self) -> Keuring {
        let bewaard = stand::lees(&self.config.audit.stand).unwrap();
        keur(&self.store, &journaal(&self.config).unwrap().publiek(), bewaard.as_deref(), |_, _| ()).await.unwrap()
    }

    /// The check finds this, a start finds the same and refuses, and afterwards all is as it was.
    async fn merkt(&self, wat: &str, gebreken: &[Gebrek]) {
        let keuring = self.keur().await;
        for gebrek in gebreken {
            assert!(keuring.gebreken.contains(gebrek), "{wat}: {gebrek:?} is not in {keuring:?}");
        }
        let start = Running::start(&self.config, Clock::manual(nu())).await;
        let Err(HubFout::Audit(bij_start)) = &start else { panic!("{wat}: the hub starts, or fails for another reason: {start:?}") };
        assert_eq!(bij_start.gebreken, keuring.gebreken, "{wat}");
        let text = start.unwrap_err().to_string();
        assert!(text.contains(&gebreken[0].to_string()) && text.contains("restore"), "{wat}: {text}");
        self.herstel("kopie").await;
        assert!(self.keur().await.is_goed(), "{wat}: put back");
    }

    async fn herstel(&self, van: &str) {
        for tabel in TABELLEN {
            sql(&self.store, &format!("delete from {tabel}; insert into {tabel} select * from {van}_{tabel}")).await;
        }
    }

    async fn bladeren(&self) -> Vec<[u8; 32]> {
        let mut lezing = self.store.read().await.unwrap();
        let rijen = audit::na(&mut lezing.conn(), 0, i64::from(i32::MAX)).await.unwrap();
        rijen.iter().map(|rij| rij.blad.as_slice().try_into().unwrap()).collect()
    }

    /// Writes what `reeks` must say of the records as they are now; the checkpoint is what the caller makes of it.
    async fn tel_opnieuw(&self, hoofd: impl FnOnce(Hoofd, String) -> String) {
        let bladeren = self.bladeren().await;
        let (mut tx, mut reeks) = self.store.write().await.unwrap();
        let mut grens = Grens::default();
        bladeren.iter().for_each(|blad| grens.voeg_toe(*blad, |_| ()));
        let nieuw = Hoofd { origin: self.config.audit.origin.clone(), grootte: grens.grootte(), wortel: grens.wortel() };
        (reeks.audit, reeks.boom) = (bladeren.len() as i64, grens.bytes());
        reeks.hoofd = hoofd(nieuw, reeks.hoofd);
        schrijf_reeks(&mut tx.conn(), &reeks).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Alters a record and gives it the leaf hash that belongs to it.
    async fn verzegel_opnieuw(&self, nr: i64) {
        let mut rij = audit::na(&mut self.store.read().await.unwrap().conn(), nr - 1, 1).await.unwrap().remove(0);
        rij.op += 1;
        let (op, blad) = (rij.op, Zegel::default().blad(&record_van_rij(rij)));
        let text = "update audit set op = $1, blad = $2 where nr = $3";
        let (mut tx, _) = self.store.write().await.unwrap();
        match tx.conn() {
            Conn::Sqlite(conn) => drop(sqlx::query(text).bind(op).bind(&blad[..]).bind(nr).execute(conn).await.unwrap()),
            Conn::Postgres(conn) => {
                sqlx::query(text).bind(op).bind(&blad[..]).bind(nr).execute(conn.aan_de_beurt().await.unwrap()).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
}

async fn laatste(store: &Store) -> i64 {
    lees_reeks(&mut store.read().await.unwrap().conn()).await.unwrap().audit
}

async fn bewaar(store: &Store, als: &str) {
    for tabel in TABELLEN {
        sql(store, &format!("create table {als}_{tabel} as select * from {tabel}")).await;
    }
}

async fn sql(store: &Store, text: &str) {
    let (mut tx, _) = store.write().await.unwrap();
    match tx.conn() {
        Conn::Sqlite(conn) => drop(sqlx::raw_sql(AssertSqlSafe(text)).execute(conn).await.unwrap()),
        Conn::Postgres(conn) => drop(sqlx::raw_sql(AssertSqlSafe(text)).execute(conn.aan_de_beurt().await.unwrap()).await.unwrap()),
    }
    tx.commit().await.unwrap();
}

/// What a bit of each column of a record could become.
const KOLOMMEN: [&str; 16] = [
    "op = op + 1",
    "begonnen_op = begonnen_op - 1",
    "handeling = 'REGISTER'",
    "wie = replace(wie, '9', '8')",
    "rol = rol + 1",
    "soort = soort + 1",
    "nummer = nummer + 1000",
    "nummer = null",
    "reden = 'x'",
    "verbintenis = (select verbintenis from audit where nr = 2)",
    "zaak = null",
    "betrokkene = blad",
    "trace = blad",
    "span = blad",
    "ouder = blad",
    "blad = (select blad from audit where nr = 2)",
];

async fn elk_knoeien_wordt_gemerkt(zaak: Zaak) {
    let kluis = Kluis::van(zaak).await;
    assert!(kluis.keur().await.is_goed());
    assert_eq!(kluis.keur().await.records.cast_signed(), kluis.laatste);
    let (laatste, geteld) = (kluis.laatste, kluis.laatste.cast_unsigned());

    for kolom in KOLOMMEN {
        sql(&kluis.store, &format!("update audit set {kolom} where nr = 5")).await;
        kluis.merkt(kolom, &[Gebrek::RecordGewijzigd(5)]).await;
    }

    sql(&kluis.store, "delete from audit where nr = 7").await;
    kluis.merkt("a record removed in the middle", &[Gebrek::RecordsOntbreken(7, 7)]).await;

    sql(&kluis.store, "update audit set nr = -1 where nr = 3; update audit set nr = 3 where nr = 4; update audit set nr = 4 where nr = -1")
        .await;
    kluis.merkt("two records swapped", &[Gebrek::RecordGewijzigd(3), Gebrek::RecordGewijzigd(4)]).await;

    kluis.verzegel_opnieuw(6).await;
    kluis.merkt("a record sealed anew", &[Gebrek::HoofdWortel(geteld), Gebrek::Grens, Gebrek::Knoop(1, 0, 1, 256)]).await;

    let staart = format!("delete from audit where nr > {laatste} - 2; update reeks set audit = audit - 2");
    sql(&kluis.store, &staart).await;
    kluis
        .merkt("the tail removed", &[Gebrek::HoofdGrootte(geteld, geteld - 2), Gebrek::Grens, Gebrek::Teruggezet(geteld, geteld - 2)])
        .await;

    sql(&kluis.store, &staart).await;
    kluis.tel_opnieuw(|_, toen| toen).await;
    kluis.merkt("the tail removed with the tree", &[Gebrek::HoofdGrootte(geteld, geteld - 2)]).await;

    sql(&kluis.store, &staart).await;
    kluis.tel_opnieuw(|hoofd, toen| format!("{}\n{}", hoofd.tekst(), toen.split_once("\n\n").unwrap().1)).await;
    kluis.merkt("the tail removed with the tree and the text that is signed", &[Gebrek::Hoofd(HoofdFout::Handtekening)]).await;

    sql(&kluis.store, &staart).await;
    kluis.tel_opnieuw(|hoofd, _| hoofd.onderteken(&Sleutel::nieuw().unwrap())).await;
    kluis.merkt("the tail removed and signed with another key", &[Gebrek::Hoofd(HoofdFout::AndereSleutel)]).await;

    kluis.verzegel_opnieuw(laatste).await;
    let sleutel = Sleutel::laad_of_maak(&kluis.config.audit.key).unwrap();
    kluis.tel_opnieuw(|hoofd, _| hoofd.onderteken(&sleutel)).await;
    kluis.merkt("another history, by who has the key", &[Gebrek::Herschreven(geteld)]).await;

    kluis.herstel("vroeger").await;
    kluis.merkt("all of it put back to an earlier copy", &[Gebrek::Teruggezet(geteld, kluis.vroeger.cast_unsigned())]).await;

    sql(&kluis.store, "delete from berichten where volgnummer = 2").await;
    kluis.merkt("a message removed", &[Gebrek::BerichtOntbreekt(2)]).await;

    sql(&kluis.store, "delete from berichten where volgnummer = 13; update reeks set bericht = 12").await;
    kluis.merkt("the last message removed", &[Gebrek::BerichtOntbreekt(13)]).await;

    sql(&kluis.store, "update boomknopen set hash = (select blad from audit where nr = 1)").await;
    kluis.merkt("a node altered", &[Gebrek::Knoop(1, 0, 1, 256)]).await;

    sql(&kluis.store, "delete from boomknopen").await;
    kluis.merkt("a node removed", &[Gebrek::Knoop(1, 0, 1, 256)]).await;

    sql(&kluis.store, "delete from postvak where ontvanger = (select min(ontvanger) from postvak)").await;
    kluis.merkt("a mailbox emptied", &[Gebrek::Postvak]).await;

    sql(&kluis.store, "update berichten set volgnummer = -2 where volgnummer = 2").await;
    kluis.merkt("a message out of sight", &[Gebrek::BerichtTeVeel(-2), Gebrek::BerichtOntbreekt(2)]).await;

    sql(&kluis.store, "update audit set nr = -9 where nr = 9").await;
    kluis.merkt("a record out of sight", &[Gebrek::RecordTeVeel(-9), Gebrek::RecordsOntbreken(9, 9)]).await;

    sql(&kluis.store, &format!("insert into audit select {laatste} + 1, op, op, handeling, wie, rol, soort, nummer, reden, verbintenis, zaak, betrokkene, trace, span, ouder, blad from audit where nr = {laatste}")).await;
    kluis.merkt("a record more", &[Gebrek::RecordTeVeel(laatste + 1)]).await;

    let opnieuw = Running::start(&kluis.config, Clock::manual(nu())).await.unwrap();
    opnieuw.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_behind_the_back_of_the_hub_is_noticed_at_its_start_on_sqlite() {
    elk_knoeien_wordt_gemerkt(Zaak::leeg().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_behind_the_back_of_the_hub_is_noticed_at_its_start_on_postgres() {
    elk_knoeien_wordt_gemerkt(Zaak::op_postgres().await).await;
}
