//! Verifies a view with its proof and the public key of the hub, without the hub. It does not judge who relies on the result.

use jeugdketen_proto::v1::groepbewijs::Inhoud;
use jeugdketen_proto::v1::{Eigendeelbewijs, Groepbewijs, Herkomst, Rol, Veldbewijs, Zaakband};
use jeugdketen_proto::{Kind, canonical_bericht};

use super::Hash;
use super::groep::{self, Groep, wortel_uit_pad};
use super::velden::{self, Deel, Veld};
use super::zegel::{OngeldigZegel, verifieer_zegel};
use crate::receipt::{self, Ongeldig};

/// The path of `Bericht.maatregel_id`.
const MAATREGEL_ID: [u8; 2] = [2, 0];

/// Why a proof does not show that a view holds the sender's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OngeldigBewijs {
    /// The view is no message of this contract in its canonical form.
    #[error("the view is not a message of this contract in canonical form")]
    Bericht,
    /// The proof says nothing about where the message came from.
    #[error("the proof holds no `herkomst`")]
    GeenHerkomst,
    /// What the hub says of the message is not signed by it.
    #[error("what the hub says of the message does not hold: {0}")]
    Herkomst(Ongeldig),
    /// What the hub says is about another message.
    #[error("the proof is for another message")]
    AnderBericht,
    /// Its groups are not those of the kind of message for this reader.
    #[error("the groups of the proof are not those of this kind of message for this reader")]
    Groepen,
    /// The view holds a field that is not the reader's, so that nothing can prove it.
    #[error("the view holds a field that is not for this reader")]
    NietVoorLezer,
    /// The proof of the reader's own part does not fit its view.
    #[error("the proof of the reader's own part does not fit the view")]
    EigenDeel,
    /// A field was altered, added or removed, or the proof was.
    #[error("the fields of the view are not those of the sender: something was altered, added or removed")]
    Verbintenis,
    /// There is a seal of the sender, and it does not hold.
    #[error(transparent)]
    Zegel(OngeldigZegel),
}

/// Verifies the view of a reader, a `Bericht` in its canonical form as it was delivered, with the raw public key of the hub. Returns what
/// the hub signed about the message.
pub fn verifieer(view: &[u8], rol: Rol, oin: &str, bewijs: &Veldbewijs, publiek: &[u8]) -> Result<Herkomst, OngeldigBewijs> {
    let (bericht, canonical) = canonical_bericht(view).map_err(|_| OngeldigBewijs::Bericht)?;
    let kind = bericht.inhoud.as_ref().filter(|_| canonical == view).ok_or(OngeldigBewijs::Bericht)?.kind();
    let herkomst = bewijs.herkomst.as_ref().ok_or(OngeldigBewijs::GeenHerkomst)?;
    receipt::verifieer_herkomst(herkomst, bewijs.ondertekening.as_ref(), publiek).map_err(OngeldigBewijs::Herkomst)?;
    if herkomst.bericht_id != bericht.bericht_id || (herkomst.zaak_geopend && kind.route().case != Zaakband::Opent) {
        return Err(OngeldigBewijs::AnderBericht);
    }
    let mut lezing = Lezing::begin(kind, rol, oin, herkomst.zaak_geopend, bewijs)?;
    let mut fout = None;
    let gelezen = velden::doorloop(view, kind, &mut |veld| lezing.veld(veld).map_err(|gevonden| fout = Some(gevonden)).ok());
    gelezen.ok_or(fout.unwrap_or(OngeldigBewijs::Bericht))?;
    if lezing.wortel()? != *herkomst.verbintenis {
        return Err(OngeldigBewijs::Verbintenis);
    }
    if let Some(zegel) = &bewijs.zegel {
        verifieer_zegel(zegel, &herkomst.verbintenis, &herkomst.afzender_oin).map_err(OngeldigBewijs::Zegel)?;
    }
    Ok(herkomst.clone())
}

/// A group in the eyes of a reader.
enum Deelgroep {
    /// It computes the group itself.
    Zichtbaar(Box<Groep>),
    /// It takes the hash as it is given.
    Verborgen(Hash),
}

/// A view being read.
struct Lezing<'a> {
    kind: Kind,
    lezer: u32,
    oin: &'a str,
    zaak_geopend: bool,
    groepen: Vec<Deelgroep>,
    /// The own part of the reader, when it has one.
    eigen: Option<Groep>,
    eigen_deel: Option<&'a Eigendeelbewijs>,
}

