//! The content of a message by itself: every fault at once, each with the path of its field. Whether the sender may send it and whether
//! the case allows it is not decided here.

mod bepaling;
mod gi;
mod hulp;
mod rechtbank;

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, Bericht};
use jeugdketen_proto::{Kind, Path, Projection as _};

use super::codes;
use super::deelnemer::datum;
use super::ids::{BerichtId, MaatregelId, Oin, is_bsn};
use super::refusal::Fault;

/// How far a sender's clock may run ahead of ours.
const KLOKVERSCHIL: TimeDelta = TimeDelta::minutes(5);

/// Checks everything that can be checked without the case. `nu` is the moment, `vandaag` the date in Amsterdam.
pub fn inhoud(bericht: &Bericht, inhoud: &Inhoud, nu: DateTime<Utc>, vandaag: NaiveDate) -> Keuring {
    let adres_nodig = matches!(inhoud, Inhoud::Zittingsaankondiging(_) | Inhoud::Uitspraak(_));
    let mut keuring = Keuring { nu, vandaag, adres_nodig, faults: Vec::new(), onbekende_code: false };
    envelop(bericht, inhoud.kind(), &mut keuring);
    let pad = Path::ROOT;
    let pad = &pad.field(inhoud.kind().field());
    match inhoud {
        Inhoud::Zittingsaankondiging(m) => rechtbank::zittingsaankondiging(m, pad, &mut keuring),
        Inhoud::Uitspraak(m) => rechtbank::uitspraak(m, pad, &mut keuring),
        Inhoud::Retour(m) => rechtbank::retour(m, pad, &mut keuring),
        Inhoud::Koppeling(m) => gi::koppeling(m, pad, &mut keuring),
        Inhoud::Koers(m) => gi::koers(m, pad, &mut keuring),
        Inhoud::Toelichting(m) => gi::toelichting(m, pad, &mut keuring),
        Inhoud::Jeugdhulpbepaling(m) => bepaling::jeugdhulpbepaling(m, pad, &mut keuring),
        Inhoud::Verwerking(m) => bepaling::verwerking(m, pad, &mut keuring),
        Inhoud::Woonplaatsmelding(m) => bepaling::woonplaatsmelding(m, pad, &mut keuring),
        Inhoud::Intakeresultaat(m) => hulp::intakeresultaat(m, pad, &mut keuring),
        Inhoud::HulpGestart(m) => hulp::hulp_gestart(m, pad, &mut keuring),
        Inhoud::Passendheid(m) => gi::passendheid(m, pad, &mut keuring),
        Inhoud::HulpBeeindigd(m) => hulp::hulp_beeindigd(m, pad, &mut keuring),
        Inhoud::Escalatie(m) => hulp::escalatie(m, pad, &mut keuring),
        Inhoud::Inzetbesluit(m) => hulp::inzetbesluit(m, pad, &mut keuring),
        Inhoud::Capaciteit(m) => gi::capaciteit(m, pad, &mut keuring),
        Inhoud::Overdracht(m) => gi::overdracht(m, pad, &mut keuring),
        Inhoud::TaakNietUitvoerbaar(m) => gi::taak_niet_uitvoerbaar(m, pad, &mut keuring),
        Inhoud::Intrekking(m) => intrekking(m, pad, &mut keuring),
        Inhoud::Aanbod(m) => bepaling::aanbod(m, pad, &mut keuring),
        // The hub makes these itself.
        Inhoud::Signaal(_) | Inhoud::Klokwaarschuwing(_) => keuring.fault(pad, "only the hub sends this"),
    }
    let mut ongezien = Vec::new();
    bericht.unseen(inhoud.kind().route().audience, &Path::ROOT, &mut ongezien);
    for veld in ongezien {
        keuring.faults.push(Fault { veld, reden: "no recipient of this message may see this field; leave it out" });
    }
    keuring
}

fn envelop(bericht: &Bericht, kind: Kind, keuring: &mut Keuring) {
    let pad = &Path::ROOT;
    if BerichtId::parse(&bericht.bericht_id).is_none() {
        keuring.fault(&pad.field("bericht_id"), "must be a UUID version 7 in lower case with hyphens");
    }
    let maatregel = &bericht.maatregel_id;
    match kind.route().case {
        v1::Zaakband::Geen if !maatregel.is_empty() => keuring.fault(&pad.field("maatregel_id"), "this message belongs to no case"),
        v1::Zaakband::Verplicht if maatregel.is_empty() => keuring.fault(&pad.field("maatregel_id"), "required"),
        _ if !maatregel.is_empty() && MaatregelId::parse(maatregel).is_none() => {
            keuring.fault(&pad.field("maatregel_id"), "must be a UUID in lower case with hyphens");
        }
        _ => {}
    }
    if let Some(correctie) = &bericht.correctie {
        let pad = &pad.field("correctie");
        keuring.bericht_id(&pad.field("betreft_bericht_id"), &correctie.betreft_bericht_id);
        keuring.code::<v1::RedenCorrectie>(&pad.field("reden"), correctie.reden);
    }
}

