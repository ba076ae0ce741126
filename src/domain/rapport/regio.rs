//! Regions as the inspectorates report them. The report of 2021 has twelve columns for norms 1 and 2, and eleven for norm 3, where help is
//! contracted by Amsterdam and Noord-Holland together.

use chrono::NaiveDate;
use jeugdketen_proto::v1::Indicator;

use crate::domain::ids::Oin;
use crate::domain::register::Register;

/// The region of a case of which the register knows none.
pub const ONBEKEND: &str = "Onbekend";

/// The column in which Amsterdam and Noord-Holland are one.
pub const NOORD_HOLLAND_AMSTERDAM: &str = "Noord-Holland/Amsterdam";

/// The region of a case: that of the gemeente of residence; when the register does not say it, the only region of the GI.
pub fn regio_van(register: &Register, woonplaats: &str, gi: Oin, dag: NaiveDate) -> String {
    let van_gemeente = register.gemeente(woonplaats, dag).and_then(|gemeente| gemeente.regios.first());
    let van_gi = || match register.zoek(gi)?.regios.as_slice() {
        [enige] => Some(enige),
        _ => None,
    };
    van_gemeente.or_else(van_gi).map_or_else(|| ONBEKEND.to_owned(), String::clone)
}

/// The column of a region for an indicator.
pub fn kolom(indicator: Indicator, regio: &str) -> &str {
    let samen = matches!(indicator, Indicator::HulpIngezet | Indicator::HulpTijdig | Indicator::MachtigingTijdig);
    if samen && matches!(regio, "Amsterdam" | "Noord-Holland") { NOORD_HOLLAND_AMSTERDAM } else { regio }
}
