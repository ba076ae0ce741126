//! The refusals of the domain: values with a stable reason, never errors, never with a value from the message. How they look on the wire
//! is decided in `wire::status`.

use std::fmt;

/// One faulty field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the field in the `Bericht`; empty for the message itself.
    pub veld: String,
    /// What is wrong with it.
    pub reden: &'static str,
}

/// Why a message is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The bytes are not a `Bericht`.
    Onleesbaar,
    /// The role of the sender may not send this kind of message.
    RolMagNiet,
    /// A gemeente tried to question a jeugdhulpbepaling (Jw 3.5); counted. Holds the faults when the attempt was a code or field.
    OngeoorloofdeToetsing(Vec<Fault>),
    /// The case, or what the message refers to, is not there or not the sender's: the same answer.
    NietGevonden,
    /// Faults in the content, all of them.
    Inhoud(Vec<Fault>),
    /// The same `bericht_id` was used before with other content.
    AndereInhoud,
    /// The state of the case forbids it.
    Toestand(Toestand),
}

/// The state that forbids a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toestand {
    /// The maatregel is not in force on the day the message needs.
    MaatregelNietVanKracht,
    /// The maatregel was lifted, ended or withdrawn.
    MaatregelBeeindigd,
    /// The form of the maatregel differs from that of the case.
    AndereMaatregel,
    /// The uitspraak names another GI than the one that holds the maatregel; only `VERVANGING_GI` changes the holder.
    AndereGi,
    /// The new GI already holds the maatregel.
    GiIsAlHouder,
    /// The message was withdrawn before.
    AlIngetrokken,
    /// A correction must be of the same kind, and of a message that is not itself a correction.
    CorrectieAndereSoort,
    /// A correction may not name parties that did not get the original.
    CorrectieAndereOntvangers,
    /// The message cannot be corrected or withdrawn.
    NietTeCorrigeren,
    /// The help of this voorziening has not started.
    HulpNietGestart,
    /// The help of this voorziening has started already, or has ended.
    HulpAlGestart,
    /// The productcategorie differs from that of the voorziening.
    AndereProductcategorie,
    /// The expertteam has no mandaat.
    GeenMandaat,
    /// The GI was not replaced on this case by the uitspraak that is named.
    GeenVervanging,
    /// The sender works in another region.
    AndereRegio,
    /// The message names another jeugdige than its case.
    AndereJeugdige,
    /// It was accepted before; its receipt was destroyed with the facts of its case.
    ReceiptVernietigd,
}

impl Toestand {
    /// Every one of them, for who lists the reasons.
    pub const ALLE: [Toestand; 17] = [
        Toestand::MaatregelNietVanKracht,
        Toestand::MaatregelBeeindigd,
        Toestand::AndereMaatregel,
        Toestand::AndereGi,
        Toestand::GiIsAlHouder,
        Toestand::AlIngetrokken,
        Toestand::CorrectieAndereSoort,
        Toestand::CorrectieAndereOntvangers,
        Toestand::NietTeCorrigeren,
        Toestand::HulpNietGestart,
        Toestand::HulpAlGestart,
        Toestand::AndereProductcategorie,
        Toestand::GeenMandaat,
        Toestand::GeenVervanging,
        Toestand::AndereRegio,
        Toestand::AndereJeugdige,
        Toestand::ReceiptVernietigd,
    ];

