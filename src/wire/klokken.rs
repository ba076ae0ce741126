//! Norm clocks and judgements in the words of the contract.

use chrono::NaiveDate;
use jeugdketen_proto::v1::{self, Norm};

use crate::domain::klok::{Klok, Lezing, Stand};
use crate::time::timestamp;

/// A clock as it stands at the end of a day.
pub(super) fn klok(klok: &Klok, dag: NaiveDate) -> v1::Klok {
    let text = |dag: Option<NaiveDate>| dag.map(|dag| dag.to_string()).unwrap_or_default();
    let (uitkomst, reden) = klok.uitkomst(Lezing::Strikt, dag);
    let inspectie = (klok.norm == Norm::Jeugdbeschermer).then(|| klok.uitkomst(Lezing::Inspectie, dag).0);
    v1::Klok {
        norm: klok.norm.into(),
        nummer: klok.nummer,
        start: text(klok.looptijd.map(|looptijd| looptijd.start)),
        uiterlijk: text(klok.looptijd.map(|looptijd| looptijd.uiterlijk)),
        uiterlijk_verlengd: text(klok.looptijd.map(|looptijd| looptijd.verlengd)),
        gestopt: text(klok.gestopt),
        uitkomst: uitkomst.into(),
        gestopt_inspectie: text(klok.gestopt_inspectie.filter(|_| inspectie.is_some())),
        uitkomst_inspectie: inspectie.unwrap_or_default().into(),
        reden_niet_beoordeeld: reden.into(),
        toegelicht_op: klok.toegelicht_op.map(|op| timestamp(op.timestamp_micros())),
        eerdere_termijn: klok.looptijd.is_some_and(|looptijd| looptijd.eerder),
    }
}

/// The judgements of a case at the end of a day.
pub(super) fn oordelen(stand: &Stand, dag: NaiveDate) -> Vec<v1::Oordeel> {
    let oordeel = |b: crate::domain::klok::Beoordeling| v1::Oordeel {
        indicator: b.indicator.into(),
        gehaald: b.oordeel.ok(),
        reden: b.oordeel.err().unwrap_or_default().into(),
    };
    stand.beoordelingen(dag).into_iter().map(oordeel).collect()
}
