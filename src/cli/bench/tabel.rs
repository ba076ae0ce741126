//! Reports of `bench` as text.

use std::fmt::Write as _;

use crate::bench::{
    AchterstandReport, BuurmanReport, Cpu, E2eReport, Figures, IdleReport, JaarReport, Klokkenrapport, Machine, Paginarapport, Report,
};

/// A line of a report.
macro_rules! zeg {
    ($tekst:ident, $($vorm:tt)*) => {{ let _ = writeln!($tekst, $($vorm)*); }};
}

/// Submit and stream.
pub(super) fn submit(r: &Report) -> String {
    let mut t = String::new();
    let pace = r.asked_per_second.map_or_else(|| format!("{} in flight", r.in_flight), |rate| format!("{rate} a second asked"));
    zeg!(t, "{}: {} of {} bytes, {pace}, {} connections, on {}", r.case, r.soort, r.bytes, r.connections, r.database);
    if r.zaken > 0 {
        zeg!(t, "{} cases prepared, {:.1} messages in each at the end; {} rounds", r.zaken, r.berichten_per_zaak, r.rounds);
    }
    kop(&mut t);
    regel(&mut t, "accepted and durable", &r.hub);
    regel(&mut t, "raw mTLS echo", &r.echo);
    r.one.iter().for_each(|one| regel(&mut t, "one at a time", one));
    r.unprotected.iter().for_each(|unprotected| regel(&mut t, "nothing protected", unprotected));
    if let Some(bare) = r.bare_per_second {
        zeg!(t, "{:<24} {bare:>9.0}", "bare inserts");
    }
    zeg!(t, "  ({})", r.bare_how);
    verhouding(&mut t, "ratio to the echo", r.ratio_echo);
    verhouding(&mut t, "ratio to bare inserts", r.ratio_bare);
    verhouding(&mut t, "ratio to one at a time", r.ratio_one);
    verhouding(&mut t, "ratio to unprotected", r.ratio_unprotected);
    cpu(&mut t, &r.cpu);
    machine(&mut t, &r.machine);
    t
}

/// Delivery.
pub(super) fn e2e(r: &E2eReport) -> String {
    let mut t = String::new();
    zeg!(t, "e2e: bepaling of {} bytes, {} a second asked, on {}", r.bytes, r.asked_per_second, r.database);
    zeg!(t, "{} messages in {} cases, {} rounds; all latencies from the intended moment", r.messages, r.zaken, r.rounds);
    kop(&mut t);
    regel(&mut t, "view with everybody", &r.everybody);
    regel(&mut t, "view with aanbieder", &r.aanbieder);
    regel(&mut t, "view with gemeente", &r.gemeente);
    regel(&mut t, "receipt", &r.receipt);
    regel(&mut t, "raw mTLS echo", &r.echo);
    if let Some(bare) = r.bare_per_second {
        zeg!(t, "{:<24} {bare:>9.0}", "bare inserts");
    }
    zeg!(t, "  ({})", r.bare_how);
    verhouding(&mut t, "p50 everybody to echo", Some(r.ratio_p50));
    cpu(&mut t, &r.cpu);
    machine(&mut t, &r.machine);
    t
}

/// Subscribers that do nothing.
pub(super) fn idle(r: &IdleReport) -> String {
    let mut t = String::new();
    let kib = |bytes: f64| bytes / 1024.0;
    zeg!(t, "idle: {} subscribers of {} participants, each on a connection of its own", r.subscribers, r.participants);
    zeg!(t, "hub, each                {:>9.1} KiB   {:.0} MiB in all", kib(r.hub_each), kib(kib(r.hub_after as f64)));
    zeg!(t, "bare stream, each        {:>9.1} KiB", kib(r.bare_each));
    verhouding(&mut t, "ratio", Some(r.ratio));
    zeg!(t, "hub, doing nothing       {:>9.1} % of a core", r.hub_cpu * 100.0);
    zeg!(t, "opened                   {:>9.0} a second", r.opened_per_second);
    machine(&mut t, &r.machine);
    t
}

/// A backlog of others.
pub(super) fn achterstand(r: &AchterstandReport) -> String {
    let mut t = String::new();
    zeg!(t, "achterstand: {} in flight, delivery at {} a second, on {}", r.in_flight, r.asked_per_second, r.database);
    zeg!(t, "filled at {:.0} messages a second", r.filled_per_second);
    kop(&mut t);
    for level in [&r.few, &r.many] {
        zeg!(t, "{} messages of others", level.stored);
        regel(&mut t, "  accepted and durable", &level.submit);
        regel(&mut t, "  view with everybody", &level.e2e);
    }
    regel(&mut t, "raw mTLS echo", &r.echo);
    verhouding(&mut t, "ratio of the rates", Some(r.ratio_rate));
    verhouding(&mut t, "ratio of the p99", Some(r.ratio_p99));
    verhouding(&mut t, "ratio of the e2e p99", Some(r.ratio_e2e_p99));
    machine(&mut t, &r.machine);
    t
}

