//! Renders the policy of the contract as a Markdown table for people: who sends what to whom, and who sees which field.

use std::fmt::Write as _;

use crate::contract::{Contract, KindOfMessage, Shape, short_name};

/// Roles with a column, in the order of the chain.
const COLUMNS: [i32; 8] = [1, 2, 3, 4, 5, 6, 7, HUB];

/// Number of `ROL_HUB`: what it sees is kept as a fact of the case.
const HUB: i32 = 12;

/// The whole document.
pub fn render(contract: &Contract) -> String {
    let mut page = String::from(
        "# Privacy matrix\n\nGenerated from the visibility options in `proto/`; do not edit. A test fails when this page is stale.\n\n\
         `w` writes it, `r` receives it, `i` may consult it without receiving it, `r*` receives only the elements that name it, `f` kept as a fact of the case when the body is gone, `–` never sees it.\n\
         A role alone opens no case: the participant must also stand in relation to it.\n\n## Who sends what to whom\n\n\
         | Message | From | To | May consult |\n|---|---|---|---|\n",
    );
    for kind in &contract.kinds {
        let to: Vec<_> = kind.to.iter().map(|(role, _)| contract.roles[role].as_str()).collect();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} |",
            kind.message,
            names(contract, &kind.from),
            unique(&to).join(", "),
            names(contract, &kind.consult)
        );
    }
    for kind in &contract.kinds {
        section(&mut page, contract, kind);
    }
    page
}

fn section(page: &mut String, contract: &Contract, kind: &KindOfMessage) {
    let _ = write!(page, "\n## {}\n\n{}\n\n| Field | Class | Ground |", kind.message, kind.comment);
    for role in COLUMNS {
        let _ = write!(page, " {} |", contract.roles[&role]);
    }
    page.push_str("\n|---|---|---|");
    page.push_str(&"---|".repeat(COLUMNS.len()));
    page.push('\n');
    rows(page, contract, kind, &kind.message, "", u32::MAX);
}

fn rows(page: &mut String, contract: &Contract, kind: &KindOfMessage, message: &str, prefix: &str, outer: u32) {
    for field in &contract.messages[message].fields {
        let path = format!("{prefix}{}", field.name);
        let readers = field.readers & outer;
        let class = short_name("KLASSE_", &field.class).to_lowercase();
        let _ = write!(page, "| `{path}` | {class} | {} |", field.ground);
        for role in COLUMNS {
            let sees = readers & (1 << role) != 0;
            let receives = kind.to.iter().any(|(to, _)| *to == role);
            let own = field.own_part.as_ref().is_some_and(|own| own.role == role);
            let mark = match (sees && receives, sees && kind.consult.contains(&role)) {
                (true, _) if own => "r*",
                (true, _) => "r",
                _ if sees && role == HUB => "f",
                (_, true) => "i",
                _ => "",
            };
            let writes = if kind.from.contains(&role) { "w" } else { "" };
            let cell = format!("{writes}{mark}");
            let _ = write!(page, " {} |", if cell.is_empty() { "–" } else { &cell });
        }
        page.push('\n');
        match &field.shape {
            Shape::Message(inner) => rows(page, contract, kind, inner, &format!("{path}."), readers),
            Shape::RepeatedMessage(inner) => rows(page, contract, kind, inner, &format!("{path}[]."), readers),
            _ => {}
        }
    }
}

fn names(contract: &Contract, roles: &[i32]) -> String {
    if roles.is_empty() {
        return "–".to_owned();
    }
    roles.iter().map(|role| contract.roles[role].as_str()).collect::<Vec<_>>().join(", ")
}

fn unique<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !seen.contains(name) {
            seen.push(name);
        }
    }
    if seen.is_empty() { vec!["–"] } else { seen }
}
