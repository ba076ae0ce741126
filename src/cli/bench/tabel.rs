//! Reports of `bench` as text.

use crate::bench::{AchterstandReport, BuurmanReport, Cpu, E2eReport, Figures, IdleReport, JaarReport, Klokkenrapport, Machine, Report};

/// Submit and stream.
pub(super) fn submit(r: &Report) {
    let pace = r.asked_per_second.map_or_else(|| format!("{} in flight", r.in_flight), |rate| format!("{rate} a second asked"));
    println!("{}: {} of {} bytes, {pace}, {} connections, on {}", r.case, r.soort, r.bytes, r.connections, r.database);
    if r.zaken > 0 {
        println!("{} cases prepared, {:.1} messages in each at the end; {} rounds", r.zaken, r.berichten_per_zaak, r.rounds);
    }
    kop();
    regel("accepted and durable", &r.hub);
    regel("raw mTLS echo", &r.echo);
    r.one.iter().for_each(|one| regel("one at a time", one));
    r.unprotected.iter().for_each(|unprotected| regel("nothing protected", unprotected));
    if let Some(bare) = r.bare_per_second {
        println!("{:<24} {bare:>9.0}", "bare inserts");
    }
    println!("  ({})", r.bare_how);
    verhouding("ratio to the echo", r.ratio_echo);
    verhouding("ratio to bare inserts", r.ratio_bare);
    verhouding("ratio to one at a time", r.ratio_one);
    verhouding("ratio to unprotected", r.ratio_unprotected);
    cpu(&r.cpu);
    machine(&r.machine);
}

/// Delivery.
pub(super) fn e2e(r: &E2eReport) {
    println!("e2e: bepaling of {} bytes, {} a second asked, on {}", r.bytes, r.asked_per_second, r.database);
    println!("{} messages in {} cases, {} rounds; all latencies from the intended moment", r.messages, r.zaken, r.rounds);
    kop();
    regel("view with everybody", &r.everybody);
    regel("view with aanbieder", &r.aanbieder);
    regel("view with gemeente", &r.gemeente);
    regel("receipt", &r.receipt);
    regel("raw mTLS echo", &r.echo);
    if let Some(bare) = r.bare_per_second {
        println!("{:<24} {bare:>9.0}", "bare inserts");
    }
    println!("  ({})", r.bare_how);
    verhouding("p50 everybody to echo", Some(r.ratio_p50));
    cpu(&r.cpu);
    machine(&r.machine);
}

/// Subscribers that do nothing.
pub(super) fn idle(r: &IdleReport) {
    let kib = |bytes: f64| bytes / 1024.0;
    println!("idle: {} subscribers of {} participants, each on a connection of its own", r.subscribers, r.participants);
    println!("hub, each                {:>9.1} KiB   {:.0} MiB in all", kib(r.hub_each), kib(kib(r.hub_after as f64)));
    println!("bare stream, each        {:>9.1} KiB", kib(r.bare_each));
    verhouding("ratio", Some(r.ratio));
    println!("hub, doing nothing       {:>9.1} % of a core", r.hub_cpu * 100.0);
    println!("opened                   {:>9.0} a second", r.opened_per_second);
    machine(&r.machine);
}

/// A backlog of others.
pub(super) fn achterstand(r: &AchterstandReport) {
    println!("achterstand: {} in flight, delivery at {} a second, on {}", r.in_flight, r.asked_per_second, r.database);
    println!("filled at {:.0} messages a second", r.filled_per_second);
    kop();
    for level in [&r.few, &r.many] {
        println!("{} messages of others", level.stored);
        regel("  accepted and durable", &level.submit);
        regel("  view with everybody", &level.e2e);
        regel("  raw mTLS echo", &level.echo);
    }
    verhouding("ratio of the rates", Some(r.ratio_rate));
    verhouding("ratio of the p99", Some(r.ratio_p99));
    verhouding("ratio of the e2e p99", Some(r.ratio_e2e_p99));
    verhouding("ratio of the echo", Some(r.ratio_machine));
    machine(&r.machine);
}

/// A neighbour that sends too much.
pub(super) fn buurman(r: &BuurmanReport) {
    let quota = r.quota_per_second.map_or_else(|| "no quota in this hub".to_owned(), |quota| format!("quota {quota} a second"));
    println!("buurman: {quota}, others {} a second, on {}", r.others_per_second, r.database);
    kop();
    regel("others without it", &r.without);
    regel("others with it", &r.with);
    verhouding("ratio of the p99", Some(r.ratio_p99));
    let (accepted, refused) = (r.neighbour_accepted, r.neighbour_refused);
    println!("the neighbour tried {} a second: {accepted} accepted, {refused} refused", r.neighbour_asked_per_second);
    machine(&r.machine);
}

/// The national year.
pub(super) fn jaar(r: &JaarReport) {
    println!("jaar: {} of the national year, on {}", r.share, r.database);
    println!("{} children, {} messages, {} refused, {} acknowledgements", r.children, r.messages, r.refused, r.acknowledged);
    println!("{:.1} seconds, {:.0} messages a second, {:.0} times as fast as they come", r.seconds, r.per_second, r.times_faster);
    machine(&r.machine);
}

/// The norm clocks.
pub(super) fn klokken(r: &Klokkenrapport) {
    println!("{} open cases", r.zaken);
    println!("measuring one case                {:>10.1} us   {} messages", r.een_zaak_us, r.een_zaak_berichten);
    println!("messages a second, a tenth open   {:>10.0}", r.koppelingen_bij_weinig);
    println!("messages a second, all open       {:>10.0}   ratio {:.2}", r.koppelingen_bij_veel, r.verhouding);
    println!("tick, nothing due                 {:>10.1} us", r.tik_niets_us);
    println!("tick, {:>6} cases due            {:>10.1} ms", r.tik_weinig_zaken, r.tik_weinig_ms);
    println!("tick, {:>6} cases due            {:>10.1} ms", r.tik_alles_zaken, r.tik_alles_ms);
    println!("measuring and comparing all       {:>10.1} ms", r.herbouw_ms);
    println!("raw fsync of 4 KiB                {:>10.0}/s   other CPU {:.0} % of a core", r.fsync_per_second, r.other_cpu * 100.0);
}

fn kop() {
    println!("{:<24} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "a second", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms");
}

fn regel(naam: &str, f: &Figures) {
    let ms = |us: u64| us as f64 / 1e3;
    let [p50, p90, p99, p999, max] = [f.p50_us, f.p90_us, f.p99_us, f.p999_us, f.max_us].map(ms);
    println!("{naam:<24} {:>9.0} {p50:>9.2} {p90:>9.2} {p99:>9.2} {p999:>9.2} {max:>9.2}", f.per_second);
}

fn verhouding(naam: &str, ratio: Option<f64>) {
    if let Some(ratio) = ratio {
        println!("{naam:<24} {ratio:>9.3}");
    }
}

fn cpu(cpu: &Cpu) {
    println!(
        "processor time a message: hub {:.0} us, PostgreSQL {:.0} us, generator {:.0} us",
        cpu.hub_us, cpu.postgres_us, cpu.generator_us
    );
}

fn machine(machine: &Machine) {
    println!("raw fdatasync of 4 KiB {:.0}/s, other CPU {:.0} % of a core", machine.fsync_per_second, machine.other_cpu * 100.0);
    for reason in &machine.distrust {
        println!("do not trust this run: {reason}");
    }
}