fn intrekking(m: &v1::Intrekking, pad: &Path<'_>, keuring: &mut Keuring) {
    keuring.bericht_id(&pad.field("betreft_bericht_id"), &m.betreft_bericht_id);
    keuring.code::<v1::RedenIntrekking>(&pad.field("reden"), m.reden);
}

/// Collects faults.
#[derive(Debug)]
pub struct Keuring {
    nu: DateTime<Utc>,
    vandaag: NaiveDate,
    /// Whether an identity without BSN needs an address, secret or not. A GI that knows a secret one leaves it out for all others.
    adres_nodig: bool,
    /// What was found.
    pub faults: Vec<Fault>,
    /// Whether one of the faults is a code that the contract does not know: how a gemeente would try to question a bepaling.
    pub onbekende_code: bool,
}

impl Keuring {
    fn fault(&mut self, pad: &Path<'_>, reden: &'static str) {
        self.faults.push(Fault { veld: pad.to_string(), reden });
    }

    /// A code that must be known and stated.
    fn code<E: TryFrom<i32>>(&mut self, pad: &Path<'_>, code: i32) -> Option<E> {
        if code == 0 {
            self.fault(pad, "required");
            return None;
        }
        self.optionele_code(pad, code)
    }

    /// A code that must be known when it is stated.
    fn optionele_code<E: TryFrom<i32>>(&mut self, pad: &Path<'_>, code: i32) -> Option<E> {
        if code == 0 {
            return None;
        }
        let known = E::try_from(code).ok();
        if known.is_none() {
            self.onbekende_code = true;
            self.fault(pad, "unknown code");
        }
        known
    }

    fn datum(&mut self, pad: &Path<'_>, text: &str) -> Option<NaiveDate> {
        if text.is_empty() {
            self.fault(pad, "required");
            return None;
        }
        self.optionele_datum(pad, text)
    }

    fn optionele_datum(&mut self, pad: &Path<'_>, text: &str) -> Option<NaiveDate> {
        if text.is_empty() {
            return None;
        }
        let dag = datum(text);
        if dag.is_none() {
            self.fault(pad, "must be a date yyyy-mm-dd");
        }
        dag
    }

    /// The date of something that happened.
    fn verleden(&mut self, pad: &Path<'_>, text: &str) -> Option<NaiveDate> {
        let dag = self.datum(pad, text)?;
        if dag > self.vandaag {
            self.fault(pad, "lies in the future");
        }
        Some(dag)
    }

    fn niet_voor(&mut self, pad: &Path<'_>, dag: Option<NaiveDate>, eerste: Option<NaiveDate>, reden: &'static str) {
        if dag.zip(eerste).is_some_and(|(dag, eerste)| dag < eerste) {
            self.fault(pad, reden);
        }
    }

    fn moment(&mut self, pad: &Path<'_>, moment: Option<&prost_types::Timestamp>) -> Option<DateTime<Utc>> {
        let Some(moment) = moment else {
            self.fault(pad, "required");
            return None;
        };
        let parsed = u32::try_from(moment.nanos).ok().and_then(|nanos| DateTime::from_timestamp(moment.seconds, nanos));
        let parsed = parsed.filter(|moment| datum(&moment.date_naive().to_string()).is_some());
        if parsed.is_none() {
            self.fault(pad, "must be a moment between the years 1900 and 2200");
        }
        parsed
    }

    fn voorbij(&mut self, pad: &Path<'_>, moment: Option<&prost_types::Timestamp>) {
        if self.moment(pad, moment).is_some_and(|moment| moment > self.nu + KLOKVERSCHIL) {
            self.fault(pad, "lies in the future");
        }
    }

    fn tekst(&mut self, pad: &Path<'_>, text: &str, lengte: RangeInclusive<usize>) {
        let aantal = text.chars().count();
        if aantal == 0 && *lengte.start() > 0 {
            self.fault(pad, "required");
        } else if !lengte.contains(&aantal) {
            self.fault(pad, "too long");
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.fault(pad, "holds control characters");
        }
    }

    fn oin(&mut self, pad: &Path<'_>, text: &str) {
        if text.is_empty() {
            self.fault(pad, "required");
        } else if Oin::parse(text).is_err() {
            self.fault(pad, "must be an OIN of 20 digits");
        }
    }

    fn bericht_id(&mut self, pad: &Path<'_>, text: &str) {
        if text.is_empty() {
            self.fault(pad, "required");
        } else {
            self.optioneel_bericht_id(pad, text);
        }
    }

    fn optioneel_bericht_id(&mut self, pad: &Path<'_>, text: &str) {
        if !text.is_empty() && BerichtId::parse(text).is_none() {
            self.fault(pad, "must be a UUID version 7 in lower case with hyphens");
        }
    }

