//! The 400 children of the inspection of 2021, as they could have been: pronounced from August 2020 to January 2021, looked at on 1 March
//! 2021. The table says for each GI how many children went through which course of events. What the norms make of that is the hub's to say;
//! `docs/replay-2021.md` sets it beside the report.

use chrono::NaiveDate;
use jeugdketen_proto::v1::{Rol, SoortMaatregel};

use super::Scenario;
use super::agenda::{min_dagen, om, plus_dagen, plus_werkdagen, werkdag_vanaf};
use super::deelnemers::Deelnemers;
use super::gangen::{Bescherming, Hulpgang, Koersgang, Opbouw};
use super::keuze::Keuze;
use super::verloop::{Deelname, Verloop};
use crate::domain::dagen::plus_maanden;

/// Seed of all choices.
const ZAAD: u64 = 2021;

/// How many children of one GI went through which course. Whoever is not named had a jeugdbeschermer within days, a koers set by all
/// within six weeks, and fitting help within three months.
#[derive(Clone, Copy)]
struct Rij {
    gi: &'static str,
    kinderen: usize,
    // The jeugdbeschermer.
    onbevestigd: usize,
    laat: usize,
    na_lijst: usize,
    minimaal: usize,
    vooraf: usize,
    instroomteam: usize,
    wisselingen: usize,
    // The maatregel: pronounced in the last weeks, or a VOTS that soon ended.
    net_begonnen: usize,
    vots: usize,
    // The koers.
    koers: Koersen,
    // The help.
    hulp: Hulp,
}

/// Courses of the koers.
#[derive(Clone, Copy)]
struct Koersen {
    vooraf: usize,
    laat: usize,
    nooit: usize,
    zonder_iemand: usize,
    deelname_onbekend: usize,
}

/// Courses of the help.
#[derive(Clone, Copy)]
struct Hulp {
    laat: usize,
    doorbraak: usize,
    vooraf: usize,
    wachtlijst: usize,
    afgewezen: usize,
    overbrugging: usize,
    niets: usize,
}

#[rustfmt::skip]
const fn rij(
    gi: &'static str, kinderen: usize,
    [onbevestigd, laat, na_lijst, minimaal, vooraf, instroomteam, wisselingen]: [usize; 7],
    [net_begonnen, vots]: [usize; 2],
    koers: [usize; 5],
    hulp: [usize; 7],
) -> Rij {
    Rij {
        gi, kinderen, onbevestigd, laat, na_lijst, minimaal, vooraf, instroomteam, wisselingen, net_begonnen, vots,
        koers: Koersen { vooraf: koers[0], laat: koers[1], nooit: koers[2], zonder_iemand: koers[3], deelname_onbekend: koers[4] },
        hulp: Hulp {
            laat: hulp[0], doorbraak: hulp[1], vooraf: hulp[2], wachtlijst: hulp[3], afgewezen: hulp[4], overbrugging: hulp[5], niets: hulp[6],
        },
    }
}

