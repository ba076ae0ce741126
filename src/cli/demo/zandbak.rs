//! The sandbox (`demo --tijd`): a hub on a clock that stands still until somebody moves it, with one case that was opened today. What
//! arrives at the parties is shown as it comes. From then on nobody of the cast confirms or sends anything: that is for who tries it out.

use std::io::{BufRead as _, ErrorKind};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use jeugdketen_proto::v1::levering::Inhoud;
use jeugdketen_proto::v1::{Klokwaarschuwing, Levering, bericht};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};

use super::toneel::Toneel;
use super::verhaal::norm;
use crate::cli::tijd::{Antwoord, Stap, moment};
use crate::hub::Running;
use crate::time::Clock;

/// The day of the uitspraak in the examples; the case is moved so that this is the day on which the sandbox begins.
const UITSPRAAK: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 18).expect("a date");
/// The hour at which a sandbox begins, UTC: what a client with an ordinary clock says of today has happened by then.
const UUR: u32 = 21;
/// The scenes that open the case.
pub(super) const OPENING: usize = 2;
/// At most so far from where it began: the certificates must still hold.
const VERST: TimeDelta = TimeDelta::days(5 * 365);
/// The clock goes on by so much at once, so that each warning is sent when it is due.
const STAP: TimeDelta = TimeDelta::hours(1);
/// A longer way goes in so many steps.
const STAPPEN: i32 = 3000;

/// A clock for a sandbox: today, by the clock of the machine, at a fixed hour.
pub(super) fn klok() -> Clock {
    Clock::manual(Clock::machine().today().and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(UUR.into()))
}

/// The dates in a message, moved with the day of the uitspraak; a child keeps its age.
pub(super) fn verschuif(text: &str, vandaag: NaiveDate) -> anyhow::Result<String> {
    let mut bericht: Value = serde_json::from_str(text)?;
    verschuif_waarde(&mut bericht, vandaag - UITSPRAAK);
    Ok(bericht.to_string())
}

fn verschuif_waarde(waarde: &mut Value, hoeveel: TimeDelta) {
    match waarde {
        Value::Object(velden) => {
            velden.iter_mut().filter(|(naam, _)| *naam != "geboortedatum").for_each(|(_, w)| verschuif_waarde(w, hoeveel))
        }
        Value::Array(lijst) => lijst.iter_mut().for_each(|w| verschuif_waarde(w, hoeveel)),
        Value::String(text) => {
            let (dag, rest) = text.split_at_checked(10).unwrap_or_default();
            if let (Ok(dag), true) = (dag.parse::<NaiveDate>(), rest.is_empty() || rest.starts_with('T')) {
                *text = format!("{}{rest}", dag + hoeveel);
            }
        }
        _ => {}
    }
}

/// What somebody asks, and where the answer goes.
struct Opdracht {
    text: String,
    antwoord: oneshot::Sender<Antwoord>,
}

/// The sandbox, once its case is open.
pub(super) struct Zandbak<'a> {
    pub(super) running: &'a Running,
    pub(super) clock: Clock,
    pub(super) toneel: Toneel,
    pub(super) socket: PathBuf,
}

impl Zandbak<'_> {
    /// Goes on until Ctrl-C.
    pub(super) async fn draai(mut self) -> anyhow::Result<()> {
        let begin = self.clock.now();
        let (zender, mut opdrachten) = mpsc::channel(16);
        let socket = Socket::open(&self.socket, zender.clone())?;
        lees_toetsenbord(zender);
        self.hint();
        loop {
            tokio::select! {
                biased;
                klaar = tokio::signal::ctrl_c() => break klaar?,
                Some((wie, levering)) = self.toneel.volgende() => toon(wie, &levering),
                Some(Opdracht { text, antwoord }) = opdrachten.recv() => {
                    let gedaan = self.verzet(&text, begin).await;
                    let gedaan = gedaan.unwrap_or_else(|fout| Antwoord { nu: None, gewaarschuwd: 0, fout: Some(format!("{fout:#}")) });
                    println!("{gedaan}");
                    let _ = antwoord.send(gedaan);
                }
            }
        }
        drop(socket);
        Ok(())
    }

    async fn verzet(&self, text: &str, begin: DateTime<Utc>) -> anyhow::Result<Antwoord> {
        let doel = Stap::lees(text)?.doel(self.clock.now())?;
        ensure!(doel - begin <= VERST, "verder dan {} gaat de zandbak niet", moment(begin + VERST));
        let (stap, mut gewaarschuwd) = (STAP.max((doel - self.clock.now()) / STAPPEN), 0);
        while self.clock.now() < doel {
            self.clock.advance(stap.min(doel - self.clock.now()));
            gewaarschuwd += self.running.hub.admission.tik().await?;
        }
        Ok(Antwoord { nu: Some(doel), gewaarschuwd, fout: None })
    }

    fn hint(&self) {
        println!("Dit is een zandbak: de klok van deze hub staat stil op {}, tot u haar verzet.\n", moment(self.clock.now()));
        println!("  +5d    +3w    +12u    tot 2027-01-01    nu        hier, of in een ander venster: ketenhub tijd +5d\n");
        println!("De GI heeft de uitspraak ontvangen; verder doet niemand iets. Speel een partij met uw eigen client, of met");
        println!("  ketenhub receive --als GI --endpoint {} --volg --bevestig", self.running.address);
        println!("en kijk welke waarschuwingen komen. Stoppen met Ctrl-C.\n");
    }
}

