//! The result as a page that stands by itself: no script, nothing from elsewhere, readable in print, in light and in dark.

use askama::Template;

use super::loper::Uitkomst;
use super::uitslag::Uitslag;

/// The page.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="nl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformiteit {{ uitslag.rol }} – Ketenhub</title>
<style>
:root { color-scheme: light dark; --rand: #8886; --goed: #1a7f37; --fout: #c0262d; --stil: #6b7280; }
@media (prefers-color-scheme: dark) { :root { --goed: #4cc26a; --fout: #ff7b72; --stil: #9ca3af; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--rand); }
td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
.geslaagd { color: var(--goed); } .gezakt, .niet-beoordeeld { color: var(--fout); font-weight: 600; } .nvt { color: var(--stil); }
.oordeel { font-size: 1.3rem; } code { overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
<h1>Conformiteit: {{ uitslag.rol }}</h1>
<p class="oordeel">{% if uitslag.voldoet() %}<strong class="geslaagd">Voldoet</strong>{% else %}<strong class="gezakt">Voldoet niet</strong>{% endif %}</p>
<dl>
<dt>Beproefd</dt><dd>{{ uitslag.beproefd }} ({{ uitslag.richting }})</dd>
<dt>Begonnen</dt><dd><time datetime="{{ begonnen }}">{{ begonnen }}</time>, {{ uitslag.duur_ms }} ms</dd>
<dt>Gevallen</dt><dd>{{ geslaagd }} geslaagd, {{ gezakt }} gezakt, {{ nvt }} niet van toepassing, {{ onbekend }} niet beoordeeld</dd>
<dt>Versie</dt><dd>ketenhub {{ uitslag.versie }}</dd>
<dt>Publieke sleutel</dt><dd><code>{{ sleutel }}</code></dd>
</dl>
<table>
<caption>Alle gevallen</caption>
<thead><tr><th scope="col">Geval</th><th scope="col">Uitkomst</th><th scope="col">Waarover</th><th scope="col">Weegt</th><th scope="col">ms</th></tr></thead>
<tbody>
{%- for een in uitslag.bevindingen %}
<tr><td>{{ een.id }}</td><td class="{{ een.uitkomst.klasse() }}">{{ een.uitkomst.naam() }}</td><td>{{ een.titel }}{% if !een.reden.is_empty() %}<br><small>{{ een.reden }}</small>{% endif %}</td><td>{{ een.gewicht }}</td><td>{{ een.duur_ms }}</td></tr>
{%- endfor %}
</tbody>
</table>
<p>De ondertekende uitslag staat in het JSON-bestand ernaast; <code>ketenhub conform verify BESTAND</code> controleert haar. Wat elk geval
doet en verwacht, staat in <code>docs/conformiteit.md</code>.</p>
</main>
</body>
</html>
"#
)]
struct Pagina<'a> {
    uitslag: &'a Uitslag,
    sleutel: &'a str,
    begonnen: String,
    geslaagd: usize,
    gezakt: usize,
    nvt: usize,
    onbekend: usize,
}

impl Uitkomst {
    /// How the page shows it.
    fn klasse(self) -> &'static str {
        match self {
            Uitkomst::Geslaagd => "geslaagd",
            Uitkomst::Gezakt => "gezakt",
            Uitkomst::NietVanToepassing => "nvt",
            Uitkomst::NietBeoordeeld => "niet-beoordeeld",
        }
    }
}

/// Writes the page of a result.
pub fn schrijf(uitslag: &Uitslag, sleutel: &str) -> Result<String, askama::Error> {
    let begonnen = uitslag.begonnen_op.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let tel = |uitkomst| uitslag.aantal(uitkomst);
    let (geslaagd, gezakt) = (tel(Uitkomst::Geslaagd), tel(Uitkomst::Gezakt));
    let (nvt, onbekend) = (tel(Uitkomst::NietVanToepassing), tel(Uitkomst::NietBeoordeeld));
    Pagina { uitslag, sleutel, begonnen, geslaagd, gezakt, nvt, onbekend }.render()
}
