//! Every message of the contract through its generated type and back. It says nothing about what is in them.

use jeugdketen_proto::v1;
use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _};

use crate::filled::{all_filled, all_messages};

/// What the generated type makes of a message.
pub struct Typed {
    pub debug: String,
    pub bytes: Vec<u8>,
}

macro_rules! types {
    ($($name:ident)*) => {
        fn decoded(name: &str, bytes: &[u8]) -> Option<Typed> {
            match name {
                $(stringify!($name) => {
                    let message = v1::$name::decode(bytes).ok()?;
                    Some(Typed { debug: format!("{message:?}"), bytes: message.encode_to_vec() })
                })*
                _ => None,
            }
        }
    };
}

types!(
    Aanbod Aanbodregel AcknowledgeRequest AcknowledgeResponse Auditrecord Bericht Bezorging Capaciteit CapaciteitVanGi Correctie Deelnemer
    Doorlooptijd Eigendeelbewijs Escalatie FetchRequest FetchResponse Gebeurtenis GeheimAdres GetCheckpointRequest GetCheckpointResponse
    GetConsistencyProofRequest GetConsistencyProofResponse GetInclusionProofRequest GetInclusionProofResponse GetInzageRequest GetInzageResponse GetNormcijfersRequest GetNormcijfersResponse
    GetOverdrachtenRequest GetOverdrachtenResponse GetTrajectRequest GetTrajectResponse Groepbewijs Hartslag Herkomst HulpBeeindigd HulpGestart
    Intakeresultaat Intrekking Inzageregel Inzageveld Inzetbesluit Jeugdbeschermer Jeugdhulpbepaling Jeugdige Kennisgevingen Klok Klokwaarschuwing
    Koers Koppeling Levering ListAanbodRequest ListAanbodResponse ListCapaciteitRequest ListCapaciteitResponse
    ListDeelnemersRequest ListDeelnemersResponse ListDoorlooptijdenRequest ListDoorlooptijdenResponse ListKennisgevingenRequest
    ListKennisgevingenResponse ListSleutelsRequest ListSleutelsResponse ListTekortenRequest ListTekortenResponse
    ListToetsingspogingenRequest ListToetsingspogingenResponse ListWachtendenRequest ListWachtendenResponse Machtiging
    Normcijfer Omvang Ondertekening Ontvanger Oordeel OpvolgenRequest OpvolgenResponse Overdracht Overgenomen Overleg
    Passendheid Persoonsgegevens PutDeelnemerRequest PutDeelnemerResponse Receipt Receiptsleutel Retour RoteerSleutelRequest
    RoteerSleutelResponse Samenwerkingscriterium SetBewaartermijnRequest SetBewaartermijnResponse SetStatusRequest
    SetStatusResponse Signaal SubmitRequest SubmitResponse SubmitStreamRequest SubmitStreamResponse SubscribeRequest
    SubscribeResponse TaakNietUitvoerbaar Tekort Toelichting Toetsingspogingen Uitspraak Veldbewijs Veldfout Verwerking Voorziening
    Wachtenden Weigering Woonplaatsmelding Zegel Zittingsaankondiging
);

/// The message as its generated type prints and writes it.
pub fn through_type(message: &DynamicMessage) -> Typed {
    let name = message.descriptor().name().to_owned();
    decoded(&name, &message.encode_to_vec()).unwrap_or_else(|| panic!("add {name} to the list in this file"))
}

#[test]
fn the_generated_types_write_the_same_bytes_as_any_other_protobuf() {
    for message in all_messages() {
        for full in all_filled(message.clone()).take(20) {
            assert_eq!(through_type(&full).bytes, full.encode_to_vec(), "{}", message.name());
        }
    }
}