    fn lijst(&mut self, pad: &Path<'_>, text: &str, kent: fn(&str) -> bool, reden: &'static str) {
        if text.is_empty() {
            self.fault(pad, "required");
        } else if !kent(text) {
            self.fault(pad, reden);
        }
    }

    fn productcategorie(&mut self, pad: &Path<'_>, text: &str) {
        self.lijst(pad, text, codes::is_productcategorie, "not in iJw code list JZ020");
    }

    fn gemeentecode(&mut self, pad: &Path<'_>, text: &str) {
        self.lijst(pad, text, codes::is_gemeentecode, "must be a CBS gemeentecode of 4 digits");
    }

    /// The elements to look at: none when there are too many, so that a long list costs neither time nor a fault for each.
    fn aantal<'a, T>(&mut self, pad: &Path<'_>, lijst: &'a [T], toegestaan: RangeInclusive<usize>, reden: &'static str) -> &'a [T] {
        if !toegestaan.contains(&lijst.len()) {
            self.fault(pad, reden);
        }
        if lijst.len() > *toegestaan.end() { &[] } else { lijst }
    }

    fn optionele_agb(&mut self, pad: &Path<'_>, text: &str) {
        if !text.is_empty() && !codes::is_agb(text) {
            self.fault(pad, "must be an AGB-code of 8 digits");
        }
    }

    /// Present exactly when a condition holds.
    fn precies_als(&mut self, pad: &Path<'_>, aanwezig: bool, nodig: bool) {
        match (aanwezig, nodig) {
            (false, true) => self.fault(pad, "required with this outcome"),
            (true, false) => self.fault(pad, "not allowed with this outcome"),
            _ => {}
        }
    }

    fn jeugdige(&mut self, pad: &Path<'_>, jeugdige: Option<&v1::Jeugdige>) {
        use v1::jeugdige::Identiteit;
        let Some(jeugdige) = jeugdige else {
            self.fault(pad, "required");
            return;
        };
        match &jeugdige.identiteit {
            None => self.fault(pad, "needs a bsn or persoonsgegevens"),
            Some(Identiteit::Bsn(bsn)) if !is_bsn(bsn) => self.fault(&pad.field("bsn"), "must be a BSN: 9 digits that pass the elfproef"),
            Some(Identiteit::Bsn(_)) => {}
            Some(Identiteit::Persoonsgegevens(set)) => {
                self.persoonsgegevens(&pad.field("persoonsgegevens"), set, jeugdige.geheim_adres.is_some());
            }
        }
        if let Some(adres) = &jeugdige.geheim_adres {
            let pad = &pad.field("geheim_adres");
            self.adres(pad, &adres.postcode, &adres.huisnummer);
            self.tekst(&pad.field("bereikbaar_via"), &adres.bereikbaar_via, 0..=1000);
        }
    }

    fn persoonsgegevens(&mut self, pad: &Path<'_>, set: &v1::Persoonsgegevens, adres_is_geheim: bool) {
        self.tekst(&pad.field("achternaam"), &set.achternaam, 1..=200);
        self.tekst(&pad.field("voornamen"), &set.voornamen, 1..=200);
        self.verleden(&pad.field("geboortedatum"), &set.geboortedatum);
        if !adres_is_geheim {
            if self.adres_nodig || !set.postcode.is_empty() || !set.huisnummer.is_empty() {
                self.adres(pad, &set.postcode, &set.huisnummer);
            }
            return;
        }
        for (naam, waarde) in [("postcode", &set.postcode), ("huisnummer", &set.huisnummer)] {
            if !waarde.is_empty() {
                self.fault(&pad.field(naam), "must be empty: the address is secret");
            }
        }
    }

    fn adres(&mut self, pad: &Path<'_>, postcode: &str, huisnummer: &str) {
        self.lijst(&pad.field("postcode"), postcode, codes::is_postcode, "must be a postcode such as 1234AB");
        self.tekst(&pad.field("huisnummer"), huisnummer, 1..=20);
    }

    fn jeugdbeschermer(&mut self, pad: &Path<'_>, jeugdbeschermer: Option<&v1::Jeugdbeschermer>) {
        let Some(wie) = jeugdbeschermer else {
            self.fault(pad, "required");
            return;
        };
        self.tekst(&pad.field("naam"), &wie.naam, 1..=200);
        self.tekst(&pad.field("telefoon"), &wie.telefoon, 0..=20);
        self.tekst(&pad.field("email"), &wie.email, 0..=200);
    }

    fn voorziening(&mut self, pad: &Path<'_>, bepaling_id: &str, nr: u32) {
        self.bericht_id(&pad.field("bepaling_id"), bepaling_id);
        if nr == 0 {
            self.fault(&pad.field("voorziening_nr"), "required");
        }
    }
}
