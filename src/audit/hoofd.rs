//! Checkpoints: C2SP tlog-checkpoint in a C2SP signed note, Ed25519. Writes, reads and verifies them; it stores nothing and compares no two
//! of them.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::boom::Hash;
use crate::mac::sha256;
use crate::receipt::Sleutel;

/// Type of a signature of a log, in the key id of a signed note.
const LOG: u8 = 0x01;
/// Type of a cosignature of a witness: cosignature/v1.
const GETUIGE: u8 = 0x04;
/// Opens a signature line.
const STREEP: &str = "\u{2014} ";

/// What a checkpoint says of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hoofd {
    /// Name of the log.
    pub origin: String,
    /// Number of leaves.
    pub grootte: u64,
    /// The root.
    pub wortel: Hash,
}

/// Why a checkpoint proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoofdFout {
    /// Not a checkpoint in a signed note.
    #[error("this is no checkpoint in a signed note")]
    Vorm,
    /// Of another log.
    #[error("the checkpoint is of another log than the key")]
    AndereLog,
    /// Without a signature of this key.
    #[error("the checkpoint is not signed with this key")]
    AndereSleutel,
    /// The signature does not hold.
    #[error("the signature of the checkpoint does not hold")]
    Handtekening,
}

impl Hoofd {
    /// The text that is signed: three lines.
    pub fn tekst(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.grootte, BASE64.encode(self.wortel))
    }

    /// The whole note, signed by the log.
    pub fn onderteken(&self, sleutel: &Sleutel) -> String {
        let tekst = self.tekst();
        let handtekening = sleutel.teken(tekst.as_bytes());
        format!("{tekst}\n{}", regel(&self.origin, sleutel_id(&self.origin, LOG, sleutel.publiek()), &handtekening))
    }
}

/// The signature line of a witness under a checkpoint that it found consistent, at a moment in seconds since 1970 UTC: C2SP
/// tlog-cosignature, cosignature/v1.
pub fn medeondertekening(hoofd: &Hoofd, naam: &str, sleutel: &Sleutel, seconden: u64) -> String {
    let handtekening = sleutel.teken(format!("cosignature/v1\ntime {seconden}\n{}", hoofd.tekst()).as_bytes());
    regel(naam, sleutel_id(naam, GETUIGE, sleutel.publiek()), &[&seconden.to_be_bytes()[..], &handtekening].concat())
}

/// The public key of a witness, as `NAME+KEYID+KEY`.
pub fn getuige(naam: &str, sleutel: &Sleutel) -> String {
    let id = u32::from_be_bytes(sleutel_id(naam, GETUIGE, sleutel.publiek()));
    format!("{naam}+{id:08x}+{}", BASE64.encode([&[GETUIGE][..], sleutel.publiek()].concat()))
}

/// One signature line.
fn regel(naam: &str, id: [u8; 4], handtekening: &[u8]) -> String {
    format!("{STREEP}{naam} {}\n", BASE64.encode([&id, handtekening].concat()))
}

/// The key id of a signed note: the first four bytes of SHA-256 over the name, a line feed, the type and the raw public key.
fn sleutel_id(naam: &str, soort: u8, publiek: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[naam.as_bytes(), b"\n", &[soort], publiek]);
    [a, b, c, d]
}

/// The public key of a log, as `NAME+KEYID+KEY` in the form of the C2SP signed note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logsleutel {
    /// Name of the log: its origin.
    pub naam: String,
    /// The raw public key.
    pub publiek: [u8; 32],
}

impl Logsleutel {
    /// Reads `NAME+KEYID+KEY`.
    pub fn parse(text: &str) -> Option<Logsleutel> {
        let mut delen = text.trim().splitn(3, '+');
        let (naam, id, sleutel) = (delen.next()?, delen.next()?, BASE64.decode(delen.next()?).ok()?);
        let (soort, publiek) = sleutel.split_first()?;
        let sleutel = Logsleutel { naam: naam.to_owned(), publiek: publiek.try_into().ok()? };
        (*soort == LOG && !naam.is_empty() && sleutel.id_in_hex() == id).then_some(sleutel)
    }

    fn id(&self) -> [u8; 4] {
        sleutel_id(&self.naam, LOG, &self.publiek)
    }

    fn id_in_hex(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id()))
    }

    /// Reads a note and verifies that this log signed it.
    pub fn verifieer(&self, note: &str) -> Result<Hoofd, HoofdFout> {
        let (tekst, regels) = note.split_once("\n\n").ok_or(HoofdFout::Vorm)?;
        let tekst = format!("{tekst}\n");
        let mut lijnen = tekst.lines();
        let (Some(origin), Some(grootte), Some(wortel), None) = (lijnen.next(), lijnen.next(), lijnen.next(), lijnen.next()) else {
            return Err(HoofdFout::Vorm);
        };
        let wortel = BASE64.decode(wortel).ok().and_then(|wortel| Hash::try_from(wortel).ok()).ok_or(HoofdFout::Vorm)?;
        let hoofd = Hoofd { origin: origin.to_owned(), grootte: grootte.parse().map_err(|_| HoofdFout::Vorm)?, wortel };
        // One text for one tree: no leading zero, no plus sign.
        if hoofd.tekst() != tekst {
            return Err(HoofdFout::Vorm);
        }
        if hoofd.origin != self.naam {
            return Err(HoofdFout::AndereLog);
        }
        let van_log = |regel: &str| -> Option<Vec<u8>> {
            let (naam, bytes) = regel.strip_prefix(STREEP)?.split_once(' ')?;
            let bytes = BASE64.decode(bytes).ok()?;
            (naam == self.naam && bytes.starts_with(&self.id())).then(|| bytes[4..].to_vec())
        };
        let handtekening = regels.lines().find_map(van_log).ok_or(HoofdFout::AndereSleutel)?;
        let sleutel = UnparsedPublicKey::new(&ED25519, &self.publiek);
        sleutel.verify(tekst.as_bytes(), &handtekening).map_err(|_| HoofdFout::Handtekening)?;
        Ok(hoofd)
    }
}

impl std::fmt::Display for Logsleutel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sleutel = BASE64.encode([&[LOG][..], &self.publiek].concat());
        write!(f, "{}+{}+{sleutel}", self.naam, self.id_in_hex())
    }
}
