//! The deadlines from one day, for people and for programmes.

use serde_json::{Value, json};

use super::{gelukt, mislukt, schrijf};
use crate::support::proces::voer_uit;

async fn als_json(argumenten: &[&str]) -> Value {
    let uitvoer = gelukt(&voer_uit(&[&["termijn", "--json"], argumenten].concat()).await);
    assert_eq!(uitvoer.lines().count(), 1, "{uitvoer}");
    serde_json::from_str(&uitvoer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadlines_of_a_day_are_one_json_object() {
    let verwacht = json!({
        "vanaf": "2020-11-13", "norm1": "2020-11-20", "norm2": "2020-12-25", "norm3": "2021-02-13",
        "norm2_verlengd": "2020-12-28", "norm3_verlengd": "2021-02-15",
    });
    assert_eq!(als_json(&["--vanaf", "2020-11-13"]).await, verwacht);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadlines_of_a_day_are_told_in_dutch_with_why_one_is_extended() {
    let uitvoer = gelukt(&voer_uit(&["termijn", "--vanaf", "2020-11-13"]).await);
    let verwacht = "\
Termijnen vanaf vrijdag 2020-11-13 (die dag telt niet mee)

                               termijn      uiterlijk             volgens de Algemene termijnenwet
norm 1  vaste jeugdbeschermer  5 werkdagen  vrijdag   2020-11-20
norm 2  gedragen koers         6 weken      vrijdag   2020-12-25  maandag   2020-12-28 (feestdag)
norm 3  passende hulp          3 maanden    zaterdag  2021-02-13  maandag   2021-02-15 (weekend)
";
    assert_eq!(uitvoer, verwacht);
    let uitvoer = gelukt(&voer_uit(&["termijn", "--vanaf", "2020-08-03"]).await);
    assert!(uitvoer.ends_with("  dinsdag   2020-11-03  dinsdag   2020-11-03\n"), "{uitvoer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn equated_days_are_read_from_a_file() {
    let map = tempfile::tempdir().unwrap();
    let dagen = schrijf(map.path(), "dagen.txt", "# royal decree\n2021-05-14 # Friday after Hemelvaart\n");
    let zonder = als_json(&["--vanaf", "2021-05-12"]).await;
    let met = als_json(&["--vanaf", "2021-05-12", "--aangewezen", dagen.to_str().unwrap()]).await;
    assert_eq!((&zonder["norm1"], &met["norm1"]), (&json!("2021-05-20"), &json!("2021-05-21")));

    let fout = schrijf(map.path(), "fout.txt", "2021-05-14\nvrijdag\n");
    let gezegd = mislukt(&voer_uit(&["termijn", "--vanaf", "2021-05-12", "--aangewezen", fout.to_str().unwrap()]).await);
    assert!(gezegd.contains("fout.txt: line 2 is no date yyyy-mm-dd"), "{gezegd}");
    let gezegd = mislukt(&voer_uit(&["termijn", "--vanaf", "2021-05-12", "--aangewezen", "/nergens/dagen.txt"]).await);
    assert!(gezegd.contains("cannot read /nergens/dagen.txt"), "{gezegd}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_date_is_refused() {
    for geen in ["2021-02-29", "29-02-2020", "2020-2-29", "2020- 2-29", "morgen", "1899-12-31", "2200-01-01", ""] {
        let uitvoer = voer_uit(&["termijn", "--json", "--vanaf", geen]).await;
        let gezegd = String::from_utf8(uitvoer.stderr).unwrap();
        assert_eq!((uitvoer.status.code(), uitvoer.stdout.len()), (Some(2), 0), "{geen:?}: {gezegd}");
        if !geen.is_empty() {
            assert!(gezegd.contains("must be a date yyyy-mm-dd") && gezegd.contains("--vanaf"), "{gezegd}");
        }
    }
    assert_eq!(voer_uit(&["termijn"]).await.status.code(), Some(2));
}