#[rustfmt::skip]
const TABEL: [Rij; 15] = [
    // GI, children            onbevestigd, laat,  net begonnen,  koers: vooraf,   hulp: laat, doorbraak,
    //                         na lijst, minimaal, VOTS           laat, nooit,     vooraf, wachtlijst,
    //                         vooraf, instroom-                  zonder iemand,   afgewezen, over-
    //                         team, wisselingen                  onbekend         brugging, niets
    rij("Regiecentrum", 16,   [0, 0, 0, 0, 2, 0, 0],  [1, 3],     [1, 0, 0, 0, 0], [1, 0, 0, 1, 1, 0, 0]),
    rij("JB Noord", 24,       [0, 1, 0, 0, 2, 2, 1],  [2, 4],     [0, 0, 1, 0, 1], [2, 0, 1, 2, 1, 1, 0]),
    rij("JbOV", 22,           [0, 1, 0, 0, 3, 0, 0],  [2, 4],     [1, 0, 0, 0, 0], [1, 0, 0, 2, 0, 1, 0]),
    rij("JB Gelderland", 32,  [10, 3, 3, 2, 1, 4, 6], [3, 5],     [0, 0, 4, 2, 0], [2, 1, 0, 4, 2, 1, 1]),
    rij("SVMN", 32,           [0, 1, 1, 0, 3, 4, 2],  [2, 6],     [0, 0, 2, 0, 1], [3, 0, 1, 3, 1, 1, 1]),
    rij("DJGB", 24,           [7, 3, 2, 2, 1, 3, 5],  [2, 4],     [0, 0, 4, 2, 0], [2, 0, 0, 3, 2, 1, 1]),
    rij("JBRA", 28,           [0, 1, 0, 0, 4, 0, 1],  [2, 5],     [1, 0, 1, 0, 0], [3, 0, 1, 3, 2, 1, 0]),
    rij("JB west", 34,        [0, 2, 0, 0, 4, 3, 2],  [3, 6],     [0, 0, 2, 1, 0], [2, 1, 0, 4, 2, 1, 1]),
    rij("JBRR", 30,           [0, 1, 1, 1, 3, 3, 2],  [2, 5],     [1, 0, 1, 1, 0], [2, 1, 1, 4, 1, 1, 1]),
    rij("Intervence", 13,     [0, 2, 2, 0, 0, 0, 3],  [1, 2],     [0, 0, 2, 0, 0], [1, 0, 0, 2, 0, 0, 1]),
    rij("JB Brabant", 26,     [9, 3, 2, 1, 0, 3, 5],  [2, 4],     [0, 1, 3, 1, 0], [2, 1, 0, 4, 2, 1, 1]),
    rij("BJZ Limburg", 14,    [0, 1, 0, 0, 2, 0, 1],  [1, 3],     [0, 0, 1, 0, 1], [1, 0, 0, 1, 1, 1, 0]),
    rij("Briedis", 11,        [0, 4, 2, 0, 0, 0, 0],  [2, 5],     [0, 1, 0, 0, 2], [1, 0, 0, 1, 0, 0, 0]),
    rij("LJ&R", 26,           [0, 4, 4, 1, 2, 3, 4],  [1, 1],     [0, 5, 0, 1, 0], [4, 0, 0, 4, 2, 1, 1]),
    rij("WSS", 68,            [20, 2, 1, 0, 6, 4, 1], [8, 26],    [21, 0, 0, 0, 0], [4, 1, 5, 4, 2, 1, 1]),
];

/// One child before it has dates.
#[derive(Clone, Copy)]
struct Kind {
    bescherming: Bescherming,
    koers: Koersgang,
    hulp: Hulpgang,
    vots: bool,
    wisselingen: bool,
}

/// The scenario.
pub(super) fn scenario() -> anyhow::Result<Scenario> {
    let spelers = Deelnemers::van_2021()?;
    let mut keuze = Keuze::new(ZAAD);
    let (begin, peildatum) = (dag(2020, 8, 3), dag(2021, 3, 1));
    let mut verlopen = Vec::new();
    let mut stopt_bevestigen = Vec::new();
    for rij in &TABEL {
        let gi = spelers.gi(rij.gi)?;
        if rij.onbevestigd > 0 {
            stopt_bevestigen.push((gi, om(laatste_bevestiging(), 0)));
        }
        for kind in kinderen(rij, &mut keuze) {
            verlopen.push(verloop(rij, &kind, gi, &spelers, &mut keuze)?);
        }
    }
    verlopen.sort_by_key(|verloop| verloop.uitgesproken);
    (0..).zip(&mut verlopen).for_each(|(nr, verloop)| verloop.nr = nr);
    Ok(Scenario {
        naam: "inspectie-2021",
        begin,
        peildatum,
        vanaf: None,
        spelers,
        verlopen: Box::new(verlopen.into_iter()),
        stopt_bevestigen,
    })
}

/// From this day on some GIs read their mailbox without confirming it, as the inspectorates saw no notification in those files.
fn laatste_bevestiging() -> NaiveDate {
    dag(2021, 1, 4)
}

