//! Norm 1, vast: who stays, who changes, and when a change is none (R19–R28).

use jeugdketen_proto::v1::{RedenWisseling, SoortKoppeling};

use super::kind::{Kind, dag};
use crate::support::chain::{Chain, both, oin};
use crate::support::verhaal::{bericht, inhoud};

/// A link: its kind, which earlier one it replaces, and why.
type Stap = (SoortKoppeling, Option<usize>, RedenWisseling);

/// What it is called, the links, and what comes of them: whether vast, and how many jeugdbeschermers.
type Geval<'a> = (&'a str, &'a [Stap], (Option<bool>, usize));

/// Links one after the other: the kind, which earlier one it replaces, and why.
async fn vast(chain: &Chain, koppelingen: &[Stap]) -> (Option<bool>, usize) {
    let mut kind = Kind::met_uitspraak(chain).await;
    let mut ids: Vec<String> = Vec::new();
    for (soort, vervangt, reden) in koppelingen {
        let op = chain.clock.today().to_string();
        let id = match vervangt {
            Some(nr) => kind.wisseling(*soort, &op, &ids[*nr].clone(), *reden).await,
            None => kind.koppeling(*soort, &op).await,
        };
        ids.push(id);
    }
    let stand = kind.stand().await;
    (stand.koppelingen.vast(), stand.koppelingen.jeugdbeschermers(|gi| gi == oin("gi")))
}

both! {
    async fn a_jeugdbeschermer_is_vast_by_the_changes_and_never_by_a_list(chain: Chain) {
        use RedenWisseling as R;
        use SoortKoppeling as S;
        let geen = R::Unspecified;
        let gevallen: [Geval<'_>; 13] = [
            ("nobody", &[], (None, 0)),
            ("a list only", &[(S::Wachtlijstbeheer, None, geen)], (None, 0)),
            ("one", &[(S::Vast, None, geen)], (Some(true), 1)),
            ("the intake team, then one", &[(S::TijdelijkInstroomteam, None, geen), (S::Vast, Some(0), R::VoorspelbaarMoment)], (Some(true), 1)),
            ("a list, then one", &[(S::Verdeellijst, None, geen), (S::Vast, Some(0), R::VoorspelbaarMoment)], (Some(true), 1)),
            ("one change by illness", &[(S::Vast, None, geen), (S::Vast, Some(0), R::Ziekte)], (Some(true), 1)),
            ("two changes, one by illness and one by departure",
                &[(S::Vast, None, geen), (S::Vast, Some(0), R::Ziekte), (S::Vast, Some(1), R::Verloop)], (Some(false), 1)),
            ("three changes at foreseeable moments or by request", &[(S::Vast, None, geen), (S::Vast, Some(0), R::VoorspelbaarMoment),
                (S::Vast, Some(1), R::VerzoekGezin), (S::Vast, Some(2), R::OverdrachtGi)], (Some(true), 1)),
            ("to the desk", &[(S::Vast, None, geen), (S::Bureaudienst, Some(0), R::Ziekte)], (Some(false), 0)),
            ("to the desk and back", &[(S::Vast, None, geen), (S::Bureaudienst, Some(0), R::Ziekte), (S::Vast, Some(1), R::VoorspelbaarMoment)],
                (Some(false), 1)),
            ("back to the intake team", &[(S::Vast, None, geen), (S::TijdelijkInstroomteam, Some(0), R::Verloop)], (Some(false), 1)),
            ("two at once, one goes to the desk", &[(S::Vast, None, geen), (S::Vast, None, geen), (S::Bureaudienst, Some(0), R::Ziekte)],
                (Some(true), 1)),
            ("two at once", &[(S::Vast, None, geen), (S::Vast, None, geen)], (Some(true), 2)),
        ];
        for (naam, koppelingen, verwacht) in gevallen {
            assert_eq!(vast(&chain, koppelingen).await, verwacht, "{naam}");
        }
    }

    async fn every_change_of_hands_is_counted(chain: Chain) {
        let mut kind = Kind::met_uitspraak(&chain).await;
        let lijst = kind.koppeling(SoortKoppeling::TijdelijkInstroomteam, "2026-07-01").await;
        kind.koppeling(SoortKoppeling::Vast, "2026-07-01").await;
        assert_eq!(kind.stand().await.overdrachtsmomenten(), 0, "a second one beside the first is none");
        kind.wisseling(SoortKoppeling::Vast, "2026-07-01", &lijst, RedenWisseling::VoorspelbaarMoment).await;
        let mut vervanging = bericht(&mut kind.verhaal, "23");
        inhoud!(vervanging, Uitspraak).gi_oin = oin("gi-3").to_string();
        kind.zend("rechtbank", &vervanging).await;
        assert_eq!(kind.stand().await.overdrachtsmomenten(), 2);
    }

    async fn time_on_a_list_of_the_gi_counts_from_the_latest_list(chain: Chain) {
        let mut kind = Kind::met_uitspraak(&chain).await;
        let lijst = kind.koppeling(SoortKoppeling::Verdeellijst, "2026-06-20").await;
        assert_eq!(kind.stand().await.koppelingen.op_lijst_sinds(|gi| gi == oin("gi")), Some(dag("2026-06-20")));
        kind.wisseling(SoortKoppeling::Wachtlijstbeheer, "2026-06-25", &lijst, RedenWisseling::VoorspelbaarMoment).await;
        let koppelingen = kind.stand().await.koppelingen;
        assert_eq!(koppelingen.op_lijst_sinds(|gi| gi == oin("gi")), Some(dag("2026-06-25")));
        // Of a GI that comes after it the gezin has neither a jeugdbeschermer nor a place on a list.
        assert_eq!((koppelingen.op_lijst_sinds(|gi| gi == oin("gi-3")), koppelingen.jeugdbeschermers(|gi| gi == oin("gi-3"))), (None, 0));
    }
}
