//! The contract as plain data to show: read from the descriptors, their comments and their options. It decides nothing about visibility;
//! the rule by which a cell of the matrix gets its letters is that of the published matrix, and a test compares every cell of both.

use jeugdketen_proto::v1::{Klasse, Rol, Route, Zicht};
use prost::Message;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, ServiceDescriptor,
};
use prost_types::FileDescriptorProto;

/// The package of the contract.
const PACKAGE: &str = "jeugdketen.hub.v1";
/// Roles with a column, in the order of the chain; the hub keeps what it sees as a fact of the case.
const KOLOMMEN: [Rol; 8] =
    [Rol::Rechtbank, Rol::Gi, Rol::Gemeente, Rol::Aanbieder, Rol::Expertteam, Rol::Inspectie, Rol::AccounthoudendeRegio, Rol::Hub];

/// Everything there is to show.
pub(super) struct Contract {
    pub kolommen: Vec<Rolnaam>,
    pub diensten: Vec<Dienst>,
    pub soorten: Vec<Soort>,
    pub berichten: Vec<Bericht>,
    pub opsommingen: Vec<Opsomming>,
}

/// A role with a column.
pub(super) struct Rolnaam {
    pub naam: String,
    /// Name of its value in the enum, which is its anchor.
    pub anker: String,
}

/// A service.
pub(super) struct Dienst {
    pub naam: String,
    pub uitleg: String,
    pub methoden: Vec<Methode>,
}

/// A method.
pub(super) struct Methode {
    pub naam: String,
    pub uitleg: String,
    pub vraag: String,
    pub antwoord: String,
    pub stroom_in: bool,
    pub stroom_uit: bool,
}

/// A kind of message: a member of the oneof of `Bericht`, with its route.
pub(super) struct Soort {
    pub naam: String,
    pub uitleg: String,
    pub van: Vec<String>,
    pub naar: Vec<(String, String)>,
    pub inzage: Vec<String>,
    pub zaak: String,
    pub over_bepaling: bool,
    pub regels: Vec<Regel>,
}

/// A line of the privacy matrix.
pub(super) struct Regel {
    pub pad: String,
    /// Anchor of the field.
    pub anker: String,
    pub klasse: String,
    pub grond: String,
    pub cellen: Vec<String>,
}

/// A message type.
pub(super) struct Bericht {
    pub naam: String,
    pub uitleg: String,
    pub velden: Vec<Veld>,
}

/// A field.
pub(super) struct Veld {
    pub naam: String,
    pub nummer: u32,
    pub soort: String,
    /// Anchor of its type, when that is of the contract.
    pub anker: Option<String>,
    /// `repeated`, `optional`, or the oneof that it is in.
    pub vorm: String,
    pub uitleg: String,
    pub klasse: String,
    pub grond: String,
    /// Who sees it, in words; empty for the messages of the options themselves.
    pub lezers: String,
}

/// An enum.
pub(super) struct Opsomming {
    pub naam: String,
    pub uitleg: String,
    pub waarden: Vec<Waarde>,
}

/// One of its values.
pub(super) struct Waarde {
    pub naam: String,
    pub nummer: i32,
    pub uitleg: String,
}

struct Lezer {
    zicht: ExtensionDescriptor,
    route: ExtensionDescriptor,
}

impl Contract {
    /// Reads it; nothing when the descriptors are not those of the contract.
    pub(super) fn lees(pool: &DescriptorPool) -> Option<Contract> {
        let optie = |naam: &str| pool.get_extension_by_name(&format!("{PACKAGE}.{naam}"));
        let lezer = Lezer { zicht: optie("zicht")?, route: optie("route")? };
        let bericht = pool.get_message_by_name(&format!("{PACKAGE}.Bericht"))?;
        let inhoud = bericht.oneofs().find(|oneof| oneof.name() == "inhoud")?;
        let rolnaam = |rol: Rol| Rolnaam { naam: kort(rol.as_str_name(), "ROL_"), anker: rol.as_str_name().to_owned() };
        Some(Contract {
            kolommen: KOLOMMEN.map(rolnaam).into(),
            diensten: pool.services().filter(|dienst| dienst.package_name() == PACKAGE).map(|een| dienst(&een)).collect(),
            soorten: inhoud.fields().filter_map(|veld| lezer.soort(&veld)).collect(),
            berichten: pool.all_messages().filter(|een| een.package_name() == PACKAGE).map(|een| lezer.bericht(&een)).collect(),
            opsommingen: pool.all_enums().filter(|een| een.package_name() == PACKAGE).map(|een| opsomming(&een)).collect(),
        })
    }
}

