//! Renders what was counted in the words of the contract. What is hidden is left out here.

use jeugdketen_proto::v1::{self, GetOverdrachtenResponse, Indicator, Norm, Normcijfer};

use crate::domain::ids::Oin;
use crate::domain::rapport::{Doorlooptijd, Kennisgeving, Normregel, Overdrachten, Tekortregel, Wachtrij, Zicht, procent};
use crate::store::toezicht::Pogingen;
use crate::time::timestamp;

pub(in crate::wire) fn pogingen(pogingen: Pogingen) -> v1::Toetsingspogingen {
    v1::Toetsingspogingen {
        gemeente_oin: pogingen.gemeente,
        aantal: pogingen.aantal.unsigned_abs(),
        laatste_op: Some(timestamp(pogingen.laatste_op)),
    }
}

pub(in crate::wire) fn kennisgeving((rechtbank, vonnissen, regel): (Oin, bool, Kennisgeving)) -> v1::Kennisgevingen {
    v1::Kennisgevingen {
        rechtbank_oin: rechtbank.to_string(),
        vonnissen,
        aantal: regel.aantal,
        open: regel.open,
        gi_niet_uitgenodigd: regel.gi_niet_uitgenodigd,
        p50_seconden: regel.seconden[0],
        p95_seconden: regel.seconden[1],
        max_seconden: regel.seconden[2],
    }
}

pub(super) fn tekort(regel: Tekortregel) -> v1::Tekort {
    let kop = v1::Tekort { productcategorie: regel.productcategorie, regio: regel.regio, ..v1::Tekort::default() };
    let tekort = regel.tekort;
    if regel.zicht == Zicht::Niets {
        return v1::Tekort { onderdrukt: true, bijzonderheden_onderdrukt: true, ..kop };
    }
    let alles = regel.zicht == Zicht::Alles;
    v1::Tekort {
        aantal: tekort.aantal(),
        op_wachtlijst: if alles { tekort.op_wachtlijst } else { 0 },
        langste_wachttijd_dagen: if alles { tekort.langste_dagen } else { 0 },
        bijzonderheden_onderdrukt: !alles,
        tot_zes_weken: tekort.klassen[0],
        tot_drie_maanden: tekort.klassen[1],
        langer: tekort.klassen[2],
        ..kop
    }
}

pub(in crate::wire) fn normregel(regel: Normregel) -> Normcijfer {
    let norm = norm(regel.indicator).into();
    let kop = Normcijfer { norm, indicator: regel.indicator.into(), groep: regel.groep, naam: regel.naam, ..Normcijfer::default() };
    let telling = regel.telling;
    if regel.zicht == Zicht::Niets {
        return Normcijfer { onderdrukt: true, ..kop };
    }
    let fijn = |getal| (regel.zicht == Zicht::Alles).then_some(getal);
    Normcijfer {
        gehaald: telling.gehaald,
        beoordeeld: telling.beoordeeld,
        procent: procent(telling.gehaald, telling.beoordeeld),
        toegelicht: fijn(telling.toegelicht),
        doorbraak: fijn(telling.doorbraak),
        niet_beoordeeld: fijn(telling.niet_beoordeeld),
        loopt: fijn(telling.loopt),
        ..kop
    }
}

fn norm(indicator: Indicator) -> Norm {
    match indicator {
        Indicator::Unspecified => Norm::Unspecified,
        Indicator::KennisgevingTijdig => Norm::Kennisgeving,
        Indicator::JeugdbeschermerTijdig | Indicator::JeugdbeschermerTijdigStrikt | Indicator::JeugdbeschermerVast => Norm::Jeugdbeschermer,
        Indicator::KoersUitgezet | Indicator::KoersTijdig | Indicator::KoersGedragen => Norm::Koers,
        Indicator::HulpIngezet | Indicator::HulpTijdig => Norm::PassendeHulp,
        Indicator::MachtigingTijdig => Norm::Machtiging,
    }
}

pub(super) fn wachtrij(((gi, regio), rij): ((Oin, String), Wachtrij)) -> v1::Wachtenden {
    v1::Wachtenden {
        gi_oin: gi.to_string(),
        regio,
        aantal: rij.aantal,
        zonder_jeugdbeschermer: rij.zonder_jeugdbeschermer,
        op_lijst: rij.op_lijst,
        langste_dagen: rij.langste_dagen,
        met_meer_jeugdbeschermers: rij.met_meer_jeugdbeschermers,
    }
}

pub(super) fn overdrachten(telling: Overdrachten<'_>) -> GetOverdrachtenResponse {
    let regels = telling.overgenomen.into_iter().map(|(gi, regel)| v1::Overgenomen {
        gi_oin: gi.to_string(),
        aantal: regel.aantal,
        ontvangen: regel.ontvangen,
        overgedragen: regel.overgedragen,
        met_jeugdbeschermer: regel.met_jeugdbeschermer,
    });
    GetOverdrachtenResponse {
        aangeboden: telling.aangeboden,
        regels: regels.collect(),
        geeindigd: telling.geeindigd,
        zonder_andere_gi: telling.zonder_andere_gi,
    }
}

pub(super) fn doorlooptijd(regel: Doorlooptijd) -> v1::Doorlooptijd {
    v1::Doorlooptijd {
        stap: regel.stap.into(),
        oin: regel.oin.to_string(),
        aantal: regel.aantal,
        p50_dagen: regel.dagen[0],
        p95_dagen: regel.dagen[1],
        max_dagen: regel.dagen[2],
    }
}
