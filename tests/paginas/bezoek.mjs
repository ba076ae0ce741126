// Visits pages with a real browser and says what a person finds there. It knows nothing of the hub and judges nothing: what to visit comes
// as JSON on standard input, what was found goes as JSON to standard output. See tests/it/schermen.rs.
//
//   {"chromium": PATH, "schermen": DIR or null, "bezoeken": [{"naam": NAME, "url": URL, "scherm": true}]}

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const opdracht = JSON.parse(readFileSync(0, "utf8"));
const BREED = { width: 1280, height: 800 };
const SMAL = { width: 390, height: 844 };

/** What is wrong for who reads without eyes, without a mouse or with poor sight, in one scheme of colours. */
async function toegankelijk(pagina, colorScheme) {
  await pagina.emulateMedia({ colorScheme });
  await pagina.evaluate(axe);
  const { violations } = await pagina.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const regel = ({ id, impact, nodes }) => ({ id, impact, kleuren: colorScheme, waar: nodes.map(({ target }) => target.join(" ")) });
  return violations.map(regel);
}

/** What Tab reaches, in order, and whether one sees where it is. */
async function toetsenbord(pagina) {
  await pagina.evaluate(() => document.activeElement?.blur());
  const volgorde = [];
  for (let i = 0; i < 400; i++) {
    await pagina.keyboard.press("Tab");
    const hier = await pagina.evaluate(() => {
      const op = document.activeElement;
      if (!op || op === document.body) return null;
      const eerder = op.hasAttribute("data-bezocht");
      op.setAttribute("data-bezocht", "");
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(op);
      const zichtbaar = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      return { eerder, zichtbaar, wat: op.textContent.trim().slice(0, 60) };
    });
    if (!hier || hier.eerder) break;
    volgorde.push(hier);
  }
  const bedienbaar = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  return { volgorde, bedienbaar: await pagina.locator(bedienbaar).count() };
}

/** Everything that can be read when all that folds is open; it stays open. */
async function uitgeklapt(pagina) {
  await pagina.evaluate(() => document.querySelectorAll("details").forEach((een) => (een.open = true)));
  return pagina.locator("body").innerText();
}

/** Plots, and those of them that have no table beside them. */
const platen = (pagina) =>
  pagina.evaluate(() => {
    const alle = [...document.querySelectorAll("main svg")];
    const kaal = alle.filter((plaat) => !plaat.closest("section, figure")?.querySelector("table caption"));
    return { aantal: alle.length, zonder_tabel: kaal.length };
  });

const breder_dan_het_scherm = (pagina) => pagina.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function bezoek(browser, { naam, url, scherm }) {
  const context = await browser.newContext({ viewport: BREED, locale: "nl-NL", timezoneId: "Europe/Amsterdam", reducedMotion: "reduce" });
  const pagina = await context.newPage();
  const klachten = [];
  pagina.on("console", (regel) => ["error", "warning"].includes(regel.type()) && klachten.push(regel.text()));
  pagina.on("pageerror", (fout) => klachten.push(String(fout)));
  const elders = [];
  pagina.on("request", (vraag) => new URL(vraag.url()).origin !== new URL(url).origin && elders.push(vraag.url()));
  const antwoord = await pagina.goto(url, { waitUntil: "load" });
  const gevonden = {
    naam,
    code: antwoord.status(),
    titel: await pagina.title(),
    tekst_dicht: await pagina.locator("body").innerText(),
    toetsenbord: await toetsenbord(pagina),
    tekst: await uitgeklapt(pagina),
    platen: await platen(pagina),
    scripts: await pagina.locator("script").count(),
    fouten: [...(await toegankelijk(pagina, "light")), ...(await toegankelijk(pagina, "dark"))],
  };
  // The hub lives on between two looks: without a script, the very same answer is looked at.
  const zelfde = { status: antwoord.status(), headers: antwoord.headers(), body: await antwoord.body() };
  await context.close();

  const zonder = await browser.newContext({ viewport: SMAL, javaScriptEnabled: false, locale: "nl-NL", timezoneId: "Europe/Amsterdam" });
  const smal = await zonder.newPage();
  await smal.route(url, (weg) => weg.fulfill(zelfde));
  await smal.goto(url, { waitUntil: "load" });
  gevonden.tekst_zonder_script = await smal.locator("body").innerText();
  gevonden.te_breed = await breder_dan_het_scherm(smal);
  if (scherm && opdracht.schermen) {
    mkdirSync(opdracht.schermen, { recursive: true });
    await smal.screenshot({ path: join(opdracht.schermen, `${naam}-telefoon.png`) });
    await smal.setViewportSize(BREED);
    await smal.screenshot({ path: join(opdracht.schermen, `${naam}.png`) });
  }
  await zonder.close();
  return { ...gevonden, klachten, elders };
}

const browser = await chromium.launch({ executablePath: opdracht.chromium, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
try {
  const gevonden = [];
  const wachtend = opdracht.bezoeken.map((wat, plaats) => ({ wat, plaats }));
  const rij = async () => {
    for (let een = wachtend.shift(); een; een = wachtend.shift()) gevonden[een.plaats] = await bezoek(browser, een.wat);
  };
  await Promise.all([rij(), rij(), rij()]);
  process.stdout.write(JSON.stringify(gevonden));
} finally {
  await browser.close();
}