fn dag(jaar: i32, maand: u32, dag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jaar, maand, dag).unwrap_or_default()
}

/// So many of each, in another order, filled up with the usual.
fn verdeel<T: Copy>(aantallen: &[(usize, T)], gewoon: T, totaal: usize, keuze: &mut Keuze) -> Vec<T> {
    let mut lijst: Vec<T> = aantallen.iter().flat_map(|(aantal, wat)| std::iter::repeat_n(*wat, *aantal)).collect();
    lijst.resize(totaal, gewoon);
    keuze.schud(&mut lijst);
    lijst
}

fn kinderen(rij: &Rij, keuze: &mut Keuze) -> Vec<Kind> {
    let lopend = rij.kinderen - rij.net_begonnen - rij.vots;
    let (k, h) = (&rij.koers, &rij.hulp);
    let zonder = if rij.gi == "JB Brabant" { Deelname::ZonderJeugdige } else { Deelname::ZonderNetwerk };
    // Of Briedis the report says that the child was not always heard.
    let onbekend = if rij.gi == "Briedis" { Deelname::JeugdigeOnbekend } else { Deelname::NetwerkOnbekend };
    let koersen = verdeel(
        &[
            (k.vooraf, Koersgang::Vooraf),
            (k.laat, Koersgang::Laat),
            (k.nooit, Koersgang::Nooit),
            (k.zonder_iemand, Koersgang::Uitgezet(zonder)),
            (k.deelname_onbekend, Koersgang::Uitgezet(onbekend)),
        ],
        Koersgang::Uitgezet(Deelname::Allen),
        lopend,
        keuze,
    );
    let hulpen = verdeel(
        &[
            (h.laat, Hulpgang::Laat),
            (h.doorbraak, Hulpgang::Doorbraak),
            (h.vooraf, Hulpgang::Vooraf),
            (h.wachtlijst, Hulpgang::Wachtlijst),
            (h.afgewezen, Hulpgang::Afgewezen),
            (h.overbrugging, Hulpgang::Overbrugging),
            (h.niets, Hulpgang::Niets),
        ],
        Hulpgang::Begonnen,
        lopend,
        keuze,
    );
    let kind = |(koers, hulp), vots| Kind { bescherming: Bescherming::Meteen, koers, hulp, vots, wisselingen: false };
    let mut lijst: Vec<Kind> = std::iter::repeat_n(kind((Koersgang::Nog, Hulpgang::Nog), false), rij.net_begonnen).collect();
    lijst.extend(std::iter::repeat_n(kind((Koersgang::Nog, Hulpgang::Crisis), true), rij.vots));
    lijst.extend(koersen.into_iter().zip(hulpen).map(|gangen| kind(gangen, false)));
    // Who was pronounced last is unconfirmed: these two kinds first, since the others must lie further back.
    let mut plaatsen: Vec<usize> = (0..lijst.len()).filter(|plaats| kan_laatst(&lijst[*plaats])).collect();
    plaatsen[rij.net_begonnen.min(rij.onbevestigd)..].sort_by_key(|plaats| plaats % 3);
    for plaats in plaatsen.into_iter().take(rij.onbevestigd) {
        lijst[plaats].bescherming = Bescherming::Onbevestigd;
    }
    beschermers(rij, &mut lijst, keuze);
    let lang = lijst.iter_mut().filter(|kind| ligt_ver_terug(kind.hulp));
    lang.take(rij.wisselingen).for_each(|kind| kind.wisselingen = true);
    lijst
}

fn beschermers(rij: &Rij, lijst: &mut [Kind], keuze: &mut Keuze) {
    let gangen = [
        (rij.laat, Bescherming::Laat),
        (rij.na_lijst, Bescherming::NaLijst),
        (rij.minimaal, Bescherming::MinimaleVariant),
        (rij.vooraf, Bescherming::Vooraf),
        (rij.instroomteam, Bescherming::Instroomteam),
    ];
    let verdeeld = verdeel(&gangen, Bescherming::Meteen, rij.kinderen - rij.onbevestigd, keuze);
    let bevestigd = lijst.iter_mut().filter(|kind| kind.bescherming != Bescherming::Onbevestigd);
    bevestigd.zip(verdeeld).for_each(|(kind, gang)| kind.bescherming = gang);
}