/// Shows one delivery on one line.
fn toon(wie: &str, levering: &Levering) {
    let op = levering.aangeboden_op.as_ref().and_then(|op| DateTime::from_timestamp(op.seconds, 0)).map(moment).unwrap_or_default();
    let Some(Inhoud::Bericht(bericht)) = &levering.inhoud else { return };
    let wat = match &bericht.inhoud {
        Some(bericht::Inhoud::Klokwaarschuwing(waarschuwing)) => waarschuwd(waarschuwing),
        Some(ander) => ander.kind().name().to_owned(),
        None => return,
    };
    println!("  {op}  hub → {wie:<20} {wat}");
}

fn waarschuwd(waarschuwing: &Klokwaarschuwing) -> String {
    let naam = norm(waarschuwing.norm());
    let escalatie = if waarschuwing.escalatie_voorgesteld { "; ga naar het expertteam" } else { "" };
    match waarschuwing.procent {
        100.. => format!("TERMIJN VERSTREKEN: {naam}, uiterlijk was {}{escalatie}", waarschuwing.uiterlijk),
        procent => format!("waarschuwing: {naam}, {procent} % voorbij, uiterlijk {}{escalatie}", waarschuwing.uiterlijk),
    }
}

/// The way in; the file goes away with it.
struct Socket(PathBuf);

impl Socket {
    fn open(pad: &Path, opdrachten: mpsc::Sender<Opdracht>) -> anyhow::Result<Socket> {
        let in_gebruik = || format!("{} is there: another sandbox runs here; give --socket another name", pad.display());
        ensure!(std::os::unix::net::UnixStream::connect(pad).is_err(), in_gebruik());
        match std::fs::symlink_metadata(pad) {
            // Of a sandbox that was killed.
            Ok(oud) if std::os::unix::fs::FileTypeExt::is_socket(&oud.file_type()) => std::fs::remove_file(pad)?,
            Ok(_) => anyhow::bail!("{} is there, and is no socket", pad.display()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| pad.display().to_string()),
        }
        let luister = UnixListener::bind(pad).with_context(|| format!("cannot listen at {}", pad.display()))?;
        std::fs::set_permissions(pad, std::fs::Permissions::from_mode(0o600))?;
        tokio::spawn(async move {
            while let Ok((lijn, _)) = luister.accept().await {
                tokio::spawn(bedien(lijn, opdrachten.clone()));
            }
        });
        Ok(Socket(pad.to_owned()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn bedien(lijn: UnixStream, opdrachten: mpsc::Sender<Opdracht>) -> Option<()> {
    let (lees, mut schrijf) = lijn.into_split();
    let text = BufReader::new(lees).lines().next_line().await.ok()??;
    let (antwoord, wacht) = oneshot::channel();
    opdrachten.send(Opdracht { text, antwoord }).await.ok()?;
    let antwoord = serde_json::to_string(&wacht.await.ok()?).ok()?;
    schrijf.write_all(format!("{antwoord}\n").as_bytes()).await.ok()
}

/// Lines of standard input are orders too. A thread: reading it cannot be given up, and need not hold up the end.
fn lees_toetsenbord(opdrachten: mpsc::Sender<Opdracht>) {
    std::thread::spawn(move || {
        for text in std::io::stdin().lock().lines().map_while(Result::ok) {
            let (antwoord, _) = oneshot::channel();
            if opdrachten.blocking_send(Opdracht { text, antwoord }).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_of_a_message_move_together_and_nothing_else_does() {
        let text = r#"{"uitgesproken_op":"2026-03-18T10:15:00Z","tot":["2027-03-17"],"kind":{"geboortedatum":"2022-01-02"},"zaaknummer":"2026-03-18-a"}"#;
        let wordt = r#"{"uitgesproken_op":"2026-11-25T10:15:00Z","tot":["2027-11-24"],"kind":{"geboortedatum":"2022-01-02"},"zaaknummer":"2026-03-18-a"}"#;
        assert_eq!(verschuif(text, NaiveDate::from_ymd_opt(2026, 11, 25).unwrap()).unwrap(), wordt);
    }
}
