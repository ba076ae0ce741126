//! The commitment to every field of a message and, for a reader, the proof that its view holds the sender's fields. The form is documented
//! at `Veldbewijs` in the contract. It stores nothing, and does not decide who sees what: the contract does.

mod groep;
mod velden;
mod verificatie;
mod zegel;

use bytes::Bytes;
use jeugdketen_proto::v1::groepbewijs::Inhoud;
use jeugdketen_proto::v1::{Eigendeelbewijs, Groepbewijs, Receipt, Rol, Veldbewijs};
use jeugdketen_proto::{Commitment, Kind};

use crate::receipt::herkomst_bewijs;
use groep::{Boom, Groep, Zaad};
use velden::Deel;

pub use verificatie::{OngeldigBewijs, verifieer};
pub use zegel::{OngeldigZegel, verifieer_zegel, verzegel};

type Hash = [u8; 32];

/// The commitment to the fields of a message in its canonical form. None when it is no message, or names more participants in a list that
/// is kept per participant than a tree has places; the checks on content refuse both.
pub fn wortel(canonical: &[u8], zaad: &[u8; 32]) -> Option<[u8; 32]> {
    Some(Velden::lees(canonical, zaad)?.wortel())
}

/// What a reader in this role, with this OIN, needs to verify its view: the whole of `Levering.bewijs`. The canonical form is that of what
/// the sender submitted. None when the receipt holds no commitment, when it is to something else, as after a change of readers in the
/// contract, or when messages of this kind are not for the role.
pub fn bewijs(receipt: &Receipt, canonical: &[u8], rol: Rol, oin: &str) -> Option<Veldbewijs> {
    let zaad = <[u8; 32]>::try_from(receipt.zaad.as_ref()).ok()?;
    let (herkomst, ondertekening) = herkomst_bewijs(receipt)?;
    let velden = Velden::lees(canonical, &zaad)?;
    let lezer = 1 << rol as u32;
    if velden.wortel() != *receipt.verbintenis || velden.kind.route().audience & lezer == 0 {
        return None;
    }
    Some(Veldbewijs {
        herkomst: Some(herkomst),
        ondertekening: Some(ondertekening),
        groepen: velden.groepen(lezer),
        eigen_deel: velden.eigen_deel(lezer, oin),
        zegel: receipt.zegel.clone(),
    })
}

/// The fields of one message, divided into groups.
struct Velden<'a> {
    kind: Kind,
    vorm: &'static Commitment,
    /// As `vorm.groups`.
    groepen: Vec<Groep>,
    /// Per participant that a list names.
    eigen: Vec<(&'a [u8], Groep)>,
    /// The leaves of the own parts; none when the kind has none.
    boom: Option<Boom>,
}

impl<'a> Velden<'a> {
    fn lees(canonical: &'a [u8], zaad: &[u8; 32]) -> Option<Velden<'a>> {
        let zaad = Zaad::van(zaad);
        let kind = velden::kind(canonical)?;
        let vorm = kind.commitment();
        let mut groepen: Vec<Groep> = vorm.groups.iter().map(|lezers| Groep::nieuw(&zaad.groep(*lezers), *lezers)).collect();
        let mut eigen: Vec<(&[u8], Groep)> = Vec::new();
        velden::doorloop(canonical, kind, &mut |veld| {
            if let Deel::Eigen(oin) = veld.deel {
                if veld.lezers != 0 {
                    let plaats = eigen.iter().position(|(eigenaar, _)| *eigenaar == oin).unwrap_or_else(|| {
                        eigen.push((oin, Groep::eigen(&zaad.eigen(oin), oin)));
                        eigen.len() - 1
                    });
                    eigen[plaats].1.voeg_toe(veld.pad, veld.waarde);
                }
            } else {
                let plaats = vorm.groups.binary_search(&veld.lezers).ok()?;
                groepen[plaats].voeg_toe(veld.pad, veld.waarde);
            }
            Some(())
        })?;
        let boom = match vorm.own {
            Some(_) => Some(Boom::van(eigen.iter().map(|(_, groep)| groep.hash()), &zaad)?),
            None => None,
        };
        Some(Velden { kind, vorm, groepen, eigen, boom })
    }

    fn wortel(&self) -> Hash {
        groep::wortel(self.groepen.iter().map(Groep::hash), self.boom.as_ref().map(Boom::wortel))
    }

    fn groepen(&self, lezer: u32) -> Vec<Groepbewijs> {
        let bewijs = |(lezers, groep): (&u32, &Groep)| {
            let inhoud = if lezers & lezer != 0 { Inhoud::Zaad(bytes(groep.zaad())) } else { Inhoud::Hash(bytes(&groep.hash())) };
            Groepbewijs { lezers: *lezers, inhoud: Some(inhoud) }
        };
        self.vorm.groups.iter().zip(&self.groepen).map(bewijs).collect()
    }

    fn eigen_deel(&self, lezer: u32, oin: &str) -> Option<Eigendeelbewijs> {
        let boom = self.boom.as_ref()?;
        let eigen = self.eigen.iter().find(|(eigenaar, _)| *eigenaar == oin.as_bytes()).filter(|_| self.vorm.own == Some(lezer));
        let Some((_, groep)) = eigen else {
            return Some(Eigendeelbewijs { wortel: bytes(&boom.wortel()), ..Eigendeelbewijs::default() });
        };
        let (plaats, pad) = boom.pad(&groep.hash())?;
        let pad = pad.iter().map(bytes).collect();
        Some(Eigendeelbewijs { zaad: bytes(groep.zaad()), plaats: Some(plaats), pad, ..Eigendeelbewijs::default() })
    }
}

fn bytes(hash: &Hash) -> Bytes {
    Bytes::copy_from_slice(hash)
}