/// A neighbour that sends too much.
pub(super) fn buurman(r: &BuurmanReport) -> String {
    let mut t = String::new();
    let quota = r.quota_per_second.map_or_else(|| "no quota in this hub".to_owned(), |quota| format!("quota {quota} a second"));
    zeg!(t, "buurman: {quota}, others {} a second, on {}", r.others_per_second, r.database);
    kop(&mut t);
    regel(&mut t, "others without it", &r.without);
    regel(&mut t, "others with it", &r.with);
    verhouding(&mut t, "ratio of the p99", Some(r.ratio_p99));
    let (accepted, refused, unsent) = (r.neighbour_accepted, r.neighbour_refused, r.neighbour_unsent);
    let asked = r.neighbour_asked_per_second;
    zeg!(t, "the neighbour tried {asked} a second: {accepted} accepted, {refused} refused, {unsent} not sent, too many calls being open");
    machine(&mut t, &r.machine);
    t
}

/// The national year.
pub(super) fn jaar(r: &JaarReport) -> String {
    let mut t = String::new();
    zeg!(t, "jaar: {} of the national year, on {}", r.share, r.database);
    zeg!(t, "{} children, {} messages, {} refused, {} acknowledgements", r.children, r.messages, r.refused, r.acknowledged);
    zeg!(t, "{:.1} seconds, {:.0} messages a second, {:.0} times as fast as they come", r.seconds, r.per_second, r.times_faster);
    machine(&mut t, &r.machine);
    t
}

/// The norm clocks.
pub(super) fn klokken(r: &Klokkenrapport) -> String {
    let mut t = String::new();
    zeg!(t, "{} open cases", r.zaken);
    zeg!(t, "measuring one case                {:>10.1} us   {} messages", r.een_zaak_us, r.een_zaak_berichten);
    zeg!(t, "messages a second, a tenth open   {:>10.0}", r.koppelingen_bij_weinig);
    zeg!(t, "messages a second, all open       {:>10.0}   ratio {:.2}", r.koppelingen_bij_veel, r.verhouding);
    zeg!(t, "tick, nothing due                 {:>10.1} us", r.tik_niets_us);
    zeg!(t, "tick, {:>6} cases due            {:>10.1} ms", r.tik_weinig_zaken, r.tik_weinig_ms);
    zeg!(t, "tick, {:>6} cases due            {:>10.1} ms", r.tik_alles_zaken, r.tik_alles_ms);
    zeg!(t, "measuring and comparing all       {:>10.1} ms", r.herbouw_ms);
    zeg!(t, "raw fsync of 4 KiB                {:>10.0}/s   other CPU {:.0} % of a core", r.fsync_per_second, r.other_cpu * 100.0);
    t
}

/// The pages.
pub(super) fn paginas(r: &Paginarapport) -> String {
    let mut t = String::new();
    let [weinig, veel] = r.zaken;
    zeg!(t, "{:<44} {weinig:>9} cases {veel:>9} cases", "p95 of the answer, ms (p50)");
    for pagina in &r.paginas {
        let ms = |us: u64| us as f64 / 1e3;
        let [(p50, p95), (p50_veel, p95_veel)] = [0, 1].map(|nr| (ms(pagina.p50_us[nr]), ms(pagina.p95_us[nr])));
        zeg!(
            t,
            "{:<24} {:<17} {p95:>8.2} ({p50:.2}) {p95_veel:>9.2} ({p50_veel:.2})   ratio {:.2}",
            pagina.wie,
            pagina.pad,
            pagina.verhouding
        );
    }
    zeg!(t, "largest ratio {:.2}", r.verhouding);
    zeg!(t, "raw fsync of 4 KiB {:.0}/s, other CPU {:.0} % of a core", r.fsync_per_second, r.other_cpu * 100.0);
    if !r.release {
        zeg!(t, "do not trust this run: it is a debug build");
    }
    t
}

fn kop(t: &mut String) {
    zeg!(t, "{:<24} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "a second", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms");
}

fn regel(t: &mut String, naam: &str, f: &Figures) {
    let ms = |us: u64| us as f64 / 1e3;
    let [p50, p90, p99, p999, max] = [f.p50_us, f.p90_us, f.p99_us, f.p999_us, f.max_us].map(ms);
    zeg!(t, "{naam:<24} {:>9.0} {p50:>9.2} {p90:>9.2} {p99:>9.2} {p999:>9.2} {max:>9.2}", f.per_second);
}

fn verhouding(t: &mut String, naam: &str, ratio: Option<f64>) {
    if let Some(ratio) = ratio {
        zeg!(t, "{naam:<24} {ratio:>9.3}");
    }
}

fn cpu(t: &mut String, cpu: &Cpu) {
    zeg!(
        t,
        "processor time a message: hub {:.0} us, PostgreSQL {:.0} us, generator {:.0} us",
        cpu.hub_us,
        cpu.postgres_us,
        cpu.generator_us
    );
}

fn machine(t: &mut String, machine: &Machine) {
    zeg!(t, "raw fdatasync of 4 KiB {:.0}/s, other CPU {:.0} % of a core", machine.fsync_per_second, machine.other_cpu * 100.0);
    for reason in &machine.distrust {
        zeg!(t, "do not trust this run: {reason}");
    }
}
