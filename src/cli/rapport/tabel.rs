//! Tables for a spreadsheet.

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
    fn what_needs_it_is_quoted() {
        let rij = |cellen: [&str; 2]| cellen.map(str::to_owned).to_vec();
        let rijen = [rij(["Één", "1"]), rij(["a,b", "10"]), rij(["zegt \"ja\"", ""])];
        assert_eq!(csv(&rij(["naam", "n"]), &rijen), "naam,n\r\nÉén,1\r\n\"a,b\",10\r\n\"zegt \"\"ja\"\"\",\r\n");
    }
}