    /// The stable reason.
    pub fn code(self) -> &'static str {
        match self {
            Toestand::MaatregelNietVanKracht => "MAATREGEL_NIET_VAN_KRACHT",
            Toestand::MaatregelBeeindigd => "MAATREGEL_BEEINDIGD",
            Toestand::AndereMaatregel => "ANDERE_MAATREGEL",
            Toestand::AndereGi => "ANDERE_GI",
            Toestand::GiIsAlHouder => "GI_IS_AL_HOUDER",
            Toestand::AlIngetrokken => "AL_INGETROKKEN",
            Toestand::CorrectieAndereSoort => "CORRECTIE_ANDERE_SOORT",
            Toestand::CorrectieAndereOntvangers => "CORRECTIE_ANDERE_ONTVANGERS",
            Toestand::NietTeCorrigeren => "NIET_TE_CORRIGEREN",
            Toestand::HulpNietGestart => "HULP_NIET_GESTART",
            Toestand::HulpAlGestart => "HULP_AL_GESTART",
            Toestand::AndereProductcategorie => "ANDERE_PRODUCTCATEGORIE",
            Toestand::GeenMandaat => "GEEN_MANDAAT",
            Toestand::GeenVervanging => "GEEN_VERVANGING",
            Toestand::AndereRegio => "ANDERE_REGIO",
            Toestand::AndereJeugdige => "ANDERE_JEUGDIGE",
            Toestand::ReceiptVernietigd => "RECEIPT_VERNIETIGD",
        }
    }

    /// The reason in one sentence for the vendor who reads it.
    pub fn uitleg(self) -> &'static str {
        match self {
            Toestand::MaatregelNietVanKracht => "the maatregel is not in force on the day this message needs it",
            Toestand::MaatregelBeeindigd => "the maatregel was lifted, ended or withdrawn",
            Toestand::AndereMaatregel => "the form of the maatregel differs from that of the case",
            Toestand::AndereGi => "another GI holds the maatregel; only an uitspraak VERVANGING_GI changes the holder",
            Toestand::GiIsAlHouder => "this GI already holds the maatregel",
            Toestand::AlIngetrokken => "the message was withdrawn before",
            Toestand::CorrectieAndereSoort => "a correction has the same kind as the original and names the original, not a correction",
            Toestand::CorrectieAndereOntvangers => {
                "a correction reaches exactly the parties of the original; withdraw it and send a new message"
            }
            Toestand::NietTeCorrigeren => "this message can be neither corrected nor withdrawn",
            Toestand::HulpNietGestart => "the help of this voorziening has not started",
            Toestand::HulpAlGestart => "the help of this voorziening has started already, or has ended",
            Toestand::AndereProductcategorie => "the productcategorie differs from that of the voorziening",
            Toestand::GeenMandaat => "this expertteam has no mandaat",
            Toestand::GeenVervanging => "the named uitspraak did not replace this GI on this case",
            Toestand::AndereRegio => "the region is not one of the sender's in the register",
            Toestand::AndereJeugdige => "the message names another jeugdige than the uitspraak that opened its case",
            Toestand::ReceiptVernietigd => "it was accepted before; its receipt was destroyed with the facts of its case",
        }
    }
}

impl Refusal {
    /// The stable reason, for `google.rpc.ErrorInfo`, the audit record and the metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Onleesbaar => "ONLEESBAAR",
            Refusal::RolMagNiet => "ROL_MAG_NIET_VERZENDEN",
            Refusal::OngeoorloofdeToetsing(_) => "ONGEOORLOOFDE_TOETSING",
            Refusal::NietGevonden => "NIET_GEVONDEN",
            Refusal::Inhoud(_) => "ONGELDIGE_INHOUD",
            Refusal::AndereInhoud => "BERICHT_ID_MET_ANDERE_INHOUD",
            Refusal::Toestand(toestand) => toestand.code(),
        }
    }

    /// The reason in one sentence, without any value.
    pub fn uitleg(&self) -> &'static str {
        match self {
            Refusal::Onleesbaar => "the bytes are not a Bericht of this contract",
            Refusal::RolMagNiet => "this role may not send this kind of message",
            Refusal::OngeoorloofdeToetsing(_) => {
                "a gemeente has no say over a jeugdhulpbepaling of a GI (Jeugdwet art. 2.4 and 3.5); this attempt was recorded"
            }
            Refusal::NietGevonden => "not found",
            Refusal::Inhoud(_) => "the message has faults; every one is listed",
            Refusal::AndereInhoud => "this bericht_id was used before with other content; both are on record",
            Refusal::Toestand(toestand) => toestand.uitleg(),
        }
    }

    /// The faulty fields, when that is the reason.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Refusal::Inhoud(faults) | Refusal::OngeoorloofdeToetsing(faults) => faults,
            _ => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.uitleg())
    }
}