impl Lezer {
    fn soort(&self, veld: &FieldDescriptor) -> Option<Soort> {
        let Kind::Message(bericht) = veld.kind() else { return None };
        let route: Route = gelezen(&bericht.options(), &self.route)?;
        let naar = route.naar.iter().map(|een| (kort(een.rol().as_str_name(), "ROL_"), kort(een.wie().as_str_name(), "WIE_"))).collect();
        let mut regels = Vec::new();
        self.regels(&bericht, &route, "", u32::MAX, &mut regels);
        Some(Soort {
            naam: bericht.name().to_owned(),
            uitleg: uitleg(bericht.parent_file().file_descriptor_proto(), bericht.path()),
            van: rollen(route.van()),
            naar,
            inzage: rollen(route.inzage()),
            zaak: kort(route.zaak().as_str_name(), "ZAAKBAND_"),
            over_bepaling: route.over_bepaling,
            regels,
        })
    }

    /// The lines of a message and of those inside it; who does not see the outer one sees nothing of the inner.
    fn regels(&self, bericht: &MessageDescriptor, route: &Route, voor: &str, buiten: u32, regels: &mut Vec<Regel>) {
        for veld in bericht.fields() {
            let Some(zicht) = gelezen::<Zicht>(&veld.options(), &self.zicht) else { continue };
            let pad = format!("{voor}{}", veld.name());
            let lezers = lezers(&zicht) & buiten;
            regels.push(Regel {
                anker: format!("{}.{}", bericht.name(), veld.name()),
                klasse: klasse(&zicht),
                grond: zicht.grond.clone(),
                cellen: KOLOMMEN.map(|rol| cel(&zicht, route, lezers, rol)).into(),
                pad: pad.clone(),
            });
            if let Some(binnen) = van_het_contract(&veld) {
                let achter = if veld.is_list() { "[]." } else { "." };
                self.regels(&binnen, route, &format!("{pad}{achter}"), lezers, regels);
            }
        }
    }

    fn bericht(&self, bericht: &MessageDescriptor) -> Bericht {
        Bericht {
            naam: bericht.name().to_owned(),
            uitleg: uitleg(bericht.parent_file().file_descriptor_proto(), bericht.path()),
            velden: bericht.fields().map(|veld| self.veld(&veld)).collect(),
        }
    }

    fn veld(&self, veld: &FieldDescriptor) -> Veld {
        let zicht: Zicht = gelezen(&veld.options(), &self.zicht).unwrap_or_default();
        let (soort, anker) = soortnaam(veld);
        Veld {
            naam: veld.name().to_owned(),
            nummer: veld.number(),
            soort,
            anker,
            vorm: vorm(veld),
            uitleg: uitleg(veld.parent_file().file_descriptor_proto(), veld.path()),
            klasse: klasse(&zicht),
            grond: zicht.grond.clone(),
            lezers: wie_ziet(&zicht),
        }
    }
}

/// The letters of a cell: who writes it, receives it, may consult it, keeps it as a fact.
fn cel(zicht: &Zicht, route: &Route, lezers: u32, rol: Rol) -> String {
    let ziet = lezers & (1 << rol as u32) != 0;
    let krijgt = route.naar.iter().any(|een| een.rol() == rol);
    let eigen = zicht.eigen_deel.as_ref().is_some_and(|deel| deel.rol() == rol);
    let leest = match (ziet && krijgt, ziet && route.inzage().any(|een| een == rol)) {
        (true, _) if eigen => "r*",
        (true, _) => "r",
        _ if ziet && rol == Rol::Hub => "f",
        (_, true) => "i",
        _ => "",
    };
    let schrijft = if route.van().any(|een| een == rol) { "w" } else { "" };
    let cel = format!("{schrijft}{leest}");
    if cel.is_empty() { "–".to_owned() } else { cel }
}

