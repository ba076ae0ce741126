//! Tables as text and as CSV.

/// Columns as wide as their widest cell; numbers to the right, which is every column that the head names after a `>`.
pub(in crate::cli) fn tekst(koppen: &[&str], rijen: &[Vec<String>]) -> String {
    let rechts: Vec<bool> = koppen.iter().map(|kop| kop.starts_with('>')).collect();
    let koppen: Vec<String> = koppen.iter().map(|kop| kop.trim_start_matches('>').to_owned()).collect();
    let alle: Vec<&Vec<String>> = std::iter::once(&koppen).chain(rijen).collect();
    let breed = |kolom: usize| alle.iter().map(|rij| rij[kolom].chars().count()).max().unwrap_or_default();
    let breedtes: Vec<usize> = (0..koppen.len()).map(breed).collect();
    let cel = |(kolom, cel): (usize, &String)| match rechts[kolom] {
        true => format!("{cel:>0$}", breedtes[kolom]),
        false => format!("{cel:<0$}", breedtes[kolom]),
    };
    let regel = |rij: &&Vec<String>| rij.iter().enumerate().map(cel).collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n";
    alle.iter().map(regel).collect()
}

/// RFC 4180: a header, lines that end in CR LF, quotes where they are needed.
pub(super) fn csv(koppen: &[String], rijen: &[Vec<String>]) -> String {
    let regel = |rij: &[String]| rij.iter().map(|cel| aangehaald(cel)).collect::<Vec<_>>().join(",") + "\r\n";
    std::iter::once(koppen).chain(rijen.iter().map(Vec::as_slice)).map(regel).collect()
}

fn aangehaald(cel: &str) -> String {
    if cel.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", cel.replace('"', "\"\"")) } else { cel.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_lines_up_and_csv_quotes_what_needs_it() {
        let rij = |cellen: [&str; 2]| cellen.map(str::to_owned).to_vec();
        let rijen = [rij(["Één", "1"]), rij(["a,b", "10"]), rij(["zegt \"ja\"", ""])];
        assert_eq!(tekst(&["Naam", ">N"], &rijen), "Naam        N\nÉén         1\na,b        10\nzegt \"ja\"\n");
        assert_eq!(csv(&rij(["naam", "n"]), &rijen), "naam,n\r\nÉén,1\r\n\"a,b\",10\r\n\"zegt \"\"ja\"\"\",\r\n");
    }
}