/// Whether the course of the help shows only months after the uitspraak.
fn ligt_ver_terug(hulp: Hulpgang) -> bool {
    !matches!(hulp, Hulpgang::Begonnen | Hulpgang::Crisis | Hulpgang::Nog)
}

fn kan_laatst(kind: &Kind) -> bool {
    !ligt_ver_terug(kind.hulp) && matches!(kind.koers, Koersgang::Nog | Koersgang::Uitgezet(_))
}

/// The days between which a child's maatregel was pronounced.
fn venster(rij: &Rij, kind: &Kind) -> (NaiveDate, NaiveDate) {
    let (begin, eind) = (dag(2020, 8, 3), dag(2021, 1, 15));
    match kind {
        Kind { koers: Koersgang::Nog, hulp: Hulpgang::Nog, .. } => (dag(2021, 1, 18), dag(2021, 1, 29)),
        Kind { bescherming: Bescherming::Onbevestigd, .. } => (laatste_bevestiging(), eind),
        Kind { hulp, .. } if ligt_ver_terug(*hulp) => (begin, dag(2020, 11, 16)),
        Kind { koers: Koersgang::Laat, .. } => (begin, dag(2020, 12, 18)),
        _ if rij.onbevestigd > 0 => (begin, dag(2020, 12, 18)),
        _ => (begin, eind),
    }
}

fn verloop(rij: &Rij, kind: &Kind, gi: usize, spelers: &Deelnemers, keuze: &mut Keuze) -> anyhow::Result<Verloop> {
    let (van, tot) = venster(rij, kind);
    let uitspraak = werkdag_vanaf(plus_dagen(van, keuze.tussen(0, (tot - van).num_days()))).min(tot);
    let jr = !kind.vots && keuze.kans(40);
    let maatregel = match (kind.vots, jr) {
        (true, _) => SoortMaatregel::Vots,
        (_, true) => SoortMaatregel::JrToezichtGedwongen,
        _ => SoortMaatregel::Ots,
    };
    // Vonnissen often came weeks late, most of all at the national GI.
    let weken_laat = jr && ligt_ver_terug(kind.hulp) && keuze.kans(if rij.gi == "WSS" { 60 } else { 15 });
    let uur = keuze.tussen(9, 11);
    let verzonden = match keuze.tussen(0, 99) {
        _ if weken_laat => om(werkdag_vanaf(plus_dagen(uitspraak, keuze.tussen(10, 22))), 11),
        0..80 => om(uitspraak, uur + keuze.tussen(1, 3)),
        _ => om(plus_werkdagen(uitspraak, 1), 10),
    };
    let regio = keuze.een_van(&spelers.speler(gi).regios);
    let machtiging = maatregel == SoortMaatregel::Ots && kind.hulp == Hulpgang::Begonnen && keuze.kans(45);
    let verloop = Verloop {
        nr: 0,
        rechtbank: keuze.een_van(&spelers.in_regio(Rol::Rechtbank, regio)),
        gi,
        gemeente: keuze.een_van(&spelers.in_regio(Rol::Gemeente, regio)),
        expertteam: spelers.in_rol(Rol::Expertteam)?,
        maatregel,
        uitgesproken: om(uitspraak, uur),
        einddatum: min_dagen(plus_maanden(uitspraak, if kind.vots { 3 } else { 12 }), 1),
        machtiging,
        stappen: Vec::new(),
    };
    let mut opbouw = Opbouw::new(verloop, verzonden, dag(2021, 2, 24), spelers, keuze);
    let gekoppeld = opbouw.bescherming(kind.bescherming);
    if kind.wisselingen {
        opbouw.wisselingen(gekoppeld);
    }
    opbouw.koers(kind.koers);
    opbouw.hulp(kind.hulp);
    if kind.vots {
        opbouw.einde_vots();
    }
    Ok(opbouw.klaar())
}