/// A bit per role number that may see a field.
fn lezers(zicht: &Zicht) -> u32 {
    if zicht.allen { u32::MAX } else { zicht.lezers().fold(0, |bits, rol| bits | 1 << rol as u32) }
}

fn wie_ziet(zicht: &Zicht) -> String {
    let mut wie = if zicht.allen { "everybody".to_owned() } else { rollen(zicht.lezers()).join(", ") };
    if let Some(deel) = &zicht.eigen_deel {
        wie.push_str(&format!("; {} only the elements with its OIN in {}", kort(deel.rol().as_str_name(), "ROL_"), deel.veld));
    }
    wie
}

fn klasse(zicht: &Zicht) -> String {
    if zicht.klasse() == Klasse::Unspecified { String::new() } else { kort(zicht.klasse().as_str_name(), "KLASSE_").to_lowercase() }
}

fn rollen(rollen: impl Iterator<Item = Rol>) -> Vec<String> {
    rollen.map(|rol| kort(rol.as_str_name(), "ROL_")).collect()
}

/// The message of the contract that a field holds, one or many.
fn van_het_contract(veld: &FieldDescriptor) -> Option<MessageDescriptor> {
    match veld.kind() {
        Kind::Message(bericht) if bericht.package_name() == PACKAGE => Some(bericht),
        _ => None,
    }
}

fn soortnaam(veld: &FieldDescriptor) -> (String, Option<String>) {
    match veld.kind() {
        Kind::Message(bericht) if bericht.package_name() == PACKAGE => (bericht.name().to_owned(), Some(bericht.name().to_owned())),
        Kind::Message(bericht) => (bericht.full_name().to_owned(), None),
        Kind::Enum(opsomming) => (opsomming.name().to_owned(), Some(opsomming.name().to_owned())),
        ander => (format!("{ander:?}").to_lowercase(), None),
    }
}

fn vorm(veld: &FieldDescriptor) -> String {
    if veld.cardinality() == Cardinality::Repeated {
        return "repeated".to_owned();
    }
    if veld.field_descriptor_proto().proto3_optional() {
        return "optional".to_owned();
    }
    veld.containing_oneof().map(|oneof| format!("oneof {}", oneof.name())).unwrap_or_default()
}

fn dienst(dienst: &ServiceDescriptor) -> Dienst {
    let bestand = dienst.parent_file();
    let methode = |methode: MethodDescriptor| Methode {
        naam: methode.name().to_owned(),
        uitleg: uitleg(bestand.file_descriptor_proto(), methode.path()),
        vraag: methode.input().name().to_owned(),
        antwoord: methode.output().name().to_owned(),
        stroom_in: methode.is_client_streaming(),
        stroom_uit: methode.is_server_streaming(),
    };
    Dienst {
        naam: dienst.name().to_owned(),
        uitleg: uitleg(bestand.file_descriptor_proto(), dienst.path()),
        methoden: dienst.methods().map(methode).collect(),
    }
}

fn opsomming(opsomming: &EnumDescriptor) -> Opsomming {
    let bestand = opsomming.parent_file();
    let waarden = opsomming.values().map(|waarde| Waarde {
        naam: waarde.name().to_owned(),
        nummer: waarde.number(),
        uitleg: uitleg(bestand.file_descriptor_proto(), waarde.path()),
    });
    Opsomming {
        naam: opsomming.name().to_owned(),
        uitleg: uitleg(bestand.file_descriptor_proto(), opsomming.path()),
        waarden: waarden.collect(),
    }
}

/// An option as the type that the contract has for it.
fn gelezen<T: Message + Default>(opties: &DynamicMessage, optie: &ExtensionDescriptor) -> Option<T> {
    if !opties.has_extension(optie) {
        return None;
    }
    opties.get_extension(optie).as_message()?.transcode_to().ok()
}

/// The comment above something, as running text.
fn uitleg(bestand: &FileDescriptorProto, pad: &[i32]) -> String {
    let plaatsen = bestand.source_code_info.iter().flat_map(|info| &info.location);
    let gevonden = plaatsen.filter(|plaats| plaats.path == pad).find_map(|plaats| plaats.leading_comments.clone());
    gevonden.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `ROL_GI` → `GI`.
fn kort(naam: &str, voor: &str) -> String {
    naam.strip_prefix(voor).unwrap_or(naam).to_owned()
}
