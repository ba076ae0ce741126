//! The figures of a replay, as the hub gives them to the inspectie (`GetNormcijfers`): for the country and for each GI.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Context as _;
use jeugdketen_proto::v1::toezicht_service_client::ToezichtServiceClient;
use jeugdketen_proto::v1::{GetNormcijfersRequest, GetNormcijfersResponse, Indicator, Normcijfer, Rol, Uitsplitsing};
use serde::Serialize;

use super::klanten::Klanten;
use crate::wire::client::uitleg;

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Breuk {
    /// That met it.
    pub n: u64,
    /// That could be judged.
    pub van: u64,
    /// Rounded half up; none of none.
    pub procent: Option<u64>,
}

impl Breuk {
    /// `n` of `van`.
    pub fn new(n: u64, van: u64) -> Breuk {
        Breuk { n, van, procent: (200 * n + van).checked_div(2 * van) }
    }
}

impl fmt::Display for Breuk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.n, self.van)?;
        self.procent.map_or(Ok(()), |procent| write!(f, " ({procent}%)"))
    }
}

/// The figures of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each is the indicator it is named after")]
pub struct Cijfers {
    pub norm1_tijdig: Breuk,
    pub norm1_vast: Breuk,
    pub norm2_uitgezet: Breuk,
    pub norm2_tijdig: Breuk,
    pub norm2_gedragen: Breuk,
    pub norm3_ingezet: Breuk,
    pub norm3_tijdig: Breuk,
}

impl Cijfers {
    /// All, in the order of the report.
    pub fn alle(&self) -> [Breuk; 7] {
        let Cijfers { norm1_tijdig, norm1_vast, norm2_uitgezet, norm2_tijdig, norm2_gedragen, norm3_ingezet, norm3_tijdig } = *self;
        [norm1_tijdig, norm1_vast, norm2_uitgezet, norm2_tijdig, norm2_gedragen, norm3_ingezet, norm3_tijdig]
    }
}

/// What the hub says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uitslag {
    /// As known at the end of this day.
    pub peildatum: String,
    /// The policy that was followed.
    pub beleid: String,
    /// Number of cases.
    pub jeugdigen: u64,
    /// The country.
    pub landelijk: Cijfers,
    /// Each GI, by its name in the register.
    pub per_gi: BTreeMap<String, Cijfers>,
    /// Norm 1 when a minimal variant does not count.
    pub norm1_strikt: Breuk,
}

/// Asks the hub, as inspectie, over the cases pronounced from a day on.
pub(super) async fn vraag(klanten: &Klanten, vanaf: &str, peildatum: &str) -> anyhow::Result<Uitslag> {
    let mut toezicht = ToezichtServiceClient::new(klanten.kanaal(klanten.spelers.in_rol(Rol::Inspectie)?).await?);
    let mut antwoorden = Vec::new();
    for uitsplitsing in [Uitsplitsing::Unspecified, Uitsplitsing::Gi] {
        let vraag = GetNormcijfersRequest {
            vanaf: vanaf.to_owned(),
            tot_en_met: peildatum.to_owned(),
            peildatum: peildatum.to_owned(),
            uitsplitsing: uitsplitsing.into(),
            ..GetNormcijfersRequest::default()
        };
        let antwoord = toezicht
            .get_normcijfers(vraag)
            .await
            .map_err(|status| anyhow::Error::msg(uitleg(&status)))
            .context("the figures of the hub")?;
        antwoorden.push(antwoord.into_inner());
    }
    let [landelijk, per_gi] = antwoorden.try_into().ok().context("two answers")?;
    Ok(uitslag(&landelijk, &per_gi))
}

/// Reads the two answers of the hub: without division, and divided by GI.
pub fn uitslag(landelijk: &GetNormcijfersResponse, per_gi: &GetNormcijfersResponse) -> Uitslag {
    let mut groepen: BTreeMap<String, Vec<&Normcijfer>> = BTreeMap::new();
    for regel in per_gi.regels.iter().filter(|regel| !regel.groep.is_empty()) {
        groepen.entry(regel.naam.clone()).or_default().push(regel);
    }
    let totaal: Vec<&Normcijfer> = landelijk.regels.iter().filter(|regel| regel.groep.is_empty()).collect();
    Uitslag {
        peildatum: landelijk.peildatum.clone(),
        beleid: landelijk.beleid.clone(),
        jeugdigen: landelijk.zaken.unwrap_or_default(),
        landelijk: cijfers(&totaal),
        per_gi: groepen.into_iter().map(|(naam, regels)| (naam, cijfers(&regels))).collect(),
        norm1_strikt: breuk(&totaal, Indicator::JeugdbeschermerTijdigStrikt),
    }
}

fn cijfers(regels: &[&Normcijfer]) -> Cijfers {
    Cijfers {
        norm1_tijdig: breuk(regels, Indicator::JeugdbeschermerTijdig),
        norm1_vast: breuk(regels, Indicator::JeugdbeschermerVast),
        norm2_uitgezet: breuk(regels, Indicator::KoersUitgezet),
        norm2_tijdig: breuk(regels, Indicator::KoersTijdig),
        norm2_gedragen: breuk(regels, Indicator::KoersGedragen),
        norm3_ingezet: breuk(regels, Indicator::HulpIngezet),
        norm3_tijdig: breuk(regels, Indicator::HulpTijdig),
    }
}

fn breuk(regels: &[&Normcijfer], indicator: Indicator) -> Breuk {
    let regel = regels.iter().find(|regel| regel.indicator() == indicator);
    regel.map_or_else(|| Breuk::new(0, 0), |regel| Breuk::new(regel.gehaald, regel.beoordeeld))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_rounded_half_up_and_there_is_none_of_none() {
        let procent = |n, van| Breuk::new(n, van).procent;
        assert_eq!((procent(307, 354), procent(1, 8), procent(1, 200), procent(199, 200)), (Some(87), Some(13), Some(1), Some(100)));
        assert_eq!((procent(0, 7), procent(7, 7), procent(0, 0)), (Some(0), Some(100), None));
    }

    #[test]
    fn lines_without_a_group_are_the_country_and_the_others_their_gi() {
        let regel = |indicator: Indicator, groep: &str, naam: &str, gehaald, beoordeeld| Normcijfer {
            indicator: indicator.into(),
            groep: groep.to_owned(),
            naam: naam.to_owned(),
            gehaald,
            beoordeeld,
            ..Normcijfer::default()
        };
        let totaal = regel(Indicator::KoersTijdig, "", "", 5, 8);
        let strikt = regel(Indicator::JeugdbeschermerTijdigStrikt, "", "", 2, 8);
        let gi = regel(Indicator::KoersTijdig, "00000099020000001000", "WSS", 2, 3);
        let landelijk = GetNormcijfersResponse { regels: vec![totaal.clone(), strikt], ..GetNormcijfersResponse::default() };
        let per_gi = GetNormcijfersResponse { regels: vec![totaal, gi], ..GetNormcijfersResponse::default() };
        let gelezen = uitslag(&landelijk, &per_gi);
        assert_eq!(gelezen.landelijk.norm2_tijdig, Breuk::new(5, 8));
        assert_eq!(gelezen.norm1_strikt, Breuk::new(2, 8));
        assert_eq!(gelezen.per_gi.keys().collect::<Vec<_>>(), ["WSS"]);
        assert_eq!((gelezen.per_gi["WSS"].norm2_tijdig, gelezen.per_gi["WSS"].norm1_vast), (Breuk::new(2, 3), Breuk::new(0, 0)));
    }
}