impl<'a> Lezing<'a> {
    fn begin(kind: Kind, rol: Rol, oin: &'a str, zaak_geopend: bool, bewijs: &'a Veldbewijs) -> Result<Lezing<'a>, OngeldigBewijs> {
        let (vorm, lezer) = (kind.commitment(), 1 << rol as u32);
        if vorm.groups.len() != bewijs.groepen.len() {
            return Err(OngeldigBewijs::Groepen);
        }
        let groepen = vorm.groups.iter().zip(&bewijs.groepen).map(|(lezers, groep)| deelgroep(*lezers, lezer, groep));
        let groepen = groepen.collect::<Option<_>>().ok_or(OngeldigBewijs::Groepen)?;
        if vorm.own.is_some() != bewijs.eigen_deel.is_some() {
            return Err(OngeldigBewijs::EigenDeel);
        }
        let met_zaad = bewijs.eigen_deel.as_ref().filter(|deel| !deel.zaad.is_empty());
        let eigen = match met_zaad {
            Some(_) if vorm.own != Some(lezer) => return Err(OngeldigBewijs::EigenDeel),
            Some(deel) => Some(Groep::eigen(&hash(&deel.zaad).ok_or(OngeldigBewijs::EigenDeel)?, oin.as_bytes())),
            None => None,
        };
        Ok(Lezing { kind, lezer, oin, zaak_geopend, groepen, eigen, eigen_deel: bewijs.eigen_deel.as_ref() })
    }

    fn veld(&mut self, veld: &Veld<'_, '_>) -> Result<(), OngeldigBewijs> {
        let van_de_hub = self.zaak_geopend && veld.pad == MAATREGEL_ID;
        let eigen_lijst = self.kind.commitment().own == Some(self.lezer);
        let groep = match veld.deel {
            Deel::Gewoon if van_de_hub => return Ok(()),
            // Of what stands in the list twice, the reader goes by the one that is its own.
            Deel::Lijst if eigen_lijst => return Ok(()),
            Deel::Eigen(_) if !eigen_lijst => return Ok(()),
            Deel::Eigen(oin) if oin != self.oin.as_bytes() => return Err(OngeldigBewijs::NietVoorLezer),
            _ if veld.lezers & self.lezer == 0 => return Err(OngeldigBewijs::NietVoorLezer),
            Deel::Eigen(_) => self.eigen.as_mut().ok_or(OngeldigBewijs::EigenDeel)?,
            Deel::Gewoon | Deel::Lijst => self.groep(veld.lezers).ok_or(OngeldigBewijs::Groepen)?,
        };
        groep.voeg_toe(veld.pad, veld.waarde);
        Ok(())
    }

    fn groep(&mut self, lezers: u32) -> Option<&mut Groep> {
        let plaats = self.kind.commitment().groups.binary_search(&lezers).ok()?;
        match self.groepen.get_mut(plaats)? {
            Deelgroep::Zichtbaar(groep) => Some(groep),
            Deelgroep::Verborgen(_) => None,
        }
    }

    fn wortel(&self) -> Result<Hash, OngeldigBewijs> {
        let eigen = self.eigen_deel.map(|deel| self.wortel_van_delen(deel).ok_or(OngeldigBewijs::EigenDeel)).transpose()?;
        let groepen = self.groepen.iter().map(|groep| match groep {
            Deelgroep::Zichtbaar(groep) => groep.hash(),
            Deelgroep::Verborgen(hash) => *hash,
        });
        Ok(groep::wortel(groepen, eigen))
    }

    fn wortel_van_delen(&self, deel: &Eigendeelbewijs) -> Option<Hash> {
        let Some(eigen) = &self.eigen else { return hash(&deel.wortel) };
        let pad: Vec<Hash> = deel.pad.iter().map(|stap| hash(stap)).collect::<Option<_>>()?;
        wortel_uit_pad(eigen.hash(), deel.plaats?, &pad)
    }
}

fn deelgroep(lezers: u32, lezer: u32, bewijs: &Groepbewijs) -> Option<Deelgroep> {
    match bewijs.inhoud.as_ref().filter(|_| bewijs.lezers == lezers)? {
        Inhoud::Zaad(zaad) if lezers & lezer != 0 => Some(Deelgroep::Zichtbaar(Box::new(Groep::nieuw(&hash(zaad)?, lezers)))),
        Inhoud::Hash(bytes) if lezers & lezer == 0 => Some(Deelgroep::Verborgen(hash(bytes)?)),
        _ => None,
    }
}

fn hash(bytes: &[u8]) -> Option<Hash> {
    Hash::try_from(bytes).ok()
}
